"""Best and worst moments, and what is said of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from closeup.documents.act import ActMoment
from closeup.features.act.moments import find_moments
from features.act.played import NAMES, bump, smiling


def moments(original: NDArray[np.float64], attempt: NDArray[np.float64]) -> tuple[ActMoment, ...]:
    sides = (side - np.median(side, axis=0) for side in (original, attempt))
    return find_moments(*sides, NAMES, (0.0, 1.0))


def worst(original: NDArray[np.float64], attempt: NDArray[np.float64]) -> str:
    found = next(each for each in moments(original, attempt) if each.kind == "worst")
    return found.sentence.partition(": ")[2]


SMILE = smiling(bump(12))


def test_the_same_is_best_and_nowhere_worst() -> None:
    (only,) = moments(SMILE, SMILE)
    assert (only.kind, only.expression) == ("best", "happy")
    assert only.start_s <= 12 <= only.end_s
    assert only.sentence == f"0:{round(only.start_s):02}: you smile when the original does."


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (smiling(bump(12.8)), "you smile 0.8 s late"),
        (smiling(bump(11.2)), "you smile 0.8 s early"),
        (smiling(np.maximum(bump(12.8), bump(13.8))), "you smile 0.8 s late and hold it"),
        (smiling(0.4 * bump(12)), "you smile, but less than the original"),
        (smiling(0 * bump(12)), "the original smiles, you do not"),
    ],
)
def test_what_is_wrong_is_said(attempt: NDArray[np.float64], words: str) -> None:
    assert worst(SMILE, attempt).startswith(words)


def test_another_expression_instead_is_named() -> None:
    angry = SMILE[:, [3, 1, 2, 0, 4, 5, 6]]
    assert worst(SMILE, angry) == "the original smiles, you look angry instead."


def test_a_smile_that_the_original_does_not_have() -> None:
    assert worst(smiling(0 * bump(12)), SMILE) == "you smile, and the original does not."


def test_moments_do_not_overlap_and_are_three_of_a_kind() -> None:
    levels = sum(bump(middle) for middle in (4, 8, 12, 16, 20))
    found = moments(smiling(np.minimum(levels, 1)), smiling(np.minimum(np.roll(levels, 4), 1)))
    assert sum(each.kind == "best" for each in found) <= 3
    starts = sorted(each.start_s for each in found)
    assert (np.diff(starts) >= 2).all()


def test_nothing_is_said_where_a_face_is_not_seen_or_nothing_happens() -> None:
    assert moments(smiling(0 * bump(12)), smiling(0 * bump(12))) == ()
    smile = SMILE - np.median(SMILE, axis=0)
    unseen = smile.copy()
    unseen[90:150] = np.nan
    assert find_moments(smile, unseen, NAMES, (0.0, 1.0)) == ()
    assert find_moments(SMILE[:5], SMILE[:5], NAMES, (0.0, 1.0)) == ()
