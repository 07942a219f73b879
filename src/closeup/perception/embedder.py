"""Face embedders: any network whose card says how its input is cut out, scaled and ordered."""

import numpy as np

from closeup.algorithms.clustering.similarity import l2_normalise
from closeup.algorithms.frames.alignment import similarity_transform
from closeup.core.errors import ModelError
from closeup.core.types import FloatArray, Image
from closeup.perception.face_crop import cut_out
from closeup.perception.preprocessing import preprocess
from closeup.weights.cards import ModelCard
from closeup.weights.session import Session

BATCH = 16
"""Crops that go through the network together; the answer does not depend on it (tests/contracts)."""


class OnnxEmbedder:
    """An embedding network in ONNX, driven by its card.

    The vector of a face is the sum of the network's answers to the crop and to its mirror image, made unit length.
    The mirror image costs a second run and removes what is not symmetric in the network's eye, which matters for
    video that shows people from both sides.
    """

    def __init__(self, card: ModelCard, session: Session) -> None:
        if not card.alignment or not card.input_px or card.dim is None:
            raise ModelError(f"The card of {card.name} lacks input size, alignment or dim: not an embedder.")
        self.card_name = card.name
        self.dim = card.dim
        self._session = session
        self._side = card.input_px
        self._shares = np.array(card.alignment, dtype=np.float64)  # (5, 2)
        self._card = card

    def crop(self, image: Image, landmarks_xy: FloatArray) -> Image:
        """Cut one face out of a picture, aligned; see `FaceEmbedder.crop` for (5, 2) and (S, S, 3)."""
        template = self._shares * self._side
        to_crop = similarity_transform(np.asarray(landmarks_xy, dtype=np.float64), template)
        return cut_out(image, to_crop, (self._side, self._side))

    def embed(self, crops: Image) -> FloatArray:
        """Embed aligned crops (N, S, S, 3): (N, dim) float32, L2-normalised; see `FaceEmbedder.embed`."""
        return self.embed_with_worth(crops)[0]

    def embed_with_worth(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        """Embed aligned crops (N, S, S, 3): vectors (N, dim) and worths (N,); see `FaceEmbedder.embed_with_worth`."""
        parts = [self._embed_batch(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
        if not parts:
            return np.empty((0, self.dim), np.float32), np.empty((0,), np.float32)
        return np.concatenate([vectors for vectors, _ in parts]), np.concatenate([worths for _, worths in parts])

    def _embed_batch(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        inputs = preprocess(self._card, crops)
        looks = [self._session.run(inputs), self._session.run(np.ascontiguousarray(inputs[..., ::-1]))]
        worths = np.mean([np.linalg.norm(look, axis=1) for look in looks], axis=0)
        return np.asarray(l2_normalise(looks[0] + looks[1]), np.float32), np.asarray(worths, np.float32)
