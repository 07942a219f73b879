"""The colours of the person and of what is behind, where a pixel is a mixture of both.

The multi-level method of Germer, Uelwer, Conrad and Harmeling (2020): every pixel's two colours must mix to what is
seen and be near to those of their neighbours, nearer where alpha is even; solved at a tiny size first, and each
solution is where the next larger one starts. Beyond a working size only the pixels that are mixtures are solved for:
elsewhere one of the two colours is what is seen, and the other is not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

_EVEN, _ALPHA = 1e-5, 1.0
"""What neighbours count wherever they are, and by how much alpha differs between them; both as in the paper."""

_SMALL_PX, _SMALL_ROUNDS, _ROUNDS = 32, 10, 2
"""Rounds of a level up to this size, and of larger ones; as in the paper."""

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
    total = np.sum(weights, axis=0)
    for _ in range(rounds):
        around = cv2.copyMakeBorder(both, 1, 1, 1, 1, cv2.BORDER_REPLICATE).reshape(height + 2, width + 2, 6)
        sums = sum(weight * around[at] for weight, at in zip(weights, places, strict=True))
        both[..., :3], both[..., 3:] = _solved(seen, alpha[..., None], total, sums[..., :3], sums[..., 3:])


def refine_colours(
    seen: FloatArray, alpha: FloatArray, person: FloatArray, ground: FloatArray, rounds: int = 3
) -> tuple[NDArray[np.bool_], FloatArray]:
    """The person's colours in the mixed pixels of a part of a picture, at its full size.

    Args:
        seen: Linear light (H, W, 3).
        alpha: Of the person, (H, W), 0 to 1.
        person: The colours (H, W, 3) to start from, of a smaller size brought to this one; `ground` likewise.
        rounds: How often each is solved for.

    Returns:
        Which pixels are mixed, (H, W), and their colours, (N, 3).
    """
    mixed = (alpha > MIXED) & (alpha < 1 - MIXED)
    rows, columns = np.nonzero(mixed)
    if not len(rows):
        return mixed, np.zeros((0, 3), np.float32)
    person = np.where((alpha >= 1 - MIXED)[..., None], seen, person)
    ground = np.where((alpha <= MIXED)[..., None], seen, ground)
    height, width = alpha.shape
    own = rows * width + columns
    beside = [
        np.clip(rows + down, 0, height - 1) * width + np.clip(columns + across, 0, width - 1) for down, across in _ASIDE
    ]
    flat_alpha, both = alpha.reshape(-1, 1), np.concatenate([person.reshape(-1, 3), ground.reshape(-1, 3)], axis=1)
    mine, looks = flat_alpha[own], seen.reshape(-1, 3)[own]
    each = [np.float32(_EVEN) + np.float32(_ALPHA) * np.abs(mine - flat_alpha[there]) for there in beside]
    for _ in range(rounds):
        sums = each[0] * both.take(beside[0], axis=0)
        for weight, there in zip(each[1:], beside[1:], strict=True):
            sums += weight * both.take(there, axis=0)
        both[own, :3], both[own, 3:] = _solved(looks, mine, sum(each), sums[:, :3], sums[:, 3:])
    return mixed, both[own, :3]


def _solved(
    seen: FloatArray, alpha: FloatArray, weights: FloatArray, person: FloatArray, ground: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The two colours that mix to what is seen and are nearest to the weighted sums of their neighbours'.

    Neither can give more light than is seen: with a matte that is soft where the picture is not, that would glow.
    """
    rest = 1 - alpha
    a, b, d = alpha * alpha + weights, alpha * rest, rest * rest + weights
    one, two = alpha * seen + person, rest * seen + ground
    scale = 1 / (a * d - b * b)
    most = np.minimum(seen / np.maximum(alpha, _LEAST), 1), np.minimum(seen / np.maximum(rest, _LEAST), 1)
    return np.clip((d * one - b * two) * scale, 0, most[0]), np.clip((a * two - b * one) * scale, 0, most[1])
