"""Stills have the colours of the frame, whatever it says of itself, and the pixels of its crops."""

import av
import numpy as np
import pytest

from closeup.media.still import still
from closeup.media.video import open_video

QUARTERS = np.array([[(200, 40, 40), (40, 170, 60)], [(50, 60, 190), (180, 180, 60)]], dtype=np.uint8)


def film(path, size_wh, matrix):
    width, height = size_wh
    picture = np.kron(QUARTERS, np.ones((height // 2, width // 2, 1), np.uint8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("matrix", [1, 5])  # BT.709, and BT.601 as in PAL
@pytest.mark.parametrize("size_wh", [(1280, 720), (320, 180)])
def test_colours_stay_when_a_small_crop_becomes_large_and_the_other_way_round(tmp_path, matrix, size_wh):
    with open_video(film(tmp_path / "film.mp4", size_wh, matrix)) as reader:
        frame = next(iter(reader))
    width, height = size_wh
    for out in ((72, 128), (1080, 1920)):
        picture = still(frame, [np.array([0.0, 0.0, width, height])], out)
        assert picture.shape == (out[1], out[0], 3)
        for row in (0, 1):
            for column in (0, 1):
                there = picture[out[1] * (2 * row + 1) // 4, out[0] * (2 * column + 1) // 4]
                assert there.astype(int) == pytest.approx(QUARTERS[row, column].astype(int), abs=5)


def test_two_panels_show_two_crops(tmp_path):
    with open_video(film(tmp_path / "film.mp4", (320, 180), 5)) as reader:
        frame = next(iter(reader))
    picture = still(frame, [np.array([20.0, 10, 100, 80]), np.array([200.0, 100, 280, 170])], (64, 112))
    assert picture[28, 32].astype(int) == pytest.approx(QUARTERS[0, 0].astype(int), abs=5)
    assert picture[84, 32].astype(int) == pytest.approx(QUARTERS[1, 1].astype(int), abs=5)
