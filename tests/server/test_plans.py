"""Plans of shorts: their ends are changed by ids and seconds, and nothing is kept of a change that cannot be."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.features.shorts.plan import PLAN_JSON
from closeup.server.plans import PLAN
from closeup.server.premises import Premises
from features.cast.fake_cast import fake_result
from server.studio_casts import add_cast
from server.studio_plans import add_plan

Bearer = Callable[..., dict[str, str]]


def change(client: TestClient, key: dict[str, str], job: str, **shorts: Any) -> Any:
    pieces = [{"id": name, "pieces": [{"start_s": a, "end_s": b} for a, b in spans]} for name, spans in shorts.items()]
    return client.put(f"/jobs/{job}/plan", json={"shorts": pieces}, headers=key)


def test_ends_are_changed_and_shorts_left_out(client: TestClient, bearer: Bearer, place: Premises) -> None:
    job, key = add_plan(place, add_cast(place, fake_result())), bearer("read", "edit")
    path = place.data / "results" / job / PLAN
    before = PLAN_JSON.read(path)
    assert [short.id for short in before.shorts] == ["s1", "s2"]
    said = change(client, key, job, s2=[(29.5, 37.0)])
    assert (said.status_code, said.json()["said"]) == (200, "1 short, 7.5 s in all.")
    after = PLAN_JSON.read(path)
    (kept,) = after.shorts
    assert (kept.id, kept.pieces[0].start_s, kept.pieces[0].end_s) == ("s2", 29.5, 37.0)
    assert (after.cast, after.options, kept.reason) == (before.cast, before.options, before.shorts[1].reason)


def test_the_camera_is_moved_and_kept(client: TestClient, bearer: Bearer, place: Premises) -> None:
    job, key = add_plan(place, add_cast(place, fake_result())), bearer("edit")
    path = place.data / "results" / job / PLAN
    assert b"camera" not in path.read_bytes()
    moved = {"at_s": 31.5, "panel": 0, "x": 0.25, "y": 0.5}
    given = {"id": "s2", "pieces": [{"start_s": 30.0, "end_s": 36.0}], "camera": [moved]}
    assert client.put(f"/jobs/{job}/plan", json={"shorts": [given]}, headers=key).status_code == 200
    (short,) = PLAN_JSON.read(path).shorts
    assert [(each.at_s, each.panel, each.x, each.y) for each in short.camera] == [(31.5, 0, 0.25, 0.5)]
    for wrong in ({"x": 1.5}, {"panel": 2}, {"at_s": -1}):
        refused = {**given, "camera": [moved | wrong]}
        assert client.put(f"/jobs/{job}/plan", json={"shorts": [refused]}, headers=key).status_code == 422


@pytest.mark.parametrize(
    "shorts",
    [
        {"s1": [(5.0, 4.0)]},
        {"s1": [(1.0, 4.0), (3.0, 6.0)]},
        {"s1": [(30.0, 4000.0)]},
        {"s1": []},
        {"s9": [(1.0, 4.0)]},
        {"../x": [(1.0, 4.0)]},
        {},
    ],
)
def test_what_cannot_be_is_refused_and_the_plan_stays(
    client: TestClient, bearer: Bearer, place: Premises, shorts: dict[str, Any]
) -> None:
    job = add_plan(place, add_cast(place, fake_result()))
    path = place.data / "results" / job / PLAN
    before = path.read_bytes()
    assert change(client, bearer("edit"), job, **shorts).status_code in (404, 422)
    assert path.read_bytes() == before


def test_only_who_edits_changes_a_plan_and_none_that_was_rendered(
    client: TestClient, bearer: Bearer, place: Premises
) -> None:
    cast = add_cast(place, fake_result())
    job = add_plan(place, cast)
    assert change(client, bearer("read"), job, s1=[(1.0, 4.0)]).status_code == 403
    assert change(client, bearer("edit"), cast, s1=[(1.0, 4.0)]).status_code == 404
    assert change(client, bearer("edit"), add_plan(place, cast, rendered=True), s1=[(1.0, 4.0)]).status_code == 409
