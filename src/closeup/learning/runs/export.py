"""Runs for other tools: one table of all that was written down, or the event files of TensorBoard."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from closeup.core.errors import DependencyError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.whole import write_whole
from closeup.learning.runs.reading import Run
from closeup.tables.strict_csv import Cell, table_bytes

Format = Literal["csv", "tensorboard"]

HISTORY_FILE = "history.csv"
_HISTORY_COLUMNS = ("run", "time_s", "step", "name", "value")

_PLACE_COLUMNS = ("step", "stage", "epoch", "stage_name", "kept")
"""Columns of steps.csv and epochs.csv that say where a row stands."""


def export_runs(runs: Sequence[Run], target: Path, kind: Format, *, progress: ProgressCallback = ignore) -> None:
    """Write runs into a new folder that another tool reads.

    Args:
        runs: To write.
        kind: "csv" for one table, history.csv, with a line for each number; "tensorboard" for a folder for each run.

    Raises:
        InputError: If a run's tables cannot be read.
        DependencyError: If TensorBoard's writer is asked for and not installed.
        OutputError: If the folder is there already, or cannot be written.
    """
    writer_class = _summary_writer() if kind == "tensorboard" else None
    target = target.resolve()
    with ResultFolder(target).writing(overwrite=False) as folder:
        lines: list[dict[str, Cell]] = []
        for number, run in enumerate(runs):
            progress(Progress("Exporting", number, len(runs), "runs"))
            if writer_class is None:
                for time_s, step, row in history(run):
                    place: dict[str, Cell] = {"run": run.id, "time_s": time_s, "step": step}
                    lines += [place | {"name": name, "value": value} for name, value in row.items()]
                continue
            with writer_class(str(folder / run.id)) as writer:
                for time_s, step, row in history(run):
                    for name, value in row.items():
                        writer.add_scalar(name, value, step, walltime=time_s)
        if writer_class is None:
            write_whole(folder / HISTORY_FILE, table_bytes(_HISTORY_COLUMNS, lines))
    progress(Progress("Exporting", len(runs), len(runs), "runs"))


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise DependencyError(
            f"Event files are written by TensorBoard's own package, and it is not installed ({error}).",
            "Install it: pip install tensorboard",
        ) from error
    return SummaryWriter


def history(run: Run) -> Iterator[tuple[float, int, Mapping[str, float]]]:
    """What a run wrote down, in order: seconds since 1970, steps done, and numbers by name ("epoch/val_loss").

    Steps have no time of their own; they are spread evenly over the run. The metrics of the end come last.

    Raises:
        InputError: If its tables cannot be read.
    """
    steps, epochs = run.steps(), run.epochs()
    numbers = steps.numbers("step")
    last = int(np.nanmax(numbers, initial=0))
    begun, ended = run.created.timestamp(), _end_s(run)

    def row(kind: str, step: int, values: Mapping[str, float]) -> tuple[float, int, Mapping[str, float]]:
        finite = {f"{kind}{name}": float(value) for name, value in values.items() if np.isfinite(value)}
        return begun + (ended - begun) * step / max(last, 1), step, finite

    for kind, table, at in (("step/", steps, numbers), ("epoch/", epochs, epochs.numbers("epoch"))):
        closes = dict(zip(steps.numbers("epoch"), numbers, strict=True)) if table is epochs else {}
        columns = {name: table.numbers(name) for name in table.columns if name not in _PLACE_COLUMNS}
        for index, place in enumerate(at):
            if np.isfinite(place):
                step = int(closes.get(place, last if table is epochs else place))
                yield row(kind, step, {name: column[index] for name, column in columns.items()})
    if run.flat_metrics:
        yield row("", last, run.flat_metrics)


def _end_s(run: Run) -> float:
    """When it ended; where it did not, as long after its beginning as its epochs took."""
    try:
        return datetime.fromisoformat(run.record.ended_at).timestamp()
    except ValueError:
        return run.created.timestamp() + float(np.nansum(run.epochs().numbers("seconds")))
