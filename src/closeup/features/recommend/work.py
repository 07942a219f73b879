"""Recommending as `jobs.work` calls it: by files and folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.documents.learners import ModelHeader, check_model_place
from closeup.features.recommend.events import read_events
from closeup.features.recommend.look import MARKS, look_at_events, write_look
from closeup.features.recommend.model import Recommender, open_recommender
from closeup.features.recommend.pages import fit_page


def look(
    events: Path,
    *,
    columns: dict[str, str] | None = None,
    names: Path | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> dict[str, Any]:
    """Look at a table of events, and keep what was seen as a page where `out` is given; raises what both parts do."""
    if out is not None:
        ResultFolder(out, MARKS).check(overwrite=overwrite, source=events)
    found = look_at_events(events, columns=columns, names=names, progress=progress)
    if out is not None:
        write_look(found, out, overwrite=overwrite)
    return found


def add(
    model: Path,
    events: Path,
    *,
    columns: dict[str, str] | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> tuple[ModelHeader, list[str]]:
    """Let a model know new events, in place or as a new model in `out`: its header, and notes on what was taken in."""
    opened = _opened(model, progress)
    if out is not None:
        check_model_place(out, overwrite=overwrite)
    grown, notes = opened.with_events(read_events(events, columns, progress=progress), progress=progress)
    grown.save(out or model, page=fit_page(grown), overwrite=overwrite or out is None)
    return grown.header, notes


def for_user(model: Path, user: str, top: int = 20, *, progress: ProgressCallback = ignore) -> list[dict[str, Any]]:
    """What to recommend to a user, by a model's folder; see `Recommender.for_user`."""
    return _opened(model, progress).for_user(user, top)


def similar(model: Path, item: str, top: int = 20, *, progress: ProgressCallback = ignore) -> list[dict[str, Any]]:
    """What is most like an item, by a model's folder; see `Recommender.similar`."""
    return _opened(model, progress).similar(item, top)


def explain(model: Path, user: str, item: str, *, progress: ProgressCallback = ignore) -> Mapping[str, Any]:
    """Why an item has its score for a user, by a model's folder; see `Recommender.explain`."""
    return _opened(model, progress).explain(user, item)


def _opened(model: Path, progress: ProgressCallback) -> Recommender:
    progress(Progress("Opening the model", 0, None, "models"))
    return open_recommender(model)
