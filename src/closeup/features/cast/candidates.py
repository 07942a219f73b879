"""What is kept of a track's faces while the video streams by: the few best for embedding, the best for its picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from closeup.core.types import Face, FloatArray, Image
from closeup.perception.protocols import FaceEmbedder

MAX_CANDIDATES = 4
"""Faces of a track that are embedded; on LFW and our programmes a fifth changed nothing."""

MIN_GAP_S = 0.5
"""Candidates lie at least this far apart, so that they show different moments and poses."""

MIN_QUALITY = 0.12
"""Faces below this are smears, whose vectors say more about the blur than about the person."""


@dataclass(slots=True)
class Candidate:
    """One face that may be embedded.

    Attributes:
        face: The face, with its quality.
        crop: The aligned crop for the embedder, uint8 RGB (S, S, 3).
        clothing: Clothing descriptor (C,), or None where the torso is out of the picture.
        embedded: Its vector (D,) and what that is worth; None until it is asked for, see `embedded`.
        picture: The JPEG that its track's picture would be, where it was made already.
    """

    face: Face
    crop: Image
    clothing: FloatArray | None
    embedded: tuple[FloatArray, float] | None = None
    picture: bytes = b""


def embedded(candidates: Sequence[Candidate], embedder: FaceEmbedder) -> tuple[FloatArray, FloatArray]:
    """Vectors (K, D) and worths (K,) of some faces; each face goes through the network once, whoever asks."""
    new = [candidate for candidate in candidates if candidate.embedded is None]
    if new:
        vectors, worths = embedder.embed_with_worth(np.stack([candidate.crop for candidate in new]))
        for candidate, vector, worth in zip(new, vectors, worths.tolist(), strict=True):
            candidate.embedded = vector, worth
    known = [candidate.embedded for candidate in candidates if candidate.embedded is not None]
    return np.stack([vector for vector, _ in known]), np.array([worth for _, worth in known], np.float32)


class Candidates:
    """The best few faces of one track, in bounded memory whatever its length."""

    def __init__(self) -> None:
        self._kept: list[Candidate] = []
        self._clothing: list[FloatArray] = []
        self.best_total = -1.0

    def offer(self, candidate: Candidate) -> bool:
        """Take the face where it is worth it; True where it is the best picture of the track so far."""
        if candidate.clothing is not None and len(self._clothing) < 3 * MAX_CANDIDATES:
            self._clothing.append(candidate.clothing)
        self._insert(candidate)
        is_best = candidate.face.quality_total > self.best_total
        self.best_total = max(self.best_total, candidate.face.quality_total)
        return is_best

    def chosen(self) -> list[Candidate]:
        """The faces to embed, by time; smears only where there is nothing else, and then one."""
        good = [c for c in self._kept if c.face.quality_total >= MIN_QUALITY] or self._kept[:1]
        return sorted(good, key=lambda c: c.face.frame)

    def clothing(self) -> FloatArray | None:
        """The track's clothing (C,), L2-normalised mean of its faces' descriptors, or None where none was seen."""
        if not self._clothing:
            return None
        mean = np.mean(self._clothing, axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _insert(self, candidate: Candidate) -> None:
        """Keep the list sorted by quality, with `MIN_GAP_S` between any two; a better neighbour replaces a worse."""
        far: list[Candidate] = []
        near: list[Candidate] = []
        for kept in self._kept:
            (near if abs(kept.face.time_s - candidate.face.time_s) < MIN_GAP_S else far).append(kept)
        if any(c.face.quality_total >= candidate.face.quality_total for c in near):
            return
        self._kept = [*far, candidate]
        self._kept.sort(key=lambda c: (-c.face.quality_total, c.face.frame))
        del self._kept[MAX_CANDIDATES:]
