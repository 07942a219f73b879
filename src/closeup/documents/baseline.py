"""baseline.json: the people of a cast before any edit, which every replay starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from closeup.core.errors import FormatError
from closeup.core.fields import Within
from closeup.core.types import Count, PersonId, Track
from closeup.documents.edits import MAX_PERSON, person_number
from closeup.documents.form import Form, must_be

Bound = Annotated[float, Within(0)]


@dataclass(frozen=True, slots=True)
class PersonRule:
    """Who is a person at all, and who only passes by.

    A group of tracks is a person if at least one of its tracks is a founding one: `founding_faces` faces or more, of
    which one at least is `founding_size_px` wide and high and has a sharpness of `founding_sharpness`. A person passes
    by if any of the three `min_` bounds is missed; a person with a name never does.

    Attributes:
        founding_faces: Sampled faces that a founding track has.
        founding_size_px: The shorter side of a founding face's box, in pixels of the frame.
        founding_sharpness: Sharpness part of a founding face's quality, 0 to 1.
        founding_score: The detector's score for a founding face, 0 to 1: what else looks like a face scores less.
        min_screen_time_s: Seconds on screen from which on a person is listed.
        min_faces: Sampled faces from which on a person is listed.
        min_quality: Quality of the best portrait from which on a person is listed, 0 to 1.
    """

    founding_faces: Count = 2
    founding_size_px: Bound = 24.0
    founding_sharpness: Bound = 0.1
    founding_score: Bound = 0.0
    min_screen_time_s: Bound = 1.0
    min_faces: Count = 3
    min_quality: Bound = 0.2


@dataclass(frozen=True, slots=True)
class Baseline:
    """The people before any edit.

    Attributes:
        next_person: The lowest number that no person of this cast has had.
        rule: Who passes by.
        tracks: For each track of the cast the id of its person, or None.
    """

    next_person: Annotated[int, Within(1, MAX_PERSON)]
    rule: PersonRule
    tracks: dict[str, PersonId | None]

    def person_of(self, tracks: Sequence[Track]) -> list[str | None]:
        """For each track the id of its person, or None.

        Raises:
            FormatError: If these are not the tracks of the baseline.
        """
        if self.tracks.keys() != {track.id for track in tracks}:
            raise FormatError("It has other tracks than the cast.")
        return [self.tracks[track.id] for track in tracks]


def read_baseline(path: Path, tracks: Sequence[Track]) -> Baseline:
    """Read a baseline.json.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it is not the baseline of these tracks.
    """
    baseline = BASELINE_JSON.read(path)
    with BASELINE_JSON.said_of(str(path)):
        baseline.person_of(tracks)
    return baseline


def _check(baseline: Baseline) -> None:
    if any(person is not None and person_number(person) >= baseline.next_person for person in baseline.tracks.values()):
        raise must_be(("next_person",), "above the number of every person", baseline.next_person)


BASELINE_JSON = Form(
    Baseline, "baseline.json", version=1, check=_check, code="cast.damaged", hint="Make the cast anew."
)
"""The form of baseline.json."""
