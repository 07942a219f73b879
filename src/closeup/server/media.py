"""The library: what was uploaded or registered, its files and small pictures, and its deletion to the last byte."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from closeup.core.errors import InputError
from closeup.documents.jobs import ENDED, JobRecord
from closeup.documents.server import BY_PATH, MEDIA, RECEIPT, ByPath, DeletionReceipt, StoredFile
from closeup.server.entry import (
    Admin,
    Before,
    Editor,
    Here,
    HexId,
    Limit,
    Reader,
    body,
    documented,
    documented_file,
    listed,
    note,
    one,
)
from closeup.server.files import InRange, ServedFile
from closeup.server.premises import Premises, absent
from closeup.server.shortcuts import answered
from closeup.server.sniff import CONTENT_TYPES, clean_name, content_type_of, kind_of_name, sniffed_kind
from closeup.server.uploads import PICTURE, add_thumbnail

routes = APIRouter(prefix="/media", tags=["media"])


@routes.get("", summary="List the media, newest first", **documented(gives=MEDIA, many=True))
async def list_media(request: Request, place: Here, key: Reader, limit: Limit = 100, before: Before = None) -> Response:
    """List what is there, and what is arriving."""
    return await answered(request, key, _page, place, limit, before)


def _page(place: Premises, limit: int, before: str | None) -> JSONResponse:
    return listed(MEDIA, place.media.page(limit, before))


@routes.post("/by-path", summary="Register a file of the server's disk", **documented(BY_PATH, MEDIA, status=201))
def register(place: Here, key: Admin, given: Annotated[ByPath, body(BY_PATH)]) -> JSONResponse:
    """Use a file where it lies; it is not copied, and stays when the medium is deleted."""
    path = Path(os.path.realpath(given.path))
    kind = kind_of_name(path.name)
    if not path.is_file() or kind is None or sniffed_kind(path) != kind:
        raise InputError("There is nothing at that path that a library holds, by name and content.")
    name, content_type = clean_name(path.name), content_type_of(path)
    record = place.media.register(path, name, kind, content_type, added_by=key.id)
    add_thumbnail(place, record, kind)
    note(place, key, "register", record.id)
    return one(MEDIA, record, 201)


@routes.get("/{media_id}", summary="What is known of a medium", **documented(gives=MEDIA))
def show(place: Here, key: Reader, media_id: HexId) -> JSONResponse:
    """Show a medium, also while it arrives."""
    found = place.media.find(media_id)
    if found is None:
        raise absent("There is no such medium.")
    return one(MEDIA, found[0])


@routes.get(
    "/{media_id}/thumbnail", summary="A small picture of a medium", **documented_file("image/jpeg", in_parts=True)
)
async def thumbnail(request: Request, place: Here, key: Reader, media_id: HexId, part: InRange) -> Response:
    """Give the picture, once a worker has made it."""
    return await answered(request, key, _thumbnail, place, media_id, part=part)


def _thumbnail(place: Premises, media_id: str) -> ServedFile:
    _, path = place.medium(media_id)
    picture = path.with_name(PICTURE)
    if not picture.is_file():
        raise absent("There is no small picture of it, or not yet.")
    return ServedFile(picture, "image/jpeg", {"cache-control": "private, max-age=3600"})


@routes.get(
    "/{media_id}/{name}",
    summary="The file of a medium, or ranges of it",
    **documented_file(*CONTENT_TYPES, in_parts=True),
)
async def file(
    request: Request,
    place: Here,
    key: Reader,
    *,
    media_id: HexId,
    name: str,
    part: InRange,
    download: Annotated[bool, Query()] = False,
) -> Response:
    """Give the file, in whole or in the ranges that are asked for."""
    return await answered(request, key, _file, place, media_id, name, download, part=part)


def _file(place: Premises, media_id: str, name: str, download: bool) -> ServedFile:
    record, path = place.medium(media_id)
    if name != record.name or not path.is_file():
        raise absent("There is no such file.")
    how = "attachment" if download or record.kind not in ("video", "photo") else "inline"
    called = f"{how}; filename*=utf-8''{quote(record.name)}"
    return ServedFile(path, str(record.content_type), {"content-disposition": called})


@routes.delete("/{media_id}", summary="Delete a medium and all that was made from it", **documented(gives=RECEIPT))
def remove(place: Here, key: Editor, media_id: HexId) -> JSONResponse:
    """Delete the file, the casts and shorts that were made from it, and the rows of all; the receipt says what.

    Identities that were enrolled from it are not deleted: they are the gallery's.
    """
    found = place.media.find(media_id)
    if found is None:
        raise absent("There is no such medium.")
    record, path = found
    kept = [] if record.ours else [f"{record.name} itself stays where it was: it is not the server's."]
    made = place.jobs.made_from(media_id)
    if any(job.work.startswith("gallery.") for job in made):
        kept.append("People who were enrolled from it stay in the gallery.")
    receipt = _delete(place, media_id, made, [path.parent], kept)
    place.media.forget(media_id)
    note(place, key, "delete medium", media_id)
    return one(RECEIPT, receipt)


def delete_job(place: Premises, job: JobRecord) -> DeletionReceipt:
    """Delete a job that has ended, with its results and what was made from them.

    Raises:
        InputError: If it, or one of those, has not ended.
    """
    return _delete(place, job.id, (job, *place.jobs.made_from(job.id)), [], [])


def _delete(
    place: Premises, what: str, made: Sequence[JobRecord], homes: Sequence[Path], kept: Sequence[str]
) -> DeletionReceipt:
    busy = [job for job in made if job.state not in ENDED]
    if busy:
        message = f"{busy[0].work} {busy[0].id} has not ended, and needs it."
        raise InputError(message, "Cancel that job first.", code="server.busy", status=409)
    files: list[StoredFile] = []
    for home in (*homes, *(place.results_of(job) for job in made)):
        files += [
            StoredFile(name=str(each.relative_to(place.data)), bytes=each.lstat().st_size)
            for each in sorted(home.rglob("*"))
            if each.is_symlink() or not each.is_dir()
        ]
        shutil.rmtree(home, ignore_errors=True)
        if home.exists():
            raise InputError(f"{home.name} could not be deleted.", "See who uses it.", code="server.busy", status=409)
    place.jobs.forget([job.id for job in made])
    return DeletionReceipt(
        id=what,
        jobs=tuple(job.id for job in made),
        files=tuple(files),
        bytes=sum(each.bytes for each in files),
        kept=("Copies elsewhere, such as your backups, are beyond the server's reach.", *kept),
    )
