"""Where a face belongs in a picture that is cut out of a wider one, and how wide that picture shall be.

The rules are those of camera handbooks: head and shoulders in the picture, the eyes a little above the middle of its
upper half, hair not cut, and more room on the side that the face looks to. How far the camera may move for them is
settled by `closeup.algorithms.camera`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.camera import Axis, CameraOptions, FloatArray, Span, plan_axis

EYE_LINE = 0.38
"""Where the eyes best lie, as a share of the crop's height from the top."""

HEAD_AND_SHOULDERS_WIDTHS = 2.6
"""Width of the crop over the width of the face's box, where nothing else decides; `..._HEIGHTS` for the height."""

HEAD_AND_SHOULDERS_HEIGHTS = 3.2

LOOKING_ROOM = 0.1
"""How far a face in profile stands from the middle, in widths of the crop: half way to the line of the thirds."""

MARGIN = 0.04
"""Room on each side of the face's box, as a share of its size: boxes are sampled now and then, and jitter by this."""

HAIR = 0.3
"""Hair and a little air above the face's box, as a share of its height."""

CALM = 1.12
"""The crop may be this much wider than it must for the camera's peace."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Whom the camera looks at, frame by frame.

    Attributes:
        boxes_xyxy: Shape (N, 4), float64, the face's box in pixels; it may reach beyond the picture. Where there is
            nobody its numbers do not matter, but are finite.
        eyes_y: Shape (N,), height of the eyes in pixels.
        facing: Shape (N,), -1 looks to the left of the picture, 1 to the right, 0 into the camera.
        weight: Shape (N,): 1 where the chosen person is there, less where somebody else is shown, 0 for nobody.
    """

    boxes_xyxy: FloatArray
    eyes_y: FloatArray
    facing: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture that is cut from, and what is cut out.

    Attributes:
        picture_wh: Pixels of the picture.
        aspect: Width over height of the crop.
        min_width: The crop is never narrower than this, in pixels, unless the picture is: it would be too soft.
        max_width: Nor wider, unless the face asks for it.
    """

    picture_wh: tuple[int, int]
    aspect: float
    min_width: float
    max_width: float = np.inf


def follow(times_s: ArrayLike, subject: Subject, frame: Frame, options: CameraOptions | None = None) -> FloatArray:
    """The crop of each frame of one shot: one width, exact aspect, the subject in a good place, the camera at peace.

    The crop lies in the picture, unless no crop of this aspect in it holds the subject's face: then it is as much
    longer than the picture as it must be, in one direction, and centred there.

    Args:
        times_s: Shape (N,), start of each frame in seconds, ascending, at least one.
        subject: Whom to look at, N frames.
        frame: What is cut from what.
        options: What movement costs; None for the defaults.

    Returns:
        Shape (N, 4), float64, xyxy in pixels.

    Raises:
        ValueError: As `plan_axis`.
    """
    options = options or CameraOptions()
    times = np.asarray(times_s, dtype=np.float64)
    width, height = frame.picture_wh
    boxes = _clipped(subject.boxes_xyxy, frame.picture_wh)
    sides = boxes[:, 2:] - boxes[:, :2]
    span = _widths(sides[_counting(subject.weight)], frame)
    across = Axis(
        low=np.maximum(boxes[:, 0] - MARGIN * sides[:, 0], 0.0),
        high=np.minimum(boxes[:, 2] + MARGIN * sides[:, 0], float(width)),
        place=(boxes[:, 0] + boxes[:, 2]) / 2 + _lead(subject, sides[:, 0], span.best),
        weight=subject.weight,
        length=float(width),
    )
    middle_x, crop_width = plan_axis(times, across, span, options)
    crop_height = crop_width / frame.aspect
    down = Axis(
        low=np.maximum(boxes[:, 1] - HAIR * sides[:, 1], 0.0),
        high=np.minimum(boxes[:, 3] + MARGIN * sides[:, 1], float(height)),
        place=subject.eyes_y + (0.5 - EYE_LINE) * crop_height,
        weight=subject.weight,
        length=float(height),
    )
    middle_y, _ = plan_axis(times, down, Span(crop_height, crop_height, crop_height), _in_heights(options, frame))
    return _boxes(middle_x, middle_y, crop_width, frame)


def _clipped(boxes: FloatArray, picture_wh: tuple[int, int]) -> FloatArray:
    limits = np.array([*picture_wh, *picture_wh], dtype=np.float64)
    return np.clip(boxes, 0.0, limits)


def _counting(weight: FloatArray) -> NDArray[np.bool_]:
    """The frames (N,) that decide the size: those with the chosen person, else with anybody, else all."""
    for chosen in (weight >= 1.0, weight > 0.0):
        if chosen.any():
            return chosen
    return np.ones(len(weight), dtype=bool)


def _widths(sides: FloatArray, frame: Frame) -> Span:
    """How wide the crop may be for faces of sizes (N, 2)."""
    width, height = frame.picture_wh
    inside = min(float(width), height * frame.aspect)
    room = np.minimum(sides * (1 + 2 * MARGIN), [width, height])
    # The largest faces in a hundred are mistakes of the detector as often as not.
    need = float(np.percentile(np.maximum(room[:, 0], frame.aspect * room[:, 1]), 99))
    wished = np.median(
        np.maximum(HEAD_AND_SHOULDERS_WIDTHS * sides[:, 0], frame.aspect * HEAD_AND_SHOULDERS_HEIGHTS * sides[:, 1])
    )
    most_inside = min(inside, max(frame.max_width, frame.min_width))
    best = float(np.clip(wished, min(frame.min_width, most_inside), most_inside))
    if need > width:  # a face higher than any crop in the picture
        return Span(need, need, need)
    most = min(float(width), max(most_inside, CALM * need))
    return Span(best, max(best, min(most_inside, most)), max(best, most))


def _lead(subject: Subject, face_widths: FloatArray, crop_width: float) -> FloatArray:
    """How far the crop's middle lies from the face's (N,), in pixels: one step for the whole shot, since looks flit."""
    counting = _counting(subject.weight)
    facing = float(np.median(subject.facing[counting]))
    free = max(0.0, (crop_width - float(np.median(face_widths[counting]))) / 2)
    return np.where(counting, facing * min(LOOKING_ROOM * crop_width, free / 2), 0.0)


def _in_heights(options: CameraOptions, frame: Frame) -> CameraOptions:
    """The same bound on acceleration in widths of the crop, for a programme whose unit is the crop's height."""
    return replace(options, max_acceleration=options.max_acceleration * frame.aspect)


def _boxes(middle_x: FloatArray, middle_y: FloatArray, crop_width: float, frame: Frame) -> FloatArray:
    """Crops (N, 4) around middles (N,), in the picture to the last bit where they fit into it."""
    corners = []
    lengths = (crop_width, crop_width / frame.aspect)
    for middle, length, limit in zip((middle_x, middle_y), lengths, frame.picture_wh, strict=True):
        start = middle - length / 2
        corners.append(np.clip(start, 0.0, limit - length) if length <= limit else start)
    ends = [start + length for start, length in zip(corners, lengths, strict=True)]
    return np.stack([*corners, *ends], axis=1)
