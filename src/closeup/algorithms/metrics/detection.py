"""How well things are found and counted: average precision as COCO counts it, and the figures of baskets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import iou
from closeup.core.types import FloatArray

COCO_OVERLAPS = np.arange(10) * 0.05 + 0.5
"""The IoUs that mAP50-95 is the mean over."""

MOST_BOXES = 100
"""Boxes of a picture that count, the best ones."""

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


ScoredBoxes = tuple[FloatArray, FloatArray, NDArray[np.int64]]
"""Boxes xyxy (N, 4), scores (N,), the best first, and classes (N,), of one picture."""

Truth = tuple[FloatArray, NDArray[np.int64]]
"""Boxes xyxy (M, 4) and classes (M,) of what is on one picture."""


def precision_figures(found: Sequence[ScoredBoxes], truth: Sequence[Truth]) -> dict[str, float]:
    """Mean average precision as COCO counts it, over the classes that are on any picture; crowds are left out before.

    Args:
        found: Of each picture boxes (N, 4), scores (N,) and classes (N,).
        truth: Of each picture boxes (M, 4) and classes (M,).

    Returns:
        map50, map50_95: At IoU 0.5, and the mean over ten IoUs up to 0.95.
        recall_100: Share of the things that 100 boxes a picture find at IoU 0.5.
    """
    classes = sorted({int(each) for _, kinds in truth for each in kinds})
    precision, hit_all, things = [], 0, sum(len(kinds) for _, kinds in truth)
    for kind in classes:
        boxes = [each[0][:MOST_BOXES][each[2][:MOST_BOXES] == kind] for each in found]
        right = [each[kinds == kind] for each, kinds in truth]
        scores = np.concatenate([each[1][:MOST_BOXES][each[2][:MOST_BOXES] == kind] for each in found])
        hits = [
            np.concatenate([hits_at(here, there, float(overlap)) for here, there in zip(boxes, right, strict=True)])
            for overlap in COCO_OVERLAPS
        ]
        hit_all += int(hits[0].sum())
        count = sum(map(len, right))
        precision.append([average_precision(scores.astype(np.float64), each, count) for each in hits])
    means = np.mean(precision, 0) if precision else np.full(len(COCO_OVERLAPS), np.nan)
    return {
        "map50": float(means[0]),
        "map50_95": float(means.mean()),
        "recall_100": hit_all / things if things else float("nan"),
    }


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
