"""Reads the arrays of a small network that was saved for the ggml library, as whisper.cpp's voice detectors are.

The format, after whisper.cpp's converter: the word "ggml", a name, whole numbers that describe the network, and then
for each array the number of its axes, the length of its name, its kind (0: float32, 1: float16), its axes from the last
to the first, its name and its values; all little-endian, whole numbers of 32 bits. What a file claims is checked
against its length before anything is made of it.
"""

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.types import FloatArray

_MAGIC = 0x67676D6C
_KINDS: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
_MOST_AXES, _LONGEST_NAME = 4, 256
_MOST_BYTES = 64_000_000
"""Nothing that this is for comes near it."""


def read_ggml(path: Path, numbers: int) -> dict[str, FloatArray]:
    """Read every array of the file at `path`: name to values, float32, of any shape such as (N, ...).

    Args:
        numbers: How many whole numbers describe the network, between its name and its first array.

    Raises:
        ModelError: If it cannot be read, or is not such a file from end to end.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError as error:
        raise ModelError(f"Cannot read the model file {path}: {error.strerror or error}.") from error
    arrays: dict[str, FloatArray] = {}
    try:
        magic, length = struct.unpack_from("<2i", data)
        if magic != _MAGIC or not 0 <= length <= _LONGEST_NAME:
            raise ValueError("it does not begin as one")
        at = 8 + length + 4 * numbers
        while at < len(data):
            name, values, at = _array(data, at)
            arrays[name] = values
    except (struct.error, ValueError) as error:
        raise ModelError(f"The model file {path} is not a ggml file: {error}.") from error
    if not arrays:
        raise ModelError(f"The model file {path} is not a ggml file: it holds nothing.")
    return arrays


def _array(data: bytes, at: int) -> tuple[str, FloatArray, int]:
    """Name and values of the array that begins at a place, and where the next one begins."""
    axes, length, kind = struct.unpack_from("<3i", data, at)
    if not 0 <= axes <= _MOST_AXES or not 0 < length <= _LONGEST_NAME or kind not in _KINDS:
        raise ValueError(f"no array begins at byte {at}")
    shape = struct.unpack_from(f"<{axes}i", data, at + 12)[::-1]
    start = at + 12 + 4 * axes + length
    count = math.prod(shape)
    end = start + count * _KINDS[kind].itemsize
    if any(side < 1 for side in shape) or end > len(data):
        raise ValueError(f"the array at byte {at} is longer than the file")
    name = data[start - length : start].decode("ascii")
    values = np.frombuffer(data, _KINDS[kind], count, start)
    return name, values.astype(np.float32).reshape(shape), end
