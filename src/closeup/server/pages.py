"""The pages of the server itself: what is here, the way in, and what may be asked for; all without another server."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from closeup import __version__
from closeup.core.errors import InputError
from closeup.core.settings import read_settings
from closeup.documents.jobs import JobRecord
from closeup.pages.page import render_page
from closeup.perception.registry import DETECTOR
from closeup.server.casts import PAGE_POLICY, summaries
from closeup.server.entry import Enroller, Here, Reader, documented, listed, note
from closeup.server.guard import COOKIE, POLICY
from closeup.server.loopback import built_files
from closeup.server.offer import CASTS
from closeup.server.offers import OFFERS
from closeup.server.premises import Premises, absent
from closeup.weights.cards import MODEL_CARD, all_cards, card
from closeup.weights.store import STORED_MODEL, require, stored_model

routes = APIRouter(include_in_schema=False)
models = APIRouter(tags=["models"])
_SHOWN = 100
_PAGES = {"shorts": "shorts/preview.html", "shorts.render": "shorts/preview.html", "act": "act/report.html"}
_PAGES |= {"reel": "reel.mp4", "gallery.map": "map.html"} | dict.fromkeys(CASTS, "cast/report.html")


def page(template: str, **values: Any) -> HTMLResponse:
    """A page in the house's look; its own policy names its one style and script."""
    script = "enter.js" if template == "enter.html.j2" else ""
    text = render_page("closeup.server", template, style="server.css", script=script, **values)
    policy = PAGE_POLICY.replace("connect-src 'none'", "connect-src 'self'") if script else PAGE_POLICY
    return HTMLResponse(text, headers={"content-security-policy": policy})


STUDIO = "/studio.html"

STUDIO_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
"""Of the studio and its worker, which finds faces in the page (WebAssembly); nothing is loaded from elsewhere."""


@routes.get("/assets/{name}")
def asset(name: str) -> FileResponse:
    """A file of the studio; its name has the hash of what is in it, so that browsers may keep it."""
    try:
        path = built_files(STUDIO).get(f"/assets/{name}")
    except InputError:
        path = None
    if path is None:
        raise absent("There is no such file.")
    headers = {"cache-control": "public, max-age=31536000, immutable", "content-security-policy": STUDIO_POLICY}
    return FileResponse(path, headers=headers)


@routes.get("/vision/detector.{ending}")
def detector(key: Enroller, ending: str) -> Response:
    """What finds faces before the browser's own camera: the card, and the network."""
    if ending == "json":
        return Response(MODEL_CARD.encode(card(DETECTOR)), media_type="application/json")
    if ending == "onnx":
        return FileResponse(require(card(DETECTOR), read_settings()), media_type="application/octet-stream")
    raise absent("There is no such file.")


@routes.get("/")
def home(request: Request, place: Here) -> Response:
    """The studio, or where that is not built a plain page of what is here, for who may look; else the way in."""
    secret = request.cookies.get(COOKIE)
    key = place.access.find(secret, ("session",)) if secret else None
    if key is None or not {"read", "admin"} & set(key.scopes):
        return RedirectResponse("/enter", 303)
    with suppress(InputError):
        headers = {"content-security-policy": STUDIO_POLICY}
        return FileResponse(built_files(STUDIO)[STUDIO], media_type="text/html; charset=utf-8", headers=headers)
    media = place.media.page(_SHOWN)
    names = {each.id: each.name for each in media}
    casts = summaries(place, place.jobs.page(_SHOWN, works=CASTS, states=["done"]))
    names |= {each.id: each.name for each in casts}
    jobs = place.jobs.page(_SHOWN, works=tuple(OFFERS))
    note(place, key, "list casts", "")
    return page("home.html.j2", media=media, casts=casts, jobs=[_job(place, job, names) for job in jobs], key=key)


def _job(place: Premises, job: JobRecord, names: dict[str, str]) -> dict[str, Any]:
    """A job as a row of the page."""
    address = _PAGES.get(job.work)
    done = job.state == "done" and address is not None and (place.results_of(job) / address).is_file()
    progress = job.progress
    how = "" if progress is None else progress.stage
    if progress is not None and progress.total:
        how = f"{progress.stage}, {progress.done / progress.total:.0%}"
    return {
        "work": job.work,
        "of": ", ".join(names[each] for each in job.uses if each in names),
        "state": "stopping" if job.cancelling else job.state,
        "how": how if job.state == "running" else job.error.error if job.error else "",
        "address": f"/results/{job.id}/{address}" if done else None,
        "at": job.created_at,
    }


@routes.get("/enter")
def enter() -> HTMLResponse:
    """The way in: by the link, whose code stays behind the # and so in the browser, or by a token that is typed."""
    return page("enter.html.j2")


@routes.get("/openapi.json")
def openapi(request: Request, key: Reader) -> JSONResponse:
    """Say what may be asked for, as OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@routes.get("/docs")
def docs(request: Request, key: Reader) -> HTMLResponse:
    """The same, to be read."""
    paths = request.app.openapi()["paths"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in paths.items():
        for method, told in methods.items():
            groups.setdefault(told.get("tags", ["server"])[0], []).append(_endpoint(path, method, told))
    return page("docs.html.j2", groups=groups)


def _endpoint(path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    scopes = sorted({scope for each in told.get("security", []) for names in each.values() for scope in names})
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    return {
        "method": method.upper(),
        "path": path,
        "summary": told.get("summary", ""),
        "description": told.get("description", ""),
        "scope": ", ".join(scopes),
        "parameters": [each for each in told.get("parameters", []) if each["in"] == "query"],
        "body": sorted(content.get("schema", {}).get("properties", {})),
    }


@routes.get("/health")
def health(place: Here) -> JSONResponse:
    """Say that the server and its database answer; open to all, and tells nothing else."""
    place.jobs.changes()
    return JSONResponse({"status": "ok"})


@routes.get("/metrics")
def metrics(request: Request, place: Here, key: Reader) -> PlainTextResponse:
    """Counts and times, as Prometheus reads them."""
    lines = [f'closeup_info{{version="{__version__}"}} 1', "# TYPE closeup_jobs gauge"]
    lines += [f'closeup_jobs{{state="{how}"}} {place.jobs.count(how)}' for how in ("waiting", "running")]
    lines += ["# TYPE closeup_upload_bytes gauge", f"closeup_upload_bytes {place.media.taken_bytes()}"]
    lines += ["# TYPE closeup_event_streams gauge", f"closeup_event_streams {request.app.state.news.streams}"]
    lines += request.app.state.metrics.lines()
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


@models.get("/models", summary="List the models, with their licences", **documented(gives=STORED_MODEL, many=True))
def list_models(key: Reader) -> JSONResponse:
    """List which models closeup knows, which of them are on the server's machine, and what their licences say."""
    settings = read_settings()
    return listed(STORED_MODEL, [replace(stored_model(each, settings), path=None) for each in all_cards().values()])
