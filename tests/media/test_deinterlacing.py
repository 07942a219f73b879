"""Half pictures made whole, in the number and at the times of their frames."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph

from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import read_frame_times
from closeup.media.video import open_video

COUNT, SIZE_WH, STEP_PX = 20, (160, 96), 6


def field(number: int) -> np.ndarray:
    """A white bar that goes to the right by `STEP_PX` a field."""
    image = np.full((SIZE_WH[1], SIZE_WH[0]), 40, np.uint8)
    image[:, 10 + number * STEP_PX % 100 : 40 + number * STEP_PX % 100] = 220
    return image


def write_fields(path: Path, interlaced: bool = True) -> Path:
    """A video whose frames are two fields each, of moments half a frame apart."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *SIZE_WH, "yuv420p", 4_000_000
        if interlaced:
            stream.options = {"flags": "+ilme+ildct"}
        marked = Graph()
        source = f"video_size={SIZE_WH[0]}x{SIZE_WH[1]}:pix_fmt=yuv420p:time_base=1/25:pixel_aspect=1/1"
        nodes = marked.add("buffer", source), marked.add("setfield", "tff"), marked.add("buffersink")
        marked.link_nodes(*nodes).configure()
        for number in range(COUNT):
            image = field(2 * number)
            if interlaced:
                image[1::2] = field(2 * number + 1)[1::2]
            frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            if interlaced:
                marked.push(frame)
                frame = marked.pull()
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def combs(image: np.ndarray) -> float:
    """How much neighbouring lines differ: some for whole pictures, much for two fields of things that move."""
    level = image[8:-8, :, 1].astype(int)
    return float(np.abs(level[1:-1] - (level[:-2] + level[2:]) / 2).mean())


def test_an_interlaced_video_shows_no_combs_and_says_so(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "fields.mpg")
    with open_video(path) as reader:
        frames = list(reader)
    assert [note for note in reader.notes if "interlaced" in note]
    assert len(frames) == COUNT
    assert np.diff([float(frame.time) for frame in frames]) == pytest.approx([0.04] * (COUNT - 1), abs=1e-6)
    assert max(combs(frame.rgb()) for frame in frames[2:-2]) < 2.5
    with av.open(str(path)) as container:
        raw = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert min(combs(image) for image in raw[2:-2]) > 6


def test_whole_pictures_stay_as_they_are(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "whole.mpg", interlaced=False)
    with open_video(path) as reader:
        image = next(iter(reader)).rgb()
    assert not [note for note in reader.notes if "interlaced" in note]
    with av.open(str(path)) as container:
        assert np.array_equal(image, next(container.decode(video=0)).to_ndarray(format="rgb24"))


def test_stretches_are_made_whole_too(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "fields.mpg")
    frames = list(excerpt_frames(path, read_frame_times(path), [(10, 14)]))
    assert [frame.index for frame in frames] == [10, 11, 12, 13]
    assert max(combs(frame.rgb()) for frame in frames) < 2.5
