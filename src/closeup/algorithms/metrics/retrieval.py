"""How good lists of recommendations are: recall, NDCG and mean average precision at a length, and coverage.

Definitions as in Liang et al., WWW 2018 (recall by the smaller of list and wanted), Jarvelin and Kekalainen, TOIS 2002
(NDCG with binary gains), and Manning, Raghavan, Schutze, Introduction to Information Retrieval, 2008, section 8.4.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RANKED = 100
"""As long are the lists that the figures need."""

DIGITS = 9
"""Scores that agree to so many digits behind the point are equal: no rank hangs on what the processor rounds."""

Lists = NDArray[np.int64]


def top_columns(scores: NDArray[np.float64], count: int) -> Lists:
    """The `count` columns with the highest of scores (N, C) for each row, (N, T); of equal ones the lower is first.

    Scores of -inf are never among them; where a row has too few others, its list ends with -1.
    """
    found = np.full((len(scores), count), -1, np.int64)
    for row, values in enumerate(np.round(scores, DIGITS)):
        most = min(count, len(values))
        limit = np.partition(values, len(values) - most)[len(values) - most] if most else np.inf
        places = np.flatnonzero((values >= limit) & np.isfinite(values))
        chosen = places[np.argsort(-values[places], kind="stable")][:count]
        found[row, : len(chosen)] = chosen
    return found


def ranking_figures(ranked: Lists, relevant: Sequence[NDArray[np.int64]]) -> dict[str, NDArray[np.float64]]:
    """Figures of each of N lists, (N,) by name: recall_at_20, ndcg_at_10, ndcg_at_100, map_at_10.

    Args:
        ranked: Shape (N, 100), best first; -1 where a list is shorter.
        relevant: What was wanted, for each of them: columns, one at least; one that no list can hold counts as a miss.
    """
    hits = np.array([np.isin(row, wanted) & (row >= 0) for row, wanted in zip(ranked, relevant, strict=True)])
    counts = np.array([len(wanted) for wanted in relevant])
    gains = 1 / np.log2(np.arange(2, RANKED + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    precision = np.cumsum(hits[:, :10], axis=1) / np.arange(1, 11)
    return {
        "recall_at_20": hits[:, :20].sum(axis=1) / np.minimum(20, counts),
        "ndcg_at_10": (hits[:, :10] * gains[:10]).sum(axis=1) / ideal[np.minimum(10, counts)],
        "ndcg_at_100": (hits * gains).sum(axis=1) / ideal[np.minimum(RANKED, counts)],
        "map_at_10": (precision * hits[:, :10]).sum(axis=1) / np.minimum(10, counts),
    }


def coverage(ranked: Lists, columns: int) -> tuple[float, NDArray[np.float64]]:
    """The share of all columns that are in at least one of N lists (N, K), and that share without each list, (N,).

    A bootstrap would count fewer lists and so always find less; the shares without one are for a jackknife.
    """
    of_list = np.repeat(np.arange(len(ranked)), ranked.shape[1])[ranked.ravel() >= 0]
    shown = ranked.ravel()[ranked.ravel() >= 0]
    times = np.bincount(shown, minlength=columns)
    only = np.bincount(of_list, times[shown] == 1, len(ranked))
    total = np.count_nonzero(times)
    return total / columns, (total - only) / columns
