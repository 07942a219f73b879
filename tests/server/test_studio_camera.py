"""Enrolling by the browser's own camera: consent, the pose guide, the gallery, and no picture that stays."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from chromium import Chromium, fake_camera
from closeup.jobs.worker import Worker
from server.studio_casts import listening
from server.studio_desk import AXE, Desk, lacking
from stills import astronaut

pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A browser whose camera shows one face, near and from the front."""
    folder = tmp_path_factory.mktemp("camera")
    near = cv2.resize(astronaut()[0:300, 75:475], (640, 480), interpolation=cv2.INTER_CUBIC)
    picture = cv2.imencode(".jpg", cv2.cvtColor(np.asarray(near, np.uint8), cv2.COLOR_RGB2BGR))[1].tobytes()
    (folder / "camera.mjpeg").write_bytes(picture * 5)
    flags = ("--lang=en", *fake_camera(folder / "camera.mjpeg"))
    with listening(folder) as (place, url, link), Chromium(folder / "profile", *flags) as browser:
        browser.open(link)
        browser.wait("!!document.querySelector('.drop')")
        yield Desk(browser, place, url)


def begin(desk: Desk, name: str) -> None:
    desk.open("/gallery")
    desk.browser.click("Enrol by camera")
    desk.focus("dialog input")
    desk.browser.call("Input.insertText", text=name)
    assert desk.browser.ask("document.querySelector('dialog .main').disabled")  # nobody has agreed yet
    desk.browser.ask("document.querySelector('dialog input[type=checkbox]').click()")


def test_somebody_is_enrolled_and_the_pictures_go(desk: Desk, tmp_path: Path) -> None:
    begin(desk, "마거릿 해밀턴")
    if AXE.is_file():
        assert desk.faults() == []
    desk.browser.look(tmp_path / "consent.png", (390, 900), dark=True)
    assert desk.browser.ask("document.querySelector('dialog').getBoundingClientRect().width") > 340  # on a phone too
    desk.browser.click("Start the camera")
    desk.browser.wait("document.querySelector('.poses li img')?.naturalWidth > 0")
    desk.browser.wait("document.querySelector('.request')?.innerText.startsWith('Turn your head to your right')")
    desk.browser.look(tmp_path / "looking.png", (1280, 900))
    desk.browser.look(tmp_path / "looking-phone.png", (390, 900), dark=True)
    desk.browser.click("Skip this pose")
    desk.browser.wait("document.querySelector('.request').innerText.startsWith('Turn your head to your left')")
    desk.browser.click("These are enough")
    assert not desk.place.media.page(10)  # nothing was sent before it is asked for
    desk.browser.click("Enrol 마거릿 해밀턴")
    job, end_s = None, time.monotonic() + 60
    while job is None or job.work != "gallery.enrol":
        assert time.monotonic() < end_s
        job = desk.place.jobs.claim("w")
        if job is None:
            time.sleep(0.05)
        else:
            Worker(desk.place.jobs, desk.place.data).do(job)
    desk.browser.wait("document.querySelector('dialog .versus')?.innerText.includes('Still missing')")
    assert "Front" in desk.browser.ask("document.querySelector('dialog .versus').innerText")
    desk.browser.look(tmp_path / "health.png", (1280, 900))
    (person,) = desk.place.gallery.identities()
    assert person.name == "마거릿 해밀턴"
    assert person.consent is not None
    assert "agreed before the camera" in person.consent
    assert not desk.place.media.page(10)
    assert [path for path in (desk.place.data / "media").rglob("*") if path.is_file()] == []
    desk.browser.click("Close")
    desk.browser.wait("document.querySelector('.identities .name')?.value == '마거릿 해밀턴'")
