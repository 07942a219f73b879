"""Webhooks: who is told what of a job that ends, signed so that it can be told from what others send."""

import base64
import hashlib
import hmac
import json
import stat
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from closeup.core.errors import InputError
from closeup.server.app import make_app
from closeup.server.premises import Doors, Premises
from closeup.server.webhooks import KEY_FILE, checked_address, webhook_key

HOST = "closeup.test"


class Listener(HTTPServer):
    """Keeps what it is sent, and refuses the first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.sent: list[tuple[dict[str, str], bytes]] = []


class Taking(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        self.server.sent.append(({name.lower(): value for name, value in self.headers.items()}, content))
        self.send_response(503 if len(self.server.sent) == 1 else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_end_of_a_job_is_told_signed_and_again_where_it_was_refused(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeup.server.webhooks.TRIES_S", (0.0, 0.1))
    monkeypatch.setattr("closeup.server.webhooks.LOOK_S", 0.05)
    place = Premises(tmp_path / "data", Doors(frozenset({HOST}), frozenset({f"http://{HOST}"})))
    url = f"http://127.0.0.1:{listener.server_port}/hook?of=1"
    with TestClient(make_app(place, (url,)), base_url=f"http://{HOST}"):
        time.sleep(0.3)
        thumb, job = (place.submit(work, {}, (), asked_by=None) for work in ("media.thumbnail", "gallery.identify"))
        while (found := place.jobs.claim("w")) is not None:
            place.jobs.end(found, "done", result={"name": "Ada"})
        until_s = time.monotonic() + 30
        while len(listener.sent) < 2 and time.monotonic() < until_s:
            time.sleep(0.05)
    key = (tmp_path / "data" / KEY_FILE).read_text("ascii").strip()
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    place.close()
    (first, content), (second, again) = listener.sent
    assert content == again
    assert first["webhook-id"] == second["webhook-id"]
    told = json.loads(content)
    assert (told["type"], told["data"]["id"], told["data"]["state"]) == ("job.ended", job.id, "done")
    assert thumb.id not in content.decode()
    assert "Ada" not in content.decode()
    signed = f"{second['webhook-id']}.{second['webhook-timestamp']}.".encode() + content
    wanted = hmac.digest(base64.b64decode(key.removeprefix("whsec_")), signed, hashlib.sha256)
    assert second["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"
    assert abs(int(second["webhook-timestamp"]) - time.time()) < 60


def test_no_key_is_made_and_nobody_told_where_no_address_is_named(tmp_path: Path) -> None:
    place = Premises(tmp_path / "data", Doors(frozenset({HOST}), frozenset()))
    with TestClient(make_app(place), base_url=f"http://{HOST}"):
        assert not (tmp_path / "data" / KEY_FILE).exists()
    place.close()


def test_a_key_stays(tmp_path: Path) -> None:
    assert webhook_key(tmp_path) == webhook_key(tmp_path)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://a", "https://", "https://u:p@example.org", "example.org"]
)
def test_addresses_that_could_be_read_on_the_way_are_refused(url: str) -> None:
    with pytest.raises(InputError):
        checked_address(url)


@pytest.mark.parametrize("url", ["https://example.org/x?a=1", "http://127.0.0.1:9/", "http://localhost/x"])
def test_addresses_of_webhooks(url: str) -> None:
    assert checked_address(url) == url
