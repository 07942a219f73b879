"""Labelled faces that `closeup data crop-faces` has found, to show to models of all kinds.

The pictures are those from before the crop, with the face's box and landmarks; a run's split says which of them it has
not learnt from.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import ROOT, BenchError
from closeup.core.errors import CloseupError
from closeup.core.types import FloatArray, Image
from closeup.learning.runs.reading import find_run, list_runs
from closeup.media.image import decode_image
from closeup.weights.network_card import read_card
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_one
from closeup.workbench.datasets.splits import Split, load_split
from closeup.workbench.models import ResolvedModel, resolve_model

FACES = ROOT / "faces"
"""Where the recipes' commands put the faces."""

RUNS = ROOT / "runs"

_POINTS = [f"{point}_{axis}" for point in ("eye1", "eye2", "nose", "mouth1", "mouth2") for axis in "xy"]


@dataclass(frozen=True)
class FacePicture:
    """One picture with its face.

    Attributes:
        name: Path of its crop in the folder of faces.
        key: In the original data.
        labels: All columns of the table.
        box_xyxy: Of the face, (4,) pixels; None where none was found.
        landmarks_xy: (5, 2) pixels; None likewise.
    """

    name: str
    key: str
    labels: Mapping[str, str]
    box_xyxy: FloatArray | None
    landmarks_xy: FloatArray | None


@dataclass(frozen=True)
class FaceSet:
    """Pictures with faces, and the data that they are read from."""

    name: str
    data: Dataset
    pictures: tuple[FacePicture, ...]

    def images(self) -> Iterator[Image]:
        """Every original picture, RGB (H, W, 3), in order."""
        items = {item.key: item for item in self.data.items}
        for picture in self.pictures:
            yield decode_image(self.data.read_bytes(items[picture.key]), picture.key)

    def only(self, wanted: Callable[[FacePicture], bool], most: int | None = None) -> "FaceSet":
        """The pictures that are wanted; of more than `most` every so many-th."""
        chosen = [picture for picture in self.pictures if wanted(picture)]
        step = max(1, len(chosen) // most) if most else 1
        return FaceSet(self.name, self.data, tuple(chosen[::step]))

    def column(self, name: str) -> list[str]:
        """One column of the table."""
        return [picture.labels[name] for picture in self.pictures]


def read_faces(name: str, original: Path) -> FaceSet:
    """The set `name` in the folder of faces, which was cut out of the data at `original`."""
    folder = FACES / name
    try:
        with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
            labels = {row["path"]: row for row in csv.DictReader(file)}
        with (folder / "crops.csv").open(newline="", encoding="utf-8") as file:
            crops = [row for row in csv.DictReader(file) if row["path"] in labels]
    except OSError as error:
        raise BenchError(f"{folder} has no faces: make it by the commands at the top of recipes/*.toml.") from error
    pictures = []
    for row in crops:
        found = row["outcome"] == "found"
        box = np.array([float(row[side]) for side in ("x0", "y0", "x1", "y1")], np.float32) if found else None
        points = np.array([float(row[point]) for point in _POINTS], np.float32).reshape(5, 2) if found else None
        pictures.append(FacePicture(row["path"], row["key"], labels[row["path"]], box, points))
    return FaceSet(name, open_one(original), tuple(pictures))


def our_model(name: str) -> ResolvedModel:
    """The model that comes with closeup, or where there is none yet, the newest run of its recipe."""
    try:
        return resolve_model(name, runs_dir=RUNS)
    except CloseupError as error:
        raise BenchError(f"There is no model {name!r} to measure: {error}") from error


def split_of(model: ResolvedModel, name: str) -> Split:
    """The split that the run of a model used, which says what the model has not learnt from.

    The run is the one whose file has the model's card, or else the newest of the recipe `name`.
    """
    try:
        runs = [run for run in list_runs(RUNS).runs if run.name == name and (run.path / "split.csv").is_file()]
        own = [run for run in runs if _made_at(run.path) == model.card.created_at]
        folder = (own or runs)[-1].path if runs else find_run(RUNS, name)
        return load_split(folder / "split.csv")
    except CloseupError as error:
        raise BenchError(f"Which pictures {name!r} has not learnt from is said by its run, and: {error}") from error


def _made_at(run: Path) -> str | None:
    """When the model in a run's folder was made; None where there is none yet."""
    path = run / "model.onnx"
    return read_card(path).created_at if path.is_file() else None


def our_crops(model: ResolvedModel, faces: FaceSet) -> Image:
    """Every face as our model is shown it: (N, P, P, 3); the whole picture where no face was found."""
    return np.stack(
        [
            model.classifier.crop(image, picture.landmarks_xy, picture.box_xyxy)
            for image, picture in zip(faces.images(), faces.pictures, strict=True)
        ]
    )
