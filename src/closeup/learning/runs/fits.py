"""Fits of learners (recommend, appraise, headline) kept as runs: what they were made with, how they ended, the model.

Such a run has one head, which is called as the learner. Its folder holds the model's files, so that it is a model too,
whatever becomes of the folder that was asked for.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from closeup.core.result_folder import link_or_copy
from closeup.documents.learners import MODEL_FILE, MODEL_JSON
from closeup.documents.toml_text import toml_value
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
    chosen = [f"{name} = {toml_value(value)}" for name, value in settings.items() if value is not None]
    head = [f"name = {toml_value(learner)}", f"kind = {toml_value(kind)}"]
    recipe = [f"learner = {toml_value(learner)}", "", "[settings]", *chosen, "", "[[heads]]", *head, ""]
    facts = {"environment": environment(PACKAGES), "data": {"name": data}}
    with create_run(runs_dir, learner, "\n".join(recipe), facts) as run:
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
