"""Forms of one network (32 bits, half size, int8, fp16): what each costs and is worth, and whether it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from closeup.workbench.export.scoring import HeadScore

FULL = "fp32"

SMALLER = 0.9
"""A form counts as smaller if it has at most this share of the bytes: less is not worth a second file."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a form is on this machine, beside the full network, in rounds that alternate.

    Attributes:
        ms: For one picture.
        ratio: Of the time of the full network that it takes; below 1 is faster.
        low: Lower end of the 95 % interval of the ratio.
        high: Upper end.
    """

    ms: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class NetworkForm:
    """One form of the network.

    Attributes:
        name: "fp32", "half", "int8" or "fp16".
        bytes: Of its file; 0 where the network cannot be brought into this form.
        scores: Of each head, compared with fp32's; none where it cannot.
        speed: Beside fp32's; None where it cannot.
        kept: Whether its file was written.
        why: Why it was not; "" where it was.
    """

    name: str
    bytes: int
    scores: tuple[HeadScore, ...]
    speed: Speed | None
    kept: bool
    why: str = ""


def why_not(
    scores: Sequence[HeadScore], size_ratio: float, speed: Speed, *, budget: float = 0.005, want: str = "smaller"
) -> str:
    """Why a form is not kept, in a sentence; "" where it is.

    Args:
        scores: Of each head.
        size_ratio: Its bytes as a share of the full network's.
        speed: Beside the full network's.
        budget: Largest share of accuracy that may be lost, or by which a mean absolute error may grow.
        want: What it has to be, "smaller" or "faster".
    """
    for score in scores:
        if not score.worse <= budget:
            return f"{loss_words(score)}, and {_limit_words(score, budget)} is allowed."
    if want == "smaller" and size_ratio > SMALLER:
        return f"It is not smaller: {size_ratio:.0%} of the bytes, and {SMALLER:.0%} is asked for."
    if want == "faster" and not speed.high < 1:
        return (
            f"It is not faster here: {speed.ratio:.2f} times the time of {FULL} (95 % interval {speed.low:.2f} to "
            f"{speed.high:.2f})."
        )
    return ""


def loss_words(score: HeadScore) -> str:
    """What a form costs for one head: "Accuracy of expression falls by 0.12 points (95 % interval 0.02 to 0.22)"."""
    low, high = 100 * score.low, 100 * score.high
    more = "falls" if score.metric == "accuracy" else "grows"
    unit = "points" if score.metric == "accuracy" else "%"
    subject = f"{score.metric.capitalize()} of {score.head}"
    return f"{subject} {more} by {100 * score.worse:.2f} {unit} (95 % interval {low:.2f} to {high:.2f})"


def _limit_words(score: HeadScore, loss: float) -> str:
    return f"{100 * loss:g} {'points' if score.metric == 'accuracy' else '%'}"
