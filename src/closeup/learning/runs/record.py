"""What run.json says of a run: its name, its state, the facts it was made with, its metrics at the end."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from closeup.core.errors import InputError
from closeup.core.fields import Text
from closeup.core.types import FileName
from closeup.core.whole import write_whole
from closeup.documents.form import Form

RUN_FILE = "run.json"

State = Literal["running", "interrupted", "failed", "finished"]


def _aware(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(text)
    return text


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The content of run.json.

    Attributes:
        name: Of the recipe.
        state: "running" (also where the process was killed: then nobody holds the run's lock), "interrupted",
            "failed" or "finished".
        created_at: ISO 8601 with the offset from UTC.
        ended_at: As created_at; "" while it is not over.
        reason: Why it failed; "" otherwise.
        resumed_at: When it was taken up again.
        facts: Code version, environment, data, seeds, whatever else was noted: plain JSON values.
        metrics: The metrics at the end, by side and head; empty until it is finished.
    """

    name: str
    state: State
    created_at: Annotated[str, Text(r".+", "a date and time with its offset from UTC", read=_aware)]
    ended_at: str = ""
    reason: str = ""
    resumed_at: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


RUN = Form(RunRecord, "closeup run.json", version=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run in short.

    Attributes:
        path: Its folder.
        ended_at: ISO 8601, as `created_at`; None while it is not over.
        reason: Why it failed.
        epochs_count: Epochs that are done.
        flat_metrics: Numbers of the end, each with its place: "test/expression/accuracy".
    """

    id: str
    name: str
    path: FileName
    state: State
    created_at: str
    ended_at: str | None
    reason: str
    epochs_count: int
    flat_metrics: Mapping[str, float] = field(metadata={"alias": "figures"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails(RunSummary):
    """A run with all that it wrote down, but for its single steps.

    Attributes:
        facts: What it was made with: environment, data, corrections, seeds.
        metrics: Of the end, by side and head.
        epochs: The rows of epochs.csv, as text by column.
    """

    facts: Mapping[str, Any]
    metrics: Mapping[str, Any]
    epochs: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedRun(RunSummary):
    """A run with what it is ranked by.

    Attributes:
        metric: What that is, "val/expression/accuracy".
        value: Its.
    """

    metric: str = field(metadata={"alias": "figure"})
    value: float


RUN_SUMMARY = Form(RunSummary, "run in short")
RUN_DETAILS = Form(RunDetails, "run")
RANKED_RUN = Form(RankedRun, "ranked run")


def write_record(folder: Path, state: RunRecord) -> None:
    """Write run.json into a run's folder, in one step.

    Raises:
        OutputError: If the folder cannot be written to.
        TypeError: If a fact is nothing that JSON knows.
    """
    state = replace(state, reason=plain(state.reason), facts=plain(state.facts), metrics=plain(state.metrics))
    write_whole(folder / RUN_FILE, RUN.encode(state))


def read_record(folder: Path) -> RunRecord:
    """Read run.json of a run's folder.

    Raises:
        InputError: If there is no such file.
        FormatError: If it does not hold what it must.
    """
    path = folder / RUN_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{folder} is not a run: {RUN_FILE} cannot be read ({error.strerror}).", code="runs.list"
        ) from error
    return RUN.decode(content, str(path))


def with_facts(state: RunRecord, facts: Mapping[str, Any]) -> RunRecord:
    """The state with facts added; one of a name that is there already takes its place."""
    return replace(state, facts={**state.facts, **facts})


def plain(value: Any) -> Any:
    """A value as JSON has it: tuples as lists, numpy's numbers as Python's, paths as text, NaN and infinity as null.

    Raises:
        TypeError: If there is something in it that JSON does not know.
    """
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # names of files may hold what no text does
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Path):
        return value.as_posix()
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} is nothing that JSON knows")
