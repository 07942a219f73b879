from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from closeup.core.errors import InputError
from closeup.media.container import announced_duration, choose_stream, frame_rate, open_container, time_code
from closeup.media.video import open_video

Writer = Callable[..., Path]
FRAMES = [np.full((64, 64, 3), level, np.uint8) for level in (30, 90, 150, 210)]


def write_audio(path: Path, cover: bool) -> Path:
    with av.open(str(path), "w") as container:
        sound = container.add_stream("libmp3lame" if path.suffix == ".mp3" else "aac", rate=44100)
        if cover:
            picture = container.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuvj420p"
            picture.disposition = Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame(64, 64, "yuvj420p")))
            container.mux(picture.encode(None))
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 44100
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize(("name", "cover"), [("a.m4a", False), ("a.mp3", True), ("a.mp4", True)])
def test_sound_only_even_with_a_cover(tmp_path: Path, name: str, cover: bool):
    path = write_audio(tmp_path / name, cover)
    if cover:
        with av.open(str(path)) as container:
            assert len(container.streams.video) == 1
    with pytest.raises(InputError, match="sound but no video") as caught:
        open_video(path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["letter.txt", "letter.mp4"])
def test_text(tmp_path: Path, name: str):
    (tmp_path / name).write_text("Dear reader,\n" * 50)
    with pytest.raises(InputError, match="not a video"):
        open_video(tmp_path / name)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp"])
def test_pictures(tmp_path: Path, ending: str):
    cv2.imwrite(str(tmp_path / f"a.{ending}"), FRAMES[0])
    with pytest.raises(InputError, match="is a picture, not a video"):
        open_video(tmp_path / f"a.{ending}")


def test_pictures_in_mp4_dress(tmp_path: Path, write_video: Writer):
    content = write_video(tmp_path / "a.mp4", FRAMES).read_bytes()
    (tmp_path / "a.avif").write_bytes(content.replace(b"isom", b"avif", 1))
    with pytest.raises(InputError, match="is a picture, not a video"):
        open_video(tmp_path / "a.avif")


@pytest.mark.parametrize("segment", ["http://127.0.0.1:9/a.ts", "a.ts"])
def test_play_lists_are_not_followed(tmp_path: Path, write_video: Writer, segment: str):
    write_video(tmp_path / "a.ts", FRAMES)
    (tmp_path / "a.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{segment}\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match="not a video"):
        open_video(tmp_path / "a.m3u8")


def test_rubbish_folder_empty_and_missing(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(np.random.default_rng(1).bytes(20_000))
    (tmp_path / "empty.mp4").touch()
    for path, words in [
        (tmp_path / "a.mp4", "not a video"),
        (tmp_path, "is a folder, not a video"),
        (tmp_path / "empty.mp4", "is empty"),
        (tmp_path / "none.mp4", "does not exist"),
    ]:
        with pytest.raises(InputError, match=words) as caught:
            open_container(path)
        assert caught.value.hint


def test_an_mp4_without_its_index(tmp_path: Path, write_video: Writer):
    content = write_video(tmp_path / "a.mp4", FRAMES).read_bytes()
    (tmp_path / "b.mp4").write_bytes(content[: content.index(b"moov") - 4])
    with pytest.raises(InputError, match="is incomplete: the index"):
        open_video(tmp_path / "b.mp4")


def test_a_codec_without_a_decoder(tmp_path: Path, write_video: Writer):
    content = write_video(tmp_path / "a.mp4", FRAMES).read_bytes()
    (tmp_path / "b.mp4").write_bytes(content.replace(b"avc1", b"zzz1"))
    with pytest.raises(InputError, match="cannot be decoded here") as caught:
        open_video(tmp_path / "b.mp4")
    assert "ffmpeg -i" in caught.value.hint


@pytest.mark.parametrize("name", ["a:b.mp4", "concat:x.mp4", "%03d.mp4", "a b'c.mp4", "ü.mp4"])
def test_names_that_look_like_something_else(tmp_path: Path, write_video: Writer, name: str):
    write_video(tmp_path / "plain.mp4", FRAMES).rename(tmp_path / name)
    with open_container(tmp_path / name) as container:
        assert choose_stream(container, tmp_path / name).width == 64


def test_metadata_that_is_not_unicode(tmp_path: Path, write_video: Writer):
    content = write_video(tmp_path / "a.mkv", FRAMES).read_bytes()
    assert b"VideoHandler" in content or b"Lavf" in content
    (tmp_path / "b.mkv").write_bytes(content.replace(b"Lavf", b"La\xff\xfe"))
    open_container(tmp_path / "b.mkv").close()


def test_the_default_stream_wins_and_then_the_largest(tmp_path: Path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams = []
        for side in (32, 64):
            stream = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
            stream.disposition = Disposition(0)
            streams.append(stream)
        for stream in streams:
            container.mux(stream.encode(av.VideoFrame(stream.width, stream.height, "yuv420p")))
    with open_container(tmp_path / "a.mkv") as container:
        assert choose_stream(container, tmp_path / "a.mkv").width == 64
        container.streams.video[0].disposition = Disposition.default
        container.streams.video[1].disposition = Disposition(0)
        assert choose_stream(container, tmp_path / "a.mkv").width == 32


def test_frame_rate_falls_back_step_by_step():
    def stream(average: object, guessed: object, base: object) -> SimpleNamespace:
        return SimpleNamespace(average_rate=average, guessed_rate=guessed, base_rate=base)

    assert frame_rate(stream(Fraction(24), Fraction(25), None)) == 24
    assert frame_rate(stream(None, Fraction(30000, 1001), None)) == Fraction(30000, 1001)
    assert frame_rate(stream(Fraction(90000), None, Fraction(50))) == 50
    assert frame_rate(stream(Fraction(0), None, None)) == 25


@pytest.mark.parametrize(
    ("tag", "container_us", "start", "expected"),
    [
        ("00:01:02.500000000", 99_000_000, 0, Fraction(125, 2)),
        ("00:01:02.500000000", 99_000_000, 2500, Fraction(60)),
        ("nonsense", 99_000_000, 0, Fraction(99)),
        ("a:b:c", None, 0, None),
    ],
)
def test_announced_duration_without_the_streams_own(tag: str, container_us: int | None, start: int, expected: object):
    stream = SimpleNamespace(duration=None, time_base=Fraction(1, 1000), start_time=start, metadata={"DURATION": tag})
    assert announced_duration(SimpleNamespace(duration=container_us), stream) == expected


def test_the_time_code_of_a_camera_is_found(tmp_path: Path) -> None:
    for code in ("01:00:00;00", "10:20:30:04"):
        path = tmp_path / "tc.mov"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=Fraction(30000, 1001))
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.metadata["timecode"] = code
            for _ in range(3):
                container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
            container.mux(stream.encode(None))
        assert time_code(path) == code


def test_without_a_time_code_there_is_none(tmp_path: Path, write_video: Callable[..., Path]) -> None:
    assert time_code(write_video(tmp_path / "a.mp4", [np.zeros((48, 64, 3), np.uint8)] * 2)) is None
