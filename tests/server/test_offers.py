"""What may be asked for from outside: by ids alone, in forms that say what each id may name."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.jobs.worker import Worker
from closeup.server.offers import OFFERS, TAKES
from closeup.server.premises import Premises
from closeup.server.uploads import THUMBNAIL

Bearer = Callable[..., dict[str, str]]
TEXT = "The council met on Monday. It voted to close the old bridge for two years. Traders in the town were not asked."
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def brought(client: TestClient, headers: dict[str, str], name: str, content: bytes) -> str:
    """The id of a file that was uploaded whole."""
    tus = {**headers, "tus-resumable": "1.0.0"}
    about = {
        "upload-length": str(len(content)),
        "upload-metadata": "filename " + base64.b64encode(name.encode()).decode(),
    }
    begun = client.post("/uploads", headers=tus | about)
    assert begun.status_code == 201, begun.json()
    bytes_from = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
    sent = client.patch(begun.headers["location"], content=content, headers=tus | bytes_from)
    assert sent.status_code == 204, sent.json()
    return str(begun.headers["location"].rsplit("/", 1)[1])


def ask(client: TestClient, headers: dict[str, str], work: str, given: dict[str, Any]) -> Any:
    return client.post(f"/jobs/{work}", json=given, headers=headers)


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_each_form_says_what_its_ids_name_and_has_no_path(offer: Any) -> None:
    described = offer.schema()
    assert {name for name, each in described["properties"].items() if TAKES in each} == set(offer.takes)
    paths = [
        name
        for each in (described, *described.get("$defs", {}).values())
        for name, field in each.get("properties", {}).items()
        if "4096" in str(field) and TAKES not in field
    ]
    assert paths == []


def test_a_text_is_named_and_summed_up(client: TestClient, bearer: Bearer, place: Premises) -> None:
    headers = bearer("read", "edit")
    text = brought(client, headers, "news.txt", TEXT.encode())
    answer = ask(client, headers, "headline", {"text": text, "options": {"sentences": 1}})
    assert answer.status_code == 201, answer.json()
    while (job := place.jobs.claim("w")) is not None and job.work == THUMBNAIL:
        place.jobs.end(job, "cancelled")
    assert job is not None
    Worker(place.jobs, place.data).do(job)
    done = client.get(f"/jobs/{job.id}", headers=headers).json()
    assert done["state"] == "done", done
    (story,) = done["result"]["stories"]
    assert story["headline"]
    assert story["summary"][0]["text"] in TEXT
    files = {each["name"] for each in client.get(f"/results/{job.id}", headers=headers).json()["items"]}
    assert {"headline/report.html", "headline/headline.json"} <= files


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", "깊은 밤".encode(), "text"),
        ("a.csv", b"price,rooms\n1,2\n", "table"),
        ("b.csv", "price,rooms\n1,2\n".encode("utf-16"), "table"),
    ],
)
def test_texts_and_tables_are_kept_and_never_shown_in_place(
    client: TestClient, bearer: Bearer, name: str, content: bytes, kind: str
) -> None:
    headers = bearer("read", "edit")
    medium = brought(client, headers, name, content)
    assert client.get(f"/media/{medium}", headers=headers).json()["kind"] == kind
    given = client.get(f"/media/{medium}/{name}", headers=headers)
    assert given.content == content
    assert given.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("content", [b"MZ\x90\x00\x03", b"  \n ", b"\x7fELF\x02"])
def test_what_is_no_text_is_not_taken_for_one(client: TestClient, bearer: Bearer, content: bytes) -> None:
    with pytest.raises(AssertionError, match="not what its name says"):
        brought(client, bearer("edit"), "a.txt", content)


@pytest.mark.parametrize("background", ["/etc/passwd", "../../x.jpg", "a.png", "#12", "0" * 32])
def test_a_background_is_a_colour_or_a_photo_of_the_library(
    client: TestClient, bearer: Bearer, background: str
) -> None:
    headers = bearer("read", "edit")
    photo = brought(client, headers, "p.png", PNG)
    refused = ask(client, headers, "portrait", {"sources": [photo], "options": {"background": background}})
    assert refused.status_code in (400, 404), refused.json()


def test_a_background_by_its_id_is_used(client: TestClient, bearer: Bearer, place: Premises) -> None:
    headers = bearer("read", "edit")
    photo, behind = brought(client, headers, "p.png", PNG), brought(client, headers, "q.png", PNG)
    for background, uses in (("transparent", [photo]), ("#336699", [photo]), (behind, [photo, behind])):
        asked = ask(client, headers, "portrait", {"sources": [photo], "options": {"background": background}})
        assert asked.status_code == 201, asked.json()
        assert asked.json()["uses"] == uses
    record = place.jobs.find(asked.json()["id"])
    assert record is not None
    assert f"../../media/{behind}/q.png" in record.arguments
