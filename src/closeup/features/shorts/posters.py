"""The poster of a short: its best moment of the person, as the camera shows it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import Cast, Face, Image
from closeup.features.shorts.finished import FramedPiece, Poster, time_in_short
from closeup.features.shorts.plan import Piece
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.image import encode_jpeg

JPEG_QUALITY = 90

_BLUR = 0.04
"""Blur of what stands behind a crop that reaches beyond the picture, as a share of the panel's width."""

_DARKENED = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class PosterSource:
    """Where posters come from.

    Attributes:
        video: The source video; `times` when its frames are shown.
        cast: Who is in it.
        person: Id of the person whom the shorts are about.
        size_wh: Width and height of a poster in pixels: those of the finished short.
    """

    video: Path
    times: FrameTimes
    cast: Cast
    person: str
    size_wh: tuple[int, int]


def poster_frame(cast: Cast, person: str, pieces: Sequence[Piece]) -> int:
    """The frame of the pieces with the best picture of the person's face, of equals the earliest.

    Where none of their faces was looked at, the middle of the longest piece. There must be at least one piece.
    """
    faces = [
        face
        for track in cast.tracks
        if track.person == person
        for face in track.faces
        if any(piece.start_frame <= face.frame < piece.end_frame for piece in pieces)
    ]
    if faces:
        return min(faces, key=lambda face: (-_quality(face), -face.score, face.frame)).frame
    longest = max(pieces, key=lambda piece: piece.length_s)
    return (longest.start_frame + longest.end_frame) // 2


def make_posters(source: PosterSource, shorts: Sequence[Sequence[FramedPiece]]) -> tuple[Poster, ...]:
    """Make the posters of shorts, each given by its pieces with the camera, in one pass over the video.

    Raises:
        InputError: If the video cannot be read, or is another than the one that the times are of.
    """
    wanted = [poster_frame(source.cast, source.person, [framed.piece for framed in short]) for short in shorts]
    ranges = [(frame, frame + 1) for frame in sorted(set(wanted))]
    pictures: dict[int, Image] = {}
    with closing(excerpt_frames(source.video, source.times, ranges)) as frames:
        for frame in frames:
            pictures[frame.index] = frame.rgb()
    return tuple(_poster(pictures[frame], frame, short, source) for frame, short in zip(wanted, shorts, strict=True))


def _poster(picture: Image, frame: int, short: Sequence[FramedPiece], source: PosterSource) -> Poster:
    framed = next(each for each in short if each.piece.start_frame <= frame < each.piece.end_frame)
    boxes = [crops[frame - framed.piece.start_frame] for crops in framed.framing.panels]
    time_s = time_in_short([each.piece for each in short], float(source.times.start(frame)))
    return Poster(encode_jpeg(compose(picture, boxes, source.size_wh), JPEG_QUALITY), frame, time_s)


def compose(picture: Image, boxes_xyxy: Sequence[NDArray[np.float64]], size_wh: tuple[int, int]) -> Image:
    """What a short shows of one picture: each crop fills its panel, one above the other.

    Args:
        picture: Shape (H, W, 3), RGB uint8.
        boxes_xyxy: Crops of shape (4,) in pixels, one for each panel. Where one reaches beyond the picture, a blurred
            and darkened copy of the picture fills it.
        size_wh: Width and height of the result.

    Returns:
        Shape (h, w, 3), RGB uint8.
    """
    edges = np.linspace(0, size_wh[1], len(boxes_xyxy) + 1).round().astype(int)
    panels = [
        _panel(picture, box, (size_wh[0], int(high - low)))
        for box, low, high in zip(boxes_xyxy, edges[:-1], edges[1:], strict=True)
    ]
    return np.concatenate(panels)


def _panel(picture: Image, box_xyxy: NDArray[np.float64], size_wh: tuple[int, int]) -> Image:
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box_xyxy.tolist()
    inside = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        return _backdrop(picture, size_wh)
    scale = size_wh[0] / (x1 - x0)
    low_x, low_y, high_x, high_y = (
        round((edge - start) * scale) for edge, start in zip(inside, (x0, y0, x0, y0), strict=True)
    )
    high_x, high_y = min(max(high_x, low_x + 1), size_wh[0]), min(max(high_y, low_y + 1), size_wh[1])
    cut = picture[_pixels(inside[1], inside[3]), _pixels(inside[0], inside[2])]
    filled = scaled(cut, (high_x - low_x, high_y - low_y))
    if filled.shape[:2] == (size_wh[1], size_wh[0]):
        return filled
    panel = _backdrop(picture, size_wh)
    panel[low_y:high_y, low_x:high_x] = filled
    return panel


def _pixels(low: float, high: float) -> slice:
    """The whole pixels nearest to an interval; at least one."""
    return slice(min(round(low), round(high) - 1), round(high))


def scaled(picture: Image, size_wh: tuple[int, int]) -> Image:
    """A picture (H, W, 3), RGB uint8, at another size, averaged where it shrinks, smooth where it grows: (h, w, 3)."""
    method = cv2.INTER_AREA if size_wh[0] < picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size_wh, interpolation=method), dtype=np.uint8)


def _backdrop(picture: Image, size_wh: tuple[int, int]) -> Image:
    """The picture (H, W, 3) so large that it covers a panel, blurred and darkened: (h, w, 3)."""
    scale = max(size_wh[0] / picture.shape[1], size_wh[1] / picture.shape[0])
    width, height = (max(each, round(side * scale)) for side, each in zip(picture.shape[1::-1], size_wh, strict=True))
    whole = scaled(picture, (width, height))
    x, y = (width - size_wh[0]) // 2, (height - size_wh[1]) // 2
    cut = whole[y : y + size_wh[1], x : x + size_wh[0]]
    soft = cv2.GaussianBlur(cut, (0, 0), max(_BLUR * size_wh[0], 1.0))
    return np.asarray(np.rint(soft * _DARKENED), dtype=np.uint8)


def _quality(face: Face) -> float:
    return face.quality.total if face.quality is not None else 0.0
