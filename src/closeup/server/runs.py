"""The workbench's runs and audits of one folder: looked at, and findings decided one by one."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, Response

from closeup.core.errors import CloseupError, FormatError, InputError
from closeup.core.words import counted
from closeup.documents.server import SAID, Said
from closeup.learning.runs.reading import list_runs, read_run, run_folders
from closeup.learning.runs.record import RUN_SUMMARY
from closeup.learning.runs.view import MISTAKE, REPORTS, RUN_VIEW, run_view, taken_for
from closeup.server.casts import PAGE_POLICY
from closeup.server.entry import Editor, Here, Reader, body, documented, documented_file, listed, note, one
from closeup.server.premises import Premises, absent
from closeup.workbench.audit import review
from closeup.workbench.audit.accept import Accepted
from closeup.workbench.audit.folder import AUDIT_FILE, read_audit
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_dataset

routes = APIRouter(tags=["runs"])

Name = Annotated[str, InPath(min_length=1, max_length=255, description="Its folder's name.")]
MOST_MISTAKES = 60


@routes.get("/runs", summary="List the runs of the workbench", **documented(gives=RUN_SUMMARY, many=True))
def list_all(place: Here, key: Reader) -> JSONResponse:
    """List trainings and fits, newest first; `damaged` names the folders that cannot be read."""
    found = list_runs(place.runs) if place.runs else None
    runs = [] if found is None else [replace(run.summary(), path="") for run in reversed(found.runs)]
    damaged = [] if found is None else [path.name for path, _ in found.damaged]
    return JSONResponse({"items": [RUN_SUMMARY.to_data(run) for run in runs], "damaged": damaged})


@routes.get("/runs/{run_id}", summary="One run", **documented(gives=RUN_VIEW))
def show(place: Here, key: Reader, run_id: Name) -> JSONResponse:
    """Show how far a run came: its losses and metrics, and what it takes for what."""
    return one(RUN_VIEW, run_view(read_run(_found(run_folders, place, run_id))))


@routes.get("/runs/{run_id}/mistakes", summary="The worst mistakes of a run", **documented(gives=MISTAKE, many=True))
def worst(
    place: Here,
    key: Reader,
    run_id: Name,
    *,
    side: Annotated[str, Query(pattern="^(test|val|train)$")],
    head: Annotated[str, Query(max_length=200)],
    label: Annotated[str | None, Query(max_length=200)] = None,
    prediction: Annotated[str | None, Query(max_length=200)] = None,
) -> JSONResponse:
    """Show the pictures that a head was most wrong about; with `label` and `prediction` those taken for that."""
    from closeup.learning.runs.mistakes import mistakes
    from closeup.workbench.datasets.run_data import dataset_of, images_of

    run = read_run(_found(run_folders, place, run_id))
    predictions = run.predictions(side, head).labelled()
    if label is not None and prediction is not None:
        predictions = taken_for(predictions, label, prediction)
    image_of = None
    with suppress(InputError):  # the pictures are not at hand: mistakes are shown by name
        image_of = images_of(dataset_of(run))
    note(place, key, "see mistakes", run_id)
    return listed(MISTAKE, mistakes(predictions, image_of, MOST_MISTAKES))


@routes.get("/runs/{run_id}/{name}", summary="A report of a run", **documented_file("text/html"))
def report(place: Here, key: Reader, run_id: Name, name: Annotated[str, InPath(max_length=50)]) -> FileResponse:
    """Give a page that was made of the run: its report, or its mistakes."""
    path = _found(run_folders, place, run_id) / name
    if name not in REPORTS or not path.is_file():
        raise absent("There is no such file.")
    headers = {"content-security-policy": PAGE_POLICY, "referrer-policy": "same-origin"}
    return FileResponse(path, media_type="text/html; charset=utf-8", headers=headers)


@routes.get("/audits", summary="List the audits of labels", **documented(gives=review.AUDIT_IN_SHORT, many=True))
def list_audits(place: Here, key: Reader) -> JSONResponse:
    """List the audits that lie among the runs; `damaged` names the folders that cannot be read."""
    found, damaged = [], []
    for folder in review.audit_folders(place.runs) if place.runs else ():
        try:
            found.append(review.AUDIT_IN_SHORT.to_data(review.audit_in_short(folder)))
        except (InputError, FormatError):
            damaged.append(folder.name)
    return JSONResponse({"items": found, "damaged": damaged})


@routes.get("/audits/{audit_id}", summary="One audit", **documented(gives=review.AUDIT_VIEW))
def show_audit(place: Here, key: Reader, audit_id: Name) -> JSONResponse:
    """Show which labels are probably wrong, and what was decided of them."""
    return one(review.AUDIT_VIEW, review.audit_view(_audit(place, audit_id)))


@routes.get("/audits/{audit_id}/pictures/{number}", summary="The picture of a finding", **documented_file("image/jpeg"))
def picture(place: Here, key: Reader, audit_id: Name, number: Annotated[int, InPath(ge=1, le=10**9)]) -> Response:
    """Give the picture, from the data as it lies there now."""
    folder = _audit(place, audit_id)
    finding = read_audit(folder).by_number.get(number)
    if finding is None:
        raise absent("There is no such finding.")
    try:
        content = review.picture_of(_data_of(folder, finding.source), finding)
    except CloseupError as error:
        raise absent(error.message) from error
    return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})


@routes.put("/audits/{audit_id}/decisions", summary="Decide findings", **documented(review.DECISIONS, SAID))
def decide(
    place: Here, key: Editor, audit_id: Name, given: Annotated[review.Decisions, body(review.DECISIONS)]
) -> JSONResponse:
    """Keep what was decided of findings, in place of all that is not written yet."""
    with _writing:
        review.decide(_audit(place, audit_id), given.decisions)
    return one(SAID, Said(f"{counted(len(given.decisions), 'decision')} kept."))


@routes.post(
    "/audits/{audit_id}/corrections",
    summary="Write accepted findings as corrections",
    **documented(review.CORRECTIONS_BY, SAID),
)
def correct(
    place: Here, key: Editor, audit_id: Name, given: Annotated[review.CorrectionsBy, body(review.CORRECTIONS_BY)]
) -> JSONResponse:
    """Add all accepted findings to the data's file of corrections, as `closeup data audit --accept` does."""
    with _writing:
        accepted = review.write_accepted(_audit(place, audit_id), given.who, date.today())
    note(place, key, "correct labels", audit_id)
    return one(SAID, Said(" ".join(map(_written, accepted))))


_writing = threading.Lock()


def _written(accepted: Accepted) -> str:
    said = f"{Path(accepted.file).name}: {counted(accepted.added, 'line')} added, "
    again = f"; {accepted.before} were there already" if accepted.before else ""
    return f"{said}{counted(accepted.pictures, 'label')} corrected{again}."


def _found(folders: Callable[[Path], list[Path]], place: Premises, name: str) -> Path:
    """A folder among the runs, by its name: what is not listed there is not there."""
    for folder in folders(place.runs) if place.runs else ():
        if folder.name == name:
            return folder
    raise absent("There is no such run.")


def _audit(place: Premises, name: str) -> Path:
    return _found(review.audit_folders, place, name)


def _data_of(folder: Path, source: str) -> Dataset:
    """The data of an audit; opened once for each state of the audit."""
    return _opened(folder, source, (folder / AUDIT_FILE).stat().st_mtime_ns)


@lru_cache(4)
def _opened(folder: Path, source: str, stamp: int) -> Dataset:
    del stamp
    return open_dataset([read_audit(folder).sources[source]], base=Path())
