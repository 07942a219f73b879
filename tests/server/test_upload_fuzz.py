"""Uploads as bad lines and odd clients send them: what is stored is what was sent, and deleting leaves nothing."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from closeup.server.premises import Premises
from server.conftest import serving
from server.test_uploads import Uploader

HEAD = b"\x89PNG\r\n\x1a\n"
ODD_OFFSETS = st.sampled_from(["-1", "", "x", "1e3", "0x1", "+1", "９", "1 2", str(2**70)])
NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=60).map(lambda name: name + "x.png")
ODD_METADATA = st.one_of(
    st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=40),
    st.binary(max_size=40).map(lambda name: "filename " + base64.b64encode(name).decode()),
    st.sampled_from(["filename", "filename ====", "filename YQ==,filename Yi5wbmc=", ",,,", " filename"]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 900)),
        st.tuples(st.just("again"), st.integers(1, 900)),
        st.tuples(st.just("ahead"), st.integers(1, 900)),
        st.tuples(st.just("odd offset"), ODD_OFFSETS),
        st.tuples(st.just("cut on its way"), st.integers(1, 900)),
        st.tuples(st.just("too much"), st.integers(1, 900)),
        st.tuples(st.just("other type"), st.sampled_from(["text/plain", "", "x"])),
        st.tuples(st.just("odd checksum"), st.sampled_from(["sha256", "sha256 x", "md5 abc=", "", "sha256 ===="])),
    ),
    max_size=25,
)
OFTEN = settings(
    max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


class Sending:
    """One upload, and how much of it the server should have."""

    def __init__(self, upload: Uploader, place: str, content: bytes) -> None:
        self.upload, self.place, self.content, self.at = upload, place, content, 0

    def step(self, what: str, how: Any) -> None:
        """Send something, right or wrong, and see that the server has what it should."""
        part = self.content[self.at : self.at + how] if isinstance(how, int) else self.content[self.at :][:50]
        rest = self.content[self.at :]
        whole = base64.b64encode(hashlib.sha256(part + b"!").digest()).decode()
        answer = {
            "send": lambda: self.upload.send(self.place, self.at, part),
            "again": lambda: self.upload.send(self.place, self.at - how, part),
            "ahead": lambda: self.upload.send(self.place, self.at + how, part),
            "odd offset": lambda: self.upload.send(self.place, 0, part, **{"upload-offset": encoded(how)}),
            "cut on its way": lambda: self.upload.send(
                self.place, self.at, part, **{"upload-checksum": f"sha256 {whole}"}
            ),
            "too much": lambda: self.upload.send(self.place, self.at, rest + bytes(how)),
            "other type": lambda: self.upload.send(self.place, self.at, part, **{"content-type": how}),
            "odd checksum": lambda: self.upload.send(self.place, self.at, part, **{"upload-checksum": how}),
        }[what]()
        assert answer.status_code < 500, (what, how, answer.text)
        assert (answer.status_code == 204) == (what == "send"), (what, how, answer.status_code, answer.text)
        self.at += len(part) if what == "send" else 0
        assert self.upload.offset(self.place) == self.at

    def finish(self) -> None:
        """Ask how far it is, as a client that was cut off does, and send the rest."""
        at = self.upload.offset(self.place)
        assert self.upload.send(self.place, at, self.content[at:]).status_code == 204


@pytest.fixture
def shared_server(tmp_path: Path) -> Iterator[tuple[Premises, TestClient]]:
    """Each test has its own: other tests leave files in the one that is shared."""
    with serving(tmp_path) as both:
        yield both


def encoded(text: str) -> Any:
    """A header's value; bytes where it is no ASCII, as odd clients send them."""
    return text if text.isascii() else text.encode()


def uploader(place: Premises, client: TestClient) -> Uploader:
    token = place.access.make("fuzz", "token", ["read", "edit"])[1]
    return Uploader(client, {"authorization": f"Bearer {token}"})


def kept(place: Premises) -> list[str]:
    """Every file of the server's but its database."""
    return [path.name for path in place.data.rglob("*") if path.is_file() and not path.name.startswith("server.db")]


@OFTEN
@given(name=NAMES, content=st.binary(min_size=1, max_size=3000), steps=STEPS, give_up=st.booleans())
def test_what_is_stored_is_what_was_sent(
    shared_server: tuple[Premises, TestClient], name: str, content: bytes, steps: list[Any], give_up: bool
) -> None:
    place, client = shared_server
    upload = uploader(place, client)
    begun = upload.begin(len(HEAD + content), name)
    assert begun.status_code == 201, begun.text
    where = begun.headers["location"]
    sending = Sending(upload, where, HEAD + content)
    for what, how in steps:
        if sending.at + 900 < len(sending.content):  # what would end it comes last
            sending.step(what, how)
    number = where.rpartition("/")[2]
    if give_up:
        assert client.delete(where, headers=upload.headers).status_code == 204
    else:
        sending.finish()
        record = client.get(f"/media/{number}", headers=upload.headers).json()
        assert record["sha256"] == hashlib.sha256(sending.content).hexdigest()
        for job in place.jobs.page(99):
            place.jobs.cancel(job.id)
        gone = client.delete(f"/media/{number}", headers=upload.headers)
        assert gone.status_code == 200, gone.text
        assert gone.json()["bytes"] == len(sending.content)
    assert client.head(where, headers=upload.headers).status_code == 404
    assert kept(place) == []
    assert place.media.taken_bytes() == 0


@OFTEN
@given(metadata=ODD_METADATA, length=st.one_of(st.integers(-5, 5000).map(str), st.text("0123456789.-+ex", max_size=6)))
def test_odd_announcements_are_refused_or_taken(
    shared_server: tuple[Premises, TestClient], metadata: str, length: str
) -> None:
    place, client = shared_server
    upload = uploader(place, client)
    headers = {**upload.headers, "upload-length": length, "upload-metadata": metadata}
    answer = client.post("/uploads", headers=headers)
    assert answer.status_code in (201, 400, 413, 415), answer.text
    if answer.status_code == 201:
        assert client.delete(answer.headers["location"], headers=upload.headers).status_code == 204
    assert kept(place) == []
