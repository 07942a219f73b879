"""A text made ready: its language, its sentences, and what they are compared by."""

from dataclasses import dataclass, field
from typing import Literal, cast

from closeup.core.errors import InputError
from closeup.text.korean import (
    Morpheme,
    has_kiwi,
    is_greeting,
    is_whole,
    split_by_rules,
    split_korean,
    telling_morphemes,
)
from closeup.text.sentences import Sentence, sentences
from closeup.text.tagging import is_opening
from closeup.text.words import content_words, scripts

Language = Literal["en", "ko"]

KOREAN_SHARE = 1 / 3
_SHORTEST = 5
"""Words that an English sentence must have to be chosen where longer ones are there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text made ready.

    Attributes:
        language: Whose rules it was read by.
        sentences: In order.
        tokens: Of each sentence, what it is compared by.
        morphemes: Of each sentence; empty lists where kiwipiepy was not used.
        notes: What was guessed or missing, a sentence each.
    """

    language: Language
    sentences: list[Sentence]
    tokens: list[list[str]]
    morphemes: list[list[Morpheme]]
    notes: tuple[str, ...] = field(default=())

    def part(self, start: int, end: int) -> "Reading":
        """The sentences from `start` to `end`, exclusive, as a reading of their own."""
        return Reading(
            self.language, self.sentences[start:end], self.tokens[start:end], self.morphemes[start:end], self.notes
        )

    def may_stand(self, place: int) -> bool:
        """Whether a sentence can speak for the text: no greeting, no fragment."""
        text = self.sentences[place].text
        if self.language == "ko":
            found = self.morphemes[place]
            return not is_greeting(text) and (is_whole(found) if found else len(text) >= 15)
        return not is_opening(text) and len(text.split()) >= _SHORTEST


def read_text(text: str, language: str = "auto") -> Reading:
    """Split a text into sentences and tokens.

    Args:
        language: "auto" looks at the letters; "en" and "ko" are taken at their word.

    Raises:
        InputError: If the text has no letters, or the language is not one that can be read.
    """
    shares = scripts(text)
    if not shares:
        raise InputError("The text has no words.", "Give a text with at least one sentence.")
    if language not in ("auto", "en", "ko"):
        raise InputError(f"There is no language {language!r} here.", "Give auto, en or ko.")
    chosen = cast(Language, language if language != "auto" else "ko" if shares["korean"] >= KOREAN_SHARE else "en")
    if chosen == "ko":
        return _korean(text)
    found = sentences(text)
    notes: tuple[str, ...] = ()
    if shares["latin"] < 0.5:
        notes = ("Most letters are of another script than English: its rules for sentences and words were used.",)
    return Reading("en", found, [content_words(each.text) for each in found], [[] for _ in found], notes)


def _korean(text: str) -> Reading:
    if has_kiwi():
        found, morphemes = split_korean(text)
        return Reading("ko", found, [telling_morphemes(each) for each in morphemes], morphemes)
    found, tokens = split_by_rules(text)
    note = "kiwipiepy is not installed: Korean was split by its marks and compared by pairs of syllables."
    return Reading("ko", found, tokens, [[] for _ in found], (note,))
