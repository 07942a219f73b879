"""Whether a file computes what the network does that it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from closeup.core.errors import ModelError
from closeup.core.types import FloatArray
from closeup.learning.pytorch import torch
from closeup.weights.session import Session, open_session
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.training.inference import InferenceNetwork

TOLERANCE = 1e-4
"""Largest difference of two probabilities, or of two values as a share of their range, that counts as none."""

BATCH = 32
"""Pictures in a batch."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a file's outputs are from those of the network.

    Attributes:
        head: Its name.
        largest: Largest difference: of probabilities, or of values as a share of the head's range.
        pictures: How many were compared.
    """

    head: str
    largest: float
    pictures: int


def compare_outputs(content: bytes, network: InferenceNetwork, pictures: FloatArray) -> tuple[Parity, ...]:
    """Run a file and the network it was made from on the same pictures.

    Args:
        content: The ONNX file.
        network: In PyTorch.
        pictures: (N, 3, P, P) float32, normalised, N at least 1. The first is run alone and all of them in batches,
            because a network can be right for one batch size only.

    Raises:
        ModelError: If the file cannot be run.
    """
    parts = [pictures[:1], *(pictures[at : at + BATCH] for at in range(0, len(pictures), BATCH))]
    largest = [0.0] * len(network.heads)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        path.write_bytes(content)
        session = open_session(path, device="cpu")
        for part in parts:
            largest = [max(pair) for pair in zip(largest, _differences(session, network, part), strict=True)]
    return tuple(Parity(head.name, value, len(pictures)) for head, value in zip(network.heads, largest, strict=True))


def _differences(session: Session, network: InferenceNetwork, pictures: FloatArray) -> list[float]:
    with torch.inference_mode():
        wanted: Sequence[torch.Tensor] = network(torch.from_numpy(pictures))
    given = session.run_all(np.ascontiguousarray(pictures))
    return [
        _difference(head, ours.numpy(), theirs) for head, ours, theirs in zip(network.heads, wanted, given, strict=True)
    ]


def _difference(head: ResolvedHead, ours: FloatArray, theirs: FloatArray) -> float:
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return float("inf")
    span = head.recipe.high - head.recipe.low if head.is_value else 1.0
    return float(np.abs(ours - theirs).max() / span)


def check_parity(parities: Sequence[Parity], tolerance: float = TOLERANCE) -> None:
    """Refuse a file whose outputs differ.

    Raises:
        ModelError: If a difference is above `tolerance`.
    """
    for parity in parities:
        if not parity.largest <= tolerance:
            raise ModelError(
                f"The ONNX file does not give what PyTorch gives: the head {parity.head!r} differs by "
                f"{parity.largest:.2g} on {parity.pictures} pictures, and {tolerance:.0e} is allowed.",
                "Choose another architecture, and please report this one.",
            )
