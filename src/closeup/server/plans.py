"""Plans of shorts: when they begin and end is changed here, and rendered as another job."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from closeup.core.errors import InputError
from closeup.core.whole import write_whole
from closeup.core.words import counted
from closeup.documents.server import PLAN_CHANGE, SAID, PlanChange, Said
from closeup.features.shorts.folder import is_only_planned
from closeup.features.shorts.plan import PLAN_JSON
from closeup.server.entry import Editor, Here, HexId, body, documented, note, one
from closeup.server.premises import absent

routes = APIRouter(tags=["jobs"])

PLAN = "shorts/plan.json"


@routes.put("/jobs/{job_id}/plan", summary="Change what planned shorts show", **documented(PLAN_CHANGE, SAID))
def change_plan(
    place: Here, key: Editor, job_id: HexId, given: Annotated[PlanChange, body(PLAN_CHANGE)]
) -> JSONResponse:
    """Give the shorts of a plan that was not rendered other stretches of the video; shorts.render then renders it."""
    home = place.results_of(place.job(job_id, ("shorts",)))
    path = home / PLAN
    if not is_only_planned(path.parent):
        raise InputError("Those shorts were rendered already.", "Make a plan.", code="server.busy", status=409)
    plan = PLAN_JSON.read(path)
    known = {short.id: short for short in plan.shorts}
    if not {each.id for each in given.shorts} <= set(known):
        raise absent("There is no such short in the plan.")
    shorts = tuple(replace(known[each.id], pieces=each.pieces, camera=each.camera) for each in given.shorts)
    content = PLAN_JSON.encode(replace(plan, shorts=shorts))
    write_whole(path, content)
    note(place, key, "change plan", job_id)
    shown_s = sum(piece.end_s - piece.start_s for each in shorts for piece in each.pieces)
    return one(SAID, Said(f"{counted(len(shorts), 'short')}, {shown_s:.1f} s in all."))
