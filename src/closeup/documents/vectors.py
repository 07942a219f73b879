"""vectors.npz: the embeddings of a cast's faces and clothing, as plain numpy arrays (docs/concepts/cast-folder.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError, InputError
from closeup.core.types import Cast, FloatArray
from closeup.documents.npz import npz_bytes, read_npz

FORMAT = 2
"""Version of the file's form; the array `format` holds it. Version 1 lacks `face_worth`."""

_DTYPES = {
    "format": "<i8",
    "embedder": "<U",
    "face": "<f4",
    "face_track": "<i8",
    "face_frame": "<i8",
    "face_quality": "<f4",
    "face_worth": "<f4",
    "clothing": "<f4",
}


@dataclass(frozen=True, slots=True, eq=False)
class TrackVectors:
    """What is known of the tracks of a cast beside their boxes.

    Attributes:
        face: Shape (N, D), float32, L2-normalised: the embeddings of the best few faces of every track.
        face_track: Shape (N,), int64: whose face it is, as an index into the cast's tracks.
        face_frame: Shape (N,), int64: the frame of the face; the track has a face there.
        face_quality: Shape (N,), float32, 0 to 1.
        face_worth: Shape (N,), float32: the length of the vector before it was made unit length, which says how much of
            a face the embedder saw; NaN where an older closeup did not keep it.
        clothing: Shape (T, C), float32: one row for each track of the cast; all NaN where clothing is unknown.
        embedder: Name of the card of the model that made `face`; vectors of different models do not compare.
    """

    face: FloatArray
    face_track: NDArray[np.int64]
    face_frame: NDArray[np.int64]
    face_quality: FloatArray
    face_worth: FloatArray
    clothing: FloatArray
    embedder: str

    def of_tracks(self, first: int, last: int, start_frame: int = 0) -> "TrackVectors":
        """The vectors of the tracks from `first` up to `last`, of these counted from 0, of frames from `start_frame`.

        Rows must be in the order of their tracks, as they are in files.
        """
        chosen = slice(*np.searchsorted(self.face_track, [first, last]).tolist())
        return TrackVectors(
            face=self.face[chosen],
            face_track=self.face_track[chosen] - first,
            face_frame=self.face_frame[chosen] - start_frame,
            face_quality=self.face_quality[chosen],
            face_worth=self.face_worth[chosen],
            clothing=self.clothing[first:last],
            embedder=self.embedder,
        )


def encode_vectors(vectors: TrackVectors) -> bytes:
    """Write vectors as the bytes of an .npz file; equal vectors give equal bytes.

    Raises:
        FormatError: If the arrays do not fit together.
    """
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array(FORMAT, "<i8"),
        "embedder": np.array(vectors.embedder, "<U"),
        **{name: np.asarray(getattr(vectors, name), _DTYPES[name], order="C") for name in list(_DTYPES)[2:]},
    }
    _check(_from_arrays(arrays))
    return npz_bytes(arrays)


def decode_vectors(content: bytes) -> TrackVectors:
    """Read vectors from the bytes of an .npz file as `encode_vectors` or numpy.savez writes it.

    Raises:
        FormatError: If it is damaged, or its arrays do not fit together.
    """
    arrays = read_npz(content, _DTYPES, optional=("face_worth",))
    version = arrays["format"]
    if version.shape != () or int(version) not in (1, FORMAT) or (int(version) == FORMAT) != ("face_worth" in arrays):
        raise FormatError(
            f"The array 'format' must be {FORMAT}, or 1 without 'face_worth': another closeup wrote the file.",
            "Update closeup.",
            code="file.newer",
        )
    arrays.setdefault("face_worth", np.full(arrays["face"].shape[:1], np.nan, np.float32))
    vectors = _from_arrays(arrays)
    _check(vectors)
    return vectors


def load_vectors(path: Path, cast: Cast) -> TrackVectors:
    """Read a vectors.npz and make sure that it belongs to `cast`.

    Raises:
        InputError: If the file cannot be read.
        FormatError: If it is damaged, or it is not of this cast.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        vectors = decode_vectors(content)
        check_vectors(vectors, cast)
    except FormatError as error:
        raise error.within(path, "Make the cast anew.", code="cast.damaged") from error
    return vectors


def check_vectors(vectors: TrackVectors, cast: Cast) -> None:
    """Make sure that every vector belongs to a face of `cast`.

    Raises:
        FormatError: If there is not one row of clothing a track, or a face is not there.
    """
    if len(vectors.clothing) != len(cast.tracks):
        raise FormatError(f"It has {len(vectors.clothing)} rows of clothing for {len(cast.tracks)} tracks.")
    known = {(index, face.frame) for index, track in enumerate(cast.tracks) for face in track.faces}
    for pair in zip(vectors.face_track.tolist(), vectors.face_frame.tolist(), strict=True):
        if pair not in known:
            raise FormatError(f"It has a face in frame {pair[1]} that track {pair[0]} of the cast does not have.")


def _from_arrays(arrays: dict[str, NDArray[Any]]) -> TrackVectors:
    if arrays["embedder"].shape != ():
        raise FormatError("The array 'embedder' must hold one name.")
    try:
        embedder = str(arrays["embedder"])
        embedder.encode("utf-8")
    except (UnicodeError, ValueError) as error:  # numpy keeps characters as numbers, some of which are none
        raise FormatError("The array 'embedder' must hold one name.") from error
    return TrackVectors(embedder=embedder, **{name: arrays[name] for name in list(_DTYPES)[2:]})


def _check(vectors: TrackVectors) -> None:
    faces = len(vectors.face) if vectors.face.ndim == 2 else -1
    for name in ("face_track", "face_frame", "face_quality", "face_worth"):
        if getattr(vectors, name).shape != (faces,):
            raise FormatError(f"The array {name!r} must have one number for each row of 'face'.")
    if vectors.clothing.ndim != 2:
        raise FormatError("The array 'clothing' must have two dimensions.")
    if not np.isfinite(vectors.face).all():
        raise FormatError("The array 'face' holds a number that is not finite.")
    known = np.isfinite(vectors.clothing)
    if not (known | np.isnan(vectors.clothing)).all() or (known.any(axis=1) != known.all(axis=1)).any():
        raise FormatError("A row of 'clothing' must be finite, or NaN from end to end.")
    if ((vectors.face_track < 0) | (vectors.face_track >= len(vectors.clothing))).any():
        raise FormatError("The array 'face_track' must hold indices of rows of 'clothing'.")
    if (vectors.face_frame < 0).any():
        raise FormatError("The array 'face_frame' must hold frames from 0 up.")
    if not ((vectors.face_quality >= 0) & (vectors.face_quality <= 1)).all():
        raise FormatError("The array 'face_quality' must lie in 0 to 1.")
    if not (np.isnan(vectors.face_worth).all() or (np.isfinite(vectors.face_worth) & (vectors.face_worth >= 0)).all()):
        raise FormatError("The array 'face_worth' must be finite and 0 or more, or NaN from end to end.")
