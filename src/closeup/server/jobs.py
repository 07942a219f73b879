"""Jobs: asked for, looked at, cancelled, and followed as they go."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Security
from fastapi.responses import JSONResponse, Response, StreamingResponse

from closeup.core.errors import CloseupError, InputError, StorageError
from closeup.documents.form import parse_json
from closeup.documents.jobs import ENDED, JOB, JobRecord, JobState
from closeup.documents.server import RECEIPT, KeyRecord
from closeup.server.casts import kept_questions, kept_view
from closeup.server.entry import (
    Editor,
    Here,
    HexId,
    Limit,
    Number,
    Reader,
    allowed,
    body,
    documented,
    documented_file,
    key_of,
    note,
    one,
)
from closeup.server.media import delete_job
from closeup.server.offer import CASTS, Offer
from closeup.server.offers import OFFERS
from closeup.server.premises import Premises, absent
from closeup.server.shortcuts import answered

routes = APIRouter(prefix="/jobs", tags=["jobs"])

POLL_S = 0.3
PULSE_S = 15.0
"""A stream shows life so often, and ends where its key counts no more."""

MOST_STREAMS = 200
KEPT = 500
MOST_WAITING = 1000

Priority = Annotated[int, Query(ge=-10, le=10, description="Higher ones are done first.")]


@routes.get("", summary="List the jobs, newest first", **documented(gives=JOB, many=True))
async def list_jobs(
    request: Request,
    place: Here,
    key: Reader,
    *,
    limit: Limit = 100,
    below: Number = None,
    work: Annotated[list[str] | None, Query(max_length=50)] = None,
    state: Annotated[list[JobState] | None, Query(max_length=50)] = None,
) -> Response:
    """List jobs; `next` is for `below` of the next page. Small pictures are made without being listed."""
    return await answered(request, key, _page, place, limit, below, tuple(work or OFFERS), tuple(state or ()))


def _page(
    place: Premises, limit: int, below: int | None, works: tuple[str, ...], states: tuple[JobState, ...]
) -> JSONResponse:
    found = place.jobs.page(limit, before=below, works=works, states=states)
    after = found[-1].number if len(found) == limit else None
    return JSONResponse({"items": [_data(job) for job in found], "next": after})


_seen: dict[tuple[str, int], dict[str, Any]] = {}


def _data(job: JobRecord) -> dict[str, Any]:
    """A job as JSON values; one that has not changed is not made into them twice."""
    stamp = (job.id, job.changed)
    if stamp not in _seen:
        if len(_seen) > 2000:
            _seen.clear()
        _seen[stamp] = JOB.to_data(job)
    return _seen[stamp]


@routes.get("/{job_id}", summary="One job", **documented(gives=JOB))
def show(place: Here, key: Reader, job_id: HexId) -> JSONResponse:
    """Show how a job stands."""
    return one(JOB, place.job(job_id))


@routes.post("/{job_id}/cancel", summary="Ask a job to stop", **documented(gives=JOB))
def cancel(place: Here, key: Editor, job_id: HexId) -> JSONResponse:
    """Ask a job to stop, which it does within two seconds; one that has ended stays as it is."""
    place.job(job_id)
    note(place, key, "cancel", job_id)
    return one(JOB, place.jobs.cancel(job_id))


@routes.post("/{job_id}/retry", summary="Ask for the same again", **documented(gives=JOB, status=201))
def retry(place: Here, key: Reader, job_id: HexId) -> JSONResponse:
    """Ask for what a job that has ended was to do, as a new job; it needs the scope that the work needs."""
    old = place.job(job_id)
    offer = OFFERS.get(old.work)
    if offer is None:
        raise absent("There is no such job.")
    if offer.scope not in allowed(key):
        raise InputError(f"This needs the scope {offer.scope}.", code="server.scope", status=403)
    if old.state not in ENDED:
        raise InputError("That job has not ended.", "Cancel it first.", code="server.busy", status=409)
    job = _submitted(place, key, offer, (parse_json(old.arguments.encode()), old.uses), old.priority)
    return one(JOB, job, 201)


def _submitted(
    place: Premises, key: KeyRecord, offer: Offer, asked: tuple[dict[str, Any], Collection[str]], priority: int
) -> JobRecord:
    """Ask for work by its arguments and what it uses."""
    if place.jobs.count("waiting") >= MOST_WAITING:
        raise InputError("Too many jobs wait already.", "Wait, or cancel some.", code="server.busy", status=429)
    job = place.submit(offer.name, *asked, asked_by=key.id, priority=priority)
    note(place, key, offer.name, job.id)
    return job


@routes.delete("/{job_id}", summary="Delete a job and its results", **documented(gives=RECEIPT))
def remove(place: Here, key: Editor, job_id: HexId) -> JSONResponse:
    """Delete a job that has ended, its cast, shorts or other results, and what was made from them."""
    receipt = delete_job(place, place.job(job_id))
    note(place, key, "delete result", job_id)
    return one(RECEIPT, receipt)


def _asks(offer: Offer) -> Callable[..., JSONResponse]:
    """The endpoint that asks for one kind of work."""

    def ask(
        request: Request,
        place: Here,
        key: Annotated[KeyRecord, Security(key_of, scopes=[offer.scope])],
        given: Annotated[Any, body(offer.form)],
        priority: Priority = 0,
    ) -> JSONResponse:
        data = parse_json(request._body)  # it was read, and found to be JSON
        by_admin = "admin" in key.scopes
        return one(
            JOB, _submitted(place, key, offer, offer.arguments(place, given, data, by_admin=by_admin), priority), 201
        )

    return ask


for _offer in OFFERS.values():
    _told = documented(_offer.schema(), JOB, status=201)
    routes.post(f"/{_offer.name}", summary=_offer.says, name=_offer.name, **_told)(_asks(_offer))


class News:
    """Changes of jobs, read once for all who follow them."""

    def __init__(self, place: Premises) -> None:
        self._place = place
        self._kept: deque[tuple[int, str, bytes]] = deque(maxlen=KEPT)
        self._count, self._since = 0, 0
        self._news = asyncio.Event()
        self.streams, self.closed = 0, False

    async def run(self) -> None:
        """Look for changes until cancelled; none is missed, for they are counted as they are stored."""
        self._count = self._since = await asyncio.to_thread(self._place.jobs.changes)
        while True:
            await asyncio.sleep(POLL_S)
            if self.streams:
                with suppress(StorageError):  # it is asked again
                    found = await asyncio.to_thread(self._place.jobs.changed_since, self._count)
                    self._add(found)
                    asyncio.get_running_loop().run_in_executor(None, self._prepare, found)  # nobody waits for it

    def _prepare(self, found: tuple[JobRecord, ...]) -> None:
        """Work out how casts that are new are shown, before somebody opens them."""
        for job in found:
            if job.work in CASTS and job.state == "done":
                with suppress(CloseupError, OSError):  # who opens it is told
                    kept_view(self._place, job)
                    kept_questions(self._place, job)

    def _add(self, found: tuple[JobRecord, ...]) -> None:
        for job in found:
            if len(self._kept) == KEPT:
                self._since = self._kept[0][0]
            self._kept.append((job.changed, job.id, _event(job)))
            self._count = job.changed
        if found:
            self._news.set()
            self._news = asyncio.Event()

    async def since(self, count: int) -> list[tuple[int, str, bytes]]:
        """What has changed after `count`: at once where there is something, else after a while, perhaps nothing."""
        if count < self._since:
            found = await asyncio.to_thread(self._place.jobs.changed_since, count)
            return [(job.changed, job.id, _event(job)) for job in found]
        if not (new := [each for each in self._kept if each[0] > count]):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 1.0)
            new = [each for each in self._kept if each[0] > count]
        return new


def _event(job: JobRecord) -> bytes:
    return b"id: %d\nevent: job\ndata: %s\n" % (job.changed, JOB.encode(job)) + b"\n"


events = APIRouter(tags=["jobs"])


@events.get("/events", summary="Follow the jobs as server-sent events", **documented_file("text/event-stream"))
async def follow(
    request: Request,
    key: Reader,
    last: Annotated[str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,15}$")] = None,
    job: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None,
) -> StreamingResponse:
    """Send each job as it changes, from now on or from the last event that was seen; with `job` that one's only."""
    news: News = request.app.state.news
    if news.streams >= MOST_STREAMS:
        raise InputError("Too many follow the jobs.", "Close some pages.", code="server.busy", status=429)
    place: Premises = request.app.state.place
    count = int(last) if last is not None else await asyncio.to_thread(place.jobs.changes)
    secret = request.cookies.get("closeup_session") or request.headers["authorization"].partition(" ")[2]

    async def stream() -> AsyncIterator[bytes]:
        seen, shown_s = count, time.monotonic()
        news.streams += 1
        try:
            yield b"retry: 2000\n\n"
            while not news.closed:
                for changed, job_id, event in await news.since(seen):
                    seen = changed
                    if job in (None, job_id):
                        yield event
                if time.monotonic() - shown_s > PULSE_S:
                    shown_s = time.monotonic()
                    if await asyncio.to_thread(place.access.find, secret) is None:
                        return
                    yield b": still here\n\n"
        finally:
            news.streams -= 1

    return StreamingResponse(stream(), media_type="text/event-stream")
