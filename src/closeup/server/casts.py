"""Casts and what else jobs leave in folders: read, corrected as `closeup people` does, and served as files."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse

from closeup.documents.cast import CAST_JSON, PEOPLE
from closeup.documents.form import parse_json
from closeup.documents.jobs import JobRecord
from closeup.documents.server import (
    CAST_SUMMARY,
    PEOPLE_CHANGES,
    SAID,
    STORED_FILE,
    CastSummary,
    PeopleChanges,
    Said,
    StoredFile,
)
from closeup.documents.suggestions import SUGGESTION
from closeup.features.cast import operations
from closeup.features.cast.folder import CastFolder
from closeup.server.entry import Editor, Here, HexId, Limit, Number, Reader, body, documented, listed, note, one
from closeup.server.offers import CASTS
from closeup.server.premises import Premises, absent

routes = APIRouter(tags=["casts"])

SERVED = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".srt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".otio": "application/json",
    ".edl": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
"""Endings of results that are given out; embeddings (vectors.npz) are not, and what is not named here is not either."""

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.() +-]{0,120}")

PAGE_POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; connect-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of reports, whose own policy, which holds beside this one, names the hashes of their one style and one script."""


@routes.get("/casts", summary="List the casts, newest first", **documented(gives=CAST_SUMMARY, many=True))
def list_casts(place: Here, key: Reader, limit: Limit = 100, below: Number = None) -> JSONResponse:
    """List what casts there are, and who is named in them."""
    note(place, key, "list casts", "")
    return listed(CAST_SUMMARY, summaries(place, limit, below))


def summaries(place: Premises, limit: int, below: int | None = None) -> list[CastSummary]:
    """The newest casts, each in a few words."""
    jobs = place.jobs.page(limit, before=below, works=CASTS, states=["done"])
    return [_summary(place, job) for job in jobs if (_folder(place, job) / "cast.json").is_file()]


_known: dict[tuple[str, int], dict[str, Any]] = {}


def _summary(place: Premises, job: JobRecord) -> CastSummary:
    """A cast in a few words; a file that has not changed is not read twice."""
    path = _folder(place, job) / "cast.json"
    stamp = (job.id, path.stat().st_mtime_ns)
    if stamp not in _known:
        if len(_known) > 1000:
            _known.clear()
        cast = parse_json(path.read_bytes())
        names = tuple(person["name"] for person in cast["people"] if person.get("name"))
        title = Path(cast["video"]["path"]).name
        _known[stamp] = {
            "name": title,
            "kind": cast.get("kind", "video"),
            "people": len(cast["people"]),
            "named": names,
        }
    return CastSummary(id=job.id, uses=job.uses, created_at=job.created_at, **_known[stamp])


@routes.get("/casts/{cast_id}", summary="The people of a cast", responses={200: {"description": "Done."}})
def people(place: Here, key: Reader, cast_id: HexId) -> JSONResponse:
    """Give everybody in the cast, with their tracks, as cast.json has them."""
    folder = _folder(place, place.job(cast_id, CASTS))
    cast = CastFolder(folder).cast()
    data = CAST_JSON.to_data(cast)
    note(place, key, "see cast", cast_id)
    # cast.json leaves out what is as it always was.
    said = {name: data[name] for name in ("video", "models", *PEOPLE, "notes") if name in data}
    return JSONResponse({"kind": cast.kind, **said})


@routes.get("/casts/{cast_id}/questions", summary="Who may be one person", **documented(gives=SUGGESTION, many=True))
def questions(place: Here, key: Reader, cast_id: HexId) -> JSONResponse:
    """Give the pairs that closeup is not sure of, to be answered by a change: merge or different."""
    return listed(SUGGESTION, CastFolder(_folder(place, place.job(cast_id, CASTS))).suggestions())


@routes.post("/casts/{cast_id}/changes", summary="Correct a cast", **documented(PEOPLE_CHANGES, SAID))
def change(
    place: Here, key: Editor, cast_id: HexId, given: Annotated[PeopleChanges, body(PEOPLE_CHANGES)]
) -> JSONResponse:
    """Make changes, all of them or none; one undo takes them back together."""
    wishes: list[operations.Wish] = []
    for each in given.changes:
        alone = each.kind in ("hide", "unhide")
        for whom in [[person] for person in each.people] if alone else [list(each.people)]:
            wishes.append(operations.wish(each.kind, whom, list(each.tracks), each.name))
    said = CastFolder(_folder(place, place.job(cast_id, CASTS))).edit(*wishes).sentence
    for each in given.changes:
        note(place, key, f"{each.kind} people", f"{cast_id}: {' '.join(each.people)}")
    return one(SAID, Said(said))


@routes.post("/casts/{cast_id}/undo", summary="Take the last change of a cast back", **documented(gives=SAID))
def undo(place: Here, key: Editor, cast_id: HexId) -> JSONResponse:
    """Take back what was changed last, all that was changed together."""
    said = CastFolder(_folder(place, place.job(cast_id, CASTS))).edit(operations.undo_last).sentence
    note(place, key, "undo", cast_id)
    return one(SAID, Said(said))


@routes.get("/results/{job_id}", summary="The files of a job's results", **documented(gives=STORED_FILE, many=True))
def results(place: Here, key: Reader, job_id: HexId) -> JSONResponse:
    """List the files that are given out, by the names that they are asked for with."""
    home = place.results_of(place.job(job_id))
    paths = sorted(path for path in home.rglob("*") if path.is_file())
    names = [path.relative_to(home) for path in paths]
    files = [(name, path) for name, path in zip(names, paths, strict=True) if _is_served(name.parts)]
    return listed(STORED_FILE, [StoredFile(name=name.as_posix(), bytes=path.stat().st_size) for name, path in files])


@routes.get("/results/{job_id}/{name:path}", summary="A file of a job's results", response_class=FileResponse)
def result(place: Here, key: Reader, job_id: HexId, name: str) -> FileResponse:
    """Give a file: a report, a short, a picture of somebody; in whole or in the ranges that are asked for."""
    path = _within(place.results_of(place.job(job_id)), name.split("/"))
    if path.suffix == ".html":
        note(place, key, "see report", job_id)
        headers = {"content-security-policy": PAGE_POLICY, "referrer-policy": "same-origin"}
        return FileResponse(path, media_type=SERVED[".html"], headers=headers)
    return FileResponse(path, media_type=SERVED[path.suffix])


def _within(home: Path, parts: Sequence[str]) -> Path:
    """A file of results by its path, each part of which is a plain name.

    Raises:
        InputError: If there is none, or it is not given out.
    """
    if not _is_served(parts):
        raise absent("There is no such file.")
    path = home.joinpath(*parts)
    if not path.is_file() or path.resolve() != home.resolve().joinpath(*parts):
        raise absent("There is no such file.")
    return path


def _is_served(parts: Sequence[str]) -> bool:
    """Whether a file of results is given out, by its path."""
    plain = 1 <= len(parts) <= 3 and all(map(_PART.fullmatch, parts))
    return plain and Path(parts[-1]).suffix in SERVED and parts[-1] not in ("edits.json", "baseline.json")


def _folder(place: Premises, job: JobRecord) -> Path:
    return place.results_of(job) / "cast"
