"""Whatever is sent to any endpoint of the OpenAPI document, the server answers soon and does not fail itself."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from closeup.server.app import openapi_document
from closeup.server.premises import Premises
from features.cast.fake_cast import fake_result
from server.studio_casts import add_cast, listening

MOST_S = 5.0
"""So long an answer may take at most: some 20 ms are usual, so that a slow machine alone does not reach it."""

DOCUMENT = openapi_document()
ENDLESS = "/events"
"""This stream ends with its reader: a client that reads whole answers would wait for ever."""

COUNTED = "/session"
"""Tries to enter are counted for the whole process: other tests would find none left."""

ENDPOINTS = sorted(
    (
        (method, path)
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
        if path not in (ENDLESS, COUNTED)
    ),
    key=lambda endpoint: endpoint[0] == "delete",
)
"""What deletes comes last, so that the others find a cast."""

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
)
JUNK = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def values(schema: dict[str, Any], ids: list[str], depth: int = 0) -> st.SearchStrategy[Any]:
    """What a schema allows, more or less, and now and then something else."""
    schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if depth > 4:
        return st.none()
    if "enum" in schema or "const" in schema:
        right = st.sampled_from(schema.get("enum") or [schema["const"]])
    elif "anyOf" in schema:
        right = st.one_of(*(values(each, ids, depth + 1) for each in schema["anyOf"]))
    elif schema.get("type") == "object":
        named = {name: values(each, ids, depth + 1) for name, each in schema.get("properties", {}).items()}
        needed = {name: each for name, each in named.items() if name in schema.get("required", ())}
        right = st.fixed_dictionaries(
            needed, optional={name: each for name, each in named.items() if name not in needed}
        )
    elif schema.get("type") == "array":
        right = st.lists(values(schema.get("items", {}), ids, depth + 1), max_size=3)
    elif schema.get("type") in ("integer", "number"):
        right = st.integers(-5, 5000)
    elif "pattern" in schema:
        right = st.one_of(
            st.sampled_from([*ids, "p1", "p2", "t1", "t3"]), st.from_regex(schema["pattern"], fullmatch=True)
        )
    else:
        right = {"string": st.text(max_size=12), "boolean": st.booleans(), "null": st.none()}.get(
            schema.get("type", ""), JUNK
        )
    return st.one_of(right, right, right, right, right, JUNK)


@pytest.fixture(scope="module")
def ids(shared_server: tuple[Premises, TestClient]) -> list[str]:
    """Of a cast, of an upload that has begun, and of nothing."""
    place = shared_server[0]
    expires = datetime.now(UTC) + timedelta(hours=1)
    upload = place.media.announce("a.png", 10, expires_at=expires, added_by=None)
    return [add_cast(place, fake_result()), upload.id, "0" * 32]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS, ids=[f"{method} {path}" for method, path in ENDPOINTS])
def test_nothing_that_is_sent_makes_the_server_fail(
    shared_server: tuple[Premises, TestClient], ids: list[str], method: str, path: str
) -> None:
    place, client = shared_server
    told = DOCUMENT["paths"][path][method]
    schema = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    token = place.access.make("fuzz", "token", ["read", "edit", "enrol", "admin"])[1]
    known, junk = st.sampled_from(ids), st.sampled_from(["cast/report.html", "cast.json", "..", *ids])
    parts = st.one_of(known, known, junk, st.text(max_size=10))
    asked = {each["name"]: each.get("schema", {}) for each in told.get("parameters", ()) if each["in"] == "query"}
    heads = [each["name"] for each in told.get("parameters", ()) if each["in"] == "header"]
    header = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=30)

    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def send(data: st.DataObject) -> None:
        address = re.sub(r"\{[^}]+\}", lambda _: quote(data.draw(parts), safe="/"), path)
        query = {name: data.draw(values(each, ids)) for name, each in asked.items() if data.draw(st.booleans())}
        headers = {"authorization": f"Bearer {token}", "tus-resumable": "1.0.0"}
        headers |= {name: data.draw(header) for name in heads if data.draw(st.booleans())}
        body = b"" if schema is None else json.dumps(data.draw(values(schema, ids))).encode()
        body = data.draw(st.one_of(st.just(body), st.just(body), st.just(body), st.binary(max_size=20)))
        params = {name: json.dumps(value).strip('"') for name, value in query.items()}
        began_s = time.monotonic()
        answer = client.request(method, address, params=params, headers=headers, content=body)
        assert time.monotonic() - began_s < MOST_S
        assert answer.status_code < 500, answer.text
        if method != "head" and answer.status_code >= 400 and answer.headers.get("content-type") == "application/json":
            assert set(answer.json()) == {"error", "hint", "code"}

    send()


def test_a_stream_of_events_begins_at_once_or_is_refused(tmp_path: Path) -> None:
    with listening(tmp_path) as (place, url, _):
        token = place.access.make("a test", "token", ["read"])[1]
        for query, last, status in (
            ("", "0", 200),
            ("?job=" + "0" * 32, "9" * 15, 200),
            ("?job=../x", "0", 422),
            ("", "9" * 16, 422),
            ("", "-1", 422),
        ):
            connection = HTTPConnection(url.removeprefix("http://"), timeout=MOST_S)
            headers = {"authorization": f"Bearer {token}", "last-event-id": last}
            connection.request("GET", ENDLESS + query, headers=headers)
            answer = connection.getresponse()
            assert answer.status == status
            if status == 200:
                assert answer.readline() == b"retry: 2000\n"
            connection.close()
