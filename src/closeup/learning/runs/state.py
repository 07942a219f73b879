"""What run.json says of a run: its name, its state, the facts it was made with, its figures at the end."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from closeup.core.errors import FormatError, InputError
from closeup.core.strict_json import Node, check_version, parse
from closeup.core.whole import write_whole

RUN_FILE = "run.json"
SCHEMA_VERSION = 1

State = Literal["running", "interrupted", "failed", "finished"]
STATES: tuple[State, ...] = ("running", "interrupted", "failed", "finished")


@dataclass(frozen=True, slots=True)
class RunState:
    """The content of run.json.

    Attributes:
        name: Of the recipe.
        state: "running" (also where the process was killed: then nobody holds the run's lock), "interrupted",
            "failed" or "finished".
        created_at: ISO 8601 with the offset from UTC.
        ended_at: Likewise; "" while it is not over.
        reason: Why it failed; "" otherwise.
        resumed_at: When it was taken up again.
        facts: Code version, environment, data, seeds, whatever else was noted: plain JSON values.
        metrics: The figures at the end, by side and head; empty until it is finished.
    """

    name: str
    state: State
    created_at: str
    ended_at: str = ""
    reason: str = ""
    resumed_at: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


def write_state(folder: Path, state: RunState) -> None:
    """Write run.json into a run's folder, in one step.

    Raises:
        OutputError: If the folder cannot be written to.
        TypeError: If a fact is nothing that JSON knows.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": state.name,
        "state": state.state,
        "created_at": state.created_at,
        "ended_at": state.ended_at,
        "reason": state.reason,
        "resumed_at": list(state.resumed_at),
        "facts": plain(state.facts),
        "metrics": plain(state.metrics),
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    write_whole(folder / RUN_FILE, text.encode("utf-8", "replace") + b"\n")


def read_state(folder: Path) -> RunState:
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
            f"{folder} is not a run: {RUN_FILE} cannot be read ({error.strerror}).", "See the runs: closeup runs list"
        ) from error
    try:
        return _state(content)
    except FormatError as error:
        raise FormatError(f"{path}: {error.message}", error.hint) from error


def _state(content: bytes) -> RunState:
    document = parse(content, RUN_FILE)
    check_version(document, SCHEMA_VERSION)
    names = ("name", "state", "created_at", "ended_at", "reason", "resumed_at", "facts", "metrics")
    fields = document.fields(("schema_version", *names))
    word = fields["state"].text()
    state = next((known for known in STATES if known == word), None)
    if state is None:
        fields["state"].fail("one of " + ", ".join(STATES))
    return RunState(
        name=fields["name"].text(),
        state=state,
        created_at=_moment(fields["created_at"]),
        ended_at=fields["ended_at"].text(),
        reason=fields["reason"].text(),
        resumed_at=tuple(item.text() for item in fields["resumed_at"].items()),
        facts={name: node.value for name, node in fields["facts"].members().items()},
        metrics={name: node.value for name, node in fields["metrics"].members().items()},
    )


def _moment(node: Node) -> str:
    text = node.text()
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        node.fail("a date and time with its offset from UTC")
    return text


def with_facts(state: RunState, facts: Mapping[str, Any]) -> RunState:
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
    if value is None or isinstance(value, bool | str):
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
