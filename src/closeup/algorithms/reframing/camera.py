"""A virtual camera: the path of a crop that keeps a subject in a good place, still where it can be.

After M. Grundmann, V. Kwatra, I. Essa, "Auto-directed video stabilization with robust L1 optimal camera paths", CVPR
2011: of all paths that keep the subject in the crop, the one with the least total speed, acceleration and jerk, each
summed as absolute values. Such a path stands still as long as it can, moves evenly where it must, and eases in and out;
a linear programme finds it.

Two things are ours. The path is a uniform cubic B-spline, a control point each `KNOT_S`, so that the programme is small
whatever the frame rate, frames may lie anywhere in time, and a bound on the second differences of the control points
bounds the acceleration at every moment. And the width of the crop, one for the whole shot, is part of the programme:
a slightly wider crop may spare a restless camera.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.interpolate import BSpline
from scipy.optimize import linprog

FloatArray = NDArray[np.float64]

KNOT_S = 0.25
"""Seconds between two control points: the camera answers within about a head's turn."""

GRID_HZ = 12.5
"""How often the subject's place is held against the crop; faces move little in 80 ms, and are sampled at 5 a second."""


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """What a path costs. Lengths are widths of the narrowest crop allowed, times seconds, so no weight has pixels.

    Attributes:
        speed: Cost of each width travelled.
        acceleration: Of each width a second by which the speed changes.
        jerk: Of each width a second squared by which the acceleration changes.
        cut: Of each width by which the subject is cut, for a second.
        discomfort: Of each width by which the subject is outside of the `ease` around its best place, for a second.
        together: Of each width by which an edge of the crop cuts somebody beside the subject who would fit in, for a
            second.
        apart: Of each width by which it lets in a part of somebody who would not, for a second.
        pull: Of each width from the best place, for a second: where the camera stands when nothing else decides.
        ease: How far from its best place the subject may be at no cost but `pull`, in widths.
        widening: Of each width by which the crop is wider than it would best be, for a second.
        overflow: Likewise, where it grows beyond the widest crop that lies in the picture.
        max_acceleration: Widths a second squared that are never exceeded.
    """

    speed: float = 1.0
    acceleration: float = 1.0
    jerk: float = 0.25
    cut: float = 200.0
    discomfort: float = 4.0
    together: float = 6.0
    apart: float = 1.0
    pull: float = 0.05
    ease: float = 0.1
    widening: float = 0.3
    overflow: float = 1.2
    max_acceleration: float = 1.5


@dataclass(frozen=True, eq=False)
class Edges:
    """Where the two edges of the crop would best lie because of others; shape (N,) each, pixels, NaN for no wish.

    Attributes:
        low_at_most: The crop begins here or before: who begins here is let in.
        high_at_least: The crop ends here or after, likewise.
        low_at_least: The crop begins here or after: who ends here is kept out.
        high_at_most: The crop ends here or before, likewise.
    """

    low_at_most: FloatArray
    high_at_least: FloatArray
    low_at_least: FloatArray
    high_at_most: FloatArray

    def mapped(self, change: Callable[[FloatArray], FloatArray]) -> "Edges":
        """Each of the four arrays (N,) changed alike."""
        return Edges(
            change(self.low_at_most), change(self.high_at_least), change(self.low_at_least), change(self.high_at_most)
        )

    def mirrored(self, length: float) -> "Edges":
        """The same in a picture of this length that is seen in a mirror."""
        turned = self.mapped(lambda array: length - array)
        return Edges(turned.high_at_least, turned.low_at_most, turned.high_at_most, turned.low_at_least)


@dataclass(frozen=True, eq=False)
class Axis:
    """What the camera is to hold in one direction, x or y, frame by frame.

    Attributes:
        low: Shape (N,), pixels: where the subject begins; `high` (N,) where it ends.
        place: Shape (N,), pixels: where the middle of the crop would best be.
        weight: Shape (N,), 0 to 1: how much the subject counts; 0 where there is none.
        length: Pixels of the picture in this direction.
        edges: What others ask of the crop's edges.
    """

    low: FloatArray
    high: FloatArray
    place: FloatArray
    weight: FloatArray
    length: float
    edges: Edges | None = None

    def mirrored(self) -> "Axis":
        """The scene as a mirror shows it."""
        low, high, place = self.length - self.high, self.length - self.low, self.length - self.place
        edges = self.edges and self.edges.mirrored(self.length)
        return replace(self, low=low, high=high, place=place, edges=edges)


@dataclass(frozen=True, slots=True)
class Span:
    """How long the crop may be in one direction, in pixels.

    Attributes:
        best: As long as it would best be, and the shortest allowed.
        inside: The longest that is had at the lower price; the crop lies in the picture up to here.
        most: The longest of all.
    """

    best: float
    inside: float
    most: float


def plan_axis(times_s: ArrayLike, axis: Axis, span: Span, options: CameraOptions) -> tuple[FloatArray, float]:
    """The middle of the crop in one direction, frame by frame, and the crop's length, one for all frames.

    A mirrored subject gets the mirrored path, a subject that stands still a camera that stands still.

    Args:
        times_s: Shape (N,), start of each frame in seconds, ascending, at least one.
        axis: What is to be held; arrays of N.
        span: 0 < best <= inside <= most. Where the crop may not be longer than the picture, it stays inside of it;
            where `best` is longer, the middle of the crop is the middle of the picture.
        options: What a path costs.

    Returns:
        Shape (N,), float64, pixels; and the length in pixels, from `span.best` to `span.most`.

    Raises:
        ValueError: If the shapes do not fit, times do not ascend, a number is not finite, or the span is no span.
    """
    times = _checked(times_s, axis, span)
    if span.best >= axis.length:
        return np.full(len(times), axis.length / 2), span.best
    if not (axis.weight > 0).any():
        return np.full(len(times), axis.length / 2), span.best
    unit = span.best
    scene = _scaled(axis, unit)
    programme = _Programme(np.round(times - times[0], 6), scene, _scaled_span(span, unit, axis), options)
    middle, length = programme.solve(scene)
    mirror, mirror_length = programme.solve(scene.mirrored())
    # Where two paths are equally good the solver takes one by the order of its rows. The mean of two best paths is a
    # best path too, and does not know left from right.
    middle, length = (middle + scene.length - mirror) / 2, (length + mirror_length) / 2
    length = float(np.clip(length * unit, span.best, min(span.most, axis.length)))
    return np.clip(middle * unit, length / 2, axis.length - length / 2), length


def _checked(times_s: ArrayLike, axis: Axis, span: Span) -> FloatArray:
    times = np.asarray(times_s, dtype=np.float64)
    arrays = (times, axis.low, axis.high, axis.place, axis.weight)
    if times.ndim != 1 or len(times) == 0 or any(array.shape != times.shape for array in arrays):
        raise ValueError(f"all arrays must have the shape (N,), not {[array.shape for array in arrays]}")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("times, places and weights must be finite")
    if (np.diff(times) <= 0).any():
        raise ValueError("times must ascend")
    if not 0 < span.best <= span.inside <= span.most < np.inf or not 0 < axis.length < np.inf:
        raise ValueError(f"a crop of {span} in a picture of {axis.length} is impossible")
    return times


def _scaled(axis: Axis, unit: float) -> Axis:
    # Rounded far below a pixel, so that the same scene at another hour is the same programme to the last bit.
    def scaled(array: FloatArray) -> FloatArray:
        return np.round(array / unit, 9)

    edges = axis.edges and axis.edges.mapped(scaled)
    return Axis(scaled(axis.low), scaled(axis.high), scaled(axis.place), axis.weight, axis.length / unit, edges)


def _scaled_span(span: Span, unit: float, axis: Axis) -> Span:
    limit = axis.length
    return Span(1.0, min(span.inside, limit) / unit, min(span.most, limit) / unit)


class _Programme:
    """The linear programme of one direction, in units of the narrowest crop's length.

    Unknowns, in this order: control points (K), widening and overflow (2), absolute speed, acceleration and jerk of
    the control points (K-1, K-2, K-3), and per point of the grid (G) what is cut, uncomfortable and off its place, and
    by how much each of the four wishes for the edges is missed: seven times G.
    """

    def __init__(self, times: FloatArray, axis: Axis, span: Span, options: CameraOptions) -> None:
        self._length, self._span, self._options = axis.length, span, options
        total = float(times[-1])
        self._segments = max(1, int(np.ceil(total / KNOT_S - 1e-9)))
        self._step = max(KNOT_S, total) if self._segments == 1 else total / self._segments
        self._controls = self._segments + 3
        self._every = self._basis(times)
        chosen = _grid(times, axis.weight)
        self._grid, self._basis_grid = chosen, self._every[chosen]
        gaps = np.gradient(times)[chosen] if len(times) > 1 else np.ones(1)
        # Each point of the grid stands for the frames around it.
        share = total / max(1e-9, float(gaps.sum())) if len(times) > 1 else 1.0
        self._weight = axis.weight[chosen] * gaps * max(1.0, share)
        self._total = max(total, KNOT_S)

    def _basis(self, times: FloatArray) -> sparse.csr_array:
        """Weight (N, K) of each control point at each time."""
        knots = self._step * np.arange(-3, self._segments + 4, dtype=np.float64)
        inside = np.minimum(times, np.nextafter(self._step * self._segments, 0))
        return sparse.csr_array(BSpline.design_matrix(inside, knots, 3))

    def solve(self, axis: Axis) -> tuple[FloatArray, float]:
        """The best path (N,) and the crop's length, for the axis that it was made for or its mirror image."""
        matrix, limits = self._rows(axis)
        answer = linprog(self._costs(), A_ub=matrix, b_ub=limits, bounds=self._bounds(), method="highs")
        if answer.status != 0:
            raise ArithmeticError(f"no camera path was found: {answer.message}")
        length = 1.0 + float(answer.x[self._controls : self._controls + 2].sum())
        return self._every @ answer.x[: self._controls], length

    def _differences(self) -> list[sparse.csr_array]:
        """Speed, acceleration and jerk of the control points: (K-1, K), (K-2, K), (K-3, K)."""
        identity = np.eye(self._controls)
        return [sparse.csr_array(np.diff(identity, n, axis=0) / self._step**n) for n in (1, 2, 3)]

    def _costs(self) -> FloatArray:
        o, k = self._options, self._controls
        motion = [np.full(k - n, cost * self._step) for n, cost in ((1, o.speed), (2, o.acceleration), (3, o.jerk))]
        wide = [o.widening * self._total, o.overflow * self._total]
        each = (o.cut, o.discomfort, o.pull, o.together, o.together, o.apart, o.apart)
        offences = [cost * self._weight for cost in each]
        return np.concatenate([np.zeros(k), wide, *motion, *offences])

    def _bounds(self) -> list[tuple[float, float | None]]:
        o, k, g = self._options, self._controls, len(self._grid)
        wide = [(0.0, self._span.inside - 1.0), (0.0, self._span.most - self._span.inside)]
        motion = [(0.0, None)] * (k - 1) + [(0.0, o.max_acceleration)] * (k - 2) + [(0.0, None)] * (k - 3)
        return [*[(0.0, self._length)] * k, *wide, *motion, *[(0.0, None)] * (7 * g)]

    def _rows(self, axis: Axis) -> tuple[sparse.csr_array, FloatArray]:
        """All that must hold, as rows of A x <= b."""
        k, g, basis = self._controls, len(self._grid), self._basis_grid
        table = _Table([k, 2, k - 1, k - 2, k - 3, *[g] * 7])
        for index, difference in enumerate(self._differences(), start=2):
            count = difference.shape[0]
            for sign in (1.0, -1.0):
                table.add(np.zeros(count), {0: sign * difference, index: -_eye(count)})
        # The crop stays in the picture: a B-spline lies within the range of its control points.
        table.add(np.full(k, -0.5), {0: -_eye(k), 1: _both(k, 0.5)})
        table.add(np.full(k, self._length - 0.5), {0: _eye(k), 1: _both(k, 0.5)})
        low, high, place = (array[self._grid] for array in (axis.low, axis.high, axis.place))
        # The subject's two ends are in the crop, or what is cut is paid for.
        table.add(low + 0.5, {0: basis, 1: _both(g, -0.5), 5: -_eye(g)})
        table.add(0.5 - high, {0: -basis, 1: _both(g, -0.5), 5: -_eye(g)})
        for sign in (1.0, -1.0):
            table.add(sign * place + self._options.ease, {0: sign * basis, 6: -_eye(g)})
            table.add(sign * place, {0: sign * basis, 7: -_eye(g)})
        if axis.edges is not None:
            self._add_edges(table, axis.edges.mapped(lambda array: array[self._grid]))
        return table.rows()

    def _add_edges(self, table: "_Table", edges: Edges) -> None:
        """Others are let in or kept out, or it is paid for."""
        wishes = (
            (8, edges.low_at_most, 1.0, -0.5),
            (9, edges.high_at_least, -1.0, -0.5),
            (10, edges.low_at_least, -1.0, 0.5),
            (11, edges.high_at_most, 1.0, 0.5),
        )
        for index, wish, sign, wider in wishes:
            rows = np.flatnonzero(~np.isnan(wish))
            basis, slack = sign * self._basis_grid[rows], -_eye(len(wish))[rows]
            limit = sign * wish[rows] - wider
            table.add(limit, {0: basis, 1: _both(len(rows), wider), index: slack})


class _Table:
    """Rows of a linear programme, put together from blocks; a block that is not given is zero."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self._blocks: list[list[sparse.csr_array]] = []
        self._limits: list[FloatArray] = []

    def add(self, limits: FloatArray, blocks: dict[int, sparse.csr_array]) -> None:
        """Add as many rows as there are limits."""
        if len(limits):
            count = len(limits)
            row = [blocks[i] if i in blocks else sparse.csr_array((count, n)) for i, n in enumerate(self._sizes)]
            self._blocks.append(row)
            self._limits.append(limits)

    def rows(self) -> tuple[sparse.csr_array, FloatArray]:
        """All rows, and their limits."""
        return sparse.csr_array(sparse.block_array(self._blocks, format="csr")), np.concatenate(self._limits)


def _eye(count: int) -> sparse.csr_array:
    return sparse.csr_array(sparse.eye_array(count))


def _both(count: int, value: float) -> sparse.csr_array:
    """`value` for widening and for overflow, in `count` rows."""
    return sparse.csr_array(np.full((count, 2), value))


def _grid(times: FloatArray, weight: FloatArray) -> NDArray[np.int64]:
    """The frames at which the subject is held against the crop: `GRID_HZ` a second, of those where there is one."""
    slots = np.floor(times * GRID_HZ + 1e-6).astype(np.int64)
    first = np.flatnonzero(np.diff(slots, prepend=-1) > 0)
    chosen = np.union1d(first, [len(times) - 1])
    kept = chosen[weight[chosen] > 0]
    return kept if len(kept) else np.flatnonzero(weight > 0)[:1]
