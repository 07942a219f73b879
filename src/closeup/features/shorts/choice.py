"""Which moments become shorts: the windows over a person's reel that are most worth watching, apart and not alike.

The reel is the person's stretches, joined. A window of it is worth its mean interest, less what its jumps cost, plus a
little for boundaries that sit well and for length. Of all windows that have the length asked for, the set of the
highest worth is chosen, less a penalty for each pair that looks alike (`closeup.algorithms.ranking.intervals`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import cosines
from closeup.algorithms.ranking.intervals import Penalties, best_apart, without_beaten
from closeup.core.types import FloatArray
from closeup.features.shorts.boundaries import Cuttable
from closeup.features.shorts.reel import SHORTEST_PIECE_S, FrameClock
from closeup.features.shorts.watching import GRID_HZ

JUMP_S = 0.2
"""A jump inside a short costs what this many seconds of full interest are worth; it is felt less in a longer one."""

ROUGH_JUMP_S = 0.2
"""The same again for each side of a jump on which speech is cut off."""

GAP_S, LONGEST_GAP_S = 0.1, 0.6
"""What is left out at a jump costs `GAP_S` for each doubling of half a minute, up to `LONGEST_GAP_S`: a viewer notices
that time has passed."""

EASE = 0.06
"""What a start and an end that sit perfectly add together, against a pair that sits as badly as is allowed."""

DOUBLING = 0.04
"""What each doubling of the length adds: a mean is highest over the shortest time, and viewers want whole moments."""

ALIKE = 0.15
"""What two shorts cost that look the same."""

UNLIKE_COSINE = 0.5
"""Pictures whose mean cosine is at most this do not count as alike at all."""

MOST = 0.6
"""The person must be on screen in this share of a short."""

SEEN_S = 0.5
"""The person must be seen within this time of a short's start, and of its end."""

_WANTED = 10.0
"""Above any difference in worth: as many shorts as were asked for come before better ones."""

_TOLERANCE_S = 1e-6

_ROWS = 512
"""Windows that are compared with all at a time: 80 MB for the 40,000 windows of two hours without sound."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """What windows are judged by.

    Attributes:
        clock: When frames start.
        stretches: Of the person, in order, with their boundaries.
        seen: Shape (N,), bool: frames in which one of the person's tracks runs.
        interest: Shape (T,), 0 to 1: at each moment of the evidence.
        looks: Shape (T, D): what the picture looks like then.
    """

    clock: FrameClock
    stretches: tuple[Cuttable, ...]
    seen: NDArray[np.bool_]
    interest: FloatArray
    looks: FloatArray


@dataclass(frozen=True, slots=True)
class Window:
    """A short before it has a name.

    Attributes:
        pieces: Frames (start, exclusive end) of its pieces, in order.
        worth: Mean interest with what is added and taken off, as the module says.
        interest: Mean over its frames, 0 to 1.
        on_screen: Share of its time in which the person's track runs.
    """

    pieces: tuple[tuple[int, int], ...]
    worth: float
    interest: float
    on_screen: float


def choose(footage: Footage, count: int, min_length_s: float, max_length_s: float) -> tuple[tuple[Window, ...], float]:
    """Choose up to `count` windows of the length asked for; fewer, or none, where the reel holds no more.

    Returns:
        Windows, most interesting first; and by how much, in worth, a better set could exist at most, 0 where the choice
        is proven to be the best.
    """
    windows = _windows(_Reel.of(footage), min_length_s, max_length_s)
    windows = windows.only(without_beaten(windows.starts, windows.ends, windows.worth))
    order = np.lexsort((windows.ends, windows.starts))
    windows = windows.only(order)
    looks = windows.looks(footage)
    penalties = Penalties(
        lambda index: ALIKE * likeness(looks, index), ALIKE * least_likeness(looks) if len(looks) else np.zeros(0)
    )
    chosen = best_apart(windows.starts, windows.ends, windows.worth + _WANTED, penalties, count)
    found = sorted(
        (windows.window(index, footage.stretches) for index in chosen.indices),
        key=lambda window: (-round(window.interest, 9), window.pieces),
    )
    return tuple(found), max(0.0, chosen.bound - chosen.value)


def longest_s(footage: Footage) -> float:
    """The length in seconds of the longest window there is, however short; 0 where there is none."""
    windows = _windows(_Reel.of(footage), SHORTEST_PIECE_S, np.inf)
    return float(windows.lengths_s.max(initial=0.0))


def next_length_s(footage: Footage, above_s: float) -> float | None:
    """The length in seconds of the shortest window from `above_s` on, up to a minute more; None where there is none."""
    lengths = _windows(_Reel.of(footage), above_s, above_s + 60).lengths_s
    return float(lengths.min()) if len(lengths) else None


def likeness(looks: FloatArray, index: int) -> Floats:
    """How alike window `index` is to each: (W,), 0 to 1, for the mean unit vectors (W, D) of their pictures.

    The product of two such means is the mean cosine over all pairs of their moments.
    """
    return _scaled(cosines(looks, looks[index]))


def least_likeness(looks: FloatArray) -> Floats:
    """How alike each window is at least to any of them: (W,), 0 to 1, for means (W, D)."""
    least = [cosines(rows, looks).min(axis=1) for rows in np.array_split(looks, 1 + len(looks) // _ROWS)]
    return _scaled(np.concatenate(least))


def _scaled(cosine: Floats) -> Floats:
    return np.clip((cosine - UNLIKE_COSINE) / (1 - UNLIKE_COSINE), 0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """All boundaries of one kind, by place: each an array (B,)."""

    frames: Indices
    stretch: Indices
    ease: Floats
    place_s: Floats
    interest_s: Floats
    seen_s: Floats
    price_s: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Reel:
    """The stretches joined: `starts` and `ends` of windows with their place on the reel, and sums up to there.

    Boundaries that would leave less than `SHORTEST_PIECE_S` of a stretch as a first or last piece are left out.
    """

    starts: _Ends
    ends: _Ends

    @classmethod
    def of(cls, footage: Footage) -> "_Reel":
        """Join the stretches."""
        times, stretches = footage.clock.starts_s, footage.stretches
        sums = _sums(footage)
        first = np.array([stretch.start_frame for stretch in stretches], np.int64)
        last = np.array([stretch.end_frame for stretch in stretches], np.int64)
        inside = sums[:, last] - sums[:, first]
        before = np.cumsum(inside, axis=1) - inside  # (3, S): the sums where each stretch begins on the reel
        offsets, price = before - sums[:, first], _prices(stretches, times)

        def side(boundaries: Sequence[Mapping[int, float]], edges: Indices) -> _Ends:
            rows = [(f, i, e) for i, own in enumerate(boundaries) for f, e in sorted(own.items())]
            frames = np.array([row[0] for row in rows], np.int64)
            stretch = np.array([row[1] for row in rows], np.int64)
            ease = np.array([row[2] for row in rows], np.float64)
            # Seconds with the person up to half a second on (for starts) or back (for ends), inside the stretch.
            other = np.searchsorted(times, times[frames] + np.where(edges[stretch] > frames, SEEN_S, -SEEN_S))
            seen = np.abs(sums[2, np.clip(other, first[stretch], last[stretch])] - sums[2, frames]) > 0
            enough = seen & (np.abs(times[edges[stretch]] - times[frames]) >= SHORTEST_PIECE_S - _TOLERANCE_S)
            frames, stretch = frames[enough], stretch[enough]
            place_s, interest_s, seen_s = sums[:, frames] + offsets[:, stretch]
            return _Ends(frames, stretch, ease[enough], place_s, interest_s, seen_s, price[stretch])

        return cls(side([own.starts for own in stretches], last), side([own.ends for own in stretches], first))


def _sums(footage: Footage) -> Floats:
    """Seconds, interest times seconds, and seconds with the person, summed up to each frame: (3, N + 1)."""
    times = footage.clock.starts_s
    lasts = np.diff(times)
    moment = ((times[:-1] + lasts / 2) * GRID_HZ).astype(np.int64)
    interest = np.asarray(footage.interest, np.float64)[np.minimum(moment, len(footage.interest) - 1)]
    return np.stack([times - times[0], _summed(interest * lasts), _summed(footage.seen * lasts)])


def _summed(values: Floats) -> Floats:
    """Sums of values (N,) up to each of N + 1 places, from 0."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _prices(stretches: Sequence[Cuttable], times: Floats) -> Floats:
    """What the jumps up to each of the stretches (S,) cost, in seconds of full interest."""
    prices = [0.0]
    for before, after in pairwise(stretches):
        gap_s = times[after.start_frame] - times[before.end_frame]
        gap = min(LONGEST_GAP_S, GAP_S * np.log2(1 + gap_s / 30))
        rough = ROUGH_JUMP_S * (before.rough_end + after.rough_start)
        prices.append(prices[-1] + JUMP_S + gap + rough)
    return np.array(prices[: len(stretches)], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Windows over the reel: frames, numbers of their first and last stretch, and figures, each an array (W,)."""

    starts: Indices
    ends: Indices
    first: Indices
    last: Indices
    worth: Floats
    interest: Floats
    on_screen: Floats
    lengths_s: Floats

    def only(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "_Windows":
        """Those that a mask or indices (V,) name."""
        return _Windows(*(getattr(self, name)[which] for name in self.__slots__))

    def pieces(self, index: int, stretches: Sequence[Cuttable]) -> tuple[tuple[int, int], ...]:
        """Frames of the pieces of a window."""
        own = stretches[self.first[index] : self.last[index] + 1]
        begins = [int(self.starts[index]), *(stretch.start_frame for stretch in own[1:])]
        ends = [*(stretch.end_frame for stretch in own[:-1]), int(self.ends[index])]
        return tuple(zip(begins, ends, strict=True))

    def window(self, index: int, stretches: Sequence[Cuttable]) -> Window:
        """One of them."""
        figures = float(self.worth[index]), float(self.interest[index]), float(self.on_screen[index])
        return Window(self.pieces(index, stretches), *figures)

    def looks(self, footage: Footage) -> FloatArray:
        """Mean unit vector of each window's moments, (W, D); zeros where a window is shorter than a moment."""
        length = np.linalg.norm(footage.looks, axis=1, keepdims=True)
        units = np.divide(footage.looks, length, out=np.zeros_like(footage.looks), where=length > 0)
        sums = np.concatenate([np.zeros((1, units.shape[1])), np.cumsum(units, axis=0, dtype=np.float64)])
        times = footage.clock.starts_s
        means = np.zeros((len(self.starts), units.shape[1]))
        for index in range(len(means)):
            edges = times[np.array(self.pieces(index, footage.stretches))]  # (P, 2) seconds
            low, high = np.clip(np.rint(edges * GRID_HZ).astype(np.int64), 0, len(units)).T
            means[index] = (sums[high] - sums[low]).sum(axis=0) / max(1, (high - low).sum())
        return means.astype(np.float32)


def _windows(reel: _Reel, min_length_s: float, max_length_s: float) -> _Windows:
    """All windows of the lengths asked for that hold the person most of the time."""
    starts, ends = reel.starts, reel.ends
    low = np.searchsorted(ends.place_s, starts.place_s + min_length_s - _TOLERANCE_S)
    high = np.searchsorted(ends.place_s, starts.place_s + max_length_s + _TOLERANCE_S)
    counts = np.maximum(high - low, 0)
    a = np.repeat(np.arange(len(counts)), counts)
    b = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
    length = ends.place_s[b] - starts.place_s[a]
    interest = (ends.interest_s[b] - starts.interest_s[a]) / length
    on_screen = (ends.seen_s[b] - starts.seen_s[a]) / length
    worth = (
        interest
        - (ends.price_s[b] - starts.price_s[a]) / length
        + EASE * (starts.ease[a] + ends.ease[b]) / 2
        + DOUBLING * np.log2(np.maximum(length / min_length_s, 1))
    )
    found = _Windows(
        starts.frames[a], ends.frames[b], starts.stretch[a], ends.stretch[b], worth, interest, on_screen, length
    )
    return found.only(on_screen >= MOST)
