"""Regression by a Gaussian process: what rows have in common is a sum of covariances, whose lengths are learnt.

The sum is of a smooth part and a rough one over all columns, a rough one of the position alone, and a linear one, which
goes on beyond what was seen. How far each column reaches in each part is learnt by marginal likelihood (Rasmussen and
Williams, Gaussian Processes for Machine Learning, 2006: Matérn covariances 3/2 and 1/2, lengths of their own for each
column). All is computed in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, solve_triangular

Floats = NDArray[np.float64]
Beat = Callable[[], None]
"""Called after each step: it may raise to stop."""

STEPS, ROWS_A_STEP, RATE = 120, 1000, 0.08
"""Of learning the lengths: how often, on how many rows, and how far at first a step goes, in logarithms (Adam)."""

LOOSE = 2.0
"""How far lengths may lie from where they start, in logarithms, before few rows hold against it."""

START = {"smooth": 1.5, "rough": 2.0, "rough of position": -1.0, "position": -1.5, "linear": -3.0}
SHARES = {"smooth": -0.2, "position": -1.7, "rough": -1.7, "all": 0.3, "noise": -2.7}
"""Logarithms of lengths, and of what each part has of the variance, before anything is learnt."""

_BLOCK = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """What rows have in common, by columns on one scale.

    Attributes:
        values: Logarithms: D lengths of the smooth part, D of the rough one, D weights of the linear one, then the
            length of the position's, what the smooth, the position's and the rough part have, the constant, the noise.
        place: The two columns of the position, or none.
    """

    values: Floats
    place: tuple[int, ...]

    @classmethod
    def start(cls, columns: int, place: tuple[int, ...]) -> "Covariance":
        """As it is before anything is learnt."""
        rough = np.full(columns, START["rough"])
        rough[list(place)] = START["rough of position"]
        parts = [np.full(columns, START["smooth"]), rough, np.full(columns, START["linear"]), [START["position"]]]
        return cls(np.concatenate([*parts, list(SHARES.values())]), place)

    @property
    def noise(self) -> float:
        """The variance that no column tells."""
        return float(np.exp(self.values[-1]))

    def between(self, some: Floats, others: Floats) -> Floats:
        """Covariances (N, M) of rows (N, D) and (M, D)."""
        smooth, rough, linear, position, (a, b, c, all_) = self._parts()
        total = (some * linear) @ (others * linear).T + all_
        root = np.sqrt(3 * _squares(some / smooth, others / smooth))
        total += a * (1 + root) * np.exp(-root)
        total += c * np.exp(-np.sqrt(_squares(some / rough, others / rough)))
        if self.place:
            here, there = some[:, self.place] / position, others[:, self.place] / position
            total += b * np.exp(-np.sqrt(_squares(here, there)))
        return np.asarray(total, np.float64)

    def slope(self, rows: Floats, others: Floats, weights: Floats) -> Floats:
        """How covariances of rows (N, D) with others (M, D), summed by weights (M,), grow in each column: (N, D)."""
        smooth, rough, linear, position, (a, b, c, _) = self._parts()
        total = np.tile((weights @ others) * linear**2, (len(rows), 1))
        total += _pull(rows, others, smooth, weights * a, _smooth_slope)
        total += _pull(rows, others, rough, weights * c, _rough_slope)
        if self.place:
            place = list(self.place)
            total[:, place] += _pull(rows[:, place], others[:, place], position, weights * b, _rough_slope)
        return total

    def loss(self, rows: Floats, target: Floats) -> tuple[float, Floats]:
        """Negative logarithm of the marginal likelihood of a target (N,), less a constant, and its slope.

        Infinite, with a slope of 0, where rounding leaves the covariances without a factor.
        """
        smooth, rough, linear, position, shares = self._parts()
        scaled, weighed = [rows / smooth, rows / rough], rows * linear
        roots = [np.sqrt(3 * _squares(scaled[0], scaled[0])), np.sqrt(_squares(scaled[1], scaled[1]))]
        falls = [np.exp(-root) for root in roots]
        parts = [(1 + roots[0]) * falls[0], falls[1]]
        slopes = [-1.5 * falls[0], _rough_slope(roots[1])]
        if self.place:
            scaled.append(rows[:, self.place] / position)
            root = np.sqrt(_squares(scaled[2], scaled[2]))
            parts.append(np.exp(-root))
            slopes.append(_rough_slope(root))
        own = [shares[0], shares[2], shares[1]]
        total = weighed @ weighed.T + shares[3]
        for share, part in zip(own, parts, strict=False):
            total += share * part
        total[np.diag_indices(len(rows))] += self.noise
        factor, failed = lapack.dpotrf(total, lower=1)
        if failed:
            return np.inf, np.zeros(len(self.values))
        answer, _ = lapack.dpotrs(factor, target, lower=1)
        inverse, _ = lapack.dpotri(factor, lower=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        pull = 0.5 * (inverse - np.outer(answer, answer))
        lengths = []
        for share, slope, each in zip(own, slopes, scaled, strict=False):
            weight = -2 * share * pull * slope
            lengths.append(2 * (weight.sum(axis=1) @ each**2 - (each * (weight @ each)).sum(axis=0)))
        kept = [share * float((pull * part).sum()) for share, part in zip(own, parts, strict=False)]
        ends = [lengths[2].sum() if self.place else 0.0, kept[0], kept[2] if self.place else 0.0, kept[1]]
        ends += [shares[3] * float(pull.sum()), self.noise * float(np.trace(pull))]
        found = 0.5 * float(target @ answer) + float(np.log(np.diag(factor)).sum())
        return found, np.concatenate([*lengths[:2], 2 * (weighed * (pull @ weighed)).sum(axis=0), ends])

    def _parts(self) -> tuple[Floats, Floats, Floats, float, Floats]:
        columns = (len(self.values) - len(SHARES) - 1) // 3
        values = np.exp(self.values)
        lengths = [values[start : start + columns] for start in (0, columns, 2 * columns)]
        return lengths[0], lengths[1], lengths[2], float(values[3 * columns]), values[3 * columns + 1 : -1]


def learn_covariance(
    rows: Floats, target: Floats, place: tuple[int, ...], *, rng: np.random.Generator, beat: Beat
) -> Covariance:
    """Learn lengths and shares by the likelihood of some rows at a time: of all, and of one neighbourhood, in turns.

    Args:
        rows: Shape (N, D), each column of mean 0 and deviation 1.
        target: Shape (N,), likewise.
        place: The two columns of the position, or none.
        rng: What rows are drawn by.
        beat: Called after each step.
    """
    start = Covariance.start(rows.shape[1], place)
    values, moment, square = start.values, np.zeros(len(start.values)), np.zeros(len(start.values))
    near = list(place) or list(range(rows.shape[1]))
    for step in range(STEPS):
        some = np.arange(len(rows))
        if len(rows) > ROWS_A_STEP:
            some = rng.choice(len(rows), ROWS_A_STEP, replace=False)
            if step % 2:
                apart = np.round(((rows[:, near] - rows[some[0], near]) ** 2).sum(axis=1), 9)
                some = np.argsort(apart, kind="stable")[:ROWS_A_STEP]
        _, slope = Covariance(values, place).loss(rows[some], target[some])
        slope = slope / len(some) + (values - start.values) / LOOSE**2 / len(rows)
        moment, square = 0.9 * moment + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        rate = RATE * min(1.0, 2 * (STEPS - step) / STEPS)
        values = values - rate * (moment / (1 - 0.9 ** (step + 1))) / (
            np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8
        )
        beat()
    return Covariance(np.round(values, 4), place)


def solve_weights(covariance: Covariance, rows: Floats, target: Floats, *, beat: Beat) -> Floats:
    """What each row (N, D) weighs in answers, (N,): the inverse of their covariances with the noise, times the target.

    By Cholesky's factor, made in blocks in place, so that it can be stopped.
    """
    count = len(rows)
    square = np.empty((count, count))
    for start in range(0, count, _BLOCK):
        square[start : start + _BLOCK, : start + _BLOCK] = covariance.between(
            rows[start : start + _BLOCK], rows[: start + _BLOCK]
        )
    square[np.diag_indices(count)] += covariance.noise + 1e-6
    for start in range(0, count, _BLOCK):
        own, below = slice(start, start + _BLOCK), slice(start + _BLOCK, count)
        square[start:, own] -= square[start:, :start] @ square[own, :start].T
        square[own, own] = np.linalg.cholesky(square[own, own])
        if start + _BLOCK < count:
            square[below, own] = solve_triangular(square[own, own], square[below, own].T, lower=True).T
        beat()
    half = solve_triangular(square.T, target, trans="T", check_finite=False)
    return np.asarray(solve_triangular(square.T, half, check_finite=False), np.float64)


def _squares(some: Floats, others: Floats) -> Floats:
    """Squares of distances (N, M) between rows (N, D) and (M, D), a little above 0 at the least."""
    found = some @ others.T
    found *= -2
    found += (some * some).sum(axis=1)[:, None]
    found += (others * others).sum(axis=1)
    return np.maximum(found, 1e-12, out=found)


def _smooth_slope(root: Floats) -> Floats:
    """Of (1 + r) e^-r by the square of the distance, r being sqrt(3) times it."""
    return np.asarray(-1.5 * np.exp(-np.sqrt(3) * root), np.float64)


def _rough_slope(root: Floats) -> Floats:
    """Of e^-r by the square of the distance r."""
    return np.asarray(-np.exp(-root) / (2 * np.maximum(root, 1e-4)), np.float64)


def _pull(
    rows: Floats, others: Floats, lengths: Floats | float, weights: Floats, slope: Callable[[Floats], Floats]
) -> Floats:
    """How one part grows in each column (N, D): its slope by the square of the distance, weighed (M,), times that."""
    here, there = rows / lengths, others / lengths
    pull = slope(np.sqrt(_squares(here, there))) * weights
    return np.asarray(2 * (here * pull.sum(axis=1, keepdims=True) - pull @ there) / lengths, np.float64)
