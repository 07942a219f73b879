"""The built page in a headless Chromium with a made-up camera: a take from the button to the board."""

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from chromium import PROGRAM, Chromium, fake_camera
from closeup.core.errors import InputError
from closeup.features.act.live import LiveStage
from closeup.media.video import open_video
from closeup.server.act_live import PAGE, built_files, live_server
from closeup.server.loopback import LoopbackServer


def lacking() -> str:
    """Why the page cannot be looked at here; empty where it can."""
    try:
        built_files(PAGE)
    except InputError:
        return "the page is not built: make studio"
    return "" if PROGRAM else "there is no Chromium"


pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow, pytest.mark.shared]

ELSEWHERE = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin))"


@pytest.fixture(scope="module")
def film(shared: Path) -> Path:
    return shared / "data/video/clips/pyfeat_cry_laugh_20s.mp4"


@pytest.fixture
def server(film: Path, tmp_path: Path) -> Iterator[LoopbackServer]:
    with live_server(LiveStage(film, tmp_path / "takes")) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def camera(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A camera that shows the film's first ten seconds again and again, whole, on 640 x 480 pixels."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    with open_video(film) as reader, path.open("wb") as file:
        for frame in reader:
            if float(frame.time) > 10:
                break
            small = cv2.cvtColor(frame.rgb((640, 360)), cv2.COLOR_RGB2BGR)
            whole = cv2.copyMakeBorder(small, 60, 60, 0, 0, cv2.BORDER_CONSTANT)
            file.write(cv2.imencode(".jpg", whole)[1].tobytes())
    return path


def test_a_take_is_played_scored_and_played_back(server: LoopbackServer, camera: Path, tmp_path: Path) -> None:
    with Chromium(tmp_path / "profile", *fake_camera(camera)) as browser:
        browser.open(server.link)
        browser.click("Turn the camera on")
        browser.wait("document.querySelector('.state').innerText.includes('pictures a second')")
        assert browser.ask("location.search") == ""
        browser.click("Start a take")
        browser.wait("!!document.querySelector('.screen.live')")
        browser.wait("document.querySelectorAll('.attempt')[0].getAttribute('d').length > 60")
        browser.ask("new Promise(done => setTimeout(done, 5000))")
        browser.click("Stop here")
        browser.wait("document.querySelector('#result-title')?.innerText == 'Take 1'")
        browser.wait("document.querySelectorAll('.takes li').length == 1")
        browser.click("Play both")
        browser.wait(
            "[...document.querySelectorAll('video')].some(v => v.src.endsWith('takes/1/video') && v.duration > 3)"
        )
        assert browser.ask(ELSEWHERE) == []
        assert not browser.ask("document.querySelector('[role=alert]')")
    assert {path.name for path in (tmp_path / "takes" / "1").iterdir()} >= {"act.json", "report.html", "take-1.webm"}


def test_a_camera_that_is_refused_is_said(server: LoopbackServer, tmp_path: Path) -> None:
    with Chromium(tmp_path / "profile", "--use-fake-device-for-media-stream", "--deny-permission-prompts") as browser:
        browser.open(server.link)
        browser.click("Turn the camera on")
        said = browser.wait("document.querySelector('[role=alert]')?.innerText")
        assert said.startswith("The camera was refused. Allow it")


def test_no_camera_is_said(server: LoopbackServer, tmp_path: Path) -> None:
    with Chromium(tmp_path / "profile", "--use-fake-ui-for-media-stream") as browser:
        browser.open(server.link)
        browser.click("Turn the camera on")
        assert browser.wait("document.querySelector('[role=alert]')?.innerText").startswith("There is no camera.")
