"""Where a face belongs in a picture that is cut out of a wider one, and how wide that picture shall be.

The rules are those of camera handbooks: head and shoulders in the picture, the eyes a little above the middle of its
upper half, hair not cut, and more room on the side that the face looks to. How far the camera may move for them is
settled by `closeup.algorithms.reframing.camera`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.reframing.camera import Axis, CameraOptions, Edges, FloatArray, Span, plan_axis

EYE_LINE = 0.38
"""Where the eyes best lie, as a share of the crop's height from the top."""

HEAD_AND_SHOULDERS_WIDTHS = 2.6
"""Width of the crop over the width of the face's box, where nothing else decides; `..._HEIGHTS` for the height."""

HEAD_AND_SHOULDERS_HEIGHTS = 3.2

LOOKING_ROOM = 0.1
"""How far a face in profile stands from the middle, in widths of the crop: half way to the line of the thirds."""

BEHIND = 0.25
"""How far the middle of a head in profile lies behind the middle of the face's box, in widths of the box."""

MARGIN = 0.04
"""Room on each side of the face's box, as a share of its size: boxes are sampled now and then, and jitter by this."""

HAIR = 0.3
"""Hair and a little air above the face's box, as a share of its height."""

FIT_SHARE = 0.8
"""Somebody beside the subject is let in where the crop can hold both in at least this share of the frames."""

MOST = 1.6
"""The crop is at most this much wider than it must be, for the camera's peace."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Whom the camera looks at, frame by frame.

    Attributes:
        boxes_xyxy: Shape (N, 4), float64, the face's box in pixels; it may reach beyond the picture. Where there is
            nobody its numbers do not matter, but are finite.
        eyes_y: Shape (N,), height of the eyes in pixels.
        facing: Shape (N,), -1 looks to the left of the picture, 1 to the right, 0 into the camera.
        weight: Shape (N,): 1 where the chosen person is there, less where somebody else is shown, 0 for nobody.
        beside: Boxes (N, 4) of each of the others in the shot, NaN where they are not to be seen. Who fits into the
            crop as well is let in, who does not is kept out, as far as the subject's own place allows it.
    """

    boxes_xyxy: FloatArray
    eyes_y: FloatArray
    facing: FloatArray
    weight: FloatArray
    beside: tuple[FloatArray, ...] = ()


@dataclass(frozen=True, slots=True)
class CropArea:
    """What is cut from, and what is cut out.

    Attributes:
        area_xyxy: The part of the picture that may be shown, pixels: all of it, or less the bars of a letterbox.
        aspect: Width over height of the crop.
        min_width: The crop is never narrower than this, in pixels, unless the area is: it would be too soft.
    """

    area_xyxy: tuple[float, float, float, float]
    aspect: float
    min_width: float

    @property
    def area_wh(self) -> tuple[float, float]:
        """Width and height of the area."""
        x0, y0, x1, y1 = self.area_xyxy
        return x1 - x0, y1 - y0

    @property
    def widest(self) -> float:
        """Width of the largest crop in the area."""
        width, height = self.area_wh
        return min(width, height * self.aspect)


def follow(times_s: ArrayLike, subject: Subject, frame: CropArea, options: CameraOptions | None = None) -> FloatArray:
    """The crop of each frame of one shot: one width, exact aspect, the subject in a good place, the camera at peace.

    The crop lies in the area, unless no crop of this aspect in it holds the subject's face: then it is as much longer
    than the area as it must be, in one direction, and centred there.

    Args:
        times_s: Shape (N,), start of each frame in seconds, ascending, at least one.
        frame: What is cut from what.
        options: What movement costs; None for the defaults.

    Returns:
        Shape (N, 4), float64, xyxy in pixels.

    Raises:
        ValueError: As `plan_axis`, or the area is empty or the aspect no positive number.
    """
    if min(frame.area_wh) <= 0 or not 0 < frame.aspect < np.inf:
        raise ValueError(f"nothing can be cut out of {frame}")
    options = options or CameraOptions()
    times = np.asarray(times_s, dtype=np.float64)
    width, height = frame.area_wh
    origin = np.array(frame.area_xyxy[:2] * 2, dtype=np.float64)
    boxes = np.clip(subject.boxes_xyxy - origin, 0.0, [width, height] * 2)
    sides = boxes[:, 2:] - boxes[:, :2]
    counting = _counting(subject.weight)
    span = _widths(sides[counting], frame)
    across = Axis(
        low=np.maximum(boxes[:, 0] - MARGIN * sides[:, 0], 0.0),
        high=np.minimum(boxes[:, 2] + MARGIN * sides[:, 0], width),
        place=(boxes[:, 0] + boxes[:, 2]) / 2 + _lead(subject, sides[:, 0], span.best),
        weight=subject.weight,
        length=width,
        edges=_edges([np.clip(each - origin, 0.0, [width, height] * 2) for each in subject.beside], boxes, span.best),
    )
    middle_x, crop_width = plan_axis(times, across, span, options)
    crop_height = crop_width / frame.aspect
    # Hair is kept where the crop has room for it besides the face, which is never cut for hair.
    hair = min(HAIR, max(MARGIN, crop_height / max(1.0, float(sides[counting, 1].max())) - 1 - 2 * MARGIN))
    down = Axis(
        low=np.maximum(boxes[:, 1] - hair * sides[:, 1], 0.0),
        high=np.minimum(boxes[:, 3] + MARGIN * sides[:, 1], height),
        place=np.clip(subject.eyes_y - origin[1], 0.0, height) + (0.5 - EYE_LINE) * crop_height,
        weight=subject.weight,
        length=height,
    )
    middle_y, _ = plan_axis(times, down, Span(crop_height, crop_height, crop_height), _in_heights(options, frame))
    return _boxes(middle_x, middle_y, crop_width, frame) + origin


def _counting(weight: FloatArray) -> NDArray[np.bool_]:
    """The frames (N,) that decide the size: those with the chosen person, else with anybody, else all."""
    for chosen in (weight >= 1.0, weight > 0.0):
        if chosen.any():
            return chosen
    return np.ones(len(weight), dtype=bool)


def width_needed(sides: FloatArray, frame: CropArea) -> float:
    """Width of the narrowest crop that holds faces of sizes (N, 2), pixels, with their margin; at most the area's."""
    room = np.minimum(sides * (1 + 2 * MARGIN), frame.area_wh)
    # The largest faces in a hundred are mistakes of the detector as often as not.
    return float(np.percentile(np.maximum(room[:, 0], frame.aspect * room[:, 1]), 99))


def _widths(sides: FloatArray, frame: CropArea) -> Span:
    """How wide the crop may be for faces of sizes (N, 2)."""
    width, need = frame.area_wh[0], width_needed(sides, frame)
    if need > width:  # a face higher than any crop in the area
        return Span(need, need, need)
    wished = np.median(
        np.maximum(HEAD_AND_SHOULDERS_WIDTHS * sides[:, 0], frame.aspect * HEAD_AND_SHOULDERS_HEIGHTS * sides[:, 1])
    )
    best = min(max(float(wished), frame.min_width), frame.widest)
    return Span(best, frame.widest, max(frame.widest, min(width, MOST * need)))


def _lead(subject: Subject, face_widths: FloatArray, crop_width: float) -> FloatArray:
    """How far the crop's middle lies from the face's (N,), in pixels: one step for the whole shot, since looks flit."""
    counting = _counting(subject.weight)
    facing = float(np.median(subject.facing[counting]))
    free = max(0.0, (crop_width - float(np.median(face_widths[counting]))) / 2)
    behind = BEHIND * float(np.median(face_widths[counting]))
    return np.where(counting, facing * (min(LOOKING_ROOM * crop_width, free / 2) - min(behind, free / 4)), 0.0)


def _edges(others: list[FloatArray], boxes: FloatArray, crop_width: float) -> Edges | None:
    """Whom of the others, boxes (N, 4) with NaN, to let in beside the subject's boxes (N, 4), and whom to keep out."""
    if not others:
        return None
    edges = Edges(*(np.full(len(boxes), np.nan) for _ in range(4)))
    for each in others:
        there = ~np.isnan(each[:, 0])
        margin = MARGIN * (each[:, 2] - each[:, 0])
        low, high = each[:, 0] - margin, each[:, 2] + margin
        together = np.maximum(high, boxes[:, 2]) - np.minimum(low, boxes[:, 0])
        if (together[there] <= crop_width).mean() >= FIT_SHARE:
            np.fmin(edges.low_at_most, low, out=edges.low_at_most, where=there)
            np.fmax(edges.high_at_least, high, out=edges.high_at_least, where=there)
        else:
            after, before = there & (low >= boxes[:, 2]), there & (high <= boxes[:, 0])
            np.fmin(edges.high_at_most, low, out=edges.high_at_most, where=after)
            np.fmax(edges.low_at_least, high, out=edges.low_at_least, where=before)
    return edges


def _in_heights(options: CameraOptions, frame: CropArea) -> CameraOptions:
    """The same bound on acceleration in widths of the crop, for a programme whose unit is the crop's height."""
    return replace(options, max_acceleration=options.max_acceleration * frame.aspect)


def _boxes(middle_x: FloatArray, middle_y: FloatArray, crop_width: float, frame: CropArea) -> FloatArray:
    """Crops (N, 4) around middles (N,), in the area where they fit into it."""
    corners = []
    lengths = (crop_width, crop_width / frame.aspect)
    for middle, length, limit in zip((middle_x, middle_y), lengths, frame.area_wh, strict=True):
        start = middle - length / 2
        corners.append(np.clip(start, 0.0, limit - length) if length <= limit else start)
    ends = [start + length for start, length in zip(corners, lengths, strict=True)]
    return np.stack([*corners, *ends], axis=1)
