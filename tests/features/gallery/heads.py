"""Made-up heads before a made-up camera: landmarks of a face in space, or of a photo of it, however they are turned."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray
from closeup.features.gallery.liveness import HeadView
from closeup.perception.pose import head_pose

FACE = np.array([(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.5, 0.5), (-0.4, 0.95, 0.1), (0.4, 0.95, 0.1)])
"""Eyes, nose tip, mouth corners in distances of the eyes: x right, y down, z towards the camera."""

ANGLES = {"front": (0.0, 9.0), "left": (-30.0, 9.0), "right": (30.0, 9.0), "up": (0.0, -15.0), "down": (0.0, 33.0)}
"""Yaw and pitch of a head that is clearly turned."""


def turned(points: NDArray[np.float64], yaw_deg: float, pitch_deg: float) -> NDArray[np.float64]:
    """Points (N, 3) after a turn and a nod about their middle."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    side = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    return (points - points.mean(axis=0)) @ (side @ nod).T


def seen(points: NDArray[np.float64], distance: float = 8.0) -> FloatArray:
    """Points (N, 3) as a camera at `distance` sees them: (N, 2) pixels, the eyes about 80 apart."""
    return np.asarray(points[:, :2] / (1 - points[:, 2:] / distance) * 80 + [320, 240], np.float32)


def head(yaw_deg: float, pitch_deg: float) -> FloatArray:
    """Landmarks (5, 2) of a living head."""
    return seen(turned(FACE, yaw_deg, pitch_deg))


def photo(yaw_deg: float, pitch_deg: float, shown: FloatArray | None = None) -> FloatArray:
    """Landmarks (5, 2) of a photo that is tilted by as much before a near camera; a photo of a front by default."""
    flat = head(*ANGLES["front"]) if shown is None else shown
    points = np.column_stack([(flat - [320, 240]) / 80, np.zeros(5)])
    return seen(turned(points, yaw_deg, pitch_deg), distance=4.0)


def view(time_s: float, landmarks_xy: FloatArray, noise: float = 0.0, seed: int = 0) -> HeadView:
    """A look at landmarks (5, 2) that err by `noise` of the distance of the eyes."""
    rng = np.random.default_rng([seed, round(time_s * 1000)])
    points = np.asarray(landmarks_xy + rng.normal(size=(5, 2)) * noise * 80, np.float32)
    pose = head_pose(points)
    return HeadView(time_s, pose.name, pose.yaw_deg, pose.pitch_deg, points)


def path(poses: Sequence[tuple[float, float]], hold_s: float = 1.0, move_s: float = 0.6) -> list[tuple[float, float]]:
    """Angles at ten looks a second of a head that goes from pose to pose and holds each."""
    angles: list[tuple[float, float]] = []
    for before, after in zip([poses[0], *poses], poses, strict=False):
        steps = round(move_s * 10)
        angles += [tuple(np.array(before) + (np.array(after) - before) * k / steps) for k in range(1, steps)]  # type: ignore[misc]
        angles += [after] * round(hold_s * 10)
    return angles


def performance(turns: Sequence[str]) -> list[tuple[float, float]]:
    """Angles at ten looks a second of somebody who turns as asked, back to the front in between."""
    poses = [ANGLES["front"]]
    for turn in turns:
        poses += [ANGLES[turn], ANGLES["front"]]
    return path(poses)
