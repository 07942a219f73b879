"""Stand-ins for photos of faces, and for a detector that finds them: a red square on grey is a face."""

from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Image
from closeup.perception.protocols import Detections, FaceDetector, no_detections

FIVE = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])
"""Where a made-up face has its landmarks in its box."""


def photo(size_wh: tuple[int, int], box: tuple[int, int, int, int] | None, shade: int = 120) -> Image:
    """A grey picture (H, W, 3), with a face in the box where there is one."""
    image = np.full((size_wh[1], size_wh[0], 3), shade, np.uint8)
    if box is not None:
        x0, y0, x1, y1 = box
        image[y0:y1, x0:x1] = (220, 30, 30)
    return image


def save(path: Path, image: Image) -> None:
    """Write a picture (H, W, 3) as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    assert done
    path.write_bytes(encoded.tobytes())


class RedSquares(FaceDetector):
    """Finds the red square of a picture."""

    card_name = "red-squares"

    def detect(self, image: Image) -> Detections:
        """The box of all that is red in (H, W, 3)."""
        rows, columns = np.nonzero((image[..., 0] > 180) & (image[..., 1] < 90))
        if not len(rows):
            return no_detections()
        box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
        landmarks = FIVE * (box[2:] - box[:2]) + box[:2]
        return Detections(box[None], landmarks[None].astype(np.float32), np.array([0.9], np.float32))
