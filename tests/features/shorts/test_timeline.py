"""Timelines: right to the frame at every rate, dropped frames or not, read back by the library itself."""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.types import VideoInfo
from closeup.features.shorts.plan import Piece, Plan, Short
from closeup.features.shorts.timeline import RATES, timeline_rate, write_timelines

NTSC = Fraction(30000, 1001)
VIDEO = Path("/films/The final talk.mp4")


def plan(fps: Fraction, shorts: Sequence[Sequence[tuple[int, int]]], title: str | None = None) -> Plan:
    """Shorts by their pieces' frames, of a video of constant rate."""
    made = tuple(
        Short(
            f"s{n}", tuple(Piece(a, b, float(a / fps), float(b / fps)) for a, b in spans), 0.5, {}, "Why.", title=title
        )
        for n, spans in enumerate(shorts, start=1)
    )
    frames = 400_000
    return Plan(VideoInfo(VIDEO.name, "ab" * 32, float(frames / fps), fps, frames, 640, 360), "p1", None, made, {}, {})


def spans(timeline: Any, track: int = 0) -> list[tuple[int, int]]:
    clips = list(timeline.tracks[track])
    assert all(clip.source_range.start_time.value == round(clip.source_range.start_time.value) for clip in clips)
    return [(round(c.source_range.start_time.value), round(c.source_range.end_time_exclusive().value)) for c in clips]


def frame_of(code: str, fps: int) -> int:
    """The frame of a time code, by the rule of SMPTE ST 12-1: ; means that two frames (of 30) a minute have no name."""
    hours, minutes, seconds, frames = map(int, re.split("[:;]", code))
    whole = hours * 60 + minutes
    number = (whole * 60 + seconds) * fps + frames
    return number - fps // 15 * (whole - whole // 10) if ";" in code else number


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        ("25", "25"),
        ("30000/1001", "30000/1001"),
        ("30", "30"),
        ("24000/1001", "24000/1001"),
        ("24", "24"),
        ("60", "60"),
        ("2997/100", "30000/1001"),
        ("25/2", "25"),
        ("15", "30"),
        ("10", "30"),
        ("15000/1001", "30000/1001"),
        ("1437/50", "30000/1001"),
        ("120", "60"),
        ("1", "24"),
    ],
)
def test_rates(fps, rate):
    assert timeline_rate(Fraction(fps)) == Fraction(rate)


@pytest.mark.parametrize(
    ("fps", "header", "codes"),
    [
        ("25", "NON-DROP FRAME", ["00:01:11:23", "00:01:13:00", "00:11:59:07", "00:12:00:00"]),
        ("30", "NON-DROP FRAME", ["00:00:59:28", "00:01:00:25", "00:09:59:12", "00:10:00:00"]),
        # 1800 is the first frame after 00:00:59;29, and is called 00:01:00;02; ten minutes are 17982 frames.
        ("30000/1001", "DROP FRAME", ["00:00:59;28", "00:01:00;27", "00:10:00;00", "00:10:00;18"]),
        ("24000/1001", "NON-DROP FRAME", ["00:01:14:22", "00:01:16:01", "00:12:29:06", "00:12:30:00"]),
    ],
)
def test_the_decision_list_to_the_letter(fps, header, codes):
    written = write_timelines(plan(Fraction(fps), [[(1798, 1825), (17982, 18000)]]), VIDEO, sound=True)
    assert written.notes == ()
    lines = written.edl.decode().splitlines()
    assert lines[:3] == ["TITLE: The final talk - p1", f"FCM: {header}", ""]
    joint = "00:00:00;" if header == "DROP FRAME" else "00:00:00:"
    fps_whole = round(Fraction(fps))
    total = f"{joint[:6]}{45 // fps_whole:02}{joint[-1]}{45 % fps_whole:02}"
    second = f"{joint[:6]}{27 // fps_whole:02}{joint[-1]}{27 % fps_whole:02}"
    assert lines[3] == f"001  THEFINAL AA/V  C        {codes[0]} {codes[1]} {joint}00 {second}"
    assert lines[4:8] == [
        "* FROM CLIP NAME:  The final talk.mp4",
        "* FROM CLIP: file:///films/The%20final%20talk.mp4",
        f"* LOC: {codes[0]} GREEN   S1",
        "* SHORT: s1 1 of 2",
    ]
    assert lines[8] == f"002  THEFINAL AA/V  C        {codes[2]} {codes[3]} {second} {total}"


FRAMES = st.lists(st.integers(0, 300_000), min_size=2, max_size=12, unique=True).map(sorted)


@settings(deadline=None)
@given(st.sampled_from(RATES), st.lists(FRAMES, min_size=1, max_size=3), st.booleans())
def test_every_cut_is_on_its_frame_at_every_rate(fps, edges, sound):
    shorts = [list(zip(each[::2], each[1::2], strict=False)) for each in edges]
    written = write_timelines(plan(fps, shorts), VIDEO, sound=sound)
    wanted = [span for spans in shorts for span in spans]
    timeline = otio.adapters.read_from_string(written.otio.decode(), "otio_json")
    assert [track.kind for track in timeline.tracks] == ["Video", "Audio"][: 1 + sound]
    assert all(spans(timeline, number) == wanted for number in range(1 + sound))
    back = otio.adapters.read_from_string(written.edl.decode(), "cmx_3600", rate=float(fps))
    assert len(back.tracks) == (3 if sound else 1)
    assert all(spans(back, number) == wanted for number in range(len(back.tracks)))
    events = re.findall(r"^\d{3}  .{8} (\S+) +C +(\S+) (\S+) (\S+) (\S+)$", written.edl.decode(), re.MULTILINE)
    at = 0
    for (channels, *codes), (start, end) in zip(events, wanted, strict=True):
        assert channels == ("AA/V" if sound else "V")
        assert [frame_of(code, round(fps)) for code in codes] == [start, end, at, at + end - start]
        at += end - start


def test_the_timeline_says_what_is_what():
    fps = Fraction(25)
    written = write_timelines(plan(fps, [[(0, 50), (75, 100)], [(200, 300)]], title="끝\nok"), VIDEO, sound=True)
    timeline = otio.adapters.read_from_string(written.otio.decode(), "otio_json")
    first, second, third = timeline.tracks[0]
    assert [clip.name for clip in (first, second, third)] == ["끝 ok 1 of 2", "끝 ok 2 of 2", "끝 ok"]
    assert [len(clip.markers) for clip in (first, second, third)] == [1, 0, 1]
    assert first.markers[0].comment == "Why."
    assert dict(second.metadata["closeup"])["start_frame"] == 75
    assert first.media_reference.target_url == "file:///films/The%20final%20talk.mp4"
    assert first.media_reference.available_range.duration.value == 400_000


def test_a_rate_that_varies_is_rounded_and_said():
    pieces = (Piece(10, 40, 1.013, 2.51), Piece(50, 51, 3.0, 3.001))
    varying = plan(Fraction(2837, 100), [])
    varying = Plan(varying.video, "p1", None, (Short("s1", pieces, 0.5, {}, "Why."),), {}, {})
    written = write_timelines(varying, VIDEO, sound=False)
    assert written.rate == NTSC
    timeline = otio.adapters.read_from_string(written.otio.decode(), "otio_json")
    assert spans(timeline) == [(30, 75), (90, 91)]
    (note,) = written.notes
    assert re.search(r"rounded to frames of 29\.97 a second, up to \d+ ms off", note)


@pytest.mark.parametrize(
    ("name", "reel"),
    [
        ("토크 쇼.mp4", "AX      "),
        ("Été à Nîmes.mov", "ETEANIME"),
        ("a.b.mp4", "AB      "),
        ("x" * 200 + ".mp4", "X" * 8),
    ],
)
def test_reels_have_eight_plain_letters(name, reel):
    written = write_timelines(plan(Fraction(25), [[(0, 25)]]), Path("/films") / name, sound=False)
    assert f"\n001  {reel} V     C        00:00:00:00 00:00:01:00 " in written.edl.decode()
    assert f"* FROM CLIP NAME:  {name}\n" in written.edl.decode()


def test_the_same_plan_gives_the_same_bytes():
    made = plan(NTSC, [[(0, 50), (75, 100)]])
    assert write_timelines(made, VIDEO, sound=True) == write_timelines(made, VIDEO, sound=True)


@pytest.mark.parametrize(
    ("fps", "start", "header", "codes"),
    [
        ("25", "10:00:00:00", "NON-DROP FRAME", ["10:00:04:00", "10:00:08:00"]),
        ("30000/1001", "01:00:00;00", "DROP FRAME", ["01:00:03;10", "01:00:06;20"]),
        ("30000/1001", "00:59:58;00", "DROP FRAME", ["01:00:01;10", "01:00:04;20"]),
        ("30000/1001", "00:58:58;00", "DROP FRAME", ["00:59:01;12", "00:59:04;22"]),
        ("30000/1001", "00:58:58.00", "DROP FRAME", ["00:59:01;12", "00:59:04;22"]),
        ("30000/1001", "00:58:58:00", "NON-DROP FRAME", ["00:59:01:10", "00:59:04:20"]),
        ("24000/1001", "01:00:00:00", "NON-DROP FRAME", ["01:00:04:04", "01:00:08:08"]),
    ],
)
def test_times_count_from_the_time_code_of_the_source(fps, start, header, codes):
    rate = Fraction(fps)
    written = write_timelines(plan(rate, [[(100, 200)]]), VIDEO, sound=False, start=start)
    assert f"FCM: {header}" in written.edl.decode()
    event = next(line for line in written.edl.decode().splitlines() if line.startswith("001"))
    assert event.split()[4:6] == codes
    timeline = otio.adapters.read_from_string(written.otio.decode(), "otio_json")
    clip = timeline.tracks[0][0]
    first = frame_of(start.replace(".", ";"), round(rate))
    assert spans(timeline) == [(first + 100, first + 200)]
    assert clip.media_reference.available_range.start_time.value == first


def test_a_time_code_that_is_none_counts_from_zero():
    written = write_timelines(plan(Fraction(25), [[(100, 200)]]), VIDEO, sound=False, start="99:99:99:99")
    assert "00:00:04:00 00:00:08:00" in written.edl.decode()
