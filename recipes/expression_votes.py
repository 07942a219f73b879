"""Make what recipes/expression.toml learns from: people's votes, and what two other networks say.

    python recipes/expression_votes.py FACES VOTES.csv LFW/emotion_labels.csv UTKFACE/labels.csv MODELS

FACES is the folder that the commands at the top of recipes/expression.toml fill, VOTES.csv the ten votes for each
face of FER2013 (FER+, Barsoum et al. 2016: path, neutral, happiness, ...), MODELS a folder with faceapi_expression.onnx
(face-api) and emotions_0003.onnx (Open Model Zoo's emotions-recognition-retail-0003).

Written are fer-whole/plus.csv, lfw/plus.csv and utk/plus.csv, which say who learns, chooses and reports, and two tables
of probabilities. expression-votes.csv, of which the first part learns, has

* of FER2013's faces `VOTES` of the votes for the seven expressions (contempt, of which there is no class, and "unknown"
  are left out of the sum), and for the rest FER2013's own label, which says what was searched for rather than what is
  seen, and knows more fear and disgust than the voters do. Faces that most voters call no face, unknown or contempt are
  left out;
* of Labeled Faces in the Wild the noisy label.

expression-teachers.csv, of which the second part learns, has `TEACHERS` of the two networks in the first, weighed by a
logistic regression against the votes and evened out halfway, since the voters seldom see disgust, fear and anger;
half in the second; and the networks alone for UTKFace, which has no label of expression.

Rare expressions come several times in an epoch (`OFTEN`).
"""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.labels.linear_probe import LinearProbe, fit_probe
from closeup.core.types import Image
from closeup.core.whole import write_whole
from closeup.media.image import decode_image
from closeup.media.square import square
from closeup.workbench.datasets.reading import open_dataset, open_one
from closeup.workbench.datasets.splits import make_split
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe, SplitRecipe

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from judged_faces import FaceSet, read_faces
from rival_networks import CLASSES as RIVAL_CLASSES
from rival_networks import EMOTIONS_0003, FACE_API, expressions, named

Numbers = NDArray[np.float64]

HEAD = "expression"
CLASSES = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
VOTED = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""What the votes call them."""
LEFT_OUT = ("contempt", "unknown", "NF")

VOTES = 0.8
"""Share of the votes in what is learnt of FER2013's faces; the rest is its own label."""

TEACHERS = 0.3
"""Share of the two networks afterwards."""

MAJORITY = 5
"""Votes of ten that a face of val needs to be judged by."""

EVEN = 0.5
"""How far the networks' shares of classes are evened out: 0 leaves them, 1 makes all classes alike."""

OFTEN = {"disgust": 6, "fear": 3, "anger": 2, "sad": 1, "surprise": 1, "happy": 1, "neutral": 1}
"""How often a face of FER2013 is seen in an epoch, by what most voters call it."""


@dataclass(frozen=True)
class Voted:
    """A face of FER2013 and its votes, (10,): for the seven classes, then for what is left out."""

    path: str
    votes: Numbers

    @property
    def shares(self) -> Numbers:
        """Of the votes for the seven classes, (7,)."""
        seven = self.votes[: len(CLASSES)]
        return np.asarray(seven / seven.sum())

    @property
    def is_train(self) -> bool:
        """Whether it is learnt from."""
        return self.path.startswith("train/")

    @property
    def own(self) -> str:
        """FER2013's own label."""
        name = self.path.split("/")[1]
        return "anger" if name == "angry" else name

    @property
    def label(self) -> str:
        """What most voters call it; "" where that is none of the seven."""
        best = int(self.votes.argmax())
        return CLASSES[best] if best < len(CLASSES) else ""


def main(folder: Path, votes: Path, lfw: Path, utk: Path, models: Path) -> None:
    """Write the tables."""
    faces_fer = [face for face in _votes(votes) if face.label and (face.is_train or face.votes.max() >= MAJORITY)]
    faces_lfw = _share_out_lfw(folder, read_faces("lfw", lfw))
    _write(
        folder / "fer-whole" / "plus.csv",
        [
            {"path": face.path, HEAD: face.label, "split": face.path.split("/")[0], "often": OFTEN[face.label]}
            for face in faces_fer
        ],
    )
    learnt = [face for face in faces_fer if face.is_train]
    told_fer = VOTES * np.array([face.shares for face in learnt]) + (1 - VOTES) * _rows_of(face.own for face in learnt)
    told_lfw = _rows_of(faces_lfw.column("emotion"))
    keys = [f"fer-{OFTEN[face.label]}/{face.path}" for face in learnt]
    keys_lfw = [f"lfw/{picture.name}" for picture in faces_lfw.pictures]
    _write_soft(folder / "expression-votes.csv", [*keys, *keys_lfw], np.vstack([told_fer, told_lfw]))

    taught_fer = _taught_by_votes(folder, learnt, models)
    taught_lfw = _mean(_asked(folder / "lfw" / "teachers.npz", lambda: _of_faces(faces_lfw, models)))
    faces_utk = read_faces("utk", utk)
    _write(folder / "utk" / "plus.csv", [{"path": picture.name, HEAD: ""} for picture in faces_utk.pictures])
    taught_utk = _mean(_asked(folder / "utk" / "teachers.npz", lambda: _of_faces(faces_utk, models)))
    both = [(1 - TEACHERS) * told_fer + TEACHERS * taught_fer, (told_lfw + taught_lfw) / 2, taught_utk]
    keys_utk = [f"utk/{picture.name}" for picture in faces_utk.pictures]
    _write_soft(folder / "expression-teachers.csv", [*keys, *keys_lfw, *keys_utk], np.vstack(both))


def _taught_by_votes(folder: Path, learnt: list[Voted], models: Path) -> Numbers:
    """What the two networks say of FER2013's faces (N, 7), weighed by a regression against the votes."""
    asked = _asked(
        folder / "fer-whole" / "teachers.npz",
        lambda: _of_pictures(folder / "fer-whole", [face.path for face in learnt], models),
    )
    given = np.log(np.hstack(asked).clip(1e-6))
    places = np.array([CLASSES.index(face.label) for face in learnt])
    probe = fit_probe(given, places, len(CLASSES), penalty=0.002)
    shares = np.bincount(places, minlength=len(CLASSES)) / len(places)
    return LinearProbe(probe.weights, probe.biases - EVEN * np.log(shares)).probabilities(given)


def _votes(path: Path) -> list[Voted]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Voted(row["path"], np.array([float(row[name]) for name in (*VOTED, *LEFT_OUT)]))
            for row in csv.DictReader(file)
        ]


def _rows_of(names: Iterable[str]) -> Numbers:
    """One-hot rows (N, 7)."""
    return np.eye(len(CLASSES))[[CLASSES.index(name) for name in names]]


def _share_out_lfw(folder: Path, faces: FaceSet) -> FaceSet:
    """Share out the people of Labeled Faces in the Wild; the faces that are learnt from."""
    source = DataSource(str(folder / "lfw" / "labels.csv"), "lfw", fields={HEAD: "emotion"}, group_column="identity")
    dataset = open_dataset([source], base=Path(), heads=[HeadRecipe(HEAD, classes=CLASSES)])
    # First as the two generations before did it, so that the people kept apart stay the same.
    apart = make_split(dataset, SplitRecipe(val=0, test=0.4), HEAD).sides
    judged = make_split(dataset, SplitRecipe(val=0.15, test=0, seed=1), HEAD).sides
    sides = {key: "test" if apart[key] == "test" else judged[key] for key in apart}
    _write(
        folder / "lfw" / "plus.csv",
        [
            {
                "path": each.name,
                HEAD: each.labels["emotion"],
                "identity": each.labels["identity"],
                "split": sides[each.name],
            }
            for each in faces.pictures
        ],
    )
    return faces.only(lambda picture: sides[picture.name] == "train")


def _of_pictures(original: Path, paths: list[str], models: Path) -> list[Numbers]:
    """Probabilities (N, 7) of face-api and of Open Model Zoo's network, shown whole pictures."""
    data = open_one(original)
    items = {item.path: item for item in data.items}

    def shown(side: int) -> Iterator[Image]:
        for path in paths:
            yield square(decode_image(data.read_bytes(items[path]), path), side, "stretch")

    return [named(rival, rival.ask(models, shown(rival.side)), CLASSES) for rival in (FACE_API, EMOTIONS_0003)]


def _of_faces(faces: FaceSet, models: Path) -> list[Numbers]:
    """Probabilities (N, 7) of face-api and of Open Model Zoo's network, each shown the box that its makers say."""
    return [
        expressions(rival, faces, models, scale, CLASSES) for rival, scale in ((FACE_API, 1.0), (EMOTIONS_0003, 1.0))
    ]


def _asked(cache: Path, ask: Callable[[], list[Numbers]]) -> list[Numbers]:
    """What `ask` gives, from a file where it has been asked before: stopped, the same command goes on."""
    if not cache.is_file():
        buffer = io.BytesIO()
        np.savez(buffer, *ask())
        write_whole(cache, buffer.getvalue())
    with np.load(cache) as kept:
        return [kept[name] for name in kept.files]


def _mean(asked: list[Numbers]) -> Numbers:
    """The mean (N, 7) of two networks; of the classes that the second does not know, it leaves what the first says."""
    first, second = asked
    unknown = [CLASSES.index(name) for name in CLASSES if name not in RIVAL_CLASSES[EMOTIONS_0003.name]]
    rest = first[:, unknown].sum(axis=1, keepdims=True)
    filled = second / second.sum(axis=1, keepdims=True) * (1 - rest)
    filled[:, unknown] = first[:, unknown]
    return np.asarray((first + filled) / 2)


def _write_soft(path: Path, keys: list[str], soft: Numbers) -> None:
    columns = [f"p_{name}" for name in CLASSES]
    rows = zip(keys, soft, strict=True)
    _write(path, [{"key": key} | dict(zip(columns, (f"{p:.5f}" for p in row), strict=True)) for key, row in rows])


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]))
