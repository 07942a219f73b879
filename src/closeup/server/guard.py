"""What every request passes before anything reads it, and every answer on its way out.

A request has to be addressed to a host that is ours, which keeps other people's names from being pointed at this
machine (DNS rebinding); what changes something has to come from a page of ours or from no browser; bodies are limited
in size and in time; and one address gets so many answers a second.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from closeup.server.premises import Doors

MOST_BODY_BYTES = 1_000_000
CHUNK_S = 30.0
"""So long a body may pause."""

BODY_S = 60.0
"""So long a body may take, uploads aside."""

RATE_HZ, BURST = 100.0, 1000.0
"""Requests of one address, and how many at once after a pause."""

BUCKETS_S = (0.01, 0.05, 0.1, 0.3, 1.0, 5.0)

COOKIE = "closeup_session"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=()",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}

_ALWAYS = [(name.encode(), value.encode()) for name, value in (*HEADERS.items(), ("content-security-policy", POLICY))]
"""What an answer says where it says nothing else, as ASGI has it."""


class Rates:
    """A bucket of requests for each address, which fills again at a rate; the oldest of many are forgotten."""

    MOST = 10_000

    def __init__(self, rate_hz: float, burst: float) -> None:
        self._rate_hz, self._burst = rate_hz, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> bool:
        """Take one, and say whether there was one."""
        now_s = time.monotonic()
        left, since_s = self._left.pop(who, (self._burst, now_s))
        left = min(self._burst, left + (now_s - since_s) * self._rate_hz)
        self._left[who] = (left - 1 if left >= 1 else left, now_s)
        if len(self._left) > self.MOST:
            self._left.popitem(last=False)
        return left >= 1


class Metrics:
    """Counts of requests and their times, as Prometheus reads them."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self._times: Counter[float] = Counter()
        self._total_s, self._count = 0.0, 0

    def add(self, method: str, status: int, took_s: float) -> None:
        """Count an answer, and the time until it began."""
        self.requests[method if method in _METHODS else "OTHER", status] += 1
        self._count, self._total_s = self._count + 1, self._total_s + took_s
        for bound_s in BUCKETS_S:
            self._times[bound_s] += took_s <= bound_s

    def lines(self) -> list[str]:
        """The lines of its metrics."""
        head = "closeup_request_duration_seconds"
        lines = ["# TYPE closeup_requests_total counter"]
        for (method, status), count in sorted(self.requests.items()):
            lines.append(f'closeup_requests_total{{method="{method}",status="{status}"}} {count}')
        lines.append(f"# TYPE {head} histogram")
        lines += [f'{head}_bucket{{le="{bound_s:g}"}} {self._times[bound_s]}' for bound_s in BUCKETS_S]
        return [
            *lines,
            f'{head}_bucket{{le="+Inf"}} {self._count}',
            f"{head}_sum {self._total_s:.6f}",
            f"{head}_count {self._count}",
        ]


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, doors: Doors, metrics: Metrics) -> None:
        self._app, self._doors, self._metrics = app, doors, metrics
        self._rates = Rates(RATE_HZ, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began_s = time.monotonic()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.add(scope["method"], message["status"], time.monotonic() - began_s)
                said = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in _ALWAYS if each[0] not in said)]
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, answer)
            return
        await self._app(scope, _Limited(scope, receive), answer)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        headers, client = Headers(scope=scope), scope.get("client") or ("", 0)
        if not self._rates.take(client[0]):
            return refusal(429, "Too many requests come from this address.", "Wait a little.", "server.rate")
        if headers.get("host", "").lower() not in self._doors.hosts or len(headers.getlist("host")) != 1:
            return refusal(
                421, "This server is not called that.", "Name its address when it is started.", "server.host"
            )
        if scope["method"] in _SAFE:
            return None
        origin = headers.get("origin")
        by_cookie = "authorization" not in headers and COOKIE in headers.get("cookie", "")
        if origin not in self._doors.origins and (origin is not None or by_cookie):
            return refusal(403, "That comes from a page of another site.", "", "server.origin")
        announced = headers.get("content-length", "0")
        if not announced.isdigit() or (int(announced) > MOST_BODY_BYTES and not _is_upload(scope)):
            return refusal(413, f"A request may have {MOST_BODY_BYTES} bytes.", "", "server.large")
        return None


class _Limited:
    """A body that is read in time, and not beyond its size."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive, self._left = receive, MOST_BODY_BYTES
        self._upload = _is_upload(scope)
        self._until_s = time.monotonic() + BODY_S
        self._whole = False

    async def __call__(self) -> Message:
        """The next message."""
        if self._whole:
            return await self._receive()
        wait_s = CHUNK_S if self._upload else min(CHUNK_S, max(0.0, self._until_s - time.monotonic()))
        try:
            message = await asyncio.wait_for(self._receive(), wait_s)
        except TimeoutError:
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._left -= 0 if self._upload else len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._left < 0:
                return {"type": "http.disconnect"}
        return message


def _is_upload(scope: Scope) -> bool:
    return scope["method"] == "PATCH" and str(scope["path"]).startswith("/uploads/")


def refusal(status: int, error: str, hint: str, code: str, **headers: str) -> JSONResponse:
    """An answer that says what is wrong."""
    content: dict[str, Any] = {"error": error, "hint": hint, "code": code}
    return JSONResponse(content, status, headers)
