"""Make the one table that recipes/attributes.toml learns from, out of faces that `closeup data crop-faces` cut.

    closeup data crop-faces UTKFACE/labels.csv faces/utkface --size 112 --margin 0.15 --keep-missed
    closeup data crop-faces MASKS/labels.csv faces/mask3 --size 112 --margin 0.15 --keep-missed
    python recipes/attributes_data.py faces

UTKFace's labels.csv has path, age, gender; that of the masks has path, label (mask, no_mask, incorrect), kind (real or
synthetic), source (where the picture comes from). Neither says who is in a picture, so that people are told apart
here: by the name or number in the source's own file names where there is one, and by faces that closeup's embedder
holds for one person. Pictures of one person get one group, and never lie on two sides of a split.
"""

import csv
import re
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from closeup.core.settings import read_settings
from closeup.core.types import FloatArray
from closeup.media.image import read_image
from closeup.perception.registry import face_models, load_embedder
from closeup.weights.cards import card

SAME = 0.97
"""Cosine, with dlib-resnet-128, from which two faces are one person: far above its thresholds for pairs, since among
millions of pairs, many of them of babies, one false accept in ten thousand would join everybody with everybody."""

COLUMNS = ("path", "mask", "gender", "age", "group", "kind", "set")

Row = dict[str, str]


def main(folder: Path) -> None:
    """Write FOLDER/attributes.csv."""
    rows = [*_utkface(folder / "utkface"), *_masks(folder / "mask3")]
    links = [*_by_name(rows), *_by_face(folder, rows)]
    ends = np.array(links, np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(rows), len(rows)))
    count, groups = connected_components(graph, directed=False)
    for row, group in zip(rows, groups, strict=True):
        row["group"] = f"g{group}"
    with (folder / "attributes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: row[name] for name in COLUMNS} for row in rows)
    print(  # noqa: T201
        f"{folder / 'attributes.csv'}: {len(rows)} pictures of {count} people, the largest group "
        f"{np.bincount(groups).max()}"
    )


def _utkface(folder: Path) -> list[Row]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [
            {
                "path": f"utkface/{row['path']}",
                "mask": "no_mask",
                "gender": row["gender"],
                "age": row["age"],
                "kind": "real",
                "set": "utkface",
                "name": row["path"],
            }
            for row in csv.DictReader(file)
        ]


def _masks(folder: Path) -> list[Row]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [
            {
                "path": f"mask3/{row['path']}",
                "mask": row["label"],
                "gender": "",
                "age": "",
                "kind": row["kind"],
                "set": "mask3",
                "name": _person(row["path"], row["source"], row["kind"]),
            }
            for row in csv.DictReader(file)
        ]


def _person(path: str, source: str, kind: str) -> str:
    """Who is in a picture of a mask as far as names say: the face that a mask was painted on, the person, the photo."""
    if kind == "synthetic":
        number = re.search(r"(\d{5})", path)
        return f"synthetic {number.group(1)}" if number else path
    name = source.rpartition("/")[2].rpartition(".")[0]
    person = re.fullmatch(r"\d_\d_([a-z]+)_\d+", name)
    return person.group(1) if person else name.split(" copy")[0]


def _by_name(rows: list[Row]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first.setdefault(row["name"], at), at) for at, row in enumerate(rows)]


def _by_face(folder: Path, rows: list[Row]) -> list[tuple[int, int]]:
    """Pairs of pictures of one set whose faces are alike. Masks hide what the embedder looks at: names only there."""
    at = [index for index, row in enumerate(rows) if row["mask"] == "no_mask"]
    vectors = _vectors(folder, [rows[index]["path"] for index in at])
    first, second = np.nonzero(np.triu(vectors @ vectors.T >= SAME, 1))
    return [(at[a], at[b]) for a, b in zip(first, second, strict=True)]


def _vectors(folder: Path, paths: list[str]) -> FloatArray:
    detector = face_models("auto").new_detector()
    embedder = load_embedder(card("dlib-resnet-128"), read_settings())
    vectors = np.zeros((len(paths), embedder.dim), np.float32)
    for index, path in enumerate(paths):
        image = read_image(folder / path)
        found = detector.detect(np.pad(image, ((40, 40), (40, 40), (0, 0)), mode="edge"))
        if len(found):
            crop = embedder.crop(image, found.crop_xy[0] - np.float32(40))
            vectors[index] = embedder.embed(crop[None])[0]
    return vectors


if __name__ == "__main__":
    main(Path(sys.argv[1]))
