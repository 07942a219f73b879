"""A sentence shortened to a headline by rules, and the guard that every headline must pass; words keep their order.

Nothing is added and no word is changed: a headline is what is left of the sentence. So its names and numbers stand in
the source.
"""

import re
from collections.abc import Collection, Sequence

from closeup.text.korean import NOUNS, Morpheme
from closeup.text.tagging import Token, tag

DROPPED = frozenset({"article", "auxiliary", "possessive"})
"""Kinds of words that headlines do without."""

NEEDS_MORE = frozenset(
    {"article", "of", "to", "preposition", "and", "that", "auxiliary", "modal", "not", "possessive", "rank"}
)
"""Kinds of words that always leave a headline hanging at its end."""

CANNOT_END = NEEDS_MORE | {"say", "adverb", "-ly", "verb", "pronoun"}
"""Those that do where the sentence goes on: verbs mostly want their object."""

CANNOT_BEGIN = frozenset({"of", "and", "that", "auxiliary", "modal", "preposition", "to", "adverb"})

FILLERS = frozenset(
    {"so", "and", "but", "now", "well", "also", "okay", "ok", "then", "because", "yeah", "um", "uh", "right", "again"}
)
"""What speakers begin with while they think."""

_CLAUSES = """
after before as while when since following amid despite although though because if in on at with during according weeks
days months years hours speaking claiming adding
"""
CLAUSE_WORDS = frozenset(_CLAUSES.split())
"""What a clause at the front of a sentence begins with."""

_DATELINE = re.compile(r"^(?:[A-Z][A-Z.,' ]{2,30}(?:\([^)]*\))?|[A-Z][\w., ]{2,30}\([^)]*\))\s*[-–—:]\s+")
_VERBS = frozenset({"auxiliary", "modal", "verb", "say", "-ed", "-s", "-ing"})
_FEWEST = 3


def compress(sentence: str, words: int = 11, *, spoken: bool = False) -> str:
    """A headline of up to `words` words; of a sentence that already is short enough, all that says something.

    Dropped are, in this order: a dateline, what stands in brackets, a clause at the front, relative and inserted
    clauses between commas, who said it at the end, days, articles, auxiliaries and possessives; then what is beyond
    the length, and what would be left hanging at the end. A `spoken` sentence that is short enough before articles
    are dropped stays as it was said, without "so" and "well" at the front: nobody speaks as headlines are written.
    """
    dateline = _DATELINE.match(sentence)
    tokens = tag(sentence[dateline.end() :] if dateline else sentence)
    if not tokens:
        return ""
    kept = _outside_brackets(tokens)
    kept = _without_leading_clause(tokens, kept)
    kept = _without_insertions(tokens, kept)
    kept = _without_source(tokens, kept)
    if spoken:
        kept = _without_fillers(tokens, kept)
        if len(kept) <= words and not hangs(tokens, kept[-1]):
            return join(tokens, kept)
    kept = _without_days(tokens, kept)
    dropped = {"article"} if spoken else DROPPED
    kept = [place for place in kept if tokens[place].kind not in dropped] or kept
    kept = without_hanging_end(tokens, _whole_head(tokens, kept, words))
    return join(tokens, kept)


def join(tokens: Sequence[Token], kept: Sequence[int]) -> str:
    """The kept words as a line; commas and quotation marks stay where both their sides do."""
    parts = []
    for order, place in enumerate(kept):
        token = tokens[place]
        follows = order + 1 < len(kept) and kept[order + 1] == place + 1
        comma = "," if follows and token.after.endswith(",") else ""
        parts.append(f"{token.text}{comma}")
    line = " ".join(parts)
    return line[:1].upper() + line[1:] if line[:1].islower() and line.split()[0].islower() else line


def hangs(tokens: Sequence[Token], place: int) -> bool:
    """Whether a headline that ends with this word breaks off."""
    goes_on = place + 1 < len(tokens) and not set(tokens[place].after) & set(",.;:!?")
    if goes_on and tokens[place].text.endswith(("'s", "\u2019s", "s'", "s\u2019")):
        return True  # a possessive needs what is possessed
    return tokens[place].kind in (CANNOT_END if goes_on else NEEDS_MORE)


def without_hanging_end(tokens: Sequence[Token], kept: Sequence[int]) -> list[int]:
    """The places without words at both ends that need others; all of them where nothing would be left."""
    left = list(kept)
    while left and hangs(tokens, left[-1]):
        left.pop()
    while left and tokens[left[0]].kind in CANNOT_BEGIN:
        left.pop(0)
    return left or list(kept)


def unfounded(words: Sequence[str], text: str) -> list[str]:
    """Names and numbers among the words of a headline, capitals and digits, that do not stand in its text."""
    there = {_bare(token.text) for token in tag(text)}
    telling = (word for word in words if any(letter.isupper() or letter.isdigit() for letter in word))
    return [word for word in telling if _bare(word) not in there]


def _bare(word: str) -> str:
    return re.sub(r"['\u2019]s?$", "", word.lower())


def _outside_brackets(tokens: Sequence[Token]) -> list[int]:
    kept, depth = [], 0
    for place, token in enumerate(tokens):
        depth += token.before.count("(")
        if depth <= 0:
            kept.append(place)
        depth -= min(token.after.count(")"), max(depth, 0))
    return kept if len(kept) >= _FEWEST else list(range(len(tokens)))


def _without_leading_clause(tokens: Sequence[Token], kept: list[int]) -> list[int]:
    """Without what stands before the first comma, where it begins as a clause does and a sentence follows."""
    first = tokens[kept[0]]
    if first.text.lower() not in CLAUSE_WORDS and first.kind != "-ing":
        return kept
    for order, place in enumerate(kept):
        if "," in tokens[place].after:
            rest = kept[order + 1 :]
            whole = len(rest) >= 2 * _FEWEST and _has(tokens, rest, _VERBS)
            return rest if whole else kept
    return kept


def _without_insertions(tokens: Sequence[Token], kept: list[int]) -> list[int]:
    """Without clauses between two commas that begin with who, which, an article or a participle."""
    result: list[int] = []
    order = 0
    while order < len(kept):
        place = kept[order]
        result.append(place)
        order += 1
        if "," not in tokens[place].after or order >= len(kept):
            continue
        opener = tokens[kept[order]]
        if opener.kind not in ("that", "article", "-ing", "preposition") and opener.text.lower() != "aged":
            continue
        close = next((at for at in range(order, len(kept)) if "," in tokens[kept[at]].after), None)
        if close is not None and len(kept) - close > _FEWEST and close - order < 16:
            order = close + 1
    return result if len(result) >= _FEWEST else kept


def _without_source(tokens: Sequence[Token], kept: list[int]) -> list[int]:
    """Without who said it behind the last comma: ", police said", ", according to the BBC"."""
    commas = [order for order, place in enumerate(kept) if "," in tokens[place].after]
    if commas:
        head, tail = kept[: commas[-1] + 1], kept[commas[-1] + 1 :]
        if len(head) >= 2 * _FEWEST and len(tail) <= 8 and _has(tokens, tail, {"say"}):
            return head
    return kept


def _without_fillers(tokens: Sequence[Token], kept: list[int]) -> list[int]:
    """Without what speakers begin with while they think."""
    first = next((order for order, place in enumerate(kept) if tokens[place].text.lower() not in FILLERS), 0)
    return kept[first:]


def _without_days(tokens: Sequence[Token], kept: list[int]) -> list[int]:
    """Without "on Wednesday", "last week" and the like."""
    result = list[int]()
    for place in kept:
        if tokens[place].kind == "day" and tokens[place].text[:1].isupper():
            if result and result[-1] == place - 1 and tokens[place - 1].text.lower() in ("on", "last", "next", "this"):
                result.pop()
            continue
        result.append(place)
    return result if len(result) >= _FEWEST else kept


def _whole_head(tokens: Sequence[Token], kept: list[int], words: int) -> list[int]:
    """The first `words` places; fewer where they would break off a phrase that just began."""
    if len(kept) <= words:
        return kept
    head = kept[:words]
    for cut in range(len(head) - 1, max(len(head) - 3, _FEWEST), -1):
        if tokens[head[cut]].kind in ("of", "preposition", "to", "and", "that"):
            return head[:cut]
    return head


def _has(tokens: Sequence[Token], places: Sequence[int], kinds: Collection[str]) -> bool:
    return any(tokens[place].kind in kinds for place in places)


# Korean: whole words in a row, the last one without its particle


def compress_korean(sentence: str, morphemes: Sequence[Morpheme], characters: int = 30) -> str:
    """A headline of up to so many characters: words in a row, ending in a noun or a final ending.

    Of all such rows the one is taken that says most by nouns and names, begins where a clause begins, and comes late
    enough to hold what is new. Without morphemes it is the longest row of whole words that fits.
    """
    spans = [found.span() for found in re.finditer(r"\S+", sentence)]
    if not morphemes:
        end = max((stop for _, stop in spans if stop <= characters), default=min(len(sentence), characters))
        return sentence[:end].rstrip(".,!?… ")
    inside = [[each for each in morphemes if start <= each[2] < stop] for start, stop in spans]
    best, found = (-1.0, 0, 0), ""
    for first in range(len(spans)):
        if not _may_begin(inside, first):
            continue
        for last in range(first, len(spans)):
            if spans[last][0] - spans[first][0] > characters:
                break
            ending = _noun_end(inside[last])
            if ending is None or ending - spans[first][0] > characters:
                continue
            row = [each for word in inside[first : last + 1] for each in word if each[2] < ending]
            value = (_worth(row, begins=first == 0 or _closes(inside[first - 1])), -first, last - first)
            if value > best:
                best, found = value, sentence[spans[first][0] : ending]
    return found


def _may_begin(inside: Sequence[Sequence[Morpheme]], first: int) -> bool:
    kinds = [kind for _, kind, _, _ in inside[first]]
    if not kinds or kinds[0] in ("MAJ", "MAG", "IC", "NNB", "NP", "VX", "VCP"):
        return False
    # What completes a modifier in front of it cannot stand alone: "열린 회의" is not "회의".
    return first == 0 or inside[first - 1][-1:] == [] or inside[first - 1][-1][1] not in ("ETM", "JKG", "MM", "XPN")


def _closes(word: Sequence[Morpheme]) -> bool:
    return bool(word) and word[-1][1] in ("EC", "EF", "SP", "SF", "JX", "JKS")


def _noun_end(word: Sequence[Morpheme]) -> int | None:
    """Where a word can end a headline: behind its nouns, if what follows is a particle or makes a verb of them."""
    kinds = [kind for _, kind, _, _ in word]
    if "EF" in kinds and kinds[0] not in ("VX", "VCP"):
        return word[kinds.index("EF")][3]
    count = 0
    while count < len(kinds) and kinds[count] in NOUNS:
        count += 1
    if not count or (kinds[0] == "NNB" and count == 1):
        return None
    following = kinds[count : count + 1]
    if following and following[0] not in ("XSV", "JKS", "JKO", "JKB", "JX", "SF", "SP", "JC", "VCP", "JKC"):
        return None
    return word[count - 1][3]


def _worth(row: Sequence[Morpheme], *, begins: bool) -> float:
    """How much a row of morphemes says."""
    weight = {"NNP": 1.6, "NNG": 1.0, "SN": 1.2, "SL": 1.0, "XR": 0.6, "VV": 0.5, "VA": 0.4}
    seen: set[str] = set()
    value = 0.0
    for form, kind, _, _ in row:
        if form not in seen:
            value += weight.get(kind, 0.0)
            seen.add(form)
    closing = row[-1][1] if row else ""
    return value + (1.5 if begins else 0.0) + (0.8 if closing in ("EF", "NNG") else 0.0)
