"""Which way a head is turned, in degrees, from its five landmarks.

A generic face of five points in space is turned until its projection, under weak perspective (depth within the face
shrinks nothing), fits the landmarks best. Roll, size and place follow in closed form for every yaw and pitch, by least
squares on complex numbers, so that only those two are searched for: on a grid, then on ever finer grids around the
best. The idea of fitting a known object under weak perspective: DeMenthon, Davis, "Model-based object pose in 25 lines
of code", IJCV 15, 1995.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GENERIC_FACE = np.array(
    [(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.47, 0.47), (-0.424, 0.95, 0.1), (0.424, 0.95, 0.1)]
)
"""Eye centres, nose tip and mouth corners (5, 3): x right, y down, z towards the camera, in distances between the eyes.
The shape that fits YuNet's landmarks on 3,775 photos of Labeled Faces in the Wild best (sum of the residuals' sizes,
pose free for each photo); the noses of those 369 that are turned most ask for the same depth."""

_LEVEL_DEG = 9.0
"""Pitch of the generic face, as it is written down, at which those photos have their median: called 0."""

_MOST_YAW_DEG, _MOST_PITCH_DEG, _STEP_DEG = 90.0, 60.0, 5.0
_FINER, _ROUNDS = 4, 5
"""Each of five rounds looks four times closer: the last one to 0.005 degrees."""

SIDE_DEG, TILT_DEG = 20.0, 12.0
"""From this yaw on a pose is called left or right, and from this pitch on up or down. Of LFW's photos, most of them
frontal, a third are beyond the one and one in twenty-five beyond the other."""

POSES = ("front", "left", "right", "up", "down")


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head is turned; each angle is 0 for a face seen straight on and upright.

    Attributes:
        yaw_deg: Above 0: the nose points to the right of the picture. -90 to 90.
        pitch_deg: Above 0: the nose points down. About -70 to 55.
        roll_deg: Above 0: the head is tilted clockwise in the picture. -180 to 180.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float

    @property
    def name(self) -> str:
        """One of `POSES`, sides as the picture shows them; roll does not matter."""
        side, tilt = self.yaw_deg / SIDE_DEG, self.pitch_deg / TILT_DEG
        if max(abs(side), abs(tilt)) < 1:
            return "front"
        if abs(side) >= abs(tilt):
            return "right" if side > 0 else "left"
        return "down" if tilt > 0 else "up"


def head_pose(landmarks_xy: ArrayLike) -> HeadPose:
    """Estimate the pose of one head.

    Good to a few degrees for faces seen from the front. The generic face is nobody's: a person with a short nose seems
    turned less than they are. Two things are exact: a mirrored picture has the opposite yaw and roll, and turning the
    picture changes roll alone.

    Args:
        landmarks_xy: Shape (5, 2), pixels, in the order of `core.types.Face.landmarks_xy`.

    Raises:
        ValueError: If the shape is another, or the landmarks are not finite or all in one place.
    """
    points = np.asarray(landmarks_xy, dtype=np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError(f"expected five finite landmarks, shape (5, 2), got {points.shape}")
    seen = points[:, 0] + 1j * points[:, 1]
    seen = seen - seen.mean()
    if np.abs(seen).max() <= 1e-9 * np.abs(points).max():
        raise ValueError("all landmarks are in one place")
    yaw, pitch = _best(seen, *_whole_grid())
    step = _STEP_DEG
    for _ in range(_ROUNDS):
        step /= _FINER
        around = step * np.arange(-_FINER, _FINER + 1)
        yaws = np.clip(yaw + around, -_MOST_YAW_DEG, _MOST_YAW_DEG)
        pitches = np.clip(pitch + around, -_MOST_PITCH_DEG, _MOST_PITCH_DEG)
        yaw, pitch = _best(seen, yaws, pitches, _projected(yaws, pitches))
    roll = np.angle(np.vdot(_projected(np.array([yaw]), np.array([pitch]))[0, 0], seen))
    return HeadPose(float(yaw), float(pitch - _LEVEL_DEG), float(np.degrees(roll)))


def _projected(yaws_deg: NDArray[np.float64], pitches_deg: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Where the generic face's points come to lie, centred, x + iy: (Y, P, 5)."""
    yaw, pitch = np.radians(yaws_deg)[:, None, None], np.radians(pitches_deg)[None, :, None]
    x, y, z = _GENERIC_FACE.T
    down, ahead = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
    across = x * np.cos(yaw) + ahead * np.sin(yaw)
    points = across + 1j * down
    return np.asarray(points - points.mean(axis=2, keepdims=True))


@cache
def _whole_grid() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.complex128]]:
    """Every yaw (Y,) and pitch (P,) of the first look, and the projections (Y, P, 5)."""
    yaws = np.arange(-_MOST_YAW_DEG, _MOST_YAW_DEG + 1, _STEP_DEG)
    pitches = np.arange(-_MOST_PITCH_DEG, _MOST_PITCH_DEG + 1, _STEP_DEG)
    return yaws, pitches, _projected(yaws, pitches)


def _best(
    seen: NDArray[np.complex128],
    yaws: NDArray[np.float64],
    pitches: NDArray[np.float64],
    projected: NDArray[np.complex128],
) -> tuple[float, float]:
    """Yaw and pitch whose projection, rolled and scaled at best, leaves least of the points (5,) unexplained."""
    explained = np.abs(projected.conj() @ seen) ** 2 / np.sum(np.abs(projected) ** 2, axis=2)
    row, column = np.unravel_index(int(np.argmax(explained)), explained.shape)
    return float(yaws[row]), float(pitches[column])
