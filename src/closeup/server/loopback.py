"""A small web server for one page on this machine: for whoever sits before it, and for nobody else.

It listens on 127.0.0.1 alone, and answers only who came by the link that was printed: the link's token works once and
leaves a cookie. Other sites cannot reach it: the address a browser asked for must be its own (DNS rebinding), and so
must the page that sends something (cross-site requests). There are no folders to list, and no path of a request
reaches the file system: what is served is looked up by its whole name.
"""

import logging
import mimetypes
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

from closeup.core.errors import CloseupError, InputError

_LOG = logging.getLogger("closeup.server")

Finder = Callable[[str], bytes | Path | None]
"""Gives what an address such as "/models/detector.onnx" stands for: the content itself or a file; None for nothing."""

Receiver = Callable[[str, BinaryIO, int], bytes | None]
"""Takes what was sent to an address, so many bytes, and gives the answer, JSON; None where nothing is taken there."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".mkv": "video/x-matroska"}
"""What Python does not name everywhere."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def built_files(page: str) -> dict[str, Path]:
    """The files of the pages that are built from studio/, by their addresses.

    Args:
        page: The address of the page that is wanted, "/act-live.html".

    Raises:
        InputError: If it is not there.
    """
    folder = Path(str(resources.files("closeup"))) / "server" / "static"
    found = {f"/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*") if path.is_file()}
    if page not in found:
        raise InputError("This closeup came without its page, which is built from its sources.", code="page.absent")
    return found


class LoopbackServer(ThreadingHTTPServer):
    """Serves one page; a context manager, and `serve_forever` runs until `shutdown` or an interruption.

    Attributes:
        link: What a person opens in a browser, once.
    """

    daemon_threads = True

    def __init__(self, page: Path, find: Finder, receive: Receiver, *, most_bytes: int, port: int = 0) -> None:
        """Listen.

        Args:
            page: The HTML file at "/".
            find: What else there is.
            receive: Takes what is posted.
            most_bytes: What a post may hold.
            port: 0 takes a free one.

        Raises:
            OSError: If the port is taken.
        """
        super().__init__(("127.0.0.1", port), _Handler)
        self.page, self.find, self.receive, self.most_bytes = page, find, receive, most_bytes
        self.names = tuple(f"{host}:{self.server_port}" for host in ("127.0.0.1", "localhost"))
        self.cookie = f"closeup_{self.server_port}"  # cookies know no ports
        self._token, self._session = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.link = f"http://{self.names[0]}/?token={self._token}"

    def admit(self, token: str) -> str | None:
        """The session's secret for the token of the link, the first time that it is used; None else."""
        if not (self._token and secrets.compare_digest(token.encode(), self._token.encode())):
            return None
        self._token = ""
        return self._session

    def knows(self, secret: str) -> bool:
        """Whether a cookie's value is the session's secret."""
        return secrets.compare_digest(secret.encode(), self._session.encode())


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "closeup", ""
    timeout = 60

    def do_GET(self) -> None:  # the name is http.server's
        """Answer with the page, or with what its address stands for."""
        address = urlsplit(self.path)
        if not self._is_own_address():
            return
        if not self._is_admitted():
            session = self.server.admit(parse_qs(address.query).get("token", [""])[0])
            if session is None or address.path != "/":
                self._refuse(
                    HTTPStatus.FORBIDDEN,
                    "Open the link that the command printed. It works once; type the command anew for another.",
                )
            else:  # the page itself, not a redirection: a cookie that was just set is not always sent along with one
                cookie = f"{self.server.cookie}={session}; HttpOnly; SameSite=Strict; Path=/"
                self._send_file(self.server.page, {"Set-Cookie": cookie, "Cache-Control": "no-store"})
            return
        try:
            found = self.server.page if address.path == "/" else self.server.find(address.path)
        except CloseupError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error.message} {error.hint}")
            return
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        elif isinstance(found, bytes):
            self._send(BytesIO(found), len(found), self._type_of(address.path), {"Cache-Control": "no-store"})
        else:
            lasting = address.path.startswith("/assets/")  # their names change with what they hold
            self._send_file(found, {"Cache-Control": "max-age=31536000, immutable" if lasting else "no-store"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Take what the page sends."""
        if not self._is_own_address():
            return
        length = self.headers.get("Content-Length", "")
        if not self._is_admitted() or urlsplit(self.headers.get("Origin", "")).netloc not in self.server.names:
            self._refuse(HTTPStatus.FORBIDDEN, "Only the page itself may send something.")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Say how long it is.")
        elif int(length) > self.server.most_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"More than {self.server.most_bytes >> 20} MB.")
        else:
            self._receive(int(length))

    def _receive(self, length: int) -> None:
        try:
            answer = self.server.receive(urlsplit(self.path).path, cast(BinaryIO, self.rfile), length)
        except CloseupError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error.message} {error.hint}".strip())
        except OSError as error:  # it broke off, or the disk is full
            _LOG.warning("%s: %s", self.path, error)
            self._refuse(HTTPStatus.BAD_REQUEST, "It did not arrive whole.")
        else:
            if answer is None:
                self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
            else:
                self._send(BytesIO(answer), len(answer), "application/json", {"Cache-Control": "no-store"})

    def _is_own_address(self) -> bool:
        """Whether the browser asked for this machine by its own name; else answers, and says what to do."""
        if self.headers.get("Host", "") in self.server.names:
            return True
        self._refuse(
            HTTPStatus.MISDIRECTED_REQUEST,
            "This page is for this machine alone, and browsers give a camera to no page that comes over a network "
            f"without encryption: open it at http://{self.server.names[0]}.",
        )
        return False

    def _is_admitted(self) -> bool:
        cookies = SimpleCookie()
        with suppress(CookieError):
            cookies.load(self.headers.get("Cookie", ""))
        held = cookies.get(self.server.cookie)
        return held is not None and self.server.knows(held.value)

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        """Answer with a sentence; what else was sent is not read, so the connection ends."""
        self.close_connection = True
        content = words.strip().encode()
        self._send(BytesIO(content), len(content), "text/plain; charset=utf-8", {"Connection": "close"}, status)

    def _send_file(self, path: Path, headers: dict[str, str]) -> None:
        """Send a file, or the part of it that was asked for."""
        try:
            file = path.open("rb")
        except OSError:
            self._refuse(HTTPStatus.NOT_FOUND, "It is not there any more.")
            return
        with file:
            size = path.stat().st_size
            headers |= {"Accept-Ranges": "bytes"}
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            if asked is None or asked[0] == "bytes=-":
                self._send(file, size, self._type_of(path.name), headers)
                return
            first, last = part_of(asked[1], asked[2], size)
            if first >= size or first > last:
                self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"It has {size} bytes.")
                return
            file.seek(first)
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            self._send(file, last - first + 1, self._type_of(path.name), headers, HTTPStatus.PARTIAL_CONTENT)

    def _send(
        self, content: BinaryIO, length: int, kind: str, headers: dict[str, str], status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        with suppress(ConnectionError, TimeoutError):  # a player that seeks hangs up
            while length > 0 and (block := content.read(min(length, 1 << 18))):
                self.wfile.write(block)
                length -= len(block)

    @staticmethod
    def _type_of(name: str) -> str:
        suffix = Path(name).suffix.lower()
        return TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"

    def log_message(self, format: str, *arguments: object) -> None:  # http.server's
        """Keep the terminal for the command's own words."""
        _LOG.debug(format, *arguments)


def part_of(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte of a range of a file, as "-500", "500-" or "500-900" ask for it."""
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
