"""Who asks, and what endpoints say of themselves: the scope that they want, what they take, and what they give."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from closeup.core.errors import InputError
from closeup.documents.form import Form
from closeup.documents.jobs import ERROR
from closeup.documents.server import SCOPES, KeyRecord
from closeup.server.guard import COOKIE
from closeup.server.premises import Premises
from closeup.server.together import Crowd

_BEARER = HTTPBearer(auto_error=False, description="A token.")
_SESSION = APIKeyCookie(name=COOKIE, auto_error=False, description="The session of a browser.")


async def premises_of(request: Request) -> Premises:
    """The server's place; async, so that no thread is asked for it."""
    place: Premises = request.app.state.place
    return place


async def key_of(
    scopes: SecurityScopes,
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    _session: Annotated[str | None, Depends(_SESSION)],
) -> KeyRecord:
    """The key of who asks, which has all the scopes that are wanted.

    Raises:
        InputError: With the status 401 where there is none that counts, with 403 where it lacks a scope.
    """
    crowd: Crowd = request.app.state.crowd
    given = secret_of(request)
    key = None if given is None else await crowd.keys.ask(given[0])
    if given is None or key is None or key.kind != given[1]:
        raise InputError("You are not known here.", "Give a token that counts.", code="server.unknown", status=401)
    lacking = set(scopes.scopes) - allowed(key)
    if lacking:
        raise InputError(f"This needs the scope {sorted(lacking)[0]}.", code="server.scope", status=403)
    request.state.key = key
    return key


def secret_of(request: Request) -> tuple[str, str] | None:
    """The secret that comes with a request, and the kind of key that it has to be of: a cookie's is no token."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        return secret.strip(), "token"
    session = request.cookies.get(COOKIE)
    return (session, "session") if session else None


def allowed(key: KeyRecord) -> set[str]:
    """What a key may do: who may all has it all."""
    return set(SCOPES) if "admin" in key.scopes else set(key.scopes)


Here = Annotated[Premises, Depends(premises_of)]
Reader = Annotated[KeyRecord, Security(key_of, scopes=["read"])]
Editor = Annotated[KeyRecord, Security(key_of, scopes=["edit"])]
Enroller = Annotated[KeyRecord, Security(key_of, scopes=["enrol"])]
Admin = Annotated[KeyRecord, Security(key_of, scopes=["admin"])]


HexId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Limit = Annotated[int, Query(ge=1, le=500)]
Before = Annotated[str | None, Query(pattern="^[0-9a-f]{32}$", description="Go on after this one.")]
Number = Annotated[int | None, Query(ge=1, le=2**53, description="Go on below this number.")]


def body(form: Form[Any]) -> Any:
    """What is in the body of a request, read as strictly as a file: JSON in the form of that document."""

    async def read(request: Request) -> Any:
        return form.decode(await request.body(), "The request")

    return Depends(read)


def documented(
    takes: Form[Any] | dict[str, Any] | None = None,
    gives: Form[Any] | None = None,
    *,
    many: bool = False,
    status: int = 200,
) -> dict[str, Any]:
    """What FastAPI shall tell of an endpoint; documents are described by their own schemas.

    Args:
        takes: The form of the body, or its JSON Schema.
    """
    schema: dict[str, Any] = {} if gives is None else gives.schema()
    if many:
        items = {"type": "array", "items": schema}
        schema = {"type": "object", "properties": {"items": items}, "required": ["items"]}
    told: dict[str, Any] = {
        "responses": {
            status: {"description": "Done.", "content": {"application/json": {"schema": schema}}},
            **_problem(),
        },
        "status_code": status,
        "response_model": None,
    }
    if takes is not None:
        content = {"application/json": {"schema": takes if isinstance(takes, dict) else takes.schema()}}
        told["openapi_extra"] = {"requestBody": {"required": True, "content": content}}
    return told


def documented_file(*types: str, in_parts: bool = False) -> dict[str, Any]:
    """What FastAPI shall tell of an endpoint that gives files of these types, perhaps in parts."""
    content: dict[str, Any] = {each: {"schema": {"type": "string", "format": "binary"}} for each in types}
    responses: dict[int | str, Any] = {200: {"description": "The file.", "content": content}, **_problem()}
    if in_parts:
        several = {"multipart/byteranges": content[types[0]]}
        responses[206] = {"description": "The part that was asked for.", "content": {**content, **several}}
    return {"responses": responses, "response_class": Response}


def _problem() -> dict[int | str, Any]:
    content = {"application/json": {"schema": ERROR.schema()}}
    return {"default": {"description": "What is wrong.", "content": content}}


def one(form: Form[Any], value: Any, status: int = 200) -> JSONResponse:
    """An answer with a document."""
    return JSONResponse(form.to_data(value), status)


def listed(form: Form[Any], values: Any) -> JSONResponse:
    """An answer with a list of documents."""
    return JSONResponse({"items": [form.to_data(value) for value in values]})


def note(place: Premises, key: KeyRecord, action: str, subject: str) -> None:
    """Write down who did what."""
    place.access.note([entry_of(key, action, subject)])


def entry_of(key: KeyRecord, action: str, subject: str) -> tuple[str, str, str]:
    """The entry of the log that says who did what; a name of a key goes with its id, for keys can be called alike."""
    return f"{key.name} ({key.id[:8]})", action, subject
