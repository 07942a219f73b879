"""closeup finds, follows and films the people in your pictures and video, on your own machine."""

from typing import TYPE_CHECKING, Any

from closeup.core.settings import switch_telemetry_off

if TYPE_CHECKING:
    from closeup.core.errors import CloseupError as CloseupError
    from closeup.core.types import Cast as Cast
    from closeup.features.act.make import compare_performances as compare_performances
    from closeup.features.appraise.fit import fit_appraiser as fit_appraiser
    from closeup.features.appraise.model import Appraiser as Appraiser
    from closeup.features.appraise.model import appraise as appraise
    from closeup.features.cast.find import find_cast as find_cast
    from closeup.features.cast.find import make_cast_folder as make_cast_folder
    from closeup.features.cast.folder import open_cast as open_cast
    from closeup.features.cast.options import CastOptions as CastOptions
    from closeup.features.faces.finder import find_faces as find_faces
    from closeup.features.gallery.enrol import enrol as enrol
    from closeup.features.gallery.identify import identify as identify
    from closeup.features.gallery.identify import identify_video as identify_video
    from closeup.features.gallery.options import EnrolOptions as EnrolOptions
    from closeup.features.gallery.similar import similar as similar
    from closeup.features.gallery.verify import verify as verify
    from closeup.features.headline.options import HeadlineOptions as HeadlineOptions
    from closeup.features.headline.write import headline as headline
    from closeup.features.portrait.make import make_mattes as make_mattes
    from closeup.features.portrait.make import make_portraits as make_portraits
    from closeup.features.portrait.make import portrait as portrait
    from closeup.features.portrait.options import MatteOptions as MatteOptions
    from closeup.features.portrait.options import PortraitOptions as PortraitOptions
    from closeup.features.recommend.evaluate import evaluate_recommender as evaluate_recommender
    from closeup.features.recommend.fit import fit_recommender as fit_recommender
    from closeup.features.recommend.look import look_at_events as look_at_events
    from closeup.features.recommend.model import open_recommender as open_recommender
    from closeup.features.recommend.options import RecommendOptions as RecommendOptions
    from closeup.features.shorts.make import make_shorts as make_shorts
    from closeup.features.shorts.make import plan_shorts as plan_shorts
    from closeup.features.shorts.make import render_plan as render_plan
    from closeup.features.shorts.options import ShortsOptions as ShortsOptions
    from closeup.features.shorts.plan import Plan as Plan
    from closeup.perception.analyzer import Analyzer as Analyzer
    from closeup.server.client import Client as Client
    from closeup.storage.gallery import GalleryStore as GalleryStore
    from closeup.storage.gallery import open_gallery as open_gallery
    from closeup.workbench.datasets.reading import open_dataset as open_dataset
    from closeup.workbench.evaluate import evaluate as evaluate
    from closeup.workbench.predict import predict as predict
    from closeup.workbench.recipes.recipe import Recipe as Recipe
    from closeup.workbench.recipes.recipe_file import read_recipe as read_recipe
    from closeup.workbench.training.train import train as train

switch_telemetry_off()  # before anything can import a package that has some, whoever imports it

__version__ = "0.1.0"

_HOMES = {
    "Cast": "closeup.core.types",
    "CastOptions": "closeup.features.cast.options",
    "Client": "closeup.server.client",
    "CloseupError": "closeup.core.errors",
    "EnrolOptions": "closeup.features.gallery.options",
    "Analyzer": "closeup.perception.analyzer",
    "HeadlineOptions": "closeup.features.headline.options",
    "Appraiser": "closeup.features.appraise.model",
    "appraise": "closeup.features.appraise.model",
    "fit_appraiser": "closeup.features.appraise.fit",
    "GalleryStore": "closeup.storage.gallery",
    "MatteOptions": "closeup.features.portrait.options",
    "Plan": "closeup.features.shorts.plan",
    "PortraitOptions": "closeup.features.portrait.options",
    "RecommendOptions": "closeup.features.recommend.options",
    "Recipe": "closeup.workbench.recipes.recipe",
    "ShortsOptions": "closeup.features.shorts.options",
    "compare_performances": "closeup.features.act.make",
    "enrol": "closeup.features.gallery.enrol",
    "evaluate": "closeup.workbench.evaluate",
    "evaluate_recommender": "closeup.features.recommend.evaluate",
    "find_cast": "closeup.features.cast.find",
    "find_faces": "closeup.features.faces.finder",
    "headline": "closeup.features.headline.write",
    "fit_recommender": "closeup.features.recommend.fit",
    "identify": "closeup.features.gallery.identify",
    "identify_video": "closeup.features.gallery.identify",
    "look_at_events": "closeup.features.recommend.look",
    "make_cast_folder": "closeup.features.cast.find",
    "make_mattes": "closeup.features.portrait.make",
    "make_portraits": "closeup.features.portrait.make",
    "make_shorts": "closeup.features.shorts.make",
    "open_cast": "closeup.features.cast.folder",
    "open_dataset": "closeup.workbench.datasets.reading",
    "open_gallery": "closeup.storage.gallery",
    "open_recommender": "closeup.features.recommend.model",
    "plan_shorts": "closeup.features.shorts.make",
    "portrait": "closeup.features.portrait.make",
    "predict": "closeup.workbench.predict",
    "read_recipe": "closeup.workbench.recipes.recipe_file",
    "render_plan": "closeup.features.shorts.make",
    "similar": "closeup.features.gallery.similar",
    "train": "closeup.workbench.training.train",
    "verify": "closeup.features.gallery.verify",
}
"""Public name to the module it lives in: loaded on first use, so that `import closeup` stays light."""

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'closeup' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
