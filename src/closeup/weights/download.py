"""Fetches one file whose length and sha256 are known beforehand: whole and right, or not at all.

The file grows beside its place and is renamed into it once its hash is right. Where the connection breaks off, it is
taken up again where it broke, if the server can do that (RFC 9110, range requests), else from the start; what remains
of a fetch that failed or was interrupted is removed.
"""

import hashlib
import http.client
import os
import re
import socket
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from closeup.core.errors import ModelError
from closeup.core.interrupts import held_back
from closeup.core.progress import Progress, ProgressCallback

TIMEOUT_S = 30.0
"""How long a server may be silent."""

ATTEMPTS = 4
"""How often a connection may break off in a row without a byte gained, the first included."""

RETRY_DELAY_S = 1.0
_CHUNK_BYTES = 1 << 18

MODELS_DIR_HINT = "Make room there, or name a folder that you may write to in CLOSEUP_MODELS_DIR."
_MIRROR_HINT = "Or name a folder or URL that has the file in CLOSEUP_MODELS_MIRROR."
_CONNECT_HINT = f"Look at your connection and try again. {_MIRROR_HINT}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched.

    Attributes:
        label: The stage that progress is told of, "Pulling".
        bytes: Its length.
        sha256: Its hash, hexadecimal.
        official: Whether it can be had from an official address as well as from a mirror.
    """

    label: str
    bytes: int
    sha256: str
    official: bool = True


class _BrokenOffError(Exception):
    """The connection ended before the file did; worth another attempt."""


def fetch(source: str | Path, target: Path, wanted: Wanted, progress: ProgressCallback) -> None:
    """Bring the file at `source`, a path or an http(s) URL, to `target`, whose folder exists or can be made.

    Raises:
        ModelError: If there is no connection, no such file, another length or hash than wanted, or no space or
            permission at the target. Then `target` is as it was before, and nothing else is left.
    """
    with _PartFile(target, wanted, progress) as part:
        failures = furthest = 0
        while part.length < wanted.bytes:
            try:
                _receive(source, part, wanted)
            except _BrokenOffError as error:
                failures = 1 if part.length > furthest else failures + 1
                furthest = max(furthest, part.length)
                if failures >= ATTEMPTS:
                    raise ModelError(
                        f"{source} broke off after {part.length} of {wanted.bytes} bytes: {error}.",
                        f"Try again later. {_MIRROR_HINT}",
                    ) from error
                time.sleep(RETRY_DELAY_S)
        part.finish(source)


def _receive(source: str | Path, part: "_PartFile", wanted: Wanted) -> None:
    """Read on from where `part` ends, until the source ends or has given more than is wanted."""
    with _open_file(source, part) if isinstance(source, Path) else _open_url(source, part, wanted) as stream:
        while chunk := _read(stream, source):
            part.write(chunk)
            if part.length > wanted.bytes:
                raise _not_the_file(source, wanted, f"more than {wanted.bytes} bytes")
    if part.length < wanted.bytes:
        if isinstance(source, Path):
            raise _not_the_file(source, wanted, f"{part.length} bytes, not {wanted.bytes}")
        raise _BrokenOffError("the connection was closed")


def _read(stream: IO[bytes] | http.client.HTTPResponse, source: str | Path) -> bytes:
    try:
        return stream.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(source, Path):
            raise ModelError(f"Cannot read {source}: {_reason(error)}.") from error
        raise _BrokenOffError(_reason(error)) from error


@contextmanager
def _open_file(source: Path, part: "_PartFile") -> Iterator[IO[bytes]]:
    """Open a file of a mirror that is a folder."""
    part.restart()
    try:
        stream = source.open("rb")
    except OSError as error:
        raise ModelError(
            f"Cannot read {source}: {_reason(error)}.", "CLOSEUP_MODELS_MIRROR names the folder to pull from."
        ) from error
    with stream:
        yield stream


@contextmanager
def _open_url(url: str, part: "_PartFile", wanted: Wanted) -> Iterator[http.client.HTTPResponse]:
    """Ask a server for what `part` lacks; a server that sends everything instead makes it start anew."""
    response = _ask(url, part.length)
    with response:
        if response.status == HTTPStatus.PARTIAL_CONTENT and not _continues(response, part.length):
            part.restart()
            raise _BrokenOffError("the server continued at another place")
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            part.restart()
        offered = response.headers.get("Content-Length")
        if offered is not None and offered.isdigit() and (total := part.length + int(offered)) != wanted.bytes:
            raise _not_the_file(url, wanted, f"{total} bytes, not {wanted.bytes}")
        yield response


def _ask(url: str, start: int) -> http.client.HTTPResponse:
    """Send the request; redirections are followed."""
    headers = {"User-Agent": "closeup", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return _ask(url, 0)
        raise _refused(url, error) from error
    except urllib.error.URLError as error:
        raise _unreachable(url, error.reason) from error
    except ConnectionError as error:  # after the connection was made: urllib wraps those of making it
        raise _BrokenOffError(_reason(error)) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise _unreachable(url, error) from error
    return response


def _continues(response: http.client.HTTPResponse, start: int) -> bool:
    """Whether a part that the server sends begins at `start`."""
    given = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return given is not None and int(given[1]) == start


def _refused(url: str, error: urllib.error.HTTPError) -> ModelError:
    message = f"{url} answered {error.code} ({error.reason})."
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelError(message, f"The server is in trouble: try again later. {_MIRROR_HINT}")
    return ModelError(message, f"The file is not there any more, or not for you: update closeup. {_MIRROR_HINT}")


def _unreachable(url: str, reason: Any) -> ModelError:
    """The error for a server that no connection could be made to."""
    if isinstance(reason, socket.gaierror):
        return ModelError(f"Cannot find the server of {url}: there is no network, or no such server.", _CONNECT_HINT)
    if isinstance(reason, TimeoutError):
        return ModelError(f"No answer within {TIMEOUT_S:g} seconds from {url}.", _CONNECT_HINT)
    if isinstance(reason, ssl.SSLError):
        return ModelError(f"The connection is not safe, so nothing was fetched from {url}: {reason}.", _CONNECT_HINT)
    return ModelError(f"Cannot reach {url}: {_reason(reason)}.", _CONNECT_HINT)


def _not_the_file(source: str | Path, wanted: Wanted, found: str) -> ModelError:
    other = (
        "Pull from the official source (unset CLOSEUP_MODELS_MIRROR)"
        if wanted.official
        else "Name another folder or URL in CLOSEUP_MODELS_MIRROR"
    )
    return ModelError(
        f"{source} is not the file that closeup knows: it has {found}.",
        f"Nothing was kept. {other}, or update closeup.",
    )


def _reason(error: object) -> str:
    """The system's words for what went wrong."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


class _PartFile:
    """The file while it grows, beside its place; made with the first byte, gone at the end of the block."""

    def __init__(self, target: Path, wanted: Wanted, progress: ProgressCallback) -> None:
        self._target = target
        self._wanted = wanted
        self._progress = progress
        self._file: IO[bytes] | None = None
        self._path: Path | None = None
        self._hash = hashlib.sha256()
        self.length = 0

    def __enter__(self) -> "_PartFile":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._file is not None:
                self._file.close()
        except OSError:
            pass  # A full disk is told at closing once more; it has been told, and the file goes anyway.
        finally:
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Add `chunk`."""
        try:
            if self._file is None:
                self._create()
            assert self._file is not None
            self._file.write(chunk)
        except OSError as error:
            raise self._unwritable(error) from error
        self._hash.update(chunk)
        self.length += len(chunk)
        self._progress(Progress(self._wanted.label, self.length, self._wanted.bytes, "bytes"))

    def restart(self) -> None:
        """Forget what is there."""
        self._hash = hashlib.sha256()
        self.length = 0
        try:
            if self._file is not None:
                self._file.seek(0)
        except OSError as error:
            raise self._unwritable(error) from error

    def finish(self, source: str | Path) -> None:
        """Check the hash and rename the file into its place."""
        if (found := self._hash.hexdigest()) != self._wanted.sha256:
            raise _not_the_file(source, self._wanted, f"the sha256 {found}, not {self._wanted.sha256}")
        assert self._file is not None
        assert self._path is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.chmod(0o644)
            self._path.replace(self._target)
        except OSError as error:
            raise self._unwritable(error) from error

    def _create(self) -> None:
        folder = self._target.parent
        folder.mkdir(parents=True, exist_ok=True)
        with held_back():
            handle, name = tempfile.mkstemp(prefix=f".{self._target.name}.", suffix=".part", dir=folder)
            self._path = Path(name)
            self._file = os.fdopen(handle, "wb")

    def _unwritable(self, error: OSError) -> ModelError:
        return ModelError(
            f"Cannot write to the models folder {self._target.parent}: {_reason(error)}.", MODELS_DIR_HINT
        )
