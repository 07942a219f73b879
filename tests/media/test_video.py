import gc
import hashlib
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.media.packets import PacketReader
from closeup.media.video import VideoReader, hash_file, open_video

Writer = Callable[..., Path]


def level(index: int) -> int:
    return 20 + index * 7 % 210


def numbered(count: int, side: int = 64) -> list[np.ndarray]:
    """Grey frames whose level tells their index."""
    return [np.full((side, side, 3), level(i), np.uint8) for i in range(count)]


def noisy(count: int, side: int = 64) -> list[np.ndarray]:
    """Frames that do not compress, so that a file's bytes are spread over its frames."""
    rng = np.random.default_rng(7)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def read(path: Path) -> tuple[VideoReader, list[Fraction], list[int]]:
    """The spent reader, all times, and all frames' mean levels."""
    with open_video(path) as reader:
        frames = list(reader)
        times, levels = [f.time for f in frames], [round(f.rgb((16, 16)).mean()) for f in frames]
    assert [f.index for f in frames] == list(range(len(frames)))
    assert reader.frames == len(frames)
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    assert reader.end_time > times[-1]
    return reader, times, levels


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, write_video: Writer) -> Path:
    return write_video(tmp_path_factory.mktemp("plain") / "plain.mp4", numbered(30))


def test_plain(plain: Path):
    reader, times, levels = read(plain)
    assert times == [Fraction(i, 25) for i in range(30)]
    assert (reader.fps, reader.size_wh, reader.end_time) == (25, (64, 64), Fraction(30, 25))
    assert reader.duration_hint_s == pytest.approx(1.2)
    assert reader.notes == ()
    assert np.abs(np.array(levels) - [level(i) for i in range(30)]).max() <= 2


def test_ntsc_rate_stays_exact(tmp_path: Path, write_video: Writer):
    rate = Fraction(30000, 1001)
    path = write_video(tmp_path / "a.mp4", numbered(20), fps=rate, tick=1 / rate)
    reader, times, _ = read(path)
    assert reader.fps == rate
    assert times[19] == 19 / rate


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_variable_frame_rate_uses_the_stamps(tmp_path: Path, write_video: Writer, ending: str):
    stamps = (0, 40, 120, 130, 500, 501, 900, 2000)
    reader, times, levels = read(write_video(tmp_path / f"a.{ending}", numbered(8), stamps=stamps))
    assert times == [Fraction(s, 1000) for s in stamps]
    assert reader.fps == Fraction(25, 2)  # the middle one of the intervals, whatever the header says
    assert np.abs(np.array(levels) - [level(i) for i in range(8)]).max() <= 2


def test_pixels_that_are_not_square_are_made_square_with_a_note(tmp_path: Path, write_video: Writer):
    path = write_video(tmp_path / "a.mp4", numbered(2), sample_aspect_ratio=Fraction(16, 11))
    reader, _, _ = read(path)
    assert reader.size_wh == (93, 64)
    assert reader.notes == ("Its pixels are not square (16:11); it is stretched to 93x64, as players show it.",)


def test_hdr_gets_a_note(tmp_path: Path, write_video: Writer):
    reader, _, _ = read(write_video(tmp_path / "a.mp4", numbered(2), pix_fmt="yuv420p10le", color_trc=16))
    assert len(reader.notes) == 1
    assert "HDR" in reader.notes[0]


@pytest.mark.parametrize(
    ("unordered", "expected_ms"),
    [
        ((0, 40, 40, 120, 160), (0, 40, 60, 120, 160)),
        ((0, 40, 120, 80, 160), (0, 40, 120, 140, 160)),
        ((5000, 5040, 20, 5120, 5160), (0, 40, 80, 120, 160)),
    ],
)
def test_broken_stamps_are_mended_with_a_note(
    tmp_path: Path, write_video: Writer, unordered: tuple[int, ...], expected_ms: tuple[int, ...]
):
    reader, times, levels = read(write_video(tmp_path / "a.mkv", numbered(5), codec="ffv1", unordered=unordered))
    assert times == [Fraction(ms, 1000) for ms in expected_ms]
    assert np.abs(np.array(levels) - [level(i) for i in range(5)]).max() <= 2
    assert len(reader.notes) == 1
    assert reader.notes[0].startswith("The time stamps of 1 of 5 frames were missing or out of order")


def test_missing_stamps_come_from_the_frame_rate(tmp_path: Path, write_video: Writer):
    reader, times, _ = read(write_video(tmp_path / "a.h264", numbered(12)))
    assert times == [Fraction(i, 25) for i in range(12)]
    assert "12 of 12 frames" in reader.notes[0]


def test_joined_recordings_run_on(tmp_path: Path, write_video: Writer):
    once = write_video(tmp_path / "a.ts", numbered(30)).read_bytes()
    (tmp_path / "joined.ts").write_bytes(once * 2)
    reader, times, _ = read(tmp_path / "joined.ts")
    assert reader.frames == 60
    assert times[-1] == pytest.approx(59 / 25, abs=0.05)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_late_start_counts_from_the_first_frame(tmp_path: Path, write_video: Writer, ending: str):
    path = write_video(tmp_path / f"a.{ending}", numbered(8), stamps=tuple(range(2000, 2320, 40)))
    reader, times, _ = read(path)
    assert times == [Fraction(i, 25) for i in range(8)]
    assert reader.duration_hint_s == pytest.approx(0.32, abs=0.05)
    assert reader.notes == ()


def test_an_edit_list_hides_frames(tmp_path: Path, write_video: Writer):
    # Frames with negative stamps are stored, and the MP4's edit list starts after them.
    stamps = tuple(range(-160, 320, 40))
    reader, times, levels = read(write_video(tmp_path / "a.mp4", numbered(12), stamps=stamps, options=(("bf", "0"),)))
    assert times == [Fraction(i, 25) for i in range(8)]
    assert np.abs(np.array(levels) - [level(i) for i in range(4, 12)]).max() <= 2
    assert reader.notes == ()


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_file_that_is_cut_off_gives_what_decodes(tmp_path: Path, write_video: Writer, ending: str):
    front = (("movflags", "+faststart"),) if ending == "mp4" else ()
    whole = write_video(tmp_path / f"a.{ending}", noisy(100), container_options=front).read_bytes()
    (tmp_path / f"cut.{ending}").write_bytes(whole[: len(whole) * 6 // 10])
    reader, times, _ = read(tmp_path / f"cut.{ending}")
    assert 50 <= reader.frames <= 62
    assert times[-1] == Fraction(reader.frames - 1, 25)
    assert f"{float(reader.end_time):.1f} s of the announced 4.0 s" in reader.notes[-1]


def test_a_hole_in_the_middle_is_passed_over(tmp_path: Path, write_video: Writer):
    content = bytearray(
        write_video(tmp_path / "a.mp4", noisy(100), container_options=(("movflags", "+faststart"),)).read_bytes()
    )
    content[len(content) // 2 : len(content) * 6 // 10] = bytes(len(content) * 6 // 10 - len(content) // 2)
    (tmp_path / "hole.mp4").write_bytes(content)
    reader, times, _ = read(tmp_path / "hole.mp4")
    assert 70 <= reader.frames < 100
    assert times[-1] == Fraction(99, 25)  # the frames behind the hole keep their times
    assert any("could not be decoded" in note for note in reader.notes)


def test_bad_packets_are_tolerated_up_to_a_bound(plain: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(PacketReader, "_retried", lambda _: iter([None] * 10_000))
    with pytest.raises(InputError, match="No picture in"):
        open_video(plain)

    def with_a_bad_end(packets: PacketReader) -> Iterator[object]:
        yield from (packet for packet in packets._container.demux(packets._wanted) if packet.size)
        yield from [None] * 10_000

    monkeypatch.setattr(PacketReader, "_retried", with_a_bad_end)
    reader, _, _ = read(plain)
    assert reader.notes[0] == "Reading stopped after 500 damaged parts in a row."


def test_a_failing_disk_ends_the_video_with_a_note(plain: Path, monkeypatch: pytest.MonkeyPatch):
    def failing(packets: PacketReader) -> Iterator[object]:
        yield from (packet for packet in packets._container.demux(packets._wanted) if packet.size)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(PacketReader, "_retried", failing)
    reader, _, _ = read(plain)
    assert reader.notes == ("Reading stopped before the end: Input/output error.",)


def test_frames_outlive_the_reader_and_convert_on_any_thread(tmp_path: Path, write_video: Writer):
    path = write_video(tmp_path / "a.mp4", numbered(60))
    with ThreadPoolExecutor(4) as pool, open_video(path) as reader:
        small = [pool.submit(frame.rgb, (32, 32)) for frame in reader for _ in range(3)]
        held = list(open_video(path))
    assert [round(s.result().mean()) for s in small[::3]] == [round(f.rgb((32, 32)).mean()) for f in held]
    assert all(np.array_equal(small[i].result(), small[i + 1].result()) for i in range(0, 180, 3))


def test_two_runs_are_equal_to_the_bit(tmp_path: Path, write_video: Writer):
    path = write_video(tmp_path / "a.mp4", noisy(20))

    def pixels() -> str:
        digest = hashlib.sha256()
        with open_video(path) as reader:
            for frame in reader:
                digest.update(frame.rgb().tobytes())
                digest.update(frame.rgb((30, 30)).tobytes())
        return digest.hexdigest()

    assert pixels() == pixels()


def test_rgb_gives_a_fresh_array_and_refuses_nothing_sized(plain: Path):
    with open_video(plain) as reader:
        frame = next(iter(reader))
        frame.rgb()[:] = 0
        assert frame.rgb().mean() > 10
        with pytest.raises(ValueError, match="at least 1 pixel"):
            frame.rgb((0, 5))
        assert "index=0" in repr(frame)


def test_a_reader_is_read_once(plain: Path):
    with open_video(plain) as reader:
        iter(reader)
        with pytest.raises(RuntimeError, match="once"):
            iter(reader)
    with open_video(plain) as reader:
        reader.close()
        with pytest.raises(RuntimeError, match="once"):
            iter(reader)


def held() -> tuple[int, int]:
    """Open files and native threads of this process, where the system shows them."""
    own = Path("/proc/self")
    return (len(list((own / "fd").iterdir())), len(list((own / "task").iterdir()))) if own.exists() else (0, 0)


def test_everything_is_released_on_close_and_on_an_exception(plain: Path):
    before = held()
    reader = open_video(plain)
    next(iter(reader))
    assert held() != before or sys.platform != "linux"
    with pytest.raises(ZeroDivisionError), reader:
        raise ZeroDivisionError
    assert held() == before
    reader.close()
    alive = weakref.ref(reader)
    del reader
    gc.collect()
    assert alive() is None


def test_nothing_is_left_open_when_opening_fails(tmp_path: Path, write_video: Writer):
    content = write_video(tmp_path / "a.mp4", noisy(5)).read_bytes()
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    (tmp_path / "zeros.mp4").write_bytes(content[:start] + bytes(end - start) + content[end:])
    before = held()
    with pytest.raises(InputError, match="No picture in") as caught:
        open_video(tmp_path / "zeros.mp4")
    assert "ffmpeg -i" in caught.value.hint
    del caught  # its traceback holds the locals of what failed
    gc.collect()
    assert held() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs the resource module")
def test_memory_does_not_grow_with_length(tmp_path: Path, write_video: Writer):
    # 300 frames of 512 x 512 are 118 MB as decoded and 236 MB as RGB.
    path = write_video(tmp_path / "a.mp4", numbered(400, 512), options=(("preset", "ultrafast"),))
    code = (
        "import resource, sys; from pathlib import Path; from closeup.media.video import open_video\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with open_video(Path(sys.argv[1])) as reader:\n"
        "    for frame in reader:\n"
        "        frame.rgb()\n"
        "        if frame.index == 100: early = peak()\n"
        "print(peak() / early)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.2


def test_ffmpeg_stays_silent(tmp_path: Path, write_video: Writer):
    whole = write_video(tmp_path / "a.mp4", noisy(60), container_options=(("movflags", "+faststart"),)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2] + bytes(5000))
    (tmp_path / "none.mp4").write_bytes(whole[: len(whole) // 2][::-1])
    code = (
        "import sys; from pathlib import Path; from closeup.media.video import open_video\n"
        "from closeup.core.errors import InputError\n"
        "n = len(list(open_video(Path(sys.argv[1]))))\n"
        "try: open_video(Path(sys.argv[2]))\n"
        "except InputError: print(n)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cut.mp4"), str(tmp_path / "none.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 20 <= int(done.stdout) <= 60
    assert done.stderr == ""


def test_hash_file(tmp_path: Path):
    content = bytes(range(256)) * 10_000  # two and a half blocks
    (tmp_path / "a").write_bytes(content)
    assert hash_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    with pytest.raises(InputError, match="does not exist"):
        hash_file(tmp_path / "b")


@pytest.mark.shared
def test_real_clips_decode_to_the_last_frame(shared: Path):
    for path in sorted((shared / "data/video/clips").glob("talk_d1*"))[:2]:
        reader, _, _ = read(path)
        assert reader.frames > 50
        assert reader.notes == ()
