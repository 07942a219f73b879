"""From tracks to people: cluster the sure ones strictly, merge clusters by face and clothing, then place the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering import cluster
from closeup.algorithms.merging import MergeItems, MergeStep, MergeThresholds, merge
from closeup.algorithms.similarity import l2_normalise
from closeup.core.types import FloatArray, Track
from closeup.features.cast.baseline import PersonRule
from closeup.features.cast.people import founds_person
from closeup.features.cast.vectors import TrackVectors
from closeup.weights.cards import ModelCard

NOBODY = -1
"""Label of a track that belongs to no person."""

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupingOptions:
    """How tracks become people; distances are cosine distances, 0 to 2.

    Attributes:
        cluster: Tracks this close by face are one person, before anything is merged.
        thresholds: Of the merge rounds.
        attach: A weak track joins the person whose tracks are this close by face, on average.
        rule: Which tracks found a person; weaker ones only join.
        centre: Shape (D,) or empty: where the vectors of smears, cats and backs of heads gather.
        generic: Vectors whose cosine to `centre` is above this say nothing about who it is, and are left aside.
    """

    cluster: float
    thresholds: MergeThresholds
    attach: float
    rule: PersonRule
    centre: tuple[float, ...] = ()
    generic: float = 1.0


@dataclass(frozen=True, slots=True)
class Grouping:
    """Who is who.

    Attributes:
        labels: Shape (T,), int64: the person of each track, or NOBODY.
        clusters_before: How many persons the founding tracks made before merging.
        steps: The merges, in order.
    """

    labels: IntArray
    clusters_before: int
    steps: tuple[MergeStep, ...]


def grouping_options(embedder: ModelCard, rule: PersonRule, *, with_clothing: bool) -> GroupingOptions:
    """Read the thresholds off the embedder's card."""
    limits = {name: threshold.value for name, threshold in embedder.thresholds.items()}
    return GroupingOptions(
        cluster=limits["cluster"],
        thresholds=MergeThresholds(
            face_hard=limits["face_hard"],
            clothing_hard=limits["clothing_hard"] if with_clothing else None,
            face_soft=limits["face_soft"] if with_clothing else None,
            clothing_soft=limits["clothing_soft"] if with_clothing else None,
            face_veto=limits["face_veto"],
        ),
        attach=limits["attach"],
        rule=rule,
        centre=embedder.centre,
        generic=limits.get("generic", 1.0),
    )


def group_tracks(tracks: Sequence[Track], vectors: TrackVectors, options: GroupingOptions) -> Grouping:
    """Say which tracks belong to one person.

    Args:
        tracks: The tracks, T of them.
        vectors: Their vectors, made by the embedder whose thresholds `options` holds.
        options: How strict to be.
    """
    labels = np.full(len(tracks), NOBODY, np.int64)
    vectors = telling(vectors, options)
    known = known_tracks(vectors, len(tracks))
    founding = np.array([i for i in known if founds_person(tracks[i].faces, options.rule)], np.int64)
    if len(founding) == 0:
        return Grouping(labels, 0, ())
    faces, weights = track_faces(vectors, len(tracks))
    cannot = cannot_link(tracks)
    local = _renumbered(cannot, founding, len(tracks))
    before = cluster(faces[founding], options.cluster, local, weights[founding])
    merged = merge(
        _merge_items(before, faces[founding], vectors.clothing[founding], weights[founding], local), options.thresholds
    )
    labels[founding] = merged.labels[before]
    weak = [int(i) for i in known if labels[i] == NOBODY]
    _attach(labels, weak, faces, cannot, options.attach)
    return Grouping(labels, int(before.max()) + 1, merged.steps)


def telling(vectors: TrackVectors, options: GroupingOptions) -> TrackVectors:
    """Leave out the face vectors that say nothing about who it is; clothing stays as it is."""
    if not options.centre or not len(vectors.face):
        return vectors
    kept = vectors.face @ np.array(options.centre, np.float32) <= options.generic
    return replace(
        vectors,
        face=vectors.face[kept],
        face_track=vectors.face_track[kept],
        face_frame=vectors.face_frame[kept],
        face_quality=vectors.face_quality[kept],
    )


def known_tracks(vectors: TrackVectors, count: int) -> IntArray:
    """Indices, ascending (K,), of the tracks that have a face vector."""
    return np.flatnonzero(np.bincount(vectors.face_track, minlength=count)[:count] > 0).astype(np.int64)


def track_faces(vectors: TrackVectors, count: int) -> tuple[FloatArray, FloatArray]:
    """One face vector a track, (T, D), L2-normalised quality-weighted mean, zeros where unknown; and weights (T,)."""
    quality = vectors.face_quality.astype(np.float64) + 0.05
    sums = np.zeros((count, vectors.face.shape[1]))
    np.add.at(sums, vectors.face_track, vectors.face * quality[:, None])
    weights = np.bincount(vectors.face_track, weights=quality, minlength=count)[:count]
    known = weights > 0
    sums[known] = l2_normalise(sums[known])
    return sums.astype(np.float32), weights.astype(np.float32)


def cannot_link(tracks: Sequence[Track]) -> IntArray:
    """Pairs (K, 2) of tracks that share a sampled frame: two faces in one picture are two people."""
    by_frame: dict[int, list[int]] = {}
    for index, track in enumerate(tracks):
        for face in track.faces:
            by_frame.setdefault(face.frame, []).append(index)
    pairs = {(a, b) for present in by_frame.values() for a in present for b in present if a < b}
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def _renumbered(pairs: IntArray, kept: IntArray, count: int) -> IntArray:
    """The pairs among the `kept` items only, by their place in `kept`."""
    place = np.full(count, NOBODY, np.int64)
    place[kept] = np.arange(len(kept))
    moved = place[pairs]
    return moved[(moved >= 0).all(axis=1)]


def _merge_items(
    labels: IntArray, faces: FloatArray, clothing: FloatArray, weights: FloatArray, cannot: IntArray
) -> MergeItems:
    """Clusters as items to merge: mean vectors, weights, and the pairs of clusters that may not meet."""
    count = int(labels.max()) + 1
    face_means = l2_normalise(_means(labels, faces, weights, count))
    worn = np.isfinite(clothing).all(axis=1)
    clothing_means = np.full((count, clothing.shape[1]), np.nan)
    dressed = np.unique(labels[worn])
    clothing_means[dressed] = l2_normalise(_means(labels[worn], clothing[worn], weights[worn], count)[dressed])
    apart = np.unique(np.sort(labels[cannot], axis=1), axis=0).reshape(-1, 2)
    totals = np.bincount(labels, weights=weights, minlength=count).astype(np.float64)
    return MergeItems(face=face_means, clothing=clothing_means, weights=totals, cannot_link=apart)


def _means(labels: IntArray, vectors: FloatArray, weights: FloatArray, count: int) -> NDArray[np.float64]:
    """Weighted sums (count, D) of the vectors (N, D) under each label; direction is all that matters."""
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, labels, vectors * weights[:, None].astype(np.float64))
    return sums


def _attach(labels: IntArray, weak: list[int], faces: FloatArray, cannot: IntArray, limit: float) -> None:
    """Give each weak track to the person whose tracks are nearest on average, where near enough and not with them.

    All weak tracks are measured against the people as they were founded, best match first, so that their order
    changes nothing and they do not lend each other a hand.
    """
    people = np.unique(labels[labels != NOBODY])
    if not weak or len(people) == 0:
        return
    # The product with the mean of unit vectors is the mean of the products: the average of the distances.
    means = np.stack([faces[labels == person].mean(axis=0, dtype=np.float64) for person in people])
    distances = 1 - faces[weak] @ means.T  # (weak, people)
    neighbours: dict[int, set[int]] = {}
    for a, b in cannot.tolist():
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    for row in np.argsort(distances.min(axis=1), kind="stable"):
        column = int(distances[row].argmin())
        person, track = int(people[column]), weak[int(row)]
        met = {int(labels[other]) for other in neighbours.get(track, ())}
        if distances[row, column] <= limit and person not in met:
            labels[track] = person
