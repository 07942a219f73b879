"""What the camera shows with one person in focus: what changes, what does not, and what is said of it."""

import cv2
import numpy as np
import pytest

from closeup.features.shorts import focus
from closeup.features.shorts.focus import PersonFocus
from closeup.features.shorts.framing import FramedPiece
from closeup.media.video import open_video
from features.shorts.framed_cast import Seen, at, framed_cast, piece
from filmed import write_film

SIZE = (320, 180)
FACE = Seen("p1", 0, 10, at(160, 70), (40.0, 50.0))
CROP = np.array([110.0, 0.0, 211.5, 180.0])
"""Upright, around the face; it begins and ends within pixels."""


class Oval:
    """A network that sees a person in the middle of whatever it is shown, and where the film has its face."""

    def alpha(self, rgb):
        height, width = rgb.shape[:2]
        mask = np.zeros((height, width), np.float32)
        cv2.ellipse(mask, (width // 2, height // 2), (width // 5, height // 2), 0, 0, 360, 1.0, -1)
        return cv2.GaussianBlur(mask, (0, 0), 1)


@pytest.fixture(autouse=True)
def network(monkeypatch):
    monkeypatch.setattr(focus, "PersonMatte", Oval)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    rng = np.random.default_rng(3)
    pictures = [cv2.resize(rng.integers(30, 226, (45, 80, 3), np.uint8), SIZE, interpolation=cv2.INTER_NEAREST)] * 20
    return write_film(tmp_path_factory.mktemp("film") / "a.mp4", pictures)


def frames(film, start, end):
    with open_video(film) as reader:
        return [frame for frame in reader if start <= frame.index < end]


def framed(start, end, *, layout="follow", panels=1):
    return FramedPiece(piece(start, end), (np.tile(CROP, (end - start, 1)),) * panels, layout)


def edges(plane):
    """How much of fine detail there is."""
    return float(np.abs(np.diff(plane.astype(np.int32), axis=1)).mean())


def test_all_but_the_person_is_out_of_focus_in_what_is_seen(film):
    cast = framed_cast([10, 10], [FACE], SIZE)
    shown = frames(film, 2, 6)
    own = PersonFocus(cast, cast.people[0])
    made = list(own.planes(shown, [framed(2, 6)]))
    assert len(made) == 4
    assert own.notes == ()
    before, after = shown[0].planes(), made[0]
    assert np.array_equal(after.y[:, :110], before.y[:, :110])
    assert np.array_equal(after.y[:, 212:], before.y[:, 212:])
    assert np.array_equal(after.y[60:120, 152:168], before.y[60:120, 152:168])
    assert np.array_equal(after.u[30:60, 76:84], before.u[30:60, 76:84])
    assert edges(after.y[:, 112:122]) < 0.6 * edges(before.y[:, 112:122])


def test_frames_without_the_person_stay_and_are_counted(film):
    cast = framed_cast([10, 10], [FACE], SIZE)
    shown = frames(film, 8, 13)
    own = PersonFocus(cast, cast.people[0])
    made = list(own.planes(shown, [framed(8, 13)]))
    assert not np.array_equal(made[0].y, shown[0].planes().y)
    assert all(np.array_equal(a.y, b.planes().y) for a, b in zip(made[2:], shown[2:], strict=True))
    assert own.notes == ("3 of 5 pictures stay sharp all over: the face of the person is not seen in their shot.",)


def test_of_two_the_other_is_out_of_focus(film):
    beside = Seen("p2", 0, 10, at(149, 70), (20.0, 30.0))
    cast = framed_cast([10, 10], [Seen("p1", 0, 10, at(173, 70), (20.0, 30.0)), beside], SIZE)
    (made,) = PersonFocus(cast, cast.people[0]).planes(frames(film, 0, 1), [framed(0, 10)])
    (before,) = (frame.planes() for frame in frames(film, 0, 1))
    rows = slice(80, 110)
    assert np.array_equal(made.y[rows, 168:176], before.y[rows, 168:176])
    assert edges(made.y[rows, 142:152]) < 0.6 * edges(before.y[rows, 142:152])


def test_in_split_pictures_both_stay(film):
    cast = framed_cast([10, 10], [Seen("p1", 0, 10, at(190, 70), (40.0, 50.0))], SIZE)
    (made,) = PersonFocus(cast, cast.people[0]).planes(frames(film, 0, 1), [framed(0, 10, layout="split", panels=2)])
    (before,) = (frame.planes() for frame in frames(film, 0, 1))
    assert np.array_equal(made.y[80:110, 148:174], before.y[80:110, 148:174])
