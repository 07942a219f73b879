"""Posters: the person's best face within the short, as the camera shows it."""

from dataclasses import replace

import numpy as np
import pytest

from closeup.core.types import Cast, Face, Quality
from closeup.features.shorts.finished import make_posters, poster_frame, scaled, time_in_short
from closeup.features.shorts.framing import FramedPiece
from closeup.media.frame_times import read_frame_times
from closeup.media.image import decode_jpeg
from filmed import write_film

from .finished_shorts import make_handover, piece
from .planned_cast import FPS, planned_cast


def face(frame: int, quality: float | None, score: float = 0.9) -> Face:
    judged = None if quality is None else Quality(quality, 1, 1, 1, 1, 1)
    box, points = np.array([10, 10, 50, 60], np.float32), np.full((5, 2), 30, np.float32)
    return Face(frame, frame / FPS, box, points, score, judged)


def cast_with(own: list[Face], others: list[Face]) -> Cast:
    cast = planned_cast([400], {"p1": [(0, 400)], "p2": [(0, 400)]})
    tracks = (replace(cast.tracks[0], faces=tuple(own)), replace(cast.tracks[1], faces=tuple(others)))
    return replace(cast, tracks=tracks)


def test_the_best_face_of_the_person_inside_the_pieces():
    cast = cast_with([face(10, 0.9), face(60, 0.5), face(150, 0.7), face(155, 0.7), face(190, 0.99)], [face(70, 1.0)])
    assert poster_frame(cast, "p1", [piece(20, 80), piece(120, 190)]) == 150
    assert poster_frame(cast, "p1", [piece(20, 80)]) == 60


def test_without_a_face_the_middle_of_the_longest_piece():
    cast = cast_with([face(10, 0.9)], [face(70, 1.0)])
    assert poster_frame(cast, "p1", [piece(20, 80), piece(120, 190)]) == 155


def test_faces_that_nobody_judged_go_by_their_score():
    cast = cast_with([face(30, None, 0.5), face(40, None, 0.8)], [])
    assert poster_frame(cast, "p1", [piece(20, 80)]) == 40


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """Frames whose left half is as grey as their number, the right half white."""
    pictures = []
    for number in range(40):
        picture = np.full((90, 160, 3), 255, np.uint8)
        picture[:, :80] = 5 * number + 20
        pictures.append(picture)
    return write_film(tmp_path_factory.mktemp("posters") / "film.mp4", pictures, fps=FPS)


def test_each_poster_is_its_frame_through_the_camera(numbered):
    cast = cast_with([face(12, 0.9), face(33, 0.8)], [])
    times = read_frame_times(numbered)
    left, right = np.array([10.0, 0, 60, 90]), np.array([90.0, 0, 140, 90])

    def framed(start: int, end: int, *boxes: np.ndarray) -> FramedPiece:
        panels = tuple(np.tile(box, (end - start, 1)) for box in boxes)
        return FramedPiece(piece(start, end), panels, "split" if len(boxes) == 2 else "follow")

    shorts = [[framed(30, 36, left)], [framed(2, 6, right), framed(10, 20, left)], [framed(10, 20, right, left)]]
    first, second, third = make_posters(shorts, video=numbered, times=times, cast=cast, person="p1", size_wh=(50, 90))
    assert (first.frame, first.time_s) == (33, pytest.approx(0.3))
    assert (second.frame, second.time_s) == (12, pytest.approx(0.6))
    pictures = [decode_jpeg(poster.jpeg) for poster in (first, second, third)]
    assert all(picture.shape == (90, 50, 3) for picture in pictures)
    assert pictures[0].mean() == pytest.approx(5 * 33 + 20, abs=3)
    assert pictures[1].mean() == pytest.approx(5 * 12 + 20, abs=3)
    assert pictures[2][5:35].mean() == pytest.approx(255, abs=3)
    assert pictures[2][55:].mean() == pytest.approx(5 * 12 + 20, abs=3)


def test_scaling_keeps_level_pictures_level():
    grey = np.full((40, 60, 3), 77, np.uint8)
    assert (scaled(grey, (30, 20)) == 77).all()
    assert scaled(grey, (120, 80)).shape == (80, 120, 3)


def test_when_a_moment_is_seen():
    pieces = (piece(20, 80), piece(120, 190))
    assert [time_in_short(pieces, t) for t in (0.0, 2.0, 5.5, 8.0, 10.0, 12.0, 18.9, 25.0)] == pytest.approx(
        [0.0, 0.0, 3.5, 6.0, 6.0, 6.0, 12.9, 13.0]
    )


def test_a_handover_must_fit_its_plan():
    handover = make_handover()
    with pytest.raises(ValueError, match="others than s1"):
        replace(handover, shorts=handover.shorts[:1])
    mixed = (handover.shorts[0], replace(handover.shorts[1], rendered=None))
    with pytest.raises(ValueError, match="others are not"):
        replace(handover, shorts=mixed)
