"""A server for one page: who may come, what they get, and what nobody gets."""

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import pytest

from closeup.core.errors import InputError
from closeup.server.loopback import LoopbackServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LoopbackServer]:
    (tmp_path / "page.html").write_text("<p>hello")
    (tmp_path / "film.mp4").write_bytes(bytes(range(200)))

    def receive(address: str, content: BinaryIO, length: int) -> bytes | None:
        if address == "/bad":
            raise InputError("That is no take.", "Play it again.")
        return content.read(length) if address == "/echo" else None

    found = {"/film": tmp_path / "film.mp4", "/data.json": b"[1]", "/assets/a.wasm": tmp_path / "film.mp4"}
    made = LoopbackServer(tmp_path / "page.html", found.get, receive, most_bytes=1 << 20)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


class Visitor:
    """A browser with its cookie."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server, self.cookie = server, ""

    def ask(self, address: str, method: str = "GET", body: bytes | None = None, **headers: str) -> "Reply":
        link = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        given = {"Cookie": self.cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        link.request(method, address, body, given)
        answer = link.getresponse()
        reply = Reply(answer.status, dict(answer.getheaders()), answer.read())
        link.close()
        return reply

    def enter(self) -> "Reply":
        parts = urlsplit(self.server.link)
        reply = self.ask(f"{parts.path}?{parts.query}")
        self.cookie = reply.headers.get("Set-Cookie", "").partition(";")[0]
        return reply


class Reply:
    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content


@pytest.fixture
def visitor(server: LoopbackServer) -> Visitor:
    """Somebody who came by the link."""
    made = Visitor(server)
    assert made.enter().content == b"<p>hello"
    return made


def test_it_listens_on_this_machine_alone_and_its_link_works_once(server: LoopbackServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    first, second = Visitor(server), Visitor(server)
    assert first.ask("/").status == 403
    assert first.ask("/?token=wrong").status == 403
    reply = first.enter()
    assert reply.status == 200
    assert "HttpOnly; SameSite=Strict" in reply.headers["Set-Cookie"]
    assert second.enter().status == 403
    assert first.ask("/").content == b"<p>hello"
    assert second.ask("/film").status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "192.168.0.7:80", ""])
def test_another_name_for_this_machine_is_refused(visitor: Visitor, host: str) -> None:
    reply = visitor.ask("/", Host=host)
    assert reply.status == 421
    assert b"open it at http://127.0.0.1:" in reply.content


def test_only_known_addresses_are_answered(visitor: Visitor) -> None:
    for address in ("/page.html", "/../film.mp4", "/%2e%2e/film.mp4", "/film/", "/assets/", "/film%00"):
        assert visitor.ask(address).status == 404, address
    assert visitor.ask("/data.json?x=1").content == b"[1]"


def test_every_answer_forbids_what_the_page_does_not_need(visitor: Visitor) -> None:
    for address in ("/", "/nothing", "/film"):
        headers = visitor.ask(address).headers
        assert headers["Content-Security-Policy"].startswith(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"
        )
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert visitor.ask("/assets/a.wasm").headers["Cache-Control"].endswith("immutable")
    assert visitor.ask("/data.json").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "status", "first", "count"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=190-", 206, 190, 10),
        ("bytes=-5", 206, 195, 5),
        ("bytes=150-999", 206, 150, 50),
        ("bytes=200-", 416, 0, 0),
        ("bytes=9-3", 416, 0, 0),
        ("bytes=-", 200, 0, 200),
        ("bytes=0-1,5-6", 200, 0, 200),
        ("lines=1-2", 200, 0, 200),
    ],
)
def test_a_player_may_ask_for_parts(visitor: Visitor, asked: str, status: int, first: int, count: int) -> None:
    reply = visitor.ask("/film", Range=asked)
    assert reply.status == status
    if status != 416:
        assert reply.content == bytes(range(200))[first : first + count]
    if status == 206:
        assert reply.headers["Content-Range"] == f"bytes {first}-{first + count - 1}/200"


def test_head_says_how_long_it_is(visitor: Visitor) -> None:
    reply = visitor.ask("/film", "HEAD")
    assert (reply.headers["Content-Length"], reply.content) == ("200", b"")


def test_only_the_page_itself_may_send_and_not_too_much(visitor: Visitor) -> None:
    own = f"http://127.0.0.1:{visitor.server.server_port}"
    assert visitor.ask("/echo", "POST", b"abc", Origin=own).content == b"abc"
    assert visitor.ask("/echo", "POST", b"abc").status == 403
    assert visitor.ask("/echo", "POST", b"abc", Origin="http://evil.example").status == 403
    assert Visitor(visitor.server).ask("/echo", "POST", b"abc", Origin=own).status == 403
    assert visitor.ask("/other", "POST", b"abc", Origin=own).status == 404
    assert visitor.ask("/echo", "POST", b"", Origin=own, Content_Length=str(1 << 21)).status == 413
    refused = visitor.ask("/bad", "POST", b"abc", Origin=own)
    assert (refused.status, refused.content) == (422, b"That is no take. Play it again.")
    assert visitor.ask("/film", "PUT", b"abc", Origin=own).status == 501
