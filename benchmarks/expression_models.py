"""closeup's expression model beside other people's on the same pictures, and how calm it is.

Faces of FER2013's val by ten people's votes and by its own label, people of Labeled Faces in the Wild kept apart, and
JAFFE, which no model of ours has seen in training, choosing or calibration (`closeup data crop-faces JAFFE/labels.csv
faces/jaffe --size 96`; the others as recipes/expression.toml says).
"""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench import Bench
from closeup.algorithms.metrics.classification import (
    ClassificationMetrics,
    classification_metrics,
    mcnemar,
    paired_difference,
)
from closeup.algorithms.metrics.intervals import class_intervals, class_statistic
from judged_faces import FaceSet, our_crops, our_model, read_faces, split_of
from rival_networks import EMOTIONS_0003, FACE_API, WHOLE, Answers, expressions
from tables import Cell, Claim, Section, Table

NAME = "expression"
OURS = "closeup expression"
FIVE = ("anger", "happy", "sad", "surprise", "neutral")
"""What all of the models can answer."""

ACCURACY_WANTED, RECALL_WANTED, ECE_WANTED, CHANGED_WANTED = 0.86, 0.80, 0.05, 0.05
QUICK_PICTURES = 150

VOTED = {
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprise",
    "neutral": "neutral",
}
"""The votes' words for the classes."""

WAYS = (
    (EMOTIONS_0003, "box", 1.0),
    (EMOTIONS_0003, "whole picture", WHOLE),
    (FACE_API, "box x 1.15", 1.15),
    (FACE_API, "box", 1.0),
    (FACE_API, "whole picture", WHOLE),
)
"""Each rival as its makers say, and in other ways that may suit the pictures better: its best counts."""


@dataclass(frozen=True)
class Judged:
    """What one model answered on one set.

    Attributes:
        name: Of the model.
        shown: What it was shown.
        answers: (N, K) probabilities.
    """

    name: str
    shown: str
    answers: Answers


@dataclass(frozen=True)
class Judgement:
    """All models on one set.

    Attributes:
        title: What the set is called.
        labels: (N,) places in `classes`.
        groups: Who is in each picture; None where nobody knows.
        models: Ours first.
    """

    title: str
    labels: NDArray[np.int64]
    groups: list[str] | None
    models: tuple[Judged, ...]


def measure(bench: Bench) -> Section:
    """Ask every model about every picture."""
    model = our_model(NAME)
    classes = model.card.head(NAME).classes
    sides = split_of(model, NAME).sides
    most = QUICK_PICTURES if bench.quick else None
    shared = bench.shared / "data"
    fer = read_faces("fer", shared / "fer2013" / "fer2013.zip").only(lambda it: it.labels["split"] == "val", most)
    lfw = read_faces("lfw", shared / "lfw" / "emotion_labels.csv")
    lfw = lfw.only(lambda it: sides.get(f"lfw/{it.name}") == "test", most)
    jaffe = read_faces("jaffe", shared / "jaffe" / "labels.csv").only(lambda it: True, most)
    own = _judged(bench, "FER2013 val, its own labels", fer, "class", classes)
    votes = majorities(shared / "fer2013" / "ferplus_votes.csv")
    sets = (
        _voted(own, [votes.get(picture.key, "") for picture in fer.pictures], classes),
        own,
        _judged(bench, "LFW, people kept apart", lfw, "emotion", classes),
        _judged(bench, "JAFFE", jaffe, "expression", classes),
    )
    calm = _calmness(lfw)
    tables = (
        _table(sets, classes),
        _five(sets, classes),
        _per_class(sets, classes),
        _differences(sets, classes),
        calm,
    )
    changed = 1 - float(calm.rows[0][1] or 0)
    claims = [
        *_claims(sets, classes),
        Claim(f"{calm.rows[0][0]} changes {changed:.1%} of answers", changed <= CHANGED_WANTED),
    ]
    return Section("Expression models", tables, tuple(claims), remarks=(f"Model: {model.path.name}.",))


def majorities(votes: Path) -> dict[str, str]:
    """What more than half of the ten voters call each face of FER2013, by path; without faces of no such expression."""
    with votes.open(newline="", encoding="utf-8") as file:
        rows = [(row.pop("path"), row) for row in csv.DictReader(file)]
    found = {}
    for path, row in rows:
        given = {name: float(votes) for name, votes in row.items() if name != "ferplus_name"}
        best = max(given, key=given.__getitem__)
        if best in VOTED and given[best] > sum(given.values()) / 2:
            found[path] = VOTED[best]
    return found


def _voted(own: Judgement, voted: list[str], classes: tuple[str, ...]) -> Judgement:
    """The faces that more than half of the voters call one of the classes, by their votes."""
    rows = np.flatnonzero(np.array(voted) != "")
    models = tuple(replace(each, answers=each.answers[rows]) for each in own.models)
    return Judgement("FER+ val", np.array([classes.index(voted[row]) for row in rows]), None, models)


def _calmness(faces: FaceSet) -> Table:
    """How often our model gives the same class for a crop that has been changed."""
    model = our_model(NAME)
    crops = our_crops(model, faces)
    ways = {
        "blur of 0.7 px in the crop": [cv2.GaussianBlur(crop, (0, 0), 0.7) for crop in crops],
        "unsharp mask of 0.5": [
            cv2.addWeighted(crop, 1.5, cv2.GaussianBlur(crop, (0, 0), 1), -0.5, 0) for crop in crops
        ],
        "mirror image": [crop[:, ::-1] for crop in crops],
        "darkened to 0.6": [crop * 0.6 for crop in crops],
        "darkened by gamma 1.6": [255 * (crop / 255) ** 1.6 for crop in crops],
    }
    before = model.classifier.answers(crops)[NAME]
    rows = []
    for name, changed in ways.items():
        after = model.classifier.answers(np.stack(changed).round().astype(np.uint8))[NAME]
        apart = np.abs(after - before).max(axis=1)
        same = float((after.argmax(axis=1) == before.argmax(axis=1)).mean())
        rows.append((name, round(same, 3), round(float(np.median(apart)), 3), round(float(np.quantile(apart, 0.9)), 3)))
    columns = ("change", "same class", "largest difference: median", "9 in 10 below")
    return Table(f"How calm ours is, on {len(crops)} faces of LFW", columns, tuple(rows))


def _judged(bench: Bench, title: str, faces: FaceSet, column: str, classes: tuple[str, ...]) -> Judgement:
    model = our_model(NAME)
    names = ["anger" if name == "angry" else name for name in faces.column(column)]
    answers = model.classifier.answers(our_crops(model, faces))[NAME].astype(np.float64)
    judged = [Judged(OURS, "aligned face", answers)]
    for rival, shown, scale in WAYS:
        judged.append(Judged(rival.name, shown, expressions(rival, faces, bench.shared / "models", scale, classes)))
    groups = faces.column("identity") if "identity" in faces.pictures[0].labels else None
    return Judgement(title, np.array([classes.index(name) for name in names]), groups, tuple(judged))


def _restricted(judged: Answers, chosen: list[int]) -> Answers:
    """Probabilities (N, 5) of some classes alone."""
    part = judged[:, chosen] + 1e-9
    return np.asarray(part / part.sum(axis=1, keepdims=True))


COLUMNS = ("set", "model", "shown", "pictures", "accuracy", "macro recall", "macro F1", "ECE")


def _row(
    title: str, judged: Judged, answers: Answers, labels: NDArray[np.int64], groups: list[str] | None
) -> tuple[Cell, ...]:
    found = classification_metrics(answers, labels, [str(place) for place in range(answers.shape[1])])
    spans = class_intervals(answers, labels, groups=groups)
    shares = [_span(getattr(found, name), spans[name]) for name in ("accuracy", "macro_recall", "macro_f1", "ece")]
    return (title, judged.name, judged.shown, found.count, *shares)


def _span(value: float, both: tuple[float, float]) -> str:
    return f"{value:.3f} ({both[0]:.3f} to {both[1]:.3f})"


def _table(sets: tuple[Judgement, ...], classes: tuple[str, ...]) -> Table:
    rows = tuple(_row(one.title, each, each.answers, one.labels, one.groups) for one in sets for each in one.models)
    note = (
        f"{len(classes)} classes; {EMOTIONS_0003.name} knows five of them and is wrong about the others. 95 % "
        "intervals by bootstrap, on LFW over people. Our model chose its weights and its temperature by FER2013's val."
    )
    return Table("All classes", COLUMNS, rows, note)


def _five(sets: tuple[Judgement, ...], classes: tuple[str, ...]) -> Table:
    chosen = [classes.index(name) for name in FIVE]
    rows = []
    for one in sets:
        known = np.flatnonzero(np.isin(one.labels, chosen))
        labels = np.array([chosen.index(label) for label in one.labels[known]])
        groups = [one.groups[row] for row in known] if one.groups else None
        for each in one.models:
            rows.append(_row(one.title, each, _restricted(each.answers[known], chosen), labels, groups))
    note = f"Only pictures of {', '.join(FIVE)}, and every model chooses among these."
    return Table("The five classes that all of them know", COLUMNS, tuple(rows), note)


def _per_class(sets: tuple[Judgement, ...], classes: tuple[str, ...]) -> Table:
    rows = []
    for one in sets:
        for each in (one.models[0], *_best_of_each(one, classes)):
            found = classification_metrics(each.answers, one.labels, classes)
            recalls = [None if c.recall is None else round(c.recall, 3) for c in found.per_class.values()]
            rows.append((one.title, each.name, each.shown, *recalls))
        counts = np.bincount(one.labels, minlength=len(classes))
        rows.append((one.title, "pictures", "", *(int(count) for count in counts)))
    return Table("Recall of each class", ("set", "model", "shown", *classes), tuple(rows))


def _best_of_each(one: Judgement, classes: tuple[str, ...]) -> list[Judged]:
    """Each rival as it was most accurate."""
    best: dict[str, tuple[float, Judged]] = {}
    for each in one.models[1:]:
        accuracy = classification_metrics(each.answers, one.labels, classes).accuracy
        if accuracy > best.get(each.name, (-1.0, each))[0]:
            best[each.name] = (accuracy, each)
    return [each for _, each in best.values()]


def _differences(sets: tuple[Judgement, ...], classes: tuple[str, ...]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in sets:
        ours = one.models[0].answers.argmax(axis=1)
        for each in _best_of_each(one, classes):
            theirs = each.answers.argmax(axis=1)
            cells = []
            for name in ("accuracy", "macro_recall", "macro_f1"):
                a, b = (class_statistic(name, given, one.labels, len(classes)) for given in (theirs, ours))
                found = paired_difference(a, b, len(one.labels), groups=one.groups)
                cells.append(f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})")
            test = mcnemar(theirs == one.labels, ours == one.labels)
            rows.append((one.title, each.name, each.shown, *cells, f"{test.p_value:.2g}"))
    columns = ("set", "beside", "shown", "accuracy", "macro recall", "macro F1", "McNemar's p")
    return Table("How much better ours is, on the same pictures", columns, tuple(rows), "Paired; all classes.")


def _claims(sets: tuple[Judgement, ...], classes: tuple[str, ...]) -> list[Claim]:
    found: dict[str, ClassificationMetrics] = {
        one.title: classification_metrics(one.models[0].answers, one.labels, classes) for one in sets
    }
    fer, _, *others = sets
    own = found[fer.title]
    claims = [
        _at_least(f"{fer.title}: accuracy", own.accuracy, ACCURACY_WANTED),
        _at_least(f"{fer.title}: macro recall", own.macro_recall, RECALL_WANTED),
    ]
    for one in sets:
        ece = found[one.title].ece
        claims.append(Claim(f"{one.title}: calibration error {ece:.3f} (wanted: under {ECE_WANTED})", ece < ECE_WANTED))
    for one in others:
        for each in _best_of_each(one, classes):
            theirs = classification_metrics(each.answers, one.labels, classes)
            better = found[one.title].accuracy > theirs.accuracy and found[one.title].macro_recall > theirs.macro_recall
            claims.append(Claim(f"{one.title}: more accurate than {each.name}, and of higher macro recall", better))
    return claims


def _at_least(what: str, value: float, wanted: float) -> Claim:
    return Claim(f"{what} {value:.3f} (wanted: {wanted})", value >= wanted)
