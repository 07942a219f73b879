import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import numbered_video
from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.documents.shorts import SoundRecord
from closeup.features.shorts import render
from closeup.features.shorts.finished import RenderedInfo
from closeup.features.shorts.framing import FramedPiece
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.render import render_short, short_times, shown_frames
from closeup.media.audio import has_sound, read_sound
from closeup.media.frame_times import FrameTimes, read_frame_times
from closeup.media.video import open_video
from numbered_video import Numbered, Sound, constant, variable

COUNT = 120
SIZE = (90, 160)
NTSC = Fraction(30000, 1001)
PIECES = [(7, 30), (61, 88), (88, 101), (118, 120)]
"""Before and after a place to which it is worth seeking; two that touch; the end of the video."""

CLAPS = (9, 70, 90)
"""All are within the pieces, and not where those are faded."""


def piece(times: FrameTimes, start: int, end: int) -> Piece:
    return Piece(start, end, float(times.start(start)), float(times.start(end)))


def cropped(piece: Piece, panels: tuple[NDArray[np.float64], ...]) -> FramedPiece:
    return FramedPiece(piece, panels, "follow")


def following(times: FrameTimes, ranges: Sequence[tuple[int, int]], box: Sequence[float]) -> list[FramedPiece]:
    """Pieces through which the camera does not move."""
    return [
        cropped(piece(times, start, end), (np.tile(np.array(box, np.float64), (end - start, 1)),))
        for start, end in ranges
    ]


def rendered(
    folder: Path, video: Numbered, ranges: Sequence[tuple[int, int]] = PIECES, name: str = "a.mp4"
) -> tuple[Path, FrameTimes, RenderedInfo]:
    path = numbered_video.write(folder / name, video)
    times = read_frame_times(path)
    pieces = following(times, ranges, numbered_video.upright_crop(video.size_wh))
    return path, times, render_short(path, pieces, folder / "short.mp4", frame_times=times, size_wh=SIZE)


def shown(path: Path) -> tuple[list[int], list[Fraction], list[Fraction]]:
    """The numbers that a short shows, when (then its end), and when its flashes begin."""
    numbers, starts, flashes = [], [], []
    with open_video(path) as reader:
        for frame in reader:
            picture = frame.rgb()
            numbers.append(numbered_video.read(picture))
            starts.append(frame.time)
            if numbered_video.flashes(picture):
                flashes.append(frame.time)
        assert reader.notes == ()
    # With B-frames, an MP4 tells how long its last frame lasts by the length of the whole only.
    return numbers, [*starts, Fraction(reader.duration_hint_s).limit_denominator(10**6)], flashes


def clicks(path: Path, end: Fraction) -> list[float]:
    sound = np.abs(read_sound(path, 0, end, rate_hz=48000, channels=1)[:, 0])
    loud = np.flatnonzero(sound > 0.3 * sound.max()) / 48000
    return [float(time) for i, time in enumerate(loud) if i == 0 or time - loud[i - 1] > 0.1]


VIDEOS = {
    "25": Numbered(constant(COUNT, Fraction(25))),
    "29.97": Numbered(constant(COUNT, NTSC)),
    "30": Numbered(constant(COUNT, Fraction(30))),
    "variable": Numbered(variable(COUNT)),
    "late on the file's clock": Numbered(constant(COUNT, Fraction(25)), delay_s=Fraction(2)),
    "B-frames in open groups": Numbered(
        constant(COUNT, Fraction(25)),
        options=(("x264-params", "open-gop=1:bframes=5:b-pyramid=normal:keyint=20:min-keyint=20:scenecut=0"),),
    ),
    "turned": Numbered(constant(COUNT, Fraction(30)), (144, 256), rotation=90),
    "upside down": Numbered(variable(COUNT), rotation=180),
    "10 bits": Numbered(constant(COUNT, NTSC), pix_fmt="yuv420p10le"),
    "odd sides": Numbered(constant(COUNT, Fraction(25)), (255, 143), codec="mpeg4", options=(("bf", "2"),)),
    "4:4:4": Numbered(constant(COUNT, Fraction(25)), pix_fmt="yuv444p"),
}
SOUNDS = {
    "stereo": Sound(),
    "mono, 44.1 kHz": Sound(rate_hz=44100, layout="mono"),
    "5.1": Sound(layout="5.1"),
    "from 0.25 s on": Sound(start_s=Fraction(1, 4)),
    "before the pictures": Sound(start_s=Fraction(-1, 4)),
}
CASES = [(kind, "stereo") for kind in VIDEOS] + [("29.97", sound) for sound in SOUNDS if sound != "stereo"]


@pytest.mark.parametrize(("kind", "sound"), CASES)
def test_every_frame_every_time_and_every_click(tmp_path: Path, kind: str, sound: str):
    video = replace(VIDEOS[kind], sound=SOUNDS[sound], claps=CLAPS)
    _, times, info = rendered(tmp_path, video)
    numbers, starts, flashes = shown(tmp_path / "short.mp4")
    assert numbers == [frame for start, end in PIECES for frame in range(start, end)]
    assert starts == short_times([piece(times, *each) for each in PIECES], times)
    assert len(flashes) == len(CLAPS)
    assert clicks(tmp_path / "short.mp4", starts[-1]) == pytest.approx([float(time) for time in flashes], abs=0.003)
    assert info.sound
    assert (info.frames, info.duration_s) == (len(numbers), float(starts[-1]))


@pytest.mark.parametrize("ending", ["mkv", "ts", "mov"])
def test_other_containers(tmp_path: Path, ending: str):
    video = replace(VIDEOS["25"], sound=Sound(), claps=CLAPS, tick=Fraction(1, 1000))
    rendered(tmp_path, video, name=f"a.{ending}")
    numbers, starts, flashes = shown(tmp_path / "short.mp4")
    assert numbers == [frame for start, end in PIECES for frame in range(start, end)]
    assert clicks(tmp_path / "short.mp4", starts[-1]) == pytest.approx([float(time) for time in flashes], abs=0.004)


def test_many_pieces_do_not_drift(tmp_path: Path):
    """Forty pieces of 1001/30000 s frames: each would be rounded to a sample by itself."""
    ranges = [(3 * i, 3 * i + 2) for i in range(40)]
    rendered(tmp_path, replace(VIDEOS["29.97"], sound=Sound(), claps=(115,)), ranges)
    _, starts, _ = shown(tmp_path / "short.mp4")
    times = FrameTimes.of(VIDEOS["29.97"].starts, COUNT / NTSC)
    lengths = [length for length, _ in render._lengths([piece(times, *each) for each in ranges], times)]
    assert sum(lengths) == round(starts[-1] * 48000)
    assert max(lengths) - min(lengths) <= 1


def test_no_sound_track_makes_a_file_without_sound(tmp_path: Path):
    _, _, info = rendered(tmp_path, VIDEOS["25"])
    assert info.sound is None
    assert not has_sound(tmp_path / "short.mp4")
    assert shown(tmp_path / "short.mp4")[0][:3] == [7, 8, 9]


def test_silence_stays_silence(tmp_path: Path):
    _, times, info = rendered(tmp_path, replace(VIDEOS["25"], sound=Sound()))
    assert info.sound == SoundRecord(None, 0.0)
    assert np.abs(read_sound(tmp_path / "short.mp4", 0, 2, rate_hz=48000, channels=2)).max() < 1e-4
    assert times.count == COUNT


def test_joins_fade_and_pieces_that_touch_run_on():
    times = FrameTimes.of(constant(100, Fraction(25)), Fraction(4))
    pieces = [piece(times, *each) for each in [(0, 10), (20, 30), (30, 40)]]
    assert [apart for _, apart in render._lengths(pieces, times)] == [(True, True), (True, False), (False, True)]
    ones = np.ones((9600, 2), np.float32)
    both = render._faded(ones, fade_in=True, fade_out=True)
    assert np.abs(np.diff(both[:, 0])).max() < 0.005
    assert both[[0, -1]].max() < 0.01
    assert (both[240:-240] == 1).all()
    assert (render._faded(ones, fade_in=False, fade_out=False) == 1).all()
    assert render._faded(ones[:1], fade_in=True, fade_out=True).shape == (1, 2)
    assert render._faded(ones[:0], fade_in=True, fade_out=True).shape == (0, 2)


def test_two_panels(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["25"])
    times = read_frame_times(path)
    x0, y0, x1, y1 = numbered_video.upright_crop((256, 144))
    bottom, top = [x0, y0 + 0.5 * y1, x1, y1], [x0, y0, x1, y0 + 0.5 * y1]
    panels = tuple(np.tile(np.array(box), (10, 1)) for box in (top, bottom))
    render_short(path, [cropped(piece(times, 50, 60), panels)], tmp_path / "short.mp4", frame_times=times, size_wh=SIZE)
    assert shown(tmp_path / "short.mp4")[0] == list(range(50, 60))  # both halves, put together again


def test_the_camera_moves_with_its_frames(tmp_path: Path):
    """A crop that is right in one frame only: where the number cannot be read, another frame had the crop."""
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["25"])
    times = read_frame_times(path)
    box = np.array(numbered_video.upright_crop((256, 144)))
    crops = np.stack([box + np.array([1, 0, 1, 0]) * 40 * (frame != 77) for frame in range(70, 85)])
    render_short(
        path, [cropped(piece(times, 70, 85), (crops,))], tmp_path / "short.mp4", frame_times=times, size_wh=SIZE
    )
    with open_video(tmp_path / "short.mp4") as reader:
        pictures = [frame.rgb() for frame in reader]
    assert numbered_video.read(pictures[7]) == 77
    for index in (0, 6, 8, 14):
        with pytest.raises(AssertionError, match="no number"):
            numbered_video.read(pictures[index])


class Banner:
    """Draws white over the lower quarter from a time on."""

    def __init__(self, from_s: float) -> None:
        self.from_s = from_s
        self.asked: list[float] = []
        self.rgba = np.full((SIZE[1] // 4, SIZE[0], 4), 255, np.uint8)

    def at(self, time_s: float) -> tuple[np.ndarray, tuple[int, int]] | None:
        self.asked.append(time_s)
        return None if time_s < self.from_s else (self.rgba, (0, SIZE[1] * 3 // 4))


def test_an_overlay_is_drawn_on_the_shorts_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    prepared = []
    drawing = render.Drawing
    monkeypatch.setattr(render, "Drawing", lambda *args: prepared.append(args) or drawing(*args))
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["29.97"])
    times = read_frame_times(path)
    pieces = following(times, [(30, 40), (90, 100)], numbered_video.upright_crop((256, 144)))
    banner = Banner(float(12 / NTSC))
    render_short(path, pieces, tmp_path / "short.mp4", frame_times=times, size_wh=SIZE, overlay=banner)
    assert banner.asked == [float(i / NTSC) for i in range(20)]
    assert len(prepared) == 1
    with open_video(tmp_path / "short.mp4") as reader:
        lower = [frame.rgb()[-30:].mean() > 200 for frame in reader]
    assert lower == [index >= 12 for index in range(20)]


def test_colours_are_those_of_the_source(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["25"])
    times = read_frame_times(path)
    whole = following(times, [(60, 64)], (0, 0, 256, 144))
    render_short(path, whole, tmp_path / "short.mp4", frame_times=times, size_wh=(360, 202))
    with open_video(path) as source, open_video(tmp_path / "short.mp4") as short:
        before = [frame.rgb().mean(axis=(0, 1)) for frame in source][60:64]
        after = [frame.rgb().mean(axis=(0, 1)) for frame in short]
    assert np.abs(np.array(before) - after).max() < 1


def test_progress_is_told_to_the_end(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["25"])
    times, told = read_frame_times(path), list[Progress]()
    pieces = following(times, [(0, 25)], numbered_video.upright_crop((256, 144)))
    render_short(path, pieces, tmp_path / "short.mp4", frame_times=times, size_wh=SIZE, progress=told.append)
    assert [each.done for each in told] == pytest.approx([(i + 1) / 25 for i in range(25)])
    assert {(each.total, each.unit) for each in told} == {(1.0, "s")}


@pytest.mark.parametrize("at", [1, 20])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_stopping_leaves_nothing(tmp_path: Path, at: int, error: type[BaseException]):
    path = numbered_video.write(tmp_path / "a.mp4", replace(VIDEOS["25"], sound=Sound()))
    times, told = read_frame_times(path), []

    def stop(report: Progress) -> None:
        told.append(report)
        if len(told) == at:
            raise error

    before = threading.active_count()
    pieces = following(times, PIECES, numbered_video.upright_crop((256, 144)))
    with pytest.raises(error):
        render_short(path, pieces, tmp_path / "short.mp4", frame_times=times, size_wh=SIZE, progress=stop)
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]
    assert threading.active_count() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_full_disk(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", replace(VIDEOS["25"], sound=Sound()))
    code = (
        "import resource, signal, sys, numpy as np; from pathlib import Path\n"
        "from closeup.core.errors import OutputError; from closeup.features.shorts.plan import Piece\n"
        "from closeup.features.shorts.render import *; from closeup.features.shorts.framing import FramedPiece\n"
        "from closeup.media.frame_times import read_frame_times\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "video = Path(sys.argv[1]); times = read_frame_times(video)\n"
        "crops = np.tile(np.array([80.0, 0, 161, 144]), (100, 1))\n"
        "pieces = [FramedPiece(Piece(0, 100, 0, 4), (crops,), 'follow')]\n"
        "try: render_short(video, pieces, Path(sys.argv[2]), frame_times=times, size_wh=(360, 640))\n"
        "except OutputError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "short.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert done.stderr == ""
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_no_folder(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["25"])
    times = read_frame_times(path)
    pieces = following(times, [(0, 5)], numbered_video.upright_crop((256, 144)))
    with pytest.raises(OutputError, match="No such file"):
        render_short(path, pieces, tmp_path / "none" / "short.mp4", frame_times=times, size_wh=SIZE)


def test_another_video_than_the_plan_is_of(tmp_path: Path):
    path = numbered_video.write(tmp_path / "a.mp4", VIDEOS["25"])
    times = FrameTimes.of(constant(300, Fraction(25)), Fraction(12))
    with pytest.raises(InputError, match="ends before frame"):
        render_short(
            path, following(times, [(100, 150)], (0, 0, 81, 144)), tmp_path / "s.mp4", frame_times=times, size_wh=SIZE
        )
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_nonsense_is_refused(tmp_path: Path):
    times = FrameTimes.of(constant(50, Fraction(25)), Fraction(2))
    good, crops = piece(times, 0, 10), np.tile([0.0, 0, 81, 144], (10, 1))
    for pieces in (
        [],
        [cropped(good, ())],
        [cropped(good, (crops[:9],))],
        [cropped(good, (crops, crops, crops))],
        [cropped(good, (crops,)), cropped(good, (crops,))],
        [cropped(Piece(45, 55, 0, 0), (crops,))],
        [cropped(Piece(5, 5, 0, 0), (crops[:0],))],
    ):
        with pytest.raises(ValueError, match=r"pieces|panels"):
            render_short(tmp_path / "none.mp4", pieces, tmp_path / "s.mp4", frame_times=times, size_wh=SIZE)


@pytest.mark.parametrize(("fps", "step"), [(25, 1), (60, 1), (100, 2), (120, 2), (240, 4)])
def test_of_a_fast_video_every_so_many_frames_are_shown(fps: int, step: int) -> None:
    times = FrameTimes.of([Fraction(n, fps) for n in range(100)], Fraction(100, fps))
    pieces = [Piece(10, 21, 10 / fps, 21 / fps), Piece(50, 60, 50 / fps, 60 / fps)]
    assert shown_frames(pieces, times, 60) == [*range(0, 11, step), *range(11, 21, step)]
    assert shown_frames(pieces, times, 1000) == list(range(21))
