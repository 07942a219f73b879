import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.media.resample import AxisMap, resample


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
