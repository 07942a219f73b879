"""The camera's path as somebody corrects it: where the middle of a crop shall be at a moment; the shot follows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.reframing.key_frames import led_by
from closeup.core.types import Cast
from closeup.documents.shorts import CameraKey
from closeup.features.shorts.framing import FramedPiece


def corrected(framed: FramedPiece, keys: Sequence[CameraKey], cast: Cast, times_s: NDArray[np.float64]) -> FramedPiece:
    """The piece with its camera led by the keys that lie in it, shot by shot: a correction ends at the cut.

    Args:
        framed: The piece as it was framed.
        keys: Of its short.
        cast: With the shots and the size of the picture.
        times_s: Shape (N,), start of each of the piece's frames in seconds.
    """
    piece, panels = framed.piece, []
    size_wh = cast.video.width, cast.video.height
    for number, crops in enumerate(framed.panels):
        own = sorted((key for key in keys if key.panel == number), key=lambda key: key.at_s)
        moved = crops.copy()
        for shot in cast.shots:
            low, high = (np.clip([shot.start_frame, shot.end_frame], piece.start_frame, piece.end_frame)).tolist()
            part = slice(low - piece.start_frame, high - piece.start_frame)
            here = [key for key in own if low < high and times_s[part.start] <= key.at_s < min(shot.end_s, piece.end_s)]
            if here:
                rows = np.array([(key.at_s, key.x * size_wh[0], key.y * size_wh[1]) for key in here])
                moved[part] = led_by(crops[part], times_s[part], rows, size_wh)
        panels.append(moved)
    return replace(framed, panels=tuple(panels))
