"""Cuts of clips that are made here, frame by frame, so that the truth is exact."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from closeup.core.types import Image
from closeup.perception.cuts import CutDetector, _TwoRules

SIZE_WH = (128, 72)
RATES = [Fraction(25), Fraction(30000, 1001)]


def scene(number: int, frame: int, speed_px: float = 1.0) -> Image:
    """A frame (72, 128, 3) of a picture of its own that pans slowly; the same for the same numbers."""
    rng = np.random.default_rng(1000 + number)
    coarse = rng.integers(20, 236, (6, 40, 3)).astype(np.uint8)
    wide = np.kron(coarse, np.ones((12, 12, 1), np.uint8))
    left = int(frame * speed_px) % (wide.shape[1] - SIZE_WH[0])
    return np.ascontiguousarray(wide[:, left : left + SIZE_WH[0]])


def cuts_of(frames: list[Image], fps: Fraction = Fraction(25)) -> list[int]:
    """All cuts, each checked to be told no later than `lag_frames` after it happened."""
    detector, found = CutDetector(fps), []
    for index, image in enumerate(frames):
        for cut in detector.step(index, image):
            assert index - detector.lag_frames <= cut <= index
            found.append(cut)
    return found + detector.finish(len(frames) - 1)


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_every_cut_is_found_at_its_frame(fps: Fraction) -> None:
    lengths = [30, 12, 50, 25, 9, 40]
    frames = [scene(number, frame) for number, length in enumerate(lengths) for frame in range(length)]
    assert cuts_of(frames, fps) == np.cumsum(lengths)[:-1].tolist()


@settings(max_examples=12)
@given(st.lists(st.integers(10, 40), min_size=1, max_size=4), st.integers(0, 50))
def test_cuts_come_in_order_wherever_they_are(lengths: list[int], first: int) -> None:
    frames = [scene(first + number, frame) for number, length in enumerate(lengths) for frame in range(length)]
    assert cuts_of(frames) == np.cumsum(lengths)[:-1].tolist()


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("speed_px", [0.0, 1.0, 4.0])
def test_a_pan_is_no_cut(fps: Fraction, speed_px: float) -> None:
    assert cuts_of([scene(7, frame, speed_px) for frame in range(80)], fps) == []


@pytest.mark.parametrize("grain", [24, 32])
def test_a_picture_that_becomes_sharp_at_once_is_no_cut(grain: int) -> None:
    """As at the key frame of a poor stream, or where a call goes on in a larger size: grain comes back."""
    soft = scene(5, 0)
    noise = np.random.default_rng(1).integers(-grain, grain + 1, soft.shape)
    frames = [soft] * 30 + [np.clip(soft + noise, 0, 255).astype(np.uint8)] * 30
    detector, doubted = _TwoRules(), []
    for index, image in enumerate(frames):
        doubted += [cut.frame_num for cut in detector.process_frame(FrameTimecode(index, 25.0), image)]
    assert doubted == [30]
    assert cuts_of(frames) == []


def test_a_slow_change_of_light_is_no_cut() -> None:
    frames = [(scene(3, 0) * (0.3 + 0.7 * frame / 99)).astype(np.uint8) for frame in range(100)]
    assert cuts_of(frames) == []


def test_a_flash_is_not_two_cuts() -> None:
    frames = [scene(3, frame) for frame in range(60)]
    frames[30] = np.full_like(frames[30], 255)
    assert len(cuts_of(frames)) <= 1


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_clips_of_a_few_frames_have_no_cut(count: int) -> None:
    detector = CutDetector(Fraction(25))
    assert [detector.step(index, scene(0, index)) for index in range(count)] == [[]] * count
    assert detector.finish(max(0, count - 1)) == []


@pytest.mark.parametrize("size_wh", [(1, 1), (256, 1), (1, 256), (3, 5)])
def test_tiny_pictures_can_be_looked_at(size_wh: tuple[int, int]) -> None:
    frames = [np.full((size_wh[1], size_wh[0], 3), 200 * (index >= 20), np.uint8) for index in range(40)]
    assert cuts_of(frames) == [20]


def flash(image: Image, strength: float) -> Image:
    """The picture lit by a flash: brighter all over."""
    return np.clip(image.astype(float) + 255 * strength, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(60)], ids=str)
@pytest.mark.parametrize(("frames", "strength"), [(1, 0.6), (2, 0.75), (3, 0.4), (5, 0.75)])
def test_a_flash_is_no_cut(fps: Fraction, frames: int, strength: float) -> None:
    for speed_px in (0.0, 1.0):
        lit = [scene(4, frame, speed_px) for frame in range(90)]
        for start in (30, 55):
            lit[start : start + frames] = [flash(image, strength) for image in lit[start : start + frames]]
        assert cuts_of(lit, fps) == []


def test_lightning_that_flickers_is_no_cut() -> None:
    lit = [scene(4, frame) for frame in range(80)]
    for frame, strength in zip(range(30, 38), (0.8, 0.5, 0.1, 0.7, 0.6, 0.4, 0.2, 0.1), strict=True):
        lit[frame] = flash(lit[frame], strength)
    assert cuts_of(lit) == []


def test_a_cut_beside_a_flash_stays() -> None:
    frames = [scene(1, frame) for frame in range(40)] + [scene(2, frame) for frame in range(40)]
    frames[20:22] = [flash(image, 0.7) for image in frames[20:22]]
    frames[60:62] = [flash(image, 0.7) for image in frames[60:62]]
    assert cuts_of(frames) == [40]


@pytest.mark.parametrize("strength", [0.5, 0.9])
@pytest.mark.parametrize("gap", [1, 2, 3, 4, 7])
def test_a_cut_just_after_a_flash_stays(gap: int, strength: float) -> None:
    frames = [scene(1, frame) for frame in range(40)] + [scene(2, frame) for frame in range(40)]
    frames[38 - gap : 40 - gap] = [flash(image, strength) for image in frames[38 - gap : 40 - gap]]
    assert cuts_of(frames) == [40]


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_a_cut_just_before_a_flash_stays(gap: int) -> None:
    frames = [scene(1, frame) for frame in range(40)] + [scene(2, frame) for frame in range(40)]
    frames[40 + gap : 42 + gap] = [flash(image, 0.9) for image in frames[40 + gap : 42 + gap]]
    assert cuts_of(frames) == [40]


def test_a_flash_that_hides_a_cut_is_a_cut() -> None:
    frames = [scene(1, frame) for frame in range(40)] + [scene(2, frame) for frame in range(40)]
    frames[38:40] = [np.full_like(frames[0], 255)] * 2
    assert cuts_of(frames) == [38]


def test_changes_are_what_pyscenedetect_measures_to_the_last_bit() -> None:
    own, theirs, rng = _TwoRules(), ContentDetector(), np.random.default_rng(0)
    for index in range(30):
        noise = rng.integers(-9, 10, scene(0, 0).shape)
        image = (scene(index // 10, index) + noise).clip(0, 255).astype(np.uint8)
        at = FrameTimecode(index, 25.0)
        own.process_frame(at, image)
        assert own.changes[-1] == theirs._calculate_frame_score(at, np.ascontiguousarray(image[..., ::-1]))
    assert max(own.changes) > 30
