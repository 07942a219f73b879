"""The page's server: what it has of the original, the networks and the takes, and how a take arrives."""

import json
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.documents.act import LIVE_TAKE_JSON, PERFORMANCE_JSON, RANKING_JSON
from closeup.features.act.live import LiveStage
from closeup.server import act_live, loopback
from closeup.server.act_live import live_server
from closeup.server.loopback import LoopbackServer
from features.act.played import stand_ins
from features.act.test_live import recorded, stage, take_of
from server.test_loopback import Visitor

__all__ = ["stage", "stand_ins"]

pytestmark = pytest.mark.usefixtures("stand_ins")


@pytest.fixture
def server(stage: LiveStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    (tmp_path / "page.html").write_text("<p>page")
    monkeypatch.setattr(act_live, "built_files", lambda _: {"/act-live.html": tmp_path / "page.html"})
    with live_server(stage) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def body(stage: LiveStage, folder: Path) -> bytes:
    """What the page sends."""
    line = json.dumps(LIVE_TAKE_JSON.to_data(take_of(stage.original.performance)))
    return line.encode() + b"\n" + recorded(stage, folder).read_bytes()


def test_a_page_finds_the_original_the_networks_and_its_takes(
    server: LoopbackServer, stage: LiveStage, tmp_path: Path
) -> None:
    visitor = Visitor(server)
    assert visitor.enter().content == b"<p>page"
    assert visitor.ask("/original").headers["Content-Type"] == "video/mp4"
    assert visitor.ask("/original", Range="bytes=0-3").status == 206
    assert PERFORMANCE_JSON.decode(visitor.ask("/original.json").content).person.id == "p1"
    card = json.loads(visitor.ask("/models/expression.json").content)
    assert card["heads"][0]["name"] == "expression"
    assert json.loads(visitor.ask("/models/detector.json").content)["thresholds"]["report"]["value"] > 0
    assert len(visitor.ask("/models/detector.onnx").content) > 100_000
    assert visitor.ask("/takes.json").content == b"null"
    assert visitor.ask("/takes/1/video").status == 404

    own = f"http://127.0.0.1:{server.server_port}"
    answer = visitor.ask("/takes", "POST", body(stage, tmp_path), Origin=own)
    assert answer.status == 200, answer.content
    assert RANKING_JSON.decode(answer.content).attempts[0].score == 100
    assert visitor.ask("/takes.json").content == answer.content
    assert visitor.ask("/takes/1/video").headers["Content-Type"] == "video/webm"
    assert json.loads(visitor.ask("/takes/1/act.json").content)["score"] == 100
    for address in ("/takes/1/report.html", "/takes/2/video", "/takes/1/../1/act.json", "/takes/", "/takes/1"):
        assert visitor.ask(address).status == 404, address


def test_what_breaks_off_or_is_no_take_is_said(server: LoopbackServer, stage: LiveStage, tmp_path: Path) -> None:
    whole = body(stage, tmp_path)
    with pytest.raises(FormatError, match="line of JSON"):
        server.receive("/takes", BytesIO(b"x" * 100), 100)
    with pytest.raises(FormatError, match="take"):
        server.receive("/takes", BytesIO(b'{"times_s": []}\n'), 16)
    with pytest.raises(InputError, match="did not arrive whole"):
        server.receive("/takes", BytesIO(whole[:-1000]), len(whole))
    assert server.receive("/elsewhere", BytesIO(whole), len(whole)) is None
    assert stage.ranking() is None


def test_without_the_built_page_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loopback.resources, "files", lambda _: tmp_path)
    with pytest.raises(InputError, match="without its page") as caught:
        act_live.built_files(act_live.PAGE)
    assert caught.value.code == "page.absent"
