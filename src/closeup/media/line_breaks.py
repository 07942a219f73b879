"""Where to break a caption into lines and pages: where the sense does, in even lines, with few pages.

Breaks are weighed against each other over the whole text, as Knuth and Plass do it for paragraphs ("Breaking
Paragraphs into Lines", Software: Practice and Experience 11, 1981); what they are weighed by is closeup's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_PAGE_COST = 1.2
"""What another page costs; all costs are set against each other."""

_BREAK_COSTS = ((".?!…。」』”", 0.0), (",;:、，–—", 0.35))  # noqa: RUF001
_PLAIN_BREAK = 1.0
"""What it costs to end a page after a sentence, after a comma, and elsewhere; to end a line, a fifth of it."""

_BOUND_BREAK = 3.0
"""What it costs to break after a word that belongs to the one behind it."""

_BOUND = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "and",
        "or",
        "but",
        "nor",
        "so",
        "that",
        "than",
        "as",
        "if",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "this",
        "these",
        "those",
        "no",
        "not",
        "very",
        "i'm",
        "you're",
        "we're",
        "they're",
        "don't",
        "mr",
        "mrs",
        "ms",
        "dr",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "des",
        "ein",
        "eine",
        "einen",
        "einem",
        "einer",
        "und",
        "oder",
        "aber",
        "dass",
        "mit",
        "von",
        "zu",
        "im",
        "in",
        "am",
        "auf",
        "für",
        "le",
        "la",
        "les",
        "un",
        "une",
        "des",
        "du",
        "de",
        "et",
        "ou",
        "que",
        "à",
        "au",
        "aux",
        "en",
        "dans",
        "pour",
        "par",
        "sur",
        "mon",
        "ma",
        "mes",
        "el",
        "los",
        "las",
        "una",
        "y",
        "o",
        "del",
        "al",
        "con",
        "por",
        "para",
        "sin",
        "mi",
        "tu",
        "su",
        "que",
        "il",
        "lo",
        "gli",
        "i",
        "e",
        "di",
        "da",
        "nel",
        "della",
        "con",
        "per",
        "os",
        "as",
        "um",
        "uma",
        "do",
        "da",
        "dos",
        "em",
        "no",
        "na",
    ]
)
"""Articles, prepositions, conjunctions and their like, in English, German, French, Spanish, Italian and Portuguese."""

_LINE_BREAK_SHARE = 0.2
_SECOND_LINE, _UNEVEN = 0.4, 0.8
"""What a second line costs where one would do, and what it costs more the less the two are of one width."""

_SHORT = 0.3
"""What a page of one line costs for being short: this, were it empty."""


@dataclass(frozen=True, slots=True)
class WordPiece:
    """A word, or a part of one that is too wide for a line.

    Attributes:
        text: What is drawn.
        start: Where its word stands in the text, in letters; `end` is exclusive.
        spaced: Whether a space parts it from the piece before.
    """

    text: str
    start: int
    end: int
    spaced: bool = True


Line = Sequence[WordPiece]


@dataclass(frozen=True, slots=True)
class _Lines:
    """The best way found to part what stands before some piece."""

    cost: float
    starts: tuple[tuple[int, ...], ...]


def break_into_pages(
    pieces: Sequence[WordPiece], width_of: Callable[[str], float], width: float, most_lines: int
) -> list[list[Line]]:
    """Part pieces into pages of up to `most_lines` lines, 1 or 2, none wider than `width`.

    A piece that alone is wider stands on a line of its own.

    Returns:
        Pages of lines of pieces, all pieces in their order; empty for no pieces.
    """
    if not pieces:
        return []
    spans = [_line_widths(pieces, start, width_of, width) for start in range(len(pieces))]
    best: list[_Lines | None] = [_Lines(0.0, ())] + [None] * len(pieces)
    for start in range(len(pieces)):
        before = best[start]
        assert before is not None  # a piece by itself is always a page
        for starts, end, cost in _pages_from(pieces, spans, start, width, most_lines):
            total = before.cost + cost
            found = best[end]
            if found is None or total < found.cost - 1e-9:
                best[end] = _Lines(total, (*before.starts, starts))
    whole = best[-1]
    assert whole is not None
    return _cut(pieces, whole.starts)


def _line_widths(
    pieces: Sequence[WordPiece], start: int, width_of: Callable[[str], float], width: float
) -> dict[int, float]:
    """Ends of lines that begin at a piece to the lines' widths; the first is there whatever its width."""
    text, widths = "", {}
    for end in range(start + 1, len(pieces) + 1):
        piece = pieces[end - 1]
        text += (" " if piece.spaced and text else "") + piece.text
        taken = width_of(text)
        if taken > width and end > start + 1:
            break
        widths[end] = taken
    return widths


def _pages_from(
    pieces: Sequence[WordPiece], spans: Sequence[dict[int, float]], start: int, width: float, most_lines: int
) -> list[tuple[tuple[int, ...], int, float]]:
    """The pages that can begin at a piece: starts of their lines, end, cost."""
    pages: list[tuple[tuple[int, ...], int, float]] = []
    for end, first in spans[start].items():
        short = _SHORT * (1 - min(first / width, 1)) ** 2
        pages.append(((start,), end, _PAGE_COST + _break_cost(pieces, end) + short))
        if most_lines < 2 or end == len(pieces):
            continue
        for last, second in spans[end].items():
            uneven = _SECOND_LINE + _UNEVEN * abs(first - second) / max(first, second)
            within = _LINE_BREAK_SHARE * _break_cost(pieces, end)
            pages.append(((start, end), last, _PAGE_COST + _break_cost(pieces, last) + within + uneven))
    return pages


def _break_cost(pieces: Sequence[WordPiece], end: int) -> float:
    """What it costs to break before the piece of this index; nothing at the end of all."""
    if end == len(pieces):
        return 0.0
    if not pieces[end].spaced:
        return 2 * _PLAIN_BREAK
    before = pieces[end - 1].text
    plain = _BOUND_BREAK if before.casefold() in _BOUND else _PLAIN_BREAK
    return next((cost for marks, cost in _BREAK_COSTS if before[-1] in marks), plain)


def _cut(pieces: Sequence[WordPiece], pages: Sequence[tuple[int, ...]]) -> list[list[Line]]:
    edges = [start for page in pages for start in page] + [len(pieces)]
    lines = iter([pieces[low:high] for low, high in pairwise(edges)])
    return [[next(lines) for _ in page] for page in pages]
