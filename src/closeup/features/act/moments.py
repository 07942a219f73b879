"""The moments that were played best and worst, and a sentence for each."""

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.performance.alignment import Curves
from closeup.core.timebase import clock as clock_words
from closeup.documents.act import ActMoment
from closeup.features.act.performing import RATE_HZ

MOMENT_S = 2.0
"""How long a moment is."""

EACH = 3
"""So many of either kind are told at most."""

BESIDE = 0.25
"""A second and third moment is told that is at least so much as the first: not the edges of it."""

AROUND_S = 1.5
"""How far off an expression is looked for in the attempt."""

CLEAR = 0.15
"""An expression that rises by less than this above its median is none."""

NOTICED_S, HELD_S = 0.25, 0.5
"""From here on an expression is late or early, and from here on it is held, or let go."""

WEAK, STRONG = 0.6, 1.7
"""Beyond these shares of the original an expression is weaker, or stronger."""

_PLAYED = {
    "happy": ("smile", "smiles"),
    "sad": ("look sad", "looks sad"),
    "anger": ("look angry", "looks angry"),
    "fear": ("look frightened", "looks frightened"),
    "disgust": ("look disgusted", "looks disgusted"),
    "surprise": ("look surprised", "looks surprised"),
    "neutral": ("keep your face at rest", "keeps the face at rest"),
}
"""What who shows an expression does: you, and someone else."""


def find_moments(
    original: Curves, attempt: Curves, names: tuple[str, ...], clock: tuple[float, float]
) -> tuple[ActMoment, ...]:
    """The best and the worst moments of an attempt (T, K) at its lag, each less its median; best first.

    Args:
        original: Shape (T, K), likewise.
        names: Of the K expressions.
        clock: Lag in seconds, and rate, of the attempt.
    """
    size = round(MOMENT_S * RATE_HZ)
    if len(original) < size:
        return ()
    known = np.asarray(np.isfinite(original).all(axis=1) & np.isfinite(attempt).all(axis=1))
    x, y = (np.where(known[:, None], each, 0.0) for each in (original, attempt))
    apart = ((x - y) ** 2).sum(axis=1)
    window = np.ones(size)
    seen = np.convolve(known, window, mode="valid") >= 0.7 * size
    loss = np.convolve(apart, window, mode="valid") * seen
    gain = np.convolve((x * y).sum(axis=1), window, mode="valid") * seen - 2 * loss
    taken = np.zeros(len(gain), np.bool_)
    best = _highest(gain, taken, size, CLEAR**2 * size / 4)
    worst = _highest(np.where(gain < 0, loss, 0.0), taken, size, CLEAR**2 * size / 4)
    return tuple(
        _moment(kind, start, (x, y), names, clock)
        for kind, starts in (("best", best), ("worst", worst))
        for start in starts
    )


def _highest(values: NDArray[np.float64], taken: NDArray[np.bool_], size: int, least: float) -> list[int]:
    """Where the highest of values (N,) begin that are apart from each other and from those taken; these are added."""
    found: list[int] = []
    for _ in range(EACH):
        free = np.where(taken, -np.inf, values)
        place = int(free.argmax())
        if not free[place] > max(least, BESIDE * values[found[0]] if found else 0):
            break
        found.append(place)
        taken[max(place - size + 1, 0) : place + size] = True
    return found


def _moment(
    kind: str, start: int, sides: tuple[Curves, Curves], names: tuple[str, ...], clock: tuple[float, float]
) -> ActMoment:
    size = round(MOMENT_S * RATE_HZ)
    x, y = sides
    rises, own = (_rises(each[start : start + size], names) for each in sides)
    # What the moment is about: what the original does, or else what the attempt does in its stead.
    about = int(rises.argmax()) if rises.max() >= CLEAR or own.max() < CLEAR else int(own.argmax())
    words = _sentence(kind, (x[:, about], y[:, about]), start, (about, rises, own), names)
    start_s = start / RATE_HZ
    return ActMoment(
        kind="best" if kind == "best" else "worst",
        start_s=start_s,
        end_s=start_s + MOMENT_S,
        attempt_s=round(clock[0] + clock[1] * start_s, 6),
        expression=names[about],
        sentence=f"{clock_words(start_s)}: {words}.",
    )


def _rises(part: Curves, names: tuple[str, ...]) -> NDArray[np.float64]:
    """How high each expression rises above its median (K,); a face at rest only counts where nothing else does."""
    rises = np.asarray(part.max(axis=0), np.float64)
    if "neutral" in names:
        rises[names.index("neutral")] *= 0.5
    return rises


def _sentence(
    kind: str,
    curves: tuple[NDArray[np.float64], NDArray[np.float64]],
    start: int,
    found: tuple[int, NDArray[np.float64], NDArray[np.float64]],
    names: tuple[str, ...],
) -> str:
    """What there is to say about a moment, without its time."""
    about, rises, own = found
    you, they = _PLAYED.get(names[about], (f"show {names[about]}", f"shows {names[about]}"))
    if rises[about] < CLEAR:
        return f"you {you}, and the original does not" if own[about] >= CLEAR else "you move where the original rests"
    size, reach = round(MOMENT_S * RATE_HZ), round(AROUND_S * RATE_HZ)
    x, y = curves
    peak = _top(x, start + int(x[start : start + size].argmax()))
    low = max(peak - reach, 0)
    theirs = _top(y, low + int(y[low : peak + reach + 1].argmax()))
    strength = float(y[theirs] / x[peak])
    if strength < 0.3:
        instead = int(own.argmax())
        other = _PLAYED.get(names[instead], (f"show {names[instead]}",))[0]
        told = own[instead] >= CLEAR and instead != about
        return f"the original {they}, you {other} instead" if told else f"the original {they}, you do not"
    late_s, longer_s = _edges(x, peak, y, theirs)
    words = [f"you {you}"]
    if abs(late_s) >= NOTICED_S:
        words.append(f"{abs(late_s):.1f} s {'late' if late_s > 0 else 'early'}")
    elif kind == "best":
        words.append("when the original does")
    if kind == "worst" and abs(longer_s) >= HELD_S:
        words.append("and hold it" if longer_s > 0 else "and let it go too soon")
    if strength < WEAK:
        return " ".join(words) + ", but less than the original"
    if strength > STRONG:
        return " ".join(words) + ", but more than the original"
    return " ".join(words) if len(words) > 1 else f"you {you}, but not as the original does"


def _top(curve: NDArray[np.float64], place: int) -> int:
    """The top of the rise of a curve (T,) that a place lies on."""
    while place > 0 and curve[place - 1] > curve[place]:
        place -= 1
    while place + 1 < len(curve) and curve[place + 1] > curve[place]:
        place += 1
    return place


def _edges(x: NDArray[np.float64], peak: int, y: NDArray[np.float64], theirs: int) -> tuple[float, float]:
    """By how much later the attempt's rise (T,) passes half its height, and how much longer it stays, in seconds."""
    (rise, fall), (own_rise, own_fall) = _half_width(x, peak), _half_width(y, theirs)
    return (own_rise - rise) / RATE_HZ, ((own_fall - own_rise) - (fall - rise)) / RATE_HZ


def _half_width(curve: NDArray[np.float64], peak: int) -> tuple[int, int]:
    """Where a curve (T,) rises above half of its peak, and where it falls below again."""
    below = curve < curve[peak] / 2
    before, after = np.flatnonzero(below[:peak]), np.flatnonzero(below[peak:])
    return int(before[-1]) + 1 if len(before) else 0, peak + int(after[0]) if len(after) else len(curve)
