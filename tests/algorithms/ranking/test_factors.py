"""The factorisation agrees with one that solves each row by itself, and its shares add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.ranking.factors import (
    Floats,
    Interactions,
    Loss,
    factorise,
    pairs_of,
    row_shares,
    solve_rows,
    swept,
)

LOSS = Loss(0.1, 0.05, 1.0)


def made(rows: int, columns: int, seed: int, share: float = 0.3) -> Interactions:
    rng = np.random.default_rng(seed)
    where = np.nonzero(rng.random((rows, columns)) < share)
    return pairs_of(*where, rng.uniform(0.5, 2, len(where[0])), (rows, columns))


def by_itself(pairs: Interactions, vectors: Floats, loss: Loss, row: int) -> Floats:
    own = vectors[pairs.columns[pairs.row(row)]]
    weights = pairs.weights[pairs.row(row)]
    length = loss.regularisation * (len(own) + loss.unobserved * pairs.width) ** loss.exponent
    matrix = loss.unobserved * vectors.T @ vectors + own.T @ np.diag(weights) @ own + length * np.eye(vectors.shape[1])
    return np.linalg.solve(matrix, own.T @ weights)


def cost(pairs: Interactions, rows: Floats, columns: Floats, loss: Loss) -> float:
    product = rows @ columns.T
    of_row = np.repeat(np.arange(len(rows)), pairs.counts)
    seen = (pairs.weights * (product[of_row, pairs.columns] - 1) ** 2).sum()
    lengths = [
        ((each.counts + loss.unobserved * each.width) ** loss.exponent * (vectors**2).sum(axis=1)).sum()
        for each, vectors in ((pairs, rows), (pairs.turned(), columns))
    ]
    return float(seen + loss.unobserved * (product**2).sum() + loss.regularisation * sum(lengths))


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 7), st.integers(0, 99))
def test_rows_are_solved_as_each_by_itself(rows: int, columns: int, factors: int, seed: int) -> None:
    pairs = made(rows, columns, seed, 0.5)
    vectors = np.random.default_rng(seed).normal(size=(columns, factors))
    found = solve_rows(pairs, vectors, LOSS)
    for row in range(rows):
        np.testing.assert_allclose(found[row], by_itself(pairs, vectors, LOSS, row), atol=1e-9)


def test_each_iteration_lowers_the_cost() -> None:
    pairs = made(30, 40, 1)
    columns = [factorise(pairs, 5, loss=LOSS, iterations=n, seeds=[3])[0] for n in (1, 2, 4, 8, 16)]
    costs = [cost(pairs, solve_rows(pairs, each, LOSS), each, LOSS) for each in columns]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > 1.01 * costs[-1]


def test_a_row_with_nothing_has_no_direction() -> None:
    pairs = pairs_of(np.array([0, 2]), np.array([1, 1]), np.ones(2), (3, 2))
    (columns,) = factorise(pairs, 2, loss=LOSS, iterations=3, seeds=[0])
    rows = solve_rows(pairs, columns, LOSS)
    assert (rows[1] == 0).all()
    assert (columns[0] == 0).all()
    assert rows[0] == pytest.approx(rows[2])


@given(st.integers(0, 50))
def test_shares_add_up_to_the_product(seed: int) -> None:
    pairs = made(6, 15, seed, 0.5)
    vectors = np.random.default_rng(seed).normal(size=(15, 4))
    one = Interactions(np.array([0, pairs.counts[2]]), pairs.columns[pairs.row(2)], pairs.weights[pairs.row(2)], 15)
    product = solve_rows(one, vectors, LOSS)[0] @ vectors[7]
    assert row_shares(one, vectors, LOSS, 7).sum() == pytest.approx(product, abs=1e-10)


def test_the_same_seed_gives_the_same_vectors_and_progress_is_said() -> None:
    pairs, said = made(10, 12, 4), list[int]()
    both = factorise(pairs, 3, loss=LOSS, iterations=4, seeds=[9, 8], each=said.append)
    alone = factorise(pairs, 3, loss=LOSS, iterations=4, seeds=[9])
    assert (both[0] == alone[0]).all()
    assert (both[1] != alone[0]).any()
    assert said == [1, 2, 3, 4]
    more = swept(pairs, pairs.turned(), factorise(pairs, 3, loss=LOSS, iterations=3, seeds=[9]), LOSS)
    assert (more == alone).all()
