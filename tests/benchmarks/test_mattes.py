"""The figures of a matte: what is perfect, what half a mask costs, and what kind of photo it is."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from mattes import band, gradient_error, kind, matte_figures, overlap

MASK = cv2.circle(np.zeros((200, 300), np.uint8), (150, 100), 60, 1, -1) > 0


def test_a_perfect_matte_has_no_error() -> None:
    assert matte_figures(MASK.astype(np.float32), MASK) == (1.0, 1.0, 0.0, 0.0, 0.0)


def test_errors_are_counted_in_pixels_and_their_squares() -> None:
    iou, boundary, sad, mse, gradient = matte_figures(np.full(MASK.shape, 0.25, np.float32), MASK)
    assert (iou, boundary) == (0, 0)
    assert sad == pytest.approx((0.75 * MASK.sum() + 0.25 * (~MASK).sum()) / 1000)
    assert mse == pytest.approx(1000 * (0.75**2 * MASK.mean() + 0.25**2 * (~MASK).mean()))
    assert gradient > 0


def test_a_shift_costs_the_boundary_more_than_the_area() -> None:
    iou, boundary, *_ = matte_figures(np.roll(MASK, 4, axis=1).astype(np.float32), MASK)
    assert 0.85 < iou < 0.95
    assert boundary < iou - 0.2
    soft = cv2.GaussianBlur(MASK.astype(np.float32), (0, 0), 4)
    assert gradient_error(soft, MASK.astype(np.float32)) > gradient_error(
        cv2.GaussianBlur(MASK.astype(np.float32), (0, 0), 1), MASK.astype(np.float32)
    )


def test_the_rim_of_the_picture_is_no_edge() -> None:
    half = np.zeros((200, 300), bool)
    half[100:] = True
    rows = np.flatnonzero((half & band(half)).any(axis=1))
    assert (rows.min(), rows.max()) == (100, 106)  # 2 % of the diagonal


def test_two_empty_masks_agree() -> None:
    assert overlap(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1


def test_kinds_go_by_the_mask() -> None:
    assert kind(MASK) == "in between"
    assert kind(np.ones((9, 9), bool)) == "close"
    assert kind(np.zeros((9, 9), bool)) == "far"
    assert kind(np.hstack([MASK, MASK])) == "in several parts"
