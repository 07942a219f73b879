from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numbered_video
from closeup.media.conversion import Orientation
from closeup.media.planes import LEFT_SITING, Colour, Planes, frame_planes
from closeup.media.reframe import Drawing, Picture, reframe, split_panels
from closeup.media.video import open_video
from numbered_video import Numbered, constant

BT601 = Colour(6)


def planes_of(rgb: np.ndarray) -> Planes:
    """Planes of an RGB picture (H, W, 3) of even sides, colour averaged over 2 by 2."""
    yuv = BT601.yuv(rgb)
    height, width = rgb.shape[:2]
    small = yuv.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    y, u, v = (np.rint(plane).astype(np.uint8) for plane in (yuv[..., 0], small[..., 1], small[..., 2]))
    return Planes(y, u, v, LEFT_SITING)


def ramps(height: int = 90, width: int = 160) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([60 + columns, 40 + 2 * rows, 240 - columns], axis=2).clip(0, 255).astype(np.uint8)


def outs(frame: Picture) -> tuple[np.ndarray, ...]:
    return tuple(plane.astype(float) for plane in frame_planes(frame))


def crop(*xyxy: float) -> np.ndarray:
    return np.array(xyxy, np.float64)


@settings(max_examples=40)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.3, 1))
def test_brightness_and_colour_lie_where_they_were(x: float, y: float, size: float):
    """Ramps, so that each place can be known from its values, in all planes."""
    picture = planes_of(ramps())
    height, width = 90 * size, 50 * size
    left, top = x * (160 - width), y * (90 - height)
    frame = reframe(picture, [crop(left, top, left + width, top + height)], (100, 180))
    shown = outs(frame)
    columns = left + (np.arange(100) + 0.5) * width / 100 - 0.5
    rows = top + (np.arange(180) + 0.5) * height / 180 - 0.5
    rgb = np.empty((180, 100, 3))
    rgb[..., 0], rgb[..., 1], rgb[..., 2] = 60 + columns, 40 + 2 * rows[:, None], 240 - columns
    wanted = BT601.yuv(rgb.clip(0, 255))
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(shown[0] - wanted[..., 0])[inner].max() < 1.6
    for plane, channel in ((shown[1], 1), (shown[2], 2)):
        # Colour lies on the left of its two pixels in H.264; a ramp that was averaged lies half a pixel to the right.
        small = wanted[::2, ::2, channel] / 2 + wanted[1::2, ::2, channel] / 2
        assert np.abs(plane - small)[inner].max() < 2


def test_mean_colours_stay(tmp_path: Path, write_video: Callable[..., Path]):
    rng = np.random.default_rng(4)
    for turned in (0, 90, 180, 270):
        image = np.repeat(np.repeat(rng.integers(20, 230, (9, 16, 3), dtype=np.uint8), 10, 0), 10, 1)
        path = write_video(tmp_path / "a.mkv", [image], codec="libx264", rotation=turned, options=(("crf", "1"),))
        with open_video(path) as reader:
            source = next(iter(reader))
        planes, (width, height) = source.planes(), source.size_wh
        for size_wh in ((270, 480), (72, 128)):
            shown = outs(reframe(planes, [crop(0, 0, width, height)], size_wh))
            for out, plane in zip(shown, (planes.y, planes.u, planes.v), strict=True):
                assert out.mean() == pytest.approx(plane.mean(), abs=0.5)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("size_wh", [(256, 144), (258, 146), (255, 143)])
def test_numbers_are_read_from_crops_of_turned_and_odd_pictures(
    tmp_path: Path, rotation: int, size_wh: tuple[int, int]
):
    codec = "mpeg4" if size_wh[0] % 2 else "libx264"
    video = Numbered(constant(3, numbered_video.Fraction(25)), size_wh, rotation=rotation, codec=codec)
    path = numbered_video.write(tmp_path / "a.mp4", video)
    with open_video(path) as reader:
        for source in reader:
            frame = reframe(source.planes(), [crop(*numbered_video.upright_crop(size_wh))], (270, 480))
            assert numbered_video.read(frame.to_ndarray(format="rgb24")) == source.index


def test_two_panels_one_above_the_other():
    picture = planes_of(ramps())
    low, high = crop(10, 10, 60, 50), crop(90, 40, 140, 80)
    both = outs(reframe(picture, [low, high], (100, 164)))
    upper, lower = outs(reframe(picture, [low], (100, 82))), outs(reframe(picture, [high], (100, 82)))
    for whole, first, second in zip(both, upper, lower, strict=True):
        assert np.array_equal(whole, np.concatenate([first, second]))


@given(st.integers(1, 60), st.integers(2, 100))
def test_panels_are_even_and_cover_the_picture(half_width: int, half_height: int):
    size_wh = (2 * half_width, 2 * half_height)
    for count in (1, 2):
        panels = split_panels(size_wh, count)
        assert len(panels) == count
        assert sum(panel.width * panel.height for panel in panels) == size_wh[0] * size_wh[1]
        assert all(side % 2 == 0 for panel in panels for side in (panel.x, panel.y, panel.width, panel.height))
        assert panels[-1].y + panels[-1].height == size_wh[1]


@pytest.mark.parametrize("box", [(-20, -60, 180, 150), (-40, 0, 60, 90), (100, 20, 190, 80), (30, -5, 80, 85)])
def test_beyond_the_picture_is_a_dark_blur_of_it(box: tuple[float, ...]):
    rgb = np.full((90, 160, 3), (200, 90, 60), np.uint8)
    noise = np.random.default_rng(2).integers(-40, 40, (90, 160, 1))
    picture = planes_of((rgb + noise).clip(0, 255).astype(np.uint8))
    y, u, v = outs(reframe(picture, [crop(*box)], (200, 220)))
    x = box[0] + (np.arange(200) + 0.5) * (box[2] - box[0]) / 200
    row = box[1] + (np.arange(220) + 0.5) * (box[3] - box[1]) / 220
    inside = ((row > 3) & (row < 87))[:, None] & ((x > 3) & (x < 157))[None]
    outside = ((row < -3) | (row > 93))[:, None] | ((x < -3) | (x > 163))[None]
    assert outside.any()
    assert y[inside].mean() == pytest.approx(picture.y.mean(), abs=3)
    assert 0.35 < (y[outside].mean() - 16) / (picture.y.mean() - 16) < 0.55
    assert y[outside].std() < 0.3 * y[inside].std()
    assert v[outside[::2, ::2]].mean() > 135  # the same hue, paler
    assert u[outside[::2, ::2]].mean() < 125


def test_a_hair_beyond_the_picture_is_no_bar():
    picture = planes_of(np.full((90, 160, 3), 200, np.uint8))
    y, _, _ = outs(reframe(picture, [crop(-0.1, -0.2, 50.0, 90.1)], (100, 180)))
    assert y.min() > 180


@pytest.mark.parametrize("box", [(5, 5, 5, 20), (20, 5, 10, 20), (-30, 0, -5, 90), (165, 0, 200, 90), (0, 90, 9, 99)])
def test_crops_that_show_nothing_are_refused(box: tuple[float, ...]):
    with pytest.raises(ValueError, match="shows nothing"):
        reframe(planes_of(ramps()), [crop(*box)], (100, 180))


def test_sizes_and_counts_that_do_not_fit_are_refused():
    for size_wh, count in (((101, 180), 1), ((100, 180), 3), ((100, 180), 0), ((100, 2), 2)):
        with pytest.raises(ValueError, match="panels"):
            split_panels(size_wh, count)


def grey(size_wh: tuple[int, int], level: int = 100) -> Picture:
    frame = Picture(*size_wh, "yuv420p")
    for plane, value in zip(frame_planes(frame), (level, 128, 128), strict=True):
        plane[:] = value
    return frame


@pytest.mark.parametrize("top_left", [(10, 20), (11, 21), (-7, -5), (50, 70), (-200, 5), (5, 300)])
def test_an_overlay_covers_as_its_alpha_says(top_left: tuple[int, int]):
    rgba = np.zeros((24, 30, 4), np.uint8)
    rgba[..., :3] = (230, 40, 40)
    rgba[:, :10, 3], rgba[:, 10:20, 3] = 255, 128
    frame = grey((64, 80))
    Drawing(rgba, top_left, BT601).draw(frame)
    y, _, v = outs(frame)
    paint = BT601.yuv(rgba[:1, :1, :3])[0, 0]
    wanted = np.full((80, 64), 100.0)
    rows, columns = (np.arange(24) + top_left[1], np.arange(30) + top_left[0])
    for row in rows[(rows >= 0) & (rows < 80)]:
        for column, alpha in zip(columns, rgba[0, :, 3] / 255, strict=True):
            if 0 <= column < 64:
                wanted[row, column] = 100 * (1 - alpha) + paint[0] * alpha
    assert np.abs(y - wanted).max() <= 1
    covered = wanted[::2, ::2] != 100
    assert (v > 129).sum() <= covered.sum() * 1.5 + 30
    if covered.sum() > 20:
        assert v.max() == pytest.approx(paint[2], abs=1)


def test_nothing_is_drawn_where_alpha_is_zero():
    frame = grey((64, 80))
    Drawing(np.zeros((80, 64, 4), np.uint8), (0, 0), BT601).draw(frame)
    assert [np.unique(plane).tolist() for plane in frame_planes(frame)] == [[100], [128], [128]]


def tint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A colour value that changes steeply across and down: half a pixel more or less is plain to see."""
    return 128 + 1.4 * (x - 30) + 0.9 * (y - 30)


@pytest.mark.parametrize("stored_wh", [(64, 60), (63, 61)])
@pytest.mark.parametrize(
    "orientation", [Orientation(bool(i & 1), bool(i & 2), bool(i & 4)) for i in range(8)], ids=lambda o: str(o)[11:]
)
def test_colour_lies_over_brightness_in_turned_and_mirrored_pictures(
    stored_wh: tuple[int, int], orientation: Orientation
):
    wide, high = stored_wh
    size_wh = orientation.size_wh(stored_wh)

    def upright(columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
        x, y = (rows, columns) if orientation.swap_xy else (columns, rows)
        x = size_wh[0] - 1 - x if orientation.mirror_x else x
        y = size_wh[1] - 1 - y if orientation.mirror_y else y
        return np.rint(tint(x, y)).astype(np.uint8)

    rows, columns = np.mgrid[0:high, 0:wide]
    small_rows, small_columns = np.mgrid[0 : (high + 1) // 2, 0 : (wide + 1) // 2]
    colour = upright(2 * small_columns, 2 * small_rows + 0.5)  # stored on the left, between two rows
    y, u, v = (orientation.view(plane) for plane in (upright(columns, rows), colour, colour))
    picture = Planes(y, u, v, orientation.siting_xy(size_wh))
    out = outs(reframe(picture, [crop(12, 10, 52, 50)], (160, 160)))
    steps = np.arange(160)
    x = 12 + (steps + 0.5) / 4 - 0.5
    inner = (slice(12, -12), slice(12, -12))
    assert np.abs(out[0] - tint(x[None], x[:, None] - 2))[inner].max() < 1.5
    small_x, small_y = 12 + (2 * steps[:80] + 0.5) / 4 - 0.5, 10 + (2 * steps[:80] + 1) / 4 - 0.5
    for plane in out[1:]:
        difference = (plane - tint(small_x[None], small_y[:, None]))[inner]
        assert abs(difference.mean()) < 0.3
