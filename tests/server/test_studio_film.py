"""From a film to a named person in the browser, as the README has it, with a real server, worker and film."""

import time
from pathlib import Path

import pytest

from chromium import Chromium
from galleries import sqlite_url
from server.served import Served
from server.studio_desk import lacking

pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow, pytest.mark.shared]


def test_a_film_is_dropped_its_people_found_and_one_named(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", sqlite_url(tmp_path / "gallery.db"))
    film = shared / "data" / "video" / "clips" / "talk_d18.mp4"
    server = Served(tmp_path / "data")
    try:
        name, _, value = server.cookie.partition("=")
        with Chromium(tmp_path / "profile", "--lang=en") as browser:
            browser.call("Network.setCookie", name=name, value=value, url=server.url, httpOnly=True)
            began_s = time.monotonic()
            browser.open(server.url)
            browser.wait("!!document.querySelector('.drop input[type=file]')")
            root = browser.call("DOM.getDocument")["root"]["nodeId"]
            field = browser.call("DOM.querySelector", nodeId=root, selector=".drop input[type=file]")["nodeId"]
            browser.call("DOM.setFileInputFiles", nodeId=field, files=[str(film)])
            browser.wait("!!document.querySelector('.shelf a[href^=\"#/cast/\"]')", within_s=300)
            browser.ask("document.querySelector('.shelf h2 a').click()")
            browser.wait("!!document.querySelector('#person-p1 .name')")
            browser.ask("document.querySelector('#person-p1 .name').focus()")
            browser.call("Input.insertText", text="유나")
            browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r", windowsVirtualKeyCode=13)
            browser.wait("!!document.querySelector('.saying')?.innerText.includes('유나')")
            took_s = time.monotonic() - began_s
            browser.open("about:blank")
            browser.open(server.url)
            browser.wait("!!document.querySelector('.shelf')?.innerText.includes('유나')")
        assert took_s < 300, f"{took_s:.0f} s: a newcomer has five minutes"
    finally:
        server.end()
