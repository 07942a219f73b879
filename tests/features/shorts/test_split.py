"""pair_of: who is shown beside the chosen person, and when."""

import numpy as np
import pytest

from closeup.algorithms.reframing.composition import Frame
from closeup.features.shorts.split import Pair, follow_both, pair_of
from features.shorts.framed_cast import Seen, at, framed_cast, times, walk

UPRIGHT = Frame((0.0, 0.0, 640.0, 360.0), 9 / 16, 432.0)
CHOSEN = Seen("p1", 0, 100, at(120))


def _pair(*seen: Seen, end: int = 100) -> Pair | None:
    return pair_of(framed_cast([100], seen), "p1", 0, (np.arange(end), times(0, end)), UPRIGHT)


def _middle(subject) -> float:
    return float(subject.boxes_xyxy[subject.weight > 0][:, [0, 2]].mean())


def test_two_who_are_far_apart_are_a_pair():
    pair = _pair(CHOSEN, Seen("p2", 0, 100, at(500)))
    assert pair is not None
    assert (_middle(pair.chosen), _middle(pair.other)) == pytest.approx((120, 500))


def test_of_several_the_largest_is_the_other():
    pair = _pair(CHOSEN, Seen("p2", 0, 100, at(350), (40, 50)), Seen(None, 0, 100, at(560), (70, 90)))
    assert pair is not None
    assert _middle(pair.other) == pytest.approx(560)


@pytest.mark.parametrize(
    "other",
    [
        Seen("p2", 0, 100, at(220)),  # one picture holds both
        Seen("p2", 0, 50, at(500)),  # there for half of the time
        Seen("p2", 0, 100, at(500), (12, 16)),  # far behind
        Seen("p1", 0, 100, at(500)),  # the same person, in a mirror
    ],
    ids=["near", "brief", "small", "mirror"],
)
def test_one_picture_does(other):
    assert _pair(CHOSEN, other) is None


def test_alone_there_is_no_pair():
    assert _pair(CHOSEN) is None


def test_a_flicker_is_not_split():
    assert _pair(CHOSEN, Seen("p2", 0, 100, at(500)), end=30) is None


def test_a_face_that_crosses_the_middle_is_not_cut():
    pair = _pair(Seen("p1", 0, 100, walk(120, 330, 3)), Seen("p2", 0, 100, at(560)))
    assert pair is not None
    upper, lower = follow_both(times(0, 100), pair, UPRIGHT, (1080, 960))
    faces = pair.chosen.boxes_xyxy
    assert (upper[:, 0] <= faces[:, 0] + 2).all()
    assert (faces[:, 2] <= upper[:, 2] + 2).all()
    assert lower[:, 2].max() <= 640 + 1e-6


def test_close_ups_fill_their_panels_without_leaving_the_picture():
    big = (190.0, 300.0)
    pair = _pair(Seen("p1", 0, 100, at(480, 200), big), Seen("p2", 0, 100, at(150, 200), big))
    assert pair is not None
    for crops in follow_both(times(0, 100), pair, UPRIGHT, (1080, 960)):
        assert crops[:, :2].min() >= -1e-6
        assert (crops[:, 2:] <= np.array([640, 360]) + 1e-6).all()
