"""A browser in the studio, and the server that it sees: what tests of its pages share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chromium import PROGRAM, Chromium
from closeup.core.errors import InputError
from closeup.documents.cast import CAST_JSON
from closeup.server.loopback import built_files
from closeup.server.pages import STUDIO
from closeup.server.premises import Premises
from server.studio_casts import add_cast, add_film, crowd, listening

AXE = Path(__file__).resolve().parents[2] / "studio" / "node_modules" / "axe-core" / "axe.min.js"


def lacking() -> str:
    """Why the page cannot be looked at here; empty where it can."""
    try:
        built_files(STUDIO)
    except InputError:
        return "the studio is not built: make studio"
    return "" if PROGRAM else "there is no Chromium"


KEY_CODES = {"Enter": 13, "Escape": 27}
"""What dialogs and buttons themselves look at."""

ELSEWHERE = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin))"


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

    def faults(self) -> list[str]:
        """What axe finds of serious faults on the page as it is, and what the page has loaded from elsewhere."""
        self.browser.call("Runtime.evaluate", expression=AXE.read_text("utf-8"))
        found: list[str] = self.browser.ask(
            "axe.run().then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact))"
            ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')))"
        )
        return [*found, *self.browser.ask(ELSEWHERE)]


@contextmanager
def at_desk(folder: Path) -> Iterator[Desk]:
    """A server in a folder, and a browser that has entered it."""
    with listening(folder) as (place, url, link), Chromium(folder / "profile", "--lang=en") as browser:
        browser.open(link)
        browser.wait("!!document.querySelector('.drop')")
        yield Desk(browser, place, url)
