"""Who may call and see what: each scope, each endpoint, and all that a stranger tries."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.server.guard import MOST_BODY_BYTES
from closeup.server.premises import Premises
from server.conftest import HOST, ORIGIN

Bearer = Callable[..., dict[str, str]]
NOBODY = "0" * 32

SCOPES = {
    **dict.fromkeys(
        (
            "GET /media",
            "GET /media/{media_id}",
            "GET /media/{media_id}/thumbnail",
            "GET /media/{media_id}/{name}",
            "GET /jobs",
            "GET /jobs/{job_id}",
            "GET /events",
            "GET /casts",
            "GET /casts/{cast_id}",
            "GET /casts/{cast_id}/questions",
            "GET /models",
            "GET /runs",
            "GET /runs/{run_id}",
            "GET /runs/{run_id}/mistakes",
            "GET /runs/{run_id}/{name}",
            "GET /audits",
            "GET /audits/{audit_id}",
            "GET /audits/{audit_id}/pictures/{number}",
            "POST /jobs/{job_id}/retry",
            "GET /results/{job_id}",
            "GET /results/{job_id}/{name}",
            "GET /gallery",
            "GET /gallery/{person_id}",
            "POST /jobs/gallery.identify",
            "POST /jobs/gallery.verify",
            "POST /jobs/gallery.similar",
            "POST /jobs/gallery.map",
            "POST /jobs/checkout.read",
            "POST /jobs/predict",
            "DELETE /session",
        ),
        "read",
    ),
    **dict.fromkeys(
        (
            "POST /uploads",
            "HEAD /uploads/{upload_id}",
            "PATCH /uploads/{upload_id}",
            "DELETE /uploads/{upload_id}",
            "DELETE /media/{media_id}",
            "POST /jobs/{job_id}/cancel",
            "DELETE /jobs/{job_id}",
            "PUT /jobs/{job_id}/plan",
            "PUT /audits/{audit_id}/decisions",
            "POST /audits/{audit_id}/corrections",
            "POST /casts/{cast_id}/changes",
            "POST /casts/{cast_id}/faces",
            "POST /casts/{cast_id}/undo",
            "POST /casts/{cast_id}/redo",
            *(f"POST /jobs/{name}" for name in ("cast", "cast.album", "cast.season", "cast.regroup", "shorts")),
            *(f"POST /jobs/{name}" for name in ("shorts.render", "reel", "faces", "act", "act.rank")),
            *(
                f"POST /jobs/{name}"
                for name in ("portrait", "matte", "headline", "headline.train", "headline.evaluate")
            ),
            *(f"POST /jobs/appraise.{name}" for name in ("look", "fit", "predict", "explain", "evaluate")),
            *(
                f"POST /jobs/recommend.{name}"
                for name in ("look", "fit", "for", "similar", "explain", "add", "evaluate")
            ),
            *(f"POST /jobs/data.{name}" for name in ("look", "split", "audit", "crop-faces")),
            *(f"POST /jobs/{name}" for name in ("evaluate", "export", "people.export")),
        ),
        "edit",
    ),
    **dict.fromkeys(
        (
            "PATCH /gallery/{person_id}",
            "POST /gallery/{person_id}/merge",
            "DELETE /gallery/{person_id}",
            "POST /jobs/gallery.enrol",
            "POST /jobs/gallery.enrol-video",
            "POST /jobs/gallery.import-cast",
        ),
        "enrol",
    ),
    **dict.fromkeys(
        (
            "POST /media/by-path",
            "GET /keys",
            "POST /keys",
            "DELETE /keys/{key_id}",
            "GET /audit",
            *(f"POST /jobs/{name}" for name in ("train", "train.resume", "gallery.import", "gallery.evaluate")),
            *(f"POST /jobs/checkout.{name}" for name in ("import", "evaluate")),
        ),
        "admin",
    ),
    "POST /session": "",
}
"""Every endpoint, and the scope that it needs."""


def ask(client: TestClient, endpoint: str, headers: dict[str, str]) -> Any:
    method, path = endpoint.split()
    return client.request(method, re.sub(r"\{\w+\}", NOBODY, path), headers=headers)


def test_every_endpoint_is_in_the_table(client: TestClient, bearer: Bearer) -> None:
    told = client.get("/openapi.json", headers=bearer("read")).json()
    found = {}
    for path, methods in told["paths"].items():
        for method, each in methods.items():
            scopes = {scope for way in each.get("security", []) for names in way.values() for scope in names}
            found[f"{method.upper()} {path}"] = "".join(scopes)
    assert found == SCOPES
    assert told["openapi"].startswith("3.1")


@pytest.mark.parametrize("endpoint", [each for each, scope in SCOPES.items() if scope and each != "GET /events"])
def test_an_endpoint_opens_to_its_scope_alone(client: TestClient, bearer: Bearer, endpoint: str) -> None:
    needed = SCOPES[endpoint]
    assert ask(client, endpoint, {}).status_code == 401
    assert ask(client, endpoint, {"authorization": "Bearer clo_" + "A" * 43}).status_code == 401
    others = [scope for scope in ("read", "edit", "enrol") if scope != needed]
    assert ask(client, endpoint, bearer(*others)).status_code == 403
    for key in (bearer(needed), bearer("admin")):
        assert ask(client, endpoint, key).status_code not in (401, 403, 500)


def test_the_stream_of_events_is_for_readers(client: TestClient, bearer: Bearer) -> None:
    assert client.get("/events").status_code == 401
    assert client.get("/events", headers=bearer("edit")).status_code == 403


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/metrics"])
def test_pages_about_the_server_are_for_readers(client: TestClient, bearer: Bearer, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer("read")).status_code == 200


def test_strangers_see_the_way_in_and_that_the_server_lives(client: TestClient) -> None:
    assert client.get("/").headers["location"] == "/enter"
    assert client.get("/enter").status_code == 200
    assert client.get("/health").json() == {"status": "ok"}


def test_a_link_opens_one_session(client: TestClient, place: Premises) -> None:
    _, code = place.access.make("a link", "link", ["admin"])
    assert client.get("/media", headers={"authorization": f"Bearer {code}"}).status_code == 401
    entered = client.post("/session", json={"key": code}, headers={"origin": ORIGIN})
    assert entered.status_code == 201
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.get("/").status_code == 200
    client.cookies.clear()
    assert client.post("/session", json={"key": code}).status_code == 401


def test_a_session_is_no_token_and_ends_with_its_token(client: TestClient, place: Premises) -> None:
    record, token = place.access.make("a token", "token", ["read"])
    client.post("/session", json={"key": token})
    session = client.cookies["closeup_session"]
    assert client.get("/media").status_code == 200
    assert client.get("/keys").status_code == 403
    client.cookies.clear()
    assert client.get("/media", headers={"authorization": f"Bearer {session}"}).status_code == 401
    client.cookies["closeup_session"] = token
    assert client.get("/media").status_code == 401
    client.cookies["closeup_session"] = session
    assert client.get("/media").status_code == 200
    place.access.revoke(record.id)
    assert client.get("/media").status_code == 401


def test_what_is_over_or_revoked_opens_nothing(client: TestClient, place: Premises) -> None:
    _, over = place.access.make("over", "token", ["admin"], lasts=timedelta(seconds=-1))
    revoked, secret = place.access.make("revoked", "token", ["admin"])
    assert place.access.revoke(revoked.id)
    for key in (over, secret):
        assert client.get("/media", headers={"authorization": f"Bearer {key}"}).status_code == 401
        assert client.post("/session", json={"key": key}).status_code == 401


def test_nobody_raises_their_own_rights(client: TestClient, bearer: Bearer) -> None:
    wanted = {"name": "more", "scopes": ["admin"]}
    for scopes in (["read"], ["edit"], ["enrol"], ["read", "edit", "enrol"]):
        assert client.post("/keys", json=wanted, headers=bearer(*scopes)).status_code == 403
    made = client.post("/keys", json={"name": "less", "scopes": ["read"]}, headers=bearer("admin")).json()
    less = {"authorization": f"Bearer {made['token']}"}
    assert made["key"]["scopes"] == ["read"]
    assert client.post("/keys", json=wanted, headers=less).status_code == 403
    for method in ("PUT", "PATCH", "POST"):
        assert (
            client.request(method, f"/keys/{made['key']['id']}", json=wanted, headers=bearer("admin")).status_code
            == 405
        )
    assert client.post("/keys", json={"name": "x", "scopes": ["root"]}, headers=bearer("admin")).status_code == 422


def test_secrets_are_not_kept(client: TestClient, bearer: Bearer, place: Premises) -> None:
    made = client.post("/keys", json={"name": "a", "scopes": ["read"]}, headers=bearer("admin")).json()
    place.close()
    for file in place.data.rglob("*.db*"):
        assert made["token"].encode() not in file.read_bytes()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", f"{HOST}.evil.example", f"{HOST}:81", ""])
def test_another_name_is_not_answered(client: TestClient, bearer: Bearer, host: str) -> None:
    assert client.get("/media", headers={**bearer("read"), "host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://{HOST}", f"{ORIGIN}.evil.example", None])
def test_pages_of_others_change_nothing(client: TestClient, place: Premises, origin: str | None) -> None:
    _, token = place.access.make("a token", "token", ["admin"])
    client.post("/session", json={"key": token})
    headers = {} if origin is None else {"origin": origin}
    assert client.post("/keys", json={"name": "a", "scopes": ["read"]}, headers=headers).status_code == 403
    assert client.post("/keys", json={"name": "a", "scopes": ["read"]}, headers={"origin": ORIGIN}).status_code == 201


@pytest.mark.parametrize(
    "name",
    [
        "../../../gallery.db",
        "..%2f..%2f..%2fgallery.db",
        "%2e%2e/%2e%2e/server.db",
        "..%5c..%5cserver.db",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "cast/../../../server.db",
        "cast/vectors.npz",
        "cast/edits.json",
        "cast/baseline.json",
        "cast/.hidden.json",
        "cast/link.json",
        "cast/report.html%00.jpg",
        "cast/people",
        "cast",
        "cast//report.html",
        "cast/report.HTML",
    ],
)
def test_no_path_leads_out_of_the_results(client: TestClient, bearer: Bearer, place: Premises, name: str) -> None:
    job = place.submit("cast", {}, [], asked_by=None)
    folder = place.results_of(job) / "cast"
    (folder / "people").mkdir(parents=True)
    for file in ("report.html", "vectors.npz", "edits.json", "baseline.json", ".hidden.json"):
        (folder / file).write_text("secret")
    (folder / "link.json").symlink_to("/etc/passwd")
    assert client.get(f"/results/{job.id}/cast/report.html", headers=bearer("read")).status_code == 200
    answer = client.get(f"/results/{job.id}/{name}", headers=bearer("read"))
    assert answer.status_code in (404, 422), answer.text
    assert "secret" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("number", ["1", "x" * 32, "0" * 31, "0" * 33, "%2e%2e", "0" * 31 + "G"])
def test_ids_are_ids(client: TestClient, bearer: Bearer, number: str) -> None:
    for path in (f"/media/{number}", f"/jobs/{number}", f"/casts/{number}", f"/gallery/{number}"):
        assert client.get(path, headers=bearer("admin")).status_code in (307, 404, 422)


def test_a_guessed_id_tells_nothing(client: TestClient, bearer: Bearer) -> None:
    for path in (f"/media/{NOBODY}", f"/jobs/{NOBODY}", f"/casts/{NOBODY}"):
        answer = client.get(path, headers=bearer("read"))
        assert answer.status_code == 404
        assert NOBODY not in answer.text


def test_bodies_are_limited_and_strict(client: TestClient, bearer: Bearer) -> None:
    key = bearer("admin")
    assert client.post("/keys", content=b"x" * (MOST_BODY_BYTES + 1), headers=key).status_code == 413
    for content in (b"", b"[]", b"{", b'{"name": "a"}', b'{"name": "a", "scopes": ["read"], "id": 1}', b"\xff"):
        assert client.post("/keys", content=content, headers=key).status_code == 422
    assert client.post("/keys", content=b"[" * 100_000, headers=key).status_code == 422


def test_work_from_outside_names_no_file(client: TestClient, bearer: Bearer, place: Premises) -> None:
    key = bearer("admin")
    for work, body in (
        ("cast", {"video": "/etc/passwd"}),
        ("cast", {"video": NOBODY, "folder": "/tmp/x"}),
        ("faces", {"sources": [NOBODY], "output": "/tmp/x"}),
        ("gallery.similar", {"photo": NOBODY, "options": {}, "sheet": "/tmp/x.html"}),
        ("gallery.map", {"options": {}, "output": "/tmp/x.html"}),
        ("shorts", {"cast_folder": "..", "person": "p1", "options": {}}),
        ("shorts", {"cast_folder": NOBODY, "person": "p1", "options": {}, "video": "/etc/passwd"}),
    ):
        assert client.post(f"/jobs/{work}", json=body, headers=key).status_code in (404, 422)
    cast = place.submit("cast", {}, [], asked_by=None, priority=9)
    owned = place.jobs.claim("w")
    assert owned is not None
    place.jobs.end(owned, "done")
    for options in ({"font": "/etc/passwd"}, {"captions": "/etc/passwd"}, {"caption_style": "/etc/x.toml"}):
        body = {"cast_folder": cast.id, "person": "p1", "options": options}
        assert client.post("/jobs/shorts", json=body, headers=key).status_code in (400, 404)
    assert client.post("/jobs/train", json={"recipe": "x", "base": "/"}, headers=key).status_code == 422


def test_every_answer_says_how_it_may_be_used(client: TestClient) -> None:
    for path in ("/enter", "/health", "/media", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"


def test_too_many_tries_are_not_answered(client: TestClient) -> None:
    tries = [client.post("/session", json={"key": "clo_" + "A" * 43}).status_code for _ in range(30)]
    assert tries[0] == 401
    assert 429 in tries


def test_who_did_what_is_written_down_without_names(client: TestClient, bearer: Bearer) -> None:
    client.get("/gallery", headers=bearer("read"))
    made = client.post("/keys", json={"name": "Ada", "scopes": ["read"]}, headers=bearer("admin")).json()
    log = client.get("/audit", headers=bearer("admin")).json()["items"]
    assert [each["action"] for each in log[:2]] == ["make token", "list gallery"]
    assert log[0]["subject"] == made["key"]["id"]
    assert "Ada" not in str(log)
