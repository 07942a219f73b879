"""The stems of English words, by Porter's algorithm with the changes of NLTK, which ROUGE is counted with.

M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980); the changes are those of NLTK's PorterStemmer in
its default mode, since rouge-score uses that.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

_IRREGULAR = {"skies": "sky", "dying": "die", "lying": "lie", "tying": "tie"} | {
    word: word.removesuffix("s") if word.endswith("ings") else word
    for word in ("sky", "news", "inning", "innings", "outing", "outings", "canning", "cannings", "howe", "proceed")
}
_IRREGULAR |= {"exceed": "exceed", "succeed": "succeed"}

_STEP_2 = (
    *(("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble")),
    *(("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate")),
    *(("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al")),
    *(("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful")),
)
_STEP_3 = (("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""))
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate"),
    *("iti", "ous", "ive", "ize"),
)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a word in small letters a to z; others are left as they are."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    for step in (_plural, _past, _final_y, _suffixes, _shorter_suffixes, _last_suffixes, _final_e):
        word = step(word)
    return word


def _consonants(word: str) -> list[bool]:
    """Whether each letter is a consonant; y is one at the front, and behind a vowel."""
    flags: list[bool] = []
    for letter in word:
        flags.append((not flags or not flags[-1]) if letter == "y" else letter not in "aeiou")
    return flags


def _measure(word: str) -> int:
    """How often a vowel is followed by a consonant."""
    return "".join("c" if flag else "v" for flag in _consonants(word)).count("vc")


def _doubled(word: str) -> bool:
    return len(word) >= 2 and word[-1] == word[-2] and _consonants(word)[-1]


def _short(word: str) -> bool:
    """Whether it ends on consonant, vowel, consonant, the last not w, x or y; of two letters, vowel and consonant."""
    flags = _consonants(word)
    if len(word) == 2:
        return flags == [False, True]
    return flags[-3:] == [True, False, True] and word[-1] not in "wxy"


def _first(word: str, rules: Sequence[tuple[str, str]], condition: Callable[[str], bool]) -> str:
    """The word after the first rule whose suffix it has; unchanged where the condition does not hold for its stem."""
    for suffix, new in rules:
        if word.endswith(suffix):
            bare = word[: len(word) - len(suffix)]
            return bare + new if condition(bare) else word
    return word


def _plural(word: str) -> str:
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    return _first(word, (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")), lambda _: True)


def _past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        bare = word[: len(word) - len(suffix)]
        if word.endswith(suffix) and not all(_consonants(bare)):
            return _mended(bare)
    return word


def _mended(bare: str) -> str:
    """What is left after -ed or -ing, spelt as a word again: hop of hopp, file of fil."""
    if bare.endswith(("at", "bl", "iz")):
        return f"{bare}e"
    if _doubled(bare):
        return bare if bare[-1] in "lsz" else bare[:-1]
    return f"{bare}e" if _measure(bare) == 1 and _short(bare) else bare


def _final_y(word: str) -> str:
    return _first(word, (("y", "i"),), lambda bare: len(bare) > 1 and _consonants(bare)[-1])


def _suffixes(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _suffixes(word[:-2])
    if word.endswith("logi"):  # the measure counts the l
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _first(word, _STEP_2, lambda bare: _measure(bare) > 0)


def _shorter_suffixes(word: str) -> str:
    return _first(word, _STEP_3, lambda bare: _measure(bare) > 0)


def _last_suffixes(word: str) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            bare = word[: len(word) - len(suffix)]
            kept = _measure(bare) <= 1 or (suffix == "ion" and bare[-1:] not in ("s", "t"))
            return word if kept else bare
    return word


def _final_e(word: str) -> str:
    if word.endswith("e"):
        bare = word[:-1]
        if _measure(bare) > 1 or (_measure(bare) == 1 and not _short(bare)):
            word = bare
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        return word[:-1]
    return word
