import io
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.documents.vectors import TrackVectors, check_vectors, decode_vectors, encode_vectors, load_vectors
from documents.cast_strategies import small_cast

NAMES = ("face", "face_track", "face_frame", "face_quality", "face_worth", "clothing")


def make(**changes: Any) -> TrackVectors:
    rng = np.random.default_rng(3)
    face = rng.normal(size=(6, 8)).astype(np.float32)
    clothing = rng.random((5, 4)).astype(np.float32)
    clothing[3] = np.nan
    vectors = TrackVectors(
        face=face / np.linalg.norm(face, axis=1, keepdims=True),
        face_track=np.array([0, 0, 1, 2, 3, 4]),
        face_frame=np.array([0, 5, 50, 55, 10, 95]),
        face_quality=np.linspace(0, 1, 6, dtype=np.float32),
        face_worth=np.linspace(3, 13, 6, dtype=np.float32),
        clothing=clothing,
        embedder="sface-2021dec",
    )
    return replace(vectors, **changes)


CONTENT = encode_vectors(make())


def assert_same(a: TrackVectors, b: TrackVectors) -> None:
    assert a.embedder == b.embedder
    for name in NAMES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype


def test_round_trip_and_equal_bytes() -> None:
    assert_same(decode_vectors(CONTENT), make())
    assert encode_vectors(decode_vectors(CONTENT)) == CONTENT
    assert {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(CONTENT)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_empty_cast_has_vectors_too() -> None:
    empty = TrackVectors(
        np.zeros((0, 128), np.float32),
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
        np.zeros(0, np.float32),
        np.zeros(0, np.float32),
        np.zeros((0, 0), np.float32),
        "sface-2021dec",
    )
    assert_same(decode_vectors(encode_vectors(empty)), empty)


def test_numpy_reads_it_and_we_read_what_numpy_writes(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    path.write_bytes(CONTENT)
    with np.load(path, allow_pickle=False) as arrays:
        assert str(arrays["embedder"]) == "sface-2021dec"
        np.savez(tmp_path / "again.npz", **dict(arrays))
    assert_same(load_vectors(tmp_path / "again.npz", small_cast()), make())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"face": np.zeros(6, np.float32)}, "'face_track' must have one number for each row"),
        ({"face_frame": np.zeros(5, np.int64)}, "'face_frame' must have one number for each row"),
        ({"face_quality": np.full(6, 1.5, np.float32)}, "'face_quality' must lie in 0 to 1"),
        ({"face_quality": np.full(6, np.nan, np.float32)}, "'face_quality' must lie in 0 to 1"),
        ({"face_worth": np.full(6, -1, np.float32)}, "'face_worth' must be finite and 0 or more"),
        ({"face_worth": np.array([np.nan, *[9] * 5], np.float32)}, "'face_worth' must be finite and 0 or more"),
        ({"face_track": np.array([0, 0, 1, 2, 3, 5])}, "indices of rows of 'clothing'"),
        ({"face_track": np.array([0, 0, 1, 2, 3, -1])}, "indices of rows of 'clothing'"),
        ({"face_frame": np.array([0, 5, 50, 55, 10, -1])}, "frames from 0 up"),
        ({"face": np.full((6, 8), np.inf, np.float32)}, "'face' holds a number that is not finite"),
        ({"clothing": np.array([[np.nan, 1]] * 5, np.float32)}, "finite, or NaN from end to end"),
        ({"clothing": np.full((5, 2), np.inf, np.float32)}, "finite, or NaN from end to end"),
        ({"clothing": np.zeros(5, np.float32)}, "'clothing' must have two dimensions"),
    ],
)
def test_what_does_not_fit_together_is_not_written(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        encode_vectors(make(**changes))


def test_vectors_of_another_cast() -> None:
    cast = small_cast()
    check_vectors(make(), cast)
    with pytest.raises(FormatError, match="5 rows of clothing for 4 tracks"):
        check_vectors(make(), replace(cast, tracks=cast.tracks[:4]))
    with pytest.raises(FormatError, match="a face in frame 6 that track 0 of the cast does not have"):
        check_vectors(make(face_frame=np.array([0, 6, 50, 55, 10, 95])), cast)


def save(**arrays: Any) -> bytes:
    whole = {name: getattr(make(), name) for name in NAMES} | {"format": np.array(2), "embedder": np.array("x")}
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in (whole | arrays).items() if array is not None})
    return buffer.getvalue()


def test_a_file_that_knows_no_worth_is_read_and_says_so() -> None:
    old = decode_vectors(save(format=np.array(1), face_worth=None))
    assert np.isnan(old.face_worth).all()
    np.testing.assert_array_equal(old.face, make().face)
    np.testing.assert_array_equal(decode_vectors(encode_vectors(old)).face_worth, old.face_worth)


def compressed() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, format=np.array(1))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a whole .npz file"),
        (CONTENT[:-30], "not a whole .npz file"),
        (CONTENT.replace(b"sface-2021dec".decode().encode("utf-32-le"), b"x" * 52), "Bad CRC-32"),
        (save(face=None), "lacks the array 'face'"),
        (save(format=np.array(3)), "'format' must be 2"),
        (save(format=np.array(1)), "'format' must be 2"),
        (save(format=np.array([2])), "'format' must be 2"),
        (save(face_worth=None), "'format' must be 2"),
        (save(face=make().face.astype(np.float64)), "'face' must have the type <f4"),
        (save(face=np.asfortranarray(make().face)), "'face' must have the type <f4 in C order"),
        (save(face=np.array([{}], dtype=object)), "'face' must have the type <f4"),
        (save(embedder=np.array(["x", "y"])), "'embedder' must hold one name"),
        (compressed(), "is compressed"),
    ],
)
def test_damaged_files(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        load_vectors(path, small_cast())
    assert str(path) in caught.value.message
    assert caught.value.code in {"cast.damaged", "file.newer"}


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        load_vectors(tmp_path / "vectors.npz", small_cast())


@given(st.data())
@settings(max_examples=300)
def test_changed_bytes_are_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(CONTENT)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(FormatError):
        decode_vectors(bytes(content))


@given(st.sampled_from([*NAMES, "format", "embedder"]), st.data())
@settings(max_examples=300)
def test_members_that_lie_are_refused_or_read(name: str, data: st.DataObject) -> None:
    """The same below the check sums of the archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            member = bytearray(old.read(entry))
            if entry.filename == f"{name}.npy":
                place = data.draw(st.integers(0, len(member) - 1) | st.integers(0, 80))
                piece = st.sampled_from([b"9", b"(", b"999999999999, ", b"O", b"\xff\xff\xff\xff", b""])
                member[place : place + data.draw(st.integers(0, 4))] = data.draw(piece)
            new.writestr(entry.filename, bytes(member))
    with suppress(FormatError):
        decode_vectors(buffer.getvalue())
