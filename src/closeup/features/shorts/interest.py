"""How worth watching each moment is for one person, 0 to 1: a weighted mean of named parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.types import FloatArray
from closeup.features.shorts.evidence import Evidence

WEIGHTS: Mapping[str, float] = {
    "presence": 0.25,
    "expression": 0.15,
    "speech": 0.15,
    "bursts": 0.15,
    "loudness": 0.10,
    "motion": 0.08,
    "novelty": 0.05,
    "company": 0.04,
    "rhythm": 0.03,
}
"""What each part weighs where the user says nothing; they sum to 1 (docs/concepts/interest.md says why)."""

_PHRASES: Mapping[str, str] = {
    "presence": "seen larger or more clearly",
    "expression": "a stronger expression",
    "speech": "more speech",
    "bursts": "what sounds like laughter or applause",
    "loudness": "louder sound",
    "motion": "more movement",
    "novelty": "a picture unlike the rest of the video",
    "company": "others in the picture",
    "rhythm": "quicker cutting",
}
"""Each against the person's other moments."""

_MOST_PHRASES = 3

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
        evidence: The parts.
        weights: Parts that shall weigh otherwise than `WEIGHTS` says, 0 and up.

    Raises:
        InputError: If a weight is negative, not finite, or for no part; or if no part is left that weighs anything.
    """
    checked = checked_weights(weights or {})
    present = {name: checked[name] for name in WEIGHTS if name in evidence.parts}
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


def checked_weights(changes: Mapping[str, float]) -> dict[str, float]:
    """`WEIGHTS` with these changes.

    Raises:
        InputError: If a weight is negative, not finite, or for no part.
    """
    for name, weight in changes.items():
        if name not in WEIGHTS:
            raise InputError(f"The interest has no part called {name!r}.", f"Its parts: {', '.join(WEIGHTS)}.")
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(f"The weight of {name} is {weight}.", "A weight is 0 or more: 0 leaves the part out.")
    return {**WEIGHTS, **changes}


def reason(of: Interest, spans_s: Sequence[tuple[float, float]]) -> str:
    """Say in a sentence what speaks for the spans [start, end), in seconds: where they are above the person's usual.

    The usual is the mean over all moments in which the person is seen (over all, where presence is absent).
    """
    here, usual = of.means(spans_s), _usual(of)
    gains = {name: of.weights[name] * (here[name] - usual.get(name, 0.0)) for name in here}
    notable = [name for name in sorted(gains, key=lambda name: -gains[name]) if gains[name] >= _NOTABLE]
    phrases = [_PHRASES[name] for name in notable[:_MOST_PHRASES]]
    if not phrases:
        return "Much like the rest of what the video shows of them."
    listed = phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
    return f"{listed[0].upper()}{listed[1:]}."


def _usual(of: Interest) -> dict[str, float]:
    presence = of.parts.get("presence")
    seen = np.ones(len(of.times_s), dtype=np.bool_) if presence is None else presence > 0
    known = {name: curve[seen & np.isfinite(curve)] for name, curve in of.parts.items()}
    return {name: float(values.mean()) for name, values in known.items() if len(values)}


def _weighted(curves: NDArray[np.float64], shares: NDArray[np.float64]) -> FloatArray:
    """Weighted mean over the known parts of curves (P, T): (T,); 0 where none is known."""
    known = np.isfinite(curves) * shares[:, None]
    weight = known.sum(axis=0)
    added = (np.where(np.isfinite(curves), curves, 0.0) * shares[:, None]).sum(axis=0)
    mean = np.divide(added, weight, out=np.zeros_like(added), where=weight > 0)
    return np.asarray(mean, np.float32)
