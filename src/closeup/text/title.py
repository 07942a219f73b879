"""What a text is called: its most telling sentence, shortened by rules. It needs no model and learns nothing."""

import numpy as np

from closeup.text.compression import FILLERS, compress, compress_korean
from closeup.text.ranking import Scores, best_first, lead, textrank
from closeup.text.reading import Reading
from closeup.text.tagging import tag

WORDS = 11
CHARACTERS = 30
"""The longest Korean headline."""

_WRITTEN_LEAD, _SPOKEN_LEAD = 2.0, 0.4
"""Weight of the place against the rank: news put first what is new, speakers do not."""

_SHORT, _POINTS_BACK = 0.5, -0.4
"""For a spoken sentence that can be quoted whole, and for one that begins with "it", "they" or in the middle."""


def title_scores(reading: Reading, *, spoken: bool = False) -> Scores:
    """How well each sentence would do for a headline, (N,): its rank, its place, and whether it may stand at all."""
    ranks = textrank(reading.tokens)
    scores = ranks / max(float(ranks.max(initial=0.0)), 1e-300)
    scores += (_SPOKEN_LEAD if spoken else _WRITTEN_LEAD) * lead(len(scores))
    if spoken and reading.language == "en":
        scores += [_quotable(each.text) for each in reading.sentences]
    standing = np.array([reading.may_stand(place) for place in range(len(scores))], bool)
    return scores + 10.0 * standing


def _quotable(sentence: str) -> float:
    """How much better or worse a spoken sentence does as a title for its form, about 0."""
    tokens = tag(sentence)
    rest = [token for token in tokens if token.text.lower() not in FILLERS] or tokens
    back = bool(rest) and (rest[0].kind in ("pronoun", "to") or (rest[0] is tokens[0] and rest[0].text.islower()))
    return _SHORT * (len(tokens) <= WORDS + 2) + _POINTS_BACK * back


def title(
    reading: Reading, *, words: int = WORDS, characters: int = CHARACTERS, spoken: bool = False
) -> tuple[str, int]:
    """A headline, and the place of the sentence that it is made of.

    Args:
        words: The most, in English.
        characters: The most, in Korean.
        spoken: Whether the text was spoken: its first sentence is no better than others then, and short ones are
            quoted whole.
    """
    place = best_first(title_scores(reading, spoken=spoken))[0]
    sentence = reading.sentences[place].text
    if reading.language == "ko":
        line = compress_korean(sentence, reading.morphemes[place], characters)
        return line or sentence[:characters].rstrip(), place
    return compress(sentence, words, spoken=spoken), place
