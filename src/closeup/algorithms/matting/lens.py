"""A background as a fast lens would have shown it: each point of light becomes a disc, or the shape of the aperture.

The person is taken out of the background first, and what they hide is filled in from around, so that none of their
light is in the blur. A guard keeps away from the edge of the matte, which is never quite where the person ends.
"""

from math import ceil, pi, sqrt
from typing import Literal

import cv2
import numpy as np

from closeup.algorithms.matting.light import Pixels, to_light
from closeup.algorithms.matting.scaling import shrunk
from closeup.core.types import FloatArray

Shape = Literal["disc", "hexagon"]

LONGEST_PX = 24
"""Radius in pixels of the picture that is blurred; a wider blur is made in a smaller picture, where it is this one."""

_LIFTED, _WHITE = 0.7, 4.0
"""Light from here on may be brighter than the picture can say; what is white is taken to be this bright."""

_SMALL, _LAMP = 0.3, 0.8
"""Light by which a spot is brighter than the mean around it: a lamp from the second on, and no lamp up to the first."""

GUARD = 0.003
"""Of the picture's height: so near to the person the background is not believed to be free of them."""

_CLEAR = 0.02
"""Alpha up to which a pixel shows the background alone."""

_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of the radius, where the blur is not the same everywhere; between them pictures are mixed."""

_SAMPLES = 8
"""Points a pixel's side by which the edge of a kernel is smoothed."""


def kernel(radius_px: float, shape: Shape = "disc") -> FloatArray:
    """What one point of light becomes: (K, K), K odd, sum 1; a hexagon has the area of the disc of that radius."""
    reach = ceil(radius_px)
    if radius_px < 0.5:
        return np.ones((1, 1), np.float32)
    side = (2 * reach + 1) * _SAMPLES
    at = (np.arange(side) + 0.5) / _SAMPLES - reach - 0.5
    x, y = np.meshgrid(at, at)
    if shape == "disc":
        inside = x * x + y * y <= radius_px * radius_px
    else:
        inner = radius_px * sqrt(pi / (2 * sqrt(3)))  # of the hexagon of the disc's area, to the middle of a side
        turned = [abs(x * np.cos(angle) + y * np.sin(angle)) for angle in (0, pi / 3, 2 * pi / 3)]
        inside = np.maximum.reduce(turned) <= inner
    cells = inside.reshape(2 * reach + 1, _SAMPLES, 2 * reach + 1, _SAMPLES).mean(axis=(1, 3))
    return np.asarray(cells / cells.sum(), np.float32)


def lift(light: FloatArray, radius_px: float, known: FloatArray) -> FloatArray:
    """Light (H, W, 3) with small spots that are nearly white as bright as lamps are, so that they become discs.

    White walls and skies stay: they are as bright as what is around them within twice the radius of the blur. Only what
    is `known` (H, W), 0 to 1, to be background counts as around: beside dark clothes every wall would be a lamp.
    """
    brightest = np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2])
    window = (2 * ceil(2 * radius_px) + 1,) * 2
    around = cv2.blur(brightest * known, window) / np.maximum(cv2.blur(known, window), 1e-3)
    lamp = np.clip((brightest - around - _SMALL) / (_LAMP - _SMALL), 0, 1) * (known > 0.5)
    lamp *= np.square(np.clip((brightest - _LIFTED) / (1 - _LIFTED), 0, 1))
    return np.asarray(light * (1 + lamp * np.float32(_WHITE - 1))[..., None], np.float32)


def fill(light: FloatArray, weight: FloatArray) -> FloatArray:
    """A picture (H, W, 3) where `weight` (H, W), 0 to 1, says that it is known, and filled in from around elsewhere.

    Averages of what is known are taken at ever smaller sizes, and blown up to fill (pull and push, Gortler and others
    1996).
    """
    height, width = weight.shape
    if max(height, width) <= 1 or weight.min() >= 1:
        return light
    half = -(-width // 2), -(-height // 2)
    padded = [cv2.copyMakeBorder(each, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE) for each in (light, weight)]
    some = cv2.resize(padded[1], half, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(padded[0] * padded[1][..., None], half, interpolation=cv2.INTER_AREA)
    known = np.asarray(mean / np.maximum(some, 1e-6)[..., None], np.float32)
    below = fill(known, np.minimum(some * 4, 1).astype(np.float32) * (some > 1e-6))
    large = cv2.resize(below, (half[0] * 2, half[1] * 2), interpolation=cv2.INTER_LINEAR)[:height, :width]
    return np.asarray(large + weight[..., None] * (light - large), np.float32)


def blur(light: FloatArray, point: FloatArray) -> FloatArray:
    """A picture (H, W, 3) with each point of light spread over a kernel (K, K); mirrored beyond its edges."""
    if len(point) == 1:
        return light
    return np.asarray(cv2.filter2D(light, cv2.CV_32F, point, borderType=cv2.BORDER_REFLECT), np.float32)


def out_of_focus(
    picture: Pixels,
    alpha: FloatArray,
    ground: FloatArray,
    *,
    radius_px: float,
    shape: Shape = "disc",
    strength: FloatArray | None = None,
    longest_px: int = LONGEST_PX,
) -> FloatArray:
    """What is behind a person, as a lens that is focused on them shows it: linear light, float32 (H, W, 3).

    Args:
        picture: (H, W, 3), uint8 or uint16.
        alpha: Of the person, at any size, (H, W).
        ground: Colours of the background in linear light, at that size, (H, W, 3).
        radius_px: Of the disc that a point becomes, in pixels of the picture.
        shape: Of the aperture.
        strength: Share of the radius, at any size, (H, W), 0 to 1; below a quarter it is blurred by a quarter, and the
            picture itself is to be mixed in.
        longest_px: Radius of the blur in the picture that it is made in, at most; less is faster.
    """
    height, width = picture.shape[:2]
    shares = _SHARES if strength is not None else (1.0,)
    factor = min(1.0, longest_px / max(radius_px * shares[0], 1e-6))
    size_wh = max(1, round(width * factor)), max(1, round(height * factor))
    alpha, ground = (
        np.asarray(cv2.resize(each, size_wh, interpolation=cv2.INTER_LINEAR), np.float32) for each in (alpha, ground)
    )
    reach = round(GUARD * size_wh[1])
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    known = np.square(1 - cv2.dilate(alpha, around))
    seen = lift(shrunk(picture, size_wh, to_light), radius_px * factor, known)
    filled = fill(np.where((alpha < _CLEAR)[..., None], seen, ground), known)
    if strength is None:
        return np.minimum(blur(filled, kernel(radius_px * factor, shape)), 1)
    part = cv2.resize(strength, size_wh, interpolation=cv2.INTER_LINEAR) * len(shares)
    part = np.clip(part, 1, len(shares))
    made = np.zeros_like(filled)
    for number, share in enumerate(shares, 1):
        weight = np.maximum(1 - np.abs(part - number), 0)[..., None]
        if weight.any():
            made += weight * _blurred_smaller(filled, radius_px * share * factor, shape, longest_px)
    return np.minimum(made, 1)


def _blurred_smaller(light: FloatArray, radius_px: float, shape: Shape, longest_px: int) -> FloatArray:
    """A picture (H, W, 3), blurred in a smaller one where the radius is large."""
    factor = min(1.0, longest_px / max(radius_px, 1e-6))
    height, width = light.shape[:2]
    small = max(1, round(width * factor)), max(1, round(height * factor))
    less = light if factor == 1 else cv2.resize(light, small, interpolation=cv2.INTER_AREA)
    made = blur(np.asarray(less, np.float32), kernel(radius_px * factor, shape))
    return made if factor == 1 else np.asarray(cv2.resize(made, (width, height)), np.float32)
