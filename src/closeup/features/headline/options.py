"""What a headline can be asked for."""

from dataclasses import dataclass
from typing import Annotated, Literal

from closeup.core.fields import Within
from closeup.text.title import CHARACTERS, WORDS


@dataclass(frozen=True, slots=True)
class HeadlineOptions:
    """What to make of a text.

    Attributes:
        sentences: Of the summary, verbatim and in the text's order.
        words: The most that an English headline has.
        characters: The most that a Korean headline has.
        lang: Language of the text; auto looks at its letters.
        ranking: What sentences are chosen by: textrank, lexrank, lead (their place), or mmr (textrank against repeats).
        write: Let the model write headlines freely, where it has learnt to; each is checked against the text.
    """

    sentences: Annotated[int, Within(1, 1000)] = 3
    words: Annotated[int, Within(3, 40)] = WORDS
    characters: Annotated[int, Within(8, 120)] = CHARACTERS
    lang: Literal["auto", "en", "ko"] = "auto"
    ranking: Literal["textrank", "lexrank", "lead", "mmr"] = "textrank"
    write: bool = False
