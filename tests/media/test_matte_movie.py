"""A matte as a video."""

from fractions import Fraction

import av
import numpy as np
import pytest

from closeup.media.matte_movie import MatteWriter

STARTS = [Fraction(0), Fraction(1, 25), Fraction(1, 10), Fraction(1, 5)]


@pytest.mark.parametrize("bits", [8, 16])
def test_every_number_and_time_comes_back(tmp_path, bits):
    top = 2**bits - 1
    numbers = np.random.default_rng(0).integers(0, top, (3, 11, 7))
    with MatteWriter(tmp_path / "m.mkv", (7, 11), STARTS, bits) as writer:
        for each in numbers:
            writer.write((each / top).astype(np.float32))
    with av.open(str(tmp_path / "m.mkv")) as container:
        frames = list(container.decode(video=0))
    assert [frame.pts * frame.time_base for frame in frames] == STARTS[:3]
    assert np.abs(np.stack([frame.to_ndarray().astype(int) for frame in frames]) - numbers).max() <= 1


def test_too_few_pictures_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="was to have 3"), MatteWriter(tmp_path / "m.mkv", (7, 11), STARTS):
        pass
    assert list(tmp_path.iterdir()) == []
