"""What a browser records becomes a file that players can seek in."""

from pathlib import Path

import av
import pytest

from closeup.core.errors import InputError
from closeup.media.recording import rewrapped
from closeup.media.video import open_video


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Three seconds of VP8 in a WebM that was streamed: without a length, without an index, as browsers write it."""
    path = tmp_path / "recording"
    with av.open(str(path), "w", format="webm", options={"live": "1"}) as made:
        stream = made.add_stream("libvpx", rate=10, width=64, height=48)
        for number in range(30):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = number
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    return path


def test_it_gets_a_length_and_keeps_its_pictures(recording: Path, tmp_path: Path) -> None:
    with av.open(str(recording)) as before:
        assert before.duration is None
    written = rewrapped(recording, tmp_path / "take-1")
    assert written == tmp_path / "take-1.webm"
    with av.open(str(written)) as after:
        assert after.duration == pytest.approx(3_000_000, abs=200_000)
    with open_video(written) as reader:
        assert len(list(reader)) == 30


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no video")
    with pytest.raises(InputError):
        rewrapped(tmp_path / "text", tmp_path / "take")
    with av.open(str(tmp_path / "film.avi"), "w") as made:
        stream = made.add_stream("mpeg4", rate=10, width=64, height=48)
        for number in range(5):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = number
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    with pytest.raises(InputError, match="neither WebM nor MP4"):
        rewrapped(tmp_path / "film.avi", tmp_path / "take")
