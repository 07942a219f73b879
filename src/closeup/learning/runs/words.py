"""The metrics that runs are evaluated by: their names in tables, and how people read them and their values."""

import math
from collections.abc import Mapping
from typing import Any

from closeup.documents.learners import ERRORS, METRIC_WORDS

CLASS_METRICS = ("accuracy", "macro_recall", "macro_f1", "ece")
VALUE_METRICS = ("mae", "rmse", "bias")
LOWER_IS_BETTER = ("ece", "loss", "log_loss", "median_error", *ERRORS)
WORDS = {
    "accuracy": "accuracy",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "ece": "calibration error",
    **METRIC_WORDS,
}


def is_error(name: str) -> bool:
    """Whether a metric, "mae" or "val/age/mae", is better the lower it is."""
    last = name.rpartition("/")[2]
    return last.removeprefix("val_").removeprefix("train_") in LOWER_IS_BETTER


def number_words(name: str, value: float, unit: str = "") -> str:
    """A metric's value: shares with three decimals, errors with two and their unit, thousands whole."""
    if name in VALUE_METRICS:
        return f"{value:,.{0 if abs(value) >= 1000 else 2}f}{' ' + unit if unit else ''}"
    return f"{value:.3f}"


def interval_words(name: str, value: float, low: float, high: float, unit: str = "") -> str:
    """A metric's value and interval: "0.704 (0.692 to 0.716)", "5.41 years (5.20 to 5.63)"."""
    return f"{number_words(name, value, unit)} ({number_words(name, low)} to {number_words(name, high)})"


def share_words(share: float | None) -> str:
    """A share with three decimals; a dash where there is none."""
    return "–" if share is None or math.isnan(share) else f"{share:.3f}"  # noqa: RUF001


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
