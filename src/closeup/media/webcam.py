"""A camera as a source of frames; OpenCV opens the device."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Protocol

import cv2
import numpy as np

from closeup.core.errors import InputError
from closeup.media.sources import StillFrame

_LOST_AFTER = 30
"""Reads in a row without a picture after which the camera is taken to be gone; some give none while they wake."""

_WAIT_S = 0.05


class Device(Protocol):
    """What OpenCV's VideoCapture does, as far as it is needed here."""

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Whether there is a camera."""
        ...

    def read(self) -> tuple[bool, Any]:
        """Whether a picture came, and the picture, BGR (H, W, 3)."""
        ...

    def release(self) -> None:
        """Let the camera go."""
        ...


class Camera:
    """An open camera, a source of frames without end; made by `open_camera`.

    Attributes:
        index: Which one, counted from 0.
    """

    duration_hint_s: float | None = None

    def __init__(self, index: int, device: Device, clock: Callable[[], float]) -> None:
        self.index = index
        self._device = device
        self._clock = clock

    def __iter__(self) -> Iterator[StillFrame]:
        """Start to look; times count from the first picture.

        What comes while the caller works on a picture is dropped by the device, so that pictures are fresh.

        Raises:
            InputError: If the camera gives no pictures any more.
        """
        started: float | None = None
        missing = index = 0
        while missing < _LOST_AFTER:
            came, bgr = self._device.read()
            now = self._clock()
            if not came or bgr is None:
                missing += 1
                time.sleep(_WAIT_S)
                continue
            missing = 0
            started = now if started is None else started
            image = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            yield StillFrame(index, Fraction(now - started).limit_denominator(1_000_000), image)
            index += 1
        raise InputError(
            f"Camera {self.index} gives no pictures.", "See that it is plugged in and that no other program uses it."
        )


@contextmanager
def open_camera(
    index: int = 0,
    device: Callable[[int], Device] | None = None,
    clock: Callable[[], float] = time.monotonic,
    *,
    size_wh: tuple[int, int] | None = None,
) -> Iterator[Camera]:
    """Open a camera; it is let go at the end of the block.

    Args:
        index: Which one, counted from 0 as the system does.
        device: Opens the device; OpenCV's VideoCapture unless another is given.
        clock: Seconds that go on steadily.
        size_wh: (width, height) that OpenCV asks the camera for; it gives the nearest that it has.

    Raises:
        InputError: If there is no such camera, or it may not be used.
    """
    if index < 0:
        raise InputError(f"There is no camera {index}.", "Cameras are counted from 0.")
    opened = _quiet_capture(index, size_wh) if device is None else device(index)
    try:
        if not opened.isOpened():
            raise InputError(
                f"There is no camera {index}, or it may not be used.",
                "See that it is plugged in and that no other program uses it, or take a video instead.",
                code="camera.absent",
            )
        yield Camera(index, opened, clock)
    finally:
        opened.release()


def _quiet_capture(index: int, size_wh: tuple[int, int] | None) -> Device:
    """Open by OpenCV, without the warnings that it prints where there is no camera."""
    log = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        opened = cv2.VideoCapture(index)
        for name, side in zip((cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT), size_wh or (), strict=False):
            opened.set(name, side)
        device: Device = opened
    finally:
        log.setLogLevel(level)
    return device
