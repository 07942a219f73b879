"""What a text is called: its most telling sentence, shortened by rules. It needs no model and learns nothing."""

import numpy as np

from closeup.text.compression import compress, compress_korean
from closeup.text.ranking import Scores, best_first, lead, textrank
from closeup.text.reading import Reading

WORDS = 11
CHARACTERS = 30
"""The longest Korean headline."""

_WRITTEN_LEAD, _SPOKEN_LEAD = 2.0, 0.4
"""Weight of the place against the rank: news put first what is new, speakers do not."""


def title_scores(reading: Reading, *, spoken: bool = False) -> Scores:
    """How well each sentence would do for a headline, (N,): its rank, its place, and whether it may stand at all."""
    ranks = textrank(reading.tokens)
    scores = ranks / max(float(ranks.max(initial=0.0)), 1e-300)
    scores += (_SPOKEN_LEAD if spoken else _WRITTEN_LEAD) * lead(len(scores))
    standing = np.array([reading.may_stand(place) for place in range(len(scores))], bool)
    return scores + 10.0 * standing


def title(
    reading: Reading, *, words: int = WORDS, characters: int = CHARACTERS, spoken: bool = False
) -> tuple[str, int]:
    """A headline, and the place of the sentence that it is made of.

    Args:
        words: The most, in English.
        characters: The most, in Korean.
        spoken: Whether the text was spoken, so that its first sentence is no better than others.
    """
    place = best_first(title_scores(reading, spoken=spoken))[0]
    return shortened(reading, place, words=words, characters=characters), place


def shortened(reading: Reading, place: int, *, words: int = WORDS, characters: int = CHARACTERS) -> str:
    """One sentence of a reading as a headline."""
    sentence = reading.sentences[place].text
    if reading.language == "ko":
        return compress_korean(sentence, reading.morphemes[place], characters) or sentence[:characters].rstrip()
    return compress(sentence, words)
