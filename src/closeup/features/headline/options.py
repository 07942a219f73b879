"""What a headline can be asked for."""

from dataclasses import dataclass
from typing import Annotated, Literal

from closeup.core.fields import Within
from closeup.text.title import CHARACTERS, WORDS

Of = Literal["auto", "headline", "summary"]

SHARE = 0.438
"""Words of a summary as a share of the text's, as in the public BBC summaries."""


@dataclass(frozen=True, slots=True)
class HeadlineOptions:
    """What to make of a text.

    Attributes:
        sentences: Of the summary, verbatim and in the text's order.
        words: The most that an English headline has.
        characters: The most that a Korean headline has.
        lang: Language of the text; auto looks at its letters.
        ranking: What sentences are chosen by: taught (the model, textrank where it has not learnt that), textrank,
            lexrank, lead (their place), or mmr (textrank against repeats).
        abstractive: Let the model's network write English headlines freely; where a name or a number of them does not
            stand in the text, the shortened sentence is taken, and that is said.
    """

    sentences: Annotated[int, Within(1, 1000)] = 3
    words: Annotated[int, Within(3, 40)] = WORDS
    characters: Annotated[int, Within(8, 120)] = CHARACTERS
    lang: Literal["auto", "en", "ko"] = "auto"
    ranking: Literal["taught", "textrank", "lexrank", "lead", "mmr"] = "taught"
    abstractive: bool = False
