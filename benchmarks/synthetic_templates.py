"""Templates that are spread like real ones, as many as are wanted, put into a gallery in bulk.

The spread is that of dlib-resnet-128 on 3775 pictures of 1700 people of Labeled Faces in the Wild: all vectors lean to
one side (their mean has the length 0.914); what is left differs more between people (variance 0.12, in few directions)
than within one (0.06, in more). Cosines of two pictures were there 0.838 (median) of two people and 0.950 of one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray

DIMENSIONS = 128
POSES = ("front", "left", "right", "up", "down")
MODEL = "synthetic-128"
_MEAN, _BETWEEN, _WITHIN = 0.914, 0.12, 0.06
_DECAY_BETWEEN, _DECAY_WITHIN = 0.94, 0.97
_PEOPLE_AT_ONCE = 20_000
_MOMENT = "2026-01-01 00:00:00"


def _spread(variance: float, decay: float) -> NDArray[np.float32]:
    scale = decay ** np.arange(DIMENSIONS)
    return np.sqrt(variance * scale / scale.sum()).astype(np.float32)


class People:
    """People with five templates each, and fresh pictures of them to look for; the same for the same seed."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self.count = count
        self._seed = seed
        rng = np.random.default_rng(seed)
        # A turn of all axes, so that no coordinate is special, as none is in a network's embedding.
        self._turn = np.linalg.qr(rng.standard_normal((DIMENSIONS, DIMENSIONS)))[0].astype(np.float32)

    def batches(self) -> Iterator[FloatArray]:
        """All templates, shape (M, D) at a time, five after each other of one person."""
        for start in range(0, self.count, _PEOPLE_AT_ONCE):
            centres = self._centres(start)
            yield self._pictures(np.repeat(centres, len(POSES), axis=0), self._seed + 2 + 2 * start)

    def queries(self, count: int) -> FloatArray:
        """Pictures to look for, shape (count, D): of people who are in, and every other one of somebody who is not."""
        known = self._centres(0)[: count - count // 2]
        unknown = self._centres(self.count + _PEOPLE_AT_ONCE)[: count // 2]
        mixed = np.empty((count, DIMENSIONS), dtype=np.float32)
        mixed[::2], mixed[1::2] = known, unknown
        return self._pictures(mixed, self._seed + 1)

    def _centres(self, start: int) -> FloatArray:
        rng = np.random.default_rng((self._seed, start))
        here = min(_PEOPLE_AT_ONCE, self.count - start) if start < self.count else _PEOPLE_AT_ONCE
        noise = rng.standard_normal((here, DIMENSIONS), dtype=np.float32)
        centres = noise * _spread(_BETWEEN, _DECAY_BETWEEN)
        centres[:, -1] += _MEAN
        return np.asarray(centres, dtype=np.float32)

    def _pictures(self, centres: FloatArray, seed: int) -> FloatArray:
        noise = np.random.default_rng(seed).standard_normal(centres.shape, dtype=np.float32)
        vectors = (centres + noise * _spread(_WITHIN, _DECAY_WITHIN)) @ self._turn
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _identity_ids(start: int, count: int) -> list[str]:
    return [f"{number:032x}" for number in range(start, start + count)]


def fill_sqlite(path: Path, people: People) -> None:
    """Put them all into the tables of an SQLite gallery that is empty."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO gallery_models (number, name, dimensions) VALUES (1, ?, ?)", (MODEL, DIMENSIONS)
        )
        first = 0
        for vectors in people.batches():
            ids = _identity_ids(first, len(vectors) // len(POSES))
            names = [(i, f"Person {i}", f"person {i}") for i in ids]
            connection.executemany(
                f"INSERT INTO gallery_identities (id, name, name_key, created_at) VALUES (?, ?, ?, '{_MOMENT}')", names
            )
            raw, size = vectors.astype("<f4").tobytes(), 4 * DIMENSIONS
            connection.executemany(
                "INSERT INTO gallery_templates (identity_id, model, vector, pose, yaw_deg, pitch_deg, roll_deg, "
                f"quality, source, created_at) VALUES (?, 1, ?, ?, 0, 0, 0, 0.5, ?, '{_MOMENT}')",
                (
                    (ids[i // 5], raw[i * size : (i + 1) * size], POSES[i % 5], f"{first * 5 + i:064x}")
                    for i in range(len(vectors))
                ),
            )
            first += len(ids)
        connection.execute("UPDATE gallery_state SET changes = changes + 1")
        connection.commit()


def fill_postgresql(url: str, people: People) -> None:
    """Put them all into the tables of a PostgreSQL gallery that is empty, by COPY."""
    import psycopg

    columns = "identity_id, model, vector, pose, yaw_deg, pitch_deg, roll_deg, quality, source, created_at"
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO gallery_models (number, name, dimensions) VALUES (1, %s, %s)", (MODEL, DIMENSIONS)
        )
        first = 0
        for vectors in people.batches():
            ids = _identity_ids(first, len(vectors) // len(POSES))
            with connection.cursor().copy(
                "COPY gallery_identities (id, name, name_key, created_at) FROM STDIN"
            ) as copy:
                for i in ids:
                    copy.write_row((i, f"Person {i}", f"person {i}", f"{_MOMENT}+00"))
            with connection.cursor().copy(f"COPY gallery_templates ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(_HEAD + _copy_rows(ids, vectors, first * len(POSES)).tobytes() + _TAIL)
            first += len(ids)
        connection.execute("UPDATE gallery_state SET changes = changes + 1")
        connection.execute("ANALYZE gallery_templates")


_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"


def _copy_rows(ids: list[str], vectors: FloatArray, first: int) -> NDArray[np.void]:
    """Rows in the binary format of COPY; "front" and the other poses are written as five letters."""
    fields: list[tuple[str, object, int]] = [
        ("identity", "S32", 32),
        ("model", ">i4", 4),
        ("vector", [("d", ">i2"), ("u", ">i2"), ("v", ">f4", (DIMENSIONS,))], 4 + 4 * DIMENSIONS),
        ("pose", "S5", 5),
        *((name, ">f8", 8) for name in ("yaw", "pitch", "roll", "quality")),
        ("source", "S64", 64),
        ("created", ">i8", 8),
    ]
    layout: list[tuple[object, ...]] = [("count", ">i2")]
    for name, kind, _ in fields:
        layout += [(f"{name}_bytes", ">i4"), (name, kind)]
    rows = np.zeros(len(vectors), dtype=np.dtype(layout))  # type: ignore[arg-type]
    rows["count"] = len(fields)
    for name, _, size in fields:
        rows[f"{name}_bytes"] = size
    rows["identity"] = np.repeat(np.array(ids, dtype="S32"), len(POSES))
    rows["model"] = 1
    rows["vector"]["d"] = DIMENSIONS
    rows["vector"]["v"] = vectors
    rows["pose"] = b"front"
    rows["quality"] = 0.5
    rows["source"] = [f"{first + i:064x}".encode() for i in range(len(vectors))]
    return rows
