"""Read runs: what each was, how far it came, what it predicted."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.errors import FormatError, InputError
from closeup.core.file_lock import is_locked
from closeup.core.timebase import clock
from closeup.learning.runs.folder import CORRECTIONS_FILE, EPOCHS_FILE, LOCK_FILE, RECIPE_FILE, SPLIT_FILE, STEPS_FILE
from closeup.learning.runs.predictions import HeadPredictions, predictions_name, read_predictions
from closeup.learning.runs.record import (
    RUN_FILE,
    RankedRun,
    RunDetails,
    RunRecord,
    RunSummary,
    State,
    read_record,
)
from closeup.learning.runs.words import WORDS, interval_words, number_words
from closeup.tables.growing import GrownTable, read_table

LAST = "last"
DETECTION = "detection"
_SHOWN = 5

_PREDICTIONS = re.compile(r"predictions-(train|val|test)-(.+)\.csv")
_SIDE_ORDER = ("test", "val", "train")


@dataclass(frozen=True)
class Run:
    """A run as it stood when it was read.

    Attributes:
        path: Its folder.
        record: What its run.json says.
        state: Its state; a run that says "running" and that no process holds is "interrupted" (it was killed).
    """

    path: Path
    record: RunRecord
    state: State

    @property
    def id(self) -> str:
        """The folder's name, which no other run has."""
        return self.path.name

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.record.name

    @property
    def created(self) -> datetime:
        """When it was made; it knows its offset from UTC."""
        return datetime.fromisoformat(self.record.created_at)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it was made with: environment, data, corrections, seeds."""
        return self.record.facts

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Its metrics at the end, as the trainer wrote them; empty until it is finished."""
        return self.record.metrics

    @cached_property
    def flat_metrics(self) -> dict[str, float]:
        """The numbers among its metrics, each with its place: "test/expression/accuracy"."""
        return {place: value for place, value in _numbers(self.metrics, "") if not place.endswith("/count")}

    def headline(self) -> tuple[tuple[str, str], ...]:
        """The metrics that tell most, in words: ("expression, accuracy on test", "0.704 (0.692 to 0.716)").

        Those of each head on test, or on val where there is no test; none before the run is finished.
        """
        found = []
        for head in self.heads():
            name, unit = str(head.get("name")), str(head.get("unit", ""))
            side = next((side for side in _SIDE_ORDER if name in _mapping(self.metrics.get(side))), None)
            metrics = _mapping(_mapping(self.metrics.get(side or "")).get(name))
            for metric, words in WORDS.items():
                if isinstance(metrics.get(metric), Mapping):
                    found.append((f"{name}, {words} on {side}", _with_interval(metric, metrics[metric], unit)))
        return tuple(found)

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """Its resolved recipe as a TOML document.

        Raises:
            FormatError: If it is damaged or missing.
        """
        try:
            return tomllib.loads((self.path / RECIPE_FILE).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise FormatError(f"{self.path / RECIPE_FILE} cannot be read: {error}.") from error

    @property
    def learner(self) -> str:
        """Of a fit, which learner's it is: "recommend", "appraise", "headline"; "" of a training of networks.

        A training of a detector is "detection".

        Raises:
            FormatError: If the recipe is damaged or missing.
        """
        return str(self.recipe.get("learner") or self.recipe.get("task", ""))

    def heads(self) -> list[Mapping[str, Any]]:
        """The tables of its recipe's heads, in order.

        Raises:
            FormatError: If the recipe is damaged or missing.
        """
        if self.learner == DETECTION:
            return [{"name": DETECTION, "kind": "figures"}]
        heads = self.recipe.get("heads")
        return [head for head in heads if isinstance(head, Mapping)] if isinstance(heads, list) else []

    @cached_property
    def units(self) -> dict[str, str]:
        """The unit of each value head, by its recipe."""
        return {
            str(head.get("name")): str(head.get("unit", "")) for head in self.heads() if head.get("kind") == "value"
        }

    def steps(self) -> GrownTable:
        """Loss, learning rate and speed of each step."""
        return read_table(self.path / STEPS_FILE)

    def epochs(self) -> GrownTable:
        """Losses and metrics of each epoch."""
        return read_table(self.path / EPOCHS_FILE)

    def trained(self) -> str:
        """How long it trained, as far as its epochs say: "1:12:05"."""
        return clock(float(np.nansum(self.epochs().numbers("seconds"))))

    def predicted(self) -> tuple[tuple[str, str], ...]:
        """Side and head of each table of predictions that is there, test before val."""
        found = [match.groups() for entry in self.path.iterdir() if (match := _PREDICTIONS.fullmatch(entry.name))]
        return tuple(sorted(((side, head) for side, head in found), key=lambda it: (_SIDE_ORDER.index(it[0]), it[1])))

    def predictions(self, side: str, head: str) -> HeadPredictions:
        """What one head predicted for one side of the split: probabilities (N, K) of classes, or values (N,).

        Raises:
            InputError: If there is no such table.
            FormatError: If it is damaged.
        """
        path = self.path / predictions_name(side, head)
        if not path.is_file():
            known = ", ".join(f"{side}/{head}" for side, head in self.predicted()) or "none"
            raise InputError(f"The run {self.id} has no predictions of {head} on {side}.", f"It has: {known}.")
        return read_predictions(path)

    def groups(self) -> dict[str, str]:
        """The group of each picture, by its split; nothing where every picture is a group of its own."""
        table = read_table(self.path / SPLIT_FILE)
        groups = dict(zip(table.text("key"), table.text("group"), strict=True))
        return groups if len(set(groups.values())) < len(groups) else {}

    def summary(self) -> RunSummary:
        """The run in short."""
        return RunSummary(**self._in_short())

    def details(self) -> RunDetails:
        """The run with all that it wrote down."""
        facts, metrics, rows = self.facts, self.metrics, self.epochs().rows
        return RunDetails(**self._in_short(), facts=facts, metrics=metrics, epochs=rows)

    def ranked(self, metric: str) -> RankedRun:
        """The run with one of its `flat_metrics`, which it is ranked by."""
        return RankedRun(**self._in_short(), metric=metric, value=self.flat_metrics[metric])

    def _in_short(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "path": str(self.path),
            "state": self.state,
            "created_at": self.record.created_at,
            "ended_at": self.record.ended_at or None,
            "reason": self.record.reason,
            "epochs_count": len(self.epochs()),
            "flat_metrics": self.flat_metrics,
        }

    def corrections(self) -> GrownTable:
        """The label corrections that its data was read with."""
        return read_table(self.path / CORRECTIONS_FILE)


def read_run(path: Path) -> Run:
    """Read a run's folder.

    Raises:
        InputError: If it is none.
        FormatError: If its run.json does not hold what it must.
    """
    path = path.resolve()
    held = is_locked(path / LOCK_FILE)  # before the state, or one that finishes in between would look killed
    record = read_record(path)
    killed = record.state == "running" and not held
    return Run(path, record, "interrupted" if killed else record.state)


@dataclass(frozen=True, slots=True)
class RunList:
    """The runs in a folder.

    Attributes:
        runs: Oldest first.
        damaged: Folders with a run.json that cannot be used, each with the reason.
    """

    runs: tuple[Run, ...]
    damaged: tuple[tuple[Path, str], ...] = ()


def list_runs(runs_dir: Path) -> RunList:
    """Read all runs in a folder; none where there is no such folder yet.

    Raises:
        InputError: If the folder cannot be read.
    """
    runs, damaged = [], []
    for folder in run_folders(runs_dir):
        try:
            runs.append(read_run(folder))
        except (InputError, FormatError) as error:
            damaged.append((folder, error.message))
    return RunList(tuple(sorted(runs, key=lambda run: (run.created, run.id))), tuple(damaged))


def run_folders(runs_dir: Path) -> list[Path]:
    """The folders of the runs in a folder, by name.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        entries = sorted(runs_dir.iterdir()) if runs_dir.is_dir() else []
    except OSError as error:
        raise InputError(f"Cannot read {runs_dir}: {error.strerror}.") from error
    return [entry for entry in entries if not entry.name.startswith(".") and (entry / RUN_FILE).is_file()]


def find_run(runs_dir: Path, word: str) -> Path:
    """Find the folder of a run.

    Args:
        runs_dir: Where runs are kept.
        word: "last" for the newest; a run's folder; its id, or the beginning or end of it where only one run has that;
            or a recipe's name, for the newest run of it.

    Raises:
        InputError: If there is no such run, or several.
    """
    if word and (Path(word) / RUN_FILE).is_file():
        return Path(word).resolve()
    folders = run_folders(runs_dir)
    if not folders:
        raise InputError(f"There are no runs in {runs_dir}.", "Train one, or name another folder.", code="runs.none")
    listed = list_runs(runs_dir).runs
    if word == LAST and listed:
        return listed[-1].path
    exact = [folder for folder in folders if folder.name == word]
    of_name = [run.path for run in listed if run.name == word]
    if exact or of_name:
        return (exact or of_name)[-1].resolve()
    begun = [f for f in folders if word and (f.name.startswith(word) or f.name.endswith(f"-{word}"))]
    if len(begun) == 1:
        return begun[0].resolve()
    raise _ambiguous(word, begun) if begun else _unknown(word, runs_dir, folders, [run.name for run in listed])


def _ambiguous(word: str, folders: list[Path]) -> InputError:
    names = ", ".join(folder.name for folder in folders[-_SHOWN:])
    return InputError(f"{len(folders)} runs match {word!r}.", f"Say more of the id; the newest are: {names}.")


def _unknown(word: str, runs_dir: Path, folders: list[Path], names: list[str]) -> InputError:
    near = difflib.get_close_matches(word, [*dict.fromkeys(names), *(folder.name for folder in folders)], 1)
    hint = f"Did you mean {near[0]}?" if near else ""
    return InputError(f"There is no run {word!r} in {runs_dir}.", hint, code="runs.list")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _with_interval(metric: str, span: Mapping[str, Any], unit: str) -> str:
    value, low, high = (span.get(end) for end in ("value", "low", "high"))
    if not isinstance(value, int | float):
        return "unknown"
    if isinstance(low, int | float) and isinstance(high, int | float):
        return interval_words(metric, value, low, high, unit)
    return number_words(metric, value, unit)


def _numbers(value: Any, place: str) -> list[tuple[str, float]]:
    if isinstance(value, Mapping):
        if "value" in value:  # with its interval
            return _numbers(value["value"], place)
        parts = (_numbers(part, f"{place}/{name}" if place else str(name)) for name, part in value.items())
        return [number for found in parts for number in found]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [(place, float(value))]
    return []
