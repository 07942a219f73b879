"""Pictures as networks want them."""

from dataclasses import replace

import numpy as np
import pytest

from closeup.perception.preprocessing import preprocess
from closeup.weights.cards import card
from tiny_networks import tiny_card

CARD = card("sface-2021dec")
CROPS = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_channels_are_ordered_and_scaled_as_the_card_says(colour: str) -> None:
    model = replace(CARD, colour=colour, mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 8.0))
    found = preprocess(model, CROPS)
    order = [0, 1, 2] if colour == "RGB" else [2, 1, 0]
    expected = (CROPS[..., order].astype(np.float64) - [10, 20, 30]) / [2, 4, 8]
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), rtol=1e-6)
    assert (found.dtype, found.flags.c_contiguous) == (np.float32, True)


def test_sides_are_filled_up_with_black() -> None:
    found = preprocess(replace(CARD, input_multiple=4), CROPS)
    assert found.shape == (2, 3, 8, 8)
    np.testing.assert_array_equal(found[:, :, :5, :7], CROPS.transpose(0, 3, 1, 2))
    assert (found[:, :, 5:] == 0).all()
    assert (found[:, :, :, 7:] == 0).all()


def test_no_picture_is_no_input() -> None:
    assert preprocess(CARD, CROPS[:0]).shape == (0, 3, 5, 7)


def test_the_card_inside_a_file_serves_as_well() -> None:
    made = tiny_card(mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))
    assert preprocess(made, CROPS)[1, 2, 4, 6] == (float(CROPS[1, 4, 6, 2]) - 127) / 128
