"""One pass over pictures in memory, with cuts that are told late, as they are found in truth."""

from fractions import Fraction

import numpy as np
import pytest

from closeup.core.types import Image
from closeup.media.sampling import Cut, Sampling
from closeup.media.sources import Frame
from stand_ins import PictureSource


class Told:
    """Finds a cut wherever the picture's level is another, some frames late; the last few at the end only."""

    look_px = 16

    def __init__(self, lag_frames: int) -> None:
        self.lag_frames = lag_frames
        self.levels: list[int] = []
        self.told = 0

    def step(self, index: int, image: Image) -> list[int]:
        assert index == len(self.levels)
        assert max(image.shape) == self.look_px
        self.levels.append(int(image[0, 0, 0]))
        return self._up_to(index - self.lag_frames)

    def finish(self, last_index: int) -> list[int]:
        return self._up_to(last_index)

    def _up_to(self, last: int) -> list[int]:
        due = range(self.told + 1, last + 1)
        self.told = max(self.told, last)
        return [index for index in due if self.levels[index] != self.levels[index - 1]]


def shown(levels: list[int], fps: int = 10) -> PictureSource:
    return PictureSource((n / fps, np.full((24, 32, 3), level, np.uint8)) for n, level in enumerate(levels))


@pytest.mark.parametrize("lag_frames", [0, 3, 8])
@pytest.mark.parametrize("rate_hz", [None, 2.0, 5.0, 10.0, 30.0])
def test_every_sample_knows_its_shot_when_it_comes(rate_hz: float | None, lag_frames: int) -> None:
    levels = [1] * 7 + [2] * 6 + [3] * 12 + [4]
    sampling = Sampling(shown(levels), rate_hz, Told(lag_frames))
    samples = [(sample.frame.index, sample.shot) for sample in sampling]
    step = 1 if rate_hz is None else max(1, round(10 / rate_hz))
    assert samples == [(index, levels[index] - 1) for index in range(0, len(levels), step)]
    assert sampling.cuts == [Cut(7, Fraction(7, 10)), Cut(13, Fraction(13, 10)), Cut(25, Fraction(25, 10))]


def test_without_a_search_for_cuts_a_frame_comes_at_once_and_all_is_one_shot() -> None:
    passed: list[int] = []

    def on_frame(frame: Frame) -> None:
        passed.append(frame.index)

    for sample in Sampling(shown([1, 2, 3, 4, 5]), 5.0, on_frame=on_frame):
        assert passed[-1] == sample.frame.index
        assert sample.shot == 0
    assert passed == [0, 1, 2, 3, 4]


def test_a_source_without_frames_gives_none() -> None:
    sampling = Sampling(shown([]), 5.0, Told(3))
    assert (list(sampling), sampling.cuts) == ([], [])


def test_a_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Sampling(shown([1]), 0.0)
