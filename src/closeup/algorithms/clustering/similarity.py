"""How alike two vectors are: unit length and cosine distance, exact where exactness can be had."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDING = 1e-12
"""Cosine distances under this are rounding, not difference: they are returned as exactly 0.

Float64 sums over a few hundred terms err by about 1e-15; two float32 vectors that differ in one bit at all are
at a distance of about 1e-15 too, so nothing that could be told apart is lost.
"""

DECIMALS = 12
"""Of cosines that decide: what is the same must not be put in order by rounding errors."""

SINGLE_ERROR = 1e-5
"""More than a cosine that was worked out in float32 is off; what lies this near to a threshold is asked in float64."""


def cosines(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Dot products of unit vectors, to 12 decimals: the same on every processor, so fit to be compared and ordered.

    Args:
        a: Shape (N, D) or (D,), of length 1.
        b: Shape (M, D) or (D,), of length 1.

    Returns:
        Float64, shape (N, M); without the dimension of what is a single vector.
    """
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.asarray((left @ right.T).round(DECIMALS), dtype=np.float64)


def l2_normalise(vectors: ArrayLike) -> NDArray[np.float64]:
    """Vectors at length 1.

    Args:
        vectors: Shape (N, D), any real dtype, finite, no row all zero. N may be 0.

    Returns:
        Shape (N, D), float64, each row of Euclidean length 1.

    Raises:
        ValueError: The array is not (N, D), holds NaN or infinity, or a row has no direction (all zero).
    """
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"vectors must have the shape (N, D), not {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("vectors must be finite; at least one value is NaN or infinite")
    # By the largest part first: squares of very small or very large values would leave float64's range.
    peak = np.max(np.abs(rows), axis=1, keepdims=True, initial=0.0)
    if (peak == 0).any():
        raise ValueError(f"row {int(np.argmin(peak))} is all zero: a vector without direction has no cosine")
    scaled = rows / peak
    return np.asarray(scaled / np.sqrt(np.sum(scaled * scaled, axis=1, keepdims=True)), dtype=np.float64)


def cosine_distances(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """1 - cos of the angle between every row of one set and every row of another.

    Args:
        a: Shape (N, D), finite, no row all zero; need not be normalised.
        b: Shape (M, D), likewise. When it is the same object as `a`, the answer is exactly symmetric
            and its diagonal exactly 0.

    Returns:
        Shape (N, M), float64, in [0, 2]: 0 the same direction, 1 at right angles, 2 opposite.

    Raises:
        ValueError: As `l2_normalise`, or the two sets differ in D.
    """
    left = l2_normalise(a)
    right = left if b is a else l2_normalise(b)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"vectors of {left.shape[1]} and of {right.shape[1]} numbers cannot be compared")
    distances = np.clip(1.0 - left @ right.T, 0.0, 2.0)
    distances[distances < ROUNDING] = 0.0
    if b is a:
        # A matrix product promises neither of these to the last bit.
        distances = np.minimum(distances, distances.T)
        np.fill_diagonal(distances, 0.0)
    return np.asarray(distances, dtype=np.float64)
