"""Caption files: SubRip and WebVTT to cues with their times, and back.

SubRip has no standard; what is read here is what its programs write: times with a comma or a point, counters or none,
a byte order mark, any line ends. WebVTT is read as the W3C describes it (https://www.w3.org/TR/webvtt1/), including
the time stamps inside a cue that tell when each word is spoken. Tags and styles are left out: only the words stay.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from closeup.core.errors import FormatError, InputError
from closeup.media.files import require_file, unreadable
from closeup.media.subtitle_text import HINT, decode_captions, plain_line

MAX_BYTES = 32 * 1024 * 1024
"""A caption file above this is refused unread; a day of speech has about 1 MB."""

_SRT_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[,.](\d{3}))?"
_VTT_TIME = r"(?:(\d{2,}):)?(\d{2}):(\d{2})\.(\d{3})"
_SRT_TIMING = re.compile(rf"\s*{_SRT_TIME}\s*-->\s*{_SRT_TIME}\s*(?:X1:.*)?")
_VTT_TIMING = re.compile(rf"\s*{_VTT_TIME}\s*-->\s*{_VTT_TIME}(?:[ \t]+.*)?")
_STAMP = re.compile(rf"<({_VTT_TIME})>")
_ROLLING_S = 0.05
"""Rolling captions hold a finished line alone for 10 ms; nobody reads a caption that stays for less than this."""

_COUNTER = re.compile(r"\s*\d{1,9}\s*")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or the few that the file times together.

    Attributes:
        start_s: Seconds; `end_s` likewise, never before it.
        text: One line, not empty, no space around it.
    """

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at once.

    Attributes:
        start_s: Seconds; `end_s`, exclusive, is later.
        text: Lines as the file has them, without tags, none of them empty; at least one.
        words: When each word is spoken, in order and inside the cue; empty where the file does not tell.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Subtitles:
    """Captions of a video.

    Attributes:
        cues: By start, then by end; they may overlap where two people speak at once.
        notes: What was odd about the file, a sentence each, for people.
    """

    cues: tuple[Cue, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lines:
    """A cue's lines as they stand in the file, and its times in milliseconds."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def read_subtitles(path: Path) -> Subtitles:
    """Read a SubRip or WebVTT file; which of them it is, its first line tells.

    UTF-8 and UTF-16 are read, and Korean in CP949 where the bytes leave no doubt that it is that.

    Raises:
        InputError: If the file is missing, a folder, empty, may not be read, or is larger than `MAX_BYTES`.
        FormatError: If it is no caption file, or a line of it cannot be understood; the message names the line.
    """
    require_file(path, "a caption file")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MB, too large for captions.", HINT)
    try:
        return parse_subtitles(content)
    except FormatError as error:
        raise error.within(path) from error


def parse_subtitles(content: bytes) -> Subtitles:
    """Read the bytes of a SubRip or WebVTT file, as `read_subtitles` does.

    Raises:
        FormatError: If it is no caption file, or a line of it cannot be understood; the message names the line.
    """
    text, notes = decode_captions(content)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    webvtt = re.match(r"WEBVTT(?:[ \t]|$)", lines[0]) is not None
    found = list(_webvtt_cues(lines) if webvtt else _srt_cues(lines))
    if not found:
        raise FormatError("It has no captions: no line says from when --> to when.", HINT)
    cues = [_cue(item, webvtt) for item in found]
    shown = [cue for cue in cues if cue is not None]
    if not shown:
        raise FormatError("None of its captions has words and a length.", HINT)
    if len(shown) < len(cues):
        notes += (f"Captions left out because they have no words or no length: {len(cues) - len(shown)}.",)
    untold = sum(bool(cue.words) and not _in_order(cue) for cue in shown)
    if untold:
        notes += (f"Captions whose word times are out of order, and were not used: {untold}.",)
    shown = _without_rolling([cue if _in_order(cue) else replace(cue, words=()) for cue in shown])
    return Subtitles(tuple(sorted(shown, key=lambda cue: (cue.start_s, cue.end_s))), notes)


def word_places(cue: Cue) -> tuple[tuple[int, int], ...]:
    """Where each word of a cue stands in its text: from which letter to which, the end exclusive.

    A line break in the text counts as the space that it stands for.

    Raises:
        ValueError: If the words are not in the text in their order; those of `read_subtitles` always are.
    """
    flat, at = cue.text.replace("\n", " "), 0
    places = []
    for word in cue.words:
        start = flat.find(word.text, at)
        if start < 0:
            raise ValueError(f"{word.text!r} is not in the text of its caption")
        at = start + len(word.text)
        places.append((start, at))
    return tuple(places)


def encode_srt(subtitles: Subtitles) -> bytes:
    """Write captions as the bytes of a SubRip file, UTF-8; word times have no place in it."""
    blocks = [
        f"{number}\n{_clock(cue.start_s, ',')} --> {_later(cue, ',')}\n{_srt_text(cue.text)}\n"
        for number, cue in enumerate(subtitles.cues, start=1)
    ]
    return "\n".join(blocks).encode()


def encode_vtt(subtitles: Subtitles) -> bytes:
    """Write captions as the bytes of a WebVTT file, UTF-8, with the times of the words where they are known."""
    blocks = ["WEBVTT\n"]
    for cue in subtitles.cues:
        blocks.append(f"{_clock(cue.start_s, '.')} --> {_later(cue, '.')}\n{_vtt_text(cue)}\n")
    return "\n".join(blocks).encode()


# Lines to cues


def _srt_cues(lines: Sequence[str]) -> Iterator[_Lines]:
    """The cues of a SubRip file: a timing, and what stands between it and the next one's counter."""
    timings = [number for number, line in enumerate(lines) if "-->" in line]
    if not timings:
        return
    heads = [_head(lines, number) for number in timings] + [len(lines)]
    for number, line in enumerate(lines[: heads[0]], start=1):
        if line.strip("\ufeff \t"):
            raise FormatError(f"Line {number} is no caption: {_shown(line)}", HINT)
    for place, number in enumerate(timings):
        start_ms, end_ms = _timing(lines[number], number, _SRT_TIMING, "00:01:02,500 --> 00:01:04,000")
        yield _Lines(start_ms, end_ms, tuple(lines[number + 1 : heads[place + 1]]))


def _head(lines: Sequence[str], timing: int) -> int:
    """Where the cue with its timing on this line begins: at its counter, if it has one."""
    return timing - 1 if timing and _COUNTER.fullmatch(lines[timing - 1]) else timing


def _webvtt_cues(lines: Sequence[str]) -> Iterator[_Lines]:
    """The cues of a WebVTT file: blocks between empty lines, of which comments and styles are passed over."""
    block: list[int] = []
    for number, line in enumerate([*lines[1:], ""], start=1):
        again = "-->" in line and any("-->" in lines[earlier] for earlier in block)
        if line and not again:
            block.append(number)
            continue
        yield from _webvtt_block(lines, block)
        block = [number] if line else []


def _webvtt_block(lines: Sequence[str], block: Sequence[int]) -> Iterator[_Lines]:
    """The cue of a block: at most one line with its name, the timing, the text."""
    if not block or _ASIDE.match(lines[block[0]]):
        return
    timing = next((number for number in block if "-->" in lines[number]), None)
    if timing is None and block[0] == 1:
        return  # what stands right under WEBVTT is its header
    if timing is None or timing > block[0] + 1:
        raise FormatError(f"Line {block[0] + 1} is no caption: {_shown(lines[block[0]])}", HINT)
    start_ms, end_ms = _timing(lines[timing], timing, _VTT_TIMING, "00:01:02.500 --> 00:01:04.000")
    yield _Lines(start_ms, end_ms, tuple(lines[timing + 1 : block[-1] + 1]))


def _timing(line: str, number: int, pattern: re.Pattern[str], example: str) -> tuple[int, int]:
    """Start and end in milliseconds of the timing on the line of this index."""
    match = pattern.fullmatch(line)
    if match is None:
        raise FormatError(f"Line {number + 1} must be times such as {example}, not {_shown(line)}")
    times = [_milliseconds(match.groups()[low : low + 4]) for low in (0, 4)]
    if None in times:
        raise FormatError(f"Line {number + 1} has a time with 60 or more minutes or seconds: {_shown(line)}")
    start_ms, end_ms = (time or 0 for time in times)
    if end_ms < start_ms:
        raise FormatError(f"Line {number + 1} has a caption that ends before it starts: {_shown(line)}")
    return start_ms, end_ms


def _milliseconds(parts: Sequence[str | None]) -> int | None:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    if minutes >= 60 or seconds >= 60:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


# Lines to words


def _cue(item: _Lines, webvtt: bool) -> Cue | None:
    """The cue with its words, their times still unchecked; None where there is nothing to show."""
    words = _stamped(item) if webvtt else ()
    text = "\n".join(filter(None, (plain_line(line, webvtt=webvtt) for line in item.lines)))
    if not text or item.end_ms <= item.start_ms:
        return None
    return Cue(item.start_ms / 1000, item.end_ms / 1000, text, words)


def _stamped(item: _Lines) -> tuple[Word, ...]:
    """The parts between the time stamps of a cue; none where it has no stamp."""
    text = "\n".join(item.lines)
    parts = _STAMP.split(text)
    if len(parts) == 1:
        return ()
    times = [item.start_ms]
    pieces = [parts[0]]
    for low in range(1, len(parts), 6):
        _, *clock, piece = parts[low : low + 6]
        time = _milliseconds(clock)
        times.append(-1 if time is None else time)
        pieces.append(piece)
    spans = zip(times, [*times[1:], item.end_ms], pieces, strict=True)
    words = ((start, end, plain_line(piece.replace("\n", " "), webvtt=True)) for start, end, piece in spans)
    return tuple(Word(start / 1000, end / 1000, text) for start, end, text in words if text)


def _in_order(cue: Cue) -> bool:
    """Whether the words' times ascend inside the cue, and the words are those of its text."""
    edges = [cue.start_s, *(edge for word in cue.words for edge in (word.start_s, word.end_s)), cue.end_s]
    if any(later < earlier for earlier, later in pairwise(edges)):
        return False
    try:
        word_places(cue)
    except ValueError:
        return False
    return True


def _without_rolling(cues: Sequence[Cue]) -> list[Cue]:
    """Cues without the lines that they only carry over from the one before, as captions that roll up do.

    Automatic captions of YouTube show a line while it is spoken, with the times of its words, then for some
    milliseconds by itself, and once more above the next line. Files without word times are left as they are.
    """
    if not any(cue.words for cue in cues):
        return list(cues)
    kept: list[Cue] = []
    last, last_end_s = "", 0.0
    for cue in cues:
        first, *rest = cue.text.split("\n")
        carries = first == last and abs(cue.start_s - last_end_s) <= _ROLLING_S
        last, last_end_s = (rest or [first])[-1], cue.end_s
        if carries and rest:
            kept.append(replace(cue, text="\n".join(rest), words=_words_of_rest(cue, first)))
        elif not (carries and cue.end_s - cue.start_s <= _ROLLING_S):
            kept.append(cue)
    return kept


def _words_of_rest(cue: Cue, carried: str) -> tuple[Word, ...]:
    """The words without the line that was carried over, which stands at the front of the first of them."""
    if not cue.words:
        return ()
    first = cue.words[0]
    rest = first.text.removeprefix(carried).strip()
    return (replace(first, text=rest), *cue.words[1:]) if rest else cue.words[1:]


# Cues to text


def _clock(seconds: float, point: str) -> str:
    whole, thousandths = divmod(max(0, round(seconds * 1000)), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{thousandths:03}"


def _later(cue: Cue, point: str) -> str:
    """The end, at least a millisecond behind the start once both are rounded."""
    return _clock(max(round(cue.end_s * 1000), round(cue.start_s * 1000) + 1) / 1000, point)


def _srt_text(text: str) -> str:
    """SubRip has no way to write an arrow that is none of its own, and no line may be empty."""
    return "\n".join(line for line in text.replace("-->", "→").split("\n") if line.strip())


def _vtt_text(cue: Cue) -> str:
    """The text with a time stamp before each word that does not begin with the cue."""
    parts, at = [], 0
    for word, (start, end) in zip(cue.words, word_places(cue), strict=True):
        stamp = f"<{_clock(word.start_s, '.')}>" if word.start_s > cue.start_s else ""
        parts.append(f"{html.escape(cue.text[at:start], quote=False)}{stamp}<c>")
        parts.append(f"{html.escape(cue.text[start:end], quote=False)}</c>")
        at = end
    return "".join(parts) + html.escape(cue.text[at:], quote=False)


def _shown(line: str) -> str:
    """A line as a message shows it, shortened."""
    short = line.strip()
    return ascii(short[:57] + "..." if len(short) > 60 else short) + "."
