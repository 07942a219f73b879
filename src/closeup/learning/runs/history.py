"""A run's tables as a history of named numbers: what other tools' formats are made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from closeup.learning.runs.reading import Run

_STEP_COLUMNS = {"loss": "step/loss", "learning_rate": "step/learning_rate", "images_per_s": "step/images_per_s"}
_NO_FIGURES = ("epoch", "stage", "stage_name", "kept")


@dataclass(frozen=True, slots=True)
class Moment:
    """What was written down at one step.

    Attributes:
        time_s: Seconds since 1970; steps have no time of their own, so they are spread evenly over the run.
        step: How many steps were done.
        values: By name.
    """

    time_s: float
    step: int
    values: Mapping[str, float]


def moments(run: Run) -> Iterator[Moment]:
    """The run's steps and epochs in order of time, then its figures at the end.

    Raises:
        InputError: If its tables cannot be read.
    """
    steps, epochs = run.steps(), run.epochs()
    numbers = steps.numbers("step")
    last = int(np.nanmax(numbers, initial=0))
    begun, ended = run.created.timestamp(), _end_s(run)
    closes = _last_steps(steps.numbers("epoch"), numbers)

    def at(step: int) -> float:
        return begun + (ended - begun) * step / max(last, 1)

    columns = {name: steps.numbers(column) for column, name in _STEP_COLUMNS.items()}
    by_step = {int(step): place for place, step in enumerate(numbers) if np.isfinite(step)}
    for step, place in sorted(by_step.items()):
        yield Moment(at(step), step, {name: float(column[place]) for name, column in columns.items()})
    figures = {name: epochs.numbers(name) for name in epochs.columns if name not in _NO_FIGURES}
    for place, epoch in enumerate(epochs.numbers("epoch")):
        step = closes.get(float(epoch), last)
        yield Moment(at(step), step, {f"epoch/{name}": float(column[place]) for name, column in figures.items()})
    if run.figures:
        yield Moment(ended, last, run.figures)


def _last_steps(epochs: NDArray[np.float64], steps: NDArray[np.float64]) -> dict[float, int]:
    """The last step of each epoch; of arrays (N,)."""
    return {float(e): int(s) for e, s in zip(epochs, steps, strict=True) if np.isfinite(e) and np.isfinite(s)}


def _end_s(run: Run) -> float:
    """When it ended; where it did not, as long after its beginning as its epochs took."""
    try:
        return datetime.fromisoformat(run.state.ended_at).timestamp()
    except ValueError:
        seconds = run.epochs().numbers("seconds")
        return run.created.timestamp() + float(np.nansum(seconds))
