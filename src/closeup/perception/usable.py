"""Which detections later steps can work with."""

import numpy as np

from closeup.perception.protocols import Detections


def usable(found: Detections, size_wh: tuple[int, int], smallest_px: float) -> Detections:
    """The faces of a picture of `size_wh` (width, height) that later steps can work with.

    Their shorter side reaches `smallest_px`, their middle is in the picture, and their landmarks are in more than one
    place: one wild answer of a detector must not end the analysis of a whole video.
    """
    finite = np.isfinite(found.boxes_xyxy).all(axis=1) & np.isfinite(found.landmarks_xy).all(axis=(1, 2))
    found = found.take([int(i) for i in np.flatnonzero(finite)])
    low, high = found.boxes_xyxy[:, :2], found.boxes_xyxy[:, 2:]
    middle = (low + high) / 2
    kept = (high - low).min(axis=1, initial=np.inf) >= smallest_px
    kept &= ((middle > 0) & (middle < np.array(size_wh))).all(axis=1)
    kept &= np.ptp(found.landmarks_xy, axis=1).max(axis=1, initial=0) >= 1
    return found.take([int(i) for i in np.flatnonzero(kept)])
