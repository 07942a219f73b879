"""Captions of a short: cut out of those of the whole video, and drawn into the picture."""

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.frames.caption_place import least_hidden
from closeup.core.errors import FormatError
from closeup.core.timebase import clock
from closeup.core.words import LeftOut
from closeup.features.shorts.plan import Piece
from closeup.media.caption_style import CaptionStyle
from closeup.media.captions import CaptionArtist, Page, font_for, left_out_signs
from closeup.media.subtitles import Cue, Subtitles, Word, word_places
from closeup.text.reading import read_text
from closeup.text.spoken import joined
from closeup.text.title import title
from closeup.text.words import scripts

_BEHIND_S = 2.0
"""Captions may stay this long behind the last frame before it is worth a word."""

_LITTLE = 0.5
"""Captions that span less than this share of the video are worth a word."""

_SHORTEST_S = 0.1
"""What is left of a caption after cutting is dropped if it is shorter: nobody could read it."""

_NEAR_S = 0.1
"""Faces count this long before and after a caption: they are known some times a second only."""

_SHORTEST_LINE_S = 0.5
"""A line that is shown by itself, because two would hide a face, is shown so long at least."""

_DASHES = "-\u2013\u2014"

FaceRows = NDArray[np.float64]

_KEPT_PAGES = 8
"""Drawn pages kept at hand; one is on screen at a time."""


def check_captions(subtitles: Subtitles, duration_s: float) -> tuple[str, ...]:
    """Say what is odd about captions beside their video: what is not covered, what lies behind the end.

    Args:
        subtitles: With the times of the whole video.
        duration_s: The video's length in seconds.

    Returns:
        A sentence each, for people; the captions' own notes first.

    Raises:
        FormatError: If none of them falls into the video.
    """
    shown = [cue for cue in subtitles.cues if cue.start_s < duration_s]
    if not shown:
        raise FormatError(
            f"The captions begin at {clock(subtitles.cues[0].start_s)}, and the video ends at {clock(duration_s)}.",
            "Give the captions of this very video, or none.",
        )
    notes = list(subtitles.notes)
    first_s, last_s = shown[0].start_s, max(cue.end_s for cue in subtitles.cues)
    if last_s > duration_s + _BEHIND_S:
        notes.append(
            f"The captions run on to {clock(last_s)}, and the video ends at {clock(duration_s)}: "
            "they may be those of a longer version, and be late or early here."
        )
    elif last_s - first_s < _LITTLE * duration_s:
        notes.append(
            f"The captions cover {clock(first_s)} to {clock(last_s)} of {clock(duration_s)} only; "
            "shorts from elsewhere have none."
        )
    return tuple(notes)


def check_letters(subtitles: Subtitles, font: Path | None = None) -> tuple[str, ...]:
    """Say, before anything is rendered, which captions no font can draw whole, and which signs are left out.

    Raises:
        InputError: If the font cannot be read.
    """
    lacking = {cue: letters for cue in subtitles.cues if (letters := font_for(cue.text, font)[1])}
    signs = "".join(dict.fromkeys("".join(left_out_signs(cue.text, font) for cue in subtitles.cues)))
    notes: list[str] = []
    if lacking:
        letters = "".join(dict.fromkeys("".join(lacking.values())))
        where = f"{font.name} has" if font else "no font that was found has"
        many, which = f"{len(lacking)} of {len(subtitles.cues)} captions", f"{where} all of their letters"
        said = f"{many} are not drawn into the picture, since {which}: {_some(letters)}. Another font can be named."
        notes.append(LeftOut(said))
    if signs:
        notes.append(f"The font of burned-in captions cannot draw {_some(signs)}; they are left out of the picture.")
    return tuple(notes)


def _some(letters: str) -> str:
    return " ".join(letters[:12]) + (f" and {len(letters) - 12} more" if len(letters) > 12 else "")


def moved(subtitles: Subtitles, lead_s: float) -> Subtitles:
    """Captions that count from where the file begins, on the clock of its pictures, which begin `lead_s` later."""
    if lead_s <= 0:
        return subtitles
    seen = Piece(0, 1, lead_s, math.inf)
    cues = (part for cue in subtitles.cues if cue.end_s > lead_s for part in _cut(cue, seen, -lead_s))
    return replace(subtitles, cues=tuple(cues))


def unbreakable(subtitles: Subtitles) -> NDArray[np.float64]:
    """The spans in which a cut would fall into words that are being spoken.

    Where the captions tell when each word is spoken, a span is a word; elsewhere it is the whole caption. A cut at the
    very start or end of a span is fine.

    Returns:
        Float64 (K, 2): start and end in seconds, ascending; two may touch, none overlap.
    """
    spans: list[tuple[float, float]] = []
    for cue in subtitles.cues:
        spans += [(word.start_s, word.end_s) for word in cue.words] or [(cue.start_s, cue.end_s)]
    joined: list[tuple[float, float]] = []
    for start_s, end_s in sorted(span for span in spans if span[1] > span[0]):
        if joined and start_s < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        else:
            joined.append((start_s, end_s))
    return np.array(joined, dtype=np.float64).reshape(-1, 2)


def cut_captions(subtitles: Subtitles, pieces: Sequence[Piece]) -> Subtitles:
    """The captions of a short, on its own clock: those of its pieces, one after another.

    A caption that a piece holds only in part keeps the words spoken there, half of them at least inside; where the file
    does not tell when words are spoken, they are taken to be spread evenly over the letters.
    """
    cues: list[Cue] = []
    offset_s = 0.0
    for piece in pieces:
        for cue in subtitles.cues:
            if cue.start_s < piece.end_s and cue.end_s > piece.start_s:
                cues += _cut(cue, piece, offset_s - piece.start_s)
        offset_s += piece.length_s
    return Subtitles(tuple(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))))


def title_of(captions: Subtitles) -> tuple[str | None, tuple[str, ...]]:
    """What a short is called by the captions cut to it, None where they say nothing that could be; and notes on that.

    Words of one sentence, in their order (`text.title`); nothing is added.
    """
    spoken = [(cue.start_s, cue.end_s, cue.text) for cue in captions.cues]
    text = joined(spoken)[0] if spoken else ""
    known = scripts(text)
    if not known or known["other"] > max(known["korean"], known["latin"]):
        return None, ()
    reading = read_text(text)
    line, place = title(reading, spoken=True)
    return (line if line and reading.may_stand(place) else None), reading.notes


def _cut(cue: Cue, piece: Piece, shift_s: float) -> list[Cue]:
    """What a piece holds of a caption, on the short's clock: one caption or none."""
    start_s, end_s = max(cue.start_s, piece.start_s), min(cue.end_s, piece.end_s)
    if end_s - start_s < min(_SHORTEST_S, cue.end_s - cue.start_s):
        return []
    text, words = cue.text, cue.words
    if (start_s, end_s) != (cue.start_s, cue.end_s):
        timed = words or _even_words(cue)
        inside = [n for n, word in enumerate(timed) if start_s <= (word.start_s + word.end_s) / 2 <= end_s]
        while inside and not timed[inside[-1]].text.strip(_DASHES):
            inside.pop()  # it begins a line of which nothing is left
        if not inside:
            return []
        places = word_places(replace(cue, words=timed))
        text = cue.text[places[inside[0]][0] : places[inside[-1]][1]]
        words = tuple(words[n] for n in inside) if words else ()
    moved = (Word(_within(w.start_s, piece) + shift_s, _within(w.end_s, piece) + shift_s, w.text) for w in words)
    return [Cue(start_s + shift_s, end_s + shift_s, text, tuple(moved))]


def _within(time_s: float, piece: Piece) -> float:
    return min(max(time_s, piece.start_s), piece.end_s)


def _even_words(cue: Cue) -> tuple[Word, ...]:
    """The words of a caption as if they were spoken one after another, each as long as it is written."""
    texts = cue.text.split()
    lengths = np.cumsum([0, *map(len, texts)], dtype=np.float64)
    times = cue.start_s + (cue.end_s - cue.start_s) * lengths / lengths[-1]
    return tuple(
        Word(float(start), float(end), text) for start, end, text in zip(times[:-1], times[1:], texts, strict=True)
    )


class CaptionOverlay:
    """Captions as pictures to lay over the frames of a short: an `Overlay` of its renderer.

    Attributes:
        off_text: How many pages stand elsewhere than they would, because the picture has text of its own there.
    """

    def __init__(
        self,
        subtitles: Subtitles,
        size_wh: tuple[int, int],
        faces: FaceRows | None = None,
        font: Path | None = None,
        style: CaptionStyle | None = None,
        *,
        text: FaceRows | None = None,
    ) -> None:
        """Lay out captions.

        Args:
            subtitles: On the short's own clock.
            size_wh: Width and height of the finished picture in pixels.
            faces: What captions keep off: rows (K, 5) of a time in seconds on that clock and a box xyxy in pixels of
                the finished picture.
            font: Font file; None takes closeup's own, and the system's for other scripts.
            style: How they look; None for the plain style.
            text: Where the picture has text of its own, rows (M, 5) as `faces` has them; captions keep off it too.

        Raises:
            ValueError: If the picture has less than 32 pixels a side.
        """
        self._style = style or CaptionStyle()
        self._artists: dict[Path | None, CaptionArtist] = {}
        self._size_wh, self._font = size_wh, font
        spans = _one_at_a_time([span for cue in subtitles.cues for span in self._page_spans(cue)])
        self._spans: list[tuple[float, float, _Lines, int]] = []
        self._faces, self._text = (np.zeros((0, 5)) if rows is None else rows for rows in (faces, text))
        self.off_text = 0
        last_top = None
        for span in spans:
            placed = [(span, *self._free(span, last_top))]
            self.off_text += bool(len(self._text)) and placed[0][1] != self._free(span, last_top, off_text=False)[0]
            if placed[0][2] > 0 and len(span[2]) > 1:
                by_line = [(part, *self._free(part, last_top)) for part in _line_by_line(span)]
                if by_line and max(hidden for *_, hidden in by_line) < placed[0][2]:
                    placed = by_line
            self._spans += [(*part, top) for part, top, _ in placed]
            last_top = placed[-1][1]
        self._starts = [start_s for start_s, *_ in self._spans]
        self._drawn = lru_cache(_KEPT_PAGES)(self._draw)

    def _free(self, span: "_Span", last_top: int | None, *, off_text: bool = True) -> tuple[int, float]:
        """Where a page stands, and how much of faces it hides there, as `least_hidden` has it."""
        start_s, end_s, lines = span
        faces, text = (
            rows[(rows[:, 0] >= start_s - _NEAR_S) & (rows[:, 0] <= end_s + _NEAR_S), 1:]
            for rows in (self._faces, self._text if off_text else self._text[:0])
        )
        artist = self._artists[lines[0][1]]
        place = artist.place([text for text, *_ in lines])
        return least_hidden(place, self._size_wh, artist.box_xyxy, faces, last_top, text)

    def at(self, time_s: float) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
        """The caption to be seen at a time of the short.

        Args:
            time_s: Seconds from the short's first frame.

        Returns:
            A picture, RGBA uint8 (H, W, 4) with straight alpha, and the x and y of its upper left corner; the very
            same object while nothing changes. None while no caption is shown.
        """
        place = bisect_right(self._starts, time_s) - 1
        if place < 0 or time_s >= self._spans[place][1]:
            return None
        _, _, lines, top = self._spans[place]
        lit = tuple(
            (number, first, end)
            for number, (*_, words) in enumerate(lines)
            for start_s, end_s, first, end in words
            if start_s <= time_s < end_s
        )
        return self._drawn(lines, top, lit)

    def _draw(
        self, lines: "_Lines", top: int, lit: tuple[tuple[int, int, int], ...]
    ) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        return self._artists[lines[0][1]].draw([text for text, *_ in lines], top, lit)

    def _page_spans(self, cue: Cue) -> "list[_Span]":
        """The pages of a caption, each from when its first word is spoken; none where no font draws it whole."""
        font, lacking = font_for(cue.text, self._font)
        if lacking:
            return []
        if font not in self._artists:
            self._artists[font] = CaptionArtist(self._size_wh, font, self._style)
        return _page_spans(cue, self._artists[font], font)


def _line_by_line(span: "_Span") -> "list[_Span]":
    """The lines of a page one after another, each from when its first word is spoken; none where one would be a flash.

    Where the file does not tell when words are spoken, each is shown as long as it is written.
    """
    start_s, end_s, lines = span
    lengths = np.cumsum([0, *(len(text) for text, *_ in lines)], dtype=np.float64)
    even = start_s + (end_s - start_s) * lengths / lengths[-1]
    starts = [words[0][0] if number and words else float(even[number]) for number, (*_, words) in enumerate(lines)]
    edges = [*starts, end_s]
    if any(after - before < _SHORTEST_LINE_S for before, after in pairwise(edges)):
        return []
    return [(low, high, (line,)) for (low, high), line in zip(pairwise(edges), lines, strict=True)]


_Timed = tuple[tuple[float, float, int, int], ...]
"""Words that are lit: from when to when, and from which letter of their line to which."""

_Lines = tuple[tuple[str, Path | None, _Timed], ...]
"""Lines, the font that each is drawn in, and its words with times."""

_Span = tuple[float, float, _Lines]
"""From when to when which lines are shown."""


def _page_spans(cue: Cue, artist: CaptionArtist, font: Path | None) -> list[_Span]:
    """The pages of a caption, each from when its first word is spoken."""
    pages = artist.pages(cue.text)
    if not pages:
        return []
    timed = cue.words or _even_words(cue)
    ends = [end for _, end in word_places(replace(cue, words=timed))]
    words = [min(bisect_right(ends, page.start), len(timed) - 1) for page in pages[1:]]
    starts = [cue.start_s, *(timed[word].start_s for word in words)]
    return [
        (
            start_s,
            end_s,
            tuple(
                (line, font, lit)
                for line, lit in zip(
                    page.lines, _lit(cue if artist.style.highlight else replace(cue, words=()), page), strict=True
                )
            ),
        )
        for start_s, end_s, page in zip(starts, [*starts[1:], cue.end_s], pages, strict=True)
        if end_s > start_s
    ]


def _lit(cue: Cue, page: Page) -> list[_Timed]:
    """For each line of a page its words with the times at which they are spoken, where the cue tells those.

    Lines that run from right to left have none: their letters do not stand where they come in the text.
    """
    spoken = list(zip(cue.words, word_places(cue), strict=True))
    found: list[_Timed] = []
    for line, places in zip(page.lines, page.places, strict=True):
        plain = not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in line)
        found.append(
            tuple(
                (word.start_s, word.end_s, first, end)
                for word, (start, stop) in spoken
                for low, high, first, end in places
                if plain and low < stop and high > start
            )
        )
    return found


def _one_at_a_time(spans: Sequence[_Span]) -> list[_Span]:
    """Spans that do not overlap: where two would, both are shown if each has one line, else the one that began last."""
    edges = sorted({edge for start_s, end_s, _ in spans for edge in (start_s, end_s)})
    ordered = sorted(spans, key=lambda span: span[0])
    shown: list[_Span] = []
    for start_s, end_s in pairwise(edges):
        active = [lines for low, high, lines in ordered if low <= start_s < high][-2:]
        if not active:
            continue
        together = all(len(each) == 1 for each in active) and len({each[0][1] for each in active}) == 1
        lines = sum(active, ()) if together else active[-1]
        if shown and shown[-1][1] == start_s and shown[-1][2] == lines:
            shown[-1] = (shown[-1][0], end_s, lines)
        else:
            shown.append((start_s, end_s, lines))
    return shown
