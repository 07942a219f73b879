"""The rows most like a query, exactly: every row is compared, block after block.

Rows are compared in float32, which is fast; those that may be among the best are compared again in float64, so that
which are, and in which order, is the same on every processor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import SINGLE_ERROR, cosines
from closeup.core.types import FloatArray

BLOCK_VALUES = 2**19
"""Similarities that are held at once: 2 MB, which stay in the processor's cache until they have been looked at."""

QUERIES_AT_ONCE = 256
"""Queries that a block of rows is multiplied with at once; more would make the blocks of rows too short."""

Nearest = tuple[NDArray[np.int64], FloatArray]
"""Indices of rows and their similarities, both (Q, K)."""


def nearest_rows(rows: FloatArray, queries: FloatArray, k: int) -> Nearest:
    """For each query the `k` rows with the largest dot product, best first; equal ones in the order of the rows.

    Each block of rows is multiplied with all queries at once. What is clearly below a query's k-th best so far is left
    out, so that nearly nothing has to be sorted.

    Args:
        rows: Shape (N, D), float32, C-contiguous; of length 1, for the dot product to be the cosine.
        queries: Shape (Q, D), float32, likewise.
        k: From 1 up.

    Returns:
        Indices of rows, shape (Q, K), int64, and their similarities, shape (Q, K), float32; K is the smaller of `k`
        and N.

    Raises:
        ValueError: The shapes do not fit, or `k` is less than 1.
    """
    if rows.ndim != 2 or queries.ndim != 2 or (len(rows) and rows.shape[1] != queries.shape[1]):
        raise ValueError(f"rows {rows.shape} and queries {queries.shape} must be (N, D) and (Q, D)")
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    k = min(k, len(rows))
    best = np.zeros((len(queries), k), dtype=np.int64)
    similarity = np.zeros((len(queries), k), dtype=np.float32)
    if k:
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            part = slice(start, start + QUERIES_AT_ONCE)
            best[part], similarity[part] = _search(rows, queries[part], k)
    return best, similarity


def _search(rows: FloatArray, queries: FloatArray, k: int) -> Nearest:
    block = max(k, BLOCK_VALUES // len(queries))
    scores = np.ascontiguousarray((rows[:block] @ queries.T).T)
    hopeful = [_Hopeful.of(np.arange(scores.shape[1]), values, k) for values in scores]
    for start in range(block, len(rows), block):
        scores = rows[start : start + block] @ queries.T
        least = np.array([query.least for query in hopeful], np.float32)
        # Flat indices are found faster than pairs.
        row, place = np.divmod(np.flatnonzero(scores >= least), len(queries))
        for q in np.unique(place):
            found, before = row[place == q], hopeful[q]
            values = np.concatenate([before.scores, scores[found, q]])
            hopeful[q] = _Hopeful.of(np.concatenate([before.rows, start + found]), values, k)
    best = np.empty((len(queries), k), dtype=np.int64)
    similarity = np.empty((len(queries), k), dtype=np.float32)
    for q, query in enumerate(hopeful):
        exact = cosines(rows[query.rows], queries[q])
        chosen = np.argsort(-exact, kind="stable")[:k]
        best[q], similarity[q] = query.rows[chosen], exact[chosen]
    return best, similarity


@dataclass(frozen=True, slots=True)
class _Hopeful:
    """Rows (H,), ascending, that may be among the k best of a query, by their scores (H,) in float32.

    Attributes:
        least: No row with a smaller score can be.
    """

    rows: NDArray[np.int64]
    scores: FloatArray
    least: float

    @classmethod
    def of(cls, rows: NDArray[np.int64], scores: FloatArray, k: int) -> "_Hopeful":
        least = float(np.partition(scores, -k)[-k]) - 2 * SINGLE_ERROR
        kept = scores >= least
        return cls(rows[kept], scores[kept], least)
