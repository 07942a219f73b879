"""The answer to "who may be one person after all?": one suggestion for each pair that is in doubt."""

from dataclasses import dataclass
from typing import Annotated

from closeup.core.fields import Rounded, Within
from closeup.core.types import PersonId, Score, Seconds
from closeup.documents.form import Form

Distance = Annotated[float, Within(0, 2), Rounded(3)]
"""A cosine distance."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two people of a cast who may be one.

    Attributes:
        people: Their ids, whoever is listed first first.
        face: Between their mean faces.
        face_limit: Up to this they would have been one person, had nothing else spoken against it.
        clothing: Between what they wear where they are seen nearest to each other in time; None where that says
            nothing: too far apart, or no clothes to be seen.
        probability: That they are one person, by their faces and, where it says something, their clothing.
        gap_s: Seconds between their nearest appearances; 0 where these overlap.
        same_shot: They are in one shot at least, though never in one picture.
        why: The same in sentences, for people.
    """

    people: tuple[PersonId, PersonId]
    face: Distance
    face_limit: Distance
    clothing: Distance | None
    probability: Score
    gap_s: Seconds
    same_shot: bool
    why: tuple[str, ...]


SUGGESTION = Form(Suggestion, "suggestion")
"""The form of one suggestion in the answer of `closeup people DIR suggest`."""
