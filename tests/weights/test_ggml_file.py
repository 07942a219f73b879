"""Files for ggml read as they are written, and anything else is told from them."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import ModelError
from closeup.core.settings import Settings
from closeup.core.types import FloatArray
from closeup.weights.cards import card
from closeup.weights.ggml_file import read_ggml
from closeup.weights.store import require

ARRAYS: dict[str, FloatArray] = {
    "scale": np.float32(0.5).reshape(()),
    "bias": np.arange(3, dtype=np.float32),
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
}


def ggml(arrays: dict[str, FloatArray], kind: int = 0) -> bytes:
    """A file with two numbers after its name."""
    data = struct.pack("<2i", 0x67676D6C, 3) + b"net" + struct.pack("<2i", 16, 9)
    for name, values in arrays.items():
        data += struct.pack("<3i", values.ndim, len(name), kind) + struct.pack(f"<{values.ndim}i", *values.shape[::-1])
        data += name.encode() + values.astype("<f2" if kind else "<f4").tobytes()
    return data


def written(folder: Path, data: bytes) -> Path:
    path = folder / "net.bin"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", [0, 1])
def test_arrays_come_back_with_names_shapes_and_values(tmp_path: Path, kind: int) -> None:
    read = read_ggml(written(tmp_path, ggml(ARRAYS, kind)), numbers=2)
    assert list(read) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert read[name].dtype == np.float32
        assert read[name].shape == values.shape
        np.testing.assert_array_equal(read[name], values)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ggml",
        ggml({}),
        b"PK" + ggml(ARRAYS)[2:],
        ggml(ARRAYS)[:-1],
        ggml(ARRAYS) + b"\0",
        ggml(ARRAYS, 0).replace(b"bias", b"b\xffas"),
        struct.pack("<2i2i3i", 0x67676D6C, 0, 0, 0, 1, 1, 0) + struct.pack("<i", 2**31 - 1) + b"x",
    ],
)
def test_what_is_not_such_a_file_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match=r"net\.bin is not a ggml file"):
        read_ggml(written(tmp_path, data), numbers=2)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Cannot read the model file"):
        read_ggml(tmp_path / "net.bin", numbers=2)


@settings(max_examples=150)
@given(st.integers(0, len(ggml(ARRAYS)) - 1), st.binary(min_size=1, max_size=6))
def test_damage_is_an_error_or_other_values_and_nothing_worse(
    tmp_path_factory: pytest.TempPathFactory, at: int, bad: bytes
) -> None:
    data = ggml(ARRAYS)
    path = written(tmp_path_factory.mktemp("damage"), data[:at] + bad + data[at + len(bad) :])
    try:
        read = read_ggml(path, numbers=2)
    except ModelError:
        return
    assert sum(values.size for values in read.values()) <= len(data) / 2


def test_the_voice_detectors_file_holds_its_network(tmp_path: Path) -> None:
    model = card("silero-vad-6")
    read = read_ggml(require(model, Settings(tmp_path, None)), numbers=22)
    assert read["_model.stft.forward_basis_buffer"].shape == (258, 1, 256)
    assert read["_model.decoder.rnn.weight_hh"].shape == (512, 128)
    assert len(read) == 15
