"""The short way to what was asked for before: the key is looked up, the log written, and the answer made anew.

What routing and reading an address costs is then paid once for an address, and not again by everybody who asks.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from closeup.core.errors import CloseupError
from closeup.documents.server import KeyRecord
from closeup.server.entry import allowed, entry_of, secret_of
from closeup.server.files import ByteRange, ServedFile, file_answer, range_of
from closeup.server.together import Crowd

MOST_KNOWN, MOST_QUERY_BYTES = 1000, 500


class Known(NamedTuple):
    """How an address is answered to who may read.

    Attributes:
        make: Gives the answer from `given`, or the file that it is in whole or in part.
        noted: What is written into the log, and of what; or nothing.
    """

    make: Callable[..., Response | ServedFile]
    given: tuple[Hashable, ...]
    noted: tuple[str, str] | tuple[()] = ()

    async def answer(self, crowd: Crowd, key: KeyRecord, part: ByteRange | None) -> Response:
        """The answer, found once for all who ask for it just then; it is written down before it goes out."""
        found = await crowd.answer(self.make, *self.given)
        answer = await run_in_threadpool(file_answer, found, part) if isinstance(found, ServedFile) else found
        if self.noted:
            await crowd.notes.ask(entry_of(key, *self.noted))
        return answer


class Shortcuts:
    """An ASGI application around another, which answers all that has no short way, errors too."""

    def __init__(self, app: ASGIApp, crowd: Crowd) -> None:
        self._app, self._crowd = app, crowd
        self.known: dict[tuple[str, bytes], Known] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        answer: ASGIApp | None = None
        if scope["type"] == "http" and scope["method"] == "GET":
            scope["closeup.shortcuts"] = self
            answer = await self._answer(scope)
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        known, request = self.known.get((scope["path"], scope["query_string"])), Request(scope)
        if known is None or (given := secret_of(request)) is None:
            return None
        secret, kind = given
        try:
            key = await self._crowd.keys.ask(secret)
            if key is None or key.kind != kind or "read" not in allowed(key):
                return None
            part = await range_of(request.headers.get("range"), request.headers.get("if-range"))
            return await known.answer(self._crowd, key, part)
        except (CloseupError, OSError):
            return None

    def remember(self, path: str, query: bytes, known: Known) -> None:
        """Keep how an address is answered, unless it is a strange one."""
        if len(query) > MOST_QUERY_BYTES:
            return
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        self.known[path, query] = known


async def answered(
    request: Request,
    key: KeyRecord,
    make: Callable[..., Response | ServedFile],
    *given: Hashable,
    noted: tuple[str, str] | tuple[()] = (),
    part: ByteRange | None = None,
) -> Response:
    """What `make` answers to these arguments, for a reader; others get it by the short way from now on.

    Args:
        noted: What is written into the log before the answer goes out, and of what.
        part: Of a file, that is asked for.
    """
    known = Known(make, given, noted)
    answer = await known.answer(request.app.state.crowd, key, part)
    shortcuts: Shortcuts = request.scope["closeup.shortcuts"]
    shortcuts.remember(request.scope["path"], request.scope["query_string"], known)
    return answer
