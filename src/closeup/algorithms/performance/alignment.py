"""Two performances on one clock: a global lag and rate first, then dynamic time warping within a narrow band.

Curves are (T, K), float64: K values at each of T moments, evenly apart, a row of NaN where nothing is known. Time on
the attempt's clock is `lag + rate * t` for time t on the original's: a positive lag is a late attempt, a rate above 1
a slow one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Curves = NDArray[np.float64]
"""Shape (T, K), float64; a row is NaN where nothing is known."""

REACH_S = 3.0
"""Lags up to this are looked for, either way."""

MOST_RATE = 0.12
"""Rates are looked for from 1 - this to 1 + this."""

MOST_RATES = 41
"""So many rates are tried at most: of a long video only those nearer to 1."""

EDGE_S = 0.5
"""Two rates next to each other differ by this much at the ends of the original, which the warping makes good."""

PREFERENCE = 0.1
"""So much of a correlation the farthest lag, and the farthest rate, have to be better than none."""

FEWEST = 0.5
"""A lag and a rate count only where this part of what could be compared at best can be compared."""

BAND_S = 0.5
"""The warping moves a moment by this at most."""

STRAIGHT = 0.3
"""What a moment that is moved to the band's edge costs more than one that stays, in mean costs."""


def sampled_at(times_s: NDArray[np.float64], values: Curves, wanted_s: NDArray[np.float64], gap_s: float) -> Curves:
    """Curves that were sampled at any times, at other times: between two samples on the line from one to the other.

    Args:
        times_s: Shape (N,), ascending.
        values: Shape (N, K), without NaN.
        wanted_s: Shape (T,), the times that are wanted.
        gap_s: Between samples farther apart than this, and beyond the ends, a sample holds for half of it.

    Returns:
        Shape (T, K); NaN where nothing is known.
    """
    known = np.full((len(wanted_s), values.shape[1]), np.nan)
    if len(times_s) == 0:
        return known
    after = np.clip(np.searchsorted(times_s, wanted_s), 0, len(times_s) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(times_s[after] - wanted_s < wanted_s - times_s[before], after, before)
    near = np.abs(times_s[nearest] - wanted_s) <= gap_s / 2 + 1e-9
    inside = (times_s[before] <= wanted_s) & (wanted_s <= times_s[after])
    between = inside & (times_s[after] - times_s[before] <= gap_s + 1e-9)
    known[near] = values[nearest[near]]
    for column in range(values.shape[1]):
        known[between, column] = np.interp(wanted_s[between], times_s, values[:, column])
    return known


def at_lag(curves: Curves, length: int, rate_hz: float, lag_s: float, rate: float = 1.0) -> Curves:
    """An attempt's curves (U, K) on the original's clock of `length` moments: (length, K), NaN where it has none.

    Args:
        rate_hz: Moments a second of both.
        lag_s: By how much the attempt is late.
        rate: How much longer it takes.
    """
    if not len(curves):
        return np.full((length, curves.shape[1]), np.nan)
    places = lag_s * rate_hz + rate * np.arange(length)
    low = np.clip(np.floor(places + 1e-9).astype(np.intp), 0, len(curves) - 1)
    part = places - low
    part[np.abs(part) < 1e-9] = 0.0
    high = np.minimum(low + (part > 0), len(curves) - 1)
    moved: Curves = (1 - part)[:, None] * curves[low] + part[:, None] * curves[high]
    moved[(places < -1e-9) | (places > len(curves) - 1 + 1e-9)] = np.nan
    return moved


def find_lag(
    pairs: Sequence[tuple[Curves, Curves]], rate_hz: float, *, reach_s: float = REACH_S, rates: bool = True
) -> tuple[float, float]:
    """The lag in seconds, and the rate, at which an attempt moves most as the original does.

    The correlations of all pairs are added; where several places are about as good, the one nearest to no lag and no
    drift counts.

    Args:
        pairs: Original (T, K) and attempt (U, K): of expressions, and of sound where both have some.
        rate_hz: Moments a second.
        reach_s: Lags up to this are looked for.
        rates: Whether other rates than 1 are looked for.
    """
    length = len(pairs[0][0])
    step = EDGE_S * rate_hz / max(length, EDGE_S * rate_hz)
    either_way = min(int(MOST_RATE / step), MOST_RATES // 2) if rates else 0
    reach = round(reach_s * rate_hz)
    shifts = np.arange(-reach, reach + 1)
    best, found = -np.inf, (0.0, 1.0)
    for number in sorted(range(-either_way, either_way + 1), key=abs):
        rate = 1 + number * step
        total = np.sum([_correlations(*pair, reach, rate) for pair in pairs], axis=0)
        total -= PREFERENCE * (abs(shifts) / max(reach, 1) + abs(number) / max(either_way, 1))
        place = int(total.argmax())
        if total[place] > best + 1e-12:
            best = float(total[place])
            found = float((rate * shifts[place] - (rate - 1) * length / 2) / rate_hz), rate
    return found


def _correlations(original: Curves, attempt: Curves, reach: int, rate: float) -> NDArray[np.float64]:
    """Pearson's correlation over all curves at once, at each shift from -reach to reach: (2 * reach + 1,).

    At no shift the middle of the original meets what a rate of its own leaves in its place. 0 where one side is still,
    or too little can be compared.
    """
    length = len(original)
    moved = at_lag(attempt, length + 2 * reach, 1.0, length / 2 - rate * (length / 2 + reach), rate)
    (known, x), (there, y) = _filled(original), _filled(moved)
    count = np.correlate(there, known)
    some = np.maximum(count, 1)
    xx, yy, xy = np.zeros((3, 2 * reach + 1))
    for column in range(x.shape[1]):
        a, b = x[:, column], y[:, column]
        sum_a, sum_b = np.correlate(there, a), np.correlate(b, known)
        xx += np.correlate(there, a * a) - sum_a**2 / some
        yy += np.correlate(b * b, known) - sum_b**2 / some
        xy += np.correlate(b, a) - sum_a * sum_b / some
    scale = np.sqrt(np.maximum(xx, 0) * np.maximum(yy, 0))
    enough = (count >= max(FEWEST * count.max(initial=0), 2)) & (scale > 1e-9)
    return np.asarray(np.divide(xy, scale, out=np.zeros(2 * reach + 1), where=enough), np.float64)


def _filled(curves: Curves) -> tuple[NDArray[np.float64], Curves]:
    """Where curves (T, K) are known, 1 or 0 (T,), and the curves less their means, 0 where they are not known."""
    known = np.asarray(np.isfinite(curves).all(axis=1))
    if not known.any():
        return known.astype(np.float64), np.zeros(curves.shape)
    return known.astype(np.float64), np.where(known[:, None], curves - curves[known].mean(axis=0), 0.0)


def warping_path(original: Curves, attempt: Curves, band: int) -> NDArray[np.intp]:
    """Which moments of two sets of curves (T, K) belong together: pairs (P, 2), from (0, 0) to (T - 1, T - 1).

    Dynamic time warping with symmetric steps (a diagonal one counts twice) in a band (Sakoe and Chiba, IEEE Trans.
    ASSP 26, 1978), by squared differences. Where one side is not known, the mean cost is taken, and being moved costs
    a little, so that nothing is moved where nothing happens.

    Args:
        band: No moment is moved by more than this many.
    """
    length = len(original)
    offsets = np.arange(-band, band + 1)
    places = np.arange(length)[:, None] + offsets
    inside = (places >= 0) & (places < length)
    apart = original[:, None, :] - attempt[np.clip(places, 0, max(length - 1, 0))]
    costs = (apart * apart).sum(axis=2)
    known = np.isfinite(costs) & inside
    mean = float(costs[known].mean()) if known.any() else 1.0
    costs = np.where(np.isfinite(costs), costs, mean) + STRAIGHT * mean * (offsets / max(band, 1)) ** 2
    costs[~inside] = np.inf
    return _cheapest(costs, band)


def _cheapest(costs: NDArray[np.float64], band: int) -> NDArray[np.intp]:
    """The cheapest path through costs (T, 2 * band + 1), whose columns are offsets: pairs (P, 2)."""
    length, width = costs.shape
    infinite = float("inf")
    before: list[float] = []
    steps = np.zeros((length, width), np.int8)  # 0: from both before, 1: the original's before, 2: the attempt's
    for row, line in enumerate(costs.tolist()):
        now = [infinite] * width
        for column, cost in enumerate(line):
            if cost == infinite:
                continue
            if row == 0 and column == band:
                now[column] = 2 * cost
                continue
            ways = (
                before[column] + 2 * cost if row else infinite,
                before[column + 1] + cost if row and column + 1 < width else infinite,
                now[column - 1] + cost if column else infinite,
            )
            step = min((0, 1, 2), key=ways.__getitem__)
            now[column], steps[row, column] = ways[step], step
        before = now
    row, column, pairs = length - 1, band, []
    while row > 0 or column != band:
        pairs.append((row, row + column - band))
        match steps[row, column]:
            case 0:
                row -= 1
            case 1:
                row, column = row - 1, column + 1
            case _:
                column -= 1
    return np.array([*pairs, (0, 0)][::-1], np.intp).reshape(-1, 2)


def warped(attempt: Curves, path: NDArray[np.intp]) -> tuple[Curves, NDArray[np.float64]]:
    """An attempt (T, K) brought to the original's moments by a path (P, 2), and by how much each was moved.

    Returns:
        Curves (T, K), means of the moments that belong to each of the original's, NaN where none of them is known;
        and the mean move (T,) in moments, positive where the attempt is late.
    """
    length = len(attempt)
    rows, columns = path[:, 0], path[:, 1]
    counts = np.bincount(rows, minlength=length)
    moves = np.bincount(rows, weights=columns - rows, minlength=length) / counts
    known = np.asarray(np.isfinite(attempt).all(axis=1))[columns]
    seen = np.bincount(rows, weights=known, minlength=length)
    moved = np.full(attempt.shape, np.nan)
    for curve in range(attempt.shape[1]):
        sums = np.bincount(rows, weights=np.where(known, attempt[columns, curve], 0.0), minlength=length)
        moved[seen > 0, curve] = sums[seen > 0] / seen[seen > 0]
    return moved, np.asarray(moves, np.float64)
