"""One picture as a virtual camera shows it, for people to look at: the same pixels as in the film, as RGB."""

from collections.abc import Sequence

import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from closeup.core.types import Image
from closeup.media.conversion import plain_rgb
from closeup.media.planes import Planes
from closeup.media.reframe import reframe
from closeup.media.video import DecodedFrame


def still(
    frame: DecodedFrame,
    crops_xyxy: Sequence[NDArray[np.float64]],
    size_wh: tuple[int, int],
    planes: Planes | None = None,
) -> Image:
    """A frame with its panels filled by crops, as `reframe` does it.

    Args:
        crops_xyxy: One or two crops of shape (4,), pixels of the upright frame.
        size_wh: Width and height of the result, even.
        planes: What is shown in place of the frame's own.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        ValueError: If a crop has no area or shows nothing of the picture, or the panels do not fit.
    """
    picture = reframe(planes or frame.planes(), crops_xyxy, size_wh)
    # Crops keep the colours' own numbers; without these tags they would be read by the size of the result.
    picture.colorspace, picture.color_range = frame.colour.matrix, ColorRange.MPEG
    return plain_rgb(picture)
