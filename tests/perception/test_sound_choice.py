"""Of several sound tracks the one in which people speak is heard."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.media.audio import TrackChoice
from closeup.media.frame_times import read_frame_times
from closeup.perception import sound_choice as module
from closeup.perception.sound_choice import choose_sound_track

HZ, SECONDS = 16_000, 3


def write_tracks(path: Path, levels: list[float], default: int = 0, title: str = "") -> Path:
    """A black video with sound tracks of noise of these levels; the title is the last one's."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        tracks = [container.add_stream("aac", rate=HZ, layout="mono") for _ in levels]
        for number, track in enumerate(tracks):
            track.disposition = 1 if number == default else 0
        if title:
            tracks[-1].metadata["title"] = title
        for _ in range(25 * SECONDS):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        container.mux(video.encode(None))
        for number, (track, level) in enumerate(zip(tracks, levels, strict=True)):
            sound = np.random.default_rng(number).uniform(-level, level, (1, HZ * SECONDS)).astype(np.float32)
            for start in range(0, HZ * SECONDS, 1024):
                block = np.ascontiguousarray(sound[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = HZ, start, Fraction(1, HZ)
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


class LoudSpeaks:
    """In the voice detector's place: whatever is loud is speech."""

    def step(self, samples: np.ndarray) -> np.ndarray:
        return np.full(1, np.abs(samples).max(), np.float32)

    def finish(self) -> np.ndarray:
        return np.zeros(0, np.float32)

    def spans(self, probabilities: np.ndarray) -> np.ndarray:
        return np.array([[0.0, 3.0]]) if probabilities.max(initial=0) > 0.3 else np.zeros((0, 2))


@pytest.fixture(autouse=True)
def _speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VoiceDetector", LoudSpeaks)


def chosen(path: Path, wanted: TrackChoice = 0) -> tuple[TrackChoice, tuple[str, ...]]:
    times = read_frame_times(path)
    found = choose_sound_track(path, wanted, times.end_s, times)
    assert choose_sound_track(path, wanted, times.end_s) == found
    return found


def test_a_silent_first_track_is_not_the_one_that_is_heard(tmp_path: Path) -> None:
    number, notes = chosen(write_tracks(tmp_path / "a.mkv", [0.0, 0.5], title="Mic"))
    assert number == 2
    assert notes == (
        "It has 2 sound tracks; track 2 (Mic) is heard, in which people speak. Another can be chosen, or a mix.",
    )


def test_speech_counts_and_else_the_default_one(tmp_path: Path) -> None:
    assert chosen(write_tracks(tmp_path / "a.mkv", [0.1, 0.6]))[0] == 2
    assert chosen(write_tracks(tmp_path / "b.mkv", [0.1, 0.1]))[0] == 1
    assert chosen(write_tracks(tmp_path / "c.mkv", [0.6, 0.6], default=1))[0] == 2


def test_the_user_chooses(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [0.6, 0.1])
    assert chosen(path, 2) == (2, ())
    with pytest.raises(InputError, match="no sound track 3"):
        chosen(path, 3)


def test_one_track_or_none_is_no_choice(tmp_path: Path) -> None:
    assert chosen(write_tracks(tmp_path / "a.mkv", [0.6])) == (None, ())
    assert chosen(write_tracks(tmp_path / "b.mkv", [])) == (None, ())


def test_all_are_mixed_where_the_user_says_so(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "a.mkv", [0.6, 0.1], title="Mic")
    assert chosen(path, "mix") == ("mix", ("Its 2 sound tracks are mixed: track 1, track 2 (Mic).",))
    lone = chosen(write_tracks(tmp_path / "b.mkv", [0.6]), "mix")
    assert lone == (None, ("A mix of sound tracks was asked for, and it has one only.",))
    assert chosen(write_tracks(tmp_path / "c.mkv", []), "mix") == (None, ())
