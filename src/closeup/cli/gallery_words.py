"""How answers of the gallery are said: the similarity, the threshold, and the false-accept rate it was read at."""

from typing import TYPE_CHECKING

from closeup.cli.output import one_line

if TYPE_CHECKING:
    from closeup.documents.gallery import FaceAnswer, Verification

MANY_STRANGERS = 0.05
"""From this share of strangers on that would be given a name, it is said."""


def similarity_words(judged: "FaceAnswer | Verification") -> str:
    """The figures behind an answer."""
    return (
        f"similarity {judged.similarity:.3f}, threshold {judged.threshold:.3f}, "
        f"which {percent(judged.far)} of pairs of strangers reach"
    )


def answer_words(answer: "FaceAnswer") -> str:
    """Who a person is, and the figures."""
    if answer.name is not None:
        return f"{one_line(answer.name)}, {similarity_words(answer)}"
    return f"unknown; most like {one_line(answer.nearest)}, {similarity_words(answer)}"


def stranger_words(answer: "FaceAnswer") -> str | None:
    """What to say where so many people are enrolled that strangers often pass for one of them."""
    if answer.stranger_rate < MANY_STRANGERS:
        return None
    return (
        f"With {answer.candidates:,} people enrolled, up to {percent(answer.stranger_rate)} of strangers would be "
        f"taken for one of them at this threshold; a smaller rate is stricter: --far {answer.far / 10:g}"
    )


def percent(share: float) -> str:
    """A share for people: 0.001 is "0.1 %"."""
    return f"{100 * share:.3g} %"
