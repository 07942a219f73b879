"""Weights from item to item that predict what someone took from what else they took, in closed form (EASE, EDLAE).

The weights B minimise the squared error |X - XB|^2 of what people took, with a diagonal of zeros, so that no item
predicts itself: Steck, WWW 2019 (arXiv 1905.03375). Dropout makes that hold for each item in proportion to how often it
occurs: Steck, NeurIPS 2020, "Autoencoders that don't overfit towards the identity". With L the penalties and
P = (X'X + L)^-1, B is I - P / diag(P).

Where there are fewer users than items, P = L^-1 - Y'MY with Y = X L^-1 and M = (I + Y X')^-1, a matrix of users by
users: nothing of the size of items by items is ever made.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.ranking.factors import Floats, Interactions


@dataclass(frozen=True, slots=True)
class ItemWeights:
    """What predicts items from items.

    Attributes:
        penalties: Shape (C,), the diagonal of L.
        inverse: Shape (R, R), M, or (C, C), P, whichever is smaller.
        diagonal: Shape (C,), that of P.
    """

    penalties: Floats
    inverse: Floats
    diagonal: Floats


def fit_item_weights(pairs: Interactions, *, penalty: float, dropout: float) -> ItemWeights:
    """Fit the weights.

    Args:
        pairs: What each of R rows took of C columns.
        penalty: On the squares of the weights.
        dropout: Share of what someone took that is hidden at random, 0 to below 1; not drawn, but reckoned exactly.
    """
    matrix = sparse(pairs)
    squares = np.bincount(pairs.columns, pairs.weights**2, pairs.width)
    penalties = np.asarray(penalty + dropout / (1 - dropout) * squares, np.float64)
    rows = len(pairs.starts) - 1
    if _by_columns(pairs):
        inverse = _inverse((matrix.T @ matrix).toarray() + np.diag(penalties))
        return ItemWeights(penalties, inverse, inverse.diagonal().copy())
    scaled = matrix.multiply(1 / penalties).tocsr()
    inverse = _inverse(np.eye(rows) + (scaled @ matrix.T).toarray())
    return ItemWeights(penalties, inverse, 1 / penalties - _forms(inverse, scaled.tocsc()))


def item_scores(weights: ItemWeights, pairs: Interactions, taken: Interactions) -> Floats:
    """What is predicted for each of N rows, (N, C), by what they took; rows need not be among those of the fit.

    Args:
        weights: What was fitted.
        pairs: What it was fitted on.
        taken: What the N rows took.
    """
    rows = sparse(taken)
    if _by_columns(pairs):
        projected = rows @ weights.inverse
    else:
        matrix = sparse(pairs)
        scaled = rows.multiply(1 / weights.penalties).tocsr()
        seen = (scaled @ matrix.T).toarray() @ weights.inverse
        projected = scaled.toarray() - seen @ matrix.multiply(1 / weights.penalties).tocsr()
    return np.asarray(rows.toarray() - np.asarray(projected) / weights.diagonal)


def item_shares(weights: ItemWeights, pairs: Interactions, taken: Interactions, column: int) -> Floats:
    """How much each thing that one row took, (N,), adds to its score of a column that it has not taken."""
    if _by_columns(pairs):
        each = -weights.inverse[taken.columns, column]
    else:
        matrix = sparse(pairs).tocsc()
        towards = weights.inverse @ matrix[:, [column]].toarray()[:, 0]
        each = matrix[:, taken.columns].T @ towards / (weights.penalties[taken.columns] * weights.penalties[column])
    return np.asarray(taken.weights * each / weights.diagonal[column])


def sparse(pairs: Interactions) -> Any:
    """Pairs as a sparse matrix of scipy, (R, C)."""
    from scipy.sparse import csr_array

    return csr_array((pairs.weights, pairs.columns, pairs.starts), shape=(len(pairs.starts) - 1, pairs.width))


def _by_columns(pairs: Interactions) -> bool:
    """Whether the inverse is that of columns by columns."""
    return pairs.width <= len(pairs.starts) - 1


def _inverse(matrix: Floats) -> NDArray[np.float64]:
    """The inverse of a symmetric, positive definite (N, N), symmetric to the last bit."""
    from scipy.linalg.lapack import dpotrf, dpotri

    found, fault = dpotri(dpotrf(matrix, lower=1, clean=1)[0], lower=1)
    if fault:
        raise ValueError("the matrix is singular: the penalty is too small for these weights")
    return np.asarray(np.tril(found) + np.tril(found, -1).T, np.float64)


def _forms(inverse: Floats, columns: Any) -> NDArray[np.float64]:
    """The form y'My for each column y of a sparse (R, C), by which rows it has: (C,)."""
    found = np.zeros(columns.shape[1])
    for place in np.flatnonzero(np.diff(columns.indptr)).tolist():
        inside = slice(columns.indptr[place], columns.indptr[place + 1])
        rows, values = columns.indices[inside], columns.data[inside]
        found[place] = values @ inverse[np.ix_(rows, rows)] @ values
    return found
