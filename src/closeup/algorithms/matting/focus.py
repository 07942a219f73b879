"""A picture put together anew: the person as they are, before what is to be behind them; some rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.matting.colours import MIXED, refine_colours
from closeup.algorithms.matting.light import Pixels, to_levels, to_light
from closeup.algorithms.matting.scaling import enlarged, strips
from closeup.core.types import FloatArray

AlphaOf = Callable[[FloatArray, slice], FloatArray]
"""Alpha (R, W) of some rows of a picture, whose light (R, W, 3) is given."""

_MARGIN = 4
"""Rows that strips share, so that no seam is seen where one ends."""

_SOFTEST = 4.0
"""Up to this part of the full blur, 1 / 4, the sharp picture is mixed in; see `lens.out_of_focus`."""


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What a picture is put together from: linear light, each at a size of its own.

    Attributes:
        person: The person's colours, (H, W, 3); `ground` those of what is behind, as it is.
        behind: What is to be behind, (H, W, 3).
        strength: How much out of focus that is, (H, W), 0 to 1: at 0 the picture stays as it is; None for 1.
        grain: Standard deviation of the noise that `behind` has lost, in levels of 8 bits.
    """

    person: FloatArray
    ground: FloatArray
    behind: FloatArray
    strength: FloatArray | None = None
    grain: float = 0.0


def composed(picture: Pixels, alpha_of: AlphaOf, layers: Layers, seed: int = 0) -> Pixels:
    """The person of a picture (H, W, 3) before another background, of the same shape and type.

    Where alpha is 1, every number stays as it was. Grain is the same for the same `seed`.
    """
    height, width = picture.shape[:2]
    top = float(np.iinfo(picture.dtype).max)
    out, random = np.empty_like(picture), np.random.default_rng(seed)
    for rows in strips((width, height)):
        light, alpha, mixed, colours = _cut(picture, alpha_of, layers, rows)
        behind = enlarged(layers.behind, rows, (width, height))
        share = alpha[mixed][:, None]
        made = behind.copy()
        made[mixed] = share * colours + (1 - share) * behind[mixed]
        if layers.strength is not None:
            strength = np.minimum(enlarged(layers.strength, rows, (width, height)) * _SOFTEST, 1)[..., None]
            made = light + strength * (made - light)
        levels = to_levels(made, picture.dtype)
        if layers.grain:
            grain = random.standard_normal(alpha.shape, np.float32) * np.float32(layers.grain * top / 255)
            levels += (grain * (1 - alpha))[..., None]
        levels = np.clip(np.rint(levels), 0, top).astype(picture.dtype)
        out[rows] = np.where((alpha >= 1 - MIXED)[..., None], picture[rows], levels)
    return out


def cut_out(picture: Pixels, alpha_of: AlphaOf, person: FloatArray, ground: FloatArray) -> Pixels:
    """The person alone: (H, W, 4), straight alpha, with their own colours where the background shone through."""
    height, width = picture.shape[:2]
    top = np.iinfo(picture.dtype).max
    out = np.zeros((height, width, 4), picture.dtype)
    for rows in strips((width, height)):
        _, alpha, mixed, colours = _cut(picture, alpha_of, Layers(person, ground, ground), rows)
        whole = out[rows]
        whole[..., :3] = np.where((alpha >= 1 - MIXED)[..., None], picture[rows], 0)
        whole[mixed, :3] = np.rint(to_levels(colours, picture.dtype))
        whole[..., 3] = np.rint(alpha * top)
    return out


def full_alpha(picture: Pixels, alpha_of: AlphaOf) -> FloatArray:
    """Alpha of all of a picture (H, W, 3): float32 (H, W), 0 to 1."""
    out = np.empty(picture.shape[:2], np.float32)
    for rows in strips((picture.shape[1], picture.shape[0])):
        out[rows] = alpha_of(to_light(picture[rows]), rows)
    return out


def grain_of(picture: Pixels, alpha: FloatArray) -> float:
    """Standard deviation of a picture's noise in its background, in levels of 8 bits; 0 where it has none.

    The mean of the second differences of second differences (Immerkaer 1996), in squares of 16 pixels; a tenth of the
    squares have less, for texture is no noise.

    Args:
        picture: (H, W, 3), uint8 or uint16.
        alpha: Of the person, at any size, (H, W).
    """
    height, width = picture.shape[0] // 16, picture.shape[1] // 16
    if not height or not width:
        return 0.0
    every = max(1, int(np.sqrt(height * width / 1024)))
    rows, columns = (np.arange(0, count, every) for count in (height, width))
    at = np.minimum((rows + 0.5) / height * alpha.shape[0], alpha.shape[0] - 1).astype(np.intp)
    across = np.minimum((columns + 0.5) / width * alpha.shape[1], alpha.shape[1] - 1).astype(np.intp)
    found = []
    for row, alphas in zip(rows, alpha[at][:, across], strict=True):
        strip = picture[row * 16 : row * 16 + 16, : width * 16, 1].astype(np.float32)
        second = strip[:-2] - 2 * strip[1:-1] + strip[2:]
        second = np.abs(second[:, :-2] - 2 * second[:, 1:-1] + second[:, 2:])
        means = np.pad(second, ((0, 0), (1, 1))).reshape(14, width, 16).mean(axis=(0, 2)) * (16 / 14)
        found += means[columns][alphas < 0.01].tolist()
    if not found:
        return 0.0
    scale = np.sqrt(np.pi / 2) / 6 * 255 / np.iinfo(picture.dtype).max
    return float(min(np.quantile(found, 0.1) * scale, _MOST_GRAIN))


_MOST_GRAIN = 8.0
"""More is no grain, or a picture that nobody wants more of it in."""


def _cut(
    picture: Pixels, alpha_of: AlphaOf, layers: Layers, rows: slice
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_], FloatArray]:
    """Light and alpha of some rows, which pixels of theirs are mixed, and the person's colours (N, 3) in these."""
    height = picture.shape[0]
    wide = slice(max(rows.start - _MARGIN, 0), min(rows.stop + _MARGIN, height))
    own = slice(rows.start - wide.start, rows.stop - wide.start)
    light = to_light(picture[wide])
    alpha = alpha_of(light, wide)
    mixed, colours = refine_colours(light, alpha, layers.person, layers.ground, top=wide.start, height=height)
    numbered = np.cumsum(mixed.sum(axis=1))
    before = int(numbered[own.start - 1]) if own.start else 0
    return light[own], alpha[own], mixed[own], colours[before : int(numbered[own.stop - 1])]
