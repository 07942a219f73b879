"""headline.json: the answer of `headline`, stories with a headline and the sentences that sum them up."""

from dataclasses import dataclass
from typing import Annotated

from closeup.core.fields import AtLeast, OneOf
from closeup.core.types import Count, Seconds
from closeup.documents.form import Form

Way = Annotated[str, OneOf(("rules", "taught", "written"))]


@dataclass(frozen=True, slots=True)
class QuotedSentence:
    """A sentence of the summary.

    Attributes:
        text: Verbatim.
        place: Which sentence of the text it is, from 0.
        start_s: When it begins to be spoken, seconds; None for a text without times. `end_s` is exclusive.
    """

    text: str
    place: Count
    start_s: Seconds | None = None
    end_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One story: all of a text, or a stretch of a broadcast.

    Attributes:
        headline: Words of one sentence of the story, in their order, unless it is "written".
        way: How the sentence was shortened: by rules, or by a taught model; "written" is one that a network wrote, and
            whose names and numbers all stand in the story.
        source: Which sentence of the text it was made of, from 0; of a written one, which tells most.
        summary: The chosen sentences, in order.
        start_s: When the story begins, seconds; None for a text without times. `end_s` is exclusive.
    """

    headline: str
    way: Way
    source: Count
    summary: Annotated[tuple[QuotedSentence, ...], AtLeast(1)]
    start_s: Seconds | None = None
    end_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class HeadlineAnswer:
    """What a text is called, and what it says in short.

    Attributes:
        source: Path of the file, or "-".
        language: Whose rules it was read by.
        sentences: How many the text has.
        stories: In order.
        model: Folder of the model, or "builtin".
        notes: What was guessed, left out or found odd, a sentence each.
    """

    source: str
    language: Annotated[str, OneOf(("en", "ko"))]
    sentences: Count
    stories: Annotated[tuple[Story, ...], AtLeast(1)]
    model: str = "builtin"
    notes: tuple[str, ...] = ()


ANSWER_FILE = "headline.json"
HEADLINE_JSON = Form(HeadlineAnswer, ANSWER_FILE, version=1)
"""The form of `headline FILE --json`."""
