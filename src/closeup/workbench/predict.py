"""What a model says about photos: of every face in them, or of each photo as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from closeup.core.errors import InputError
from closeup.core.fields import Rounded
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.settings import Settings
from closeup.core.types import FileName
from closeup.documents.faces import Answer, ClassAnswer
from closeup.documents.form import Form
from closeup.media.files import photos_given
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer
from closeup.workbench.models import RUNS_DIR, ResolvedModel, resolve_model

Pixels = Annotated[float, Rounded(1)]
Chance = Annotated[float, Rounded(5)]


@dataclass(frozen=True, slots=True)
class ClassPrediction:
    """What a head that tells classes apart says.

    Attributes:
        name: The likeliest class.
        probability: Its.
        probabilities: Of every class, by name; they sum to 1.
    """

    name: str = field(metadata={"alias": "class"})
    probability: Chance
    probabilities: Mapping[str, Chance]


@dataclass(frozen=True, slots=True)
class ValuePrediction:
    """What a head that estimates a number says, in its unit."""

    value: Annotated[float, Rounded(4)]
    unit: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a model was shown of a photo, and what it said.

    Attributes:
        box_xyxy: Of the face, pixels of the upright photo; None where the photo was taken whole.
        score: The detector's, 0 to 1; None likewise.
        answers: By head.
    """

    box_xyxy: tuple[Pixels, Pixels, Pixels, Pixels] | None
    score: Annotated[float, Rounded(4)] | None
    answers: Mapping[str, ClassPrediction | ValuePrediction]


@dataclass(frozen=True, slots=True)
class PhotoPrediction:
    """One photo.

    Attributes:
        path: As it was given, or below the folder that was given.
        problem: Why it could not be read; None where it could.
        shown: One for each face, from left to right; a single one where the photo was taken whole; none where no face
            was found or the photo could not be read.
    """

    path: FileName
    problem: str | None
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model said about photos.

    Attributes:
        model: What it is called.
        detector: Name of the detector that found the faces; None where photos were taken whole.
        notes: What was left out of folders, and what the model's terms bar, a sentence each.
        photos: In the order in which they were given.
    """

    model: str
    detector: str | None
    notes: tuple[str, ...]
    photos: tuple[PhotoPrediction, ...]


PREDICTION = Form(Prediction, "prediction", version=1)


def predict(
    model: str | ResolvedModel,
    photos: Sequence[Path],
    *,
    faces: bool | None = None,
    models: str = "auto",
    runs_dir: Path = RUNS_DIR,
    settings: Settings | None = None,
    progress: ProgressCallback = ignore,
) -> Prediction:
    """Ask a model about photos.

    Args:
        model: Which, as `models.resolve_model` takes it; or what that gave.
        photos: Picture files, and folders, of which every picture in and below them is taken.
        faces: Whether faces are found first and the model is shown each of them, or every photo whole. None goes by
            the model's card: faces where it was trained on aligned ones.
        models: Which detector finds them: "auto", "builtin" or "zoo".
        runs_dir: Where runs are kept, of which `model` may name one.

    Raises:
        InputError: If there is no such model, a photo or folder is not there, or none of the photos can be read.
        ModelError: If the model cannot be used, the detector is missing, or the network answers what it must not.
    """
    model = resolve_model(model, runs_dir=runs_dir, settings=settings)
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
    detector = analyzer.detector_card.name if analyzer else None
    return Prediction(model.name, detector, (*notes, *model.notes), tuple(found))


def _photo(model: ResolvedModel, path: Path, analyzer: Analyzer | None) -> PhotoPrediction:
    try:
        image = read_image(path)
    except InputError as error:
        return PhotoPrediction(str(path), error.message, ())
    if analyzer is None:
        classifier = model.classifier
        (answers,) = classifier.named(classifier.answers(classifier.crop(image)[None]))
        return PhotoPrediction(str(path), None, (Shown(None, None, _named(answers)),))
    faces = sorted(analyzer.faces(image, ("answers",)), key=lambda face: float(face.box_xyxy[0]))
    shown = (Shown(tuple(face.box_xyxy.tolist()), float(face.score), _named(face.answers)) for face in faces)
    return PhotoPrediction(str(path), None, tuple(shown))


def _named(answers: Mapping[str, Answer]) -> dict[str, ClassPrediction | ValuePrediction]:
    return {
        head: ClassPrediction(answer.name, answer.probability, answer.probabilities)
        if isinstance(answer, ClassAnswer)
        else ValuePrediction(answer.value, answer.unit)
        for head, answer in answers.items()
    }
