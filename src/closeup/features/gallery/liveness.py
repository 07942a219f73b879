"""Whether a living head is before the camera: head turns in a random order, and a check for a flat picture.

What it stops: a printed photo or a photo on a screen, still or moved about; a recording of somebody who does not
happen to turn as asked. What it does not stop: a face that is put over the attacker's own while the camera runs, a
good mask, a video that is steered live. It has not been tested by ISO/IEC 30107-3, and is no lock for anything that
matters (docs/concepts/gallery.md).

The flat picture: four points of a plane determine how any other point of it is seen from elsewhere (a homography;
Hartley, Zisserman: "Multiple View Geometry", chapter 13). The eyes and mouth corners nearly lie in a plane, and the
tip of the nose does not: when a head turns it leaves the place that the other four give it, by the height of the nose
times the sine of the turn. In a photo it stays, however the photo is turned.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

TURNS = ("left", "right", "up", "down")
"""Poses that may be asked for."""

COUNT = 4
"""Turns in a challenge: 256 sequences of four directions, 16 of two; a recording shows one of them."""

STEP_S = 8.0
"""Seconds that each turn, and the way back to the front, may take."""

QUICKEST_S = 0.2
"""Nobody hears, understands and turns in less."""

WRONG_S = 0.6
"""A turn elsewhere that is held for this long was not the one that was asked for."""

LOST_S = 1.0
"""A face that is not seen for this long may have been exchanged."""

FASTEST_DEG_S, ROUNDING_DEG = 400.0, 15.0
"""Heads turn by up to about 400 degrees a second; the angle of a face that is read off five points errs by several."""

FARTHEST = 0.8
"""Between two looks half a second apart or less a face moves by no more than this, in face widths."""

HOLD = 3
"""Looks in a row that a pose is held for; what is measured is the median over them."""

PARALLAX = 0.1
"""The nose leaves its place in the plane by this much of the distance of the eyes at a turn, or the picture is flat.
A nose that stands out by half that distance gives 0.17 at 20 degrees. With landmarks that err by 2 % of it, a photo,
however it is tilted, stays below 0.08 in 99 of 100 turns."""

STILL = 2e-4
"""Landmarks that vary by less than this of the distance of the eyes while a head is held are one picture shown again:
even of a face that keeps still, a camera's noise moves them more."""

_Points = NDArray[np.float64]

State = Literal["running", "passed", "failed"]


@dataclass(frozen=True, slots=True, eq=False)
class HeadView:
    """One look at the face before the camera.

    Attributes:
        time_s: When, in seconds.
        pose: "front", "left", "right", "up" or "down".
        yaw_deg: Turn of the head; `pitch_deg` its nod.
        landmarks_xy: Shape (5, 2), float32, pixels: eyes, nose tip, mouth corners.
        same: Whether it is the face of the look before, by its embedding.
    """

    time_s: float
    pose: str
    yaw_deg: float
    pitch_deg: float
    landmarks_xy: FloatArray
    same: bool = True


@dataclass(frozen=True, slots=True)
class LivenessReport:
    """What the check has found.

    Attributes:
        state: "running" until it has passed or failed.
        asked: The turns, in order.
        done: How many of them were seen.
        wanted: The pose to take now: a turn, or "front" before each; empty at the end.
        reason: Why it failed, a sentence; empty otherwise.
        parallax: For each turn seen, how far the nose left its place, in distances of the eyes.
    """

    state: State
    asked: tuple[str, ...]
    done: int
    wanted: str
    reason: str = ""
    parallax: tuple[float, ...] = ()


def random_turns(count: int = COUNT, rng: random.Random | None = None) -> tuple[str, ...]:
    """Draw the turns to ask for.

    Args:
        count: How many turns.
        rng: By default the system's own randomness, which nobody can foresee.
    """
    source = rng or random.SystemRandom()
    return tuple(source.choice(TURNS) for _ in range(count))


def nose_parallax(front_xy: FloatArray, turned_xy: FloatArray) -> float:
    """Say how far the nose is from where a flat picture would show it, in distances of the eyes; 0 in a flat one.

    Args:
        front_xy: Landmarks (5, 2) of the face seen from the front.
        turned_xy: Landmarks (5, 2) of the same face, or of the same photo, after a turn.

    Returns:
        0 and up; 0 also where the points are so squeezed together that nothing can be said.
    """
    front, turned = np.asarray(front_xy, np.float64), np.asarray(turned_xy, np.float64)
    plane = [0, 1, 3, 4]
    eyes = float(np.hypot(*(turned[1] - turned[0])))
    # Seen from the side the eyes draw together, the height of the face stays: the larger one says how near it is.
    height = float(np.hypot(*(turned[3:].mean(axis=0) - turned[:2].mean(axis=0))))
    size = max(eyes, 0.8 * height)
    moved = _through_plane(front[plane], turned[plane], front[2])
    if moved is None or size < 1e-6:
        return 0.0
    return float(np.hypot(*(moved - turned[2])) / size)


def _through_plane(before: _Points, after: _Points, point: _Points) -> _Points | None:
    """Where `point` (2,) goes under the homography that takes four points (4, 2) to four others; None if none does."""
    rows = []
    for (x, y), (u, v) in zip(before.tolist(), after.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    try:
        a = np.append(np.linalg.solve(np.array(rows), after.reshape(-1)), 1.0).reshape(3, 3)
    except np.linalg.LinAlgError:
        return None
    u, v, w = a @ np.array([point[0], point[1], 1.0])
    return None if abs(w) < 1e-9 else np.array([u / w, v / w])


@dataclass(slots=True)
class LivenessCheck:
    """Watches a face, look by look, and asks for turns; nothing is kept of the pictures.

    Attributes:
        asked: The turns to ask for, in order.
    """

    asked: tuple[str, ...] = field(default_factory=random_turns)
    _report: LivenessReport = field(init=False)
    _since_s: float | None = field(default=None, init=False)
    _wrong_s: float | None = field(default=None, init=False)
    _last: HeadView | None = field(default=None, init=False)
    _held: list[HeadView] = field(default_factory=list, init=False)
    _front: list[FloatArray] = field(default_factory=list, init=False)
    _flat: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not self.asked or set(self.asked) - set(TURNS):
            raise ValueError(f"turns are one or more of {TURNS}, not {self.asked}")
        self._report = LivenessReport("running", self.asked, 0, "front")

    @property
    def report(self) -> LivenessReport:
        """How it stands."""
        return self._report

    def look(self, time_s: float, views: Sequence[HeadView]) -> LivenessReport:
        """Take the faces that are seen at `time_s`, ascending from look to look; after the end nothing changes."""
        if self._report.state != "running":
            return self._report
        if self._since_s is None:
            self._since_s = time_s
        if reason := self._objection(time_s, views):
            return self._fail(reason)
        if views:
            self._follow(views[0])
            self._last = views[0]
        return self._report

    def _objection(self, time_s: float, views: Sequence[HeadView]) -> str:
        """What speaks against a living head at this look."""
        if len(views) > 1:
            return "Two faces were in view."
        if self._last is not None and time_s - self._last.time_s > LOST_S:
            return "The face was out of view."
        assert self._since_s is not None
        if time_s - self._since_s > STEP_S:
            return _late(self._report.wanted, flat=self._flat)
        if views and self._last is not None:
            return _jump(self._last, views[0])
        return ""

    def _follow(self, view: HeadView) -> None:
        """Watch whether the wanted pose is taken, held, and by a head that is not flat."""
        wanted = self._report.wanted
        if view.pose != wanted:
            self._held.clear()
            self._watch_wrong(view, wanted)
            return
        self._wrong_s = None
        self._held = [*self._held, view][-HOLD:]
        if len(self._held) < HOLD:
            return
        assert self._since_s is not None
        if wanted != "front" and self._held[0].time_s - self._since_s < QUICKEST_S:
            self._fail(f"The turn {wanted} came sooner than anybody can follow a request.")
            return
        if wanted == "front":
            self._front = [held.landmarks_xy for held in self._held]
            if _variation(self._front) < STILL:
                self._fail("Nothing moved at all: it was one picture, shown again and again.")
                return
            self._go_on(view.time_s, ())
            return
        parallax = float(np.median([nose_parallax(f, h.landmarks_xy) for f in self._front for h in self._held]))
        self._flat = parallax < PARALLAX
        if not self._flat:  # else it is not turned far enough yet, or a picture, which never gets there
            self._go_on(view.time_s, (parallax,))

    def _watch_wrong(self, view: HeadView, wanted: str) -> None:
        """Note a turn elsewhere; on the way back to the front, and on the way from it, there is none."""
        if "front" in (view.pose, wanted):
            self._wrong_s = None
            return
        self._wrong_s = view.time_s if self._wrong_s is None else self._wrong_s
        if view.time_s - self._wrong_s >= WRONG_S:
            self._fail(f"The head was turned {view.pose} where {wanted} was asked for.")

    def _go_on(self, time_s: float, parallax: tuple[float, ...]) -> None:
        """Ask for the next pose: fronts and turns by turns."""
        self._since_s, self._wrong_s, self._flat = time_s, None, False
        self._held.clear()
        seen = (*self._report.parallax, *parallax)
        if len(seen) < len(self.asked):
            wanted = "front" if parallax else self.asked[len(seen)]
            self._report = LivenessReport("running", self.asked, len(seen), wanted, "", seen)
        else:
            self._report = LivenessReport("passed", self.asked, len(seen), "", "", seen)

    def _fail(self, reason: str) -> LivenessReport:
        old = self._report
        self._report = LivenessReport("failed", old.asked, old.done, "", reason, old.parallax)
        return self._report


def _late(wanted: str, *, flat: bool) -> str:
    if wanted == "front":
        return f"No face was seen from the front within {STEP_S:g} s."
    if flat:
        return f"The face turned {wanted}, and the nose stayed where a flat picture has it."
    return f"The turn {wanted} was not seen within {STEP_S:g} s; a flat picture cannot show one."


def _jump(before: HeadView, now: HeadView) -> str:
    """What speaks against `now` being the same head a moment later."""
    if not now.same:
        return "The face became another one."
    passed_s = now.time_s - before.time_s
    turn_deg = math.hypot(now.yaw_deg - before.yaw_deg, now.pitch_deg - before.pitch_deg)
    if turn_deg > ROUNDING_DEG + FASTEST_DEG_S * passed_s:
        return "The head jumped from one pose to another, as when pictures are exchanged."
    if passed_s <= 0.5:
        eyes_mouth = now.landmarks_xy[:2].mean(axis=0) - now.landmarks_xy[3:].mean(axis=0)
        width = 2.2 * float(np.hypot(*eyes_mouth))
        moved = now.landmarks_xy.mean(axis=0) - before.landmarks_xy.mean(axis=0)
        if float(np.hypot(*moved)) > FARTHEST * width:
            return "The face jumped from one place to another."
    return ""


def _variation(fronts: Sequence[FloatArray]) -> float:
    """How much the landmarks (5, 2) of several looks differ, in distances of the eyes."""
    points = np.stack(fronts).astype(np.float64)
    eyes = np.hypot(*(points[:, 1] - points[:, 0]).T).mean()
    return float(np.sqrt(points.var(axis=0).sum() / len(points[0])) / max(eyes, 1e-9))
