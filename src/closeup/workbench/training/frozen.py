"""Training without moving the backbone: its features take the place of the pictures, and only the heads learn."""

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from closeup.core.progress import ProgressCallback
from closeup.learning.pytorch import torch
from closeup.workbench.training.features import through
from closeup.workbench.training.network import Network
from closeup.workbench.training.prepare import Prepared


def with_features(
    prepared: Prepared,
    network: Network,
    plain: Callable[[Tensor], Tensor],
    progress: ProgressCallback,
    *,
    flip: bool,
) -> Prepared:
    """The same pictures as features (N, D) of the network's backbone.

    Args:
        prepared: With pictures.
        network: Whose backbone looks.
        plain: From pictures (B, S, S, 3) uint8 to the network's input (B, 3, P, P), without chance.
        progress: Told how far it is.
        flip: Take the mean with the mirror image of each picture.
    """
    features = through(network.backbone, prepared.material.inputs, plain, progress, flip=flip)
    return replace(prepared, material=replace(prepared.material, inputs=torch.from_numpy(features)))
