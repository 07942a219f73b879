"""The studio in a headless Chromium: changes of a cast by mouse and by keyboard."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chromium import PROGRAM, Chromium
from closeup.core.errors import InputError
from closeup.documents.cast import CAST_JSON
from closeup.documents.edits import read_edits
from closeup.server.loopback import built_files
from closeup.server.pages import STUDIO
from closeup.server.premises import Premises
from server.studio_casts import add_cast, add_film, crowd, listening


def lacking() -> str:
    """Why the page cannot be looked at here; empty where it can."""
    try:
        built_files(STUDIO)
    except InputError:
        return "the studio is not built: make studio"
    return "" if PROGRAM else "there is no Chromium"


pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow]

KEY_CODES = {"Enter": 13, "Escape": 27}
"""What dialogs and buttons themselves look at."""


@dataclass
class Desk:
    """A browser that is in, and the server that it sees."""

    browser: Chromium
    place: Premises
    url: str

    def open(self, page: str) -> None:
        self.browser.open("about:blank")
        self.browser.open(f"{self.url}/#{page}")

    def cast(self, people: int, name: str) -> str:
        media, path = add_film(self.place, self.place.data.parent / name)
        cast_id = add_cast(self.place, crowd(people, path), (media,))
        self.open(f"/cast/{cast_id}")
        self.browser.wait("!!document.querySelector('.title h1')")
        return cast_id

    def kept(self, cast_id: str) -> dict[str, tuple[str | None, int]]:
        """Who is in the cast on disk: names and numbers of tracks."""
        cast = CAST_JSON.read(self.place.data / "results" / cast_id / "cast" / "cast.json")
        return {each.id: (each.name, len(each.tracks)) for each in cast.people}

    def press(self, *keys: str) -> None:
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = {"windowsVirtualKeyCode": KEY_CODES[key]} if key in KEY_CODES else {}
            self.browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **code)
            self.browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def focus(self, selector: str) -> None:
        self.browser.wait(f"!!document.querySelector({selector!r})")
        self.browser.ask(f"document.querySelector({selector!r}).focus()")

    def says(self, words: str) -> None:
        self.browser.wait(f"!!document.querySelector('.saying')?.innerText.includes({words!r})")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("studio")
    with listening(folder) as (place, url, link), Chromium(folder / "profile", "--lang=en") as browser:
        browser.open(link)
        browser.wait("!!document.querySelector('.drop')")
        yield Desk(browser, place, url)


def test_somebody_is_hidden_and_found_again(desk: Desk) -> None:
    cast = desk.cast(3, "hide.mp4")
    desk.focus("#person-p2 .portrait")
    desk.press("h")
    desk.says("p2 is hidden now")
    assert "p2" not in desk.kept(cast)
    desk.browser.wait("!!document.querySelector('section[aria-label=Hidden] #person-p2')")
    desk.browser.ask("document.querySelector('#person-p2 .pick input').click()")
    desk.browser.click("Show again")
    desk.says("p2 is shown again")
    assert "p2" in desk.kept(cast)


def test_questions_are_answered_by_keys(desk: Desk) -> None:
    cast = desk.cast(40, "asked.mp4")
    desk.browser.wait("document.querySelectorAll('.bar .tool')[3]?.innerText == '20 questions'")
    desk.press("q")
    desk.browser.wait("document.querySelectorAll('dialog[open] .pair.big img').length == 2")
    desk.press("n")
    desk.browser.wait("!!document.querySelector('dialog[open]')?.innerText.includes('19 left')")
    desk.press("s")
    desk.browser.wait("!!document.querySelector('dialog[open]')?.innerText.includes('18 left')")
    desk.press("Escape")
    desk.browser.wait("!document.querySelector('dialog[open]')")
    assert len(desk.kept(cast)) == 40
    edits = read_edits(desk.place.data / "results" / cast / "cast" / "edits.json")
    assert [edit.kind for edit in edits.operations] == ["different"]


def test_a_lane_plays_and_a_stretch_is_dragged_to_another(desk: Desk) -> None:
    cast = desk.cast(4, "lanes.mp4")
    desk.browser.wait("document.querySelector('video')?.readyState > 0")
    desk.focus("[data-lane=p1]")
    desk.press("ArrowRight", "Enter")
    at = "document.querySelector('video').currentTime"
    start = desk.browser.ask("Number(document.querySelector('[data-lane=p1]').getAttribute('aria-valuenow'))")
    assert start > 0
    desk.browser.wait(f"{at} >= {start - 1}")
    desk.browser.ask("document.querySelector('video').pause()")
    box = (
        "(s => { const b = document.querySelector(s).getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2] })"
    )
    desk.browser.ask("document.querySelector('[data-lane=p1]').scrollIntoView({ block: 'center' })")
    x, y = desk.browser.ask(f"{box}('[data-lane=p1] rect:last-of-type')")
    _, to = desk.browser.ask(f"{box}('[data-lane=p4]')")
    before = desk.kept(cast)
    for kind, px, py in (
        ("mousePressed", x, y),
        ("mouseMoved", x + 3, (y + to) / 2),
        ("mouseMoved", x, to),
        ("mouseReleased", x, to),
    ):
        desk.browser.call("Input.dispatchMouseEvent", type=kind, x=px, y=py, button="left", buttons=1, clickCount=1)
    desk.says("is part of")
    after = desk.kept(cast)
    assert (after["p1"][1], after["p4"][1]) == (before["p1"][1] - 1, before["p4"][1] + 1)
