"""Text to sentences, each verbatim and with its place, by stated rules that need no model.

A sentence ends at the end of a paragraph, and behind `.`, `!`, `?` or their like with what closes behind them, where
a capital, a digit, a currency sign, an opening mark or a script without capitals goes on, unless the word before the
point is a known abbreviation or an initial.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_END = re.compile(r"([.!?…]+[\"'”’»)\]]*|[。！？]+[”’」』）]*)(\s*)")
_PARAGRAPH = re.compile(r"\s*\n\s*")
_OPENING = "\"'“‘«([「『¿¡#@$£€₹₩¥-–—•"
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Sir|Rev|Hon|Gen|Col|Maj|Capt|Lt|Sgt|Cpl|Gov|"
    r"Sen|Rep|Pres|St|Sr|Jr|Messrs|Mt|Ft|vs|v|No|Nos|no|Rs|Re|approx|est|Fig|fig|al|cf|e\.g|i\.e|Jan|Feb|Mar|Apr|Jun|"
    r"Jul|Aug|Sept|Sep|Oct|Nov|Dec|Vol|vol|pp|p|c|ca|Ave|Blvd|Rd)$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text.

    Attributes:
        text: Verbatim, without the space around it; never empty.
        start: Where it begins in the text, in letters; `end` is exclusive.
        first: Whether a paragraph begins with it.
    """

    text: str
    start: int
    end: int
    first: bool = False


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text in order: `text[each.start:each.end] == each.text`."""
    return [each for start, end in paragraphs(text) for each in _of_paragraph(text, start, end)]


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Where each line that is not empty begins and ends, without the space around it."""
    start = len(text) - len(text.lstrip())
    for between in _PARAGRAPH.finditer(text, start):
        if between.start() > start:
            yield start, between.start()
        start = between.end()
    end = len(text.rstrip())
    if end > start:
        yield start, end


def _of_paragraph(text: str, start: int, end: int) -> Iterator[Sentence]:
    first = True
    for mark in _END.finditer(text, start, end):
        if mark.end() >= end or not _ends(text, start, mark):
            continue
        yield Sentence(text[start : mark.end(1)], start, mark.end(1), first)
        start, first = mark.end(), False
    yield Sentence(text[start:end], start, end, first)


def _ends(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether a sentence ends with the mark."""
    if mark[1][0] in "。！？":
        return True
    if not mark[2]:
        return False
    following = text[mark.end()]
    if following.islower() or not (following.isalnum() or following in _OPENING):
        return False
    # The longest abbreviation is far below twenty letters.
    before = text[max(start, mark.start() - 20) : mark.start()]
    return mark[1] != "." or not _ABBREVIATION.search(before)
