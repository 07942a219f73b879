"""Lists by the short way: the same answers, for the same keys, written down as often as they are given."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.server.premises import Premises
from features.cast.fake_cast import fake_result
from server.conftest import ORIGIN, serving
from server.studio_casts import add_cast

Bearer = Callable[..., dict[str, str]]
LISTS = ("/media", "/jobs", "/casts", "/gallery", "/jobs?limit=1&state=done", "/casts?limit=1")


def known(client: TestClient) -> Any:
    return client.app._app.known  # type: ignore[attr-defined]


@pytest.mark.parametrize("address", LISTS)
def test_the_short_way_gives_what_the_long_way_gave(
    client: TestClient, place: Premises, bearer: Bearer, address: str
) -> None:
    add_cast(place, fake_result())
    known(client).clear()
    long = client.get(address, headers=bearer("read"))
    path, _, query = address.partition("?")
    assert (path, query.encode()) in known(client)
    short = client.get(address, headers=bearer("read"))
    assert (short.status_code, short.content) == (200, long.content)
    assert {**short.headers} == {**long.headers}


def test_what_is_new_or_gone_is_seen_at_once(client: TestClient, place: Premises, bearer: Bearer) -> None:
    def listed() -> set[str]:
        return {each["id"] for each in client.get("/casts", headers=bearer("read")).json()["items"]}

    before = listed()
    cast = add_cast(place, fake_result())
    assert listed() - before == {cast}
    for _ in range(2):
        assert client.get(f"/casts/{cast}", headers=bearer("read")).status_code == 200
    assert client.delete(f"/jobs/{cast}", headers={**bearer("edit"), "origin": ORIGIN}).status_code == 200
    assert listed() == before
    gone = client.get(f"/casts/{cast}", headers=bearer("read"))
    assert (gone.status_code, gone.json()["code"]) == (404, "server.absent")


@pytest.mark.parametrize("address", LISTS)
def test_the_short_way_is_for_those_whom_the_long_way_is_for(
    client: TestClient, place: Premises, bearer: Bearer, address: str
) -> None:
    client.get(address, headers=bearer("read"))
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"authorization": "Bearer clo_" + "A" * 43}).status_code == 401
    assert client.get(address, headers=bearer("edit", "enrol")).status_code == 403
    assert client.get(address, headers=bearer("admin")).status_code == 200
    assert client.get(address, headers={**bearer("read"), "host": "evil.example"}).status_code == 421
    record, secret = place.access.make("a token", "token", ["read"])
    key = {"authorization": f"Bearer {secret}"}
    assert client.get(address, headers=key).status_code == 200
    client.cookies["closeup_session"] = secret
    assert client.get(address).status_code == 401
    client.cookies.clear()
    place.access.revoke(record.id)
    assert client.get(address, headers=key).status_code == 401


def test_each_look_is_written_down(tmp_path: Path) -> None:
    with serving(tmp_path) as (place, client):
        cast = add_cast(place, fake_result())
        records = [place.access.make(name, "token", ["read"]) for name in ("Ada", "Bob")]
        for record, secret in (*records, *records):
            for path in ("/casts", f"/casts/{cast}", "/media"):
                assert client.get(path, headers={"authorization": f"Bearer {secret}"}).status_code == 200
            who = f"{record.name} ({record.id[:8]})"
            assert [(each.who, each.action, each.subject) for each in place.access.log(2)] == [
                (who, "see cast", cast),
                (who, "list casts", ""),
            ]
        assert len(place.access.log(100)) == 8


def test_addresses_that_are_known_are_not_kept_without_end(
    client: TestClient, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeup.server.shortcuts.MOST_KNOWN", 10)
    key = bearer("read")
    for number in range(1, 26):
        assert client.get(f"/jobs?limit={number}", headers=key).status_code == 200
    assert 1 <= len(known(client)) <= 10
    assert client.get("/jobs?work=" + "a" * 1000, headers=key).status_code == 200
    assert all(len(query) < 1000 for _, query in known(client))


def test_files_and_their_parts_come_by_the_short_way_too(client: TestClient, place: Premises, bearer: Bearer) -> None:
    cast = add_cast(place, fake_result())
    page = f"/results/{cast}/cast/report.html"
    long = client.get(page, headers=bearer("read"))
    assert (page, b"") in known(client)
    looks = len([each for each in place.access.log(500) if each.action == "see report"])
    short = client.get(page, headers=bearer("read"))
    assert (short.content, dict(short.headers)) == (long.content, dict(long.headers))
    part = client.get(page, headers={**bearer("read"), "range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, long.content[3:10])
    assert len([each for each in place.access.log(500) if each.action == "see report"]) == looks + 2
    wrong = client.get(page, headers={**bearer("read"), "range": "lines=1-2"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "server.range")
    beyond = client.get(page, headers={**bearer("read"), "range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "server.range")
    assert client.get(page, headers=bearer("edit")).status_code == 403
    assert client.get(page).status_code == 401
    (place.data / "results" / cast / "cast" / "report.html").unlink()
    assert client.get(page, headers=bearer("read")).status_code == 404
