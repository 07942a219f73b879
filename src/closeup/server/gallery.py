"""The gallery: the same that the command line has."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from closeup.documents.gallery import PERSON, STANDING
from closeup.documents.server import MERGE, RENAME, Merge, Rename
from closeup.features.gallery.standing import standing_of
from closeup.server.entry import Enroller, Here, HexId, Reader, body, documented, listed, note, one
from closeup.server.premises import Premises
from closeup.server.shortcuts import answered

routes = APIRouter(prefix="/gallery", tags=["gallery"])


@routes.get("", summary="List who is enrolled", **documented(gives=PERSON, many=True))
async def list_people(request: Request, place: Here, key: Reader) -> Response:
    """List everybody, by name."""
    return await answered(request, key, _everybody, place, noted=("list gallery", ""))


def _everybody(place: Premises) -> JSONResponse:
    return listed(PERSON, place.gallery.identities())


@routes.get("/{person_id}", summary="What there is of somebody", **documented(gives=STANDING))
def show(place: Here, key: Reader, person_id: HexId) -> JSONResponse:
    """Show somebody's faces and poses, without pictures."""
    standing = standing_of(place.gallery, person_id)
    note(place, key, "see identity", person_id)
    return one(STANDING, standing)


@routes.patch("/{person_id}", summary="Rename somebody", **documented(RENAME, PERSON))
def rename(place: Here, key: Enroller, person_id: HexId, given: Annotated[Rename, body(RENAME)]) -> JSONResponse:
    """Give somebody another name."""
    record = place.gallery.rename(person_id, given.name)
    note(place, key, "rename identity", person_id)
    return one(PERSON, record)


@routes.post("/{person_id}/merge", summary="Make two one", **documented(MERGE, PERSON))
def merge(place: Here, key: Enroller, person_id: HexId, given: Annotated[Merge, body(MERGE)]) -> JSONResponse:
    """Give all faces of the other to this one; this cannot be undone."""
    record = place.gallery.merge(person_id, given.other)
    note(place, key, "merge identities", f"{person_id} {given.other}")
    return one(PERSON, record)


@routes.delete("/{person_id}", summary="Delete somebody", **documented(gives=PERSON))
def remove(place: Here, key: Enroller, person_id: HexId) -> JSONResponse:
    """Remove every trace of somebody from the gallery; answers with what they were."""
    record = place.gallery.delete(person_id)
    note(place, key, "delete identity", person_id)
    return one(PERSON, record)
