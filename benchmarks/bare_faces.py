"""Is a bare face told to be bare wherever it comes from, and a mask to be a mask?

Faces of sources that closeup's attributes model has learnt from, of people that it has not; clips of film, television
and talks, of which it has learnt nothing; and masks painted on faces of all sources by recipes/painted_masks.py.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.features.faces.finder import find_faces
from closeup.media.image import read_image
from closeup.media.square import square
from closeup.workbench.datasets.splits import Split
from closeup.workbench.models import ResolvedModel
from judged_faces import FACES, our_crops, read_faces
from tables import Cell, Table

BARE = "no_mask"

POSES = (("frontal", 0.6, 1.01), ("turned", 0.3, 0.6), ("profiles", 0.0, 0.3))
"""By closeup's own figure of quality: 1 faces the camera."""

LOOKS_PER_S = 2.0


def bare_faces(model: ResolvedModel, split: Split, shared: Path, most: int | None) -> Table:
    """How many bare faces are told to wear a mask, well or badly: source by source."""
    rows: list[tuple[Cell, ...]] = []
    for title, name, path in (
        ("Labeled Faces in the Wild", "lfw-bare", shared / "lfw" / "images"),
        ("FER2013", "fer", shared / "fer2013" / "fer2013.zip"),
    ):
        faces = read_faces(name, path).only(lambda it, name=name: split.sides.get(f"{name}/{it.name}") == "test", most)  # type: ignore[misc]
        told = _named(model, model.classifier.answers(our_crops(model, faces))["mask"])
        rows.append(_row(title, "other people of it", told))
    seen: dict[str, list[str]] = defaultdict(list)
    for clip in sorted((shared / "video" / "clips").iterdir())[: 2 if most else None]:
        for look in find_faces(clip, looks_per_s=LOOKS_PER_S).looks:
            for face in look.faces:
                if "mask" in face.answers:
                    pose = next(title for title, low, high in POSES if low <= face.quality.pose < high)
                    seen[pose].append(face.answers["mask"].name)  # type: ignore[union-attr]
    rows += [_row(f"clips, {title}", "nothing", seen[title]) for title, *_ in POSES if seen[title]]
    columns = ("bare faces of", "learnt from it", "faces", "told mask", "told incorrect", "told bare")
    note = f"Clips are looked at {LOOKS_PER_S:g} times a second, and one face is seen many times."
    return Table("Trial 4: bare faces of many sources", columns, tuple(rows), note)


def painted_masks(model: ResolvedModel, split: Split, most: int | None) -> Table:
    """Masks painted on faces of people that the model has not learnt from, cut as in training."""
    with (FACES / "attributes.csv").open(newline="", encoding="utf-8") as file:
        test = [row for row in csv.DictReader(file) if row["kind"] == "painted" and split.sides[row["path"]] == "test"]
    rows: list[tuple[Cell, ...]] = []
    for source in sorted({row["set"] for row in test}):
        for wearing in ("mask", "incorrect"):
            paths = [FACES / row["path"] for row in test if (row["set"], row["mask"]) == (source, wearing)][:most]
            if paths:
                crops = np.stack([square(read_image(path), model.card.input_px, "stretch") for path in paths])
                told = _named(model, model.classifier.answers(crops)["mask"])
                rows.append((source, wearing, len(told), *_shares(told, ("mask", "incorrect", BARE))))
    columns = ("painted on", "worn", "faces", "told mask", "told incorrect", "told bare")
    return Table("Trial 5: painted masks", columns, tuple(rows))


def _named(model: ResolvedModel, answers: NDArray[np.float32]) -> list[str]:
    classes = model.card.head("mask").classes
    return [classes[place] for place in answers.argmax(axis=1)]


def _row(title: str, learnt: str, told: list[str]) -> tuple[Cell, ...]:
    return (title, learnt, len(told), *_shares(told, ("mask", "incorrect", BARE)))


def _shares(told: list[str], names: Iterable[str]) -> tuple[float, ...]:
    return tuple(round(told.count(name) / len(told), 3) for name in names)
