"""Runs and audits: what lies in the folder of runs is shown, nothing beside it, and findings are decided."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from closeup.server.app import make_app
from closeup.server.premises import Doors, Premises
from galleries import sqlite_url
from learning.runs.made_runs import finished
from server.conftest import HOST, ORIGIN
from workbench.audit.planted import audit_of, make_data


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    run = finished(tmp_path / "runs")
    (run.path / "report.html").write_text("<p>report</p>", "utf-8")
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "run.json").write_text("{}", "utf-8")
    audit_of(make_data(tmp_path / "pets"), tmp_path / "runs" / "pets audit")
    return tmp_path / "runs"


@pytest.fixture
def asked(tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client that may read and edit, of a server that shows the runs."""
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", sqlite_url(tmp_path / "gallery.db"))
    place = Premises(tmp_path / "data", Doors(frozenset({HOST}), frozenset({ORIGIN})), runs)
    token = place.access.make("a test", "token", ("read", "edit"))[1]
    with TestClient(make_app(place), base_url=ORIGIN, headers={"authorization": f"Bearer {token}"}) as client:
        yield client
    place.close()


def test_runs_are_listed_and_shown_without_paths_of_the_disk(asked: TestClient, runs: Path) -> None:
    found = asked.get("/runs").json()
    (run,) = found["items"]
    assert (run["name"], run["state"], run["path"], found["damaged"]) == ("faces", "finished", "", ["broken"])
    answer = asked.get(f"/runs/{run['id']}")
    assert [each["head"] for each in answer.json()["heads"]] == ["mood", "mood", "age", "age"]
    assert str(runs.parent) not in answer.text
    assert answer.json()["reports"] == ["report.html"]
    report = asked.get(f"/runs/{run['id']}/report.html")
    assert (report.status_code, report.text) == (200, "<p>report</p>")
    assert "script-src" in report.headers["content-security-policy"]


def test_mistakes_are_those_of_a_cell_where_one_is_named(asked: TestClient) -> None:
    run = asked.get("/runs").json()["items"][0]["id"]
    head = asked.get(f"/runs/{run}").json()["heads"][0]
    label, answer, count = next(cell for cell in head["confusion"] if cell[0] != cell[1])
    where = {"side": "test", "head": "mood"}
    every = asked.get(f"/runs/{run}/mistakes", params=where).json()["items"]
    assert len(every) == sum(cell[2] for cell in head["confusion"] if cell[0] != cell[1])
    named = where | {"label": head["classes"][label], "prediction": head["classes"][answer]}
    cell = asked.get(f"/runs/{run}/mistakes", params=named).json()["items"]
    assert len(cell) == count
    assert {(each["label"], each["prediction"]) for each in cell} == {(named["label"], named["prediction"])}


@pytest.mark.parametrize(
    "path",
    [
        "/runs/data",
        "/runs/%2e%2e%2fdata",
        "/runs/broken/run.json",
        "/audits/nothing",
        "/audits/%2e%2e%2fpets/pictures/1",
    ],
)
def test_nothing_beside_the_runs_is_shown(asked: TestClient, path: str) -> None:
    assert asked.get(path).status_code in (400, 404, 405)


@pytest.mark.parametrize("name", ["run.json", "recipe.toml", "split.csv", ".lock", "%2e%2e"])
def test_of_a_run_only_its_pages_are_given(asked: TestClient, name: str) -> None:
    run = asked.get("/runs").json()["items"][0]["id"]
    assert asked.get(f"/runs/{run}/{name}").status_code == 404


def test_findings_are_decided_and_written(asked: TestClient, runs: Path) -> None:
    (short,) = asked.get("/audits").json()["items"]
    assert (short["id"], short["decided"]) == ("pets audit", 0)
    audit = asked.get(f"/audits/{short['id']}").json()
    assert str(runs.parent) not in str(audit)
    first = audit["findings"][0]
    picture = asked.get(f"/audits/{short['id']}/pictures/{first['number']}")
    assert (picture.status_code, picture.content[:2]) == (200, b"\xff\xd8")
    assert asked.get(f"/audits/{short['id']}/pictures/999").status_code == 404
    decisions = [
        {"number": 1, "label": first["suggestion"], "written": False},
        {"number": 2, "label": None, "written": False},
    ]
    assert asked.put(f"/audits/{short['id']}/decisions", json={"decisions": decisions}).status_code == 200
    wrong = {"decisions": [{"number": 1, "label": "owl"}]}
    assert asked.put(f"/audits/{short['id']}/decisions", json=wrong).status_code == 400
    said = asked.post(f"/audits/{short['id']}/corrections", json={"who": "Mira"}).json()["said"]
    assert said == "corrections.csv: 1 line added, 1 label corrected."
    assert "Mira" in (runs / "pets audit" / "corrections.csv").read_text("utf-8")
    after = asked.get(f"/audits/{short['id']}").json()["decisions"]
    assert [(each["number"], each["written"]) for each in after] == [(1, True), (2, False)]
    assert asked.post(f"/audits/{short['id']}/corrections", json={"who": "Mira"}).status_code == 400


def test_a_server_without_runs_has_none(client: TestClient, bearer: Callable[..., dict[str, str]]) -> None:
    for path in ("/runs", "/audits"):
        assert client.get(path, headers=bearer("read")).json() == {"items": [], "damaged": []}
