"""closeup's attributes model beside other people's, on people that it has not learnt from; and what it goes by.

Masks: real pictures (cut out of street scenes, small) and synthetic ones (masks painted on portraits) are told apart.
Pictures without a mask come from other places than those with one, so that a model could cheat: by their size, their
sharpness, or what their source has in common. Five trials say whether it does (the last two: bare_faces.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from bare_faces import bare_faces, painted_masks
from bench import Bench
from closeup.algorithms.labels.linear_probe import fit_probe
from closeup.algorithms.metrics.classification import classification_metrics, regression_metrics
from closeup.algorithms.metrics.intervals import class_intervals, value_intervals
from closeup.core.types import Image
from closeup.workbench.models import ResolvedModel
from judged_faces import FacePicture, FaceSet, our_crops, our_model, read_faces, split_of
from rival_networks import AGE_GENDER_0013, AIZOO, WHOLE, Answers, ages_and_genders, masks
from tables import Cell, Claim, Section, Table

NAME = "attributes"
OURS = "closeup attributes"
MASK_F1_WANTED, GENDER_WANTED, AGE_WANTED_YEARS = 0.95, 0.94, 5.5
QUICK_PICTURES = 60

SMALL_PX = 32
"""All faces are shrunk to this before they are enlarged again, for one of the trials."""

PAIRS = 100
"""Pairs of faces whose lower halves are exchanged, for another."""

TWO = ("mask", "no_mask")
"""What AIZOO's network can answer."""


@dataclass(frozen=True)
class Told:
    """Pictures that our model has not learnt from, and what it says of them.

    Attributes:
        faces: The pictures.
        crops: (N, P, P, 3), as our model is shown them.
        answers: Its answers by head.
        groups: Who is in each.
    """

    faces: FaceSet
    crops: Image
    answers: dict[str, NDArray[np.float32]]
    groups: list[str]

    def rows(self, wanted: Callable[[FacePicture], bool]) -> NDArray[np.intp]:
        """Which pictures are wanted, (M,)."""
        return np.flatnonzero([wanted(picture) for picture in self.faces.pictures])


def measure(bench: Bench) -> Section:
    """Ask every model about every picture that ours has not learnt from."""
    model = our_model(NAME)
    split = split_of(model, NAME)
    shared = bench.shared / "data"
    whole = {name: read_faces(name, shared / name / "labels.csv") for name in ("mask3", "utkface")}
    most = QUICK_PICTURES if bench.quick else None
    told = {}
    for name, faces in whole.items():
        kept = faces.only(lambda it, name=name: split.sides.get(f"{name}/{it.name}") == "test", most)  # type: ignore[misc]
        crops = our_crops(model, kept)
        groups = [split.groups[f"{name}/{it.name}"] for it in kept.pictures]
        told[name] = Told(kept, crops, model.classifier.answers(crops), groups)
    masked, mask_claims = _masks(bench, model, told)
    aged, age_claims = _ages(bench, told["utkface"])
    learnt = whole["mask3"].only(lambda it: split.sides.get(f"mask3/{it.name}") == "train", most)
    trials = (_by_size(learnt, told["mask3"], model), _shrunk(model, told), _exchanged(model, told))
    sources = (bare_faces(model, split, shared, most), painted_masks(model, split, most))
    return Section("Attribute models", (*masked, *aged, *trials, *sources), (*mask_claims, *age_claims))


# Masks

MASK_COLUMNS = ("pictures of", "model", "shown", "pictures", "accuracy", "macro recall", "macro F1", "ECE")


def _masks(bench: Bench, model: ResolvedModel, told: dict[str, Told]) -> tuple[tuple[Table, ...], list[Claim]]:
    classes = model.card.head("mask").classes
    one, other = told["mask3"], told["utkface"]
    labels = np.array([classes.index(name) for name in one.faces.column("label")])
    answers = one.answers["mask"].astype(np.float64)
    both = np.concatenate([answers, other.answers["mask"].astype(np.float64)])
    both_labels = np.append(labels, np.full(len(other.crops), classes.index("no_mask")))
    cases = [
        ("mask3", np.arange(len(labels)), answers, labels, one.groups),
        ("mask3, real", one.rows(lambda it: it.labels["kind"] == "real"), answers, labels, one.groups),
        ("mask3, synthetic", one.rows(lambda it: it.labels["kind"] == "synthetic"), answers, labels, one.groups),
        ("mask3 and UTKFace", np.arange(len(both_labels)), both, both_labels, one.groups + other.groups),
    ]
    rows, recalls, found = [], [], {}
    for title, chosen, given, truth, groups in cases:
        own = [groups[row] for row in chosen]
        rows.append(_mask_row((title, OURS, "aligned face"), given[chosen], truth[chosen], own))
        figure = found[title] = classification_metrics(given[chosen], truth[chosen], classes)
        of_classes = figure.per_class.values()
        shares = [None if each.recall is None else round(each.recall, 3) for each in of_classes]
        recalls.append(
            (
                title,
                *(cell for each, r in zip(of_classes, shares, strict=True) for cell in (each.count, r)),
            )
        )
    rivals = _two_classes(bench, one, answers, classes)
    f1 = found["mask3"].macro_f1
    heads = ("pictures of", *(cell for name in classes for cell in (name, f"recall of {name}")))
    tables = (
        Table("Masks: all three classes", MASK_COLUMNS, tuple(rows), _MASK_NOTE),
        Table("Masks: each class", heads, tuple(recalls)),
        rivals,
    )
    return tables, [Claim(f"masks: macro F1 {f1:.3f} (wanted: {MASK_F1_WANTED})", f1 >= MASK_F1_WANTED)]


_MASK_NOTE = (
    "Nobody in these pictures is in one that was learnt from. 95 % intervals by bootstrap over people. Synthetic "
    "pictures all have a mask, well or badly worn; real ones are hardly ever badly worn."
)


def _mask_row(
    names: tuple[str, str, str], answers: Answers, labels: NDArray[np.int64], groups: list[str]
) -> tuple[Cell, ...]:
    found = classification_metrics(answers, labels, [str(place) for place in range(answers.shape[1])])
    spans = class_intervals(answers, labels, groups=groups)
    shares = [_span(getattr(found, name), spans[name]) for name in ("accuracy", "macro_recall", "macro_f1", "ece")]
    return (*names, found.count, *shares)


def _two_classes(bench: Bench, told: Told, answers: Answers, classes: tuple[str, ...]) -> Table:
    """Mask or none, on the pictures that have one of the two, beside a network that knows no other."""
    places = [classes.index(name) for name in TWO]
    rows: list[tuple[Cell, ...]] = []
    for kind in ("real", "synthetic"):
        chosen = told.rows(lambda it, kind=kind: it.labels["kind"] == kind and it.labels["label"] in TWO)  # type: ignore[misc]
        if not len(chosen):
            continue
        part = FaceSet(told.faces.name, told.faces.data, tuple(told.faces.pictures[row] for row in chosen))
        labels = np.array([TWO.index(name) for name in part.column("label")])
        groups = [told.groups[row] for row in chosen]
        own = answers[chosen][:, places] + 1e-9
        judged = [(OURS, "aligned face", own / own.sum(axis=1, keepdims=True))]
        for shown, scale in (("whole picture", WHOLE), ("box x 1.5", 1.5), ("box x 2", 2.0)):
            judged.append((AIZOO.name, shown, masks(part, bench.shared / "models", scale)))
        rows += [_mask_row((kind, name, shown), given, labels, groups) for name, shown, given in judged]
    note = f"Pictures of badly worn masks left out, since {AIZOO.name} does not know them."
    return Table("Masks: with or without", MASK_COLUMNS, tuple(rows), note)


# Gender and age

AGE_COLUMNS = ("people", "model", "shown", "pictures", "gender accuracy", "macro recall", "age error", "age bias")


def _ages(bench: Bench, told: Told) -> tuple[tuple[Table, ...], list[Claim]]:
    ages = np.array([float(age) for age in told.faces.column("age")])
    genders = np.array([("female", "male").index(name) for name in told.faces.column("gender")])
    card_order = our_model(NAME).card.head("gender").classes
    own = told.answers["gender"].astype(np.float64)[:, [card_order.index(name) for name in ("female", "male")]]
    judged = [(OURS, "aligned face", told.answers["age"].astype(np.float64), own)]
    for shown, scale in (("box", 1.0), ("box x 1.2", 1.2), ("whole picture", WHOLE)):
        judged.append((AGE_GENDER_0013.name, shown, *ages_and_genders(told.faces, bench.shared / "models", scale)))
    rows = []
    for title, chosen in (("all", np.arange(len(ages))), ("18 and over", np.flatnonzero(ages >= 18))):
        groups = [told.groups[row] for row in chosen]
        for name, shown, years, chances in judged:
            rows.append(
                (title, name, shown, *_age_cells(years[chosen], ages[chosen], chances[chosen], genders[chosen], groups))
            )
    error = regression_metrics(judged[0][2], ages).mae
    right = classification_metrics(own, genders, ("female", "male")).accuracy
    note = f"UTKFace, people kept apart; {AGE_GENDER_0013.name} is poor under 16, as its makers say."
    return (Table("Gender and age", AGE_COLUMNS, tuple(rows), note), _age_bands(ages, judged[0][2])), [
        Claim(f"gender: accuracy {right:.3f} (wanted: {GENDER_WANTED})", right >= GENDER_WANTED),
        Claim(f"age: mean error {error:.2f} years (wanted: {AGE_WANTED_YEARS})", error <= AGE_WANTED_YEARS),
    ]


def _age_cells(
    years: Answers, ages: Answers, chances: Answers, genders: NDArray[np.int64], groups: list[str]
) -> tuple[Cell, ...]:
    found, gender = regression_metrics(years, ages), classification_metrics(chances, genders, ("female", "male"))
    spans, shares = value_intervals(years, ages, groups=groups), class_intervals(chances, genders, groups=groups)
    return (
        found.count,
        _span(gender.accuracy, shares["accuracy"]),
        _span(gender.macro_recall, shares["macro_recall"]),
        _span(found.mae, spans["mae"], 2),
        _span(found.bias, spans["bias"], 2),
    )


def _age_bands(ages: Answers, years: Answers) -> Table:
    edges = (0, 3, 13, 18, 30, 45, 60, 200)
    rows: list[tuple[Cell, ...]] = []
    for low, high in pairwise(edges):
        chosen = (ages >= low) & (ages < high)
        if chosen.any():
            found = regression_metrics(years[chosen], ages[chosen])
            title = f"{low} to {high - 1}" if high < edges[-1] else f"{low} and over"
            rows.append((title, found.count, round(found.mae, 2), round(found.bias, 2)))
    return Table("Age by age: closeup's error in years", ("age", "pictures", "mean error", "bias"), tuple(rows))


# What the answers about masks go by


def _features(faces: FaceSet) -> NDArray[np.float64]:
    """What a picture is like without what it shows, (N, 6): size, sharpness, light, colour."""
    rows = []
    for image in faces.images():
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
        colour = float(image.astype(np.float64).std(axis=2).mean())
        size = (np.log(image.shape[0]), np.log(image.shape[1]))
        rows.append((*size, np.log1p(sharpness), float(grey.mean()), float(grey.std()), colour))
    return np.array(rows)


def _by_size(learnt: FaceSet, told: Told, model: ResolvedModel) -> Table:
    """How well masks are told by size, sharpness and light alone: what a cheat would reach."""
    classes = model.card.head("mask").classes
    rows: list[tuple[Cell, ...]] = []
    for title, kinds in (("all", ("real", "synthetic")), ("real", ("real",))):
        known = learnt.only(lambda it, kinds=kinds: it.labels["kind"] in kinds)  # type: ignore[misc]
        places = [classes.index(name) for name in known.column("label")]
        probe = fit_probe(_features(known), places, len(classes))
        chosen = told.rows(lambda it, kinds=kinds: it.labels["kind"] in kinds)  # type: ignore[misc]
        part = FaceSet(told.faces.name, told.faces.data, tuple(told.faces.pictures[row] for row in chosen))
        labels = np.array([classes.index(name) for name in part.column("label")])
        groups = [told.groups[row] for row in chosen]
        cheat = probe.probabilities(_features(part))
        rows.append(_mask_row((title, "a probe of size, sharpness, light and colour", ""), cheat, labels, groups))
        own = told.answers["mask"][chosen].astype(np.float64)
        rows.append(_mask_row((title, OURS, "aligned face"), own, labels, groups))
    note = "The probe is a logistic regression that learnt from the same pictures as our model."
    return Table("Trial 1: masks told by the picture's size and kind alone", MASK_COLUMNS, tuple(rows), note)


def _shrunk(model: ResolvedModel, told: dict[str, Told]) -> Table:
    """Our model on faces that have all been brought down to one small size first."""
    classes = model.card.head("mask").classes
    rows: list[tuple[Cell, ...]] = []
    for name, one in told.items():
        labels = one.faces.column("label") if name == "mask3" else ["no_mask"] * len(one.crops)
        places = np.array([classes.index(label) for label in labels])
        side = one.crops.shape[1]
        small = [cv2.resize(crop, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA) for crop in one.crops]
        even = np.stack([cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC) for crop in small])
        for shown, given in (
            ("as they are", one.answers["mask"]),
            ("all alike", model.classifier.answers(even)["mask"]),
        ):
            rows.append(_mask_row((name, OURS, shown), given.astype(np.float64), places, one.groups))
    note = (
        f"All alike: every face shrunk to {SMALL_PX} x {SMALL_PX} pixels and enlarged again. UTKFace: no masks at all."
    )
    return Table("Trial 2: faces of one size", MASK_COLUMNS, tuple(rows), note)


def _exchanged(model: ResolvedModel, told: dict[str, Told]) -> Table:
    """Lower halves exchanged between faces with and without a mask: the answer has to go with the lower half."""
    place = model.card.head("mask").classes.index("no_mask")
    side = model.card.input_px
    (_, eyes), _, (_, nose), *_ = model.card.alignment
    cut = round(side * (0.6 * eyes + 0.4 * nose))
    masked = _sure(told["mask3"], "mask")
    rows: list[tuple[Cell, ...]] = []
    for title, bare in (("mask3, real", _sure(told["mask3"], "no_mask")), ("UTKFace", told["utkface"].crops)):
        count = min(PAIRS, len(masked), len(bare))
        if not count:
            continue
        up, down = bare[:count].copy(), masked[:count].copy()
        up[:, cut:], down[:, cut:] = masked[:count, cut:], bare[:count, cut:]
        with_mask = model.classifier.answers(up)["mask"].argmax(axis=1) != place
        without = model.classifier.answers(down)["mask"].argmax(axis=1) == place
        rows.append((title, count, round(float(with_mask.mean()), 3), round(float(without.mean()), 3)))
    columns = ("faces without a mask from", "pairs", "upper half bare, lower masked: mask", "the other way: no mask")
    note = "Shares of composite faces whose answer goes with the lower half; the upper half brings its source along."
    return Table("Trial 3: halves exchanged", columns, tuple(rows), note)


def _sure(told: Told, label: str) -> Image:
    """Crops (N, P, P, 3) of real pictures with a label."""
    return told.crops[told.rows(lambda it: it.labels["label"] == label and it.labels["kind"] == "real")]


def _span(value: float, both: tuple[float, float], digits: int = 3) -> str:
    return f"{value:.{digits}f} ({both[0]:.{digits}f} to {both[1]:.{digits}f})"
