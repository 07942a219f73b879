"""Caption files to cues with their times, and cues to SubRip and WebVTT.

SubRip, WebVTT (https://www.w3.org/TR/webvtt1/), SubStation Alpha (ASS, SSA) and SBV are read, of WebVTT also the time
stamps inside a cue that tell when each word is spoken, of SubStation Alpha the karaoke. Tags and styles are left out:
only the words stay. A caption that cannot be understood is left out and named by its line.
"""

import html
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from closeup.core.errors import FormatError, InputError
from closeup.core.words import LeftOut
from closeup.media.caption_formats import BEFORE_THE_FIRST, DRAWING, TimedLines, split_captions
from closeup.media.files import require_file, unreadable
from closeup.media.subtitle_text import AUTO, ENTITY, HINT, UNREADABLE, decode_captions, plain_line

_LOG = logging.getLogger("closeup.media")

MAX_BYTES = 32 * 1024 * 1024
"""A caption file above this is refused unread; a day of speech has about 1 MB."""

_VTT_TIME = r"(?:(\d{1,}):)?(\d{2}):(\d{2})\.(\d{3})"
_STAMP = re.compile(rf"<({_VTT_TIME})>")
_TIMED = ("vtt", "ass")
"""Formats that tell when each word is spoken: WebVTT by time stamps; karaoke in SubStation Alpha is made into some."""

_NAMED = 6
"""So many lines that were left out are named."""

_WORDLESS = "has no words"
_NOTHING_LOST = frozenset((_WORDLESS, BEFORE_THE_FIRST, DRAWING))
"""Why something may be left out that nobody would have read as a caption."""

_ROLLING_S = 0.05
"""Rolling captions hold a finished line alone for 10 ms; nobody reads a caption that stays for less than this."""


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


def read_subtitles(path: Path, encoding: str = AUTO) -> Subtitles:
    """Read a caption file; which format it is, its content tells, and its encoding where none is given.

    Raises:
        InputError: If the file is missing, a folder, empty, may not be read, or is larger than `MAX_BYTES`.
        FormatError: If it is no caption file, or no caption of it can be understood.
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
        return parse_subtitles(content, encoding)
    except FormatError as error:
        raise error.within(path) from error


def parse_subtitles(content: bytes, encoding: str = AUTO) -> Subtitles:
    """Read the bytes of a caption file, as `read_subtitles` does.

    Raises:
        FormatError: If it is no caption file, or no caption of it can be understood.
    """
    text, notes = decode_captions(content, encoding)
    found = split_captions(text)
    broken, cues, cut = dict(found.broken), list[Cue](), list[int]()
    for item in found.items:
        cue = _cue(item, found.kind)
        if cue is None:
            broken[item.line] = "has no length" if item.end_ms <= item.start_ms else _WORDLESS
        elif UNREADABLE in cue.text:
            broken[item.line] = f"has letters that are not {'UTF-8' if encoding == AUTO else encoding}"
        else:
            cues.append(cue)
            cut += [item.line] if item.start_ms < 0 else []
    if not cues:
        raise _nothing_readable(broken)
    if broken:
        said = f"Left out of the captions: {_named(broken)}."
        notes += (said if _NOTHING_LOST.issuperset(broken.values()) else LeftOut(said),)
    if cut:
        notes += (f"Captions that begin before the video does, and begin with it now: line {_listed(cut)}.",)
    untold = sum(bool(cue.words) and not _in_order(cue) for cue in cues)
    if untold:
        notes += (f"Captions whose word times are out of order, and were not used: {untold}.",)
    cues = _without_rolling([cue if _in_order(cue) else replace(cue, words=()) for cue in cues])
    _LOG.info("%d captions, %d left out, as %s", len(cues), len(broken), found.kind)
    return Subtitles(tuple(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))), notes)


def _nothing_readable(broken: Mapping[int, str]) -> FormatError:
    if not broken:
        return FormatError("It has no captions: no line says from when --> to when.", HINT)
    line, why = min(broken.items())
    return FormatError(f"None of its captions can be used; that of line {line} {why}.", HINT)


def _named(broken: Mapping[int, str]) -> str:
    """The lines and reasons, the first few of them."""
    some = [f"line {line}, which {why}" for line, why in sorted(broken.items())[:_NAMED]]
    return "; ".join(some) + (f"; and {len(broken) - _NAMED} more" if len(broken) > _NAMED else "")


def _listed(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:_NAMED])) + (f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else "")


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


# Lines to words


def _cue(item: TimedLines, kind: str) -> Cue | None:
    """The cue with its words, their times still unchecked; None where there is nothing to show."""
    webvtt = kind == "vtt"
    words = _stamped(item, webvtt=webvtt) if kind in _TIMED else ()
    lines = (_STAMP.sub("", line) if kind in _TIMED else line for line in item.lines)
    text = "\n".join(filter(None, (plain_line(line, webvtt=webvtt) for line in lines)))
    if not text or item.end_ms <= item.start_ms:
        return None
    return Cue(max(item.start_ms, 0) / 1000, item.end_ms / 1000, text, words)


def _stamped(item: TimedLines, *, webvtt: bool) -> tuple[Word, ...]:
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
    words = ((start, end, plain_line(piece.replace("\n", " "), webvtt=webvtt)) for start, end, piece in spans)
    return tuple(Word(start / 1000, end / 1000, text) for start, end, text in words if text)


def _milliseconds(parts: Sequence[str | None]) -> int | None:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    if minutes >= 60 or seconds >= 60:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


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
    text = ENTITY.sub("&amp;", text.replace("-->", "→"))
    return "\n".join(line for line in text.split("\n") if line.strip())


def _vtt_text(cue: Cue) -> str:
    """The text with a time stamp before each word that does not begin with the cue."""
    parts, at = [], 0
    for word, (start, end) in zip(cue.words, word_places(cue), strict=True):
        stamp = f"<{_clock(word.start_s, '.')}>" if word.start_s > cue.start_s else ""
        parts.append(f"{html.escape(cue.text[at:start], quote=False)}{stamp}<c>")
        parts.append(f"{html.escape(cue.text[start:end], quote=False)}</c>")
        at = end
    return "".join(parts) + html.escape(cue.text[at:], quote=False)
