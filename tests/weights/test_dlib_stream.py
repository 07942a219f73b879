"""Reading dlib's serialization: the values that it writes, and nothing else."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import ModelError
from closeup.weights.dlib_stream import DlibStream


def written(value: int) -> bytes:
    """A whole number as dlib writes it."""
    magnitude = abs(value)
    length = max(1, (magnitude.bit_length() + 7) // 8)
    return bytes([length | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(length, "little")


@given(st.lists(st.integers(-(2**63), 2**63)))
def test_whole_numbers_come_back(values: list[int]) -> None:
    stream = DlibStream(b"".join(map(written, values)))
    assert [stream.whole() for _ in values] == values
    stream.expect_end()


@pytest.mark.parametrize("control", [0x00, 0x09, 0x0F, 0x11, 0x21, 0x41])
def test_a_control_byte_that_dlib_never_writes_is_refused(control: int) -> None:
    with pytest.raises(ModelError, match="control byte"):
        DlibStream(bytes([control]) + b"\1" * 16).whole()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_real_numbers_come_back(value: float) -> None:
    mantissa, exponent = np.frexp(value)
    stream = DlibStream(written(int(np.ldexp(mantissa, 53))) + written(int(exponent) - 53))
    assert stream.real() == value


def test_a_real_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(ModelError, match="a real number"):
        DlibStream(written(1) + written(10**6)).real()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_tensors_come_back_flat(n: int, k: int, rows: int, columns: int) -> None:
    values = np.arange(n * k * rows * columns, dtype=np.float32)
    head = b"".join(map(written, (2, n, k, rows, columns)))
    stream = DlibStream(head + values.astype("<f4").tobytes())
    np.testing.assert_array_equal(stream.tensor(n, k, rows, columns), values)
    stream.expect_end()
    with pytest.raises(ModelError, match="the end"):
        DlibStream(head + values.astype("<f4").tobytes()[:-1]).tensor(n, k, rows, columns)


def test_a_tensor_of_another_size_or_of_other_numbers_is_refused() -> None:
    head = b"".join(map(written, (2, 1, 1, 1, 1)))
    with pytest.raises(ModelError, match="hold 2, not 1"):
        DlibStream(head).tensor(2, 1, 1, 1)
    with pytest.raises(ModelError, match="finite numbers"):
        DlibStream(head + struct.pack("<f", float("nan"))).tensor(1, 1, 1, 1)


def test_texts_and_truths_and_the_end() -> None:
    stream = DlibStream(b"\1\5relu_110!")
    stream.expect_text("relu_")
    assert stream.truths(3) == [True, True, False]
    with pytest.raises(ModelError, match="the end, not 1 bytes more"):
        stream.expect_end()
    with pytest.raises(ModelError, match="truth values"):
        stream.truths(1)
    with pytest.raises(ModelError, match=r"by byte 7 it should hold 'relu_', not b'prelu'"):
        DlibStream(b"\1\5prelu").expect_text("relu_")


@given(st.binary(max_size=64))
def test_any_bytes_give_values_or_the_one_error(data: bytes) -> None:
    for read in (DlibStream.whole, DlibStream.real, DlibStream.expect_empty_tensor):
        with suppress(ModelError):
            read(DlibStream(data))
