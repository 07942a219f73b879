"""The rows most like a query, exactly: every row is compared, block after block."""

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

BLOCK_VALUES = 2**19
"""Similarities that are held at once: 2 MB, which stay in the processor's cache until they have been looked at."""

QUERIES_AT_ONCE = 256
"""Queries that a block of rows is multiplied with at once; more would make the blocks of rows too short."""

Nearest = tuple[NDArray[np.int64], FloatArray]
"""Indices of rows and their similarities, both (Q, K)."""


def nearest_rows(rows: FloatArray, queries: FloatArray, k: int) -> Nearest:
    """For each query the `k` rows with the largest dot product, best first; equal ones in the order of the rows.

    Each block of rows is multiplied with all queries at once. What is not above a query's k-th best so far is left
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
    best, similarity = _best_of(rows[:block] @ queries.T, k)
    for start in range(block, len(rows), block):
        scores = rows[start : start + block] @ queries.T
        # Strictly: a row as good as the k-th best comes after it. Flat indices are found faster than pairs.
        row, query = np.divmod(np.flatnonzero(scores > similarity[:, -1]), len(queries))
        for q in np.unique(query):
            found = row[query == q]
            values = np.concatenate([similarity[q], scores[found, q]])
            order = np.argsort(-values, kind="stable")[:k]
            best[q] = np.concatenate([best[q], start + found])[order]
            similarity[q] = values[order]
    return best, similarity


def _best_of(scores: FloatArray, k: int) -> Nearest:
    """The k best of each column of (N, Q), k at most N; without sorting what cannot be among them."""
    best = np.empty((scores.shape[1], k), dtype=np.int64)
    similarity = np.empty((scores.shape[1], k), dtype=np.float32)
    for query, values in enumerate(np.ascontiguousarray(scores.T)):
        candidates = np.flatnonzero(values >= np.partition(values, -k)[-k])
        chosen = candidates[np.argsort(-values[candidates], kind="stable")[:k]]
        best[query], similarity[query] = chosen, values[chosen]
    return best, similarity
