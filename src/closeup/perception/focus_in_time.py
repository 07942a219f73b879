"""Shallow focus in a video: the matte held steady through each shot, and the picture put together anew.

The pixels that stay in focus are never taken to RGB and back: they keep the numbers that the video stores.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.matting.focus import full_alpha, grain_of
from closeup.algorithms.matting.steady import STILL, SteadyMatte
from closeup.core.types import FloatArray, Image
from closeup.media.planes import Plane, Planes
from closeup.media.video import DecodedFrame
from closeup.perception.kept_faces import Faces
from closeup.perception.matte import PersonMatte
from closeup.perception.shallow_focus import VIDEO_PX, Lens, SmallPicture, alpha_by, fitted_edges, small_picture

Region = tuple[slice, slice]
"""Rows and columns of a picture, from even numbers on."""


@dataclass(frozen=True, slots=True, eq=False)
class CutOutFrame:
    """A frame with its steady matte.

    Attributes:
        frame: As it was decoded.
        region: What of it is changed.
        image: That, as RGB (H, W, 3).
        small: The same, small.
        alpha: Of those who stay in focus, (H, W).
        strength: How much is out of focus where, at any size, (H, W); None for all of it everywhere.
        grain: Of the background, in levels of 8 bits.
    """

    frame: DecodedFrame
    region: Region
    image: Image
    small: SmallPicture
    alpha: FloatArray
    strength: FloatArray | None
    grain: float


class FocusInTime:
    """Cuts people out of the frames of a video, in their order; where they are still, so is their matte."""

    def __init__(self, network: PersonMatte, *, by_depth: bool) -> None:
        self._network, self._by_depth = network, by_depth
        self._before: tuple[object, ...] = ()
        self._steady, self._grain = SteadyMatte(), 0.0
        self._ground: FloatArray | None = None

    def cut_out(self, frame: DecodedFrame, faces: Faces, shot: int, region: Region | None = None) -> CutOutFrame:
        """One frame, (H, W, 3), with its matte.

        Args:
            frame: The next one; some may be left out.
            faces: In shares of the region, and who of them is kept.
            shot: Of the frame. In another, or in another region, nothing of the matte before is held.
            region: What of it is to be changed; None for all.
        """
        image = frame.rgb()
        rows, columns = region = region or (slice(0, image.shape[0]), slice(0, image.shape[1]))
        image = np.ascontiguousarray(image[rows, columns])
        small = small_picture(image, VIDEO_PX)
        own, others = faces.chosen(self._network.alpha(small.image))
        now = (shot, rows.start, rows.stop, columns.start, columns.stop)
        if now != self._before:
            self._before, self._steady, self._ground = now, SteadyMatte(), None
            self._grain = grain_of(image, own)
        alpha = full_alpha(image, alpha_by(fitted_edges(small, own), (image.shape[1], image.shape[0])))
        alpha = self._steady.step(small.image, alpha)
        if self._by_depth:
            self._ground = _held(self._ground, faces.strength(_shrunk(alpha, small), others), own.shape)
        return CutOutFrame(frame, region, image, small, alpha, self._ground, self._grain)


def _shrunk(alpha: FloatArray, small: SmallPicture) -> FloatArray:
    """Alpha (H, W) in the size of the small picture."""
    return np.asarray(cv2.resize(alpha, small.image.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)


def _held(held: FloatArray | None, found: FloatArray | None, shape: tuple[int, ...]) -> FloatArray | None:
    """The strength of the blur, (H, W), which changes no faster than a still matte does: feet come and go."""
    if held is None:
        return found
    return np.asarray(held + STILL * ((np.ones(shape, np.float32) if found is None else found) - held), np.float32)


def focused_planes(cut: CutOutFrame, look: Lens) -> Planes:
    """A frame as the lens shows it: the video's own numbers wherever nothing changed."""
    rows, columns = cut.region
    own = cut.frame.planes()
    planes = Planes(own.y.copy(), own.u.copy(), own.v.copy(), own.siting_xy)
    small = _shrunk(cut.alpha, cut.small)
    made = look.portrait(
        cut.image,
        cut.small,
        lambda _, rows, size_wh: (cut.alpha if size_wh == cut.alpha.shape[::-1] else small)[rows],
        strength=cut.strength,
        grain=cut.grain,
        seed=cut.frame.index,
    )
    red, green, blue = (made[..., place] != cut.image[..., place] for place in range(3))
    changed = red | green | blue  # ten times as fast as any(axis=2)
    yuv = cut.frame.colour.yuv(np.asarray(made, np.uint8))
    _put(planes.y[rows, columns], changed, yuv[..., 0])
    height, width = changed.shape
    odd = (0, height % 2), (0, width % 2)
    half = -(-height // 2), -(-width // 2)
    some = np.asarray(np.pad(changed, odd).reshape(half[0], 2, half[1], 2).any(axis=(1, 3)))
    colours = np.pad(yuv[..., 1:], (*odd, (0, 0)), mode="edge")
    colours = np.asarray(cv2.resize(colours, half[::-1], interpolation=cv2.INTER_AREA))
    there = slice(rows.start // 2, rows.start // 2 + half[0]), slice(columns.start // 2, columns.start // 2 + half[1])
    for plane, place in ((planes.u, 0), (planes.v, 1)):
        _put(plane[there], some, colours[..., place])
    return planes


def _put(plane: Plane, where: NDArray[np.bool_], values: FloatArray) -> None:
    plane[where] = np.rint(values[where]).astype(np.uint8)
