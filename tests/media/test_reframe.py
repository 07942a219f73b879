from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numbered_video
from closeup.media.conversion import Orientation
from closeup.media.planes import LEFT_SITING, Colour, Planes, frame_planes
from closeup.media.reframe import AxisMap, Drawing, Picture, reframe, resample, split_panels
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


def smooth(height: int, width: int) -> np.ndarray:
    """A plane without an edge, so that it can be known between pixels."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.rint(value(columns, rows)).astype(np.uint8)


def value(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 128 + 50 * np.sin(x * 0.21 + 0.4) + 50 * np.cos(y * 0.17 - x * 0.05)


@settings(max_examples=60)
@given(
    scale=st.tuples(*[st.one_of(st.floats(0.07, 0.98), st.sampled_from([1, 1 / 2, 1 / 3, 9 / 16]))] * 2),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    count=st.tuples(st.integers(20, 90), st.integers(20, 90)),
)
def test_growing_shows_the_source_where_it_was_asked_for(
    scale: tuple[float, float], place: tuple[float, float], count: tuple[int, int]
):
    height, width = 101, 120
    plane = smooth(height, width)
    axes = []
    for step, part, pixels, size in zip(scale, place, count, (width, height), strict=True):
        start = part * (size - step * pixels)
        axes.append(AxisMap(step, start + step / 2 - 0.5, pixels, size))
    out = np.zeros(count[::-1], np.uint8)
    resample(plane, *axes, out)
    x, y = (np.arange(axis.count) * axis.scale + axis.offset for axis in axes)
    inside = np.ix_((y >= 2) & (y <= height - 3), (x >= 2) & (x <= width - 3))
    wanted = value(x[None, :], y[:, None])
    # A fifth of an output pixel beside its place, at 0.26 grey levels a source pixel and 50 of amplitude; rounding.
    slope = 0.26 * 50 * (scale[0] + scale[1])
    assert np.abs(out - wanted)[inside].max(initial=0) < 1.6 + 0.2 * slope


@settings(max_examples=40)
@given(scale=st.floats(1.0, 4.0), part=st.floats(0, 1))
def test_shrinking_averages(scale: float, part: float):
    plane = smooth(160, 200)
    count = (30, 24)
    start = part * (200 - scale * count[0])
    out = np.zeros((24, 30), np.uint8)
    resample(plane, AxisMap(scale, start + scale / 2 - 0.5, 30, 200), AxisMap(scale, scale / 2 - 0.5, 24, 160), out)
    x, y = start + np.arange(30) * scale + scale / 2 - 0.5, np.arange(24) * scale + scale / 2 - 0.5
    assert np.abs(out - value(x[None, :], y[:, None])).mean() < 2 + 2 * scale


def test_shrinking_does_not_alias():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 64))
    out = np.zeros((20, 40), np.uint8)
    resample(stripes, AxisMap(3.2, 1.1, 40, 128), AxisMap(3.2, 1.1, 20, 64), out)
    assert np.abs(out.astype(int) - 127).max() < 50


def test_a_pixel_beyond_the_source_its_edge_goes_on():
    plane = np.tile(np.arange(10, 250, 10, dtype=np.uint8), (24, 1))
    out = np.zeros((24, 50), np.uint8)
    resample(plane, AxisMap(0.5, -0.75, 50, 24), AxisMap(1.0, 0.0, 24, 24), out)
    assert (out[:, 0] <= 10).all()
    assert (out[:, -1] >= 235).all()
    assert (np.diff(out[:, 2:-2].astype(int), axis=1) > 0).all()


def test_the_whole_at_its_own_size_is_itself():
    plane = smooth(33, 47)
    out = np.zeros_like(plane)
    resample(plane, AxisMap(1.0, 0.0, 47, 47), AxisMap(1.0, 0.0, 33, 33), out)
    assert np.array_equal(out, plane)
    turned = np.zeros((47, 33), np.uint8)
    resample(plane.T[::-1], AxisMap(1.0, 0.0, 33, 33), AxisMap(1.0, 0.0, 47, 47), turned)
    assert np.array_equal(turned, plane.T[::-1])


def test_a_slow_pan_moves_evenly():
    """Steps of 0.07 source pixels at a factor of 4, where whole pixels of the output would show as trembling."""
    plane = np.rint(128 + 100 * np.sin(np.arange(80) * 0.12)).astype(np.uint8)[None].repeat(60, 0)
    phases = []
    for step in range(40):
        out = np.zeros((120, 160), np.uint8)
        resample(plane, AxisMap(0.25, 10 + 0.07 * step - 0.375, 160, 80), AxisMap(0.25, -0.375, 120, 60), out)
        x = 0.12 * (np.arange(160) * 0.25 + 10 - 0.375)
        waves = np.stack([np.sin(x), np.cos(x), np.ones(160)], axis=1)
        sine, cosine, _ = np.linalg.lstsq(waves, out[60].astype(float), rcond=None)[0]
        phases.append(np.arctan2(cosine, sine))
    moved = np.unwrap(phases) / 0.12
    assert np.abs(moved - np.arange(40) * 0.07).max() < 0.25 * 0.2 + 0.01
