"""Fits of learners (recommend, appraise, headline) kept as runs: what they were made with, how they ended, the model.

Such a run has one head, which is called as the learner. Its folder holds the model's files, so that it is a model too,
whatever becomes of the folder that was asked for.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from closeup.core.result_folder import link_or_copy
from closeup.documents.learners import MODEL_FILE, MODEL_JSON
from closeup.learning.environment import environment
from closeup.learning.runs.folder import RunWriter, create_run

PACKAGES = ("numpy", "scipy", "scikit-learn", "lightgbm", "xgboost", "catboost", "optuna", "kiwipiepy")


@contextmanager
def kept_fit(
    runs_dir: Path | None, learner: str, settings: Mapping[str, Any], *, data: str
) -> Iterator[RunWriter | None]:
    """Keep a fit as a run: as failed or interrupted, unless `finish_fit` is called before the block ends.

    Args:
        runs_dir: Where runs are kept; None keeps none, and gives None.
        learner: "recommend", "appraise" or "headline".
        settings: What it is fitted with.
        data: Name of what it is fitted to.

    Raises:
        OutputError: If the run's folder cannot be made.
    """
    if runs_dir is None:
        yield None
        return
    kind = "value" if learner == "appraise" else "figures"
    recipe = {"learner": learner, "settings": settings, "heads": [{"name": learner, "kind": kind}]}
    facts = {"environment": environment(PACKAGES), "data": {"name": data}}
    with create_run(runs_dir, learner, toml_text(recipe), facts) as run:
        yield run


def finish_fit(run: RunWriter | None, model: Path) -> None:
    """End a fit's run well: with the files, data, notes and metrics of the model that it made.

    Raises:
        OutputError: If the run cannot be written.
    """
    if run is None:
        return
    header = MODEL_JSON.read(model / MODEL_FILE)
    for file in sorted(model.iterdir()):
        link_or_copy(file, run.path / file.name)
    data = {"name": header.data, "rows": header.rows, "fingerprint": header.sha256}
    run.note(data=data, model=os.path.realpath(model), notes=header.notes)
    spans = {name: {"value": m.value, "low": m.low, "high": m.high} for name, m in header.metrics.items()}
    run.finish({"val": {header.kind: spans}} if spans else {})


def toml_text(table: Mapping[str, Any], place: str = "") -> str:
    """Plain values as a TOML document; None is left out."""
    lines, below = list[str](), list[str]()
    for key, value in table.items():
        name = f"{place}.{json.dumps(key)}" if place else json.dumps(key)
        if isinstance(value, Mapping):
            below.append(f"\n[{name}]\n{toml_text(value, name)}")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            below += [f"\n[[{name}]]\n{toml_text(each, name)}" for each in value]
        elif value is not None:
            lines.append(f"{json.dumps(key)} = {json.dumps(value)}\n")
    return "".join([*lines, *below])
