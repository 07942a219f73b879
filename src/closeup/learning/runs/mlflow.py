"""Runs as an MLflow file store (a folder `mlruns`), written without MLflow.

The format: a folder for the experiment and in it one for each run, with meta.yaml, and a file for each metric (lines
of time in ms, value, step), parameter and tag. MLflow 3.10 and later bring such a folder into a database by
`mlflow migrate-filestore`.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from closeup.learning.runs.comparison import flat
from closeup.learning.runs.history import moments
from closeup.learning.runs.reading import Run

_STATUS = {"running": 1, "finished": 3, "failed": 4, "interrupted": 5}
_SOURCE_LOCAL = 4
_MOST_TEXT = 6000
"""MLflow's longest parameter value; tags may be longer."""

_ARTIFACTS = ("CARD.md", "report.html", "mistakes.html", "recipe.toml", "split.csv", "model.onnx", "curves.svg")


def write_experiment(runs: Sequence[Run], folder: Path, place: Path) -> None:
    """Write runs as one experiment into `folder`, which is there already and empty.

    Args:
        runs: To write.
        folder: Where to write the file store.
        place: Where the folder will lie in the end; the experiment is named after it.

    Raises:
        InputError: If a run's tables cannot be read.
        OSError: If it cannot be written.
    """
    number = str(int(hashlib.sha256(place.name.encode()).hexdigest()[:14], 16))
    (folder / number).mkdir()
    created = min((_ms(run) for run in runs), default=0)
    meta: dict[str, Any] = {
        "artifact_location": (place / number).as_uri(),
        "creation_time": created,
        "experiment_id": number,
        "last_update_time": created,
        "lifecycle_stage": "active",
        "name": place.name,
    }
    _write(folder / number / "meta.yaml", _yaml(meta))
    for run in runs:
        _write_run(run, folder / number, place / number)


def _write_run(run: Run, experiment: Path, place: Path) -> None:
    key = hashlib.sha256(run.id.encode()).hexdigest()[:32]
    folder = experiment / key
    for part in ("artifacts", "metrics", "params", "tags"):
        (folder / part).mkdir(parents=True)
    history = list(moments(run))
    end = round(1000 * history[-1].time_s) if history else _ms(run)
    meta: dict[str, Any] = {
        "artifact_uri": (place / key / "artifacts").as_uri(),
        "end_time": end if run.standing != "running" else None,
        "entry_point_name": "",
        "experiment_id": place.name,
        "lifecycle_stage": "active",
        "run_id": key,
        "run_name": run.id,
        "run_uuid": key,
        "source_name": "",
        "source_type": _SOURCE_LOCAL,
        "source_version": "",
        "start_time": _ms(run),
        "status": _STATUS[run.standing],
        "tags": [],
        "user_id": "",
    }
    _write(folder / "meta.yaml", _yaml(meta))
    lines: dict[str, list[str]] = {}
    for moment in history:
        for name, value in moment.values.items():
            if math.isfinite(value):
                lines.setdefault(name, []).append(f"{round(1000 * moment.time_s)} {value!r} {moment.step}\n")
    for name, rows in lines.items():
        _write(folder / "metrics" / name, "".join(rows))
    for name, setting in flat(run.recipe):
        _write(folder / "params" / name, _text(setting)[:_MOST_TEXT])
    for name, words in _tags(run).items():
        _write(folder / "tags" / name, words)
    for name in _ARTIFACTS:
        if (run.path / name).is_file():
            shutil.copyfile(
                run.path / name, folder / "artifacts" / name
            )  # no link: what changes it leaves the run alone


def _tags(run: Run) -> dict[str, str]:
    environment = run.facts.get("environment")
    facts = environment if isinstance(environment, Mapping) else {}
    tags = {f"environment.{name}": _text(value) for name, value in facts.items()}
    return {"mlflow.runName": run.id, "closeup.run": run.path.as_posix(), **tags}


def _ms(run: Run) -> int:
    return round(1000 * run.created.timestamp())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _yaml(values: Mapping[str, Any]) -> str:
    """Plain values as YAML, of which JSON is a part."""
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in sorted(values.items()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
