"""A text from a file, a pipe or captions; of captions the times are kept, and a broadcast is cut into its stories."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from closeup.core.code_pages import decode_code_page, guess_code_page
from closeup.core.errors import FormatError, InputError
from closeup.media.files import require_file, unreadable
from closeup.media.subtitles import parse_subtitles
from closeup.text.korean import is_greeting
from closeup.text.ranking import best_first, likeness
from closeup.text.reading import Reading, read_text
from closeup.text.spoken import PAUSE_S, joined
from closeup.text.tagging import is_opening

MAX_BYTES = 64 * 1024 * 1024
"""A text above this is refused unread."""

CAPTIONS = frozenset((".srt", ".vtt", ".ass", ".ssa", ".sbv"))

_STORY_S = 40.0
"""The shortest story."""

_AROUND = 6
"""Sentences on each side that a change of topic is judged by."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text that is ready to be summed up.

    Attributes:
        name: Path, or "-".
        reading: Its sentences.
        times: When each sentence is spoken, (start, end) in seconds; None for a text without times.
        notes: What was guessed or left out, a sentence each.
    """

    name: str
    reading: Reading
    times: tuple[tuple[float, float], ...] | None = None
    notes: tuple[str, ...] = ()


def read_source(path: Path | None, content: bytes | None = None, *, lang: str = "auto") -> Source:
    """Read a text.

    Args:
        path: Of a text or caption file; None where the bytes came by a pipe.
        content: The bytes, where there is no file.
        lang: "auto", "en" or "ko".

    Raises:
        InputError: If it is missing, empty, too large, no text, or has no words.
        FormatError: If it is a caption file in which nothing can be used.
    """
    name = "-" if path is None else str(path)
    content = text_bytes(path, MAX_BYTES) if path is not None else content or b""
    if not content.strip():
        raise InputError(f"{'The input' if path is None else name} is empty.", "Give a text with a sentence or more.")
    if (path is not None and path.suffix.lower() in CAPTIONS) or content.lstrip(b"\xef\xbb\xbf")[:6] == b"WEBVTT":
        return _captions(name, content, lang)
    text, notes = decode_text(content, name)
    try:
        reading = read_text(text, lang)
    except InputError as error:
        raise error.within(name) from error
    return Source(name, reading, None, (*notes, *reading.notes))


def text_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file of words, whose size is looked at before it is read.

    Raises:
        InputError: If it is not there, no file, empty, larger than `most` bytes, or cannot be read.
    """
    require_file(path, "a text")
    try:
        if (size := path.stat().st_size) > most:
            raise InputError(
                f"{path} has {size / 1e6:,.0f} MB, and up to {most / 1e6:,.0f} MB are read: it was not read.",
                "Give a part of it.",
            )
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def decode_text(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text of some bytes, and a note where its encoding had to be found out.

    Raises:
        InputError: If they are no text.
    """
    hint = "Save it as plain text in UTF-8."
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding), ()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{name} begins as {encoding.upper()} text, and is damaged further on.", hint
                ) from error
    if b"\0" in content[:65_536]:
        raise InputError(f"{name} is not a text: it holds bytes that no text has.", hint)
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        found = decode_code_page(content)
        guessed = guess_code_page(content) if found is None else None
        if guessed is not None:
            return guessed[0], (f"{name} was read as {guessed[1]}, which is a guess: it is not UTF-8.",)
        if found is None:
            line = content.count(b"\n", 0, error.start) + 1
            raise InputError(f"{name}, line {line}: it is not UTF-8 text.", hint) from error
        return found[0], (f"{name} was read as {found[1]}, since it is not UTF-8.",)


def _captions(name: str, content: bytes, lang: str) -> Source:
    try:
        subtitles = parse_subtitles(content)
    except FormatError as error:
        raise error.within(name) from error
    text, starts = joined([(cue.start_s, cue.end_s, cue.text) for cue in subtitles.cues])
    try:
        reading = read_text(text, lang)
    except InputError as error:
        raise error.within(name) from error
    begins = np.array(starts)
    times = []
    for each in reading.sentences:
        first = int(np.searchsorted(begins, each.start, side="right")) - 1
        last = int(np.searchsorted(begins, each.end - 1, side="right")) - 1
        times.append((subtitles.cues[first].start_s, max(cue.end_s for cue in subtitles.cues[first : last + 1])))
    return Source(name, reading, tuple(times), (*subtitles.notes, *reading.notes))


# A broadcast to its stories


def stories(source: Source) -> list[tuple[int, int]]:
    """Where each story begins and ends, in sentences; a text without times is one story.

    A story begins at a sentence that leads over, or behind a pause, where what is talked of changes: the likeness of
    the sentences before and after, by their words, is lower there than around (M. Hearst, TextTiling, 1997).
    """
    count = len(source.reading.sentences)
    if source.times is None or count < 2 * _AROUND or source.times[-1][1] - source.times[0][0] < 2 * _STORY_S:
        return [(0, count)]
    depths = _depths(source.reading)
    bar = float(depths.mean() + depths.std() / 2)
    signs = np.array([_sign(source, place) for place in range(count)])
    order = best_first(depths + signs)
    edges = [0, count]
    for place in order:
        if place == 0 or depths[place] + signs[place] < bar + 0.5:
            continue
        if all(_far(source.times, place, edge) for edge in edges):
            edges.append(place)
    return list(pairwise(sorted(edges)))


def _far(times: Sequence[tuple[float, float]], place: int, edge: int) -> bool:
    """Whether a new story at `place` leaves it and its neighbour their shortest length."""
    at_s = times[edge][0] if edge < len(times) else times[-1][1]
    return abs(times[place][0] - at_s) >= _STORY_S


def _sign(source: Source, place: int) -> float:
    """How much in a sentence and the pause before it tells that a story begins, from 0 to 1."""
    assert source.times is not None
    text = source.reading.sentences[place].text
    leads = is_greeting(text) if source.reading.language == "ko" else is_opening(text)
    begins = leads and any(word in text for word in ("다음", "이어서", "한편", "안녕", "소식", "welcome", "Welcome"))
    pause_s = source.times[place][0] - source.times[place - 1][1] if place else 0.0
    return 0.7 * begins + 0.3 * min(max(pause_s, 0.0) / PAUSE_S, 1.0)


def _depths(reading: Reading) -> np.ndarray:
    """How much less alike the sentences around each gap are than those around the peaks beside it, (N,)."""
    tokens, count = reading.tokens, len(reading.tokens)
    alike = np.ones(count)
    for place in range(1, count):
        before = [word for each in tokens[max(place - _AROUND, 0) : place] for word in each]
        after = [word for each in tokens[place : place + _AROUND] for word in each]
        alike[place] = likeness(before, after)
    depths = np.zeros(count)
    for place in range(1, count):
        left = alike[max(place - _AROUND, 1) : place + 1].max()
        right = alike[place : place + _AROUND].max()
        depths[place] = left + right - 2 * alike[place]
    return depths
