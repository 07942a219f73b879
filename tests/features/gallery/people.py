"""Made-up people as directions in a space of embeddings: everybody's faces lie around one direction of their own."""

from collections.abc import Sequence

import numpy as np

from closeup.core.types import FloatArray

DIM = 32


def unit(vectors: FloatArray) -> FloatArray:
    """Vectors (N, D) at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def faces_of(person: int, count: int, spread: float = 0.5, first: int = 0) -> FloatArray:
    """Embeddings (count, DIM) of one person's faces; strangers are nearly at right angles."""
    middle = unit(np.random.default_rng([7, person]).normal(size=DIM).astype(np.float32))
    noise = np.stack([np.random.default_rng([8, person, first + n]).normal(size=DIM) for n in range(count)])
    return unit(middle + spread * noise / np.sqrt(DIM))


def labelled(people: Sequence[int], count: int, first: int = 0) -> tuple[FloatArray, list[str]]:
    """Faces of several people, and their names."""
    vectors = np.concatenate([faces_of(person, count, first=first) for person in people])
    return vectors, [f"person {person}" for person in people for _ in range(count)]
