"""How well things are found and counted: average precision as COCO counts it, and the figures of baskets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import iou
from closeup.core.types import FloatArray

COCO_OVERLAPS = np.arange(10) * 0.05 + 0.5
"""The IoUs that mAP50-95 is the mean over."""

Counts = NDArray[np.int64]


def hits_at(found_xyxy: FloatArray, truth_xyxy: FloatArray, overlap: float) -> NDArray[np.bool_]:
    """Which of boxes (N, 4), the best first, find one of the true boxes (M, 4) that no better one has found, (N,).

    As COCO's evaluation has it: each box takes the free true box that it overlaps most, if that is by `overlap`.
    """
    shares = iou(found_xyxy, truth_xyxy).astype(np.float64) if len(truth_xyxy) else np.zeros((len(found_xyxy), 0))
    free, hits = np.ones(len(truth_xyxy), np.bool_), np.zeros(len(found_xyxy), np.bool_)
    for place, row in enumerate(shares):
        open_shares = np.where(free, row, -1.0)
        if len(row) and open_shares.max() >= overlap:
            free[open_shares.argmax()] = False
            hits[place] = True
    return hits


def average_precision(scores: NDArray[np.float64], hits: NDArray[np.bool_], truths: int) -> float:
    """COCO's average precision of boxes over all pictures, by scores (N,) and whether each is right (N,).

    The mean over 101 recalls of the highest precision at that recall or above; NaN where there is nothing to find.
    """
    if not truths:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    places = np.searchsorted(right / truths, np.linspace(0, 1, 101), side="left")
    return float(np.append(precision, 0.0)[places].mean())


def count_figures(found: Counts, truth: Counts) -> dict[str, float]:
    """Of baskets, counts (B, K) of K products: the figures of automatic checkout (Wei et al. 2019).

    Returns:
        cacc: The share of baskets with every count right.
        acd: Wrong counts a basket.
        mccd: Mean over products of wrong counts over things.
        mciou: Mean over products of the counts' overlap. Products that are in no basket, true or found, do not count.
    """
    wrong = np.abs(found - truth)
    there, either = truth.sum(0), np.maximum(found, truth).sum(0)
    known, seen = there > 0, either > 0
    return {
        "cacc": float((wrong.sum(1) == 0).mean()),
        "acd": float(wrong.sum(1).mean()),
        "mccd": float((wrong.sum(0)[known] / there[known]).mean()) if known.any() else float("nan"),
        "mciou": float((np.minimum(found, truth).sum(0)[seen] / either[seen]).mean()) if seen.any() else float("nan"),
    }


def size_groups(sizes: Sequence[int]) -> dict[str, list[int]]:
    """Places of baskets by how many things are in them: "1", "2-3", "4+"; groups without any are left out."""
    groups: dict[str, list[int]] = {"1": [], "2-3": [], "4+": []}
    for place, size in enumerate(sizes):
        if size:
            groups["1" if size == 1 else "2-3" if size <= 3 else "4+"].append(place)
    return {name: places for name, places in groups.items() if places}
