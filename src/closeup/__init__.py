"""closeup finds, follows and films the people in your pictures and video, on your own machine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closeup.core.errors import CloseupError as CloseupError
    from closeup.core.types import Cast as Cast
    from closeup.features.cast.find import find_cast as find_cast
    from closeup.features.cast.options import CastOptions as CastOptions
    from closeup.features.shorts.make import make_shorts as make_shorts
    from closeup.features.shorts.make import plan_shorts as plan_shorts
    from closeup.features.shorts.make import render_plan as render_plan
    from closeup.features.shorts.options import ShortsOptions as ShortsOptions
    from closeup.features.shorts.plan import Plan as Plan

__version__ = "0.1.0"

_HOMES = {
    "Cast": "closeup.core.types",
    "CastOptions": "closeup.features.cast.options",
    "CloseupError": "closeup.core.errors",
    "Plan": "closeup.features.shorts.plan",
    "ShortsOptions": "closeup.features.shorts.options",
    "find_cast": "closeup.features.cast.find",
    "make_shorts": "closeup.features.shorts.make",
    "plan_shorts": "closeup.features.shorts.make",
    "render_plan": "closeup.features.shorts.make",
}
"""Public name to the module it lives in: loaded on first use, so that `import closeup` stays light."""

__all__ = [
    "Cast",
    "CastOptions",
    "CloseupError",
    "Plan",
    "ShortsOptions",
    "__version__",
    "find_cast",
    "make_shorts",
    "plan_shorts",
    "render_plan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'closeup' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
