"""Timelines on pages: stretches of a video, its cuts and a ruler, and numbers and times as people read them.

Rows for templates are plain dicts: what a template asks for and does not find, it fails on.
"""

from collections.abc import Iterable
from typing import Any

from closeup.core.timebase import clock

_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def bar(start_s: float, end_s: float, length_s: float, title: str = "") -> dict[str, Any]:
    """A stretch of a video of `length_s` seconds: `x` and `width` in percent, as text; `title` with its times."""
    x, end = (min(max(value / length_s, 0.0), 1.0) * 100 for value in (start_s, end_s))
    when = f"{clock(start_s)} – {clock(end_s)}"  # noqa: RUF001
    return {"x": f"{x:.3f}%", "width": f"{max(end - x, 0):.3f}%", "title": f"{title}{when}"}


def ticks(length_s: float) -> list[dict[str, Any]]:
    """Round times for the ruler, about eight: where, what they read; a narrow page leaves out the `minor` ones."""
    step = next((step for step in _TICK_STEPS_S if length_s / step <= 8), max(1, round(length_s / 8)))
    times = [n * step for n in range(int(length_s / step) + 1) if n * step <= 0.96 * length_s]
    return [
        {"x": f"{100 * time / length_s:.3f}%", "text": clock(time), "minor": n % 2 == 1} for n, time in enumerate(times)
    ]


def cut_marks(times_s: Iterable[float], length_s: float) -> str:
    """Cuts as one SVG path in a frame of 1000 by 1."""
    return "".join(f"M{1000 * time_s / length_s:.2f} 0v1" for time_s in times_s)


def exact_time(seconds: float) -> str:
    """Seconds as a time code with tenths: 75.04 is "1:15.0"."""
    tenths = max(0, round(seconds * 10))
    return f"{clock(tenths // 10)}.{tenths % 10}"


def percent(share: float) -> str:
    """A share as people read it: "38%", "<1%"."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def number_word(count: int) -> str:
    """A number at the beginning of a sentence: "Two", "Twelve", "13"."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def label(key: str) -> str:
    """A key as a label: "detect_fps" is "Detect fps"."""
    text = key.replace("_", " ")
    return text[:1].upper() + text[1:]
