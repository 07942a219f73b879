"""Pieces at cuts that were blended, in a video made for it."""

from pathlib import Path

import numpy as np
import pytest

from closeup.features.shorts.choice import Window
from closeup.features.shorts.clean_cuts import MOST_FRAMES, without_blends
from closeup.media.frame_times import FrameTimes, read_frame_times
from filmed import scenery, write_film

CUTS = [0, 30, 60, 90, 120]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five shots of 30 frames: frame 59 is half of both, 90 and 91 are a third and two thirds, 115 to 119 dissolve."""
    pictures = [scenery(1 + index // 30) for index in range(150)]
    for frame, share in {59: 0.5, 90: 0.67, 91: 0.33, **{114 + n: 1 - n / 6 for n in range(1, 6)}}.items():
        before, after = (
            scenery(frame // 30 + (frame < 90 or frame > 100)),
            scenery(2 + frame // 30 - (89 < frame < 100)),
        )
        pictures[frame] = np.rint(share * before + (1 - share) * after).astype(np.uint8)
    return write_film(tmp_path_factory.mktemp("blends") / "film.mp4", pictures)


@pytest.fixture(scope="module")
def times(video: Path) -> FrameTimes:
    return read_frame_times(video)


def trimmed(video: Path, times: FrameTimes, *pieces: tuple[int, int], least_s: float = 0) -> list[tuple[int, int]]:
    (window,) = without_blends(video, times, CUTS, [Window(pieces, 0.5, 0.5, 1.0)], least_s)
    return list(window.pieces)


def test_clean_cuts_stay(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (0, 30)) == [(0, 30)]
    assert trimmed(video, times, (30, 58), (125, 150)) == [(30, 58), (125, 150)]


def test_a_piece_ends_before_a_blend_and_starts_behind_one(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (30, 60)) == [(30, 59)]
    assert trimmed(video, times, (40, 60), (90, 110)) == [(40, 59), (92, 110)]
    assert trimmed(video, times, (60, 90)) == [(60, 90)]


def test_a_blend_inside_of_a_piece_is_left_as_it_is(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (30, 90)) == [(30, 90)]


def test_a_dissolve_is_left_out_in_part_only(video: Path, times: FrameTimes) -> None:
    ((start, end),) = trimmed(video, times, (95, 120))
    assert start == 95
    assert 120 - MOST_FRAMES <= end <= 120


def test_a_window_does_not_become_too_short(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (30, 60), least_s=29 / 25) == [(30, 59)]
    assert trimmed(video, times, (30, 60), least_s=30 / 25) == [(30, 60)]


def test_no_windows_need_no_look(video: Path, times: FrameTimes) -> None:
    assert without_blends(video, times, CUTS, [], 5) == ()
