"""Uploads that go on after a cut: tus 1.0 (https://tus.io/protocols/resumable-upload), its core and some extensions.

The file is the truth: how much has arrived is its size, so that a killed server knows on its next start what it has.
Bytes go to the place where the file stays, and until its row says of what kind it is, no other endpoint knows it.
"""

import asyncio
import base64
import binascii
import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.requests import ClientDisconnect

from closeup.core.errors import InputError
from closeup.documents.server import MediaRecord
from closeup.media.video import hash_file
from closeup.server.entry import Editor, Here, HexId, documented, note
from closeup.server.premises import Premises, absent, to_medium
from closeup.server.sniff import clean_name, content_type_of, kind_of_name, sniffed_kind

LIVES = timedelta(hours=24)
"""An upload that is not whole by then is deleted."""

WRITE_BYTES = 1 << 20
VERSION = "1.0.0"
_BASIC = {"tus-resumable": VERSION}

routes = APIRouter(prefix="/uploads", tags=["uploads"])
_busy: set[str] = set()
_quota = threading.Lock()


class UploadError(InputError):
    """An upload does not go as the protocol has it."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint, code="server.upload", status=status, headers=_BASIC)


@routes.options("", summary="What uploads may be", include_in_schema=False)
def capabilities(place: Here) -> Response:
    """Say what this server knows of the protocol."""
    known = {"tus-version": VERSION, "tus-extension": "creation,expiration,termination,checksum"}
    return Response(None, 204, _BASIC | known | {"tus-checksum-algorithm": "sha256"})


Resumable = Annotated[str | None, Header(alias="Tus-Resumable")]


@routes.post("", summary="Begin an upload", **documented(status=201))
def begin(
    place: Here,
    key: Editor,
    version: Resumable = None,
    size: Annotated[str | None, Header(alias="Upload-Length")] = None,
    about: Annotated[str, Header(alias="Upload-Metadata", max_length=4096)] = "",
) -> Response:
    """Announce a file of `Upload-Length` bytes; `Upload-Metadata` has its filename. Answers with its Location."""
    _check(version)
    if size is None or not (size.isascii() and size.isdigit() and 0 < int(size) < 2**53):
        raise UploadError(400, "Upload-Length must be a whole number from 1 up.")
    name = clean_name(_metadata(about).get("filename", ""))
    if kind_of_name(name) is None:
        raise UploadError(415, f"{name} is called like no video, photo, zip file, captions, text or table.")
    with _quota:
        if int(size) > place.free_bytes():
            raise UploadError(413, f"There is no room for {int(size)} bytes.", "Delete something first.")
        expires = datetime.now(UTC) + LIVES
        record = place.media.announce(name, int(size), expires_at=expires, added_by=key.id)
    (place.media.home / record.id).mkdir(parents=True, exist_ok=True, mode=0o700)
    note(place, key, "upload", record.id)
    return Response(None, 201, _BASIC | {"location": f"/uploads/{record.id}"} | _expiry(record))


@routes.head("/{upload_id}", summary="How much of an upload has arrived", **documented())
def offset(place: Here, key: Editor, upload_id: HexId, version: Resumable = None) -> Response:
    """Say where to go on."""
    _check(version)
    record, path = _found(place, upload_id)
    if record.kind is None and record.arrived >= record.bytes:  # the server was killed before it could say so
        finish(place, record, path)
    heads = {"upload-offset": str(record.arrived), "upload-length": str(record.bytes), "cache-control": "no-store"}
    return Response(None, 200, _BASIC | heads | _expiry(record))


@routes.patch("/{upload_id}", summary="Go on with an upload", **documented(status=204))
async def go_on(request: Request, place: Here, key: Editor, upload_id: HexId, version: Resumable = None) -> Response:
    """Add the body's bytes at `Upload-Offset`, which is where the last ones ended."""
    _check(version)
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise UploadError(415, "Bytes come as application/offset+octet-stream.")
    wanted, at = _checksum(request.headers.get("upload-checksum")), request.headers.get("upload-offset")
    if upload_id in _busy:
        raise UploadError(423, "Bytes of this upload are on their way already.")
    _busy.add(upload_id)
    try:
        record, path = await asyncio.to_thread(_found, place, upload_id)
        if record.kind is not None or at != str(record.arrived):
            raise UploadError(409, f"The upload goes on at {record.arrived}.")
        arrived = await _received(request, record, path, wanted)
        if arrived == record.bytes:
            await asyncio.to_thread(finish, place, record, path)
    except ClientDisconnect:
        raise UploadError(400, "The connection was cut; what has arrived is kept.") from None
    finally:
        _busy.discard(upload_id)
    return Response(None, 204, _BASIC | {"upload-offset": str(arrived)} | _expiry(record))


@routes.delete("/{upload_id}", summary="Give an upload up", **documented(status=204))
def give_up(place: Here, key: Editor, upload_id: HexId, version: Resumable = None) -> Response:
    """Delete what has arrived of an upload that is not whole."""
    _check(version)
    record, path = _found(place, upload_id)
    if record.kind is not None:
        raise UploadError(409, "It has arrived whole.", "Delete it as a medium.")
    if upload_id in _busy:
        raise UploadError(423, "Bytes of this upload are on their way.")
    drop(place, upload_id, path)
    return Response(None, 204, _BASIC)


async def _received(request: Request, record: MediaRecord, path: Path, wanted: bytes | None) -> int:
    """Write a body to the end of a file; gives the file's size.

    Whole blocks are kept when the connection is cut; with a checksum nothing is unless all of it is right.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    size, digest, kept = record.arrived, hashlib.sha256(), False
    try:
        waiting = bytearray()
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > record.bytes:
                    raise UploadError(413, f"That is more than the {record.bytes} bytes that were announced.")
                waiting += chunk
                if len(waiting) >= WRITE_BYTES:
                    digest.update(waiting)
                    await asyncio.to_thread(_write, handle, bytes(waiting))
                    waiting.clear()
        finally:
            digest.update(waiting)
            _write(handle, bytes(waiting))
        if wanted is not None and digest.digest() != wanted:
            raise UploadError(460, "The checksum is another: the bytes were changed on their way.", "Send them again.")
        kept = True
        await asyncio.to_thread(os.fsync, handle)
    finally:
        if not kept and (wanted is not None or size > record.bytes):
            os.ftruncate(handle, record.arrived)
        os.close(handle)
    return size


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def finish(place: Premises, record: MediaRecord, path: Path) -> None:
    """Make a medium of an upload that is whole, or delete it where it is not what its name says.

    Raises:
        UploadError: If it is deleted.
    """
    kind = sniffed_kind(path)
    if kind is None or kind != kind_of_name(record.name):
        drop(place, record.id, path)
        raise UploadError(415, f"{record.name} is not what its name says, by what is in it. It was deleted.")
    place.media.complete(record.id, kind, content_type_of(path), hash_file(path))
    add_thumbnail(place, record, kind)


def add_thumbnail(place: Premises, record: MediaRecord, kind: str) -> None:
    """Let a worker make the small picture of a medium: files of others are not decoded in this process."""
    if kind in ("video", "photo"):
        arguments = {"source": to_medium(record), "output": f"../../media/{record.id}/{PICTURE}"}
        place.submit(THUMBNAIL, arguments, [record.id], asked_by=None, priority=5)


THUMBNAIL = "media.thumbnail"

PICTURE = ".thumbnail.jpg"


def sweep(place: Premises) -> None:
    """Delete uploads that were given up."""
    for media_id in place.media.expired():
        found = place.media.find(media_id)
        if found is not None and media_id not in _busy:
            drop(place, media_id, found[1])


def drop(place: Premises, media_id: str, path: Path) -> None:
    """Delete an upload: the file first, so that no file is left without a row."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and path.parent.name == media_id:
        path.parent.rmdir()
    place.media.forget(media_id)


def _found(place: Premises, upload_id: str) -> tuple[MediaRecord, Path]:
    found = place.media.find(upload_id)
    if found is None or not found[0].ours:
        raise absent("There is no such upload.")
    return found


def _check(version: str | None) -> None:
    if version != VERSION:
        raise UploadError(412, f"This server speaks tus {VERSION}.")


def _expiry(record: MediaRecord) -> dict[str, str]:
    return {} if record.expires_at is None else {"upload-expires": format_datetime(record.expires_at, usegmt=True)}


def _metadata(about: str) -> dict[str, str]:
    """The pairs of Upload-Metadata: names and base64 texts."""
    pairs = {}
    for pair in filter(None, map(str.strip, about.split(","))):
        name, _, value = pair.partition(" ")
        try:
            pairs[name] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UploadError(400, "Upload-Metadata must be names and base64 of UTF-8 text.") from error
    return pairs


def _checksum(given: str | None) -> bytes | None:
    if given is None:
        return None
    kind, _, value = given.partition(" ")
    try:
        wanted = base64.b64decode(value, validate=True)
    except binascii.Error:
        wanted = b""
    if kind != "sha256" or len(wanted) != 32:
        raise UploadError(400, "Upload-Checksum must be sha256 and its base64.")
    return wanted
