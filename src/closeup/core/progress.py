"""How long work tells where it is; the command line draws it, the library only calls."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One report.

    Attributes:
        stage: A few words, "Reading", "Grouping", ...
        done: How far, in `unit`.
        total: Where it ends, in `unit`; None where that is not known yet.
        unit: "s" of video, "bytes", "faces", ...
        said: A line that stays, "epoch 2 of 5: loss 0.41"; "" for a report that the next one takes the place of.
    """

    stage: str
    done: float
    total: float | None
    unit: str
    said: str = ""


ProgressCallback = Callable[[Progress], None]
"""Called from the thread that does the work; it may raise to stop it."""


def ignore(_: Progress) -> None:
    """Take no notice."""
