"""The way of the face_recognition package with single photos, written out plainly.

What its functions do with their defaults, with dlib alone: `load_image_file` (Pillow, RGB), `face_locations` (HOG, one
upsampling, boxes trimmed to the picture), `face_encodings` (five-point landmarks, the 128-d network, no jitter), and
`face_distance` (Euclidean). Of several faces the one nearest the middle is taken, which the label of a photo belongs
to; the package would give them all.
"""

from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from peer_face_recognition import weights_folder


class PeerReader:
    """Describes photos; one instance loads the models once."""

    def __init__(self) -> None:
        weights = weights_folder()
        self._find = dlib.get_frontal_face_detector()
        self._points = dlib.shape_predictor(str(weights / "shape_predictor_5_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(str(weights / "dlib_face_recognition_resnet_model_v1.dat"))

    def read(self, path: Path) -> NDArray[np.float64] | None:
        """The code (128,) of the face in the middle of a photo; None where no face is found."""
        image = np.array(Image.open(path).convert("RGB"))
        height, width = image.shape[:2]
        boxes = [
            dlib.rectangle(max(b.left(), 0), max(b.top(), 0), min(b.right(), width), min(b.bottom(), height))
            for b in self._find(image, 1)
        ]
        codes = [np.array(self._network.compute_face_descriptor(image, self._points(image, box), 1)) for box in boxes]
        if not codes:
            return None
        away = [np.hypot(box.center().x - width / 2, box.center().y - height / 2) for box in boxes]
        return np.asarray(codes[int(np.argmin(away))])
