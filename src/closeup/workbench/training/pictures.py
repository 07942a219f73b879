"""What the loop draws from: the pictures or features of a training run with their targets, as tensors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices


@dataclass(frozen=True, slots=True)
class Examples:
    """Everything that a run learns from and is evaluated on.

    Attributes:
        inputs: Pictures (N, S, S, 3) uint8, or features (N, D) float32 where the backbone is frozen.
        targets: By head, (N,) float32; NaN where a picture has no label.
        soft: By head, a teacher's probabilities (N, K), rows of NaN where it has none.
        repeat: How often each picture is seen in an epoch, (N,) int.
        train: Indices of the training pictures, rising.
        val: Indices of those to choose by.
        test: Indices of those to report on; may be empty.
    """

    inputs: Tensor
    targets: Mapping[str, Tensor]
    soft: Mapping[str, Tensor]
    repeat: NDArray[np.intp]
    train: Indices
    val: Indices
    test: Indices

    @property
    def is_features(self) -> bool:
        """Whether the inputs are features."""
        return self.inputs.ndim == 2


def epoch_order(examples: Examples, indices: Indices, seed: tuple[int, ...], balance: str = "") -> Indices:
    """The order in which an epoch sees its pictures, (M,), from nothing but the seed.

    Args:
        examples: What is drawn from.
        indices: The stage's part of the training pictures.
        seed: Of this epoch.
        balance: Name of the head whose classes come equally often, drawn with replacement; "" to see each picture as
            often as its source says.
    """
    chance = np.random.default_rng(seed)
    repeated = np.repeat(indices, examples.repeat[indices])
    if not balance:
        return chance.permutation(repeated)
    classes = examples.targets[balance].numpy()[repeated]
    known = repeated[~np.isnan(classes)]
    of_class = classes[~np.isnan(classes)]
    names, where, counts = np.unique(of_class, return_inverse=True, return_counts=True)
    shares = 1 / (len(names) * counts[where].astype(np.float64))
    return chance.choice(known, size=len(repeated), p=shares / shares.sum())


def gather(examples: Examples, indices: Indices) -> Tensor:
    """Inputs (B, ...) at indices (B,)."""
    return examples.inputs[torch.from_numpy(np.ascontiguousarray(indices))]


def in_order(examples: Examples, indices: Indices, batch: int) -> Iterator[Tensor]:
    """Inputs in batches (B, ...), in the order of the indices."""
    for start in range(0, len(indices), batch):
        yield gather(examples, indices[start : start + batch])
