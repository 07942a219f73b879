"""Faces of single frames strung into tracks, online: overlap and motion first, appearance where they are in doubt.

After N. Wojke and others, "Simple online and realtime tracking with a deep association metric", ICIP 2017
(predict, gate, assign), with another weight on mistakes: a track that breaks in two is mended later by
clustering, a track that goes over from one person to another spoils both persons. So a link must be clearly
better than going without it, or appearance must confirm it; otherwise a new track starts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closeup.algorithms.clustering.similarity import cosine_distances
from closeup.core.boxes import iou

FaceKey = tuple[int, int]
"""A face that the tracker has been shown: number of the step (from 0), row within that step."""

Appearance = NDArray[np.floating] | Callable[[Sequence[FaceKey]], NDArray[np.floating]] | None
"""Appearance vectors (N, D) of one step's faces, or a function that makes those of the faces it is asked for."""

_VectorsOf = Callable[[list[FaceKey]], NDArray[np.float64]]

NO_TRACK = -1
"""Given to a face that continues no track and scores too low to start one."""

LOST_S = 0.8
"""A face that is not seen for this long, or for a sample and a half, is lost: its track has ended."""

_COASTING_S = 0.4
"""A face keeps its speed for about this long: heads turn back, people stop."""
_FRESH_VELOCITY = 0.6
"""Weight of the newest displacement in the velocity; the boxes of detectors jitter by some per cent."""
_FRESH_APPEARANCE = 0.3
"""Weight of the newest vector in a track's appearance."""


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """What counts as the same face from one sample to the next.

    Attributes:
        sample_s: Seconds between two samples, as a rule.
        max_gap_s: A track that is not seen for longer than this has ended.
        max_move_widths: A face moves at most this many times its own width between two samples.
        max_size_ratio: A face grows or shrinks at most by this factor between two samples.
        clear_margin: 0 to 1. A link is clear when the best assignment without it is worse by at least this much,
            where a perfect fit counts 1, a face at the gate 0 and an open track or face 0.
        appearance_limit: Cosine distance up to which two faces in one place are taken for one person; belongs to
            the vectors that are passed, so take it from the embedder's card.
        appearance_margin: A doubtful link is confirmed only if every rival is farther off by at least this much.
        appearance_veto: Cosine distance beyond which no link is made, however well place and size agree: this catches
            a cut that was not seen. Only for vectors passed as an array, which are there for every face.
        start_score: Detections that score lower continue tracks but start none.
    """

    sample_s: float = 0.2
    max_gap_s: float = 0.8
    max_move_widths: float = 1.2
    max_size_ratio: float = 1.7
    clear_margin: float = 0.25
    appearance_limit: float = 0.3
    appearance_margin: float = 0.05
    appearance_veto: float = np.inf
    start_score: float = 0.0

    @classmethod
    def at_rate(cls, rate_hz: float, appearance_limit: float = 0.3) -> "TrackerOptions":
        """For `rate_hz` samples a second: a missed sample is forgiven at any rate."""
        return cls(1 / rate_hz, max(LOST_S, 1.6 / rate_hz), appearance_limit=appearance_limit)

    def __post_init__(self) -> None:
        positive = (self.sample_s, self.max_gap_s, self.max_move_widths, self.clear_margin)
        if min(positive) <= 0 or self.max_size_ratio <= 1:
            raise ValueError(f"times, moves and the margin must be positive and the size ratio over 1: {self}")


@dataclass(slots=True)
class _Track:
    """A live track. `state` and `velocity` (4,) hold centre x and y in pixels, log width, log height."""

    number: int
    time_s: float
    state: NDArray[np.float64]
    velocity: NDArray[np.float64]
    key: FaceKey
    seen: int = 1
    vector: NDArray[np.float64] | None = None  # (D,), mean of what has been seen of it
    vector_key: FaceKey | None = None  # the newest face in it

    def predict(self, time_s: float) -> NDArray[np.float64]:
        """The state (4,) expected at a time, with a velocity that dies away."""
        coasted_s = _COASTING_S * -np.expm1((self.time_s - time_s) / _COASTING_S)
        return np.asarray(self.state + self.velocity * coasted_s)

    def follow(self, time_s: float, state: NDArray[np.float64], key: FaceKey) -> None:
        """Take one more face."""
        newest = (state - self.state) / (time_s - self.time_s)
        share = _FRESH_VELOCITY if self.seen > 1 else 1.0
        self.velocity = share * newest + (1 - share) * self.velocity
        self.time_s, self.state, self.key, self.seen = time_s, state, key, self.seen + 1

    def look(self, vector: NDArray[np.float64], key: FaceKey) -> None:
        """Remember how a face of the track looked; a vector (D,) with NaN says nothing."""
        if self.vector_key == key or not np.isfinite(vector).all():
            return
        share = _FRESH_APPEARANCE if self.vector is not None else 1.0
        old = self.vector if self.vector is not None else np.zeros_like(vector)
        self.vector, self.vector_key = share * vector + (1 - share) * old, key


class Tracker:
    """Gives every face of a video the number of its track, frame by frame, using nothing from the future.

    Same input, same answer. Numbers start at 0 and are never used twice; faces of one frame never share one.
    """

    def __init__(self, options: TrackerOptions | None = None) -> None:
        self._options = options or TrackerOptions()
        self._live: list[_Track] = []
        self._steps = 0
        self._started = 0
        self._time_s = -np.inf

    def cut(self) -> None:
        """End all tracks: the next frame belongs to another shot."""
        self._live = []

    def step(self, time_s: float, boxes_xyxy: ArrayLike, scores: ArrayLike, appearance: Appearance = None) -> list[int]:
        """Take the faces of the next sampled frame.

        Args:
            time_s: Time of the frame in seconds, later than the step before.
            boxes_xyxy: Shape (N, 4), pixels, each of positive width and height; N may be 0. Boxes that show
                one face twice must have been thinned out by the detector.
            scores: Shape (N,), the detector's scores, 0 to 1.
            appearance: Shape (N, D), any real dtype, compared by cosine; a row of NaN where nothing is known. Or a
                function from a list of face keys (step, row) to an array (K, D): it is only called when motion
                leaves a doubt, for this frame's faces and for the newest faces of tracks seen in the last
                `max_gap_s`, so that vectors are made for those few alone. None: every doubt starts a new track.

        Returns:
            N track numbers in the order of the boxes, or NO_TRACK (-1) where a score is under `start_score`.

        Raises:
            ValueError: Time does not ascend, a shape is wrong, or a box is empty or not finite.
        """
        boxes, levels = _checked(boxes_xyxy, scores)
        if not time_s > self._time_s:
            raise ValueError(f"time must ascend: {time_s} s comes after {self._time_s} s")
        vectors_of = _lookup(appearance, self._steps, len(boxes))
        patience_s = self._options.max_gap_s + 1e-6  # sums of 0.2 s are not exact
        self._live = [track for track in self._live if time_s - track.time_s <= patience_s]
        states = _states(boxes)
        motion = _motion_scores(self._live, boxes, time_s, self._options)
        if vectors_of is not None and not callable(appearance):
            rows, faces = list(range(motion.shape[0])), list(range(motion.shape[1]))
            strangers = self._appearance_distances(rows, faces, motion > 0, vectors_of)
            motion[strangers > self._options.appearance_veto] = 0
        links = _clear_links(motion, self._options.clear_margin)
        if vectors_of is not None:
            # Out of sight for a sample, somebody else may have taken the place: look, if looking is possible.
            seamless_s = 1.5 * self._options.sample_s
            links = {row: face for row, face in links.items() if time_s - self._live[row].time_s <= seamless_s}
        confirmed, lost = self._settle_doubts(motion, links, vectors_of)
        numbers = [NO_TRACK] * len(boxes)
        for row, face in {**links, **confirmed}.items():
            self._live[row].follow(time_s, states[face], (self._steps, face))
            numbers[face] = self._live[row].number
        self._live = [track for row, track in enumerate(self._live) if row not in lost]
        for face in range(len(boxes)):
            if numbers[face] == NO_TRACK and levels[face] >= self._options.start_score:
                numbers[face] = self._start(time_s, states[face], (self._steps, face))
        if vectors_of is not None and not callable(appearance):
            self._vectors(self._live, vectors_of)
        self._steps, self._time_s = self._steps + 1, time_s
        return numbers

    def _start(self, time_s: float, state: NDArray[np.float64], key: FaceKey) -> int:
        """Open a track; its number."""
        self._live.append(_Track(self._started, time_s, state, np.zeros(4), key))
        self._started += 1
        return self._started - 1

    def _settle_doubts(
        self, motion: NDArray[np.float64], links: dict[int, int], vectors_of: _VectorsOf | None
    ) -> tuple[dict[int, int], set[int]]:
        """Let appearance decide among tracks and faces that motion (T, N) has left open.

        Returns:
            The links that it confirms, and the tracks that end here: they may be one of the faces that now
            start a new track, and going on they could turn up on somebody else.
        """
        rows = [row for row in range(motion.shape[0]) if row not in links and motion[row].any()]
        taken = set(links.values())
        faces = [face for face in range(motion.shape[1]) if face not in taken and motion[rows, face].any()]
        if not rows or not faces:
            return {}, set()
        possible = motion[np.ix_(rows, faces)] > 0
        apart = self._appearance_distances(rows, faces, possible, vectors_of)
        confirmed = _confirmed_links(apart, self._options)
        still_open = [i for i in range(len(faces)) if i not in confirmed.values()]
        maybe = (apart[:, still_open] <= self._options.appearance_limit).any(axis=1)
        lost = {rows[i] for i in np.flatnonzero(maybe) if i not in confirmed}
        return {rows[i]: faces[j] for i, j in confirmed.items()}, lost

    def _appearance_distances(
        self, rows: list[int], faces: list[int], possible: NDArray[np.bool_], vectors_of: _VectorsOf | None
    ) -> NDArray[np.float64]:
        """Cosine distances (R, F) of tracks to faces: -inf where unknown, inf where motion rules it out."""
        apart = np.where(possible, -np.inf, np.inf)
        if vectors_of is None:
            return apart
        tracks = [self._live[row] for row in rows]
        seen = vectors_of([(self._steps, face) for face in faces])
        self._vectors(tracks, vectors_of)
        known_rows = [i for i, track in enumerate(tracks) if track.vector is not None]
        known_faces = np.flatnonzero(np.isfinite(seen).all(axis=1))
        if known_rows and len(known_faces):
            vectors = np.stack([track.vector for track in tracks if track.vector is not None])
            cells = np.ix_(np.array(known_rows), known_faces)
            apart[cells] = np.where(possible[cells], cosine_distances(vectors, seen[known_faces]), np.inf)
        return apart

    def _vectors(self, tracks: list[_Track], vectors_of: _VectorsOf) -> None:
        """See that each track's appearance includes its newest face."""
        stale = [track for track in tracks if track.vector_key != track.key]
        if stale:
            for track, vector in zip(stale, vectors_of([track.key for track in stale]), strict=True):
                track.look(vector, track.key)


def _lookup(appearance: Appearance, step: int, count: int) -> _VectorsOf | None:
    """One way to get vectors (K, D), whether they were passed for this step (rows of NaN for others) or are made."""
    if appearance is None:
        return None
    if callable(appearance):
        make = appearance
        return lambda keys: _matrix(make(keys), len(keys))
    vectors = _matrix(appearance, count)
    nothing = np.full(vectors.shape[1], np.nan)
    return lambda keys: np.stack([vectors[row] if at == step else nothing for at, row in keys] or [nothing])[
        : len(keys)
    ]


def _matrix(vectors: ArrayLike, count: int) -> NDArray[np.float64]:
    """Checked float64 appearance vectors (count, D)."""
    matrix = np.asarray(vectors, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) != count:
        raise ValueError(f"appearance must have the shape ({count}, D), not {matrix.shape}")
    return matrix


def _checked(boxes_xyxy: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (N, 4) and scores (N,) in float64."""
    boxes, levels = np.asarray(boxes_xyxy, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or levels.shape != (len(boxes),):
        raise ValueError(f"boxes (N, 4) and scores (N,) are needed, not {boxes.shape} and {levels.shape}")
    if not np.isfinite(boxes).all() or (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError("every box must be finite, with positive width and height")
    return boxes, levels


def _states(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes (N, 4) as centre x, centre y, log width, log height (N, 4)."""
    low, high = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    return np.concatenate([(low + high) / 2, np.log(high - low)], axis=1)


def _boxes(states: NDArray[np.float64]) -> NDArray[np.float32]:
    """States (N, 4) as boxes xyxy (N, 4)."""
    half = np.exp(states[:, 2:]) / 2
    return np.concatenate([states[:, :2] - half, states[:, :2] + half], axis=1).astype(np.float32)


def _motion_scores(
    tracks: list[_Track], boxes: NDArray[np.float64], time_s: float, options: TrackerOptions
) -> NDArray[np.float64]:
    """How well place and size agree (T, N): 0 where a gate rules the pair out, up to 1 for a perfect fit."""
    if not tracks or not len(boxes):
        return np.zeros((len(tracks), len(boxes)))
    last, faces = np.stack([track.state for track in tracks]), _states(boxes)
    expected = np.stack([track.predict(time_s) for track in tracks])
    gap_s = time_s - np.array([track.time_s for track in tracks])[:, None]
    samples = np.clip(gap_s / options.sample_s, 0.5, 1.5)
    side = np.exp((last[:, None, 2:] + faces[None, :, 2:]).sum(axis=2) / 4)  # geometric mean of all four sides
    growth = np.abs((last[:, None, 2:] - faces[None, :, 2:]).sum(axis=2)) / 2
    # Where the face was counts as much as where it was heading: either explains a box, so neither may
    # outvote the other in silence. Two people who meet may pass or turn back.
    fits = [_fit(place, faces, options.max_move_widths * samples * side) for place in (last, expected)]
    fit = np.maximum(*fits)
    fit[growth > np.log(options.max_size_ratio) * samples] = 0
    return fit


def _fit(places: NDArray[np.float64], faces: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.float64]:
    """Agreement (T, N) of states (T, 4) and (N, 4): half overlap, half nearness; 0 beyond the reach (T, N) in pixels.

    Overlap alone loses a face that moves by its own width between two samples; nearness alone does not see size.
    """
    distance = np.linalg.norm(places[:, None, :2] - faces[None, :, :2], axis=2)
    overlap = iou(_boxes(places), _boxes(faces)).astype(np.float64)
    return np.where(distance < reach, 0.5 * overlap + 0.5 * (1 - distance / reach), 0.0)


def _clear_links(motion: NDArray[np.float64], margin: float) -> dict[int, int]:
    """The pairs, row to column, without which the best assignment of scores (T, N) gets worse by the margin.

    Such a pair is part of every best assignment, so ties cannot make the answer depend on order.
    """
    best, pairs = _assign(motion)
    links = {}
    for row, column in pairs:
        without = motion.copy()
        without[row, column] = 0
        alone = not (without[row].any() or without[:, column].any())
        loss = motion[row, column] if alone else best - _assign(without)[0]
        if loss >= margin:
            links[row] = column
    return links


def _assign(scores: NDArray[np.float64]) -> tuple[float, list[tuple[int, int]]]:
    """The best total of scores (T, N), and its pairs (the Hungarian method); pairs of score 0 are left open."""
    wanted = scores > 0
    pairs = [(int(row), int(column)) for row, column in np.argwhere(wanted)]
    if len({row for row, _ in pairs}) < len(pairs) or len({column for _, column in pairs}) < len(pairs):
        from scipy.optimize import linear_sum_assignment  # half a second, which a video without crowds can save

        found = zip(*linear_sum_assignment(scores, maximize=True), strict=True)
        pairs = [(int(row), int(column)) for row, column in found if wanted[row, column]]
    return float(sum(scores[pair] for pair in pairs)), pairs


def _confirmed_links(apart: NDArray[np.float64], options: TrackerOptions) -> dict[int, int]:
    """Pairs, row to column, that are near enough in distances (R, F) and nearer than every rival by the margin."""
    links = {}
    for row, column in np.argwhere(np.isfinite(apart) & (apart <= options.appearance_limit)):
        rivals = np.append(np.delete(apart[row], column), np.delete(apart[:, column], row))
        if (rivals >= apart[row, column] + options.appearance_margin).all():
            links[int(row)] = int(column)
    return links
