"""The colours of the person and of what is behind, where a pixel is a mixture of both.

The multi-level method of Germer, Uelwer, Conrad and Harmeling (2020): every pixel's two colours must mix to what is
seen and be near to those of their neighbours, nearer where alpha is even; solved at a tiny size first, and each
solution is where the next larger one starts. Beyond a working size only the pixels that are mixtures are solved for:
elsewhere one of the two colours is what is seen, and the other is not.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.matting.scaling import sampled
from closeup.core.types import FloatArray

_EVEN, _ALPHA = 1e-5, 1.0
"""What neighbours count wherever they are, and by how much alpha differs between them; both as in the paper."""

_SMALL_PX, _SMALL_ROUNDS, _ROUNDS, _ROUNDS_AT_FULL_SIZE = 32, 10, 2, 3
"""Rounds of a level up to this size, of larger ones (as in the paper), and of mixed pixels beyond the working size."""

MIXED = 0.002
"""Alpha so far from 0 and 1 is a mixture."""

_LEAST = 1e-3
"""Alpha below which it says nothing of how bright a colour can be."""

_ASIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


def estimate_colours(light: FloatArray, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The person's colours and the background's, each float32 (H, W, 3), of a picture in linear light.

    Args:
        light: What is seen, (H, W, 3).
        alpha: How much of each pixel is the person, (H, W), 0 to 1.
    """
    height, width = alpha.shape
    levels = max(1, int(np.ceil(np.log2(max(width, height)))))
    both: FloatArray = np.full((1, 1, 6), np.tile(light.mean(axis=(0, 1)), 2), np.float32)
    for level in range(levels + 1):
        size_wh = round(width ** (level / levels)), round(height ** (level / levels))
        seen = np.asarray(cv2.resize(light, size_wh, interpolation=cv2.INTER_AREA), np.float32)
        mixture = np.asarray(cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA), np.float32)
        both = np.asarray(cv2.resize(both, size_wh, interpolation=cv2.INTER_NEAREST), np.float32)
        _solve(seen, mixture, both, _SMALL_ROUNDS if max(size_wh) <= _SMALL_PX else _ROUNDS)
    return np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3:])


def _solve(seen: FloatArray, alpha: FloatArray, both: FloatArray, rounds: int) -> None:
    """Both colours of every pixel, (H, W, 6), from those of its neighbours, some times, in place."""
    height, width = alpha.shape
    padded = np.pad(alpha, 1, mode="edge")
    places = [(slice(1 + down, 1 + down + height), slice(1 + across, 1 + across + width)) for down, across in _ASIDE]
    weights = [(np.float32(_EVEN) + np.float32(_ALPHA) * np.abs(alpha - padded[at]))[..., None] for at in places]
    mixture = _Mixture(seen, alpha[..., None], weights)
    for _ in range(rounds):
        wider = cv2.copyMakeBorder(both, 1, 1, 1, 1, cv2.BORDER_REPLICATE).reshape(height + 2, width + 2, 6)
        around = np.asarray(wider, np.float32)
        mixture.settle(both, (around[at] for at in places))


def refine_colours(
    seen: FloatArray,
    alpha: FloatArray,
    person: FloatArray,
    ground: FloatArray,
    *,
    top: int = 0,
    height: int = 0,
) -> tuple[NDArray[np.bool_], FloatArray]:
    """The person's colours in the mixed pixels of some rows of a picture, at its full size.

    Args:
        seen: Linear light (R, W, 3).
        alpha: Of the person, (R, W), 0 to 1.
        person: The colours of the whole picture to start from, at a smaller size, (h, w, 3); `ground` likewise.
        top: The first of the rows in the picture, which has `height` of them; 0 for no more than there are here.

    Returns:
        Which pixels are mixed, (R, W), and their colours, (N, 3).
    """
    mixed = (alpha > MIXED) & (alpha < 1 - MIXED)
    own = np.flatnonzero(mixed)
    if not len(own):
        return mixed, np.zeros((0, 3), np.float32)
    # Only these pixels and those beside them are looked at: all else is one or the other, and is not asked for.
    rows, columns = np.nonzero(cv2.dilate(mixed.astype(np.uint8), _CROSS))
    size_wh = alpha.shape[1], height or alpha.shape[0]
    number = np.empty(alpha.shape, np.intp)
    number[rows, columns] = np.arange(len(rows))
    within, of_seen = alpha[rows, columns][:, None], seen[rows, columns]
    both = sampled(np.concatenate([person, ground], axis=2), rows + top, columns, size_wh)
    both[:, :3] = np.where(within >= 1 - MIXED, of_seen, both[:, :3])
    both[:, 3:] = np.where(within <= MIXED, of_seen, both[:, 3:])
    mine = number.reshape(-1)[own]
    here, across = np.divmod(own, alpha.shape[1])
    beside = [
        number[np.clip(here + down, 0, alpha.shape[0] - 1), np.clip(across + right, 0, alpha.shape[1] - 1)]
        for down, right in _ASIDE
    ]
    shares = within[mine]
    weights = [np.float32(_EVEN) + np.float32(_ALPHA) * np.abs(shares - within[there]) for there in beside]
    mixture, found = _Mixture(of_seen[mine], shares, weights), both[mine]
    for _ in range(_ROUNDS_AT_FULL_SIZE):
        mixture.settle(found, (both.take(there, axis=0) for there in beside))
        both[mine] = found
    return mixed, found[:, :3]


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class _Mixture:
    """Finds the two colours that mix to what is seen and are nearest to the weighted sums of their neighbours'.

    Neither can give more light than is seen: with a matte that is soft where the picture is not, that would glow.
    """

    def __init__(self, seen: FloatArray, alpha: FloatArray, weights: Sequence[FloatArray]) -> None:
        """Prepare for pixels of light (..., 3), alpha (..., 1), whose neighbours count `weights`, (..., 1) each."""
        rest, total = 1 - alpha, weights[0] + weights[1] + weights[2] + weights[3]
        a, b, d = alpha * alpha + total, alpha * rest, rest * rest + total
        scale = 1 / (a * d - b * b)
        self._weights, self._a, self._b, self._d = weights, a * scale, b * scale, d * scale
        # What the picture itself asks for: the part of the answer that is the same in every round.
        self._person, self._ground = (
            (self._d * alpha - self._b * rest) * seen,
            (self._a * rest - self._b * alpha) * seen,
        )
        self._most = [np.minimum(seen / np.maximum(part, _LEAST), 1) for part in (alpha, rest)]

    def settle(self, both: FloatArray, around: Iterable[FloatArray]) -> None:
        """Set both colours (..., 6) to what fits those of the four neighbours, each (..., 6)."""
        sums: FloatArray | None = None
        for weight, each in zip(self._weights, around, strict=True):
            sums = weight * each if sums is None else np.add(sums, weight * each, out=sums)
        assert sums is not None
        person, ground = sums[..., :3], sums[..., 3:]
        for place, own, (one, two), fixed, most in (
            (slice(0, 3), person, (self._d, ground), self._person, self._most[0]),
            (slice(3, 6), ground, (self._a, person), self._ground, self._most[1]),
        ):
            np.clip(fixed + one * own - self._b * two, 0, most, out=both[..., place])
