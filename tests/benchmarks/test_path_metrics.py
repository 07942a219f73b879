"""The figures of a camera's path: what counts as turning back, as a spike, as whole."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from path_metrics import PathFigures, holds, path_figures, reversals, total

PICTURE = (640, 360)
TIMES = np.arange(100) / 25


def _crops(x: np.ndarray, width: float = 200.0) -> np.ndarray:
    return np.stack([x, np.zeros_like(x), x + width, np.full_like(x, 360.0)], axis=1)


def _figures(x: np.ndarray) -> PathFigures:
    return path_figures(TIMES, _crops(x), np.full((len(x), 4), np.nan), PICTURE)


def test_a_still_camera_has_no_faults():
    assert _figures(np.full(100, 50.0)) == PathFigures(duration_s=pytest.approx(4.0))


def test_there_and_back_is_one_reversal_even_after_a_pause():
    x = np.interp(TIMES, [0, 1, 3, 4], [0, 100, 100, 0])
    assert _figures(x).reversals == 1
    assert _figures(x).travel == pytest.approx(0.98)  # the last frame is not back yet


def test_a_tremble_counts_and_a_drift_below_the_dead_band_does_not():
    assert _figures(50 + 5 * np.sin(TIMES * 2 * np.pi * 2)).reversals == 16
    assert _figures(50 + 0.01 * np.sin(TIMES * 2 * np.pi * 2)).reversals == 0
    assert reversals(np.array([0.1, 0.0, 0.01, -0.01, 0.1])) == 0


def test_a_jerk_is_a_spike_and_an_even_pan_is_none():
    assert _figures(np.linspace(0, 300, 100)).spikes == 0
    assert _figures(np.where(TIMES < 2, 0.0, 10.0)).spikes == 2  # off and on again
    easing = 200 * np.clip(TIMES / 4, 0, 1) ** 2 * (3 - 2 * np.clip(TIMES / 4, 0, 1))
    assert _figures(easing).spikes == 0


def test_zooming_by_jerks_is_a_spike_too():
    crops = _crops(np.full(100, 50.0))
    crops[50:, 2] += 20
    crops[50:, 0] -= 20
    assert path_figures(TIMES, crops, np.full((100, 4), np.nan), PICTURE).spikes == 2


def test_a_face_counts_as_whole_as_far_as_the_picture_goes():
    crops = np.tile([0.0, 0.0, 200.0, 360.0], (4, 1))
    faces = np.array([[-30, 50, 60, 150], [150, 50, 200.4, 150], [150, 50, 201, 150], [10, -40, 60, 400]], dtype=float)
    assert holds(crops, faces, PICTURE).tolist() == [True, True, False, True]


def test_frames_without_a_face_do_not_count():
    faces = np.tile([10.0, 50, 60, 150], (100, 1))
    faces[40:] = np.nan
    faces[:10] += 200
    figures = path_figures(TIMES, _crops(np.zeros(100)), faces, PICTURE)
    assert (figures.faces, figures.whole) == (40, 30)
    assert figures.whole_percent == 75


def test_how_far_the_face_is_from_the_middle():
    faces = np.tile([10.0, 50, 60, 150], (100, 1))
    faces[40:] = np.nan
    assert path_figures(TIMES, _crops(np.zeros(100)), faces, PICTURE).mean_aside == pytest.approx(65 / 200)


def test_figures_add_up():
    a, b = PathFigures(2.0, 1, 0, 0.5, 50, 50), PathFigures(2.0, 0, 3, 0.5, 50, 25)
    assert total([a, b]) == PathFigures(4.0, 1, 3, 1.0, 100, 75)
    assert total([a, b]).reversals_per_s == 0.25


def test_one_frame_is_a_path():
    figures = path_figures(np.zeros(1), _crops(np.zeros(1)), np.array([[10.0, 10, 20, 20]]), PICTURE)
    assert (figures.reversals, figures.spikes, figures.whole_percent) == (0, 0, 100)
