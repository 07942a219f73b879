"""Event files, read back by a reader of the format's own description (TFRecord, protocol buffers, CRC-32C)."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from closeup.learning.runs.tensorboard import _masked_crc, write_events
from learning.runs.made_runs import finished


def records(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        length = content[at : at + 8]
        assert content[at + 8 : at + 12] == _masked_crc(length)
        (size,) = struct.unpack("<Q", length)
        data = content[at + 12 : at + 12 + size]
        assert content[at + 12 + size : at + 16 + size] == _masked_crc(data)
        yield data
        at += 16 + size


def message(content: bytes) -> dict[int, list[Any]]:
    """The fields of a protocol buffer by number: bytes for doubles, floats and nested ones."""
    fields: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = content[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(content):
        key = varint()
        wire = key & 7
        if wire == 0:
            fields.setdefault(key >> 3, []).append(varint())
            continue
        size = {1: 8, 5: 4}.get(wire) or varint()
        fields.setdefault(key >> 3, []).append(content[at : at + size])
        at += size
    return fields


def test_known_checksums() -> None:
    """CRC-32C of RFC 3720, appendix B.4, masked as TensorFlow does."""
    for content, crc in ((b"\x00" * 32, 0x8A9136AA), (bytes(range(32)), 0x46DD794E), (b"123456789", 0xE3069283)):
        masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
        assert _masked_crc(content) == struct.pack("<I", masked)


def test_every_number_of_the_run_is_in_it(tmp_path: Path) -> None:
    run = finished(tmp_path)
    path = write_events(run, tmp_path)
    assert path.name.startswith("events.out.tfevents.")
    first, *events = [message(record) for record in records(path.read_bytes())]
    assert first[3] == [b"brain.Event:2"]
    found: dict[tuple[str, int], float] = {}
    for event in events:
        assert struct.unpack("<d", event[1][0])[0] >= run.created.timestamp()
        for value in message(event[5][0])[1]:
            parts = message(value)
            found[parts[1][0].decode(), event[2][0]] = struct.unpack("<f", parts[2][0])[0]
    assert found["step/loss", 4] == 0.5
    assert found["epoch/val_loss", 10] == pytest.approx(1.05)
    assert found["test/mood/accuracy", 20] == pytest.approx(run.figures["test/mood/accuracy"])
    assert len(found) == 20 * 3 + 4 * 6 + len(run.figures)
