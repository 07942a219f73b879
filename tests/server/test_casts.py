"""A cast as browsers and programs see it: read, changed, undone, and its files listed and given."""

from collections.abc import Callable

from starlette.testclient import TestClient

from closeup.features.cast.folder import write_cast_folder
from closeup.server.premises import Premises
from features.cast.fake_cast import fake_result

Bearer = Callable[..., dict[str, str]]


def test_a_cast_is_read_changed_and_undone(client: TestClient, bearer: Bearer, place: Premises) -> None:
    place.submit("cast", {}, [], asked_by=None)
    job = place.jobs.claim("w")
    assert job is not None
    home = place.results_of(job)
    home.mkdir(parents=True)
    write_cast_folder(home / "cast", fake_result(), overwrite=False)
    place.jobs.end(job, "done")
    headers = bearer("read", "edit")

    cast = client.get(f"/casts/{job.id}", headers=headers).json()
    assert cast["kind"] == "video"
    first = cast["people"][0]["id"]
    change = {"changes": [{"kind": "name", "people": [first], "name": "Ada"}]}
    assert client.post(f"/casts/{job.id}/changes", json=change, headers=headers).status_code == 200
    (listed,) = client.get("/casts", headers=headers).json()["items"]
    assert listed["named"] == ["Ada"]
    assert client.post(f"/casts/{job.id}/undo", headers=headers).status_code == 200
    assert client.get(f"/casts/{job.id}", headers=headers).json()["people"][0]["name"] is None

    files = {each["name"] for each in client.get(f"/results/{job.id}", headers=headers).json()["items"]}
    assert {"cast/cast.json", "cast/report.html"} <= files
    assert not {"cast/vectors.npz", "cast/edits.json", "cast/baseline.json"} & files
    assert all(client.get(f"/results/{job.id}/{name}", headers=headers).status_code == 200 for name in files)
