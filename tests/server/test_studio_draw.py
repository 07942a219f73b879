"""A missed face is drawn in the studio: by pointer and by keys, given to somebody new, and taken back."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.documents.jobs import JobError
from closeup.features.cast import find
from closeup.features.cast.find import draw_face, make_cast_folder
from features.cast.stand_in_video import SIZE_WH, stand_in_models, write_video
from features.cast.test_drawing import SHOTS, Blind, green
from server.studio_desk import AXE, Desk, at_desk, lacking

pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow]

PICTURE = "(b => [b.x, b.y, b.width, b.height])(document.querySelector('.drawn-on').getBoundingClientRect())"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with (
        at_desk(tmp_path_factory.mktemp("studio")) as desk,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(find, "cast_models", lambda _: stand_in_models(Blind))
        yield desk


def blind_cast(desk: Desk, name: str) -> str:
    """A cast in which green was missed, as its worker would have made it."""
    film = write_video(desk.place.data.parent / name, SHOTS)
    medium = desk.place.media.register(film, name, "video", "video/mp4", added_by=None)
    asked = desk.place.submit("cast", {}, (medium.id,), asked_by=None, priority=10)
    job = desk.place.jobs.claim("w")
    assert job is not None
    assert job.id == asked.id
    make_cast_folder(desk.place.medium(medium.id)[1], desk.place.results_of(job) / "cast")
    desk.place.jobs.end(job, "done")
    desk.open(f"/cast/{job.id}")
    desk.browser.wait("document.querySelector('.watch video')?.readyState > 0")
    return job.id


def work_off(desk: Desk) -> None:
    """Do what was asked for, in this process: its models are stand-ins."""
    end_s = time.monotonic() + 20
    while (job := desk.place.jobs.claim("w")) is None or job.work != "cast.draw":
        assert time.monotonic() < end_s
        if job is None:
            time.sleep(0.05)
        else:
            desk.place.jobs.end(job, "cancelled")
    given = json.loads(job.arguments)
    folder = desk.place.results_of(job) / given.pop("folder")
    desk.place.results_of(job).mkdir(parents=True)
    try:
        desk.place.jobs.end(job, "done", result=draw_face(folder, box=tuple(given.pop("box")), **given))
    except InputError as error:
        desk.place.jobs.end(job, "failed", error=JobError(error.message, error.hint, error.code))


def begin(desk: Desk, seconds: float) -> None:
    desk.browser.ask(f"document.querySelector('.watch video').currentTime = {seconds}")
    desk.browser.wait("!document.querySelector('.watch video').seeking")
    desk.browser.click("Draw a missed face")
    desk.browser.wait("document.querySelector('.drawn-on')?.getBoundingClientRect().width > 100")


def draw(desk: Desk, box: tuple[float, float, float, float]) -> None:
    left, top, width, height = desk.browser.ask(PICTURE)
    assert width / height == pytest.approx(SIZE_WH[0] / SIZE_WH[1], rel=0.02)  # the picture, without bars beside it
    x0, y0, x1, y1 = (left + box[0] * width, top + box[1] * height, left + box[2] * width, top + box[3] * height)
    for kind, x, y in (("mousePressed", x0, y0), ("mouseMoved", x1, y1), ("mouseReleased", x1, y1)):
        desk.browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)


def test_a_missed_face_is_drawn_named_and_taken_back(desk: Desk) -> None:
    cast = blind_cast(desk, "missed.mp4")
    assert desk.kept(cast) == {"p1": (None, 1)}
    begin(desk, 1.6)
    assert desk.browser.ask("document.querySelector('.drawing .main').disabled")
    draw(desk, green(40))
    desk.focus(".drawing input")
    desk.browser.call("Input.insertText", text="긴 이름의 미라")
    desk.browser.ask("document.querySelector('.drawing .main').click()")
    work_off(desk)
    desk.says("is a person of its own now: p2")
    assert desk.kept(cast) == {"p1": (None, 1), "p2": ("긴 이름의 미라", 1)}
    desk.browser.wait("!!document.querySelector('#person-p2') && !document.querySelector('.drawn-on')")
    desk.browser.click("Changes")
    desk.browser.wait("document.querySelector('.history')?.innerText.includes('A missed face is')")
    desk.browser.click("Close")
    desk.browser.click("Undo")
    desk.browser.wait("!document.querySelector('#person-p2')")
    assert desk.kept(cast) == {"p1": (None, 1)}


def test_a_box_is_moved_by_keys_and_what_cannot_be_is_said(desk: Desk) -> None:
    cast = blind_cast(desk, "keys.mp4")
    begin(desk, 1.6)
    box = "(s => [s.left, s.top, s.width, s.height].map(parseFloat))(document.querySelector('.drawn-box').style)"
    before = desk.browser.ask(box)
    for key, held in (("ArrowRight", 0), ("ArrowDown", 0), ("ArrowRight", 8), ("ArrowUp", 8)):
        desk.browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, modifiers=held)
    after = desk.browser.ask(box)
    assert [round(b - a, 2) for a, b in zip(before, after, strict=True)] == [1, 1, 1, -1]
    draw(desk, green(40))
    desk.browser.ask(
        "(s => { s.value = 'p1'; s.dispatchEvent(new Event('change')) })(document.querySelector('.drawing select'))"
    )
    desk.browser.wait("!document.querySelector('.drawing .main').disabled")
    if AXE.is_file():
        assert desk.faults() == []
    desk.browser.ask("document.querySelector('.drawing .main').click()")
    work_off(desk)
    desk.browser.wait("document.querySelector('[role=alert] .banner')?.innerText.includes('is in the picture')")
    assert desk.kept(cast) == {"p1": (None, 1)}


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_looked_at(desk: Desk, width: int, tmp_path: Path) -> None:
    blind_cast(desk, f"look {width}.mp4")
    desk.browser.look(tmp_path / "before.png", (width, 900))
    begin(desk, 1.6)
    desk.browser.look(tmp_path / "page.png", (width, 900), dark=width < 600)
    assert desk.browser.ask("document.documentElement.scrollWidth") <= width
