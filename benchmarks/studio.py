"""The studio in a headless Chromium: how soon a cast of any number of people is seen, and what a frame costs.

Frames are drawn by the processor here (there is no graphics card), beside the server and whatever else runs on the
machine: beside frames a second stands what the page's own thread spends on one (script, style, layout, paint).
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench import ROOT, Bench, BenchError
from tables import Claim, Section, Table

sys.path.append(str(ROOT / "tests"))  # where the tests' server, browser and made-up casts are

from chromium import Chromium
from closeup.server.premises import Doors, Premises
from server.served import Served
from server.studio_casts import add_cast, add_film, crowd, named
from server.studio_desk import lacking

CROWDS = (0, 1, 40, 400)
SIZES = ((1280, 900), (390, 844))
MOVES, STEP_S = 120, 1 / 60
"""Of the pointer through the video, and of the wheel down the page: two seconds."""

PAINT_S, FRAME_MS = 1.0, 1000 / 60

WATCH = """(() => {
  const seen = (window.__seen = { paint: {}, largest: 0, long: [] });
  const watch = (type, does) =>
    new PerformanceObserver(l => l.getEntries().forEach(does)).observe({ type, buffered: true });
  watch('paint', e => (seen.paint[e.name] = e.startTime));
  watch('largest-contentful-paint', e => (seen.largest = e.startTime));
  watch('longtask', e => seen.long.push([e.startTime, e.duration]));
  const looking = new MutationObserver(() => {
    if (!document.querySelector('.title h1')) return;
    looking.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => (seen.there = performance.now())));
  });
  looking.observe(document, { childList: true, subtree: true });
})()"""
"""What is noted from the first moment of a page: paints, long tasks, and when the cast is on the screen."""

FRAMES = """(() => {
  const times = (window.__frames = []);
  const next = now => { times.push(now); window.__counting && requestAnimationFrame(next); };
  window.__counting = true;
  window.__seen.long.length = 0;
  requestAnimationFrame(next);
})()"""

OURS = {
    "script": ("EvaluateScript", "FunctionCall", "FireAnimationFrame", "EventDispatch", "TimerFire", "RunMicrotasks"),
    "style and layout": ("UpdateLayoutTree", "Layout", "HitTest"),
    "paint": ("PrePaint", "Paint", "Layerize", "Commit"),
}
"""Events of a trace by what they are; those of one kind that lie within each other are counted once."""


def measure(bench: Bench) -> Section:
    """Open casts of a few and of many, and move through them."""
    if why := lacking():
        raise BenchError(why)
    made, opened, moved = [], [], []
    with tempfile.TemporaryDirectory(prefix="closeup-bench-") as folder:
        casts = _filled(Path(folder), CROWDS[:2] if bench.quick else CROWDS)
        server = Served(Path(folder) / "data")
        try:
            for people, cast in casts.items():
                began_s = time.perf_counter()
                if server.ask("GET", f"/casts/{cast}")[0] != 200:
                    raise BenchError("the cast is not given")
                made.append((people, round(time.perf_counter() - began_s, 2)))
                for size in SIZES:
                    home = Path(folder) / f"profile-{people}-{size[0]}"
                    with Chromium(home, "--lang=en", size_wh=size) as browser:
                        page = Page(browser, server, cast, size)
                        for time_of in ("first", "again"):
                            opened.append((people, size[0], time_of, *page.open()))
                        if people:
                            moved += [(people, size[0], what, *page.move(does)) for what, does in MOVED.items()]
        finally:
            server.end()
    return _section(made, opened, moved)


def _section(made: list[tuple[int, float]], opened: list[tuple[Any, ...]], moved: list[tuple[Any, ...]]) -> Section:
    note = (
        "Seconds from asking for the address, with an empty browser cache, the second time with a full one. Blocked: "
        f"the time over 50 ms of each long task. {os.cpu_count()} cores, pictures drawn by the processor. What the "
        "server works out once for each state of a cast was there, as it is where a page is open when a cast is made; "
        f"asked for anew it takes {', '.join(f'{took_s} s for {people}' for people, took_s in made)}."
    )
    frames = (
        f"{MOVES} moves of the pointer or wheel in two seconds. A frame is missed when the next one comes late by its "
        "time or more. Script, style with layout, and paint are milliseconds of the page's own thread a frame, out of "
        f"{FRAME_MS:.1f}."
    )
    columns = ("people", "wide", "", "first paint", "people seen", "largest paint", "blocked (ms)", "elements", "MB")
    heads = ("people", "wide", "moving", "frames a second", "missed", "longest (ms)", "script", "style and layout")
    worst = max((row[4] for row in opened), default=0.0)
    spent = max((sum(row[6:9]) for row in moved), default=0.0)
    return Section(
        "The studio's pages",
        (
            Table("Opening a cast", columns, tuple(opened), note),
            Table("Moving through it", (*heads, "paint", "long tasks"), tuple(moved), frames),
        ),
        (
            Claim(f"everybody in view is seen within {PAINT_S:.0f} s", worst < PAINT_S),
            Claim(f"the page's thread needs less than {FRAME_MS:.1f} ms a frame", spent < FRAME_MS),
        ),
    )


def _filled(folder: Path, crowds: tuple[int, ...]) -> dict[int, str]:
    """A server's folder with casts of so many people, with long Korean names; gives the ids of the casts."""
    place = Premises(folder / "data", Doors(frozenset(), frozenset()))
    casts = {}
    for people in crowds:
        media, path = add_film(place, folder / f"film {people}.mp4")
        casts[people] = add_cast(place, named(crowd(people, path)), (media,))
    place.close()
    return casts


class Page:
    """The page of a cast in a browser."""

    def __init__(self, browser: Chromium, server: Served, cast: str, size: tuple[int, int]) -> None:
        self._browser, self._server, self._size = browser, server, size
        self.ruler = (0.0, 0.0, 0.0)
        self._address = f"{server.url}/#/cast/{cast}"
        name, _, secret = server.cookie.partition("=")
        browser.call("Network.enable")
        browser.call("Network.setCookie", name=name, value=secret, url=server.url, httpOnly=True, sameSite="Strict")
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600}
        browser.call("Emulation.setDeviceMetricsOverride", **metrics)

    def open(self) -> tuple[float, float, float, int, int, float]:
        """Open it; gives when it was painted first and largest and people were seen, and what it then holds."""
        self._browser.open("about:blank")
        self._browser.wait("location.href == 'about:blank'")
        self._browser.open(self._address)
        self._browser.wait("window.__seen?.there > 0")
        time.sleep(1.5)  # what comes after the first sight belongs to it
        seen = self._browser.ask("window.__seen")
        blocked_ms = sum(max(0.0, took - 50) for _, took in seen["long"])
        elements, heap = self._browser.ask("[document.querySelectorAll('*').length, performance.memory.usedJSHeapSize]")
        first, there, largest = (
            round(each / 1000, 2) for each in (seen["paint"]["first-contentful-paint"], seen["there"], seen["largest"])
        )
        return first, there, largest, round(blocked_ms), elements, round(heap / 1e6, 1)

    def move(self, does: Callable[["Page", float], None]) -> tuple[float, int, int, float, float, float, int]:
        """Do something for two seconds; gives frames and what they cost."""
        self._browser.ask("document.querySelector('#through').scrollIntoView()" if does is scrub else "scrollTo(0, 0)")
        time.sleep(0.5)
        self.ruler = self.place_of(".ruler [role=slider]")
        self._browser.call("Tracing.start", categories="devtools.timeline", transferMode="ReturnAsStream")
        self._browser.ask(FRAMES)
        for number in range(MOVES):
            began_s = time.perf_counter()
            does(self, number / MOVES)
            time.sleep(max(0.0, STEP_S - (time.perf_counter() - began_s)))
        times, long = self._browser.ask("(window.__counting = false, [window.__frames, window.__seen.long.length])")
        spent = self._traced()
        gaps = np.diff(times)
        if does is scrub and self._browser.ask("document.querySelector('.playhead').hidden"):
            raise BenchError("the playhead did not move")
        missed = int(np.maximum(np.round(gaps / FRAME_MS) - 1, 0).sum())
        rate_hz = round(1000 * len(gaps) / float(times[-1] - times[0]), 1)
        return rate_hz, missed, round(float(gaps.max())), *(round(spent[each] / len(gaps), 2) for each in OURS), long

    def point(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A movement of the mouse, or of its wheel."""
        self._browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def place_of(self, selector: str) -> tuple[float, float, float]:
        """Left and right of an element, and its middle from the top."""
        box = self._browser.ask(
            f"(b => [b.left, b.right, (b.top + b.bottom) / 2])(document.querySelector('{selector}')"
            ".getBoundingClientRect())"
        )
        return box[0], box[1], box[2]

    @property
    def middle(self) -> tuple[float, float]:
        """Of the window."""
        return self._size[0] / 2, self._size[1] / 2

    def _traced(self) -> Mapping[str, float]:
        """Milliseconds of the page's own thread since the trace began, by what they were spent on."""
        self._browser.call("Tracing.end")
        stream, text = self._browser.heard("Tracing.tracingComplete")["stream"], ""
        while not (part := self._browser.call("IO.read", handle=stream, size=1 << 22))["eof"]:
            text += part["data"]
        events = json.loads(text + part["data"])["traceEvents"]
        frames = [each for each in events if each["name"] == "FireAnimationFrame"]
        thread = {(each["pid"], each["tid"]) for each in frames}
        ours = [each for each in events if each.get("ph") == "X" and (each["pid"], each["tid"]) in thread]
        return {kind: _outermost_ms([e for e in ours if e["name"] in names]) for kind, names in OURS.items()}


def _outermost_ms(events: list[Mapping[str, Any]]) -> float:
    """The time of events, those within another left out."""
    total, until = 0.0, -1.0
    for each in sorted(events, key=lambda each: (each["ts"], -each.get("dur", 0))):
        end = each["ts"] + each.get("dur", 0)
        total += max(0.0, end - max(each["ts"], until))
        until = max(until, end)
    return total / 1000


def scrub(page: Page, share: float) -> None:
    """Draw the playhead from the beginning to the end and back."""
    left, right, y = page.ruler
    there = 2 * share if share < 0.5 else 2 - 2 * share
    x = left + 2 + (right - left - 4) * there
    if share == 0:
        page.point("mousePressed", x, y, button="left", buttons=1, clickCount=1)
    page.point("mouseMoved", x, y, button="left", buttons=1)
    if share > 1 - 1.5 / MOVES:
        page.point("mouseReleased", x, y, button="left", clickCount=1)


def scroll(page: Page, share: float) -> None:
    """Turn the wheel down the page and back."""
    x, y = page.middle
    page.point("mouseWheel", x, y, deltaX=0, deltaY=120 if share < 0.5 else -120)


MOVED: dict[str, Callable[[Page, float], None]] = {"through the video": scrub, "down the page": scroll}
