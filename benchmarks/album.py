"""Albums: closeup's people among photos of Labeled Faces in the Wild, beside the ways of others on the same vectors.

All faces of all photos are described once, by closeup; every way groups these vectors. What is judged is the face in
the middle of each photo, whose name is known. The rivals' ways are written out here as their makers publish them, with
the thresholds of their own networks and, since these vectors come from another one, with the threshold at which each
does best here: that one has seen the answers, which closeup has not.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from sklearn.cluster import DBSCAN

from bench import Bench
from closeup.core.types import Cast
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.together import make_album_folder
from closeup.weights.cards import card
from tables import Cell, Claim, Section, Table

Labels = NDArray[np.int64]

WANTED_F1 = 0.985
ALIASES = {"Dai_Chul_Chyung": "Chyung_Dai-chul", "Hassan_Wirajuda": "Hasan_Wirayuda"}
"""People who have two names in the set; looked at, they are one."""

SWEPT = tuple(round(0.3 + 0.02 * step, 2) for step in range(21))
"""Cosine distances at which each rival is tried."""

ROUNDS = 100
"""Of Chinese whispers, as dlib.chinese_whispers_clustering has it."""


def measure(bench: Bench) -> Section:
    """Make the album, or take it where it is known, and judge each way."""
    folder = bench.out / "lfw-album.cast"
    photos = bench.shared / "data" / "lfw" / "images"
    places = sorted(photos.iterdir())[: 60 if bench.quick else None]
    make_album_folder(places, folder, overwrite=True)
    kept = CastFolder(folder)
    cast = kept.cast()
    vectors = kept.vectors(cast).face.astype(np.float64)
    truth, judged = owners(cast)
    found = {"closeup": people_of(cast)} | rivals(vectors, truth, judged)
    several = np.bincount(truth[judged])[truth[judged]] > 1
    rows: list[tuple[Cell, ...]] = []
    for name, labels in found.items():
        every, shared = bcubed(labels[judged], truth[judged]), bcubed(labels[judged], truth[judged], several)
        mixed = sum(len(set(truth[judged][labels[judged] == label])) > 1 for label in set(labels[judged].tolist()))
        rows.append((name, *shared, *every, mixed, len(set(labels[judged].tolist()))))
    people = len(set(truth[judged].tolist()))
    columns = ("way", *("precision", "recall", "F1") * 2, "people mixed", "people found")
    note = (
        f"{len(cast.parts)} photos, {len(cast.tracks)} faces, {judged.sum()} judged, of {people} people, of whom "
        f"{len(set(truth[judged][several].tolist()))} have two photos and more. BCubed: first over the photos of "
        "those, then over all photos."
    )
    f1 = float(str(rows[0][3]))
    claims = (
        Claim(f"closeup's F1 on people with two photos and more: {f1}", f1 >= WANTED_F1),
        Claim(f"nobody is mixed: {rows[0][7]}", rows[0][7] == 0),
        Claim("no rival has a higher F1", all(float(str(row[3])) <= f1 for row in rows)),
    )
    return Section(
        "Albums: Labeled Faces in the Wild", (Table("People of an album", columns, tuple(rows), note),), claims
    )


def owners(cast: Cast) -> tuple[Labels, NDArray[np.bool_]]:
    """Who each face (T,) is, by the folder that its photo lies in, and which ones are judged: those in the middle."""
    names = {name: n for n, name in enumerate(sorted({_name(part.video.path) for part in cast.parts}))}
    truth, judged = np.empty(len(cast.tracks), np.int64), np.zeros(len(cast.tracks), np.bool_)
    nearest: dict[int, tuple[float, int]] = {}
    for index, track in enumerate(cast.tracks):
        video = cast.parts[track.shot].video
        truth[index] = names[_name(video.path)]
        box = track.faces[0].box_xyxy
        away = float(np.hypot((box[0] + box[2] - video.width) / 2, (box[1] + box[3] - video.height) / 2))
        nearest[track.shot] = min(nearest.get(track.shot, (np.inf, -1)), (away, index))
    judged[[index for _, index in nearest.values()]] = True
    return truth, judged


def _name(path: str) -> str:
    """Who a photo is of."""
    folder = PurePosixPath(path).parent.name
    return ALIASES.get(folder, folder)


def people_of(cast: Cast) -> Labels:
    """The person of each face (T,), passers-by too; who belongs to nobody stands alone."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(track.person or track.id, len(numbers)) for track in cast.tracks], np.int64)


def rivals(vectors: NDArray[np.float64], truth: Labels, judged: NDArray[np.bool_]) -> dict[str, Labels]:
    """Each rival's groups of the vectors (T, D), as published and at its best."""
    published = 1 - card("sface-2021dec").thresholds["published"].value
    ways: dict[str, Callable[[float], Labels]] = {
        "DBSCAN, 3 faces (immich)": lambda limit: dbscan(vectors, limit, 3),
        "DBSCAN, 4 faces (PhotoPrism)": lambda limit: dbscan(vectors, limit, 4),
        "DBSCAN, 2 faces (InsightFace)": lambda limit: dbscan(vectors, limit, 2),
        "Chinese whispers (dlib)": lambda limit: chinese_whispers(vectors, limit),
    }
    own = dict(zip(ways, (0.5, 0.64**2 / 2, 0.48, published), strict=True))
    found = {}
    for name, way in ways.items():
        found[f"{name}, {own[name]:.3f} as published"] = way(own[name])
        scored = [
            (bcubed(labels[judged], truth[judged], None)[2], limit, labels)
            for limit in SWEPT
            for labels in [way(limit)]
        ]
        _, limit, labels = max(scored, key=lambda each: each[:2])
        found[f"{name}, {limit:.2f} best here"] = labels
    return found


def dbscan(vectors: NDArray[np.float64], limit: float, faces: int) -> Labels:
    """Density-based groups of unit vectors (T, D): `faces` within a cosine distance make a core; noise stands alone."""
    labels = DBSCAN(eps=np.sqrt(2 * limit), min_samples=faces, n_jobs=1).fit_predict(vectors).astype(np.int64)
    alone = labels < 0
    labels[alone] = labels.max(initial=-1) + 1 + np.arange(alone.sum())
    return labels


def chinese_whispers(vectors: NDArray[np.float64], limit: float, seed: int = 0) -> Labels:
    """Biemann's Chinese whispers on unit vectors (T, D), edges up to a cosine distance, as dlib does it.

    A node drawn at random takes the label that most of its neighbours have, again and again.
    """
    rows, columns = np.nonzero(vectors @ vectors.T >= 1 - limit)
    different = rows != columns
    edges = coo_array(
        (np.ones(different.sum()), (rows[different], columns[different])), shape=(len(vectors),) * 2
    ).tocsr()
    labels, draw = np.arange(len(vectors)), np.random.default_rng(seed)
    neighbours = np.split(edges.indices, edges.indptr[1:-1])
    linked = np.flatnonzero(np.diff(edges.indptr))
    for node in draw.choice(linked, ROUNDS * len(vectors)).tolist() if len(linked) else ():
        seen, counts = np.unique(labels[neighbours[node]], return_counts=True)
        labels[node] = seen[counts.argmax()]
    return labels.astype(np.int64)


def bcubed(labels: Labels, truth: Labels, which: NDArray[np.bool_] | None = None) -> tuple[float, float, float]:
    """BCubed precision, recall and F1 of groups (N,) against the truth (N,), as means over the items `which` (N,)."""
    pairs = np.stack([labels, truth], axis=1)
    _, place, together = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    both = together[place.ravel()]
    of_group, of_truth = np.bincount(labels)[labels], np.bincount(truth)[truth]
    chosen: Sequence[bool] | slice = slice(None) if which is None else which.tolist()
    precision, recall = float((both / of_group)[chosen].mean()), float((both / of_truth)[chosen].mean())
    return round(precision, 4), round(recall, 4), round(2 * precision * recall / (precision + recall), 4)
