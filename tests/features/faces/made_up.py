"""Made-up faces and what is said of them."""

from typing import Any

import numpy as np

from closeup.core.types import Quality
from closeup.documents.faces import ClassAnswer, FoundFace, FoundFaces, Look, ValueAnswer, VideoSpan
from closeup.perception.classifier import average_landmarks

MODELS = {"detector": "made-up", "expression": "expression", "attributes": "attributes"}


def classes(**probabilities: float) -> ClassAnswer:
    """An answer with these probabilities."""
    best = max(probabilities, key=probabilities.__getitem__)
    return ClassAnswer(best, probabilities)


def quality(level: float) -> Quality:
    return Quality(level, level, level, level, level, level)


def face(x: float = 10, happy: float = 0.75, **changes: Any) -> FoundFace:
    """A face 40 pixels wide whose left edge is at `x`."""
    box = np.array([x, 20, x + 40, 70], np.float32)
    fields: dict[str, Any] = {
        "box_xyxy": box,
        "landmarks_xy": average_landmarks(box),
        "score": 0.9,
        "quality": quality(0.5),
        "answers": {
            "expression": classes(happy=happy, sad=1 - happy),
            "age": ValueAnswer(31.25, "years"),
            "gender": classes(female=0.25, male=0.75),
            "mask": classes(mask=0.125, no_mask=0.875),
        },
    }
    return FoundFace(**{**fields, **changes})


def photo(*faces: FoundFace, **changes: Any) -> FoundFaces:
    """What is found in a photo of 320 x 180 pixels."""
    fields: dict[str, Any] = {"source": "a.jpg", "size_wh": (320, 180), "models": MODELS, "absent": {}}
    return FoundFaces(**{**fields, "looks": (Look(0, 0.0, faces),), **changes})


def film(*looks: Look, cuts_s: tuple[float, ...] = (), duration_s: float = 4.0, **changes: Any) -> FoundFaces:
    """What is found in a video of 320 x 180 pixels, five looks a second."""
    fields: dict[str, Any] = {"source": "a.mp4", "size_wh": (320, 180), "models": MODELS, "absent": {}}
    return FoundFaces(**{**fields, "looks": looks, "video": VideoSpan(duration_s, 5.0, cuts_s), **changes})
