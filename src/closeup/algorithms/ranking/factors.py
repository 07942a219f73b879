"""Matrix factorisation of what people took, by implicit alternating least squares (iALS).

Minimised are, over vectors x of users and y of items, the squared errors of x.y to 1 where a user has taken an item,
by the weight of that pair, those of x.y to 0 everywhere, by a small weight for what was not seen, and the lengths of
the vectors, by how often a user or an item occurs. Hu, Koren, Volinsky, ICDM 2008; the weight of the unseen and the
regularisation by frequency as in Rendle, Krichene, Zhang, Koren, RecSys 2022 (arXiv 2110.14037).

All rows share one quadratic form but for what each has taken. In the basis of its eigenvectors it is diagonal, so that
a row with n items costs a system of n equations by Woodbury's identity, and never a matrix of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BATCH_BYTES = 32 * 2**20
"""Of the gathered vectors of a batch."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """What each of some rows has taken, sparse, row by row (CSR).

    Attributes:
        starts: Shape (R + 1,): where each row begins in `columns`; the last is their number.
        columns: Shape (N,), int64: what it has taken, ascending within a row.
        weights: Shape (N,), float64, above 0.
        width: How many columns there are.
    """

    starts: Integers
    columns: Integers
    weights: Floats
    width: int

    @property
    def counts(self) -> Integers:
        """How much each row has taken, (R,)."""
        return np.diff(self.starts)

    def turned(self) -> "Interactions":
        """The same by column: who has taken each."""
        rows = np.repeat(np.arange(len(self.starts) - 1), self.counts)
        order = np.argsort(self.columns, kind="stable")
        return pairs_of(self.columns[order], rows[order], self.weights[order], (self.width, len(self.starts) - 1))

    def row(self, index: int) -> slice:
        """Where the row stands in `columns` and `weights`."""
        return slice(int(self.starts[index]), int(self.starts[index + 1]))


def pairs_of(rows: Integers, columns: Integers, weights: Floats, shape: tuple[int, int]) -> Interactions:
    """Pairs from rows (N,), columns (N,) and weights (N,), sorted by row and column, each pair once."""
    starts = np.searchsorted(rows, np.arange(shape[0] + 1))
    return Interactions(starts.astype(np.int64), columns.astype(np.int64), weights.astype(np.float64), shape[1])


@dataclass(frozen=True, slots=True)
class Loss:
    """What is minimised.

    Attributes:
        unobserved: Weight of a pair that was not seen, beside 1 for one that was.
        regularisation: Of the vectors' lengths.
        exponent: How the regularisation grows with how often a row occurs: 1 in proportion, 0 not at all.
    """

    unobserved: float
    regularisation: float
    exponent: float = 1.0


def factorise(
    pairs: Interactions,
    factors: int,
    *,
    loss: Loss,
    iterations: int,
    seeds: Sequence[int],
    each: Callable[[int], None] = lambda _: None,
) -> Floats:
    """Vectors of the columns (M, C, K), of M factorisations from different seeds, side by side.

    Args:
        pairs: By user, say; a column without any gets a vector of zeros.
        factors: K.
        loss: What is minimised.
        iterations: How often both sides are solved.
        seeds: Of the vectors that the columns of each start from.
        each: Called after each iteration with its number, from 1.
    """
    # As in Rendle et al.: of standard deviation 0.1 / sqrt(K), so that predictions begin near 0.
    shape = (pairs.width, factors)
    found = np.stack([np.random.default_rng(seed).normal(0.0, 0.1 / np.sqrt(factors), shape) for seed in seeds])
    turned = pairs.turned()
    for number in range(1, iterations + 1):
        found = swept(pairs, turned, found, loss)
        each(number)
    return found


def swept(pairs: Interactions, turned: Interactions, vectors: Floats, loss: Loss) -> Floats:
    """Vectors of columns (M, C, K), better by one iteration, with as many threads as there are factorisations.

    Args:
        pairs: By row.
        turned: The same by column.
    """

    def one(own: Floats) -> Floats:
        return solve_rows(turned, solve_rows(pairs, own, loss), loss)

    # Thousands of small systems: threads inside each would wait for each other longer than they work.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(vectors)) as pool:
        return np.stack(list(pool.map(one, vectors)))


def solve_rows(pairs: Interactions, vectors: Floats, loss: Loss) -> Floats:
    """The best vectors of rows (R, K), given those of the columns (C, K); so new users are folded in, too."""
    values, basis = np.linalg.eigh(loss.unobserved * (vectors.T @ vectors))
    values = np.maximum(values, 0)
    turned = vectors @ basis
    found = np.zeros((len(pairs.starts) - 1, vectors.shape[1]))
    for rows, count in _batches(pairs.counts, vectors.shape[1]):
        places = pairs.starts[rows][:, None] + np.arange(count)
        taken = turned[pairs.columns[places]]
        diagonal = values + loss.regularisation * (count + loss.unobserved * pairs.width) ** loss.exponent
        found[rows] = _solve(taken, pairs.weights[places], diagonal)
    return np.asarray(found @ basis.T)


def _solve(taken: Floats, weights: Floats, diagonal: Floats) -> Floats:
    """Solve (diag(d) + T'WT) x = T'W1 for a batch of T (B, n, K) and W (B, n): x (B, K)."""
    count, width = taken.shape[1:]
    if count <= width:
        scaled = taken / diagonal
        inner = scaled @ taken.transpose(0, 2, 1)
        inner[:, np.arange(count), np.arange(count)] += 1 / weights
        shares = np.linalg.solve(inner, np.ones((len(taken), count, 1)))
        return np.asarray((scaled.transpose(0, 2, 1) @ shares)[..., 0])
    weighted = (taken * weights[..., None]).transpose(0, 2, 1)
    matrix = weighted @ taken
    matrix[:, np.arange(width), np.arange(width)] += diagonal
    return np.asarray(np.linalg.solve(matrix, weighted.sum(axis=2)[..., None])[..., 0])


def _batches(counts: Integers, width: int) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Rows that have taken equally much, in batches that fit into memory; those with nothing are left out."""
    order = np.argsort(counts, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(counts[order])) + 1):
        count = int(counts[group[0]]) if len(group) else 0
        if count:
            size = max(1, _BATCH_BYTES // (8 * count * width))
            yield from ((group[start : start + size], count) for start in range(0, len(group), size))


def row_shares(taken: Interactions, vectors: Floats, loss: Loss, column: int) -> Floats:
    """How much each thing that one row took, (N,), adds to its vector's product with that of a column, of (C, K).

    The row's vector is A^-1 T'W1, so that the product is a sum over what it took. Hu, Koren, Volinsky, 2008, section 5.
    """
    own = vectors[taken.columns]
    length = loss.regularisation * (len(own) + loss.unobserved * taken.width) ** loss.exponent
    matrix = loss.unobserved * (vectors.T @ vectors) + (own.T * taken.weights) @ own
    matrix += length * np.eye(vectors.shape[1])
    return np.asarray(taken.weights * (own @ np.linalg.solve(matrix, vectors[column])))
