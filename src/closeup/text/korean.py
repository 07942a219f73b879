"""Korean by the morphemes of kiwipiepy, and by stated rules where that is not installed.

Kiwi (Apache-2.0) runs on this machine alone: no Java, no download, and nothing in it that would call home.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from closeup.core.errors import DependencyError
from closeup.text.sentences import Sentence, paragraphs, sentences

Morpheme = tuple[str, str, int, int]
"""Form, tag without what follows "-", and from where to where in the sentence it stands."""

NOUNS = ("NNG", "NNP", "NNB", "NR", "SN", "SL", "SH", "XSN", "XR")
_CONTENT = ("NNG", "NNP", "SL", "SN", "VV", "VA", "XR")
_LIGHT = frozenset("하있되없것수등때중년월일말들")
"""Verbs and nouns that are everywhere."""

SHORTEST = 8
"""A sentence of fewer morphemes is a fragment."""

_GREETING = re.compile(
    r"안녕하|여러분|다음\s*소식|다음은.*(?:소식|순서)|소식입니다|뉴스(?:입니다|를 마칩|를 시작)|"
    r"기자(?:가|입니다|의 보도)|"
    r"보도합니다|보도에|전해\s*드리|전해드립|알아보겠습니다|살펴보겠습니다|감사합니다|고맙습니다|시청해|구독|인사드"
)


@cache
def _kiwi() -> Any:
    try:
        from kiwipiepy import Kiwi
    except ImportError as error:
        raise DependencyError(
            "Korean by its morphemes needs kiwipiepy, and it is not installed.",
            "Install it.",
            code="package.absent",
            extra="headline",
        ) from error
    return Kiwi(num_workers=1)


def has_kiwi() -> bool:
    """Whether kiwipiepy is installed; loads its model, which takes some seconds, when it is."""
    try:
        _kiwi()
    except DependencyError:
        return False
    return True


def split_korean(text: str) -> tuple[list[Sentence], list[list[Morpheme]]]:
    """The sentences of a text, verbatim with their places, and the morphemes of each.

    Raises:
        DependencyError: If kiwipiepy is not installed.
    """
    found: list[Sentence] = []
    morphemes: list[list[Morpheme]] = []
    for start, end in paragraphs(text):
        split = _kiwi().split_into_sents(text[start:end], return_tokens=True)
        for place, each in enumerate(split):
            begin, stop = start + each.start, start + each.end
            if stop <= begin:
                continue
            found.append(Sentence(text[begin:stop], begin, stop, place == 0))
            morphemes.append(_morphemes(each.tokens, each.start))
    return found, morphemes


def _morphemes(tokens: Sequence[Any], start: int) -> list[Morpheme]:
    return [
        (each.form, each.tag.partition("-")[0], each.start - start, each.start - start + each.len) for each in tokens
    ]


def morphemes_of(text: str) -> list[Morpheme]:
    """The morphemes of a text.

    Raises:
        DependencyError: If kiwipiepy is not installed.
    """
    return _morphemes(_kiwi().tokenize(text), 0)


def content_morphemes(morphemes: Sequence[Morpheme]) -> list[str]:
    """The forms of nouns, names, numbers, foreign words, verbs and adjectives: what Korean ROUGE is counted by."""
    return [form.lower() for form, kind, _, _ in morphemes if kind in _CONTENT]


def telling_morphemes(morphemes: Sequence[Morpheme]) -> list[str]:
    """Those of `content_morphemes` that sentences are compared by: no digits, nothing that is everywhere."""
    return [form.lower() for form, kind, _, _ in morphemes if kind in _CONTENT and kind != "SN" and form not in _LIGHT]


def split_by_rules(text: str) -> tuple[list[Sentence], list[list[str]]]:
    """Sentences by their marks, and of each the pairs of neighbouring syllables, where there is no kiwipiepy."""
    found = sentences(text)
    return found, [syllable_pairs(each.text) for each in found]


def syllable_pairs(text: str) -> list[str]:
    """Neighbouring letters inside the words of a text."""
    return [word[at : at + 2] for word in re.findall(r"[^\W_]+", text.lower()) for at in range(len(word) - 1)]


def is_greeting(text: str) -> bool:
    """Whether a sentence greets, thanks, or leads over to a reporter, and says nothing itself."""
    return bool(_GREETING.search(text))


def is_whole(morphemes: Sequence[Morpheme]) -> bool:
    """Whether a sentence is long enough and ends on a final ending."""
    kinds = [kind for _, kind, _, _ in morphemes]
    said = [kind for kind in kinds if not kind.startswith("S") or kind in ("SN", "SL", "SH")]
    return len(said) >= SHORTEST and "EF" in said[-2:]
