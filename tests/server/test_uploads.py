"""Uploads by tus: cut, resumed, out of order, too long, of another kind."""

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.server.premises import Premises
from closeup.server.sniff import clean_name, kind_of_name
from closeup.server.uploads import sweep
from server.conftest import serving

Bearer = Callable[..., dict[str, str]]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


class Uploader:
    def __init__(self, client: TestClient, key: dict[str, str]) -> None:
        self.client, self.headers = client, {**key, "tus-resumable": "1.0.0"}

    def begin(self, size: int, name: str = "a.png") -> Any:
        about = "filename " + base64.b64encode(name.encode()).decode()
        headers = {**self.headers, "upload-length": str(size), "upload-metadata": about}
        return self.client.post("/uploads", headers=headers)

    def send(self, place: str, at: int, content: bytes, **others: str) -> Any:
        headers = {**self.headers, "upload-offset": str(at), "content-type": "application/offset+octet-stream"}
        return self.client.patch(place, content=content, headers=headers | others)

    def offset(self, place: str) -> int:
        return int(self.client.head(place, headers=self.headers).headers["upload-offset"])


@pytest.fixture
def shared_server(tmp_path: Path) -> Iterator[tuple[Premises, TestClient]]:
    """Each test has its own."""
    with serving(tmp_path) as both:
        yield both


@pytest.fixture
def upload(client: TestClient, bearer: Bearer) -> Uploader:
    return Uploader(client, bearer("edit", "read"))


def test_an_upload_in_parts_becomes_a_medium(upload: Uploader, place: Premises) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    chance, at = random.Random(3), 0
    while at < len(PNG):
        part = PNG[at : at + chance.randint(1, 700)]
        if chance.random() < 0.3:
            assert upload.send(where, at + 1, part).status_code == 409
        assert upload.send(where, at, part).status_code == 204
        at += len(part)
        assert upload.offset(where) == at
    (record,) = upload.client.get("/media", headers=upload.headers).json()["items"]
    assert (record["kind"], record["sha256"]) == ("photo", hashlib.sha256(PNG).hexdigest())
    file = f"/media/{record['id']}/a.png"
    assert upload.client.get(file, headers=upload.headers).content == PNG
    ranged = upload.client.get(file, headers={**upload.headers, "range": "bytes=5-9"})
    assert (ranged.status_code, ranged.content) == (206, PNG[5:10])
    assert upload.client.get(f"/media/{record['id']}/b.png", headers=upload.headers).status_code == 404
    assert upload.send(where, at, b"x").status_code == 409
    (job,) = place.jobs.page(9)
    assert (job.work, job.uses) == ("media.thumbnail", (record["id"],))


def test_what_has_not_arrived_is_no_medium(upload: Uploader) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    upload.send(where, 0, PNG[:100])
    number = where.rpartition("/")[2]
    assert upload.client.get(f"/media/{number}/a.png", headers=upload.headers).status_code == 404
    body = {"sources": [number], "options": {}}
    assert upload.client.post("/jobs/gallery.identify", json=body, headers=upload.headers).status_code == 404


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1e3", str(2**60)])
def test_odd_lengths_are_refused(upload: Uploader, size: str) -> None:
    headers = {**upload.headers, "upload-length": size}
    assert upload.client.post("/uploads", headers=headers).status_code == 400


@pytest.mark.parametrize("at", ["-1", "", "x", "1", "999999999999999999999"])
def test_odd_offsets_are_refused(upload: Uploader, at: str) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    assert upload.send(where, 0, PNG[:10], **{"upload-offset": at}).status_code == 409
    assert upload.offset(where) == 0


def test_more_than_was_announced_is_refused(upload: Uploader) -> None:
    where = upload.begin(20).headers["location"]
    assert upload.send(where, 0, PNG).status_code == 413
    assert upload.offset(where) == 0


def test_the_quota_holds(upload: Uploader) -> None:
    assert upload.begin(1_000_001).status_code == 413
    assert upload.begin(700_000).status_code == 201
    assert upload.begin(700_000).status_code == 413  # what is yet to arrive counts


def test_a_wrong_checksum_leaves_nothing(upload: Uploader) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    right = "sha256 " + base64.b64encode(hashlib.sha256(PNG[:50]).digest()).decode()
    assert upload.send(where, 0, PNG[50:100], **{"upload-checksum": right}).status_code == 460
    assert upload.offset(where) == 0
    assert upload.send(where, 0, PNG[:50], **{"upload-checksum": right}).status_code == 204
    assert upload.send(where, 50, PNG[50:], **{"upload-checksum": "md5 abc="}).status_code == 400


def test_a_file_is_what_its_name_says_or_goes(upload: Uploader, place: Premises) -> None:
    for name, content in (("a.png", b"<html><script>1</script></html>"), ("a.mp4", PNG), ("a.jpg", b"MZ" * 50)):
        where = upload.begin(len(content), name).headers["location"]
        assert upload.send(where, 0, content).status_code == 415
        assert upload.client.head(where, headers=upload.headers).status_code == 404
    assert not list((place.data / "media").iterdir())
    for name in ("a.html", "a.svg", "a.exe", "a", "", ".png"):
        assert upload.begin(10, name).status_code == 415


@pytest.mark.parametrize(
    "given",
    ["../../x.png", "/etc/x.png", "..\\..\\x.png", "a\0b.png", "a\nb.png", "." * 300 + "/x.png", "é" * 300 + ".png"],
)
def test_a_name_is_one_plain_name(upload: Uploader, place: Premises, given: str) -> None:
    assert upload.begin(10, given).status_code == 201
    name = clean_name(given)
    assert "/" not in name
    assert "\\" not in name
    assert name.isprintable()
    assert not name.startswith(".")
    assert len(name.encode()) < 200
    assert kind_of_name(name) == "photo"


def test_a_killed_server_finishes_what_had_arrived(upload: Uploader, place: Premises) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    number = where.rpartition("/")[2]
    found = place.media.find(number)
    assert found is not None
    found[1].write_bytes(PNG)  # the last byte is there, and nobody has said so
    assert upload.offset(where) == len(PNG)
    assert upload.client.get(f"/media/{number}", headers=upload.headers).json()["kind"] == "photo"


def test_uploads_that_were_given_up_go(upload: Uploader, place: Premises) -> None:
    where = upload.begin(100).headers["location"]
    upload.send(where, 0, PNG[:10])
    sweep(place)
    assert upload.offset(where) == 10
    old = place.media.announce("b.png", 10, expires_at=datetime.now(UTC) - timedelta(1), added_by=None)
    sweep(place)
    assert place.media.find(old.id) is None
    assert upload.client.delete(where, headers=upload.headers).status_code == 204
    assert upload.client.head(where, headers=upload.headers).status_code == 404
    assert place.media.taken_bytes() == 0


def test_the_protocol_is_spoken(upload: Uploader) -> None:
    told = upload.client.options("/uploads")
    assert (told.status_code, told.headers["tus-version"]) == (204, "1.0.0")
    where = upload.begin(10).headers["location"]
    del upload.headers["tus-resumable"]
    assert upload.begin(10).status_code == 412
    assert upload.client.head(where, headers=upload.headers).status_code == 412


def test_deleting_takes_every_byte_and_says_so(upload: Uploader, place: Premises) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    upload.send(where, 0, PNG)
    number = where.rpartition("/")[2]
    address = f"/media/{number}"
    assert upload.client.delete(address, headers=upload.headers).status_code == 409  # its small picture is to be made
    job = place.jobs.claim("w")
    assert job is not None
    place.jobs.end(job, "done")
    made = place.submit("cast", {}, [number], asked_by=None)
    folder = place.results_of(made) / "cast"
    folder.mkdir(parents=True)
    (folder / "cast.json").write_bytes(b"123")
    assert upload.client.delete(address, headers=upload.headers).status_code == 409
    place.jobs.cancel(made.id)
    receipt = upload.client.delete(address, headers=upload.headers).json()
    assert receipt["bytes"] == len(PNG) + 3
    assert {each["name"] for each in receipt["files"]} == {
        f"media/{number}/a.png",
        f"results/{made.id}/cast/cast.json",
    }
    assert made.id in receipt["jobs"]
    assert upload.client.get(address, headers=upload.headers).status_code == 404
    assert place.jobs.page(9) == ()
    assert not [file for file in place.data.rglob("*") if file.is_file() and not file.name.startswith("server.db")]


def test_a_registered_file_stays_where_it_is(
    client: TestClient, bearer: Bearer, place: Premises, tmp_path: Any
) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(PNG)
    key = bearer("admin")
    record = client.post("/media/by-path", json={"path": str(mine)}, headers=key).json()
    assert client.get(f"/media/{record['id']}/mine.png", headers=key).content == PNG
    assert str(tmp_path) not in str(record)
    job = place.jobs.claim("w")
    assert job is not None
    place.jobs.end(job, "done")
    receipt = client.delete(f"/media/{record['id']}", headers=key).json()
    assert any("stays where it was" in each for each in receipt["kept"])
    assert mine.read_bytes() == PNG
    for path in ("/etc/passwd", str(tmp_path), "relative.png", str(tmp_path / "none.png")):
        assert client.post("/media/by-path", json={"path": path}, headers=key).status_code in (400, 422)


def test_ranges_are_given_and_what_is_none_is_refused_as_all_else(upload: Uploader, bearer: Bearer) -> None:
    where = upload.begin(len(PNG)).headers["location"]
    assert upload.send(where, 0, PNG).status_code == 204
    file, key = f"/media/{where.rpartition('/')[2]}/a.png", bearer("read")

    def get(ranges: str) -> Any:
        return upload.client.get(file, headers={**key, "range": ranges})

    for ranges, content in (("bytes=0-3", PNG[:4]), ("bytes=-2", PNG[-2:]), ("bytes=2000-", PNG[2000:])):
        assert (get(ranges).status_code, get(ranges).content) == (206, content)
    assert get(f"bytes={len(PNG)}-").status_code == 416
    for ranges in ("bytes=5-2", "bytes=x", "bytes=", "bytes=-", "lines=1-2", "bytes", "bytes=1-2,a"):
        refused = get(ranges)
        assert (refused.status_code, refused.json()["code"]) == (400, "server.range"), ranges
