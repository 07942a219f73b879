"""What a model says about photos: of every face in them, or of each photo as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.settings import Settings
from closeup.core.types import FloatArray
from closeup.documents.faces import Answer, ClassAnswer
from closeup.media.files import photos_given
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer
from closeup.workbench.models import ResolvedModel

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a model was shown of a photo, and what it said.

    Attributes:
        answers: By head.
        box_xyxy: Shape (4,), float32, pixels of the upright photo; None where it was taken whole.
        score: The detector's, 0 to 1; None likewise.
    """

    answers: dict[str, Answer]
    box_xyxy: FloatArray | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PhotoPrediction:
    """One photo.

    Attributes:
        path: As it was given, or below the folder that was given.
        shown: One for each face, from left to right; a single one where the photo was taken whole; none where no face
            was found or the photo could not be read.
        problem: Why it could not be read; "" where it could.
    """

    path: Path
    shown: tuple[Shown, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a model said about photos.

    Attributes:
        model: What it is called.
        detector: Name of the detector that found the faces; "" where photos were taken whole.
        photos: In the order in which they were given.
        notes: What was left out of folders, and what the model's terms bar, a sentence each.
    """

    model: str
    detector: str
    photos: tuple[PhotoPrediction, ...]
    notes: tuple[str, ...] = ()


def predict(
    model: ResolvedModel,
    photos: Sequence[Path],
    *,
    faces: bool | None = None,
    models: str = "auto",
    settings: Settings | None = None,
    progress: ProgressCallback = ignore,
) -> Prediction:
    """Ask a model about photos.

    Args:
        model: From `models.resolve_model`.
        photos: Picture files, and folders, of which every picture in and below them is taken.
        faces: Whether faces are found first and the model is shown each of them, or every photo whole. None goes by
            the model's card: faces where it was trained on aligned ones.
        models: Which detector finds them: "auto", "builtin" or "zoo".

    Raises:
        InputError: If a photo or folder is not there, or none of the photos can be read.
        ModelError: If the detector is missing, or the network answers what it must not.
    """
    paths, notes = photos_given(photos)
    analyzer: Analyzer | None = None
    if model.classifier.wants_faces if faces is None else faces:
        analyzer = Analyzer(models, settings, classifiers=(model.classifier,))
    found = []
    for done, path in enumerate(paths, 1):
        found.append(_photo(model, path, analyzer))
        progress(Progress("Looking", done, len(paths), "photos"))
    if all(photo.problem for photo in found):
        more = f" So it is with all {len(found)} photos." if len(found) > 1 else ""
        raise InputError(f"{found[0].problem}{more}")
    return Prediction(model.name, analyzer.detector_card.name if analyzer else "", tuple(found), (*notes, *model.notes))


def _photo(model: ResolvedModel, path: Path, analyzer: Analyzer | None) -> PhotoPrediction:
    try:
        image = read_image(path)
    except InputError as error:
        return PhotoPrediction(path, (), error.message)
    if analyzer is None:
        classifier = model.classifier
        (answers,) = classifier.named(classifier.answers(classifier.crop(image)[None]))
        return PhotoPrediction(path, (Shown(answers),))
    faces = sorted(analyzer.faces(image, ("answers",)), key=lambda face: float(face.box_xyxy[0]))
    return PhotoPrediction(path, tuple(Shown(dict(face.answers), face.box_xyxy, face.score) for face in faces))


# For other programs


def prediction_table(prediction: Prediction) -> dict[str, Any]:
    """What was said as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": prediction.model,
        "detector": prediction.detector or None,
        "notes": list(prediction.notes),
        "photos": [
            {
                "path": str(photo.path),
                "problem": photo.problem or None,
                "shown": [_shown_table(shown) for shown in photo.shown],
            }
            for photo in prediction.photos
        ],
    }


def _shown_table(shown: Shown) -> dict[str, Any]:
    box = None if shown.box_xyxy is None else [round(float(value), 1) for value in shown.box_xyxy]
    score = None if shown.score is None else round(shown.score, 4)
    return {
        "box_xyxy": box,
        "score": score,
        "answers": {name: _answer_table(answer) for name, answer in shown.answers.items()},
    }


def _answer_table(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, ClassAnswer):
        chances = {name: round(chance, 5) for name, chance in answer.probabilities.items()}
        return {"class": answer.name, "probability": round(answer.probability, 5), "probabilities": chances}
    return {"value": round(answer.value, 4), "unit": answer.unit}
