"""The similarity transform (scale, rotation, shift) that lays one set of points best onto another."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FLAT = 1e-9
"""Points whose spread is under this part of their distance from the origin count as one point."""


def similarity_transform(source_xy: ArrayLike, target_xy: ArrayLike) -> NDArray[np.float64]:
    """Least-squares scale, rotation and shift, never a reflection, that takes source points to target points.

    From: S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    IEEE TPAMI 13(4), 1991, equations 38 to 43.

    Args:
        source_xy: Shape (N, 2), N of at least 2, finite; for faces, five landmarks in pixels.
        target_xy: Shape (N, 2), where each of them should come to lie.

    Returns:
        Shape (2, 3), float64: the matrix [s*R | t], for a column (x, y, 1), as OpenCV's warpAffine takes it.

    Raises:
        ValueError: The shapes differ or are not (N, 2), a value is not finite, all source points or all
            target points coincide, or no rotation is better than another.
    """
    source, target = _points(source_xy, "source_xy"), _points(target_xy, "target_xy")
    if source.shape != target.shape:
        raise ValueError(f"source_xy has {len(source)} points and target_xy {len(target)}")
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source, target = source - source_mean, target - target_mean
    variance = float(np.mean(np.sum(source**2, axis=1)))
    rotation, stretch = _rotation(target.T @ source / len(source), variance, float(np.mean(np.sum(target**2, axis=1))))
    matrix = (stretch / variance) * rotation
    shift = target_mean - matrix @ source_mean
    return np.column_stack([matrix, shift])


def _points(points_xy: ArrayLike, name: str) -> NDArray[np.float64]:
    """Checked float64 points (N, 2)."""
    points = np.asarray(points_xy, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise ValueError(f"{name} must have the shape (N, 2) with N of at least 2, not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} must be finite; at least one value is NaN or infinite")
    spread = np.abs(points - points.mean(axis=0)).max()
    if spread <= _FLAT * np.abs(points).max():
        raise ValueError(f"all points of {name} coincide: they say nothing about scale and angle")
    return points


def _rotation(
    covariance: NDArray[np.float64], source_variance: float, target_variance: float
) -> tuple[NDArray[np.float64], float]:
    """The best rotation (2, 2) for a covariance (2, 2), and the trace that gives the scale."""
    u, singular, vt = np.linalg.svd(covariance)
    signs = np.array([1.0, 1.0 if np.linalg.det(u) * np.linalg.det(vt) > 0 else -1.0])
    stretch = float(singular @ signs)
    # A mirrored, equally stretched target is met equally badly by every rotation.
    if stretch <= _FLAT * np.sqrt(source_variance * target_variance):
        raise ValueError("the points have no best rotation: one set is a mirror image of the other, or unrelated")
    return (u * signs) @ vt, stretch
