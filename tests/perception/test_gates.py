"""Gates: a good portrait passes all, and each way to spoil it is named."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from closeup.core.types import FloatArray, Image, Quality
from closeup.perception.gates import FAULTS, Fault, faults_of, illegible, several_faces
from closeup.perception.pose import HeadPose, head_pose
from closeup.perception.protocols import Detections
from closeup.perception.quality import brightness, face_chip, judge
from closeup.weights.cards import ModelCard, card
from stills import astronaut, at_scale

POINTS = np.array([(200.1, 101.8), (247.1, 102.6), (220.4, 124.5), (198.6, 142.8), (239.7, 143.6)], np.float32)
BOX = np.array([178.0, 63.0, 268.0, 176.0], np.float32)
DETECTOR = card("yunet-2023mar")


def faults(
    image: Image,
    box: FloatArray = BOX,
    points: FloatArray = POINTS,
    score: float = 0.93,
    *,
    pose: HeadPose | None = None,
    detector: ModelCard = DETECTOR,
) -> tuple[Fault, ...]:
    one = Detections(box[None], points[None], np.array([score], np.float32))
    chip = face_chip(image, points)
    size_wh = image.shape[1], image.shape[0]
    quality, pose = judge(chip, box, points, score), pose or head_pose(points)
    return faults_of(one, quality, pose, size_wh=size_wh, light=brightness(chip), detector=detector)


def kinds(found: tuple[Fault, ...]) -> list[str]:
    assert all(fault.kind in FAULTS and fault.reason.endswith(".") and fault.reason[0].isupper() for fault in found)
    return [fault.kind for fault in found]


def test_a_good_portrait_has_no_fault() -> None:
    assert kinds(faults(astronaut())) == []


def lit(factor: float) -> Callable[[Image], Image]:
    return lambda image: np.clip(image * np.float32(factor), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), 5), np.uint8), "blurred"),
        (lit(0.08), "dark"),
        (lit(3.5), "bright"),
    ],
    ids=["blurred", "dark", "bright"],
)
def test_what_is_done_to_the_light_is_named(spoil: Callable[[Image], Image], kind: str) -> None:
    image = spoil(astronaut())
    assert kind in kinds(faults(image))


def test_a_face_that_is_small_is_too_small() -> None:
    factor = 0.25
    image = at_scale(astronaut(), factor)
    found = faults(image, BOX * np.float32(factor), POINTS * np.float32(factor))
    assert "too-small" in kinds(found)
    (fault,) = (each for each in found if each.kind == "too-small")
    assert "22 pixels" in fault.reason


def test_a_face_beyond_the_edge_is_cut_off() -> None:
    image = np.ascontiguousarray(astronaut()[:, 205:])  # through the eye on the left
    moved = np.array([205, 0], np.float32)
    assert kinds(faults(image, BOX - np.tile(moved, 2), POINTS - moved)) == ["cut-off"]
    # A box that reaches a little beyond, with all landmarks in the picture, does no harm.
    image = np.ascontiguousarray(astronaut()[:, 185:])
    moved = np.array([185, 0], np.float32)
    assert kinds(faults(image, BOX - np.tile(moved, 2), POINTS - moved)) == []


def test_the_detectors_doubt_is_told_by_its_own_measure() -> None:
    name = "yunet-2023mar"
    least = card(name).thresholds["clear"].value
    for score, expected in ((least - 0.01, ["covered"]), (least + 0.01, [])):
        assert kinds(faults(astronaut(), score=score, detector=card(name))) == expected


@pytest.mark.parametrize(("yaw", "pitch"), [(70, 0), (-70, 0), (0, 45), (0, -45)])
def test_a_head_that_is_turned_away_is_told_by_how_much(yaw: float, pitch: float) -> None:
    (fault,) = faults(astronaut(), pose=HeadPose(yaw, pitch, 0))
    assert fault == Fault("turned", f"The face is turned away by {max(abs(yaw), abs(pitch))} degrees.")


def test_several_faces_of_one_size_are_in_doubt_and_those_behind_are_not() -> None:
    def boxes(*widths: float) -> FloatArray:
        return np.array([[0, 0, width, width] for width in widths], np.float32).reshape(-1, 4)

    assert several_faces(boxes()) is None
    assert several_faces(boxes(80)) is None
    assert several_faces(boxes(30, 80)) is None
    fault = several_faces(boxes(50, 80, 79, 20))
    assert fault is not None
    assert (fault.kind, "3 faces" in fault.reason) == ("several-faces", True)


def test_a_vector_that_is_worth_little_says_nothing() -> None:
    sface = card("sface-2021dec")
    least = sface.thresholds["legible"].value
    fault = illegible(sface, least - 0.1)
    assert fault is not None
    assert fault.kind == "says-nothing"
    assert illegible(sface, least) is None
    assert illegible(card("face-reid-0095"), 0.0) is None  # what its vectors are worth was not measured


def test_quality_and_brightness_move_with_the_light() -> None:
    levels = [brightness(face_chip(lit(factor)(astronaut()), POINTS)) for factor in (0.2, 0.6, 1.0, 1.4)]
    assert levels == sorted(levels)
    assert 0 < levels[0] < levels[-1] < 255
    assert isinstance(judge(face_chip(astronaut(), POINTS), BOX, POINTS, 1.0), Quality)
