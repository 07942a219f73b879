"""Write a run: a folder of its own, made once, never overwritten, and whole again after whatever stopped it."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from closeup.core.errors import CloseupError, InputError
from closeup.core.file_lock import take
from closeup.core.interrupts import held_back
from closeup.core.result_folder import ResultFolder
from closeup.core.whole import write_whole
from closeup.learning.runs.predictions import predictions_name, predictions_table
from closeup.learning.runs.record import RunRecord, read_record, with_facts, write_record
from closeup.tables.growing import GrowingTable
from closeup.tables.strict_csv import Cell

RECIPE_FILE = "recipe.toml"
STEPS_FILE = "steps.csv"
EPOCHS_FILE = "epochs.csv"
SPLIT_FILE = "split.csv"
CORRECTIONS_FILE = "corrections.csv"
CHECKPOINT_FILE = "checkpoint.pt"
LOCK_FILE = ".lock"
"""Of the process that writes the run."""

_LONGEST_NAME = 60


def create_run(runs_dir: Path, name: str, recipe_toml: str, facts: Mapping[str, Any]) -> "RunWriter":
    """Make the folder of a new run, YYYYMMDD-HHMMSS-NAME-xxxx; one that is there is never touched.

    Args:
        runs_dir: Where runs are kept; made if need be.
        name: Of the recipe.
        facts: What else the run should remember: code version, environment, seeds, the data's fingerprint.

    Raises:
        OutputError: If the folder cannot be made.
    """
    now = datetime.now().astimezone()
    folder = runs_dir.resolve() / f"{now:%Y%m%d-%H%M%S}-{_folder_word(name)}-{secrets.token_hex(2)}"
    with ResultFolder(folder).writing(overwrite=False) as part:
        write_whole(part / RECIPE_FILE, recipe_toml.encode())
        write_record(part, RunRecord(name, "running", now.isoformat(timespec="milliseconds"), facts=dict(facts)))
    return RunWriter(folder, _lock(folder))


def reopen_run(path: Path) -> "RunWriter":
    """Take up a run that was interrupted, killed, or failed; its state is "running" again.

    Raises:
        InputError: If there is no run, it is finished, or another process is writing it.
        FormatError: If its run.json does not hold what it must.
    """
    path = path.resolve()
    read_record(path)
    release = _lock(path)
    try:
        state = read_record(path)  # again: its writer may have finished it before we had the lock
        if state.state == "finished":
            raise InputError(f"The run {path.name} is finished.", code="run.finished", run=path.name)
        again = replace(state, state="running", ended_at="", reason="", resumed_at=(*state.resumed_at, _now()))
        write_record(path, again)
        return RunWriter(path, release)
    except BaseException:
        release()
        raise


class RunWriter:
    """The writing hand of one run; no other process can write it meanwhile.

    As a context manager it gives the run back at the end of the block: as interrupted after Ctrl-C, as failed after an
    error, and as it is (finished, it is hoped) otherwise.

    Attributes:
        path: The run's folder; whatever belongs to the run may be put into it.
    """

    def __init__(self, path: Path, release: Callable[[], None]) -> None:
        self.path = path
        self._release = release
        self._state = read_record(path)
        self._steps = GrowingTable(path / STEPS_FILE)
        self._epochs = GrowingTable(path / EPOCHS_FILE)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the run remembers beside its tables: plain JSON values."""
        return self._state.facts

    def step(self, row: Mapping[str, Cell]) -> None:
        """Add a row to steps.csv; it has "step", which rises. Written within seconds, safe after `flush`."""
        self._steps.add(row)

    def epoch(self, row: Mapping[str, Cell]) -> None:
        """Add a row to epochs.csv; it has "epoch", which rises over all stages. Written at once."""
        self._epochs.add(row)
        self._steps.flush()
        self._epochs.flush()

    def checkpoint(self, content: bytes) -> None:
        """Keep where training stands, in place of the last checkpoint; all rows are on the disk before it is.

        Raises:
            OutputError: If there is no space; the last checkpoint stays then.
        """
        self.flush()
        write_whole(self.path / CHECKPOINT_FILE, content)

    def flush(self) -> None:
        """Bring all rows to the disk.

        Raises:
            OutputError: If there is no space.
        """
        self._steps.flush(durable=True)
        self._epochs.flush(durable=True)

    def rewind(self, step: int, epoch: int) -> None:
        """Drop rows after the given step and epoch: what was done after the checkpoint will be done again."""
        self._steps.keep(lambda row: _number(row, "step") <= step)
        self._epochs.keep(lambda row: _number(row, "epoch") <= epoch)

    def note(self, **facts: Any) -> None:
        """Remember facts in run.json; one of a name that is there takes its place."""
        self._write(with_facts(self._state, facts))

    def predictions(
        self,
        side: str,
        head: str,
        keys: Sequence[str],
        labels: ArrayLike | Sequence[str],
        predictions: ArrayLike,
        classes: Sequence[str] = (),
    ) -> Path:
        """Write the predictions of one head for one side of the split, predictions-SIDE-HEAD.csv.

        Args:
            side: "val" or "test".
            keys: Of the pictures, N.
            labels: (N,): places in `classes`, NaN or -1 where there is no label, or names; for values numbers.
            predictions: Probabilities (N, K) of `classes`, or values (N,) or (N, 1) where there are no classes.
            classes: Names of the K classes.

        Raises:
            OutputError: If it cannot be written.
        """
        path = self.path / predictions_name(side, head)
        write_whole(path, predictions_table(keys, np.asarray(labels), np.asarray(predictions, np.float64), classes))
        return path

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """End the run well: its metrics are written, its checkpoint goes, and nobody can take it up again."""
        with held_back():
            self.flush()
            self._write(replace(self._state, state="finished", ended_at=_now(), metrics=dict(metrics)))
            (self.path / CHECKPOINT_FILE).unlink(missing_ok=True)
            self._release()

    def fail(self, reason: str) -> None:
        """End the run with a word on what went wrong; it can be taken up again."""
        self._stop(replace(self._state, state="failed", ended_at=_now(), reason=reason))

    def interrupt(self) -> None:
        """Leave the run for now, as somebody asked; it can be taken up again."""
        self._stop(replace(self._state, state="interrupted", ended_at=_now()))

    def _stop(self, state: RunRecord) -> None:
        with held_back():
            try:
                if self._state.state == "running":
                    self._write(state)
                    self.flush()
            finally:
                self._release()

    def _write(self, state: RunRecord) -> None:
        write_record(self.path, state)
        self._state = state

    def __enter__(self) -> Self:
        """Hold the run for a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the run back."""
        if self._state.state != "running":
            self._release()
        elif error is None or isinstance(error, KeyboardInterrupt | SystemExit):
            self.interrupt()
        else:
            self.fail(error.message if isinstance(error, CloseupError) else f"{type(error).__name__}: {error}")


def _lock(folder: Path) -> Callable[[], None]:
    busy = f"Another process is writing the run {folder.name}."
    return take(folder / LOCK_FILE, InputError(busy, "Wait until it is done, or stop it."))


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _folder_word(name: str) -> str:
    """A recipe's name as every file system takes it."""
    word = re.sub(r"[^\w.]+", "-", name).strip("-._")
    return word[:_LONGEST_NAME].encode()[: 2 * _LONGEST_NAME].decode("utf-8", "ignore") or "run"


def _number(row: Mapping[str, str], column: str) -> float:
    """The number in a row; a row that has none was torn, and is after everything."""
    try:
        return float(row.get(column) or "inf")
    except ValueError:
        return float("inf")
