"""A cast as browsers and programs see it: read, changed, undone, and its files listed and given."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from closeup.documents.server import CastView
from closeup.features.cast.folder import CastFolder
from closeup.server.casts import VIEW, cast_view
from closeup.server.premises import Premises
from features.cast.fake_cast import fake_result
from server.studio_casts import add_cast, crowd

Bearer = Callable[..., dict[str, str]]


def test_a_cast_is_read_changed_and_undone(client: TestClient, bearer: Bearer, place: Premises) -> None:
    cast_id = add_cast(place, fake_result())
    headers = bearer("read", "edit")

    cast = client.get(f"/casts/{cast_id}", headers=headers).json()
    assert cast["kind"] == "video"
    first = cast["people"][0]["id"]
    change = {"changes": [{"kind": "name", "people": [first], "name": "Ada"}]}
    assert client.post(f"/casts/{cast_id}/changes", json=change, headers=headers).status_code == 200
    (listed,) = client.get("/casts", headers=headers).json()["items"]
    assert listed["named"] == ["Ada"]
    assert client.post(f"/casts/{cast_id}/undo", headers=headers).status_code == 200
    assert client.get(f"/casts/{cast_id}", headers=headers).json()["people"][0]["name"] is None

    files = {each["name"] for each in client.get(f"/results/{cast_id}", headers=headers).json()["items"]}
    assert {"cast/cast.json", "cast/report.html"} <= files
    assert not {"cast/vectors.npz", "cast/edits.json", "cast/baseline.json"} & files
    assert all(client.get(f"/results/{cast_id}/{name}", headers=headers).status_code == 200 for name in files)


def test_a_cast_is_seen_with_how_sure_its_tracks_are_and_what_was_changed(
    client: TestClient, bearer: Bearer, place: Premises
) -> None:
    cast_id, headers = add_cast(place, crowd(4)), bearer("read", "edit")
    cast = client.get(f"/casts/{cast_id}", headers=headers).json()
    assert (len(cast["people"]), cast["duration_s"], cast["files"][0]["name"]) == (4, 64.0, "talk show.mp4")
    assert sorted({round(track["sureness"], 1) for track in cast["tracks"]}) == [0.0, 1.0]

    def post(what: str, **given: object) -> str:
        answer = client.post(f"/casts/{cast_id}/{what}", headers=headers, **given)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.json()
        return str(answer.json()["said"])

    hide = {"changes": [{"kind": "hide", "people": ["p1", "p2"]}]}
    assert post("changes?preview=true", json=hide) == "p1 is hidden now.\np2 is hidden now."
    assert client.get(f"/casts/{cast_id}", headers=headers).json() == cast
    post("changes", json=hide)
    post("changes", json={"changes": [{"kind": "name", "people": ["p3"], "name": "Cleo"}]})
    assert post("undo?number=1").startswith("Undone: hide p1, hide p2.")
    now = client.get(f"/casts/{cast_id}", headers=headers).json()
    assert [(edit["number"], edit["kind"], edit["name"]) for edit in now["edits"]] == [(1, "name", "Cleo")]
    assert [(edit["number"], edit["people"]) for edit in now["undone"]] == [(1, ["p1"]), (1, ["p2"])]
    post("redo")
    assert len(client.get(f"/casts/{cast_id}", headers=headers).json()["hidden"]) == 2
    assert client.post(f"/casts/{cast_id}/redo", headers=headers).status_code == 400


def test_a_track_is_given_to_somebody_else_in_one_change(client: TestClient, bearer: Bearer, place: Premises) -> None:
    cast_id, headers = add_cast(place, fake_result()), bearer("read", "edit")
    move = {"changes": [{"kind": "move", "people": ["p1", "p3"], "tracks": ["t3"]}]}
    said = client.post(f"/casts/{cast_id}/changes", headers=headers, json=move)
    assert said.status_code == 200, said.json()
    cast = client.get(f"/casts/{cast_id}", headers=headers).json()
    owners = {track["id"]: track["person"] for track in cast["tracks"]}
    assert (owners["t3"], owners["t1"], len({edit["number"] for edit in cast["edits"]})) == ("p3", "p1", 1)
    client.post(f"/casts/{cast_id}/undo", headers=headers)
    assert client.get(f"/casts/{cast_id}", headers=headers).json()["people"] != cast["people"]
    amiss = {"changes": [{"kind": "move", "people": ["p1"], "tracks": ["t3"]}]}
    assert client.post(f"/casts/{cast_id}/changes", headers=headers, json=amiss).status_code == 400


def test_what_has_ended_is_asked_for_again(client: TestClient, bearer: Bearer, place: Premises) -> None:
    cast_id = add_cast(place, fake_result())
    assert client.post(f"/jobs/{cast_id}/retry", headers=bearer("read")).status_code == 403
    again = client.post(f"/jobs/{cast_id}/retry", headers=bearer("read", "edit"))
    assert (again.status_code, again.json()["state"], again.json()["work"]) == (201, "waiting", "cast")
    waiting = client.post(f"/jobs/{again.json()['id']}/retry", headers=bearer("read", "edit"))
    assert waiting.status_code == 409
    place.jobs.cancel(again.json()["id"])


def test_models_are_listed_with_licences_and_without_paths(client: TestClient, bearer: Bearer) -> None:
    models = client.get("/models", headers=bearer("read")).json()["items"]
    assert {"yunet-2023mar", "sface-2021dec"} <= {model["name"] for model in models}
    assert all(model["licence"] and model["path"] is None for model in models)


def test_how_a_cast_is_shown_is_worked_out_once_for_each_state_of_it(
    client: TestClient, bearer: Bearer, place: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast_id, headers = add_cast(place, crowd(3)), bearer("read", "edit")
    worked_out = []

    def counted(cast: str, folder: CastFolder) -> CastView:
        worked_out.append(cast)
        return cast_view(cast, folder)

    monkeypatch.setattr("closeup.server.casts.cast_view", counted)
    first = client.get(f"/casts/{cast_id}", headers=headers).json()
    assert client.get(f"/casts/{cast_id}", headers=headers).json() == first
    assert worked_out == [cast_id]
    change = {"changes": [{"kind": "name", "people": ["p1"], "name": "Ada"}]}
    assert client.post(f"/casts/{cast_id}/changes", json=change, headers=headers).status_code == 200
    assert client.get(f"/casts/{cast_id}", headers=headers).json()["people"][0]["name"] == "Ada"
    assert worked_out == [cast_id] * 2
    names = [each["name"] for each in client.get(f"/results/{cast_id}", headers=headers).json()["items"]]
    assert not [name for name in names if VIEW in name]
    assert client.get(f"/results/{cast_id}/{VIEW}", headers=headers).status_code == 404
