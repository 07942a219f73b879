"""The canvas of videos whose pictures change their size, their turn or the shape of their pixels midway."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.video import open_video
from media.joined import Part, joined, write_part

SMALL = Part(at_s=1, size_wh=(80, 48), sound=False)
LARGE = Part(seconds=4, at_s=3, size_wh=(320, 192), sound=False)


def test_a_stream_that_grows_is_shown_in_its_larger_size(tmp_path: Path) -> None:
    with open_video(joined(tmp_path / "a.ts", SMALL, LARGE)) as reader:
        shapes = {frame.rgb().shape for frame in reader}
    assert (reader.size_wh, shapes) == ((320, 192), {(192, 320, 3)})
    changed = "The picture changes its size at 0:02; all frames are fitted into 320x192, with their shape kept."
    assert changed in reader.notes


def test_a_turned_phone_keeps_its_shape(tmp_path: Path) -> None:
    turned = replace(LARGE, size_wh=(192, 320))
    with open_video(joined(tmp_path / "a.ts", replace(LARGE, at_s=1), replace(turned, seconds=2, at_s=5))) as reader:
        last = list(reader)[-5].rgb()
    assert reader.size_wh == (320, 192)
    shown = np.flatnonzero(last.max(axis=(0, 2)) > 60)
    # An eighth of the picture is dark at its left.
    assert (320 - 115) // 2 - 2 <= shown[0] <= (320 - 115) // 2 + 18
    assert shown[-1] == pytest.approx((320 + 115) // 2, abs=2)


def test_a_size_that_is_shown_for_a_moment_only_is_not_the_canvas(tmp_path: Path) -> None:
    card = replace(LARGE, seconds=0.4, at_s=1)
    with open_video(joined(tmp_path / "a.ts", card, replace(SMALL, seconds=9))) as reader:
        assert reader.size_wh == (80, 48)


def test_each_part_has_pixels_of_its_own_shape(tmp_path: Path) -> None:
    """240x136 with pixels of 136:135, and then square ones: the canvas is no wider for the first part's sake."""
    path = tmp_path / "a.ts"
    first = write_with_pixels(tmp_path / "first.ts", replace(SMALL, size_wh=(240, 136)), Fraction(136, 135))
    second = write_part(tmp_path / "second.ts", replace(LARGE, size_wh=(640, 360)))
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with open_video(path) as reader:
        frames = list(reader)
        times = FrameTimes.read([frame.time for frame in frames], reader)
    assert reader.size_wh == (640, 360)
    # Both parts fill the canvas: there is no black at its edges.
    for frame in (frames[5], frames[48], frames[60]):
        assert frame.rgb()[[0, -1]].mean() > 50
    assert not [note for note in reader.notes if "square" in note]  # by less than one can see
    later = next(iter(excerpt_frames(path, times, [(100, 101)])))
    assert np.array_equal(later.rgb(), frames[100].rgb())


def test_pixels_that_change_alone_change_the_picture(tmp_path: Path) -> None:
    """Broadcasts switch from 4:3 to 16:9 in one size."""
    path = tmp_path / "a.ts"
    part = replace(LARGE, size_wh=(180, 144), seconds=3, at_s=1)
    narrow = write_with_pixels(tmp_path / "first.ts", part, Fraction(16, 15))
    wide = write_with_pixels(tmp_path / "second.ts", replace(part, seconds=5, at_s=4), Fraction(64, 45))
    path.write_bytes(narrow.read_bytes() + wide.read_bytes())
    with open_video(path) as reader:
        frames = list(reader)
    assert reader.size_wh == (256, 144)
    assert frames[20].rgb()[:, [0, -1]].max() < 10
    assert frames[-20].rgb()[:, -1].min() > 50
    assert any("changes its size" in note for note in reader.notes)


def test_a_seek_reads_pixels_as_reading_on_does(tmp_path: Path) -> None:
    path = write_with_pixels(tmp_path / "a.ts", replace(LARGE, size_wh=(180, 144), seconds=6), Fraction(64, 45))
    with open_video(path) as reader:
        frames = list(reader)
        times = FrameTimes.read([frame.time for frame in frames], reader)
    later = next(iter(excerpt_frames(path, times, [(120, 121)])))
    assert later.size_wh == reader.size_wh == (256, 144)
    assert np.array_equal(later.rgb(), frames[120].rgb())
    assert later.rgb()[:, -1].min() > 50


def write_with_pixels(path: Path, part: Part, aspect: Fraction) -> Path:
    """A part as `write_part` writes it, with pixels of a shape."""
    plain = write_part(path.with_suffix(".plain"), part)
    with av.open(str(plain)) as source, av.open(str(path), "w", format="mpegts") as copy:
        video = copy.add_stream("libx264", rate=part.fps, options={"preset": "ultrafast", "crf": "20", "g": "25"})
        video.width, video.height = part.size_wh
        video.pix_fmt = "yuv420p"
        video.codec_context.sample_aspect_ratio = aspect
        for frame in source.decode(video=0):
            frame.pts, frame.time_base = round(frame.time * 90_000), Fraction(1, 90_000)
            copy.mux(video.encode(frame))
        copy.mux(video.encode(None))
    return path
