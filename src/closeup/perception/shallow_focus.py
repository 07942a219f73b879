"""One picture and its matte to a portrait: found edges, parted colours, a blurred background, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from closeup.algorithms.matting.colours import estimate_colours
from closeup.algorithms.matting.edges import EdgeModel, fit_edges
from closeup.algorithms.matting.focus import AlphaOf, Layers, composed, cut_out, grain_of
from closeup.algorithms.matting.lens import LONGEST_PX, Shape, blur, kernel, out_of_focus
from closeup.algorithms.matting.light import Pixels, to_levels, to_light
from closeup.algorithms.matting.scaling import shrunk
from closeup.core.boxes import fitted
from closeup.core.errors import InputError
from closeup.core.types import FloatArray, Image
from closeup.media.image import read_image

BLUR = 0.025
"""Radius of the blur where nothing else is said, as a share of the picture's height."""

TRANSPARENT = "transparent"

PHOTO_PX, VIDEO_PX = 512, 320
"""Longer side of the picture in which edges and colours are fitted; the fit is applied to every pixel."""

VIDEO_COLOURS_PX, VIDEO_BLUR_PX = 192, 8
"""Longer side of that in which the colours of a video are estimated, and radius that its blur is made with: faster, and
what moves shows less."""

AlphaAt = Callable[[FloatArray, slice, tuple[int, int]], FloatArray]
"""Alpha (R, W) of some rows of a picture, by its light (R, W, 3) and its (width, height): `EdgeModel.apply`."""

OFF = 3 / 512
"""By how much of the longer side the network's edge may be off: half again as much as one of its cells."""

PRESENT = 0.002
"""Part of a picture that somebody has to fill to count as there."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallPicture:
    """A picture in the size that it is fitted in.

    Attributes:
        light: Linear, (H, W, 3).
        image: The same as RGB uint8 (H, W, 3).
    """

    light: FloatArray
    image: Image


def small_picture(picture: Pixels, longer_px: int = PHOTO_PX) -> SmallPicture:
    """A picture (H, W, 3) in the size that it is fitted in."""
    light = shrunk(picture, fitted((picture.shape[1], picture.shape[0]), longer_px), to_light)
    return SmallPicture(light, np.rint(to_levels(light)).astype(np.uint8))


def fitted_edges(small: SmallPicture, alpha: FloatArray) -> EdgeModel:
    """The edge of a network's matte (H, W) found again in the picture."""
    return fit_edges(small.light, alpha, max(1, round(OFF * max(alpha.shape))))


def alpha_by(model: EdgeModel, size_wh: tuple[int, int]) -> AlphaOf:
    """What gives alpha (R, W) for rows of a picture of (width, height)."""
    return lambda light, rows: model.apply(light, rows, size_wh)


def small_alpha(small: SmallPicture, model: EdgeModel) -> FloatArray:
    """Alpha of the small picture, (H, W)."""
    height, width = model.alpha.shape
    return model.apply(small.light, slice(0, height), (width, height))


class Lens:
    """What is behind people in portraits of one kind."""

    def __init__(self, radius: float | None = None, shape: Shape = "disc", background: str = "") -> None:
        """Read the background, where another is asked for.

        Args:
            radius: Of the blur, as a share of the picture's height; None for 0.025, or 0 with another background.
            shape: Of the aperture.
            background: What is put behind them in place of what is there: a picture, a colour as #336699, or
                transparent.

        Raises:
            InputError: If the background is neither a colour nor a picture that can be read.
        """
        self.radius = (0.0 if background else BLUR) if radius is None else radius
        self.shape: Shape = shape
        self.transparent = background == TRANSPARENT
        self._backdrop = None
        if background and not self.transparent:
            self._backdrop = _backdrop(background)

    @property
    def by_depth(self) -> bool:
        """Whether distance could change it."""
        return self._backdrop is None and not self.transparent and self.radius > 0

    def portrait(
        self,
        picture: Pixels,
        small: SmallPicture,
        alpha_at: AlphaAt,
        *,
        strength: FloatArray | None = None,
        grain: float | None = None,
        seed: int = 0,
    ) -> Pixels:
        """The portrait of a picture (H, W, 3), of its size and type; RGBA (H, W, 4) if it is transparent.

        Args:
            picture: Upright RGB, uint8 or uint16.
            small: The same, small.
            alpha_at: Alpha of those who stay in focus.
            strength: Of the blur, at any size, (H, W), 0 to 1; None for 1 everywhere.
            grain: Of the background, in levels of 8 bits, of a frame of a video, which is made faster; None is for a
                photo, and measures it.
            seed: Of the grain.
        """
        height, width = picture.shape[:2]
        small_height, small_width = small.image.shape[:2]
        alpha = alpha_at(small.light, slice(0, small_height), (small_width, small_height))

        def alpha_of(light: FloatArray, rows: slice) -> FloatArray:
            return alpha_at(light, rows, (width, height))

        size_wh = fitted((small_width, small_height), VIDEO_COLOURS_PX if grain is not None else PHOTO_PX)
        light, mixture = (
            np.asarray(cv2.resize(each, size_wh, interpolation=cv2.INTER_AREA), np.float32)
            for each in (small.light, alpha)
        )
        person, ground = estimate_colours(light, mixture)
        if self.transparent:
            return cut_out(picture, alpha_of, person, ground)
        radius_px = self.radius * height
        if self._backdrop is not None:
            behind = _covering(self._backdrop, (width, height))
            behind = blur(behind, kernel(radius_px * behind.shape[0] / height, self.shape))
            return composed(picture, alpha_of, Layers(person, ground, behind), seed)
        if radius_px <= 0:
            return picture
        ground_at = np.asarray(cv2.resize(ground, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
        behind = out_of_focus(
            picture,
            alpha,
            ground_at,
            radius_px=radius_px,
            shape=self.shape,
            strength=strength,
            longest_px=VIDEO_BLUR_PX if grain is not None else LONGEST_PX,
        )
        grain = grain_of(picture, alpha) if grain is None else grain
        layers = Layers(person, ground, behind, strength, grain)
        return composed(picture, alpha_of, layers, seed)


def _backdrop(given: str) -> FloatArray:
    """A colour or a picture as linear light, (H, W, 3)."""
    if given.startswith("#"):
        digits = given[1:] if len(given) == 7 else "".join(digit * 2 for digit in given[1:])
        try:
            colour = np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(1, 1, 3)
        except ValueError:
            raise InputError(f"{given} is no colour.", "Write red, green and blue as #336699.") from None
        return to_light(colour)
    if given.casefold() in _COLOURS:
        return to_light(np.array(_COLOURS[given.casefold()], np.uint8).reshape(1, 1, 3))
    if not Path(given).exists():
        named = ", ".join(_COLOURS)
        raise InputError(
            f"The background {given!r} is no picture that is there, and no colour.",
            f"Give a picture, a colour as #336699, {named}, or {TRANSPARENT}.",
        )
    image = read_image(Path(given))
    return shrunk(image, fitted((image.shape[1], image.shape[0]), _BACKDROP_PX), to_light)


_BACKDROP_PX = 4096
"""Longer side of another background; larger ones are made smaller."""

_COLOURS = {"black": (0, 0, 0), "white": (255, 255, 255), "grey": (128, 128, 128), "green": (0, 177, 64)}


def _covering(light: FloatArray, size_wh: tuple[int, int]) -> FloatArray:
    """The middle of a background in the shape of (width, height), no larger than either is."""
    height, width = light.shape[:2]
    if (width, height) == (1, 1):
        return light
    scale = max(size_wh[0] / width, size_wh[1] / height)
    across, down = min(width, round(size_wh[0] / scale)), min(height, round(size_wh[1] / scale))
    left, top = (width - across) // 2, (height - down) // 2
    part = light[top : top + max(down, 1), left : left + max(across, 1)]
    if scale < 1:
        part = np.asarray(cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA), np.float32)
    return np.ascontiguousarray(part)
