"""Head pose from landmarks: known turns, and what must hold for any face."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from closeup.media.image import read_image
from closeup.perception import pose as module
from closeup.perception.pose import POSES, HeadPose, head_pose
from closeup.perception.registry import face_models
from stills import mirrored, still

POINTS = {
    "astronaut": [(200.1, 101.8), (247.1, 102.6), (220.4, 124.5), (198.6, 142.8), (239.7, 143.6)],
    "hopper": [(227.3, 199.0), (307.6, 198.9), (271.3, 238.6), (229.3, 271.3), (303.7, 273.0)],
}

angles = st.builds(
    HeadPose,
    st.floats(-60, 60),
    st.floats(-40, 40),
    st.floats(-179, 179),
)


def seen(pose: HeadPose, size: float = 80.0) -> NDArray[np.float64]:
    """The generic face turned by the textbook's matrices, Rz(roll) Ry(yaw) Rx(pitch), seen from afar: (5, 2)."""
    pitch = math.radians(pose.pitch_deg + module._LEVEL_DEG)
    yaw, roll = math.radians(pose.yaw_deg), math.radians(pose.roll_deg)
    x_axis = np.array([[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]])
    y_axis = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    z_axis = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    turned = module._GENERIC_FACE @ (z_axis @ y_axis @ x_axis).T
    return np.asarray(size * turned[:, :2] + [300, 200])


def difference_deg(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def reflected(points: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Landmarks (5, 2) as a mirror shows them, each pair in picture order again."""
    return np.stack([width - 1 - points[:, 0], points[:, 1]], axis=1)[[1, 0, 2, 4, 3]]


@given(angles)
def test_the_generic_face_is_found_as_it_was_turned(pose: HeadPose) -> None:
    found = head_pose(seen(pose))
    assert found.yaw_deg == pytest.approx(pose.yaw_deg, abs=0.02)
    assert found.pitch_deg == pytest.approx(pose.pitch_deg, abs=0.02)
    assert difference_deg(found.roll_deg, pose.roll_deg) < 0.02


@given(angles, st.integers(0, 2**32))
def test_a_mirror_turns_yaw_and_roll_about_and_leaves_pitch(pose: HeadPose, seed: int) -> None:
    points = seen(pose) + np.random.default_rng(seed).normal(0, 2, (5, 2))
    straight, mirror = head_pose(points), head_pose(reflected(points, 640))
    assert mirror.yaw_deg == pytest.approx(-straight.yaw_deg, abs=0.02)
    assert mirror.pitch_deg == pytest.approx(straight.pitch_deg, abs=0.02)
    assert difference_deg(mirror.roll_deg, -straight.roll_deg) < 0.02


@given(angles, st.floats(-180, 180), st.floats(0.05, 20), st.integers(0, 2**32))
def test_turning_scaling_and_moving_the_picture_change_roll_alone(
    pose: HeadPose, turn_deg: float, scale: float, seed: int
) -> None:
    points = seen(pose) + np.random.default_rng(seed).normal(0, 2, (5, 2))
    turn = math.radians(turn_deg)
    matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    before, after = head_pose(points), head_pose(points @ matrix.T + [50, -70])
    assert after.yaw_deg == pytest.approx(before.yaw_deg, abs=0.02)
    assert after.pitch_deg == pytest.approx(before.pitch_deg, abs=0.02)
    assert difference_deg(after.roll_deg, before.roll_deg + turn_deg) < 0.02


def test_signs_are_those_of_the_picture() -> None:
    frontal = seen(HeadPose(0, 0, 0))
    for move, attribute in (((12, 0), "yaw_deg"), ((0, 12), "pitch_deg")):
        moved = frontal.copy()
        moved[2] += move
        assert getattr(head_pose(moved), attribute) > 5
    tilted = frontal.copy()
    tilted[[1, 4], 1] += 10  # the picture's right side of the face goes down: clockwise
    assert head_pose(tilted).roll_deg > 3


@pytest.mark.parametrize("name", sorted(POINTS))
def test_two_portraits_are_frontal(name: str) -> None:
    found = head_pose(POINTS[name])
    assert abs(found.yaw_deg) < 15
    assert abs(found.pitch_deg) < 12
    assert abs(found.roll_deg) < 5
    assert found.name == "front"


@pytest.mark.parametrize("name", sorted(POINTS))
def test_a_mirrored_photo_is_turned_the_other_way(name: str) -> None:
    detector = face_models("auto").new_detector()
    straight, mirror = (
        head_pose(detector.detect(image).landmarks_xy[0]) for image in (still(name), mirrored(still(name)))
    )
    assert mirror.yaw_deg == pytest.approx(-straight.yaw_deg, abs=6)
    assert mirror.pitch_deg == pytest.approx(straight.pitch_deg, abs=4)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("photo", "name", "least_deg"),
    [
        ("Allan_Houston/Allan_Houston_0001.jpg", "left", 45),
        ("Ken_Watanabe/Ken_Watanabe_0001.jpg", "right", 45),
        ("Tatiana_Gratcheva/Tatiana_Gratcheva_0001.jpg", "up", 20),
        ("Daniel_Bruehl/Daniel_Bruehl_0001.jpg", "down", 12),
    ],
)
def test_photos_turn_as_people_see_them_turned(shared: Path, photo: str, name: str, least_deg: float) -> None:
    image = read_image(shared / "data" / "lfw" / "images" / photo)
    found = head_pose(face_models("auto").new_detector().detect(image).landmarks_xy[0])
    assert found.name == name
    assert max(abs(found.yaw_deg), abs(found.pitch_deg)) > least_deg


@pytest.mark.parametrize(
    ("yaw", "pitch", "name"),
    [
        (0, 0, "front"),
        (19, 11, "front"),
        (-19, -11, "front"),
        (21, 0, "right"),
        (-21, 0, "left"),
        (0, 13, "down"),
        (0, -13, "up"),
        (60, 20, "right"),
        (22, 30, "down"),
    ],
)
def test_poses_have_names(yaw: float, pitch: float, name: str) -> None:
    assert name in POSES
    assert HeadPose(yaw, pitch, 0).name == HeadPose(yaw, pitch, 90).name == name


@pytest.mark.parametrize(
    "points", [np.zeros((4, 2)), np.zeros((5, 3)), np.full((5, 2), 7.0), np.full((5, 2), np.nan)], ids=str
)
def test_what_is_no_face_is_refused(points: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="landmarks"):
        head_pose(points)
