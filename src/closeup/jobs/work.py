"""The table of work: what the command line, a server and a cluster can be asked to do, each by one name.

The features lie above this floor and register nothing. So the table names their functions in strings and loads one
when it is called: reading the table loads no feature, and a worker that has only a name and arguments can begin.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import NoneType
from typing import Any, get_args, get_type_hints

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore

_LOG = logging.getLogger("closeup.jobs")


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work: a function that takes its arguments by name, and reports progress.

    Attributes:
        name: How it is asked for, "cast".
        place: Module and function, "features.cast.find:make_cast_folder".
    """

    name: str
    place: str

    def __call__(self, *, progress: ProgressCallback = ignore, **arguments: Any) -> Any:
        """Do the work here and now; arguments, result and errors are the function's."""
        _LOG.info("%s begins", self.name)
        for name, value in arguments.items():
            _LOG.debug("%s: %s is %r", self.name, name, value)
        begun = time.monotonic()
        result = self.function(**arguments, progress=progress)
        _LOG.info("%s is done after %.1f s", self.name, time.monotonic() - begun)
        return result

    @property
    def function(self) -> Callable[..., Any]:
        """What does the work; loaded now."""
        module, _, name = self.place.partition(":")
        function: Callable[..., Any] = getattr(import_module(f"closeup.{module}"), name)
        return function

    @property
    def options(self) -> type | None:
        """The dataclass of its options, that flags and forms derive from; None where it has none."""
        kind = get_type_hints(self.function).get("options")
        return next((each for each in get_args(kind) if each is not NoneType), kind)

    @property
    def result(self) -> Any:
        """The type of what it gives."""
        return get_type_hints(self.function)["return"]


WORK = {
    work.name: work
    for work in (
        Work("media.thumbnail", "media.thumbnail:write_thumbnail"),
        Work("cast", "features.cast.find:make_cast_folder"),
        Work("cast.find", "features.cast.find:find_cast"),
        Work("cast.look", "features.cast.shards:look_at_shard"),
        Work("cast.album", "features.cast.together:make_album_folder"),
        Work("cast.season", "features.cast.together:make_season_folder"),
        Work("cast.regroup", "features.cast.find:recluster"),
        Work("cast.draw", "features.cast.find:draw_face"),
        Work("people.export", "features.cast.export:export_people"),
        Work("faces", "features.faces.make:find_in_files"),
        Work("gallery.enrol", "features.gallery.work:enrol_photos"),
        Work("gallery.enrol-video", "features.gallery.work:enrol_video"),
        Work("gallery.enrol-camera", "features.gallery.work:enrol_by_camera"),
        Work("gallery.import", "features.gallery.work:import_folders"),
        Work("gallery.import-cast", "features.gallery.work:import_cast"),
        Work("gallery.identify", "features.gallery.work:identify_sources"),
        Work("gallery.identify-camera", "features.gallery.work:identify_by_camera"),
        Work("gallery.verify", "features.gallery.work:verify_photo"),
        Work("gallery.similar", "features.gallery.work:find_alikes"),
        Work("gallery.map", "features.gallery.work:draw_map"),
        Work("gallery.evaluate", "features.gallery.work:evaluate_list"),
        Work("shorts", "features.shorts.make:make_folder"),
        Work("shorts.plan", "features.shorts.make:plan_shorts"),
        Work("shorts.render", "features.shorts.make:render_plan"),
        Work("act", "features.act.make:compare_performances"),
        Work("act.rank", "features.act.make:rank_attempts"),
        Work("portrait", "features.portrait.make:make_portraits"),
        Work("matte", "features.portrait.make:make_mattes"),
        Work("reel", "features.shorts.scenes:make_reel"),
        Work("appraise.look", "features.appraise.look_page:make_look_folder"),
        Work("appraise.fit", "features.appraise.fit:fit_appraiser"),
        Work("appraise.predict", "features.appraise.model:predict_table"),
        Work("appraise.explain", "features.appraise.model:explain_row"),
        Work("appraise.evaluate", "features.appraise.model:evaluate_appraiser"),
        Work("checkout.read", "features.checkout.read:read_photos"),
        Work("checkout.evaluate", "features.checkout.evaluate:evaluate_counter"),
        Work("checkout.sell", "features.checkout.sell:sell"),
        Work("checkout.import", "features.checkout.catalogue:import_products"),
        Work("train", "workbench.training.train:train"),
        Work("train.resume", "workbench.training.train:resume"),
        Work("train.detector", "workbench.detection.train:train_detector"),
        Work("train.detector.resume", "workbench.detection.train:resume_detector"),
        Work("evaluate.detector", "workbench.detection.train:evaluate_detector"),
        Work("headline", "features.headline.write:headline"),
        Work("train.ablate", "workbench.training.ablate:ablate"),
        Work("train.preview", "workbench.training.preview:preview_of"),
        Work("headline.train", "features.headline.model:train_headline"),
        Work("headline.evaluate", "features.headline.evaluate:evaluate_headline"),
        Work("export", "workbench.export.export:export_run"),
        Work("predict", "workbench.predict:predict"),
        Work("evaluate", "workbench.evaluate:evaluate"),
        Work("recommend.fit", "features.recommend.fit:fit_recommender"),
        Work("recommend.look", "features.recommend.work:look"),
        Work("recommend.for", "features.recommend.work:for_user"),
        Work("recommend.similar", "features.recommend.work:similar"),
        Work("recommend.explain", "features.recommend.work:explain"),
        Work("recommend.evaluate", "features.recommend.evaluate:evaluate_recommender"),
        Work("recommend.add", "features.recommend.work:add"),
        Work("data.look", "workbench.look.folder:look_at_data"),
        Work("data.split", "workbench.datasets.splits:split_data"),
        Work("data.audit", "workbench.audit.folder:audit_data"),
        Work("data.accept", "workbench.audit.accept:accept_findings"),
        Work("data.boxes", "workbench.boxes:write_boxes"),
        Work("data.crop-faces", "workbench.crops:crop_data"),
    )
}
"""All work, by name."""


def work(name: str) -> Work:
    """The work of that name.

    Raises:
        InputError: If there is none.
    """
    if name not in WORK:
        raise InputError(f"There is no work called {name!r}.", f"There are: {', '.join(WORK)}.")
    return WORK[name]
