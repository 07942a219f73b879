from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import numbered_video
from closeup.core.errors import InputError
from closeup.media import excerpt
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes, read_frame_times
from numbered_video import Numbered, constant, upright_crop, variable

COUNT = 200
NTSC = Fraction(30000, 1001)
OPEN = (("x264-params", "open-gop=1:bframes=4:b-pyramid=normal:keyint=25:min-keyint=25:scenecut=0"),)

KINDS = {
    "25": ("a.mp4", Numbered(constant(COUNT, Fraction(25)))),
    "29.97": ("a.mp4", Numbered(constant(COUNT, NTSC))),
    "30, late": ("a.mp4", Numbered(constant(COUNT, Fraction(30)), delay_s=Fraction(7, 2))),
    "variable": ("a.mp4", Numbered(variable(COUNT))),
    "variable, Matroska": ("a.mkv", Numbered(variable(COUNT), tick=Fraction(1, 1000))),
    "open groups": ("a.mp4", Numbered(constant(COUNT, Fraction(25)), options=OPEN)),
    "open groups, transport stream": ("a.ts", Numbered(constant(COUNT, Fraction(25)), options=OPEN)),
    "HEVC": (
        "a.mp4",
        Numbered(constant(COUNT, Fraction(25)), codec="libx265", options=(("x265-params", "log-level=none"),)),
    ),
    "MPEG-4": ("a.avi", Numbered(constant(COUNT, Fraction(25)), codec="mpeg4", options=(("bf", "2"),))),
    "MPEG-2": ("a.mpg", Numbered(constant(COUNT, Fraction(25)), codec="mpeg2video", options=(("bf", "2"),))),
    "VP9": ("a.webm", Numbered(constant(COUNT, Fraction(25)), codec="libvpx-vp9", options=(("cpu-used", "8"),))),
    "turned": ("a.mov", Numbered(constant(COUNT, Fraction(25)), (144, 256), rotation=90)),
    "10 bits": ("a.mp4", Numbered(constant(COUNT, Fraction(25)), pix_fmt="yuv420p10le")),
    "one group": ("a.mp4", Numbered(constant(COUNT, Fraction(25)), gop=1000)),
}

RANGES = [
    [(0, 3)],
    [(COUNT - 1, COUNT)],
    [(63, 70), (70, 72), (131, 140)],
    [(2, 4), (100, 102), (103, 105), (190, 200)],
    [(88, 113)],
]


def numbers(path: Path, times: FrameTimes, ranges: list[tuple[int, int]]) -> list[tuple[int, int, Fraction]]:
    return [
        (frame.index, numbered_video.read(frame.rgb(), upright_crop(frame.size_wh)), frame.time)
        for frame in excerpt_frames(path, times, ranges)
    ]


@pytest.fixture
def from_start(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Fills up with the paths that are read from their start."""
    seen: list[Path] = []
    original = excerpt._from_start
    monkeypatch.setattr(excerpt, "_from_start", lambda path, times: seen.append(path) or original(path, times))
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_the_frames_that_were_asked_for(tmp_path: Path, kind: str):
    name, video = KINDS[kind]
    path = numbered_video.write(tmp_path / name, video)
    times = read_frame_times(path)
    assert times.count == COUNT
    for ranges in RANGES:
        wanted = [(i, i, times.start(i)) for start, end in ranges for i in range(start, end)]
        assert numbers(path, times, ranges) == wanted


def test_what_lies_far_behind_is_sought(tmp_path: Path, from_start: list[Path], monkeypatch: pytest.MonkeyPatch):
    path = numbered_video.write(tmp_path / "a.mp4", KINDS["25"][1])
    times, decoded = read_frame_times(path), []
    index = excerpt._index
    monkeypatch.setattr(excerpt, "_index", lambda *args: decoded.append(1) or index(*args))
    assert len(numbers(path, times, [(80, 85), (190, 195)])) == 10
    assert from_start == []
    assert len(decoded) < 90
    numbers(path, times, [(10, 12), (40, 42)])  # near: read on
    assert from_start == [path]


@pytest.mark.parametrize("wrong", ["seekable", "origin", "stamps"])
def test_in_doubt_it_is_read_from_the_start(tmp_path: Path, from_start: list[Path], wrong: str):
    """Three ways in which a seek cannot be trusted: it was said so, the clock lies elsewhere, frames are missing."""
    path = numbered_video.write(tmp_path / "a.mp4", KINDS["25"][1])
    times = read_frame_times(path)
    if wrong == "seekable":
        times = FrameTimes(times.ticks, times.end_tick, times.tick, seekable=False)
    elif wrong == "origin":
        times = FrameTimes(times.ticks, times.end_tick, times.tick, origin=Fraction(1, 7))
    else:
        times = FrameTimes.of([times.start(i) for i in range(COUNT)], times.end, origin=Fraction(1, 25))
    assert [index for index, number, _ in numbers(path, times, [(100, 104)]) if index == number] == [100, 101, 102, 103]
    assert from_start == [path]


def test_joined_recordings_are_not_sought_in(tmp_path: Path, from_start: list[Path]):
    once = numbered_video.write(tmp_path / "a.ts", Numbered(constant(100, Fraction(25)))).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(once * 2)  # each stamp is there twice
    times = read_frame_times(path)
    found = [number for _, number, _ in numbers(path, times, [(60, 62), (160, 162)])]
    assert found == [60, 61, 60, 61]
    assert from_start == [path]


def test_damage_behind_the_key_frame(tmp_path: Path, from_start: list[Path]):
    rng = np.random.default_rng(3)
    path = numbered_video.write(tmp_path / "a.ts", Numbered(constant(COUNT, Fraction(25)), gop=12))
    content = bytearray(path.read_bytes())
    hurt = slice(len(content) * 6 // 10, len(content) * 7 // 10)
    content[hurt] = rng.bytes(hurt.stop - hurt.start)
    path.write_bytes(content)
    times = read_frame_times(path)
    got = [(frame.index, frame.time) for frame in excerpt_frames(path, times, [(90, times.count - 5)])]
    assert got == [(i, times.start(i)) for i in range(90, times.count - 5)]


def test_another_video_than_the_times_are_of(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", Numbered(constant(60, Fraction(25))))
    longer = FrameTimes.of(constant(90, Fraction(25)), Fraction(90, 25))
    with pytest.raises(InputError, match="ends before frame 60"):
        list(excerpt_frames(path, longer, [(50, 70)]))
    other = FrameTimes.of(constant(60, Fraction(30)), Fraction(2))
    with pytest.raises(InputError, match="has changed"):
        list(excerpt_frames(path, other, [(55, 58)]))


@pytest.mark.parametrize("ranges", [[(3, 3)], [(5, 4)], [(5, 8), (7, 9)], [(-1, 2)], [(50, 61)]])
def test_nonsense_is_refused(tmp_path: Path, ranges: list[tuple[int, int]]):
    times = FrameTimes.of(constant(60, Fraction(25)), Fraction(60, 25))
    with pytest.raises(ValueError, match="ranges"):
        next(excerpt_frames(tmp_path / "none.mp4", times, ranges))


def test_a_reader_that_stops_early_leaves_nothing_open(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", KINDS["25"][1])
    frames = excerpt_frames(path, read_frame_times(path), [(100, 150)])
    assert next(frames).index == 100
    frames.close()
    own = Path("/proc/self/fd")
    if own.is_dir():
        assert str(path) not in [str(link.resolve()) for link in own.iterdir()]
