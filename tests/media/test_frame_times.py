from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numbered_video
from closeup.core.types import VideoInfo
from closeup.media import frame_times
from closeup.media.frame_times import FrameTimes, read_frame_times
from closeup.media.video import open_video

NTSC = Fraction(30000, 1001)

durations = st.lists(st.fractions(Fraction(1, 1000), Fraction(2), max_denominator=90000), min_size=1, max_size=30)


def of(lasts: list[Fraction]) -> FrameTimes:
    bounds = [sum(lasts[:i], Fraction(0)) for i in range(len(lasts) + 1)]
    return FrameTimes.of(bounds[:-1], bounds[-1])


def info(path: Path, times: FrameTimes, **changes: object) -> VideoInfo:
    known = {"frames": times.count, "duration_s": times.end_s, "notes": ()} | changes
    width, height = times.canvas_wh or (1, 1)
    return VideoInfo(str(path), "", fps=Fraction(25), width=width, height=height, **known)


@given(durations)
def test_exact_there_and_back(lasts: list[Fraction]):
    times = of(lasts)
    assert times.count == len(lasts)
    assert times.end == sum(lasts)
    for frame in range(times.count):
        start = times.start(frame)
        assert start == sum(lasts[:frame])
        assert times.find(start) == frame
        assert times.starts_s[frame] == float(start)
        assert times.nearest_cut(float(start)) == frame
    assert times.start(times.count) == times.end
    assert times.nearest_cut(times.end_s) == times.count


@given(durations, st.floats(-1, 70, allow_nan=False))
def test_any_time_has_its_nearest_cut(lasts: list[Fraction], time_s: float):
    times = of(lasts)
    bounds = [*times.starts_s, times.end_s]
    nearest = times.nearest_cut(time_s)
    assert abs(bounds[nearest] - time_s) == min(abs(bound - time_s) for bound in bounds)


def test_equal_times_are_equal_whatever_they_were_counted_in():
    times = FrameTimes.of([i / NTSC for i in range(5)], 5 / NTSC)
    assert times.ticks == (0, 1, 2, 3, 4)
    assert times.tick == 1 / NTSC
    assert times == of([1 / NTSC] * 5)


def test_times_between_frames_are_nobodys():
    times = of([Fraction(1, 25)] * 4)
    assert times.find(Fraction(1, 50)) is None
    assert times.find(Fraction(-1, 25)) is None
    assert times.find(Fraction(4, 25)) is None


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="begin at 0"):
        FrameTimes.of([], Fraction(1))
    with pytest.raises(ValueError, match="begin at 0"):
        FrameTimes.of([Fraction(1)], Fraction(2))
    with pytest.raises(ValueError, match="ascend"):
        FrameTimes.of([Fraction(0), Fraction(1)], Fraction(1))
    with pytest.raises(IndexError):
        of([Fraction(1)]).start(2)
    with pytest.raises(ValueError):
        of([Fraction(1)]).starts_s[:] = 3


STARTS = {
    "25": numbered_video.constant(40, Fraction(25)),
    "29.97": numbered_video.constant(40, NTSC),
    "30": numbered_video.constant(40, Fraction(30)),
    "variable": numbered_video.variable(40),
}


@pytest.mark.parametrize("rate", STARTS)
@pytest.mark.parametrize("delay_s", [Fraction(0), Fraction(2)])
def test_read_as_written_with_and_without_decoding(
    tmp_path: Path, rate: str, delay_s: Fraction, monkeypatch: pytest.MonkeyPatch
):
    video = numbered_video.Numbered(STARTS[rate], (64, 48), delay_s=delay_s)
    path = numbered_video.write(tmp_path / "a.mp4", video)
    times = read_frame_times(path)
    assert [times.start(i) for i in range(times.count)] == list(STARTS[rate])
    assert times.origin == delay_s
    assert times.seekable
    with open_video(path) as reader:
        assert [frame.time for frame in reader] == list(STARTS[rate])
        assert times.end == reader.end_time
    monkeypatch.setattr(frame_times, "open_video", None)  # so it does not decode
    assert read_frame_times(path, info(path, times)) == times


@pytest.mark.parametrize("changes", [{"frames": 39}, {"duration_s": 1.55}, {"notes": ("Something is odd.",)}])
def test_stamps_alone_are_not_believed_where_the_cast_knows_better(
    tmp_path: Path, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    path = numbered_video.write(tmp_path / "a.mp4", numbered_video.Numbered(STARTS["25"], (64, 48)))
    times, opened = read_frame_times(path), []
    monkeypatch.setattr(frame_times, "open_video", lambda path, **how: opened.append(path) or open_video(path, **how))
    assert read_frame_times(path, info(path, times, **changes)) == times
    assert opened == [path]


def test_mended_stamps_make_a_file_that_is_not_sought_in(tmp_path: Path, write_video: Callable[..., Path]):
    images = [np.full((64, 64, 3), 40 * i, np.uint8) for i in range(5)]
    path = write_video(tmp_path / "a.mkv", images, codec="ffv1", unordered=(0, 40, 120, 80, 160))
    times = read_frame_times(path)
    assert not times.seekable
    assert [times.start(i) * 1000 for i in range(5)] == [0, 40, 120, 140, 160]


def test_files_whose_stamps_say_nothing_are_decoded(tmp_path: Path, write_video: Callable[..., Path]):
    path = write_video(tmp_path / "a.h264", [np.full((64, 64, 3), 40 * i, np.uint8) for i in range(5)])
    times = read_frame_times(path)
    assert times.count == 5
    assert read_frame_times(path, info(path, times)) == times
