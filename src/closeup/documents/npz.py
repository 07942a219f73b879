"""Arrays in .npz files: equal arrays give equal bytes, and what is read back is checked and never evaluated."""

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError

_EPOCH = (1980, 1, 1, 0, 0, 0)
# The header of a .npy file as numpy writes it (numpy.lib.format, versions 1.0 and 2.0), and nothing else: what is
# matched by this pattern needs no evaluation.
_HEADER = re.compile(
    rb"\{'descr': '([<|>=]?[a-zA-Z][0-9]{0,6})', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n"
)
_PLAIN = re.compile(r"[<|][biufU]\d+")
"""Types that hold plain numbers, truth values or letters."""


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays of plain types, (N,), (N, M) and so on, as the bytes of an .npz file: in C order, uncompressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.create_system = 3  # else the bytes would tell Windows from the rest
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=array.nbytes >= 2**31) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_npz(
    content: bytes,
    types: Mapping[str, str] | None = None,
    optional: Collection[str] = (),
) -> dict[str, NDArray[Any]]:
    """The arrays (N,), (N, M) and so on of an .npz file as `npz_bytes` or numpy.savez writes it, by name.

    Args:
        content: The bytes of the file.
        types: What each array that is read must hold, "<f4" or "<U" (text of any length); None for all that are there.
        optional: Those of them that may be absent.

    Raises:
        FormatError: If it is damaged, lacks an array, or holds one of another type.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            there = [each.removesuffix(".npy") for each in archive.namelist()]
            wanted = there if types is None else [n for n in types if n in there or n not in optional]
            members = {name: _read_member(archive, name) for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise FormatError(f"It is not a whole .npz file: {error}.") from error
    return {name: _parse_npy(name, member, (types or {}).get(name, "")) for name, member in members.items()}


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError as error:
        raise FormatError(f"It lacks the array {name!r}.") from error
    if entry.compress_type != zipfile.ZIP_STORED:  # a small file could unpack to one that fills the memory
        raise FormatError(f"Its array {name!r} is compressed, which closeup never does.")
    return archive.read(entry)


def _parse_npy(name: str, member: bytes, kind: str) -> NDArray[Any]:
    if member[:6] != b"\x93NUMPY" or len(member) < 10 or member[6] not in (1, 2):
        raise FormatError(f"The array {name!r} is not in numpy's format.")
    start = 10 if member[6] == 1 else 12
    end = start + int.from_bytes(member[8:start], "little")
    header = _HEADER.fullmatch(member[start:end])
    dtype = header[1].decode("ascii") if header else ""
    if header is None or not (dtype.startswith(kind) if kind else _PLAIN.fullmatch(dtype)):
        raise FormatError(f"The array {name!r} must have the type {kind or 'of plain numbers'} in C order.")
    try:
        shape = tuple(int(size) for size in header[2].split(b",") if size.strip())
        return np.frombuffer(member, np.dtype(dtype), offset=end).reshape(shape).copy()
    except (ValueError, OverflowError, TypeError) as error:
        raise FormatError(f"The array {name!r} does not hold as much as it says.") from error
