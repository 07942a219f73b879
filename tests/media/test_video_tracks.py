"""Several video tracks in one file: the default one is read, or the one that is asked for, and that is said."""

from pathlib import Path

import av
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import ignore
from closeup.features.cast.options import CastOptions
from closeup.features.cast.scan import scan_video
from closeup.media.frame_times import read_frame_times
from closeup.media.video import open_video
from features.cast.stand_in_video import stand_in_analyzer

LEVELS, SIZES = (60, 200), ((160, 96), (320, 240))
"""Grey levels and sizes of the two tracks."""


def two_tracks(path: Path, default: int) -> Path:
    """A file with two grey tracks, of which one is the default."""
    with av.open(str(path), "w", format="matroska") as container:
        streams = []
        for number, (width, height) in enumerate(SIZES):
            stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "10"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = 1 if number == default else 0
            streams.append(stream)
        for stream, level, (width, height) in zip(streams, LEVELS, SIZES, strict=True):
            for _ in range(25):
                image = np.full((height, width, 3), level, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode(None))
    return path


def shown(path: Path, track: int | None = None) -> tuple[tuple[int, int], float, tuple[str, ...], int | None]:
    """Size and grey level of what is read, what is noted, and the number of the track."""
    with open_video(path, track=track) as reader:
        levels = [float(frame.rgb().mean()) for frame in reader]
    return reader.size_wh, float(np.mean(levels)), reader.notes, reader.track


@pytest.mark.parametrize("default", [0, 1])
def test_the_default_track_is_read_unless_another_is_asked_for(tmp_path: Path, default: int) -> None:
    path = two_tracks(tmp_path / "a.mkv", default)
    for asked, read in ((None, default), (1, 0), (2, 1)):
        size_wh, level, notes, number = shown(path, asked)
        assert size_wh == SIZES[read]
        assert level == pytest.approx(LEVELS[read], abs=3)
        assert notes[0] == f"It has 2 video tracks; track {read + 1} is used."
        assert number == read + 1


def test_a_track_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "a.mkv", 0)
    with pytest.raises(InputError, match="has no video track 3") as caught, open_video(path, track=3):
        pass
    assert "It has 2" in caught.value.hint


def test_the_cast_is_that_of_the_track_and_its_shorts_read_the_same(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "a.mkv", 0)
    for asked, number in ((0, 1), (1, 1), (2, 2)):
        video = scan_video(path, stand_in_analyzer(), CastOptions(video_track=asked), ignore).video
        assert ((video.width, video.height), video.track) == (SIZES[number - 1], number)
        assert read_frame_times(path, video).track == number


@pytest.mark.parametrize("track", [-1, 1001])
def test_a_number_that_no_track_has_is_refused(track: int) -> None:
    with pytest.raises(InputError, match=f"no video track {track}"):
        CastOptions(video_track=track)
