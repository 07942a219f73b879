"""Make the one table that recipes/attributes.toml learns from, out of faces that `closeup data crop-faces` cut.

    closeup data crop-faces UTKFACE/labels.csv faces/utkface --size 112 --margin 0.15 --keep-missed
    closeup data crop-faces MASKS/labels.csv faces/mask3 --size 112 --margin 0.15 --keep-missed
    closeup data crop-faces LFW/images faces/lfw-bare --size 112 --margin 0.15
    closeup data crop-faces STREET/photos.csv faces/ccp --size 112 --margin 0.15
    python recipes/attributes_data.py faces LFW/images MODELS

UTKFace's labels.csv has path, age, gender; that of the masks has path, label (mask, no_mask, incorrect), kind (real or
synthetic), source (where the picture comes from). Labeled Faces in the Wild is a folder for each person, and STREET any
photos of people with bare faces (path). Some faces of FER2013 come along, cut by `closeup data crop-faces FER2013.zip
faces/fer --size 96`.

Bare faces come from five sources. So that none of them tells that a face is bare, masks are painted on some of each
(painted_masks.py). Where a source says who is in a picture, its names are kept; elsewhere people are told apart by the
name or number in the source's own file names where there is one, and by faces that closeup's embedder holds for one
person. Pictures of one person get one group, painted ones too, and never lie on two sides of a split.

The gender of the people in Labeled Faces in the Wild is told by another network (attributes-gender.csv: soft labels),
one answer for all pictures of a person, where it is sure of it.
"""

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from closeup.core.settings import read_settings
from closeup.core.types import FloatArray
from closeup.media.image import read_image
from closeup.perception.face_crop import FRAMES
from closeup.perception.registry import face_models, load_embedder
from closeup.weights.cards import card
from painted_masks import paint_mask

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from judged_faces import read_faces
from rival_networks import ages_and_genders

SAME = 0.97
"""Cosine, with dlib-resnet-128, from which two faces are one person: far above its thresholds for pairs, since among
millions of pairs, many of them of babies, one false accept in ten thousand would join everybody with everybody."""

COLUMNS = ("path", "mask", "gender", "age", "group", "kind", "set")

MARGIN = 0.15
"""What the commands above cut more around the face; FER2013's faces are cut without."""

FER_PICTURES = 2500
"""So many of FER2013's faces: it has ten times more, all grey, small and cut closely."""

UNNAMED = ("utkface", "mask3")
"""Sources in which people may be there more than once, and that have no names."""

PAINTED_SHARE = {"utkface": 0.25, "lfw-bare": 0.35, "fer": 0.35, "ccp": 0.6}
"""Of so many pictures of each source there is one more, with a painted mask."""

BADLY_WORN = 0.45
"""Share of the painted masks that are badly worn."""

SURE = 0.9
"""How likely a gender has to be, by all pictures of a person, to be taken for a soft label."""

Row = dict[str, str]


def main(folder: Path, lfw: Path, models: Path) -> None:
    """Write FOLDER/attributes.csv, FOLDER/attributes-gender.csv and the pictures in FOLDER/painted."""
    bare = [*_bare(folder, "lfw-bare"), *_bare(folder, "fer"), *_bare(folder, "ccp")]
    rows = [*_utkface(folder / "utkface"), *_masks(folder / "mask3"), *bare]
    rows += _painted(folder, rows)
    links = [*_by_name(rows), *_by_face(folder, rows)]
    ends = np.array(links, np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(rows), len(rows)))
    count, groups = connected_components(graph, directed=False)
    for row, group in zip(rows, groups, strict=True):
        row["group"] = f"g{group}"
    _write(folder / "attributes.csv", COLUMNS, rows)
    _write(folder / "attributes-gender.csv", ("key", "p_female", "p_male"), _genders(lfw, models, rows))
    print(  # noqa: T201
        f"{folder / 'attributes.csv'}: {len(rows)} pictures of {count} people, the largest group "
        f"{np.bincount(groups).max()}"
    )


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


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


def _bare(folder: Path, source: str) -> list[Row]:
    """Faces without a mask, and nothing else known of them but, for Labeled Faces in the Wild, whose they are."""
    with (folder / source / "labels.csv").open(newline="", encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["face"] == "found"]
    if source == "fer":
        chosen = np.random.default_rng(0).permutation(len(found))[:FER_PICTURES]
        found = [found[index] for index in sorted(chosen)]
    return [
        {
            "path": f"{source}/{row['path']}",
            "mask": "no_mask",
            "gender": "",
            "age": "",
            "kind": "real",
            "set": source,
            "name": row["class"] if source == "lfw-bare" else f"{source}/{row['path']}",
        }
        for row in found
    ]


def _painted(folder: Path, rows: list[Row]) -> list[Row]:
    """One more row, and picture, with a painted mask for some of the bare faces."""
    chance = np.random.default_rng(1)
    painted = []
    for row in rows:
        if chance.random() >= PAINTED_SHARE.get(row["set"], 0):
            continue
        wearing = "incorrect" if chance.random() < BADLY_WORN else "mask"
        frame = FRAMES["expression"].widened(0.0 if row["set"] == "fer" else MARGIN)
        path = Path("painted", row["path"]).with_suffix(".jpg")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        picture = paint_mask(read_image(folder / row["path"]), frame.alignment, wearing, chance)
        PillowImage.fromarray(picture).save(folder / path, quality=92)
        painted.append(row | {"path": path.as_posix(), "mask": wearing, "kind": "painted"})
    return painted


def _genders(lfw: Path, models: Path, rows: list[Row]) -> list[Row]:
    """What Open Model Zoo's age-gender-recognition-retail-0013 says of people, as the soft labels of their pictures."""
    faces = read_faces("lfw-bare", lfw)
    _, chances = ages_and_genders(faces, models, 1.2)
    by_person: dict[str, list[float]] = defaultdict(list)
    for picture, chance in zip(faces.pictures, chances, strict=True):
        by_person[picture.labels["class"]].append(float(chance[1]))
    males = {person: float(np.mean(told)) for person, told in by_person.items()}
    return [
        {"key": row["path"], "p_female": f"{1 - males[row['name']]:.4f}", "p_male": f"{males[row['name']]:.4f}"}
        for row in rows
        if row["set"] == "lfw-bare" and max(males[row["name"]], 1 - males[row["name"]]) >= SURE
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
    at = [index for index, row in enumerate(rows) if row["mask"] == "no_mask" and row["set"] in UNNAMED]
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
            crop = embedder.crop(image, found.landmarks_xy[0] - np.float32(40))
            vectors[index] = embedder.embed(crop[None])[0]
    return vectors


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
