"""What every source of frames owes its callers: one suite for a video file, a camera and pictures in memory."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.types import Image
from closeup.media.sampling import Sampling
from closeup.media.sources import FrameSource
from closeup.media.video import open_video
from closeup.media.webcam import open_camera
from filmed import write_film
from stand_ins import PictureSource

SIZE_WH = (64, 48)
STEPS_PER_S = 10
LEVELS = (20, 60, 100, 140, 180, 220)


def pictures() -> list[Image]:
    """Grey from dark to bright, with a mark in the upper left corner that says which way is up."""
    images = [np.full((SIZE_WH[1], SIZE_WH[0], 3), level, np.uint8) for level in LEVELS]
    for image in images:
        image[:16, :16] = (250, 0, 0)
    return images


class Device:
    """A camera of OpenCV's kind that shows the pictures."""

    def __init__(self) -> None:
        self.left = [image[..., ::-1].copy() for image in pictures()]

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, Any]:
        return (True, self.left.pop(0)) if self.left else (False, None)

    def release(self) -> None:
        pass


@pytest.fixture(params=["video", "camera", "pictures"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrameSource]:
    if request.param == "video":
        with open_video(write_film(tmp_path / "grey.mp4", pictures(), STEPS_PER_S)) as video:
            yield video
    elif request.param == "camera":
        clock = (100 + step / STEPS_PER_S for step in range(1000))
        with open_camera(0, lambda _: Device(), lambda: next(clock)) as camera:
            yield camera
    else:
        yield PictureSource((5 + step / STEPS_PER_S, image) for step, image in enumerate(pictures()))


@pytest.fixture
def frames(source: FrameSource) -> list[Any]:
    """All the frames; a camera has no end, and gives as many as the others."""
    return [frame for _, frame in zip(LEVELS, source, strict=False)]


def test_times_ascend_from_zero_and_frames_are_counted(frames: list[Any]) -> None:
    assert [frame.index for frame in frames] == list(range(len(LEVELS)))
    assert all(isinstance(frame.time, Fraction) for frame in frames)
    assert [float(frame.time) for frame in frames] == pytest.approx([n / STEPS_PER_S for n in range(len(LEVELS))])
    assert frames[0].time == 0


def test_pictures_are_upright_rgb_of_the_size_that_is_said(frames: list[Any]) -> None:
    for frame, level in zip(frames, LEVELS, strict=True):
        image = frame.rgb()
        assert (image.dtype, image.shape) == (np.dtype(np.uint8), (SIZE_WH[1], SIZE_WH[0], 3))
        assert frame.size_wh == SIZE_WH
        assert image[30:, 30:].mean() == pytest.approx(level, abs=4)
        red, green, blue = (float(image[4:12, 4:12, channel].mean()) for channel in range(3))
        assert red > 200
        assert max(green, blue) < 50


def test_any_size_can_be_asked_for(frames: list[Any]) -> None:
    for size_wh in ((32, 24), (128, 96), (20, 40)):
        image = frames[2].rgb(size_wh)
        assert image.shape == (size_wh[1], size_wh[0], 3)
        assert image[-4:, -4:].mean() == pytest.approx(LEVELS[2], abs=4)
    with pytest.raises(ValueError, match="at least 1 pixel"):
        frames[0].rgb((0, 10))


def test_a_picture_is_the_callers_own(frames: list[Any]) -> None:
    before = frames[1].rgb()
    frames[1].rgb()[:] = 0
    assert np.array_equal(frames[1].rgb(), before)


def test_frames_stay_valid_while_others_come(frames: list[Any]) -> None:
    means = [float(frame.rgb()[30:, 30:].mean()) for frame in reversed(frames)]
    assert means == pytest.approx(LEVELS[::-1], abs=4)


def test_it_can_be_sampled(source: FrameSource) -> None:
    assert source.duration_hint_s is None or source.duration_hint_s > 0
    samples = iter(Sampling(source, 5.0))
    assert [next(samples).frame.index for _ in range(3)] == [0, 2, 4]
