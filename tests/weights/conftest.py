"""A small model of our own to pull, and a server that can misbehave in every way a server can."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from closeup.core.settings import Settings
from closeup.weights.cards import ModelCard, card_from_table

CONTENT = bytes(range(256)) * 4096
"""A megabyte: several chunks of any reader."""


def make_card(**changes: Any) -> ModelCard:
    """A card of a model whose file is CONTENT; `changes` replace fields."""
    table = {
        "task": "detector",
        "pack": "zoo",
        "summary": "Small.",
        "source": "https://models.invalid",
        "licence": "MIT",
        "commercial_use": True,
        "data": ["None."],
        "output": "Nothing.",
        "file": "small.onnx",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "url": "https://models.invalid/small.onnx",
    }
    table.update(changes)
    return card_from_table({key: value for key, value in table.items() if value is not None}, "small-1")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A models folder of the test's own, not made yet."""
    return Settings(models_dir=tmp_path / "models", models_mirror=None)


@dataclass
class Behaviour:
    """What the server does.

    Attributes:
        content: The file it has.
        status: What it answers.
        cuts: After how many bytes of the body it hangs up, answer by answer; whole answers after the last.
        claims: The length it claims; None for the true one, "nothing" for none.
        stall: Whether it goes silent instead of answering.
    """

    content: bytes = CONTENT
    status: int = 200
    cuts: list[int] = field(default_factory=list)
    claims: int | str | None = None
    stall: bool = False
    asked: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class _Handler(http.server.BaseHTTPRequestHandler):
    behaviour: Behaviour

    def do_GET(self) -> None:
        does = self.behaviour
        does.asked += 1
        if does.stall:
            does.over.wait(30)
            return
        if does.status != 200:
            self.send_error(does.status)
            return
        body = does.content
        self.send_response(200)
        if does.claims != "nothing":
            self.send_header("Content-Length", str(len(body) if does.claims is None else does.claims))
        self.end_headers()
        with suppress(ConnectionError):  # closeup hangs up when it has seen enough
            self.wfile.write(body[: does.cuts.pop(0)] if does.cuts else body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@dataclass
class Server:
    """The server's address, and what it does next."""

    url: str
    does: Behaviour


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine; no proxy is between."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    behaviour = Behaviour()
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Server(f"http://127.0.0.1:{serving.server_port}", behaviour)
        behaviour.over.set()
        serving.shutdown()
        thread.join()
