"""What the gallery stores and gives back: identities, their templates, and templates as a matrix to search."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.types import FloatArray

POSES = ("front", "left", "right", "up", "down")
"""The poses that a template can be of, in the order in which they are listed."""

MAX_DIMENSIONS = 16_000
"""Values of a vector; as many as pgvector takes."""

_LENGTH_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class NewTemplate:
    """One face to be enrolled.

    Attributes:
        model: Name of the embedder's card; vectors of different models are never compared.
        vector: Shape (D,), float32, of length 1.
        pose: One of `POSES`.
        yaw_deg: The head's pose in degrees, as `perception.pose` gives it; `pitch_deg` and `roll_deg` likewise.
        quality: Of the face's picture, 0 to 1.
        picture_jpeg: The picture as a JPEG file, where pictures are kept; None, the usual case, where they are not.
        source: Hash of the picture that the face is from, never its path; None where there is none. An identity
            takes one template of each model from a picture.
        vouched: Somebody has said that this face and the person's others that are vouched for are one person's, so
            that they count together, however unlike they are.
    """

    model: str
    vector: FloatArray
    pose: str
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    quality: float
    picture_jpeg: bytes | None = None
    source: str | None = None
    vouched: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TemplateRecord(NewTemplate):
    """A template as it is stored.

    Attributes:
        id: Counted up over the whole gallery; never used again after a template is deleted.
        identity_id: Whose it is.
        created_at: When it was stored, UTC.
    """

    id: int
    identity_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class TemplateMatrix:
    """All templates of one model, in the order of their ids.

    Attributes:
        model: Name of the embedder's card.
        template_ids: Shape (N,), int64, ascending.
        identity_ids: Shape (N,), object (str): whose each is.
        vectors: Shape (N, D), float32, each row of length 1; read-only. (0, 0) where there is no template.
    """

    model: str
    template_ids: NDArray[np.int64]
    identity_ids: NDArray[np.object_]
    vectors: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """For each query the templates most like it, best first; equal ones in the order of their ids.

    Attributes:
        template_ids: Shape (Q, K), int64; K is smaller than what was asked for where there are fewer templates.
        identity_ids: Shape (Q, K), object (str).
        similarities: Shape (Q, K), float32: cosines, -1 to 1.
    """

    template_ids: NDArray[np.int64]
    identity_ids: NDArray[np.object_]
    similarities: FloatArray


def check_template(template: NewTemplate) -> None:
    """See that a template can be stored.

    Raises:
        InputError: A vector that is not (D,), not finite or not of length 1; an unknown pose; a quality or an angle
            out of range; a model without a name.
    """
    if not template.model:
        raise InputError("A template names no model.")
    if np.ndim(template.vector) != 1:
        raise InputError(f"A template's vector has the shape {np.shape(template.vector)}; it must be (D,).")
    check_vectors(template.vector[None], "A template's vector")
    if template.pose not in POSES:
        raise InputError(f"A template's pose is {template.pose!r}; it can be {', '.join(POSES)}.")
    for name in ("yaw_deg", "pitch_deg", "roll_deg"):
        angle = getattr(template, name)
        if not (math.isfinite(angle) and abs(angle) <= 180):
            raise InputError(f"A template's {name} is {angle}; it lies in -180 to 180.")
    if not 0 <= template.quality <= 1:
        raise InputError(f"A template's quality is {template.quality}; it lies in 0 to 1.")


def check_vectors(vectors: NDArray[Any], what: str) -> FloatArray:
    """See that vectors can be compared, and give them as float32.

    Args:
        vectors: Shape (N, D), real, finite, each row of length 1.
        what: What they are, for people: "A template's vector".

    Returns:
        Shape (N, D), float32, contiguous.

    Raises:
        InputError: They are not that.
    """
    if vectors.ndim != 2 or not 1 <= vectors.shape[1] <= MAX_DIMENSIONS or vectors.dtype.kind not in "fiu":
        raise InputError(
            f"{what}: the shape is {vectors.shape} and the type {vectors.dtype}; it must be (N, D) float32."
        )
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1)
    if not (np.abs(lengths - 1) <= _LENGTH_TOLERANCE).all():  # NaN and infinity are not near 1 either
        raise InputError(f"{what}: the length is not 1.", "Divide it by its Euclidean length.")
    return rows
