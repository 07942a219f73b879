"""Runs as TensorBoard event files, written without TensorBoard.

The format: records framed as in TFRecord files (length, masked CRC-32C of it, content, masked CRC-32C of that), each
content an Event message of protocol buffers (tensorflow/core/util/event.proto) whose scalars are simple values.
"""

import math
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from closeup.core.whole import write_whole
from closeup.learning.runs.history import Moment, moments
from closeup.learning.runs.reading import Run

_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), its bits reversed


def write_events(run: Run, folder: Path) -> Path:
    """Write a run's losses and figures as one event file in `folder`, which is there already.

    Raises:
        InputError: If its tables cannot be read.
        OutputError: If it cannot be written.
    """
    begun = run.created.timestamp()
    records = [_event(begun, version="brain.Event:2")]
    records += [_event(moment.time_s, moment) for moment in moments(run)]
    path = folder / f"events.out.tfevents.{int(begun)}.{run.id}"
    write_whole(path, b"".join(_framed(record) for record in records))
    return path


def _event(time_s: float, moment: Moment | None = None, version: str = "") -> bytes:
    """An Event: wall_time is its field 1, step 2, file_version 3, summary 5."""
    content = b"\x09" + struct.pack("<d", time_s)
    if version:
        return content + _bytes_field(3, version.encode())
    if moment is not None:
        content += b"\x10" + _varint(moment.step)
        content += _bytes_field(5, b"".join(_values(moment.values)))
    return content


def _values(values: Mapping[str, float]) -> Iterator[bytes]:
    """Summary.value, field 1, each with a tag (1) and a simple_value (2)."""
    for tag, value in values.items():
        if math.isfinite(value):
            yield _bytes_field(1, _bytes_field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def _bytes_field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _framed(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + _masked_crc(length) + content + _masked_crc(content)


def _masked_crc(content: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF)


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_TABLE = _crc_table()
