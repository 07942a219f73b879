"""How good a face's picture is: what must make it better or worse, and that nothing breaks it."""

from collections.abc import Callable
from dataclasses import asdict

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from closeup.core.types import FloatArray, Image, Quality
from closeup.perception.quality import WEIGHTS, face_chip, frontality, judge
from stills import at_scale, mirrored, still

POINTS = {
    "astronaut": np.array([(202, 102), (248, 102), (223, 125), (201, 144), (241, 145)], np.float32),
    "hopper": np.array([(224, 193), (310, 192), (271, 237), (232, 273), (307, 272)], np.float32),
}
BOXES = {
    "astronaut": np.array([178, 72, 270, 176], np.float32),
    "hopper": np.array([168, 125, 364, 340], np.float32),
}
NAMES = sorted(POINTS)
UPRIGHT = np.array([(30, 30), (70, 30), (50, 52), (34, 70), (66, 70)], np.float32)
"""Five points of a face that looks straight into the camera."""


def judged_in(image: Image, box: FloatArray, points: FloatArray, score: float) -> Quality:
    """The quality of a face in a picture."""
    return judge(face_chip(image, points), box, points, score)


def judged(name: str, change: Callable[[Image], Image] | None = None, factor: float = 1.0) -> Quality:
    """The quality of a portrait's face after `change`, at `factor` times the size."""
    image = still(name) if change is None else change(still(name))
    by = np.float32(factor)
    return judged_in(at_scale(image, factor) if factor != 1 else image, BOXES[name] * by, POINTS[name] * by, 0.9)


def turned(points: FloatArray, shift: float) -> FloatArray:
    """The points (5, 2) with the nose moved aside by a part of the eyes' distance, as turning the head does."""
    moved = points.copy()
    moved[2] += shift * (points[1] - points[0])
    return moved


@pytest.mark.parametrize("name", NAMES)
def test_a_good_portrait_is_good_in_every_part(name: str) -> None:
    quality = judged(name)
    assert quality.total > 0.7
    assert min(asdict(quality).values()) > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_blur_lowers_sharpness_and_nothing_else(name: str) -> None:
    width = float(BOXES[name][2] - BOXES[name][0])
    steps = [judged(name, lambda image, s=s: cv2.GaussianBlur(image, (0, 0), s * width)) for s in (0.03, 0.06, 0.12)]
    values = [judged(name).sharpness, *(step.sharpness for step in steps)]
    assert values[0] >= values[1] > values[2] >= values[3]
    assert values[3] < 0.1
    assert [step.total for step in steps] == sorted((step.total for step in steps), reverse=True)
    assert all(step.pose == judged(name).pose and step.size == judged(name).size for step in steps)


@pytest.mark.parametrize("name", NAMES)
def test_a_smaller_face_is_smaller_and_not_blurred(name: str) -> None:
    steps = [judged(name, factor=factor) for factor in (0.8, 0.5, 0.3, 0.18)]
    sizes = [step.size for step in steps]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
    assert steps[1].sharpness > 0.6
    assert all(step.pose == pytest.approx(judged(name).pose, abs=1e-3) for step in steps)


@pytest.mark.parametrize("name", NAMES)
def test_darkness_and_glare_lower_exposure(name: str) -> None:
    dark = [judged(name, lambda im, g=g: (im * g).astype(np.uint8)).exposure for g in (1.0, 0.4, 0.2, 0.1, 0.02)]
    assert dark == sorted(dark, reverse=True)
    assert dark[0] > 0.9
    assert dark[-1] < 0.05
    glare = [
        judged(name, lambda im, g=g: np.clip(im + np.float32(g), 0, 255).astype(np.uint8)).exposure
        for g in (0, 80, 150, 255)
    ]
    assert glare == sorted(glare, reverse=True)
    assert glare[-1] == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_face_is_as_good(name: str) -> None:
    width = still(name).shape[1]
    x0, y0, x1, y1 = BOXES[name]
    box = np.array([width - x1, y0, width - x0, y1], np.float32)
    points = POINTS[name][[1, 0, 2, 4, 3]]
    points = np.stack([width - 1 - points[:, 0], points[:, 1]], axis=1)
    there = judged_in(mirrored(still(name)), box, points, 0.9)
    for part, value in asdict(judged(name)).items():
        assert asdict(there)[part] == pytest.approx(value, abs=0.02), part


@pytest.mark.parametrize("name", NAMES)
def test_turned_away_is_worse(name: str) -> None:
    totals = []
    for shift in (0.0, 0.2, 0.4, 0.6):
        points = turned(POINTS[name] * 0 + UPRIGHT, shift)
        totals.append(frontality(points))
    assert totals == sorted(totals, reverse=True)
    assert totals[0] == 1
    assert totals[-1] == 0


def test_looking_up_or_down_is_worse() -> None:
    poses = []
    for shift in (0, 8, 14, 20):
        points = UPRIGHT.copy()
        points[2, 1] += shift
        poses.append(frontality(points))
    assert poses == sorted(poses, reverse=True)
    assert poses[0] > poses[-1]


@given(st.floats(-180, 180), st.floats(0.1, 30), st.floats(-900, 900), st.floats(-0.7, 0.7))
def test_pose_does_not_see_place_size_or_tilt(angle: float, factor: float, place: float, shift: float) -> None:
    points = turned(UPRIGHT, shift)
    turn = np.radians(angle)
    matrix = factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = (points @ matrix.T + place).astype(np.float32)
    assert frontality(moved) == pytest.approx(frontality(points), abs=2e-3)


def test_a_face_seen_from_its_two_sides_is_equally_turned() -> None:
    for shift in (0.1, 0.25, 0.5):
        assert frontality(turned(UPRIGHT, shift)) == pytest.approx(frontality(turned(UPRIGHT, -shift)))


COORDINATES = st.floats(-2000, 2000, width=32)


@settings(max_examples=150)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
    arrays.arrays(np.float32, 4, elements=COORDINATES),
    arrays.arrays(np.float32, (5, 2), elements=COORDINATES),
    st.floats(-1, 2),
)
def test_every_part_of_anything_lies_in_0_to_1(image: Image, box: FloatArray, points: FloatArray, score: float) -> None:
    """Any picture, any box, any landmarks that are not in one place: `usable.usable` keeps those out."""
    try:
        quality = judged_in(image, box, points, score)
    except ValueError:
        assert np.ptp(points, axis=0).max() <= 1e-4 * max(1.0, np.abs(points).max())
        return
    assert all(0 <= value <= 1 for value in asdict(quality).values())


@pytest.mark.parametrize("wrong", [np.full((5, 2), 7, np.float32), np.full((5, 2), np.nan, np.float32)])
def test_landmarks_in_one_place_are_refused(wrong: FloatArray) -> None:
    with pytest.raises(ValueError, match=r"coincide|finite"):
        judged_in(still("hopper"), BOXES["hopper"], wrong, 0.9)


def test_a_flat_grey_face_is_blurred() -> None:
    flat = np.full((600, 512, 3), 120, np.uint8)
    assert judged_in(flat, BOXES["hopper"], POINTS["hopper"], 0.9).sharpness == 0


def test_one_bad_part_spoils_the_total_and_the_total_lies_between_the_parts() -> None:
    good, blurred = judged("hopper"), judged("hopper", lambda image: cv2.GaussianBlur(image, (0, 0), 25))
    parts = [getattr(good, name) for name in WEIGHTS]
    assert min(parts) <= good.total <= max(parts)
    assert blurred.total < 0.5 * good.total


def test_the_picture_is_left_alone_and_two_runs_agree() -> None:
    before = still("hopper").copy()
    assert judged("hopper") == judged("hopper")
    np.testing.assert_array_equal(still("hopper"), before)
