"""Sessions, tokens, and the log of who did what."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from closeup.core.errors import InputError
from closeup.documents.server import AUDIT, ENTRY, KEY, MADE_TOKEN, NEW_TOKEN, Entry, KeyRecord, MadeToken, NewToken
from closeup.server.entry import Admin, Here, HexId, Limit, Number, Reader, allowed, body, documented, listed, note, one
from closeup.server.guard import COOKIE, Rates
from closeup.server.premises import Premises, absent
from closeup.storage.access import SESSION

routes = APIRouter(tags=["keys"])

_tries = Rates(rate_hz=0.2, burst=20)
"""Of one address: a secret cannot be guessed, but nobody shall keep the database busy with trying."""


@routes.post("/session", summary="Enter by a token or a link's code", **documented(ENTRY, KEY, status=201))
def enter(request: Request, place: Here, given: Annotated[Entry, body(ENTRY)]) -> JSONResponse:
    """Open a session for a browser, which keeps it in a cookie that no script can read."""
    if not _tries.take(request.client.host if request.client else ""):
        raise InputError("Too many tries.", "Wait a minute.", code="server.rate", status=429)
    entered = place.access.enter(given.key)
    if entered is None:
        raise InputError(
            "That opens nothing: it is used, revoked or over.", "Ask for another.", code="server.unknown", status=401
        )
    key, secret = entered
    answer = one(KEY, key, 201)
    lasts = SESSION if key.expires_at is None else key.expires_at - key.created_at
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=place.doors.secure,
        path="/",
    )
    note(place, key, "enter", key.id)
    return answer


@routes.delete("/session", summary="Leave", **documented(status=204))
def leave(place: Here, key: Reader) -> Response:
    """End the session; a token stays as it is."""
    if key.kind == "session":
        place.access.revoke(key.id)
    answer = Response(None, 204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=place.doors.secure)
    return answer


@routes.get("/keys", summary="List tokens and sessions", **documented(gives=KEY, many=True))
def list_keys(place: Here, key: Admin) -> JSONResponse:
    """List them, without their secrets, which nobody has."""
    return listed(KEY, place.access.all())


@routes.post("/keys", summary="Make a token", **documented(NEW_TOKEN, MADE_TOKEN, status=201))
def make(place: Here, key: Admin, given: Annotated[NewToken, body(NEW_TOKEN)]) -> JSONResponse:
    """Make a token with some of one's own scopes; it is shown this once, and its scopes never change."""
    return one(MADE_TOKEN, made_token(place, key, given), 201)


def made_token(place: Premises, maker: KeyRecord, given: NewToken) -> MadeToken:
    """A new token, with no scope that its maker lacks.

    Raises:
        InputError: If it would have one.
    """
    beyond = set(given.scopes) - allowed(maker)
    if beyond:
        raise InputError(f"You have no scope {sorted(beyond)[0]} to give.", code="server.scope", status=403)
    lasts = None if given.days is None else timedelta(days=given.days)
    record, secret = place.access.make(given.name, "token", dict.fromkeys(given.scopes), lasts=lasts)
    note(place, maker, "make token", record.id)
    return MadeToken(record, secret)


@routes.delete("/keys/{key_id}", summary="Revoke a token or a session", **documented(status=204))
def revoke(place: Here, key: Admin, key_id: HexId) -> Response:
    """End it at once, and the sessions that were opened by it."""
    if not place.access.revoke(key_id):
        raise absent("There is no such key.")
    note(place, key, "revoke", key_id)
    return Response(None, 204)


@routes.get("/audit", summary="Who saw, named and deleted whom", **documented(gives=AUDIT, many=True))
def audit(place: Here, key: Admin, limit: Limit = 100, below: Number = None) -> JSONResponse:
    """List what was done, newest first; people are ids here, and no names."""
    return listed(AUDIT, place.access.log(limit, below))
