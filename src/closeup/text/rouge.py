"""ROUGE: how many words, pairs of words and words in order a text shares with a reference.

C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. The figures equal those of rouge-score 0.1.2
with its stemmer: words are runs of a-z and 0-9 in small letters, those of more than three letters by their stems. Of
other scripts that leaves nothing but digits, so Korean is counted by its morphemes (`korean.content_morphemes`).
"""

import re
from collections import Counter
from collections.abc import Sequence

from closeup.text.porter import stem

NAMES = ("rouge1", "rouge2", "rougeL")

_WORD = re.compile("[a-z0-9]+")


def rouge_tokens(text: str) -> list[str]:
    """The words of an English text as ROUGE counts them."""
    return [stem(word) if len(word) > 3 else word for word in _WORD.findall(text.lower())]


def rouge(reference: Sequence[str], found: Sequence[str]) -> dict[str, float]:
    """F1 of words, pairs and longest common subsequence, each from 0 to 1, by the names of `NAMES`."""
    scores = {}
    for name, length in (("rouge1", 1), ("rouge2", 2)):
        wanted, given = _runs(reference, length), _runs(found, length)
        scores[name] = _f1((wanted & given).total(), wanted.total(), given.total())
    return scores | {"rougeL": _f1(common_subsequence(reference, found), len(reference), len(found))}


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, bit-parallel.

    H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    every = (1 << len(one)) - 1
    row = every
    for word in other:
        matched = row & places.get(word, 0)
        row = (row + matched | row - matched) & every
    return len(one) - row.bit_count()


def _runs(words: Sequence[str], length: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + length]) for start in range(len(words) - length + 1))


def _f1(shared: int, wanted: int, given: int) -> float:
    precision, recall = shared / max(given, 1), shared / max(wanted, 1)
    return 2 * precision * recall / (precision + recall) if shared else 0.0
