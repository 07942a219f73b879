"""Casts and what else jobs leave in folders: read, corrected as `closeup people` does, and served as files."""

import re
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from closeup import __version__
from closeup.core.errors import InputError
from closeup.core.types import CastPart
from closeup.core.whole import write_whole
from closeup.documents.edits import Operation, said_together
from closeup.documents.form import parse_json
from closeup.documents.jobs import JOB, JobRecord
from closeup.documents.server import (
    CAST_SUMMARY,
    CAST_VIEW,
    DRAWN_FACE,
    PEOPLE_CHANGES,
    SAID,
    STORED_FILE,
    CastEdit,
    CastFile,
    CastSummary,
    CastTrack,
    CastView,
    DrawnFace,
    KeyRecord,
    PeopleChanges,
    Said,
    StoredFile,
)
from closeup.documents.suggestions import SUGGESTION
from closeup.features.cast import operations
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.suggestions import sureness
from closeup.server.entry import (
    Editor,
    Here,
    HexId,
    Limit,
    Number,
    Reader,
    body,
    documented,
    documented_file,
    listed,
    note,
    one,
)
from closeup.server.files import InRange, ServedFile
from closeup.server.offer import CASTS
from closeup.server.premises import Premises, absent, to_result
from closeup.server.shortcuts import answered

routes = APIRouter(tags=["casts"])

SERVED = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".mkv": "video/x-matroska",
    ".srt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".otio": "application/json",
    ".edl": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".onnx": "application/octet-stream",
}
"""Endings of results that are given out; embeddings (vectors.npz) are not, and what is not named here is not either."""

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.() +-]{0,120}")

VIEW, ASKED = ".view", ".questions"
"""Beside a cast's folder: what `/casts/ID` and its questions give; these names are not of those that are given out."""

PAGE_POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; connect-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of reports, whose own policy, which holds beside this one, names the hashes of their one style and one script."""
REPORT_HEADERS = {"content-security-policy": PAGE_POLICY, "referrer-policy": "same-origin"}


@routes.get("/casts", summary="List the casts, newest first", **documented(gives=CAST_SUMMARY, many=True))
async def list_casts(request: Request, place: Here, key: Reader, limit: Limit = 100, below: Number = None) -> Response:
    """List what casts there are, and who is named in them; `next` is for `below` of the next page."""
    return await answered(request, key, _page, place, limit, below, noted=("list casts", ""))


def _page(place: Premises, limit: int, below: int | None) -> JSONResponse:
    jobs = place.jobs.page(limit, before=below, works=CASTS, states=["done"])
    after = jobs[-1].number if len(jobs) == limit else None
    return JSONResponse({"items": [_data(each) for each in summaries(place, jobs)], "next": after})


_data = lru_cache(2000)(CAST_SUMMARY.to_data)


def summaries(place: Premises, jobs: Sequence[JobRecord]) -> list[CastSummary]:
    """The casts of some jobs that are done, each in a few words."""
    return [_summary(place, job) for job in jobs if (_folder(place, job) / "cast.json").is_file()]


_known: dict[tuple[str, int], CastSummary] = {}


def _summary(place: Premises, job: JobRecord) -> CastSummary:
    """A cast in a few words; a file that has not changed is not read twice."""
    path = _folder(place, job) / "cast.json"
    stamp = (job.id, path.stat().st_mtime_ns)
    if stamp not in _known:
        if len(_known) > 1000:
            _known.clear()
        cast = parse_json(path.read_bytes())
        _known[stamp] = CastSummary(
            id=job.id,
            name=Path(cast["video"]["path"]).name,
            kind=cast.get("kind", "video"),
            people=len(cast["people"]),
            named=tuple(person["name"] for person in cast["people"] if person.get("name")),
            uses=job.uses,
            created_at=job.created_at,
        )
    return _known[stamp]


@routes.get("/casts/{cast_id}", summary="The people of a cast", **documented(gives=CAST_VIEW))
async def people(request: Request, place: Here, key: Reader, cast_id: HexId) -> Response:
    """Give everybody in the cast, with their tracks, how sure those are, and what was changed."""
    return await answered(request, key, _view, place, cast_id, noted=("see cast", cast_id))


def _view(place: Premises, cast_id: str) -> Response:
    return Response(kept_view(place, place.job(cast_id, CASTS)), media_type="application/json")


def kept_view(place: Premises, job: JobRecord) -> bytes:
    """A cast as browsers show it, as JSON."""
    folder = _folder(place, job)
    return _kept(folder, VIEW, lambda: CAST_VIEW.encode(cast_view(job.id, CastFolder(folder))))


def kept_questions(place: Premises, job: JobRecord) -> bytes:
    """The questions of a cast, as JSON."""
    folder = _folder(place, job)
    return _kept(folder, ASKED, lambda: bytes(listed(SUGGESTION, CastFolder(folder).suggestions()).body))


def _kept(folder: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """What is worked out of a cast, once for each of its states, for a crowd takes seconds; it is kept in a file."""
    state = f"{__version__} {(folder / 'cast.json').stat().st_mtime_ns}\n".encode()
    kept = folder.with_name(name)
    if (found := _still(kept, state)) is not None:
        return found
    with _working_out:  # who asks for the same meanwhile finds it
        if (found := _still(kept, state)) is not None:
            return found
        made = make()
        write_whole(kept, state + made)
    return made


def _still(kept: Path, state: bytes) -> bytes | None:
    """What a file keeps of this state, if it does."""
    content = kept.read_bytes() if kept.is_file() else b""
    return content[len(state) :] if content.startswith(state) else None


_working_out = threading.Lock()


def cast_view(cast_id: str, folder: CastFolder) -> CastView:
    """A cast as browsers show it."""
    cast, edits = folder.cast(), folder.edits()
    try:
        sure: Sequence[float | None] = sureness(cast, folder.vectors(cast))
    except InputError:  # an older closeup's, or the vectors were deleted
        sure = [None] * len(cast.tracks)
    tracks = [
        CastTrack(
            id=track.id,
            person=track.person,
            shot=track.shot,
            start_s=track.start_s,
            end_s=track.end_s,
            at_s=max(track.faces, key=lambda face: face.quality_total).time_s,
            sureness=likely,
        )
        for track, likely in zip(cast.tracks, sure, strict=True)
    ]
    parts = cast.parts or (CastPart(cast.video, 0, 0.0),)
    return CastView(
        id=cast_id,
        name=", ".join(Path(part.video.path).name for part in parts[:2]) + (" …" if len(parts) > 2 else ""),
        kind=cast.kind,
        duration_s=cast.video.duration_s,
        files=tuple(_file(part) for part in parts),
        shots=cast.shots,
        people=cast.people,
        passers_by=cast.passers_by,
        hidden=cast.hidden,
        tracks=tuple(tracks),
        models=cast.models,
        notes=(*cast.video.notes, *cast.notes),
        edits=_edits(edits.operations),
        undone=_edits(edits.undone),
    )


def _file(part: CastPart) -> CastFile:
    """A file of the library lies in a folder that is called by its id, one of a zip file deeper."""
    path = PurePosixPath(part.video.path)
    media = path.parent.name if re.fullmatch("[0-9a-f]{32}", path.parent.name) else None
    return CastFile(name=path.name, media=media, start_s=part.start_s, duration_s=part.video.duration_s)


def _edits(operations: tuple[Operation, ...]) -> tuple[CastEdit, ...]:
    return tuple(
        CastEdit(
            number=number,
            at=each.at,
            kind=each.kind,
            people=tuple(person.id for person in each.people) or ((each.new_person,) if each.new_person else ()),
            tracks=each.tracks or ((each.drawn.id,) if each.drawn else ()),
            name=each.name,
        )
        for number, group in enumerate(said_together(operations), start=1)
        for each in group
    )


@routes.get("/casts/{cast_id}/questions", summary="Who may be one person", **documented(gives=SUGGESTION, many=True))
def questions(place: Here, key: Reader, cast_id: HexId) -> Response:
    """Give the pairs that closeup is not sure of, to be answered by a change: merge or different."""
    return Response(kept_questions(place, place.job(cast_id, CASTS)), media_type="application/json")


@routes.post("/casts/{cast_id}/changes", summary="Correct a cast", **documented(PEOPLE_CHANGES, SAID))
def change(
    place: Here,
    key: Editor,
    cast_id: HexId,
    given: Annotated[PeopleChanges, body(PEOPLE_CHANGES)],
    preview: Annotated[bool, Query(description="Only say what would be done, or why it cannot be.")] = False,
) -> JSONResponse:
    """Make changes, all of them or none; one undo takes them back together."""
    wishes: list[operations.Wish] = []
    for each in given.changes:
        if each.kind == "move" and len(each.people) == 2:
            wishes += operations.moving(*each.people, each.tracks)
            continue
        alone = each.kind in ("hide", "unhide")
        for whom in [[person] for person in each.people] if alone else [list(each.people)]:
            wishes.append(operations.wish(each.kind, whom, list(each.tracks), each.name))
    said = CastFolder(_folder(place, place.job(cast_id, CASTS))).edit(*wishes, keep=not preview).sentence
    for each in () if preview else given.changes:
        note(place, key, f"{each.kind} people", f"{cast_id}: {' '.join(each.people)}")
    return one(SAID, Said(said))


Which = Annotated[int | None, Query(ge=1, le=10**6, description="Its number in the list; without it the last one.")]


@routes.post("/casts/{cast_id}/faces", summary="Draw a face that was missed", **documented(DRAWN_FACE, JOB, status=201))
def draw(place: Here, key: Editor, cast_id: HexId, given: Annotated[DrawnFace, body(DRAWN_FACE)]) -> JSONResponse:
    """Ask for a face to be looked for where it was drawn, and given to somebody; the job says what was done."""
    cast = place.job(cast_id, CASTS)
    asked = {"folder": to_result(cast, "cast"), **DRAWN_FACE.to_data(given)}
    job = place.submit("cast.draw", asked, (cast_id,), asked_by=key.id, priority=5)
    note(place, key, "draw face", f"{cast_id}: {given.person or 'a new person'}")
    return one(JOB, job, 201)


@routes.post("/casts/{cast_id}/undo", summary="Take a change of a cast back", **documented(gives=SAID))
def undo(place: Here, key: Editor, cast_id: HexId, number: Which = None) -> JSONResponse:
    """Take back one change, with all that was changed together with it."""
    return _edited(place, key, cast_id, "undo", partial(operations.undo, number=number))


@routes.post("/casts/{cast_id}/redo", summary="Make a change of a cast again", **documented(gives=SAID))
def redo(place: Here, key: Editor, cast_id: HexId, number: Which = None) -> JSONResponse:
    """Make a change again that was taken back; a new change forgets what was taken back."""
    return _edited(place, key, cast_id, "redo", partial(operations.redo, number=number))


def _edited(place: Premises, key: KeyRecord, cast_id: str, what: str, wish: operations.Wish) -> JSONResponse:
    said = CastFolder(_folder(place, place.job(cast_id, CASTS))).edit(wish).sentence
    note(place, key, what, cast_id)
    return one(SAID, Said(said))


@routes.get("/results/{job_id}", summary="The files of a job's results", **documented(gives=STORED_FILE, many=True))
def results(place: Here, key: Reader, job_id: HexId) -> JSONResponse:
    """List the files that are given out, by the names that they are asked for with."""
    home = place.results_of(place.job(job_id))
    paths = sorted(path for path in home.rglob("*") if path.is_file())
    names = [path.relative_to(home) for path in paths]
    files = [(name, path) for name, path in zip(names, paths, strict=True) if _is_served(name.parts)]
    return listed(STORED_FILE, [StoredFile(name=name.as_posix(), bytes=path.stat().st_size) for name, path in files])


@routes.get(
    "/results/{job_id}/{name:path}",
    summary="A file of a job's results",
    **documented_file(*sorted(set(SERVED.values())), in_parts=True),
)
async def result(request: Request, place: Here, key: Reader, job_id: HexId, name: str, part: InRange) -> Response:
    """Give a file: a report, a short, a picture of somebody; in whole or in the ranges that are asked for."""
    noted = ("see report", job_id) if name.endswith(".html") else ()
    return await answered(request, key, _result, place, job_id, name, noted=noted, part=part)


def _result(place: Premises, job_id: str, name: str) -> ServedFile:
    path = _within(place.results_of(place.job(job_id)), name.split("/"))
    if path.suffix == ".html":
        return ServedFile(path, SERVED[".html"], REPORT_HEADERS)
    return ServedFile(path, SERVED[path.suffix])


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
