"""Other people's networks for faces, each shown what its makers say: boxes around a face, colours, ranges."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray, Image
from closeup.media.square import square
from closeup.perception.expression import box_crop
from closeup.weights.session import import_runtime
from judged_faces import FaceSet

Answers = NDArray[np.float64]


@dataclass(frozen=True)
class Rival:
    """A network.

    Attributes:
        name: As tables call it.
        file: In the folder of models.
        side: Of its input, pixels.
        bgr: Whether it wants blue first.
        scale: What pixels of 0 to 255 are divided by.
        last: Whether channels come last.
    """

    name: str
    file: str
    side: int
    bgr: bool = False
    scale: float = 1.0
    last: bool = False

    def ask(self, models: Path, crops: Iterable[Image]) -> list[list[FloatArray]]:
        """The outputs for each crop (S, S, 3), one at a time."""
        runtime = import_runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.log_severity_level = 3
        session = runtime.InferenceSession(models / self.file, options, providers=["CPUExecutionProvider"])
        (taken,) = session.get_inputs()
        found = []
        for crop in crops:
            pixels = (crop[..., ::-1] if self.bgr else crop).astype(np.float32) / self.scale
            pixels = pixels if self.last else pixels.transpose(2, 0, 1)
            found.append([np.asarray(o) for o in session.run(None, {taken.name: np.ascontiguousarray(pixels[None])})])
        return found


EMOTIONS_0003 = Rival("Open Model Zoo emotions-recognition-retail-0003", "emotions_0003.onnx", 64, bgr=True)
FACE_API = Rival("face-api expression", "faceapi_expression.onnx", 112)
AGE_GENDER_0013 = Rival("Open Model Zoo age-gender-recognition-retail-0013", "age_gender_0013.onnx", 62, bgr=True)
AIZOO = Rival("AIZOO face mask detection", "face_mask_aizoo.onnx", 260, scale=255.0, last=True)

CLASSES: dict[str, tuple[str, ...]] = {
    EMOTIONS_0003.name: ("neutral", "happy", "sad", "surprise", "anger"),
    FACE_API.name: ("neutral", "happy", "sad", "anger", "fear", "disgust", "surprise"),
}

WHOLE = 0.0
"""In the place of a box's scale: the whole picture, as sets of faces that are cut out closely want it."""


def crops(faces: FaceSet, side: int, scale: float) -> Iterable[Image]:
    """Squares around the faces' boxes, `scale` times their longer side; whole pictures where there is no box."""
    for image, picture in zip(faces.images(), faces.pictures, strict=True):
        if scale == WHOLE or picture.box_xyxy is None:
            yield square(image, side, "stretch")
        else:
            yield box_crop(image, picture.box_xyxy, side, scale)


def expressions(rival: Rival, faces: FaceSet, models: Path, scale: float, classes: tuple[str, ...]) -> Answers:
    """Probabilities (N, K) of `classes`; 0 for those that the network does not know."""
    return named(rival, rival.ask(models, crops(faces, rival.side, scale)), classes)


def named(rival: Rival, answered: list[list[FloatArray]], classes: tuple[str, ...]) -> Answers:
    """Probabilities (N, K) of `classes` out of what a network of expressions answered; 0 for those it does not know."""
    outputs = np.stack([answer[0][0] for answer in answered])
    given = CLASSES[rival.name]
    answers = np.zeros((len(outputs), len(classes)))
    for place, name in enumerate(given):
        answers[:, classes.index(name)] = outputs[:, place]
    return answers


def ages_and_genders(faces: FaceSet, models: Path, scale: float) -> tuple[Answers, Answers]:
    """Ages (N,) in years and probabilities (N, 2) of female and male."""
    outputs = AGE_GENDER_0013.ask(models, crops(faces, AGE_GENDER_0013.side, scale))
    ages = np.array([float(np.ravel(age)[0]) * 100 for age, _ in outputs])
    return ages, np.stack([np.ravel(gender) for _, gender in outputs]).astype(np.float64)


def masks(faces: FaceSet, models: Path, scale: float) -> Answers:
    """Probabilities (N, 2) of mask and no mask: the network looks for faces, and the surest it finds counts."""
    rows = []
    for _, classes in AIZOO.ask(models, crops(faces, AIZOO.side, scale)):
        surest = classes[0, classes[0].max(axis=1).argmax()]
        rows.append(surest / surest.sum())
    return np.array(rows, np.float64)
