"""Make the soft labels that recipes/expression.toml learns from: what three networks say of each training face.

    python recipes/expression_teachers.py faces FER2013.zip LFW/emotion_labels.csv RUN MODELS

RUN is the finished run of recipes/expression-first.toml, MODELS a folder with emotions_0003.onnx (Open Model Zoo,
emotions-recognition-retail-0003) and faceapi_expression.onnx (face-api). The labels of FER2013 are noisy: people agree
on two of three. The three networks make other mistakes than its annotators, and together fewer than each: a logistic
regression weighs their answers, learnt from training pictures alone (Hinton et al. 2015; Furlanello et al. 2018).

Nearly all faces of Labeled Faces in the Wild are neutral or happy. There the first generation is left out, which has
learnt that, and the weighing is evened out halfway.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.labels.linear_probe import LinearProbe, fit_probe
from closeup.workbench.datasets.splits import load_split
from closeup.workbench.models import ResolvedModel, resolve_model

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from judged_faces import FaceSet, our_crops, read_faces
from rival_networks import EMOTIONS_0003, FACE_API, WHOLE, expressions

Numbers = NDArray[np.float64]

HEAD = "expression"

EVEN_FER, EVEN_LFW = 0.25, 0.5
"""How far a set's shares of classes are evened out: 0 leaves them, 1 makes all classes alike."""


def main(folder: Path, fer_path: Path, lfw_path: Path, run: Path, models: Path) -> None:
    """Write FOLDER/expression-teachers.csv."""
    first = resolve_model(str(run), runs_dir=run.parent)
    classes = first.card.head(HEAD).classes
    sides = load_split(run / "split.csv").sides
    fer = read_faces("fer", fer_path).only(lambda it: it.labels["split"] == "train")
    lfw = read_faces("lfw", lfw_path).only(lambda it: sides.get(f"lfw/{it.name}") == "train")
    told_fer = np.hstack([_others(fer, models, (WHOLE, 1.0), classes), _own(first, fer)])
    told_lfw = _others(lfw, models, (1.0, 1.15), classes)
    fer_labels = ["anger" if name == "angry" else name for name in fer.column("class")]
    rows = [
        *_rows("fer2013-train", fer, _weighed(told_fer, fer_labels, classes, 0.002, EVEN_FER)),
        *_rows("lfw", lfw, _weighed(told_lfw, lfw.column("emotion"), classes, 0.006, EVEN_LFW)),
    ]
    with (folder / "expression-teachers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", *(f"p_{name}" for name in classes)])
        writer.writerows(rows)


def _others(faces: FaceSet, models: Path, scales: tuple[float, ...], classes: tuple[str, ...]) -> Numbers:
    """Log probabilities (N, 4 * K) of the two other networks, each shown the faces in two ways."""
    asked = [
        expressions(rival, faces, models, scale, classes) for rival in (FACE_API, EMOTIONS_0003) for scale in scales
    ]
    return np.log(np.hstack(asked).clip(1e-6))


def _own(model: ResolvedModel, faces: FaceSet) -> Numbers:
    """Log probabilities (N, K) of the first generation, of faces and their mirror images."""
    crops = our_crops(model, faces)
    both = [model.classifier.answers(np.ascontiguousarray(way))[HEAD] for way in (crops, crops[:, :, ::-1])]
    return np.log(np.mean(both, axis=0).astype(np.float64).clip(1e-6))


def _weighed(told: Numbers, labels: list[str], classes: tuple[str, ...], penalty: float, even: float) -> Numbers:
    """Probabilities (N, K) out of what all have said, fitted to the labels."""
    places = np.array([classes.index(name) for name in labels])
    shares = (np.bincount(places, minlength=len(classes)) + 1) / (len(places) + len(classes))
    probe = fit_probe(told, places, len(classes), penalty=penalty)
    return LinearProbe(probe.weights, probe.biases - even * np.log(shares)).probabilities(told)


def _rows(source: str, faces: FaceSet, chances: Numbers) -> list[list[str]]:
    return [
        [f"{source}/{picture.name}", *(f"{chance:.5f}" for chance in row)]
        for picture, row in zip(faces.pictures, chances, strict=True)
    ]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]))
