"""Whether a face is drawn: of a cartoon, a sign or a poster, and not of somebody.

Who draws fills areas with one shade and sets them off by lines; light on skin is never even. So of a drawn face few
shades make up most, although its lines are strong; of a blurred or dark photo they do too, but nothing is strong there.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from closeup.core.types import Image
from closeup.weights.cards import ModelCard

BLUR_SD_PX, SHADES, COMMONEST, LINE_PART, LINES_WEIGHT = 0.8, 128, 4, 0.75, 0.25
"""Noise and compression are smoothed away; the shares of the four commonest of 128 shades count beside the
gradient that three quarters of the pixels are below. The weight is where the two tell best, of drawn faces of one
source."""

DARKEST, LEAST_LIT = 24, 0.5
"""Pixels darker than this are left out: a black ground and a picture's edge are even, too. Of a face that is mostly
dark nothing is known."""


def evenness(crop: Image) -> float:
    """How even the areas of a face are for its lines: about 0.8 of photos, above 1 of drawn ones.

    Args:
        crop: The face, upright and aligned as embedders want it, RGB (S, S, 3).
    """
    sized = cv2.resize(crop, (112, 112), interpolation=cv2.INTER_AREA) if crop.shape[:2] != (112, 112) else crop
    smooth = cv2.GaussianBlur(sized.astype(np.float32), (0, 0), BLUR_SD_PX)[20:108, 12:100]
    lit = smooth.max(axis=2) >= DARKEST
    if lit.mean() < LEAST_LIT:
        return 0.0
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    gradient = np.sqrt((across**2 + down**2).sum(axis=2))[lit]
    shades = np.histogram(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)[lit], SHADES, (0, 256))[0] / lit.sum()
    return float(np.sort(shades)[-COMMONEST:].sum() + LINES_WEIGHT * np.log(np.quantile(gradient, LINE_PART) + 0.1))


def are_drawn(crops: Sequence[Image], embedder: ModelCard) -> bool:
    """Whether pictures of one face, RGB (S, S, 3) each, cut out for an embedder, are drawn: half of them have to be.

    Where the embedder's card has no threshold `drawn`, nothing is known, and nothing is.
    """
    limit = embedder.thresholds.get("drawn")
    return limit is not None and bool(crops) and float(np.median([evenness(c) for c in crops])) >= limit.value
