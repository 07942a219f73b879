"""From tracks to people: cluster the sure ones strictly, merge clusters by face and clothing, then place the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.agglomerative import cluster
from closeup.algorithms.clustering.merging import MergeItems, MergeStep, MergeThresholds, merge
from closeup.algorithms.clustering.partition import TIE
from closeup.algorithms.clustering.similarity import cosines, l2_normalise
from closeup.core.types import FloatArray, Track
from closeup.documents.baseline import PersonRule
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.people import founds_person
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
        attach_faint: Likewise for a faint track, see `faint`.
        rule: Which tracks found a person; weaker ones only join.
        centre: Shape (D,) or empty: where the vectors of smears, cats and backs of heads gather.
        faint: Vectors whose cosine to `centre` is above this say too little to compare people by.
        generic: Above this they say nothing. A founding track between the two joins only who is very near, and else
            is a person of its own.
    """

    cluster: float
    thresholds: MergeThresholds
    attach: float
    attach_faint: float
    rule: PersonRule
    centre: tuple[float, ...] = ()
    faint: float = 1.0
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
        attach_faint=limits.get("attach_faint", 0.0),
        rule=rule,
        centre=embedder.centre,
        faint=limits.get("faint", 1.0),
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
    clear = telling(vectors, options.centre, options.faint)
    known = known_tracks(clear, len(tracks))
    faces, weights = track_faces(clear, len(tracks))
    together = cannot_link(tracks)
    cannot = np.concatenate([together, confusable(faces, together, options.cluster)])
    founding = _founding(tracks, known, options.rule)
    grouping = Grouping(labels, 0, ())
    if len(founding):
        local = _renumbered(cannot, founding, len(tracks))
        before = cluster(faces[founding], options.cluster, local, weights[founding])
        items = _merge_items(before, faces[founding], vectors.clothing[founding], weights[founding], local)
        merged = merge(items, options.thresholds)
        labels[founding] = merged.labels[before]
        grouping = Grouping(labels, int(before.max()) + 1, merged.steps)
        _attach(labels, faces, np.setdiff1d(known, founding), cannot, options.attach)
    hazy_faces, _ = track_faces(telling(vectors, options.centre, options.generic), len(tracks))
    hazy = np.setdiff1d(np.flatnonzero(hazy_faces.any(axis=1)), known)
    faces[hazy] = hazy_faces[hazy]
    alone = _founding(tracks, hazy, options.rule)
    _attach(labels, faces, alone, together, options.attach_faint)
    alone = alone[labels[alone] == NOBODY]
    labels[alone] = labels.max(initial=NOBODY) + 1 + np.arange(len(alone))
    return grouping


def _founding(tracks: Sequence[Track], indices: IntArray, rule: PersonRule) -> IntArray:
    """Those of the tracks at `indices` that may found a person."""
    return np.array([i for i in indices if founds_person(tracks[i].faces, rule)], np.int64)


def telling(vectors: TrackVectors, centre: tuple[float, ...], limit: float) -> TrackVectors:
    """Keep the face vectors whose cosine to `centre` (D,) is at most `limit`; clothing stays as it is."""
    if not centre or not len(vectors.face):
        return vectors
    kept = cosines(vectors.face, np.array(centre, np.float32)) <= limit
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


MIRRORED = 0.4
"""Two faces of one frame that are nearer than this share of the clustering threshold are one person and a mirror or a
screen, and teach nothing."""

CLEARLY_NEARER = 0.8
"""A link is believed at this share of the distance to somebody who is certainly another person."""


def confusable(faces: FloatArray, together: IntArray, limit: float) -> IntArray:
    """Pairs (K, 2) of tracks that must not be linked, since they resemble a certain stranger about as much.

    Faces in one frame are different people, so their distance shows how near two people can come for this model: for
    siblings, children, or people unlike those it was trained on, nearer than its thresholds allow for. A track with a
    stranger at distance d is linked only to what is clearly nearer than d.

    Args:
        faces: Shape (T, D), unit vectors of the tracks; zeros where unknown.
        together: Shape (K, 2), pairs of tracks that share a frame.
        limit: Pairs farther apart than this are not linked anyway, and left out.
    """
    known = np.asarray(faces.any(axis=1))
    together = together[known[together].all(axis=1)]
    a, b = (faces[together[:, side]].astype(np.float64) for side in (0, 1))
    apart = 1 - (a * b).sum(axis=1)
    stranger = np.full(len(faces), np.inf)
    certain = np.flatnonzero(apart >= MIRRORED * limit)
    for column in (0, 1):
        np.minimum.at(stranger, together[certain, column], apart[certain])
    pairs: list[tuple[int, int]] = []
    for track in np.flatnonzero(stranger * CLEARLY_NEARER < limit):
        distances = 1 - cosines(faces, faces[track])
        doubtful = np.flatnonzero(known & (distances > stranger[track] * CLEARLY_NEARER) & (distances <= 2 * limit))
        pairs.extend((min(int(track), int(o)), max(int(track), int(o))) for o in doubtful if o != track)
    return np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)


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


def _attach(labels: IntArray, faces: FloatArray, weak: IntArray, cannot: IntArray, limit: float) -> None:
    """Give each weak track to the person whose tracks are nearest on average, where near enough and not with them.

    All weak tracks are measured against the people as they were founded, best match first, so that their order
    changes nothing and they do not lend each other a hand. What a tie leaves open stays open: a track as near to two
    people joins neither, and of two tracks that exclude each other and are as near to one person neither does.
    """
    people = np.unique(labels[labels != NOBODY])
    if len(weak) == 0 or len(people) == 0:
        return
    # The product with the mean of unit vectors is the mean of the products: the average of the distances.
    means = np.stack([faces[labels == person].mean(axis=0, dtype=np.float64) for person in people])
    distances = 1 - cosines(faces[weak], means)  # (weak, people)
    neighbours: dict[int, set[int]] = {}
    for a, b in cannot.tolist():
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    nearest, least = distances.argmin(axis=1), distances.min(axis=1)
    ties = (distances <= least[:, None] + TIE).sum(axis=1) > 1
    for row in np.argsort(least, kind="stable"):
        person, track = int(people[nearest[row]]), int(weak[row])
        others = neighbours.get(track, set())
        equals = weak[(nearest == nearest[row]) & (np.abs(least - least[row]) <= TIE)].tolist()
        met = {int(labels[other]) for other in others}
        if least[row] <= limit and person not in met and not ties[row] and others.isdisjoint(equals):
            labels[track] = person
