"""Numbers of runs as people read them."""

import math
from collections.abc import Mapping
from typing import Any

from closeup.core.timebase import clock
from closeup.learning.runs.metric_names import number_words
from closeup.learning.runs.metrics import Figure
from closeup.learning.runs.reading import Run


def figure_words(figure: Figure, unit: str = "") -> str:
    """A figure with its interval: "0.704 (0.692 to 0.716)", "5.41 years (5.20 to 5.63)"."""
    value, low, high = figure.value, figure.low, figure.high
    name = figure.name
    return f"{number_words(name, value, unit)} ({number_words(name, low)} to {number_words(name, high)})"


def share_words(share: float | None) -> str:
    """A share with three decimals; a dash where there is none."""
    return "–" if share is None or math.isnan(share) else f"{share:.3f}"  # noqa: RUF001


def head_units(run: Run) -> dict[str, str]:
    """The unit of each value head by its recipe; "" for heads that tell classes."""
    return {str(head.get("name")): str(head.get("unit", "")) for head in run.heads() if head.get("kind") == "value"}


def trained_words(run: Run) -> str:
    """How long it trained, as far as its epochs say: "1:12:05"."""
    seconds = run.epochs().numbers("seconds")
    return clock(float(seconds[~(seconds != seconds)].sum()))


def option_words(value: Any) -> str:
    """A value of a recipe or a fact in one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(option_words(part) for part in value) or "none"
    if isinstance(value, Mapping):
        parts = ((name, option_words(part)) for name, part in value.items())
        return ", ".join(f"{name} {words}" for name, words in parts if words) or "none"
    return "" if value is None else str(value)
