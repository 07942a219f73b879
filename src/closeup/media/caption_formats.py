"""The lines of caption files to captions with times, still with their markup: SubRip, WebVTT, SubStation Alpha, SBV.

SubRip has no standard; what is read here is what its programs write: times with a comma or a point, counters or none,
arrows of all kinds, settings behind the times. WebVTT is read as leniently. What cannot be understood is left out with
its line and the reason; nothing else is lost by it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from closeup.core.errors import FormatError
from closeup.media.subtitle_text import HINT

BEFORE_THE_FIRST, DRAWING = "stands before the first caption", "is a drawing and no text"
"""Why something is left out that is no caption."""

_TIME = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:\s?[,.]\s?(\d{1,3})|:(\d{3}))?"
_TIMING = re.compile(rf"\s*{_TIME}\s*(?:-{{1,3}}\s?>|[=–—]>|[→⇒])\s*{_TIME}(?:[\s,].*)?")  # noqa: RUF001
_SBV_TIMING = re.compile(rf"\s*{_TIME},{_TIME}\s*")
_ASS_TIME = re.compile(r"\s*(\d+):(\d{1,2}):(\d{1,2})[.:](\d{1,3})\s*")
_COUNTER = re.compile(r"\s*\d{1,9}\s*")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)")
_ASS_SUNG = re.compile(r"\{[^{}]*?\\k[fot]?\d[^{}]*\}", re.IGNORECASE)
_ASS_LENGTH = re.compile(r"\\k[fo]?(\d{1,6})", re.IGNORECASE)
_ASS_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")

_OTHER_FORMATS = (
    (r"\s*<\?xml|\s*<tt[ >:]", "TTML"),
    (r"\s*<SAMI", "SAMI"),
    (r"\{\d+\}\{\d+\}", "MicroDVD"),
    (r"\[\d{1,2}:\d\d(?:\.\d+)?\]|\[(?:ar|ti|al|by|offset):", "LRC"),
    (r"\s*[\[{]\s*[\[{\"]", "JSON"),
    (r"\{\\rtf", "RTF"),
    (r"# VobSub", "VobSub, whose captions are pictures"),
    (r"PG[\x00-\xff]", "PGS, whose captions are pictures"),
    (r"PK\x03\x04", "a ZIP file"),
    (r"%PDF", "PDF"),
)
"""How the files of formats begin that are not read, and their names."""


@dataclass(frozen=True, slots=True)
class TimedLines:
    """A caption as it stands in a file.

    Attributes:
        line: Of its times, counted from 1.
        start_ms: Milliseconds; `end_ms` likewise, maybe before it.
        lines: Its text with markup.
    """

    line: int
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class CaptionLines:
    """What a caption file holds.

    Attributes:
        kind: "srt", "vtt", "ass" or "sbv".
        items: Its captions, in the file's order.
        broken: Lines that are no caption, counted from 1, to the reason.
    """

    kind: str
    items: list[TimedLines] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)


def split_captions(text: str) -> CaptionLines:
    """Find the captions of a file's text; which format it is, its content tells.

    Raises:
        FormatError: If it is of none of the formats; the hint names the one that it seems to be.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        return _webvtt(lines)
    if any(re.match(r"\s*(?:\[Events\]|Dialogue:)", line) for line in lines):
        return _ass(lines)
    timed = sum(_TIMING.fullmatch(line) is not None for line in lines)
    if not timed and any(_SBV_TIMING.fullmatch(line) for line in lines):
        return _sbv(lines)
    if not timed and not any("-->" in line for line in lines):
        raise FormatError("It has no captions: no line says from when --> to when.", _other_hint(text))
    return _srt(lines)


def _other_hint(text: str) -> str:
    name = next((name for start, name in _OTHER_FORMATS if re.match(start, text, re.IGNORECASE)), None)
    return HINT if name is None else f"It seems to be {name}, which is not read. {HINT}"


def _srt(lines: Sequence[str]) -> CaptionLines:
    """A timing, and what stands between it and the next one's counter."""
    found = CaptionLines("srt")
    timings = [number for number, line in enumerate(lines) if "-->" in line or _TIMING.fullmatch(line)]
    heads = [_head(lines, number) for number in timings] + [len(lines)]
    for number, line in enumerate(lines[: heads[0]], start=1):
        if line.strip("\ufeff \t"):
            found.broken[number] = BEFORE_THE_FIRST
    for place, number in enumerate(timings):
        _take(found, number, lines[number], lines[number + 1 : heads[place + 1]])
    return found


def _head(lines: Sequence[str], timing: int) -> int:
    """Where the caption with its timing on this line begins: at its counter, if it has one."""
    return timing - 1 if timing and _COUNTER.fullmatch(lines[timing - 1]) else timing


def _webvtt(lines: Sequence[str]) -> CaptionLines:
    """Blocks between empty lines, of which comments and styles are passed over."""
    found, block = CaptionLines("vtt"), list[int]()
    for number, line in enumerate([*lines[1:], ""], start=1):
        again = "-->" in line and any("-->" in lines[earlier] for earlier in block)
        if line and not again:
            block.append(number)
            continue
        _webvtt_block(found, lines, block)
        block = [number] if line else []
    return found


def _webvtt_block(found: CaptionLines, lines: Sequence[str], block: Sequence[int]) -> None:
    """The caption of a block: at most one line with its name, the timing, the text."""
    if not block or _ASIDE.match(lines[block[0]]):
        return
    timing = next((number for number in block if "-->" in lines[number]), None)
    if timing is None and block[0] == 1:
        return  # what stands right under WEBVTT is its header
    if timing is None or timing > block[0] + 1:
        found.broken[block[0] + 1] = "has no times"
    else:
        _take(found, timing, lines[timing], lines[timing + 1 : block[-1] + 1])


def _sbv(lines: Sequence[str]) -> CaptionLines:
    """Blocks of YouTube's SubViewer: a line of two times, the text, an empty line."""
    found = CaptionLines("sbv")
    timings = [number for number, line in enumerate(lines) if _SBV_TIMING.fullmatch(line)]
    for number, line in enumerate(lines[: timings[0]], start=1):
        if line.strip():
            found.broken[number] = BEFORE_THE_FIRST
    for number, after in zip(timings, [*timings[1:], len(lines)], strict=True):
        text = [part for line in lines[number + 1 : after] for part in line.split("[br]")]
        _take(found, number, lines[number], text, _SBV_TIMING)
    return found


def _ass(lines: Sequence[str]) -> CaptionLines:
    """The dialogue lines of SubStation Alpha, whose fields a line of their section names; drawings are left out."""
    found, fields = CaptionLines("ass"), ["layer", "start", "end", "style", "name", "l", "r", "v", "effect", "text"]
    events = False
    for number, line in enumerate(lines, start=1):
        head, _, rest = line.partition(":")
        if line.lstrip().startswith("["):
            events = line.strip().lower() == "[events]"
        elif head.strip() == "Format" and events:
            fields = [name.strip().lower() for name in rest.split(",")]
        elif head.strip() == "Dialogue":
            values = dict(zip(fields, rest.split(",", len(fields) - 1), strict=False))
            times = [_ASS_TIME.fullmatch(values.get(name, "")) for name in ("start", "end")]
            if None in times or "text" not in values:
                found.broken[number] = "has no times or no text"
            elif _ASS_DRAWING.search(values["text"]):
                found.broken[number] = DRAWING
            else:
                start_ms, end_ms = (_clock_ms(*match.groups()) for match in times if match)
                text = _sung(values["text"], start_ms).replace("\\h", " ").replace("\\N", "\n").replace("\\n", "\n")
                _add(found, TimedLines(number, start_ms, end_ms, tuple(text.split("\n"))))
    return found


def _sung(text: str, start_ms: int) -> str:
    """A text in which the lengths of karaoke, k25 for a quarter of a second, have become time stamps as WebVTT has."""
    begins_ms = start_ms

    def stamp(match: re.Match[str]) -> str:
        nonlocal begins_ms
        at_ms = begins_ms
        begins_ms += sum(10 * int(length) for length in _ASS_LENGTH.findall(match[0]))
        hours, rest = divmod(at_ms, 3_600_000)
        return f"<{hours:02}:{rest // 60_000:02}:{rest // 1000 % 60:02}.{rest % 1000:03}>"

    return _ASS_SUNG.sub(stamp, text)


def _take(found: CaptionLines, number: int, line: str, text: Sequence[str], pattern: re.Pattern[str] = _TIMING) -> None:
    """Take in the caption with its times on the line of this index."""
    match = pattern.fullmatch(line)
    if match is None:
        found.broken[number + 1] = f"has no times such as 00:01:02,500 --> 00:01:04,000, but {shown(line)}"
        return
    times = list(_times(match.groups()))
    if None in times:
        found.broken[number + 1] = f"has 60 or more minutes or seconds: {shown(line)}"
        return
    start_ms, end_ms = (time or 0 for time in times)
    _add(found, TimedLines(number + 1, start_ms, end_ms, tuple(text)))


def _add(found: CaptionLines, item: TimedLines) -> None:
    if item.end_ms < item.start_ms:
        found.broken[item.line] = "ends before it starts"
    elif item.end_ms <= 0 < item.end_ms - item.start_ms:
        found.broken[item.line] = "ends before the video starts"
    else:
        found.items.append(item)


def _times(groups: Sequence[str | None]) -> Iterator[int | None]:
    """The two times of a match in milliseconds; None for one that no clock shows."""
    for low in (0, 6):
        sign, hours, minutes, seconds, part, thousandths = groups[low : low + 6]
        if int(minutes or 0) >= 60 or int(seconds or 0) >= 60:
            yield None
        else:
            time_ms = _clock_ms(hours, minutes, seconds, part or thousandths)
            yield -time_ms if sign else time_ms


def _clock_ms(hours: str | None, minutes: str | None, seconds: str | None, part: str | None) -> int:
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 1000 + int((part or "0").ljust(3, "0"))


def shown(line: str) -> str:
    """A line as a message shows it, shortened."""
    short = line.strip()
    return ascii(short[:57] + "..." if len(short) > 60 else short)
