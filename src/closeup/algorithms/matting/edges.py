"""The edge of a matte found again in the picture itself: a network answers in cells, hair is finer.

A guided filter (He, Sun and Tang 2013; its fast form, He and Sun 2015) fits, around every pixel, alpha as a linear
function of colour. A pixel of hair is so much of the hair's light and so much of the background's, so alpha *is* linear
in light. The plain filter believes the matte everywhere, and so keeps its errors; here the fit believes it where it
is sure, and hardly near its edge, where a network is a few pixels off. Where colour does not tell the two apart, the
matte stays as it was.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from closeup.algorithms.matting.scaling import enlarged, sampled
from closeup.core.types import FloatArray

SURE = 0.9
"""Alpha from which on a pixel is the person's; the background's likewise below what is left to 1."""

_FAINT = 0.01
"""What a pixel near the edge counts against one that is surely on its side: thin things have no others."""

_RIDGE = 2e-6
"""Variance of light below which colour says nothing: about a level of 8 bits in the shadows."""

_TELLS, _TELLS_ALL = 0.35, 0.85
"""Share of the labels' variance that colour explains: the fit counts from the first on, and alone from the second."""

_ONE_SIDED = 1e-3
"""Variance of the labels in a window below which all but nothing in it is on the other side."""

_ALIKE, _STRANGE = 9.0, 16.0
"""Squared distance of a pixel's colour from the mixtures that the fit is made of, in their spread (Mahalanobis): up to
the first it is one of them, from the second on the fit says nothing of it."""

_DECIDED = 1.5
"""Where the fit does not count, alpha is this much farther from a half: a network's edge is softer than a person's."""

_CLIPPED = 0.04
"""Alpha this near to 0 and 1 is 0 and 1: texture on either side of the edge is no hair."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeModel:
    """How alpha follows from light, at the size of the picture that it was fitted in.

    Attributes:
        slope: What each channel counts, (H, W, 3); `offset`, (H, W), is added.
        trust: How much the fit counts against the matte, (H, W), 0 to 1; 0 away from the edge.
        alpha: The matte, away from its edge 0 or 1, (H, W).
    """

    slope: FloatArray
    offset: FloatArray
    trust: FloatArray
    alpha: FloatArray

    def apply(self, light: FloatArray, rows: slice, size_wh: tuple[int, int]) -> FloatArray:
        """Alpha, float32 (R, W), 0 to 1, of some rows of the full picture, light (R, W, 3), of (width, height)."""
        alpha = enlarged(self.alpha, rows, size_wh)
        edge, columns = np.nonzero(enlarged((self.trust > 0).astype(np.float32), rows, size_wh))
        if not len(edge):
            return np.clip(alpha, 0, 1)
        parts = sampled(np.dstack([self.slope, self.offset, self.trust]), edge + rows.start, columns, size_wh)
        here = alpha[edge, columns]
        fitted = (parts[:, :3] * light[edge, columns]).sum(axis=1) + parts[:, 3]
        fitted = np.clip((fitted - _CLIPPED) / (1 - 2 * _CLIPPED), 0, 1)
        alpha = np.array(alpha)
        alpha[edge, columns] = here + parts[:, 4] * (fitted - here)
        return np.asarray(np.clip(alpha, 0, 1), np.float32)


def fit_edges(light: FloatArray, alpha: FloatArray, off_px: int) -> EdgeModel:
    """Fit alpha to light around the edge of a matte.

    Args:
        light: A small picture, linear, (H, W, 3), 0 to 1.
        alpha: The matte of the person, (H, W), 0 to 1.
        off_px: By how many of these pixels its edge may be off.
    """
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * off_px + 1, 2 * off_px + 1))
    inner, outer = cv2.erode(alpha, around), cv2.dilate(alpha, around)
    person, ground = inner >= SURE, outer <= 1 - SURE
    sure = person | ground
    weight = np.where(sure, 1, _FAINT * np.abs(2 * alpha - 1)).astype(np.float32)
    label = np.where(sure, person, alpha).astype(np.float32)
    slope, offset, told, strange = _regress(light, label, weight, 3 * off_px)
    window = (4 * off_px + 1,) * 2
    near = cv2.blur((~sure).astype(np.float32), (off_px, off_px)) if off_px > 1 else (~sure).astype(np.float32)
    trust = np.clip((told - _TELLS) / (_TELLS_ALL - _TELLS), 0, 1)
    # Neighbouring fits are averaged, as in the plain filter, by what each is worth.
    worth = cv2.blur(trust, window) + np.float32(1e-6)
    slope = cv2.blur(slope * trust[..., None], window) / worth[..., None]
    offset = cv2.blur(offset * trust, window) / worth
    alike = cv2.blur(np.clip((_STRANGE - strange) / (_STRANGE - _ALIKE), 0, 1).astype(np.float32), (3, 3))
    decided = np.clip((alpha - 0.5) * _DECIDED + 0.5, 0, 1)
    spread = np.minimum(worth, 1) * np.clip(2 * near, 0, 1) * alike
    return EdgeModel(slope, offset, spread, np.where(sure, label, decided).astype(np.float32))


def _regress(
    light: FloatArray, label: FloatArray, weight: FloatArray, reach: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Weighted least squares in a square around every pixel.

    Returns:
        Slope (H, W, 3) and offset (H, W); the share of the variance that is explained; and the squared distance of the
        pixel's own colour from the line of mixtures, in the spread of the colours in the square.
    """
    size = (2 * reach + 1,) * 2
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    moments = [*(light[..., c] for c in range(3)), label, label * label]
    moments += [light[..., a] * light[..., b] for a, b in pairs] + [light[..., c] * label for c in range(3)]
    total = cv2.blur(weight.astype(np.float64), size) + 1e-9
    means = np.stack([cv2.blur(each.astype(np.float64) * weight, size) / total for each in moments])
    mean, middle = means[:3], means[3]
    spread = means[4] - middle**2
    slope, told, strange = np.zeros_like(mean), np.zeros_like(middle), np.zeros_like(middle)
    some = spread > _ONE_SIDED  # elsewhere the window lies in the person, or beside them
    covariance = np.empty((int(some.sum()), 3, 3))
    for (a, b), product in zip(pairs, means[5:11], strict=True):
        covariance[:, a, b] = covariance[:, b, a] = (product - mean[a] * mean[b])[some]
    covariance += np.eye(3) * _RIDGE
    shared = (means[11:] - mean * middle)[:, some]
    own = light[some] - mean[:, some].T
    solved = np.linalg.solve(covariance, np.stack([shared.T, own], axis=-1))
    slope[:, some] = solved[..., 0].T
    along = np.square((slope[:, some] * own.T).sum(0)) / np.maximum((slope[:, some] * shared).sum(0), 1e-9)
    strange[some] = (own * solved[..., 1]).sum(axis=1) - along
    told[some] = np.clip((slope[:, some] * shared).sum(0) / spread[some], 0, 1)
    offset = middle - (slope * mean).sum(0)
    found = np.moveaxis(slope, 0, 2), offset, told, strange
    return tuple(each.astype(np.float32) for each in found)  # type: ignore[return-value]
