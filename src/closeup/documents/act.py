"""Performances, and what comes of comparing two: NAME.performance.json and act.json (docs/concepts/act.md)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from closeup.core.fields import Array, AtLeast, Rounded, Within
from closeup.core.types import FAR, SCORE, TIME, FileName, FloatArray, Line, Score, Seconds, VideoInfo
from closeup.documents.form import Form, indented, must_be
from closeup.documents.shorts import PersonRef

TIMES = Array((None,), 0, digits=6, dtype=np.float64)
PROBABILITIES = Array((None, None), 0, 1, digits=4, dtype=np.float64)
BOXES = Array((None, None), -FAR, FAR, digits=1)
LEVELS = Array((None,), -200, 100, digits=1, dtype=np.float64)

Signed = Annotated[float, Within(-1, 1), SCORE]
Points = Annotated[float, Within(0, 100), Rounded(1)]
Lag = Annotated[float, Within(-1e6, 1e6), TIME]


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """The expressions of one person through one video, wherever their face is seen.

    Attributes:
        video: The file.
        person: Who plays: the id in the video's cast, and what the user calls them.
        model: Name of the model that judged.
        expressions: What the columns of `probabilities` are.
        times_s: When the face was seen, (N,), ascending; about ten times a second.
        probabilities: Of each expression at those times, (N, K).
        boxes_xyxy: Where the face was, (N, 4), pixels of the upright picture.
        loudness_lufs: Momentary loudness of each tenth of a second; empty where the video has no sound.
        notes: What there is to know about it, in sentences.
    """

    video: VideoInfo
    person: PersonRef
    model: str
    expressions: Annotated[tuple[str, ...], AtLeast(2)]
    times_s: Annotated[NDArray[np.float64], TIMES]
    probabilities: Annotated[NDArray[np.float64], PROBABILITIES]
    boxes_xyxy: Annotated[FloatArray, BOXES]
    loudness_lufs: Annotated[NDArray[np.float64], LEVELS]
    notes: tuple[str, ...]

    @property
    def label(self) -> str:
        """The person's name, or else the id."""
        return self.person.name or self.person.id


@dataclass(frozen=True, slots=True, eq=False)
class LiveTake:
    """What a page that watched a take sends with its recording; the fields are those of a `Performance`."""

    expressions: Annotated[tuple[str, ...], AtLeast(2)]
    times_s: Annotated[NDArray[np.float64], TIMES]
    probabilities: Annotated[NDArray[np.float64], PROBABILITIES]
    boxes_xyxy: Annotated[FloatArray, BOXES]


@dataclass(frozen=True, slots=True)
class ActSide:
    """One of two performances that were compared: the file, and who plays."""

    video: VideoInfo
    person: PersonRef


@dataclass(frozen=True, slots=True)
class ExpressionAgreement:
    """How far one expression was played as in the original.

    Attributes:
        share: How much of what the original's face does it is; those of all expressions sum to 1.
        concordance: Lin's coefficient: 1 the same, 0 unrelated or motionless, below 0 the opposite.
    """

    name: Line
    share: Score
    concordance: Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class ActTiming:
    """When the attempt does what the original does; the score is of what is left once this is taken out.

    Attributes:
        lag_s: By how much the attempt is late as a whole; below 0 it is early.
        drift_s_per_min: By how much later it gets in a minute.
        expression_lag_s: The lag that the faces alone tell.
        sound_lag_s: The lag that the sound alone tells; None where one side has none.
        late: Part of what the original does that comes more than 0.15 s late, beside lag and drift; `early` likewise.
        spread_s: How far moments lie from lag and drift, root mean square, by how much happens in them.
    """

    lag_s: Lag
    drift_s_per_min: Lag
    expression_lag_s: Lag
    sound_lag_s: Lag | None
    late: Score
    early: Score
    spread_s: Lag


@dataclass(frozen=True, slots=True)
class ActMoment:
    """A moment that was played best, or worst.

    Attributes:
        kind: "best" or "worst".
        start_s: In the original; so is `end_s`.
        attempt_s: When the attempt's moment begins, in its own time.
        expression: What it is about.
        sentence: What there is to say about it.
    """

    kind: Literal["best", "worst"]
    start_s: Seconds
    end_s: Seconds
    attempt_s: Lag
    expression: Line
    sentence: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActResult:
    """How near an attempt comes to a performance, and where.

    Times are seconds of the original unless another is named.

    Attributes:
        model: Name of the model that judged both.
        score: 0 for what chance gives or a motionless face, 100 for the same performance; None where it cannot be said.
        interval: 95 % interval of the score, by bootstrap over blocks of time; None with the score.
        unscored: Why there is no score, a sentence; empty where there is one.
        agreement: What the score is made of: concordance of the expressions, weighed by their shares.
        expressions: In the order of the model's.
        timing: None with the score.
        coverage: The part of the original's time in which the face is seen: "original", "attempt" and "both".
        baselines: Agreement that chance gives, aligned alike: "motionless"; "shuffled", the attempt shuffled in time;
            "other_scene", the original against other moments of itself, null where it is too short; "chance", the
            largest of them, which scores 0.
        overlap: The simpler measure, 1 less half the mean sum of differences of probabilities: of the "attempt", and of
            a "motionless" face, which it flatters.
        moments: The best, then the worst; none where there is no score.
        notes: What was skipped, guessed or odd, in sentences.
    """

    original: ActSide
    attempt: ActSide
    model: str
    score: Points | None
    interval: tuple[Points, Points] | None
    unscored: str
    agreement: Signed | None
    expressions: tuple[ExpressionAgreement, ...]
    timing: ActTiming | None
    coverage: Mapping[str, Score]
    baselines: Mapping[str, Signed | None]
    overlap: Mapping[str, Score | None]
    moments: tuple[ActMoment, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankedAttempt:
    """One attempt on a leader board.

    Attributes:
        video: The file, or its cast folder, as it was given.
        folder: Its result folder, beside the board; None where it could not be read.
        score: None where there is none.
        interval: 95 % interval of the score.
        unscored: Why there is no score; empty where there is one.
    """

    video: FileName
    folder: Line | None
    score: Points | None
    interval: tuple[Points, Points] | None
    unscored: str


@dataclass(frozen=True, slots=True)
class ActRanking:
    """Attempts at one original, the nearest first; those that have no score last."""

    original: FileName
    attempts: Annotated[tuple[RankedAttempt, ...], AtLeast(1)]


def _layout(data: dict[str, Any]) -> str:
    """One value a line, and one row of numbers."""
    return re.sub(
        r"\[\s+(-?[\d.e-]+(?:,\s+-?[\d.e-]+)+)\s+\]", lambda row: json.dumps(json.loads(row[0])), indented(data)
    )


def _check_performance(kept: Performance | LiveTake) -> None:
    """Times ascend, and every one has its probabilities and its box."""
    count = len(kept.times_s)
    if (np.diff(kept.times_s) <= 0).any():
        raise must_be(("times_s",), "ascending", kept.times_s.tolist())
    for name, columns in (("probabilities", len(kept.expressions)), ("boxes_xyxy", 4)):
        rows = getattr(kept, name)
        if (count and rows.shape != (count, columns)) or len(rows) != count:
            raise must_be((name,), f"{count} lists of {columns} numbers", rows.tolist())


def _check_result(result: ActResult) -> None:
    """There is a score, or a reason why not."""
    if (result.score is None) == (not result.unscored):
        raise must_be(("unscored",), "a sentence where there is no score, and only there", result.unscored)


PERFORMANCE_JSON = Form(
    Performance,
    "performance.json",
    version=1,
    check=_check_performance,
    layout=_layout,
    hint="Read it from its video anew.",
)
LIVE_TAKE_JSON = Form(LiveTake, "take.json", check=_check_performance)
ACT_JSON = Form(ActResult, "act.json", version=1, check=_check_result, hint="Compare the videos anew.")
RANKING_JSON = Form(ActRanking, "ranking.json", version=1, hint="Compare the attempts anew.")
"""The forms of a kept performance, of what a page sends, of a comparison, and of a leader board."""
