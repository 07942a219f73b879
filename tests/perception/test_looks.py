import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from closeup.core.types import Image
from closeup.perception.looks import DIM, describe
from filmed import scenery
from stills import astronaut, hopper


def test_a_picture_is_most_like_itself_shifted_dimmed_or_at_another_size() -> None:
    collins, grace = astronaut(), hopper()
    look = describe(collins)
    changed = [
        np.roll(collins, 12, axis=1),
        (collins * 0.7).astype(np.uint8),
        np.ascontiguousarray(collins[::4, ::4]),
    ]
    for image in changed:
        assert float(look @ describe(image)) > 0.9
    assert float(look @ describe(grace)) < 0.5


def test_unrelated_pictures_have_little_in_common() -> None:
    looks = np.stack([describe(scenery(seed)) for seed in range(40)])
    cosines = (looks @ looks.T)[~np.eye(40, dtype=bool)]
    assert abs(float(cosines.mean())) < 0.3
    assert float(np.quantile(cosines, 0.95)) < 0.7


def test_an_even_grey_looks_like_nothing() -> None:
    assert (describe(np.full((50, 50, 3), 128, np.uint8)) == 0).all()


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_even_colours_are_described(colour: tuple[int, int, int]) -> None:
    look = describe(np.full((50, 50, 3), colour, np.uint8))
    assert float(np.linalg.norm(look)) == pytest.approx(1)


PICTURES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))


@settings(max_examples=60)
@given(PICTURES)
def test_every_picture_has_a_description_of_length_one_or_none_at_all(image: Image) -> None:
    look = describe(image)
    assert (look.shape, look.dtype) == ((DIM,), np.float32)
    length = float(np.linalg.norm(look))
    assert length == 0 or length == pytest.approx(1, abs=1e-4)
