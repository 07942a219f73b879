"""What may be asked for from outside: by ids alone, in forms that say what each id may name."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.documents.form import parse_json
from closeup.jobs.arguments import decode_arguments
from closeup.jobs.work import WORK
from closeup.jobs.worker import Worker
from closeup.server.offer import RESULTS, TAKES
from closeup.server.offers import NOT_OFFERED, OFFERS
from closeup.server.premises import Premises
from closeup.server.uploads import THUMBNAIL
from server.conftest import serving

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
    chosen = {name for name, kinds in offer.takes.items() if set(kinds) - {"path", "name", "run"}}
    assert {name for name, each in described["properties"].items() if TAKES in each} == chosen
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


def test_all_work_is_offered_or_is_said_not_to_be() -> None:
    assert set(OFFERS) | set(NOT_OFFERED) == set(WORK)
    assert not set(OFFERS) & set(NOT_OFFERED)
    given = {work for works, _ in RESULTS.values() for work in works}
    assert given <= set(OFFERS)


def done(place: Premises, work: str) -> str:
    """The id of a job that is done."""
    asked = place.submit(work, {}, [], asked_by=None, priority=10)
    while (job := place.jobs.claim("w")) is not None and job.id != asked.id:
        place.jobs.end(job, "cancelled")
    assert job is not None
    place.jobs.end(job, "done")
    return job.id


def arguments_of(place: Premises, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 201, answer.json()
    record = place.jobs.find(answer.json()["id"])
    assert record is not None
    given = parse_json(record.arguments.encode())
    decode_arguments(record.work, given)  # the worker reads them
    assert isinstance(given, dict)
    return given


def test_a_model_that_a_job_gave_is_named_by_the_job_and_goes_with_it(
    client: TestClient, bearer: Bearer, place: Premises
) -> None:
    headers = bearer("read", "edit")
    table = brought(client, headers, "a.csv", b"price,rooms\n1,2\n")
    fit = done(place, "appraise.fit")
    answer = ask(client, headers, "appraise.predict", {"model": fit, "table": table})
    given = arguments_of(place, answer)
    assert given["model"] == f"../{fit}/model"
    assert given["table"] == f"../../media/{table}/a.csv"
    assert given["out"] == "prices.csv"
    assert sorted(answer.json()["uses"]) == sorted([fit, table])
    for wrong in (done(place, "recommend.fit"), table, "0" * 32):
        assert ask(client, headers, "appraise.predict", {"model": wrong, "table": table}).status_code == 404
    text = brought(client, headers, "news.txt", TEXT.encode())
    assert "model" not in arguments_of(place, ask(client, headers, "headline", {"text": text}))
    assert "model" not in arguments_of(place, ask(client, headers, "headline", {"text": text, "model": None}))


ZIP = b"PK\x03\x04" + bytes(64)


def test_labelled_pictures_are_an_archive_or_by_an_admin_a_place_on_the_disk(
    client: TestClient, bearer: Bearer, place: Premises
) -> None:
    editor, admin = bearer("read", "edit"), bearer("admin")
    data = brought(client, editor, "data.zip", ZIP)
    for source in (data, {"path": data, "group_column": "person"}):
        given = arguments_of(place, ask(client, editor, "data.look", {"source": source}))
        assert given["source"]["path"] == f"../../media/{data}/data.zip"
    for source in ("/etc", {"path": "/etc"}, {"path": data, "corrections": "/etc/passwd"}, {"path": "../x"}, "../x"):
        refused = ask(client, editor, "data.look", {"source": source})
        assert refused.status_code in (400, 403, 422), refused.json()
    assert arguments_of(place, ask(client, admin, "data.look", {"source": "/data/faces"}))["source"] == {
        "path": "/data/faces"
    }
    for body in ({"path": "faces"}, {"path": data, "corrections": "a.csv"}):
        assert ask(client, admin, "data.look", {"source": body}).status_code == 400
    refused = ask(client, editor, "data.split", {"source": data, "recipe": {"file": "/etc/passwd"}})
    assert refused.status_code == 400
    assert ask(client, editor, "evaluate", {"model": "last", "data": "/data/faces"}).status_code == 403
    assert arguments_of(place, ask(client, admin, "evaluate", {"model": "last", "data": "/data/faces"}))


@pytest.mark.parametrize("name", ["/etc/x.onnx", "../x.onnx", "a/b", ".hidden", "~/x.onnx", "a\\b", ""])
def test_a_trained_model_is_a_name(client: TestClient, bearer: Bearer, name: str) -> None:
    headers = bearer("admin")
    photo = brought(client, headers, "p.png", PNG)
    assert ask(client, headers, "predict", {"model": name, "photos": [photo]}).status_code == 422
    assert ask(client, headers, "export", {"run": name, "options": {}}).status_code == 422


RECIPE = b'name = "tiny"\n[[data]]\npath = "faces"\n[[heads]]\nname = "class"\n[[stages]]\nepochs = 1\n'


def test_a_recipe_of_the_library_is_trained_by_an_admin_among_the_servers_runs(tmp_path: Path) -> None:
    with serving(tmp_path) as (place, client):

        def bearer(*scopes: str) -> dict[str, str]:
            return {"authorization": f"Bearer {place.access.make('a test', 'token', scopes)[1]}"}

        recipe = brought(client, bearer("edit"), "tiny.toml", RECIPE)
        body = {"recipe": recipe, "base": "/data"}
        assert ask(client, bearer("read", "edit", "enrol"), "train", body).status_code == 403
        refused = ask(client, bearer("admin"), "train", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "server.absent")
        place.runs = tmp_path / "runs"
        given = arguments_of(place, ask(client, bearer("admin"), "train", body))
        assert given["recipe"]["data"][0]["path"] == "faces"
        assert (given["base"], given["runs_dir"]) == ("/data", str(tmp_path / "runs"))
        (tmp_path / "runs").mkdir()
        assert ask(client, bearer("admin"), "export", {"run": "tiny", "options": {}}).status_code == 404
        assert ask(client, bearer("admin"), "train", {"recipe": recipe, "base": "data"}).status_code == 422
