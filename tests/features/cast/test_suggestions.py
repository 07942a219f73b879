"""Who may be one person after all: near the limit, never against what is known."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.documents.suggestions import SUGGESTION, Suggestion
from closeup.features.cast import operations as say
from closeup.features.cast.folder import CastFolder, write_cast_folder
from closeup.features.cast.operations import Change
from closeup.features.cast.suggestions import suggest
from closeup.weights.cards import card
from features.cast.fake_cast import LABELS, fake_result

LIMITS = {name: each.value for name, each in card("sface-2021dec").thresholds.items()}
LIMIT, ASK = LIMITS["face_hard"], LIMITS["ask"]


def folder(place: Path, distance_to_p1: Mapping[int, float], worth: float = 12.0, worn: float | None = 0.3) -> Path:
    """The made-up cast with people 1, 2, 3 at given distances from person 0, and clothing of C `worn` from A's."""
    result = fake_result()
    own = np.eye(16)
    for label, distance in distance_to_p1.items():
        own[label] = (1 - distance) * np.eye(16)[0] + np.sqrt(1 - (1 - distance) ** 2) * np.eye(16)[label]
    face = own[[label if label >= 0 else 9 for label in LABELS]].astype(np.float32)
    clothing = np.full((8, 2), np.nan, np.float32)
    if worn is not None:
        clothing[:] = [1, 0]
        clothing[4] = [1 - worn, np.sqrt(1 - (1 - worn) ** 2)]
    vectors = replace(result.vectors, face=face, clothing=clothing, face_worth=np.full(8, worth, np.float32))
    write_cast_folder(place / "talk.cast", replace(result, vectors=vectors), overwrite=False)
    return place / "talk.cast"


def asked(place: Path) -> list[tuple[str, str]]:
    return [suggestion.people for suggestion in CastFolder(place).suggestions()]


def do(place: Path, wish: Any, *args: Any) -> Change:
    return CastFolder(place).edit(lambda scene: wish(scene, *args))


def test_pairs_near_the_limit_are_asked_about_likeliest_first(tmp_path: Path) -> None:
    place = folder(tmp_path, {1: 0.3, 2: LIMIT + 0.05, 3: LIMIT + 0.02})
    assert asked(place) == [("p1", "p4"), ("p1", "p3")]  # p2 is beside p1 in one picture, however alike
    assert asked(folder(tmp_path / "far", {2: ASK + 0.01, 3: 0.9})) == []


def test_the_reasons_are_words_and_numbers(tmp_path: Path) -> None:
    other, near = CastFolder(folder(tmp_path, {2: LIMIT + 0.03, 3: LIMIT + 0.05})).suggestions()
    assert near == Suggestion(
        people=("p1", "p3"),
        face=pytest.approx(LIMIT + 0.03, abs=1e-3),  # type: ignore[arg-type]
        face_limit=LIMIT,
        clothing=0.3,
        probability=0.488,
        gap_s=0.2,
        same_shot=False,
        why=(
            f"Their faces are {LIMIT + 0.03:.3f} apart; up to {LIMIT:g} makes one person, more than {ASK:g} two.",
            "They are never in one shot; nearest in shots 2 and 3, 0.2 s apart.",
            "Seen 0.2 s apart they wear something else: 0.30 apart, and up to 0.05 is alike.",
        ),
    )
    assert SUGGESTION.from_data(SUGGESTION.to_data(near)) == near
    assert (other.same_shot, other.clothing) == (True, 0.0)
    assert other.why[1:] == (
        "Both are in shot 4, never in one picture.",
        "Seen 0.2 s apart they wear much the same: 0.00 apart, and up to 0.05 is alike.",
    )


def test_unseen_clothing_says_nothing(tmp_path: Path) -> None:
    (found,) = CastFolder(folder(tmp_path, {2: LIMIT + 0.03}, worn=None)).suggestions()
    assert found.clothing is None
    assert len(found.why) == 2


@pytest.mark.parametrize(
    ("worth", "why", "probability"),
    [(12.0, "someone beside one of them", 0.5), (5.0, "never shows enough of a face", 0.9)],
)
def test_why_those_within_the_limit_are_two(tmp_path: Path, worth: float, why: str, probability: float) -> None:
    """Of twins it is one or the other at best."""
    (found,) = CastFolder(folder(tmp_path, {2: LIMIT - 0.1}, worth, worn=None)).suggestions()
    assert why in found.why[0]
    assert found.probability == pytest.approx(probability, abs=0.01)


def test_an_answer_is_an_edit_and_the_question_goes(tmp_path: Path) -> None:
    place = folder(tmp_path, {2: LIMIT + 0.02, 3: LIMIT + 0.03})
    do(place, say.tell_apart, "p3", "p1")
    assert asked(place) == [("p1", "p4")]
    do(place, say.merge_people, ["p1", "p4"])
    assert asked(place) == []
    do(place, say.undo)
    do(place, say.undo)
    assert asked(place) == [("p1", "p4"), ("p1", "p3")]


def test_split_off_tracks_hidden_people_and_other_names_are_not_asked_about(tmp_path: Path) -> None:
    place = folder(tmp_path, {2: LIMIT + 0.02})
    do(place, say.split_person, "p1", ["t1"])
    assert sorted(asked(place)) == [("p1", "p3"), ("p5", "p3")]
    do(place, say.undo)
    do(place, say.name_person, "p1", "Ada")
    assert asked(place) == [("p1", "p3")]
    do(place, say.name_person, "p3", "Ben")
    assert asked(place) == []
    do(place, say.name_person, "p3", "")
    do(place, say.hide_person, "p3")
    assert asked(place) == []


def test_two_who_only_pass_by_are_not_asked_about(tmp_path: Path) -> None:
    place = folder(tmp_path, {2: LIMIT + 0.02})
    cast = CastFolder(place).cast()
    passing = replace(cast, people=(), passers_by=(*cast.people, *cast.passers_by))
    kept = CastFolder(place)
    assert suggest(passing, kept.vectors(cast), kept.baseline(cast), kept.edits()) == ()


def test_casts_of_older_closeups_say_that_it_cannot_be_said(tmp_path: Path) -> None:
    kept = CastFolder(folder(tmp_path, {2: LIMIT + 0.02}))
    cast = kept.cast()
    unknown = replace(kept.vectors(cast), face_worth=np.full(8, np.nan, np.float32))
    other = replace(kept.vectors(cast), embedder="dlib-resnet-128")
    for vectors in (unknown, other):
        with pytest.raises(InputError, match="older closeup"):
            suggest(cast, vectors, kept.baseline(cast), kept.edits())


def test_the_probability_is_even_at_the_cards_even_distance_and_clothing_moves_it(tmp_path: Path) -> None:
    def chance(place: str, distance: float, worn: float | None) -> float:
        (found,) = CastFolder(folder(tmp_path / place, {2: distance}, worn=worn)).suggestions()
        return found.probability

    assert chance("even", LIMITS["even"], None) == pytest.approx(0.5, abs=0.01)
    assert chance("nearer", LIMITS["even"] - LIMITS["even_width"], None) == pytest.approx(
        1 / (1 + np.exp(-1)), abs=0.01
    )
    assert chance("alike", LIMITS["even"], 0.01) == pytest.approx(1 / (1 + np.exp(-3)), abs=0.01)
    assert chance("unlike", LIMITS["even"], 0.4) == pytest.approx(1 / (1 + np.exp(0.7)), abs=0.01)
    assert chance("limit", LIMIT + 1e-4, None) == pytest.approx(0.9, abs=0.01)


def test_the_likeliest_is_asked_about_first(tmp_path: Path) -> None:
    """p4 wears what p1 wears, and is farther by face than p3, who does not."""
    assert asked(folder(tmp_path, {2: LIMIT + 0.03, 3: LIMIT + 0.05}, worn=0.3)) == [("p1", "p4"), ("p1", "p3")]
    assert asked(folder(tmp_path / "bare", {2: LIMIT + 0.03, 3: LIMIT + 0.05}, worn=None)) == [
        ("p1", "p3"),
        ("p1", "p4"),
    ]
