"""Features of pictures from a network that stays as it is: computed once, learnt from in seconds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.learning.pytorch import torch
from closeup.workbench.recipes.recipe import AugmentRecipe
from closeup.workbench.training.augment import Augmenter
from closeup.workbench.training.network import Network, new_backbone
from closeup.workbench.training.weights import load_start

BACKBONE = "tf_efficientnet_lite0"
"""What `frozen_features` looks through with the weights "imagenet": their own architecture, unchanged."""

MEAN, STD = (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)

BATCH = 64


def frozen_features(
    pixels: np.ndarray, *, input_px: int = 128, progress: ProgressCallback = ignore, flip: bool = False
) -> FloatArray:
    """Describe pictures by the network that knows ImageNet.

    Args:
        pixels: (N, S, S, 3) uint8.
        input_px: Side at which the network looks at them.
        flip: Take the mean with the mirror image of each picture.

    Returns:
        (N, 1280) float32.
    """
    network = Network(new_backbone(BACKBONE), 1280, (), 0.0)
    load_start(network, "imagenet", BACKBONE, base=Path())
    augmenter = Augmenter(AugmentRecipe(), MEAN, STD)
    return through(
        network.backbone, torch.from_numpy(pixels), lambda batch: augmenter.plain(batch, input_px), progress, flip=flip
    )


def through(
    backbone: nn.Module,
    pixels: Tensor,
    prepare: Callable[[Tensor], Tensor],
    progress: ProgressCallback = ignore,
    *,
    flip: bool = False,
) -> FloatArray:
    """Pooled features (N, D) float32 of pictures (N, S, S, 3) uint8.

    Args:
        backbone: Put into evaluation mode here.
        prepare: From (B, S, S, 3) uint8 to the network's input (B, 3, P, P) on its device.
        flip: Take the mean with the mirror image of each picture.

    Raises:
        InputError: If there is no picture.
    """
    if len(pixels) == 0:
        raise InputError("There is no picture to describe.")
    backbone.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), BATCH):
            batch = prepare(pixels[start : start + BATCH])
            found = backbone(batch)
            if flip:
                found = (found + backbone(batch.flip(3))) / 2
            parts.append(found.float().cpu())
            progress(Progress("features", min(start + BATCH, len(pixels)), len(pixels), "pictures"))
    return np.asarray(torch.cat(parts).numpy(), np.float32)
