"""`closeup checkout kiosk` and `closeup checkout shopper ...`, with made-up products and a made-up gallery."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from closeup.documents.checkout import KIOSK_STATE, KioskState
from closeup.media.image import encode_png
from closeup.perception import products
from closeup.server import kiosk, loopback
from closeup.server.loopback import LoopbackServer
from closeup.storage.gallery import open_gallery
from features.checkout.shelf import PlainModels, write_packshot
from galleries import template
from server.counters import table
from server.test_loopback import Visitor

PAGES = kiosk.PAGE, kiosk.OPERATOR_PAGE


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", f"sqlite:///{tmp_path / 'gallery.db'}")


def type_in(*words: str, **how: Any) -> Any:
    return CliRunner().invoke(app, ["checkout", *words, "--shop", "shop.db"], **how)


def refused(*words: str, **how: Any) -> str:
    result = type_in(*words, **how)
    assert result.exit_code == EXIT_COULD_NOT, result.output
    return str(result.stderr)


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[KioskState]:
    """A counter with a folder for a camera, on which a cola lies; its page is open until that was read, then Ctrl-C."""
    (tmp_path / "page.html").write_text("<p>page")
    for module in (kiosk, loopback):
        monkeypatch.setattr(module, "built_files", lambda _: dict.fromkeys(PAGES, tmp_path / "page.html"))
    monkeypatch.setattr(products, "CounterModels", PlainModels)
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / "1.png").write_bytes(encode_png(table("cola")))
    states: list[KioskState] = []

    def serve(self: LoopbackServer) -> None:
        if threading.current_thread() is not threading.main_thread():
            serve_forever(self)
            return
        threading.Thread(target=serve_forever, args=(self,), daemon=True).start()
        visitor, until_s = Visitor(self), time.monotonic() + 20
        assert visitor.enter().content == b"<p>page"
        while time.monotonic() < until_s:
            states.append(KIOSK_STATE.decode(visitor.ask("/state/0").content))
            if states[-1].phase == "confirm" or states[-1].problem:
                break
            time.sleep(0.1)
        self.shutdown()
        raise KeyboardInterrupt

    serve_forever = LoopbackServer.serve_forever
    monkeypatch.setattr(LoopbackServer, "serve_forever", serve)
    return states


def test_a_counter_runs_until_ctrl_c_and_reads_what_lies_there(tmp_path: Path, seen: list[KioskState]) -> None:
    view = write_packshot(tmp_path, "cola", background=150)
    assert type_in("product", "add", "Cola", str(view), "--price", "1,500").exit_code == 0
    result = type_in("kiosk", "--camera", "camera", "--keep-frames", "1")
    assert result.exit_code == 0, result.output
    links = [line for line in result.stdout.splitlines() if line.startswith("http://127.0.0.1:")]
    assert len(set(links)) == 2  # shoppers have no way to the operator's page
    assert (seen[-1].phase, seen[-1].total_minor, seen[-1].kept_days) == ("confirm", 1500, 1)
    assert not seen[-1].faces


def test_a_counter_says_that_nothing_is_sold_or_that_there_is_no_camera(seen: list[KioskState]) -> None:
    assert type_in("kiosk", "--camera", "camera", "--face-camera", "camera").exit_code == 0
    assert (seen[-1].problem, seen[-1].faces) == ("empty", True)
    assert type_in("kiosk", "--camera", "nowhere").exit_code == 0  # it may be plugged in later
    assert seen[-1].problem == "camera"


@pytest.mark.usefixtures("seen")
def test_a_port_that_is_taken_and_a_page_that_is_absent_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback.LoopbackServer(Path("page.html"), lambda _: None, lambda *_: None, most_bytes=1) as other:
        assert "Leave the port out" in refused("kiosk", "--camera", "camera", "--port", str(other.server_port))
    monkeypatch.undo()
    monkeypatch.setattr(loopback.resources, "files", lambda _: Path("nowhere"))
    assert "make studio" in refused("kiosk")


def test_shoppers_are_added_listed_and_removed() -> None:
    with open_gallery() as gallery:
        ada = gallery.enrol("Ada", [template(1)])
    assert "Ask them; if they agree: --consent" in refused("shopper", "add", "Ada", "--pin", "2719")
    assert "four to eight" in refused("shopper", "add", "Ada", "--pin", "27x9", "--consent")
    assert "closeup gallery list" in refused("shopper", "add", "Bea", "--pin", "2719", "--consent")
    assert json.loads(type_in("shopper", "list", "--json").stdout) == []
    asked = type_in("shopper", "add", "Ada", "--consent", input="2719\n2719\n")
    assert asked.exit_code == 0, asked.output
    assert "2719" not in asked.output
    assert "Ada may pay here by face and PIN." in asked.stdout
    again = json.loads(type_in("shopper", "add", "Ada", "--consent", "--pin", "4831", "--json").stdout)
    assert (again["identity_id"], again["name"], again["locked"]) == (ada.id, "Ada", False)
    (listed,) = json.loads(type_in("shopper", "list", "--json").stdout)
    assert listed == again
    assert "Ada" in type_in("shopper", "list").stdout
    assert "Ada is forgotten here; 0 sales are a guest's now." in type_in("shopper", "remove", "Ada").stdout
    assert json.loads(type_in("shopper", "list", "--json").stdout) == []
    assert "closeup checkout shopper list" in refused("shopper", "remove", "Ada")
    with open_gallery() as gallery:
        assert gallery.find("Ada").id == ada.id  # faces are the gallery's


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_service_in_the_docs_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "concepts" / "checkout.md"
    (unit,) = re.findall(r"```ini\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert "ExecStart=%h/.venv/bin/closeup checkout kiosk --camera 0 --port 8710\n" in unit
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def verified(content: str) -> str:
        (tmp_path / "kiosk.service").write_text(content.replace("%h/.venv/bin/closeup", sys.executable))
        words = ["systemd-analyze", "verify", "--user", "--man=no", str(tmp_path / "kiosk.service")]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    assert verified(unit) == ""
    assert "Unknown" in verified(unit.replace("Restart=", "Begin="))
