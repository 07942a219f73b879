from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.media import webcam
from closeup.media.webcam import open_camera


class FakeDevice:
    """Gives what it was told to, None for a read that fails; then nothing."""

    def __init__(self, pictures: list[Any], opened: bool = True) -> None:
        self.pictures, self.opened, self.released = list(pictures), opened, False

    def isOpened(self) -> bool:
        return self.opened

    def read(self) -> tuple[bool, Any]:
        picture = self.pictures.pop(0) if self.pictures else None
        return picture is not None, picture

    def release(self) -> None:
        self.released = True


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam, "_WAIT_S", 0.0)


def bgr(blue: int) -> Any:
    return np.full((4, 6, 3), (blue, 0, 0), np.uint8)


def ticks() -> Iterator[float]:
    return (100.0 + 0.25 * n for n in range(1000))


def test_pictures_come_as_rgb_with_times_from_the_first_one_on() -> None:
    device, clock = FakeDevice([None, bgr(10), bgr(20), None, bgr(30)]), ticks()
    with open_camera(2, lambda index: device, lambda: next(clock)) as opened:
        assert opened.index == 2
        frames = iter(opened)
        got = [next(frames) for _ in range(3)]
    assert [float(frame.time) for frame in got] == [0.0, 0.25, 0.75]
    assert [frame.rgb()[0, 0].tolist() for frame in got] == [[0, 0, 10], [0, 0, 20], [0, 0, 30]]
    assert device.released


def test_a_camera_that_falls_silent_is_told() -> None:
    device = FakeDevice([bgr(1)])
    with open_camera(0, lambda index: device) as opened, pytest.raises(InputError, match="Camera 0 gives no pictures"):
        list(opened)
    assert device.released


def test_no_camera_is_told_and_the_device_let_go() -> None:
    device = FakeDevice([], opened=False)
    with pytest.raises(InputError, match="There is no camera 7") as caught, open_camera(7, lambda index: device):
        pass
    assert caught.value.code == "camera.absent"
    assert device.released
    with pytest.raises(InputError, match="no camera -1"), open_camera(-1):
        pass


def test_opencvs_own_device_serves(tmp_path: Path) -> None:
    path = str(tmp_path / "some.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(3):
        writer.write(np.full((48, 64, 3), (200, 0, 0), np.uint8))
    writer.release()
    with open_camera(0, lambda index: cv2.VideoCapture(path)) as opened:
        image = next(iter(opened)).rgb()
    assert image.shape == (48, 64, 3)
    assert image[20, 20, 2] > 150  # blue is the last of RGB


def test_where_there_is_no_camera_opencv_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="There is no camera 97"), open_camera(97):
        pass
    assert capfd.readouterr() == ("", "")
