"""The application: all endpoints behind the guard."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from closeup import __version__
from closeup.core.errors import CloseupError, FormatError, InputError, OutputError
from closeup.server import casts, gallery, jobs, keys, media, pages, plans, runs, uploads
from closeup.server.guard import Guard, Metrics, refusal
from closeup.server.premises import Premises
from closeup.server.shortcuts import Shortcuts
from closeup.server.together import Crowd
from closeup.server.watching import Watcher
from closeup.server.webhooks import Webhooks

SWEEP_S = 600.0
THREADS = 8
"""Requests that are answered at once in threads: with more they wait for each other's turns at the interpreter."""

_STATUS = {"cast.absent": 404, "cast.person": 404, "gallery.unknown": 404, "gallery.taken": 409, "cast.apart": 409}
_SCHEMAS = "#/components/schemas/"


def make_app(place: Premises, webhooks: Sequence[str] = (), watched: Sequence[Path] = ()) -> ASGIApp:
    """The application of a server; the place stays its caller's, to be closed.

    Args:
        webhooks: Addresses that are told when a job has ended.
        watched: Folders whose videos and photos are taken as they come.
    """
    app = _routed()
    app.state.place, app.state.metrics, app.state.crowd = place, Metrics(), Crowd(place.access)
    app.state.webhooks, app.state.watcher = Webhooks(place, webhooks), Watcher(place, watched)
    app.add_exception_handler(CloseupError, _said)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _cut)
    app.add_exception_handler(Exception, _failed)
    return Guard(Shortcuts(app, app.state.crowd), place.doors, app.state.metrics)


def openapi_document() -> dict[str, Any]:
    """What every server may be asked for, as OpenAPI 3.1."""
    return _openapi(_routed())


def _routed() -> FastAPI:
    telemetry: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
    app = FastAPI(
        title="closeup",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        telemetry=telemetry,
    )
    for routes in (uploads, media, jobs, plans, casts, gallery, runs, keys, pages):
        app.include_router(routes.routes)
    app.include_router(jobs.events)
    app.include_router(pages.models)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    app.state.news = jobs.News(app.state.place)
    running = (each.run() for each in (app.state.news, app.state.webhooks, app.state.watcher))
    tasks = [asyncio.create_task(each) for each in (*running, _sweep(app.state.place))]
    yield
    app.state.news.closed = True
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep(place: Premises) -> None:
    while True:
        with suppress(CloseupError, OSError):  # it is tidying, and tried again
            await asyncio.to_thread(uploads.sweep, place)
        await asyncio.sleep(SWEEP_S)


def _said(_: Request, error: Exception) -> JSONResponse:
    """What is wrong, for who asked; an error that nobody here can mend is the server's."""
    assert isinstance(error, CloseupError)
    status = error.facts.get("status") or _STATUS.get(error.code)
    if status is None:
        status = 422 if isinstance(error, FormatError) else 409 if isinstance(error, OutputError) else 400
        status = status if isinstance(error, InputError | OutputError) else 503
    headers = error.facts.get("headers") or {}
    if status == 401:
        headers = {**headers, "www-authenticate": "Bearer"}  # type: ignore[dict-item]
    return refusal(int(str(status)), error.message, error.hint, error.code, **headers)  # type: ignore[arg-type]


def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(each) for each in first["loc"])
    return refusal(422, f"{where}: {first['msg']}.", "", "format")


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, f"{error.detail}.", "", "server.http", **(error.headers or {}))


def _cut(_: Request, error: Exception) -> JSONResponse:
    """The body did not come whole: the connection was cut, or the guard cut it for its size or its time."""
    return refusal(413, "The request did not come whole, or is too large.", "", "server.large")


def _failed(_: Request, error: Exception) -> JSONResponse:
    return refusal(500, f"closeup itself failed ({type(error).__name__}).", "The server's log says more.", "unexpected")


def _openapi(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1, made once; the schemas of documents are gathered, each under the name of its class."""
    if app.openapi_schema is None:
        told = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = told.setdefault("components", {}).setdefault("schemas", {})
        told["paths"] = _gathered(told["paths"], schemas)
        app.openapi_schema = told
    return app.openapi_schema


def _gathered(value: Any, schemas: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_gathered(each, schemas) for each in value]
    if not isinstance(value, dict):
        return value
    for name, schema in value.get("$defs", {}).items():
        if name not in schemas:
            schemas[name] = {}
            schemas[name] = _gathered(schema, schemas)
    plain = {key: _gathered(each, schemas) for key, each in value.items() if key not in ("$defs", "$schema")}
    if isinstance(plain.get("$ref"), str):
        plain["$ref"] = plain["$ref"].replace("#/$defs/", _SCHEMAS)
    return plain
