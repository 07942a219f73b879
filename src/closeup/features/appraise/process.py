"""The Gaussian process of the mixture: which columns it sees, how they are scaled, and what each adds to an answer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.regression.gaussian_process import Covariance, learn_covariance, solve_weights
from closeup.documents.npz import npz_bytes, read_npz

Floats = NDArray[np.float64]
Beat = Callable[[], None]

MOST_ROWS = 12_000
"""So many rows are learnt, drawn from all: they take 1.2 GB of memory while they are, and time by the third power."""

FAR = 6.0
"""Values are brought within so many standard deviations of the mean."""

_ARRAYS = {"columns": "<i8", "logs": "|b1", "place": "<i8", "covariance": "<f8", "rows": "<f8", "weights": "<f8"}
_ARRAYS |= dict.fromkeys(("centre", "spread", "target"), "<f8")

_NODES, _AT_ONCE = 24, 512


class Process:
    """A process that has learnt.

    Attributes:
        arrays: All of it, by name: what is kept.
    """

    kind = "process"

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays
        self._covariance = Covariance(arrays["covariance"], tuple(arrays["place"].tolist()))

    @classmethod
    def fit(
        cls, features: Floats, target: Floats, *, columns: Sequence[int], place: Sequence[int], seed: int, beat: Beat
    ) -> "Process":
        """Learn a target (N,) from some columns of features (N, F), NaN where unknown.

        Args:
            columns: Which; values that lie less askew as logarithms are taken as such.
            place: Two of the columns, latitude and longitude, or none.
            seed: Of the rows that are drawn.
            beat: Called after each step and each block of rows: it may raise to stop.
        """
        rng = np.random.default_rng(seed)
        kept = np.arange(len(target))
        if len(target) > MOST_ROWS:
            kept = np.sort(rng.choice(len(target), MOST_ROWS, replace=False))
        columns = [each for each in columns if _varies(features[:, each])]
        place = list(place) if set(place) <= set(columns) else []
        values = features[:, columns]
        logs = np.array([_may_log(each) and _askew(np.log1p(each)) < _askew(each) for each in values.T], np.bool_)
        arrays: dict[str, NDArray[Any]] = {"columns": np.array(columns, np.int64), "logs": logs}
        arrays["place"] = np.array([columns.index(each) for each in place], np.int64)
        values = _logged(values, logs)
        arrays["centre"], arrays["spread"] = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        scale = float(target.std()) or 1.0
        arrays["target"] = np.array([target.mean(), scale])
        rows = _scaled(values, arrays)[kept]
        wanted = (target[kept] - arrays["target"][0]) / scale
        covariance = learn_covariance(rows, wanted, tuple(arrays["place"].tolist()), rng=rng, beat=beat)
        arrays |= {"covariance": covariance.values, "rows": rows}
        arrays["weights"] = solve_weights(covariance, rows, wanted, beat=beat)
        return cls(arrays)

    def answer(self, features: Floats) -> Floats:
        """Estimates (N,) of features (N, F)."""
        rows = _scaled(_logged(features[:, self.arrays["columns"]], self.arrays["logs"]), self.arrays)
        middle, scale = self.arrays["target"]
        return np.asarray(middle + scale * self._of(rows), np.float64)

    def contributions(self, features: Floats) -> Floats:
        """What each feature adds to each answer, and last what all answers start from: (N, F + 1).

        By integrated gradients from the mean row on, which share out a smooth function's difference whole (Sundararajan
        et al., Axiomatic attribution for deep networks, 2017); what the sum over `_NODES` points misses of the integral
        is shared out in proportion.
        """
        rows = _scaled(_logged(features[:, self.arrays["columns"]], self.arrays["logs"]), self.arrays)
        nodes, shares = np.polynomial.legendre.leggauss(_NODES)
        moved = np.zeros(rows.shape)
        for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
            for start in range(0, len(rows), _AT_ONCE):
                part = slice(start, start + _AT_ONCE)
                slope = self._covariance.slope(rows[part] * node, self.arrays["rows"], self.arrays["weights"])
                moved[part] += share * slope * rows[part]
        start_value = self._of(np.zeros((1, rows.shape[1])))[0]
        missed = self._of(rows) - start_value - moved.sum(axis=1)
        size = np.abs(moved)
        total = size.sum(axis=1, keepdims=True)
        moved += missed[:, None] * np.divide(size, total, out=np.zeros_like(size), where=total > 0)
        middle, scale = self.arrays["target"]
        found = np.zeros((len(rows), features.shape[1] + 1))
        found[:, self.arrays["columns"]] = scale * moved
        found[:, -1] = middle + scale * start_value
        return found

    def to_bytes(self) -> bytes:
        """Its arrays as an .npz file."""
        return npz_bytes(self.arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Process":
        """Read what `to_bytes` gave.

        Raises:
            FormatError: If it is no such file.
        """
        return cls(read_npz(content, _ARRAYS))

    def _of(self, rows: Floats) -> Floats:
        """The answers (N,) to rows (N, D), on the scale that was learnt."""
        found = np.empty(len(rows))
        for start in range(0, len(rows), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            found[part] = self._covariance.between(rows[part], self.arrays["rows"]) @ self.arrays["weights"]
        return found


def _varies(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return bool(len(known)) and float(np.ptp(known)) > 1e-9


def _may_log(values: Floats) -> bool:
    return bool(np.nanmin(values) >= 0)


def _askew(values: Floats) -> float:
    """How far a distribution leans to one side (the third moment), to three decimals."""
    off = values - np.nanmean(values)
    spread = float(np.sqrt(np.nanmean(off**2)))
    return round(abs(float(np.nanmean(off**3)) / spread**3), 3) if spread > 1e-9 else 0.0


def _logged(values: Floats, logs: NDArray[np.bool_]) -> Floats:
    return np.where(logs, np.log1p(np.maximum(values, 0)), values)


def _scaled(values: Floats, arrays: dict[str, NDArray[Any]]) -> Floats:
    """Columns on one scale, what is unknown at the mean."""
    scaled = (values - arrays["centre"]) / arrays["spread"]
    return np.asarray(np.clip(np.nan_to_num(scaled), -FAR, FAR), np.float64)
