"""Weights from item to item by the smaller side are those of the definition, whichever side that is."""

import numpy as np
import pytest

from closeup.algorithms.ranking.factors import Floats, Interactions, pairs_of
from closeup.algorithms.ranking.item_weights import fit_item_weights, item_scores, item_shares, sparse

PENALTY, DROPOUT = 3.0, 0.4


def made(shape: tuple[int, int], seed: int = 0) -> Interactions:
    rng = np.random.default_rng(seed)
    where = np.nonzero(rng.random(shape) < 0.25)
    return pairs_of(*where, rng.uniform(0.5, 3, len(where[0])), shape)


def defined(matrix: Floats) -> Floats:
    """B = I - P / diag(P), written out."""
    gram = matrix.T @ matrix
    inverse = np.linalg.inv(gram + np.diag(PENALTY + DROPOUT / (1 - DROPOUT) * gram.diagonal()))
    return np.eye(len(gram)) - inverse / inverse.diagonal()


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (15, 15)])
def test_scores_and_shares_are_those_of_the_definition(shape: tuple[int, int]) -> None:
    pairs = made(shape)
    matrix = sparse(pairs).toarray()
    weights = fit_item_weights(pairs, penalty=PENALTY, dropout=DROPOUT)
    between = defined(matrix)
    assert between.diagonal() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(item_scores(weights, pairs, pairs), matrix @ between, atol=1e-10)
    stranger = made((1, shape[1]), seed=7)
    found = item_scores(weights, pairs, stranger)[0]
    np.testing.assert_allclose(found, sparse(stranger).toarray()[0] @ between, atol=1e-10)
    for column in sorted(set(range(shape[1])) - set(stranger.columns.tolist())):
        shares = item_shares(weights, pairs, stranger, column)
        np.testing.assert_allclose(shares, stranger.weights * between[stranger.columns, column], atol=1e-10)
        assert shares.sum() == pytest.approx(found[column], abs=1e-10)
