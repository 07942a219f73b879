import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import OutputError
from closeup.media.audio import has_sound, read_sound
from closeup.media.frame_times import read_frame_times
from closeup.media.movie import MovieWriter, common_tick
from closeup.media.planes import Colour, frame_planes
from closeup.media.reframe import Picture
from numbered_video import constant, variable

BT709 = Colour(1, 1, 1)
SIZE = (64, 96)


def ends(starts: Sequence[Fraction]) -> list[Fraction]:
    return [*starts, starts[-1] + Fraction(7, 100)]


def grey(level: int) -> Picture:
    frame = Picture(*SIZE, "yuv420p")
    for plane, value in zip(frame_planes(frame), (level, 110, 140), strict=True):
        plane[:] = value
    return frame


def write(path: Path, starts: Sequence[Fraction], sound: np.ndarray | None = None, colour: Colour = BT709) -> Path:
    with MovieWriter(path, sound, size_wh=SIZE, starts=starts, colour=colour) as movie:
        for index in range(len(starts) - 1):
            movie.write(grey(40 + index % 100))
    return path


RATES = {
    "25": ends(constant(60, Fraction(25))),
    "29.97": ends(constant(60, Fraction(30000, 1001))),
    "30": ends(constant(60, Fraction(30))),
    "variable": ends(variable(60)),
    "one": [Fraction(0), Fraction(1, 3)],
}


@pytest.mark.parametrize("rate", RATES)
def test_pictures_have_the_times_that_they_were_given(tmp_path: Path, rate: str):
    starts = RATES[rate]
    times = read_frame_times(write(tmp_path / "a.mp4", starts))
    assert [times.start(i) for i in range(times.count + 1)] == starts
    assert not has_sound(tmp_path / "a.mp4")


def test_sound_keeps_its_place_and_its_length(tmp_path: Path):
    starts = RATES["25"]
    sound = np.zeros((round(starts[-1] * 48000), 2), np.float32)
    for at in (0.2, 1.3, 2.2):
        sound[round(at * 48000) : round(at * 48000) + 100] = 0.7
    path = write(tmp_path / "a.mp4", starts, sound)
    heard = read_sound(path, 0, starts[-1], rate_hz=48000, channels=2)
    loud = np.flatnonzero(np.abs(heard[:, 0]) > 0.35) / 48000
    begins = [time for i, time in enumerate(loud) if i == 0 or time - loud[i - 1] > 0.1]
    assert begins == pytest.approx([0.2, 1.3, 2.2], abs=0.001)
    with av.open(str(path)) as container:
        track = container.streams.audio[0]
        assert (track.codec_context.name, track.rate, track.codec_context.layout.name) == ("aac", 48000, "stereo")
        assert track.duration * track.time_base == pytest.approx(starts[-1], abs=0.001)
        # Sound and pictures lie beside each other in the file, so that playing does not mean jumping about.
        kinds = [packet.stream.type for packet in container.demux() if packet.size]
    assert all("audio" in kinds[i : i + 12] for i in range(0, len(kinds) - 12, 12))


def test_what_every_player_takes(tmp_path: Path):
    path = write(tmp_path / "a.mp4", RATES["25"], np.zeros((48000, 2), np.float32))
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, (context.width, context.height)) == ("h264", "yuv420p", SIZE)
        assert context.profile == "High"


@pytest.mark.parametrize("colour", [BT709, Colour(6), Colour(9, 9, 16)])
def test_colour_tags_and_numbers_stay(tmp_path: Path, colour: Colour):
    path = write(tmp_path / "a.mp4", RATES["25"], colour=colour)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert Colour(frame.colorspace, frame.color_primaries, frame.color_trc) == colour
    assert frame.color_range == 1
    assert [round(float(plane.mean())) for plane in frame_planes(frame)] == [40, 110, 140]


@given(st.lists(st.fractions(Fraction(1, 1000), 2, max_denominator=2**20), min_size=1, max_size=12))
def test_ticks_count_exactly_or_fine_enough(lasts: list[Fraction]):
    times = [sum(lasts[:i], Fraction(0)) for i in range(len(lasts) + 1)]
    tick = common_tick(times)
    assert tick >= Fraction(1, 2**31)
    exact = all((time / tick).denominator == 1 for time in times)
    assert exact or tick == Fraction(1, 90_000)


def test_times_nearer_than_a_tick_still_follow_each_other(tmp_path: Path):
    odd = Fraction(1, 2**31 - 1)
    starts = [Fraction(0), Fraction(1, 10), Fraction(1, 10) + odd, Fraction(1, 5), Fraction(3, 10) + odd / 2]
    times = read_frame_times(write(tmp_path / "a.mp4", starts))
    assert times.count == 4
    for index, start in enumerate(starts):
        assert abs(times.start(index) - start) <= Fraction(2, 90_000)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("count", [0, 30])
def test_an_exception_leaves_nothing_new(tmp_path: Path, error: type[BaseException], count: int):
    (tmp_path / "a.mp4").write_bytes(b"old")

    def fail() -> None:
        with MovieWriter(tmp_path / "a.mp4", None, size_wh=SIZE, starts=RATES["25"], colour=BT709) as movie:
            for _ in range(count):
                movie.write(grey(50))
            raise error

    with pytest.raises(error):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"old"


def test_too_few_and_too_many_pictures_are_refused(tmp_path: Path):
    movie: dict[str, Any] = {"size_wh": SIZE, "starts": RATES["one"], "colour": BT709}
    with pytest.raises(ValueError, match="has 0"), MovieWriter(tmp_path / "a.mp4", None, **movie):
        pass

    def write_two() -> None:
        with MovieWriter(tmp_path / "a.mp4", None, **movie) as writer:
            writer.write(grey(1))
            writer.write(grey(2))

    with pytest.raises(ValueError, match="one more"):
        write_two()
    assert list(tmp_path.iterdir()) == []


def test_nonsense_is_refused(tmp_path: Path):
    for starts in ([Fraction(0)], [Fraction(1), Fraction(2)], [Fraction(0), Fraction(0)]):
        with pytest.raises(ValueError, match="ascend"):
            MovieWriter(tmp_path / "a.mp4", None, size_wh=SIZE, starts=starts, colour=BT709)
    with pytest.raises(ValueError, match="even"):
        MovieWriter(tmp_path / "a.mp4", None, size_wh=(63, 96), starts=RATES["one"], colour=BT709)
    with pytest.raises(ValueError, match="sound"):
        MovieWriter(tmp_path / "a.mp4", np.zeros((10, 1), np.float32), size_wh=SIZE, starts=RATES["one"], colour=BT709)
    with pytest.raises(OutputError, match="No such file"):
        write(tmp_path / "none" / "a.mp4", RATES["one"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_disk_that_fills_up(tmp_path: Path):
    """A limit on file size stands for the full disk: writing fails in FFmpeg's own code, midway."""
    code = (
        "import resource, signal, sys; import numpy as np; from fractions import Fraction; from pathlib import Path\n"
        "from closeup.media.movie import MovieWriter; from closeup.core.errors import OutputError\n"
        "from closeup.media.planes import Colour, frame_planes; from closeup.media.reframe import Picture\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "movie = {'size_wh': (64, 96), 'starts': [Fraction(i, 25) for i in range(91)], 'colour': Colour(1)}\n"
        "rng = np.random.default_rng(3)\n"
        "sound = rng.normal(0, .1, (172800, 2)).astype(np.float32)\n"
        "try:\n"
        "    with MovieWriter(Path(sys.argv[1]), sound, **movie) as writer:\n"
        "        for _ in range(90):\n"
        "            frame = Picture(64, 96, 'yuv420p')\n"
        "            frame_planes(frame)[0][:] = rng.integers(16, 236, (96, 64))\n"
        "            writer.write(frame)\n"
        "except OutputError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Cannot write" in done.stdout
    assert "File too large" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_x264_works_on_frames_side_by_side(tmp_path: Path):
    """Slices, which PyAV would ask for, cost bits and leave cores idle; the stream says how it was made."""
    content = write(tmp_path / "a.mp4", RATES["25"]).read_bytes()
    assert b"sliced_threads=0" in content
    assert b"crf=18.0" in content
