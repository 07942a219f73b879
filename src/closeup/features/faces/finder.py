"""From a photo or a video to its faces, and how they look: `closeup.find_faces`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from closeup.core.boxes import clip
from closeup.core.errors import ModelError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.settings import Settings, read_settings
from closeup.core.types import Image
from closeup.features.faces.found import LOOKS_PER_S, MODELS, FoundFace, FoundFaces, Look
from closeup.features.faces.watching import watch
from closeup.media.container import is_video
from closeup.media.image import read_image
from closeup.perception.attributes import attributes_model
from closeup.perception.classifier import Answer, PictureClassifier, is_shipped, shipped
from closeup.perception.expression import SMALLEST_PX, expression_model
from closeup.perception.protocols import Detections
from closeup.perception.quality import judge
from closeup.perception.registry import choose, new_detector

SMALLEST_FACE_PX = 10
"""Detections with a shorter side than this are left out."""

_LOADERS: dict[str, Callable[[Settings], PictureClassifier]] = {
    "expression": expression_model,
    "attributes": attributes_model,
}


class FaceFinder:
    """Finds faces and says how they look; one instance serves one thread at a time.

    Attributes:
        models: "detector", "expression", "attributes": the names of the models that are there.
        absent: Those of our own models that are not there, to the reason.
    """

    def __init__(self, models: str = "auto", settings: Settings | None = None) -> None:
        """Load the detector that `models` ("auto", "builtin" or "zoo") stands for, and our own models.

        One of our own that is not there is left out, and told in `absent`.

        Raises:
            InputError: If `models` is none of the choices.
            ModelError: If the detector is not on this machine, or a model is damaged; says what to type.
        """
        settings = settings or read_settings()
        self._card, _ = choose(models, settings)
        self._detector = new_detector(self._card, settings)
        self._classifiers: dict[str, PictureClassifier] = {}
        self.absent: dict[str, str] = {}
        for name in MODELS:
            model = load_model(name, settings)
            if isinstance(model, str):
                self.absent[name] = model
            else:
                self._classifiers[name] = model
        self.models = {"detector": self._card.name} | {name: name for name in self._classifiers}

    def photo(self, path: Path) -> FoundFaces:
        """Find the faces of a picture file.

        Raises:
            InputError: If it cannot be read; see `media.image.read_image`.
        """
        return self.picture(read_image(path), str(path))

    def picture(self, image: Image, source: str = "") -> FoundFaces:
        """Find the faces of an RGB picture (H, W, 3), by a thorough look; none is an answer too."""
        size_wh = image.shape[1], image.shape[0]
        found = self._look_thoroughly(image).usable(size_wh, SMALLEST_FACE_PX)
        look = Look(0, 0.0, self.describe(image, found))
        return FoundFaces(source, size_wh, self.models, self.absent, (look,))

    def video(self, path: Path, *, looks_per_s: float = LOOKS_PER_S, progress: ProgressCallback = ignore) -> FoundFaces:
        """Find the faces of a video: it is looked at some times a second, and faces are followed from look to look.

        Raises:
            InputError: If it cannot be read.
            ValueError: If `looks_per_s` is not positive.
        """
        watched = watch(path, self.look, looks_per_s, progress)
        return FoundFaces(
            str(path), watched.size_wh, self.models, self.absent, watched.looks, watched.span, watched.notes
        )

    def look(self, small: Image, detail: Image) -> tuple[FoundFace, ...]:
        """Find faces at one glance: in a small picture (h, w, 3), and judge them in a larger one of the same (H, W, 3).

        Returns:
            From left to right, in pixels of the larger one.
        """
        size_wh, factor = (detail.shape[1], detail.shape[0]), detail.shape[1] / small.shape[1]
        found = self._detector.detect(small).scaled(factor).usable(size_wh, SMALLEST_FACE_PX)
        return self.describe(detail, found)

    def describe(self, image: Image, found: Detections) -> tuple[FoundFace, ...]:
        """Say how the faces that were found in an RGB picture (H, W, 3) look, from left to right."""
        found = found.take([int(row) for row in np.argsort(found.boxes_xyxy[:, 0], kind="stable")])
        answers = self._answers(image, found)
        boxes = clip(found.boxes_xyxy, (image.shape[1], image.shape[0]))
        rows = zip(found.boxes_xyxy, found.landmarks_xy, found.scores, strict=True)
        return tuple(
            FoundFace(boxes[place], points, float(score), judge(image, box, points, float(score)), answers[place])
            for place, (box, points, score) in enumerate(rows)
        )

    def _answers(self, image: Image, found: Detections) -> list[dict[str, Answer]]:
        """What our own models say of each face, those too small to judge left without an answer."""
        answers: list[dict[str, Answer]] = [{} for _ in range(len(found))]
        sides = (found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2]).min(axis=1, initial=np.inf)
        large = [int(row) for row in np.flatnonzero(sides >= SMALLEST_PX)]
        for name, model in self._classifiers.items() if large else ():
            crops = np.stack([model.crop(image, found.crop_xy[row], found.boxes_xyxy[row]) for row in large])
            for row, said in zip(large, model.named(model.answers(crops)), strict=True):
                answers[row] |= {head: said[head] for head in MODELS[name]}
        return answers

    def _look_thoroughly(self, image: Image) -> Detections:
        """What the detector finds; at a second, longer look where it is not sure of anything at the first."""
        found = self._detector.detect(image)
        if found.scores.max(initial=-1.0) < self._card.thresholds["clear"].value:
            again = self._detector.detect_augmented(image)
            if again.scores.max(initial=-1.0) > found.scores.max(initial=-1.0):
                found = again
        doubtful = self._card.thresholds.get("doubtful")
        sure = np.flatnonzero(found.scores >= doubtful.value).tolist() if doubtful else []
        return found.take(sure) if sure else found


def load_model(name: str, settings: Settings) -> PictureClassifier | str:
    """Load a model of our own by its name in `MODELS`; where it is not there, say why.

    Raises:
        ModelError: If it is damaged, or answers something else.
    """
    if is_shipped(name, settings):
        return _LOADERS[name](settings)
    try:
        return shipped(name, settings)
    except ModelError as error:
        return error.message


def find_faces(
    source: Path | str | Image,
    *,
    models: str = "auto",
    looks_per_s: float = LOOKS_PER_S,
    settings: Settings | None = None,
    progress: ProgressCallback = ignore,
) -> FoundFaces:
    """Find the faces of a photo or a video and say how they look: expression, age, gender, mask, quality.

    Args:
        source: A picture file or a video, or a picture as RGB uint8 (H, W, 3).
        models: Which detector: "auto", "builtin" or "zoo".
        looks_per_s: How often a video is looked at.
        settings: Where models are.
        progress: Told how many seconds of a video are done.

    Returns:
        Their boxes, and what our own models say; `absent` tells which of these are not there.

    Raises:
        InputError: If it cannot be read, or `models` is none of the choices.
        ModelError: If the detector is not on this machine, or a model is damaged; says what to type.
        ValueError: If `looks_per_s` is not positive.
    """
    finder = FaceFinder(models, settings)
    if not isinstance(source, Path | str):
        return finder.picture(source)
    path = Path(source)
    return finder.video(path, looks_per_s=looks_per_s, progress=progress) if is_video(path) else finder.photo(path)
