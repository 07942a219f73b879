"""What speaks against a picture of a face: gates with reasons, for those who choose pictures to keep.

Where each gate lies was read off photos of Labeled Faces in the Wild that were made small, blurred, dark or bright:
250 pairs of one person, one photo of each spoilt, at the threshold for one false accept in a thousand. Untouched, 92 %
of them pass with dlib-resnet-128 and 98 % with face-reid-0095. A gate closes where about a tenth of the first is lost.
"""

from dataclasses import dataclass

import numpy as np

from closeup.core.types import FloatArray, Quality
from closeup.perception.pose import HeadPose
from closeup.perception.protocols import Detections
from closeup.weights.cards import ModelCard

SMALLEST_PX = 28.0
"""Shorter side of the face's box: at 32 px 88 % pass, at 24 px 84 %, at 20 px 64 %."""

LEAST_SHARPNESS = 0.35
"""The quality's part: 86 % pass at 0.46, 67 % at 0.19; 1 % of LFW's photos are below 0.54."""

LEAST_EXPOSURE_DARK, LEAST_EXPOSURE_BRIGHT = 0.08, 0.5
"""The quality's part: of darkened photos 88 % pass at 0.10 and 83 % at 0; of brightened ones, which lose
what was white, 75 % at 0.43."""

MIDDLE_GREY = 128.0

MOST_YAW_DEG, MOST_PITCH_DEG = 65.0, 40.0
"""Beyond, half of the face is not seen, and the landmarks are guesses."""

MOST_BEYOND = 0.15
"""This share of the face's box may lie beyond the picture's edge."""

RIVAL_SIZE = 0.5
"""A second face counts from half the width of the largest one on; a smaller one is somebody in the background."""

FAULTS = ("too-small", "blurred", "dark", "bright", "cut-off", "covered", "turned", "says-nothing", "several-faces")
"""What a gate can find."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that speaks against a picture of a face.

    Attributes:
        kind: One of `FAULTS`.
        reason: What is wrong and by how much, one sentence for people.
    """

    kind: str
    reason: str


def faults_of(
    one: Detections,
    quality: Quality,
    pose: HeadPose,
    *,
    size_wh: tuple[int, int],
    light: float,
    detector: ModelCard,
) -> tuple[Fault, ...]:
    """Say what speaks against a face; empty where nothing does.

    Args:
        one: The face, alone.
        quality: As `perception.quality.judge` gives it.
        pose: As `perception.pose.head_pose` gives it.
        size_wh: Of the picture.
        light: As `perception.quality.brightness` gives it.
        detector: Card of the detector that found it.
    """
    found = [
        _size(one.boxes_xyxy[0]),
        _sharpness(quality),
        _exposure(quality, light),
        _edge(one, size_wh),
        _cover(quality, detector),
        _turn(pose),
    ]
    return tuple(fault for fault in found if fault)


def illegible(embedder: ModelCard, worth: float) -> Fault | None:
    """Say whether a vector of this worth (`FaceEmbedder.embed_with_worth`) tells nothing of who it is.

    Needs a card with the threshold `legible`.
    """
    limit = embedder.thresholds.get("legible")
    if limit is None or worth >= limit.value:
        return None
    return Fault("says-nothing", f"{embedder.name} cannot tell from it who it is: it is smeared, covered or no face.")


def several_faces(boxes_xyxy: FloatArray) -> Fault | None:
    """Say whether it is in doubt which of some faces (N, 4) is meant: the second largest is not much smaller."""
    widths = np.sort(boxes_xyxy[:, 2] - boxes_xyxy[:, 0])[::-1]
    rivals = int(np.sum(widths >= RIVAL_SIZE * widths[0])) if len(widths) else 0
    if rivals < 2:
        return None
    return Fault("several-faces", f"It shows {rivals} faces of about one size, so it is not clear who is meant.")


def _size(box_xyxy: FloatArray) -> Fault | None:
    side = float(min(box_xyxy[2:] - box_xyxy[:2]))
    if side >= SMALLEST_PX:
        return None
    return Fault("too-small", f"The face is {side:.0f} pixels wide, and {SMALLEST_PX:.0f} are the least.")


def _sharpness(quality: Quality) -> Fault | None:
    if quality.sharpness >= LEAST_SHARPNESS:
        return None
    return Fault("blurred", f"The face is blurred: its sharpness is {quality.sharpness:.2f} of 1.")


def _exposure(quality: Quality, light: float) -> Fault | None:
    kind, least = ("dark", LEAST_EXPOSURE_DARK) if light < MIDDLE_GREY else ("bright", LEAST_EXPOSURE_BRIGHT)
    if quality.exposure >= least:
        return None
    return Fault(kind, f"The face is too {kind}: its mean brightness is {light:.0f} of 255.")


def _edge(one: Detections, size_wh: tuple[int, int]) -> Fault | None:
    limits, box, landmarks = np.array(size_wh, np.float32), one.boxes_xyxy[0], one.landmarks_xy[0]
    inside = np.clip(box, 0, np.tile(limits, 2))
    sides, whole = inside[2:] - inside[:2], box[2:] - box[:2]
    beyond = 1 - float(np.prod(np.maximum(sides, 0)) / max(float(np.prod(whole)), 1e-6))
    if beyond <= MOST_BEYOND and bool(((landmarks >= 0) & (landmarks < limits)).all()):
        return None
    return Fault("cut-off", f"The face is cut off by the picture's edge: {100 * beyond:.0f} % of it lie beyond.")


def _cover(quality: Quality, detector: ModelCard) -> Fault | None:
    least = detector.thresholds["clear"].value
    if quality.detection >= least:
        return None
    return Fault(
        "covered",
        f"The face is covered, or hardly one: {detector.name} scores it {quality.detection:.2f}, "
        f"and {least:.2f} is the least.",
    )


def _turn(pose: HeadPose) -> Fault | None:
    if abs(pose.yaw_deg) <= MOST_YAW_DEG and abs(pose.pitch_deg) <= MOST_PITCH_DEG:
        return None
    turn = max(abs(pose.yaw_deg), abs(pose.pitch_deg))
    return Fault("turned", f"The face is turned away by {turn:.0f} degrees.")
