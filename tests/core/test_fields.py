import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.fields import Array, Rounded


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1), st.integers(0, 6))
def test_an_array_is_rounded_as_its_numbers_are(numbers: list[float], digits: int) -> None:
    rounded = [Rounded(digits).round(number) for number in numbers]
    assert Array((None,), digits=digits).to_lists(np.array(numbers, np.float32)) == rounded
    assert Array((None,), digits=digits).to_lists(np.array(numbers, np.float64)) == rounded
    assert all(np.copysign(1, number) == 1 for number in rounded if number == 0)
