"""Fetches one file whose length and sha256 are known beforehand: whole and right, or not at all.

The content is held in memory until its hash is right (the largest of our files has 40 MB), then written beside its
place and renamed into it. A connection that breaks off is an error: fetching such files anew takes a minute.
"""

import hashlib
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from closeup.core.errors import ModelError, OutputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.whole import write_whole

TIMEOUT_S = 30.0
"""How long a server may be silent."""

_CHUNK_BYTES = 1 << 18

MODELS_DIR_HINT = "Make room there, or name a folder that you may write to in CLOSEUP_MODELS_DIR."
_MIRROR_HINT = "Or name a folder or URL that has the file in CLOSEUP_MODELS_MIRROR."
_CONNECT_HINT = f"Look at your connection and try again. {_MIRROR_HINT}"


def fetch(
    source: str | Path, target: Path, progress: ProgressCallback, *, size: int, sha256: str, official: bool = True
) -> None:
    """Bring the file at `source`, a path or an http(s) URL, to `target`, whose folder exists or can be made.

    Args:
        size: Its length in bytes.
        official: Whether it can be had from an official address as well as from a mirror.

    Raises:
        ModelError: If there is no connection, no such file, another length or hash than wanted, or no space or
            permission at the target. Then `target` is as it was before, and nothing else is left.
    """
    content = bytearray()
    for chunk in _file_chunks(source) if isinstance(source, Path) else _url_chunks(source, size, official=official):
        content += chunk
        if len(content) > size:
            raise _not_the_file(source, f"more than {size} bytes", official=official)
        progress(Progress("Pulling", len(content), size, "bytes"))
    if len(content) != size:
        raise _not_the_file(source, f"{len(content)} bytes, not {size}", official=official)
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise _not_the_file(source, f"the sha256 {found}, not {sha256}", official=official)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, bytes(content))
    except OSError as error:
        message = f"Cannot write to the models folder {target.parent}: {_reason(error)}."
        raise ModelError(message, MODELS_DIR_HINT) from error
    except OutputError as error:
        raise ModelError(error.message, MODELS_DIR_HINT) from error


def _file_chunks(source: Path) -> Iterator[bytes]:
    """The content of a file of a mirror that is a folder."""
    try:
        with source.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        hint = "CLOSEUP_MODELS_MIRROR names the folder to pull from."
        raise ModelError(f"Cannot read {source}: {_reason(error)}.", hint) from error


def _url_chunks(url: str, size: int, *, official: bool) -> Iterator[bytes]:
    """What a server answers; redirections are followed."""
    done = 0
    with _open_url(url) as response:
        offered = response.headers.get("Content-Length")
        if offered is not None and offered.isdigit() and int(offered) != size:
            raise _not_the_file(url, f"{offered} bytes, not {size}", official=official)
        try:
            while chunk := response.read(_CHUNK_BYTES):
                done += len(chunk)
                yield chunk
            broken = "the connection was closed" if done < size else ""
        except (OSError, http.client.HTTPException) as error:
            broken = _reason(error)
    if broken:
        message = f"{url} broke off after {done} of {size} bytes: {broken}."
        raise ModelError(message, f"Try again. {_MIRROR_HINT}")


def _open_url(url: str) -> http.client.HTTPResponse:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "closeup", "Accept-Encoding": "identity"})
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(url, error) from error
    except urllib.error.URLError as error:
        raise _unreachable(url, error.reason) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise _unreachable(url, error) from error
    return response


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


def _not_the_file(source: str | Path, found: str, *, official: bool) -> ModelError:
    other = (
        "Pull from the official source (unset CLOSEUP_MODELS_MIRROR)"
        if official
        else "Name another folder or URL in CLOSEUP_MODELS_MIRROR"
    )
    return ModelError(
        f"{source} is not the file that closeup knows: it has {found}.",
        f"Nothing was kept. {other}, or update closeup.",
    )


def _reason(error: object) -> str:
    """The system's words for what went wrong."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
