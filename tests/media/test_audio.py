from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numbered_video
from closeup.core.errors import InputError
from closeup.media import audio
from closeup.media.audio import has_sound, mixing_matrix, read_sound, sound_blocks
from closeup.media.frame_times import FrameTimes, read_frame_times
from numbered_video import Numbered, Sound

FPS = Fraction(25)
CLAPS = (5, 30, 60)
LOUD = 0.2


def made(path: Path, sound: Sound | None, **changes: object) -> tuple[Path, FrameTimes]:
    video = Numbered(numbered_video.constant(75, FPS), (64, 48), claps=CLAPS, sound=sound, **changes)
    return numbered_video.write(path, video), read_frame_times(path)


def clicks(sound: np.ndarray, rate_hz: int) -> list[float]:
    """When clicks begin, in seconds."""
    loud = np.flatnonzero(np.abs(sound[:, 0]) > LOUD) / rate_hz
    return [float(time) for i, time in enumerate(loud) if i == 0 or time - loud[i - 1] > 0.1]


SOUNDS = {
    "aac": ("a.mp4", Sound()),
    "aac, 44.1 kHz, mono": ("a.mp4", Sound(rate_hz=44100, layout="mono")),
    "aac, 5.1": ("a.mp4", Sound(layout="5.1")),
    "pcm": ("a.mov", Sound("pcm_s16le", 22050)),
    "mp3": ("a.mkv", Sound("libmp3lame", 44100)),
    "opus": ("a.mkv", Sound("libopus")),
    "ac3 in a transport stream": ("a.ts", Sound("ac3")),
    "starts late": ("a.mp4", Sound(start_s=Fraction(3, 10))),
    "starts early": ("a.mp4", Sound(start_s=Fraction(-1, 2))),
}


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("delay_s", [Fraction(0), Fraction(3, 2)])
def test_clicks_are_heard_when_their_frames_are_seen(tmp_path: Path, kind: str, delay_s: Fraction):
    name, sound = SOUNDS[kind]
    path, times = made(tmp_path / name, sound, delay_s=delay_s)
    wanted = [clap / 25 for clap in CLAPS if clap / FPS >= sound.start_s]
    assert has_sound(path)
    heard = read_sound(path, 0, times.end, rate_hz=48000, channels=2)
    assert heard.dtype == np.float32
    assert heard.shape == (round(times.end * 48000), 2)
    # Matroska and transport streams round time stamps; encoders spread a click by a few samples.
    assert clicks(heard, 48000) == pytest.approx(wanted, abs=0.002)
    assert np.abs(heard[: round(sound.start_s * 48000)] if sound.start_s > 0 else heard[:0]).max(initial=0) < 0.01
    assert 0.6 < np.abs(heard).max() < 1.0
    assert clicks(np.concatenate(list(sound_blocks(path)))[:, None], 16000) == pytest.approx(wanted, abs=0.002)


@pytest.mark.parametrize("kind", ["aac", "pcm", "mp3", "opus", "starts late"])
def test_a_part_is_the_same_whether_it_was_sought_or_read_up_to(tmp_path: Path, kind: str):
    name, sound = SOUNDS[kind]
    path, times = made(tmp_path / name, sound)
    rate = sound.rate_hz
    whole = read_sound(path, 0, times.end, rate_hz=rate, channels=2)
    for start, end in ((Fraction(1), Fraction(2)), (Fraction(5, 3), Fraction(9, 4)), (Fraction(2), Fraction(2))):
        part = read_sound(path, start, end, rate_hz=rate, channels=2, frame_times=times)
        assert len(part) == round(end * rate) - round(start * rate)
        other = whole[round(start * rate) : round(end * rate)]
        if name.endswith("mkv"):  # its stamps are rounded to milliseconds, and where reading begins moves with them
            assert clicks(part, rate) == pytest.approx(clicks(other, rate), abs=0.001)
        else:
            assert np.array_equal(part, other)


def test_only_the_part_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, times = made(tmp_path / "a.mp4", Sound())
    seen: list[int] = []
    frames = audio._frames

    def counted(*args: object):
        for frame in frames(*args):
            seen.append(frame.samples)
            yield frame

    monkeypatch.setattr(audio, "_frames", counted)
    read_sound(path, 2, Fraction(21, 10), rate_hz=48000, channels=2, frame_times=times)
    assert sum(seen) < 1.3 * 48000
    seen.clear()
    unsure = FrameTimes(times.ticks, times.end_tick, times.tick, seekable=False)
    read_sound(path, 2, Fraction(21, 10), rate_hz=48000, channels=2, frame_times=unsure)
    assert sum(seen) > 2 * 48000


def test_silence_before_and_after_the_track(tmp_path: Path):
    path, times = made(tmp_path / "a.mp4", Sound())
    sound = read_sound(path, -1, times.end + 2, rate_hz=48000, channels=1)
    assert len(sound) == round((times.end + 3) * 48000)
    assert not sound[:47000].any()
    assert not sound[-90000:].any()
    assert clicks(sound, 48000) == pytest.approx([1 + clap / 25 for clap in CLAPS], abs=0.002)
    padded = np.concatenate(list(sound_blocks(path, end_s=7.5)))
    assert len(padded) == 7.5 * 16000
    assert len(np.concatenate(list(sound_blocks(path, end_s=1.25)))) == 20000


def test_blocks_are_about_a_second_and_memory_does_not_grow(tmp_path: Path):
    path, _ = made(tmp_path / "a.mp4", Sound())
    lengths = [len(block) for block in sound_blocks(path)]
    assert all(16000 <= length < 18000 for length in lengths[:-1])
    assert sum(lengths) == pytest.approx(3 * 16000, abs=1000)


def test_a_hole_in_the_sound_is_silent_and_what_follows_keeps_its_time(tmp_path: Path):
    def write(path: Path, stamps: list[int]) -> Path:
        with av.open(str(path), "w") as container:
            picture = container.add_stream("mpeg4", rate=25)
            picture.width = picture.height = 64
            track = container.add_stream("pcm_s16le", rate=8000, layout="mono")
            for index in range(50):
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
            for order, stamp in enumerate(stamps):
                block = np.full((1, 2000), 3000 * (order + 1), np.int16)
                sound = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
                sound.sample_rate, sound.pts, sound.time_base = 8000, stamp, Fraction(1, 8000)
                container.mux(track.encode(sound))
        return path

    holed = read_sound(write(tmp_path / "hole.mkv", [0, 2000, 8000]), 0, 2, rate_hz=8000, channels=1)[:, 0]
    levels = [round(float(holed[at]) * 32768 / 3000) for at in (1000, 3000, 5000, 7000, 9000, 11000)]
    assert levels == [1, 2, 0, 0, 3, 0]
    # A slip of some milliseconds is a rounded stamp: no hole is made of it, and nothing is lost.
    slipped = read_sound(write(tmp_path / "slip.mkv", [0, 2040, 4040]), 0, 2, rate_hz=8000, channels=1)[:, 0]
    assert np.count_nonzero(slipped[:6000]) == 6000
    repeated = read_sound(write(tmp_path / "twice.mkv", [0, 1000, 3000]), 0, 2, rate_hz=8000, channels=1)[:, 0]
    levels = [round(float(repeated[at]) * 32768 / 3000) for at in (500, 1500, 2500, 3500, 4500)]
    assert levels == [1, 1, 2, 3, 3]


def test_joined_recordings_run_on(tmp_path: Path):
    path, _ = made(tmp_path / "a.ts", Sound("ac3"))
    (tmp_path / "joined.ts").write_bytes(path.read_bytes() * 2)
    times = read_frame_times(tmp_path / "joined.ts")
    assert not times.seekable
    heard = read_sound(tmp_path / "joined.ts", 0, times.end, rate_hz=48000, channels=1, frame_times=times)
    once = [clap / 25 for clap in CLAPS]
    assert clicks(heard, 48000) == pytest.approx([*once, *(3 + time for time in once)], abs=0.12)


def test_damage_is_passed_over(tmp_path: Path):
    path, times = made(tmp_path / "a.ts", Sound("ac3"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    heard = read_sound(path, 0, times.end, rate_hz=48000, channels=1)
    assert clicks(heard, 48000)[-1] == pytest.approx(60 / 25, abs=0.002)


def test_no_sound(tmp_path: Path):
    path, times = made(tmp_path / "a.mp4", None)
    assert not has_sound(path)
    with pytest.raises(InputError, match="has no sound"):
        read_sound(path, 0, 1, rate_hz=48000, channels=2, frame_times=times)
    with pytest.raises(InputError, match="has no sound"):
        next(sound_blocks(path))
    with pytest.raises(InputError, match="does not exist"):
        has_sound(tmp_path / "none.mp4")


def test_a_track_without_a_packet_is_no_sound(tmp_path: Path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        picture = container.add_stream("mpeg4", rate=25)
        picture.width = picture.height = 64
        container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
    assert not has_sound(tmp_path / "a.mkv")


def test_nonsense_is_refused(tmp_path: Path):
    path, _ = made(tmp_path / "a.mp4", Sound())
    with pytest.raises(ValueError, match="start_s is 2"):
        read_sound(path, 2, 1, rate_hz=48000, channels=2)
    with pytest.raises(ValueError, match="3 channels"):
        read_sound(path, 0, 1, rate_hz=48000, channels=3)
    with pytest.raises(ValueError, match="0 Hz"):
        read_sound(path, 0, 1, rate_hz=0, channels=2)


NAMES = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR", "BC", "XX"]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True), st.sampled_from([1, 2]))
def test_no_mix_clips_and_none_is_silent(names: list[str], channels: int):
    mix = mixing_matrix(names, channels)
    assert mix.shape == (channels, len(names))
    assert (mix >= 0).all()
    assert (mix.sum(axis=1) <= 1 + 1e-6).all()
    if len(names) == 1 or names != ["LFE"]:
        assert mix.sum() > 0


def test_mixes_are_those_of_the_standard():
    assert mixing_matrix(["FC"], 2).tolist() == [[1], [1]]
    assert mixing_matrix(["FL", "FR"], 2).tolist() == [[1, 0], [0, 1]]
    assert mixing_matrix(["FL", "FR"], 1).tolist() == [[0.5, 0.5]]
    surround = mixing_matrix(["FL", "FR", "FC", "LFE", "SL", "SR"], 2)
    half = 0.5**0.5
    assert surround * (1 + 2 * half) == pytest.approx(
        np.array([[1, 0, half, 0, half, 0], [0, 1, half, 0, 0, half]]), abs=1e-6
    )
