"""Clocks that are set anew: sound and picture stay in step to a frame, and nothing leaps."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.media.audio import read_sound
from closeup.media.packets import Timeline
from closeup.media.video import VideoReader, open_video
from media.joined import FLASH_S, Part, joined, write_part

HOUR = 3600.0
WRAP = 2**33 / 90_000
"""Seconds after which the clock of MPEG-TS, 33 bits of a 90,000th each, begins again."""


def flashes(path: Path) -> tuple[VideoReader, list[float]]:
    """When the picture turns white, in seconds, and the reader after its last frame."""
    levels, times = [], []
    with open_video(path) as reader:
        for frame in reader:
            levels.append(int(frame.rgb((40, 24))[12, 30, 0]))
            times.append(float(frame.time))
    rises = [time for time, before, now in zip(times[1:], levels, levels[1:], strict=False) if now - before > 60]
    return reader, rises


def beeps(path: Path, end_s: float) -> list[float]:
    """When a beep begins, in seconds."""
    loud = np.flatnonzero(np.abs(read_sound(path, 0, end_s, rate_hz=16_000, channels=1)[:, 0]) > 0.1)
    starts = [loud[0], *(after for before, after in pairwise(loud) if after - before > 3200)]
    return [float(start) / 16_000 for start in starts]


CLOCKS = {
    "leaps by an hour": (Part(at_s=1), Part(at_s=HOUR)),
    "leaps by ten seconds": (Part(at_s=1), Part(at_s=13)),
    "falls": (Part(at_s=100), Part(at_s=5)),
    "begins again": (Part(), Part(), Part()),
    "leaps and comes back": (Part(at_s=1), Part(at_s=HOUR), Part(at_s=5)),
    "runs on": (Part(at_s=1), Part(at_s=3)),
    "wraps": (Part(at_s=WRAP - 1),),
    "wraps at a joint": (Part(at_s=WRAP - 2), Part(at_s=WRAP)),
    "of sound leaps alone": (Part(at_s=1), Part(at_s=3, sound_at_s=HOUR)),
    "of sound falls alone": (Part(at_s=101), Part(at_s=103, sound_at_s=20)),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_sound_and_pictures_stay_in_step(tmp_path: Path, name: str) -> None:
    parts = CLOCKS[name]
    path = joined(tmp_path / "joined.ts", *parts)
    reader, seen = flashes(path)
    expected = [2 * number + at for number in range(len(parts)) for at in FLASH_S]
    assert reader.frames == 50 * len(parts)
    assert float(reader.end_time) == pytest.approx(2 * len(parts), abs=0.05)
    assert seen == pytest.approx(expected, abs=0.045)
    assert beeps(path, float(reader.end_time)) == pytest.approx(seen, abs=0.04)
    assert float(reader.fps) == pytest.approx(25, rel=0.01)
    anew = [note for note in reader.notes if note.startswith("The file's clock")]
    leaps = sum(after.at_s - before.at_s != 2 for before, after in pairwise(parts))
    assert len(anew) == leaps
    assert reader.seekable == (leaps == 0)


OFFSETS = {
    "and there is no leap": (Part(at_s=1, sound_at_s=1.3), Part(at_s=3, sound_at_s=3.3)),
    "and both leap": (Part(at_s=1, sound_at_s=1.3), Part(at_s=HOUR, sound_at_s=HOUR + 0.3)),
    "and both fall": (Part(at_s=100, sound_at_s=100.3), Part(at_s=5, sound_at_s=5.3)),
    "and both begin again": (Part(at_s=1, sound_at_s=1.3), Part(at_s=1, sound_at_s=1.3)),
    "and both wrap": (Part(at_s=WRAP - 1, sound_at_s=WRAP - 0.7),),
}


@pytest.mark.parametrize("name", OFFSETS)
def test_sound_that_is_later_than_pictures_stays_later(tmp_path: Path, name: str) -> None:
    """Each stream has a start of its own, which is no fault: a new clock moves both by one amount."""
    path = joined(tmp_path / "joined.ts", *OFFSETS[name])
    reader, seen = flashes(path)
    assert seen == pytest.approx([2 * number + at for number in range(len(OFFSETS[name])) for at in FLASH_S], abs=0.045)
    heard = beeps(path, float(reader.end_time) + 0.5)
    assert heard == pytest.approx([time + 0.3 for time in seen], abs=0.045)


def test_a_new_clock_is_told_with_its_place(tmp_path: Path) -> None:
    reader, _ = flashes(joined(tmp_path / "joined.ts", Part(), Part(at_s=HOUR)))
    assert reader.notes == ("The file's clock leaps ahead by 59:58 at 0:02; time goes on there without a gap.",)


def test_without_sound_a_leap_of_mpeg_ts_is_a_new_clock_too(tmp_path: Path) -> None:
    reader, seen = flashes(joined(tmp_path / "joined.ts", Part(sound=False), Part(at_s=HOUR, sound=False)))
    assert seen == pytest.approx([0.4, 1.2, 2.4, 3.2], abs=0.01)
    assert float(reader.end_time) == pytest.approx(4, abs=0.05)


def test_a_picture_that_stands_still_is_no_new_clock(tmp_path: Path) -> None:
    """Matroska and MP4 mean their stamps: a slide that is shown for a minute is shown for a minute."""
    import av

    path = write_part(tmp_path / "a.mkv", Part(seconds=1, sound=False), "matroska")
    with av.open(str(path)) as source, av.open(str(tmp_path / "still.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(source.streams.video[0]) if p.size):
            later = 60_000 if number >= 20 else 0
            packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, stream
            target.mux(packet)
    with open_video(tmp_path / "still.mkv") as reader:
        times = [float(frame.time) for frame in reader]
    assert times[19:21] == pytest.approx([0.76, 60.8], abs=0.01)
    assert reader.notes == ()


def test_a_wrong_rate_in_the_header_is_not_believed(tmp_path: Path) -> None:
    with open_video(joined(tmp_path / "joined.ts", Part(), Part(at_s=HOUR))) as reader:
        assert float(reader.fps) == pytest.approx(25, rel=0.01)


STEP = Fraction(1, 25)


def placed(stamps: list[Fraction | int | None], fps: int = 25) -> tuple[list[Fraction], int]:
    """Stamps in frame intervals (None: missing) to times in frame intervals, and how many were mended."""
    timeline = Timeline(Fraction(fps))
    seconds = [None if s is None else Fraction(s) / fps for s in stamps]
    times = [timeline.place(s, f) for s, f in zip(seconds, [*seconds[1:], None], strict=True)]
    return [t * fps for t in times], timeline.mended


def test_good_stamps_are_kept_and_start_at_zero():
    assert placed([50, 51, 53, 54, 70]) == ([0, 1, 3, 4, 20], 0)


def test_missing_stamps_come_from_the_frame_rate():
    assert placed([None, None, None]) == ([0, 1, 2], 3)
    assert placed([None, 7, None, 9]) == ([0, 1, 2, 3], 2)


def test_a_twin_takes_half_a_step_so_that_nothing_after_it_moves():
    assert placed([0, 1, 1, 2, 3]) == ([0, 1, Fraction(3, 2), 2, 3], 1)


def test_swapped_stamps_do_not_move_what_follows():
    assert placed([0, 1, 3, 2, 4]) == ([0, 1, 3, Fraction(7, 2), 4], 1)


@pytest.mark.parametrize("wild", [-5000, 100_000])
def test_one_wild_stamp_counts_as_missing(wild: int):
    assert placed([200, 201, wild, 203, 204]) == ([0, 1, 2, 3, 4], 1)


def test_a_clock_set_anew_is_followed():
    times, mended = placed([*range(1000, 1010), *range(10)])
    assert times == list(range(20))
    assert mended == 2


def test_a_real_pause_is_kept():
    assert placed([0, 1, 2, 2000, 2001]) == ([0, 1, 2, 2000, 2001], 0)


@given(st.lists(st.none() | st.integers(-(10**6), 10**6), min_size=1, max_size=60), st.sampled_from([1, 24, 25, 240]))
def test_times_always_ascend_from_zero(stamps: list[int | None], fps: int):
    times, mended = placed(stamps, fps)
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    assert 0 <= mended <= len(stamps)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60))
def test_ascending_stamps_are_never_touched(steps: list[int]):
    stamps = [sum(steps[: i + 1]) for i in range(len(steps))]
    assert placed(list(stamps)) == ([s - stamps[0] for s in stamps], 0)
