"""What every network is shown: pixels in the order, scale and size that its card says, brought there in one place."""

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray, Image
from closeup.weights.network_card import NetworkCard


def preprocess(card: NetworkCard, crops: Image) -> FloatArray:
    """Bring RGB pictures (N, H, W, 3) uint8 into the form that a network wants, as its card says.

    Returns:
        float32 (N, 3, H', W'), contiguous; where the card wants multiples of more than 1, black fills what is missing
        on the right and below.
    """
    count, height, width, _ = crops.shape
    pixels: NDArray[np.generic] = crops[..., ::-1] if card.colour == "BGR" else crops
    if any(card.mean) or card.std != (1, 1, 1):
        pixels = (pixels.astype(np.float32) - np.array(card.mean, np.float32)) / np.array(card.std, np.float32)
    by = card.input_multiple
    shape = (count, 3, height + -height % by, width + -width % by)
    inputs = (np.empty if shape[2:] == (height, width) else np.zeros)(shape, np.float32)
    inputs[:, :, :height, :width] = pixels.transpose(0, 3, 1, 2)
    return inputs
