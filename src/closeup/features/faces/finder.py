"""From a photo or a video to its faces, and how they look: `closeup.find_faces`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from closeup.core.boxes import clip
from closeup.core.errors import ModelError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.read_ahead import read_ahead
from closeup.core.settings import Settings, read_settings
from closeup.core.types import Image
from closeup.documents.faces import LOOKS_PER_S, MODELS, FoundFace, FoundFaces, Look, VideoSpan
from closeup.features.faces.steadying import follow, steadied
from closeup.media.container import is_video
from closeup.media.image import read_image
from closeup.media.sampling import Sampling
from closeup.media.sources import Frame
from closeup.media.video import open_video
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.perception.attributes import attributes_model
from closeup.perception.classifier import PictureClassifier, is_shipped, shipped
from closeup.perception.cuts import CutDetector
from closeup.perception.expression import SMALLEST_PX, expression_model
from closeup.weights.cards import card
from closeup.weights.store import noncommercial_note, refusal

SMALLEST_FACE_PX = 10
"""Detections with a shorter side than this are left out."""

_AHEAD = 4
"""Frames that are decoded while one is looked at."""

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
        classifiers: dict[str, PictureClassifier] = {}
        self.absent: dict[str, str] = {}
        for name in MODELS:
            model = load_model(name, settings)
            if isinstance(model, str):
                self.absent[name] = model
            else:
                classifiers[name] = model
        self._analyzer = Analyzer(
            models, settings, classifiers=tuple(classifiers.values()), smallest_classified_px=SMALLEST_PX
        )
        self._notes = tuple(note for name in classifiers if (note := noncommercial_note(card(name))))
        self.models = {"detector": self._analyzer.detector_card.name} | {name: name for name in classifiers}

    def photo(self, path: Path) -> FoundFaces:
        """Find the faces of a picture file.

        Raises:
            InputError: If it cannot be read; see `media.image.read_image`.
        """
        return self.picture(read_image(path), str(path))

    def picture(self, image: Image, source: str = "") -> FoundFaces:
        """Find the faces of an RGB picture (H, W, 3), by a thorough look; none is an answer too."""
        size_wh = image.shape[1], image.shape[0]
        faces = self._analyzer.faces(image, ("answers",), smallest_px=SMALLEST_FACE_PX)
        look = Look(0, 0.0, _from_left(faces, size_wh))
        return FoundFaces(source, size_wh, self.models, self.absent, (look,), notes=self._notes)

    def video(self, path: Path, *, looks_per_s: float = LOOKS_PER_S, progress: ProgressCallback = ignore) -> FoundFaces:
        """Find the faces of a video: it is looked at some times a second, and faces are followed from look to look.

        Raises:
            InputError: If it cannot be read.
            ValueError: If `looks_per_s` is not positive.
        """
        with open_video(path) as reader:
            sampling = Sampling(reader, looks_per_s, CutDetector(reader.fps))
            looks = []
            with read_ahead(iter(sampling), _AHEAD) as samples:
                for sample in samples:
                    time_s = float(sample.frame.time)
                    looks.append(Look(sample.frame.index, time_s, self._glance(sample.frame)))
                    progress(Progress("Looking", time_s, reader.duration_hint_s, "s"))
            # A video of fewer frames a second than are asked for gives one look a frame.
            rate_hz = min(looks_per_s, float(reader.fps))
            span = VideoSpan(float(reader.end_time), rate_hz, tuple(float(cut.time) for cut in sampling.cuts))
            seen, notes = steadied(follow(looks, span)), (*reader.notes, *self._notes)
            return FoundFaces(str(path), reader.size_wh, self.models, self.absent, seen, span, notes)

    def _glance(self, frame: Frame) -> tuple[FoundFace, ...]:
        faces, picture, scale = self._analyzer.look(frame, ("answers",), smallest_px=SMALLEST_FACE_PX)
        by = np.float32(1 / scale)
        return tuple(
            replace(face, box_xyxy=face.box_xyxy * by, landmarks_xy=face.landmarks_xy * by)
            for face in _from_left(faces, (picture.shape[1], picture.shape[0]))
        )


def _from_left(faces: Sequence[AnalysedFace], size_wh: tuple[int, int]) -> tuple[FoundFace, ...]:
    """The faces of a picture of `size_wh` from left to right, their boxes within it."""
    return tuple(
        FoundFace(clip(face.box_xyxy[None], size_wh)[0], face.landmarks_xy, face.score, face.quality, face.answers)
        for face in sorted(faces, key=lambda face: float(face.box_xyxy[0]))
    )


def load_model(name: str, settings: Settings) -> PictureClassifier | str:
    """Load a model of our own by its name in `MODELS`; where it is not there, or the settings refuse it, say why.

    Raises:
        ModelError: If it is damaged, or answers something else.
    """
    if is_shipped(name, settings) and not refusal(card(name), settings):
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
