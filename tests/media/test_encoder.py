import errno
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from closeup.core.errors import OutputError
from closeup.media.encoder import VideoEncoder
from closeup.media.video import open_video


def pictures(count: int = 10, size_wh: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    return [np.full((size_wh[1], size_wh[0], 3), (20 * i, 120, 230 - 20 * i), np.uint8) for i in range(count)]


def write(path: Path, images: list[np.ndarray], fps: Fraction = Fraction(25)) -> bytes:
    with VideoEncoder(path, images[0].shape[1::-1], fps) as encoder:
        for image in images:
            encoder.write(image)
    return path.read_bytes()


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(1, 2)])
def test_there_and_back(tmp_path: Path, fps: Fraction):
    write(tmp_path / "a.mp4", pictures(), fps)
    with open_video(tmp_path / "a.mp4") as reader:
        frames = list(reader)
    assert reader.notes == ()
    assert reader.fps == fps
    assert [f.time for f in frames] == [i / fps for i in range(10)]
    assert reader.end_time == 10 / fps
    for frame, image in zip(frames, pictures(), strict=True):
        assert np.abs(frame.rgb().astype(int) - image).max() <= 4


def test_colours_are_tagged_bt709_and_true(tmp_path: Path):
    write(tmp_path / "a.mp4", pictures())
    with av.open(str(tmp_path / "a.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)
        assert frame.format.name == "yuv420p"


def test_the_same_pictures_look_the_same_every_time(tmp_path: Path):
    noise = list(np.random.default_rng(3).integers(0, 256, (30, 48, 64, 3), dtype=np.uint8))
    films = []
    for name in ("a.mp4", "b.mp4"):
        write(tmp_path / name, noise)
        with open_video(tmp_path / name) as reader:
            films.append(np.stack([frame.rgb() for frame in reader]).astype(int))
    # Not always to the bit: on a busy machine libx264 spends a byte more or less in about one file of a few hundred.
    assert np.abs(films[0] - films[1]).mean() < 1


def test_the_index_comes_first_so_that_browsers_play_at_once(tmp_path: Path):
    content = write(tmp_path / "a.mp4", pictures())
    assert content.index(b"moov") < content.index(b"mdat")


def test_only_the_file_is_left_and_others_may_read_it(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"old")
    write(tmp_path / "a.mp4", pictures())
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("count", [0, 3])
def test_an_exception_leaves_nothing_new(tmp_path: Path, error: type[BaseException], count: int):
    (tmp_path / "a.mp4").write_bytes(b"old")

    def fail() -> None:
        with VideoEncoder(tmp_path / "a.mp4", (64, 48), Fraction(25)) as encoder:
            for image in pictures(count):
                encoder.write(image)
            raise error

    with pytest.raises(error):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"old"


def test_no_folder_and_no_frames(tmp_path: Path):
    with pytest.raises(OutputError, match="No such file"):
        write(tmp_path / "none" / "a.mp4", pictures())
    with pytest.raises(ValueError, match="no frame"), VideoEncoder(tmp_path / "a.mp4", (64, 48), Fraction(25)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_disk_that_fills_up(tmp_path: Path):
    """A limit on file size stands for the full disk: writing fails in FFmpeg's own code, midway."""
    code = (
        "import resource, signal, sys; import numpy as np; from fractions import Fraction; from pathlib import Path\n"
        "from closeup.media.encoder import VideoEncoder; from closeup.core.errors import OutputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "noise = np.random.default_rng(3).integers(0, 256, (90, 96, 128, 3), dtype=np.uint8)\n"
        "try:\n"
        "    with VideoEncoder(Path(sys.argv[1]), (128, 96), Fraction(25)) as encoder:\n"
        "        for image in noise: encoder.write(image)\n"
        "except OutputError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Cannot write" in done.stdout
    assert "File too large" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_has_its_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Full:
        def encode(self, _: object):
            raise av.error.OSError(errno.ENOSPC, "No space left on device")

    def fill() -> None:
        with VideoEncoder(tmp_path / "a.mp4", (64, 48), Fraction(25)) as encoder:
            monkeypatch.setattr(encoder, "_stream", Full())
            encoder.write(pictures(1)[0])

    with pytest.raises(OutputError, match="No space left") as caught:
        fill()
    assert "Free some space" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (0, 2)])
def test_odd_sides_are_refused(tmp_path: Path, size: tuple[int, int]):
    with pytest.raises(ValueError, match="even"):
        VideoEncoder(tmp_path / "a.mp4", size, Fraction(25))


def test_other_nonsense_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="fps"):
        VideoEncoder(tmp_path / "a.mp4", (64, 48), Fraction(0))
    with VideoEncoder(tmp_path / "a.mp4", (64, 48), Fraction(25)) as encoder:
        encoder.write(pictures(1)[0])
        with pytest.raises(ValueError, match="expected uint8"):
            encoder.write(np.zeros((48, 60, 3), np.uint8))
        with pytest.raises(ValueError, match="expected uint8"):
            encoder.write(np.zeros((48, 64, 3), np.float32))
