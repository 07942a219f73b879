"""How worth watching each moment is for one person, 0 to 1: a weighted mean of named parts; and its file."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError, InputError
from closeup.core.types import FloatArray
from closeup.features.shorts.evidence import Evidence
from closeup.features.shorts.options import WEIGHTS

_PHRASES: Mapping[str, str] = {
    "presence": "seen large and clear",
    "expression": "a strong expression",
    "speech": "speech",
    "bursts": "what sounds like laughter or applause",
    "loudness": "loud sound",
    "motion": "movement",
    "novelty": "a picture unlike the rest of the video",
    "company": "others in the picture",
    "rhythm": "quick cutting",
}
"""What each part is called in a reason."""

_MOST_PHRASES = 2

_ALL = 0.95
"""From this share of what the video shows of a person on, nothing was chosen."""

_NOTABLE = 0.01
"""What a part must add to the interest, beyond its usual share, to be named in the reason."""


@dataclass(frozen=True, slots=True)
class Interest:
    """The interest of every moment, and what it is made of.

    Attributes:
        times_s: Shape (T,), float64: the middle of each moment in seconds.
        total: Shape (T,), float32, 0 to 1: the weighted mean of the parts known at that moment.
        parts: Name of a part to its curve (T,), float32, 0 to 1, NaN where not known; as in the evidence.
        weights: Name of each of these parts to its weight; they sum to 1.
    """

    times_s: NDArray[np.float64]
    total: FloatArray
    parts: Mapping[str, FloatArray]
    weights: Mapping[str, float]

    def within(self, spans_s: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
        """Say which moments have their middle in one of the spans [start, end) in seconds: (T,) bool."""
        inside = np.zeros(len(self.times_s), dtype=np.bool_)
        for start_s, end_s in spans_s:
            inside |= (self.times_s >= start_s) & (self.times_s < end_s)
        return inside

    def means(self, spans_s: Sequence[tuple[float, float]]) -> dict[str, float]:
        """Mean of each part over the spans [start, end) in seconds; a part that is not known there is left out."""
        inside = self.within(spans_s)
        known = {name: curve[inside & np.isfinite(curve)] for name, curve in self.parts.items()}
        return {name: float(values.mean()) for name, values in known.items() if len(values)}


def interest(evidence: Evidence, weights: Mapping[str, float] | None = None) -> Interest:
    """Join the parts of the evidence into one curve.

    Where a part is not known at some moment, the others carry its weight there; a part that is absent from the whole
    video has no weight.

    Args:
        weights: Parts that shall weigh otherwise than `WEIGHTS` says, as `ShortsOptions` checks them.

    Raises:
        InputError: If no part is left that weighs anything.
    """
    present = {name: weight for name, weight in {**WEIGHTS, **(weights or {})}.items() if name in evidence.parts}
    total_weight = sum(present.values())
    if total_weight <= 0:
        raise InputError(
            "No part of the interest that this video has weighs anything.",
            f"Give one of these a weight above 0: {', '.join(present)}.",
        )
    shares = {name: weight / total_weight for name, weight in present.items()}
    curves = np.stack([evidence.parts[name] for name in shares]).astype(np.float64)  # (P, T)
    parts = {name: evidence.parts[name] for name in shares}
    return Interest(evidence.times_s, _weighted(curves, np.array(list(shares.values()))), parts, shares)


def reason(of: Interest, spans_s: Sequence[tuple[float, float]], *, all_taken: bool = False) -> str:
    """Say what speaks for the spans [start, end), in seconds: their two strongest parts, with their figures of 0 to 1.

    The strongest are those that add most to the interest beyond the person's usual, which is the mean over all moments
    in which they are seen (over all, where presence is absent). Where none is above it, those that add most at all.

    Args:
        of: The curves.
        spans_s: The moments.
        all_taken: Say that nothing was left out, so that nothing speaks for these moments and against others.
    """
    here, usual = of.means(spans_s), _usual(of)
    gains = {name: of.weights[name] * (here[name] - usual.get(name, 0.0)) for name in here}
    notable = [name for name in sorted(gains, key=lambda name: -gains[name]) if gains[name] >= _NOTABLE]
    if notable and not all_taken:
        return _sentence([f"{_PHRASES[n]} ({here[n]:.2f} of 1, usually {usual.get(n, 0.0):.2f})" for n in notable])
    start = "All that the video shows of them was taken" if all_taken else "Much like the rest of what the video shows"
    strongest = sorted(here, key=lambda name: -of.weights[name] * here[name])
    most = [f"{_PHRASES[name]} ({here[name]:.2f} of 1)" for name in strongest if here[name] > 0]
    return f"{start}; most of all {_sentence(most)[0].lower()}{_sentence(most)[1:]}" if most else f"{start}."


def _sentence(phrases: Sequence[str]) -> str:
    text = " and ".join(phrases[:_MOST_PHRASES])
    return f"{text[:1].upper()}{text[1:]}."


def takes_all(of: Interest, spans_s: Sequence[tuple[float, float]]) -> bool:
    """Whether the spans hold, but for a trifle, all moments in which the person is seen."""
    seen = _seen(of)
    return bool((of.within(spans_s) & seen).sum() >= _ALL * max(seen.sum(), 1))


def _seen(of: Interest) -> NDArray[np.bool_]:
    presence = of.parts.get("presence")
    return np.ones(len(of.times_s), dtype=np.bool_) if presence is None else presence > 0


def _usual(of: Interest) -> dict[str, float]:
    seen = _seen(of)
    known = {name: curve[seen & np.isfinite(curve)] for name, curve in of.parts.items()}
    return {name: float(values.mean()) for name, values in known.items() if len(values)}


def _weighted(curves: NDArray[np.float64], shares: NDArray[np.float64]) -> FloatArray:
    """Weighted mean over the known parts of curves (P, T): (T,); 0 where none is known."""
    known = np.isfinite(curves) * shares[:, None]
    weight = known.sum(axis=0)
    added = (np.where(np.isfinite(curves), curves, 0.0) * shares[:, None]).sum(axis=0)
    mean = np.divide(added, weight, out=np.zeros_like(added), where=weight > 0)
    return np.asarray(mean, np.float32)


CURVES = "interest.csv"
"""One line a moment: `time_s`, one column for each part, `total`. An empty cell means that the part is not known there;
a part that is absent from the whole video has no column."""

_TIME, _TOTAL = "time_s", "total"
_MOST_BYTES = 512 * 1024 * 1024


def curves_text(of: Interest) -> str:
    """The text of interest.csv: seconds to two digits, values to four."""
    columns = [of.parts[name].tolist() for name in of.parts]
    lines = [",".join([_TIME, *of.parts, _TOTAL])]
    for time_s, *values in zip(of.times_s.tolist(), *columns, of.total.tolist(), strict=True):
        lines.append(",".join([f"{time_s:.2f}", *("" if math.isnan(value) else f"{value:.4f}" for value in values)]))
    return "\n".join(lines) + "\n"


def read_curves(path: Path, weights: Mapping[str, float]) -> Interest:
    """Read the curves in an interest.csv, which does not say their weights.

    Raises:
        FormatError: If it cannot be read, or does not hold such curves; names the line.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"{path} is too large to be interest curves.")
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise FormatError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} does not hold interest curves: it is not plain text.") from error
    try:
        return _curves(text, weights)
    except (ValueError, csv.Error) as error:
        raise FormatError(f"{path} does not hold interest curves: {error}.", "Make the shorts anew.") from error


def _curves(text: str, weights: Mapping[str, float]) -> Interest:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    head = next(rows, [])
    names = head[1:-1]
    if len(head) < 2 or head[0] != _TIME or head[-1] != _TOTAL:
        raise ValueError(f"line 1 must begin with {_TIME} and end with {_TOTAL}")
    if unknown := [name for name in names if name not in WEIGHTS]:
        raise ValueError(f"line 1 names a part {unknown[0]!r}; there are {', '.join(WEIGHTS)}")
    if len(set(names)) < len(names):
        raise ValueError("line 1 names a part twice")
    table = np.array(list(_values(rows, len(head))), np.float64).reshape(-1, len(head))
    if len(table) == 0:
        raise ValueError("it has no moment")
    curves = {name: table[:, column].astype(np.float32) for column, name in enumerate(names, start=1)}
    return Interest(table[:, 0].copy(), table[:, -1].astype(np.float32), curves, weights)


def _values(rows: Iterator[list[str]], columns: int) -> Iterator[list[float]]:
    """The numbers of each line, checked."""
    last_s = -math.inf
    for number, row in enumerate(rows, start=2):
        if len(row) != columns:
            raise ValueError(f"line {number} has {len(row)} cells, and line 1 has {columns}")
        try:
            values = [float(cell) if cell else math.nan for cell in row]
        except ValueError:
            raise ValueError(f"line {number} holds something that is no number") from None
        _check(values, number, last_s)
        last_s = values[0]
        yield values


def _check(values: Sequence[float], number: int, last_s: float) -> None:
    time_s, *curves, total = values
    if not (math.isfinite(time_s) and time_s > max(last_s, 0.0)):
        raise ValueError(f"the time in line {number} does not ascend")
    if math.isnan(total) or not all(math.isnan(value) or 0 <= value <= 1 for value in (*curves, total)):
        raise ValueError(f"line {number} holds a value that is not in 0 to 1")
