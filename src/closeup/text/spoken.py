"""Captions as one text: what is said, in lines that end where speakers pause."""

from collections.abc import Sequence
from itertools import pairwise

PAUSE_S = 2.0
"""Silence that ends a sentence, whatever marks there are."""

_UNMARKED = 40
"""Words for each full stop from which captions count as unpunctuated: sentences end with the caption then."""

_LONG = 12
"""Words from which the next end of an unpunctuated caption ends the sentence."""


def joined(captions: Sequence[tuple[float, float, str]]) -> tuple[str, list[int]]:
    """The captions as one text, and where each begins in it; a pause begins a new line.

    Captions without full stops end their sentences themselves, once they have a dozen words.

    Args:
        captions: When each begins and ends, in seconds, and its words.
    """
    lines = [" ".join(text.split()) for _, _, text in captions]
    marks = sum(line.count(".") + line.count("?") + line.count("!") for line in lines)
    unmarked = sum(len(line.split()) for line in lines) > _UNMARKED * max(marks, 1)
    parts, starts, at, words = [lines[0]], [0], len(lines[0]), len(lines[0].split())
    for ((_, end_s, _), (start_s, _, _)), line in zip(pairwise(captions), lines[1:], strict=True):
        breaks = start_s - end_s >= PAUSE_S or (unmarked and words >= _LONG)
        words = len(line.split()) + (0 if breaks else words)
        parts += ["\n" if breaks else " ", line]
        starts.append(at + 1)
        at += 1 + len(line)
    return "".join(parts), starts
