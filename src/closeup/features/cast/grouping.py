"""From tracks to people: cluster the sure ones strictly, merge clusters by face and clothing, then place the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

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
        sure: A track with a vector of at least this worth (see `TrackVectors.face_worth`) is compared with all others
            that are sure; any other only joins people, and lends nobody a hand.
        legible: A brief track whose vectors are all worth less than this founds nobody.
        cluster: Sure tracks this close by face are one person, before anything is merged.
        thresholds: Of the merge rounds.
        attach: Another track joins the person whose mean face is this close,
        attach_margin: if the next person is farther off by at least this.
        rule: Which tracks found a person; weaker ones only join.
    """

    sure: float
    legible: float
    cluster: float
    thresholds: MergeThresholds
    attach: float
    attach_margin: float
    rule: PersonRule


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
        sure=limits["sure"],
        legible=limits["legible"],
        cluster=limits["cluster"],
        thresholds=MergeThresholds(
            face_hard=limits["face_hard"],
            clothing_hard=limits["clothing_hard"] if with_clothing else None,
            face_soft=limits["face_soft"] if with_clothing else None,
            clothing_soft=limits["clothing_soft"] if with_clothing else None,
            face_veto=limits["face_veto"],
        ),
        attach=limits["attach"],
        attach_margin=limits["attach_margin"],
        rule=rule,
    )


def group_tracks(tracks: Sequence[Track], vectors: TrackVectors, options: GroupingOptions) -> Grouping:
    """Say which tracks belong to one person.

    What decides is what a vector is worth. Faces in profile, in the dark, blurred or half hidden look alike to an
    embedder, whoever they are; it answers them briefly. So only tracks that it answered at length are compared with
    each other. The rest join whom they clearly resemble, and those that last found a person of their own.

    Args:
        tracks: The tracks, T of them.
        vectors: Their vectors, made by the embedder whose thresholds `options` holds.
        options: How strict to be.
    """
    labels = np.full(len(tracks), NOBODY, np.int64)
    faces, worths = track_faces(vectors, len(tracks))
    weights = track_weights(worths, tracks)
    together = cannot_link(tracks)
    cannot = np.concatenate([together, confusable(faces, together, options.cluster)])
    sure = np.flatnonzero(worths >= options.sure).astype(np.int64)
    grouping = Grouping(labels, 0, ())
    if len(sure):
        local = _renumbered(cannot, sure, len(tracks))
        before = cluster(faces[sure], options.cluster, local, weights[sure])
        items = _merge_items(before, faces[sure], vectors.clothing[sure], weights[sure], local)
        merged = merge(items, options.thresholds)
        labels[sure] = merged.labels[before]
        grouping = Grouping(labels, int(before.max()) + 1, merged.steps)
        others = np.flatnonzero((worths < options.sure) & faces.any(axis=1))
        _attach(labels, faces, weights, others, together, options)
    alone = np.array(
        [i for i in np.flatnonzero(labels == NOBODY).tolist() if _lasts(tracks[i], worths[i], options)], np.int64
    )
    labels[alone] = labels.max(initial=NOBODY) + 1 + np.arange(len(alone))
    return grouping


def group_season(
    tracks: Sequence[Track], vectors: TrackVectors, options: GroupingOptions, starts: Sequence[int]
) -> Grouping:
    """Say which tracks of several videos belong to one person.

    Each video is grouped by itself; then its people and those of the others are merged by their sure faces alone, since
    what they wear says something within a video only.

    Args:
        tracks: The tracks of all videos, T of them, one video after the other.
        vectors: Their vectors.
        options: How strict to be.
        starts: Number of each video's first track.
    """
    labels, before = np.full(len(tracks), NOBODY, np.int64), 0
    for first, last in pairwise([*starts, len(tracks)]):
        alone = group_tracks(tracks[first:last], vectors.of_tracks(first, last), options)
        labels[first:last] = np.where(alone.labels >= 0, alone.labels + labels.max(initial=NOBODY) + 1, NOBODY)
        before += alone.clusters_before
    faces, worths = track_faces(vectors, len(tracks))
    sure = np.flatnonzero((worths >= options.sure) & (labels != NOBODY)).astype(np.int64)
    if len(sure) == 0:
        return Grouping(labels, before, ())
    people, items_of = np.unique(labels[sure], return_inverse=True)
    bare = np.full((len(sure), vectors.clothing.shape[1]), np.nan, np.float32)
    apart = _renumbered(cannot_link(tracks), sure, len(tracks))
    apart = apart[items_of[apart[:, 0]] != items_of[apart[:, 1]]]
    items = _merge_items(items_of, faces[sure], bare, track_weights(worths, tracks)[sure], apart)
    merged = merge(items, replace(options.thresholds, clothing_hard=None, face_soft=None, clothing_soft=None))
    for person, group in zip(people.tolist(), merged.labels.tolist(), strict=True):
        labels[labels == person] = people[merged.labels == group].min()
    return Grouping(labels, before, merged.steps)


BRIEFEST_WORTH = 4.0
"""A vector of this worth or less counts next to nothing in a mean; those of backs of heads lie there."""

LASTING_FACES, LASTING_WORTH = 12, 7.0
"""A track of so many faces of at least this worth founds a person where a brief one would not: 2.4 seconds show who
is meant, in half profile or poor light too."""


def track_faces(vectors: TrackVectors, count: int) -> tuple[FloatArray, NDArray[np.float64]]:
    """One face vector a track, (T, D), L2-normalised mean weighted by worth; and the largest worth, (T,).

    Both are 0 where a track has no vector.
    """
    worth = vectors.face_worth.astype(np.float64)
    sums = np.zeros((count, vectors.face.shape[1]))
    np.add.at(sums, vectors.face_track, vectors.face * (np.maximum(worth - BRIEFEST_WORTH, 0.3) ** 2)[:, None])
    known = sums.any(axis=1)
    sums[known] = l2_normalise(sums[known])
    largest = np.zeros(count)
    np.maximum.at(largest, vectors.face_track, worth)
    return sums.astype(np.float32), largest


def track_weights(worths: NDArray[np.float64], tracks: Sequence[Track]) -> FloatArray:
    """How much each track (T,) counts in a person's mean face, (T,): by worth, and by the root of how long it is."""
    lengths = np.sqrt([len(track.faces) for track in tracks])
    return np.asarray(np.maximum(worths - BRIEFEST_WORTH, 0.3) ** 2 * lengths, np.float32)


def _lasts(track: Track, worth: float, options: GroupingOptions) -> bool:
    """Whether a track that is like nobody shows enough of a face, or for long enough, to be a person of its own."""
    long = len(track.faces) >= LASTING_FACES and worth >= LASTING_WORTH
    return (worth >= options.legible or long) and founds_person(track.faces, options.rule)


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
    pairs = [np.empty((0, 2), np.int64)]
    for track in np.flatnonzero(stranger * CLEARLY_NEARER < limit):
        distances = 1 - cosines(faces, faces[track])
        distances[track] = 0
        doubtful = np.flatnonzero(known & (distances > stranger[track] * CLEARLY_NEARER) & (distances <= 2 * limit))
        pairs.append(np.stack([np.full(len(doubtful), track), doubtful], axis=1))
    return _once(np.concatenate(pairs), len(faces))


def _once(pairs: IntArray, count: int) -> IntArray:
    """Pairs (K, 2) of numbers below `count`, each once and the smaller number first, in order."""
    keys = np.unique(pairs.min(axis=1, initial=count) * count + pairs.max(axis=1, initial=0))
    return np.stack(np.divmod(keys, count), axis=1) if len(keys) else pairs


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
    unlike = _unlike(labels, faces, weights, count)
    apart = _once(np.concatenate([labels[cannot], unlike]), count)
    totals = np.bincount(labels, weights=weights, minlength=count).astype(np.float64)
    return MergeItems(face=face_means, clothing=clothing_means, weights=totals, cannot_link=apart)


MOST_UNLIKE = 0.61
"""Mean distance between the tracks of two clusters of several tracks each, above: never merged. Means are nearer to
each other than what they are means of, the more of it there is: of two statesmen with five photos each the means were
0.48 apart, within the limit, and the photos 0.62. Of people whom a merge rightly made whole the most is 0.606."""


def _unlike(labels: IntArray, faces: FloatArray, weights: FloatArray, count: int) -> IntArray:
    """Pairs (K, 2) of clusters of several tracks each whose tracks are too far apart, whatever their means are."""
    totals = np.bincount(labels, weights=weights, minlength=count)
    several = np.flatnonzero(np.bincount(labels, minlength=count) > 1)
    inner = (_means(labels, faces, weights, count) / totals[:, None])[several]
    pairs = [np.empty((0, 2), np.int64)]
    for row in range(len(several)):
        far = np.flatnonzero(1 - np.round(inner[row + 1 :] @ inner[row], 12) > MOST_UNLIKE) + row + 1
        pairs.append(np.stack([np.full(len(far), several[row]), several[far]], axis=1))
    return np.concatenate(pairs)


def _means(labels: IntArray, vectors: FloatArray, weights: FloatArray, count: int) -> NDArray[np.float64]:
    """Weighted sums (count, D) of the vectors (N, D) under each label; direction is all that matters."""
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, labels, vectors * weights[:, None].astype(np.float64))
    return sums


_BARRED = 9.0
"""Farther than any cosine distance: for pairs that may not be."""


def _attach(
    labels: IntArray,
    faces: FloatArray,
    weights: FloatArray,
    weak: IntArray,
    together: IntArray,
    options: GroupingOptions,
) -> None:
    """Give each weak track to the person whose mean face is nearest, where near enough, clearly so, and not with them.

    All weak tracks are measured against the people as they were founded, best match first, so that their order
    changes nothing and they do not lend each other a hand. Of two tracks that are in one frame and as near to one
    person neither joins.
    """
    people = np.unique(labels[labels != NOBODY])
    if len(weak) == 0 or len(people) == 0:
        return
    means = l2_normalise(np.stack([(faces[labels == p] * weights[labels == p, None]).sum(axis=0) for p in people]))
    distances = 1 - cosines(faces[weak], means)  # (weak, people)
    neighbours: dict[int, set[int]] = {}
    for a, b in together.tolist():
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    for row, track in enumerate(weak.tolist()):
        met = {int(labels[other]) for other in neighbours.get(track, ())}
        distances[row, [column for column, person in enumerate(people.tolist()) if person in met]] = _BARRED
    ordered = np.sort(distances, axis=1)
    nearest, least = distances.argmin(axis=1), ordered[:, 0]
    clear = least <= options.attach
    if len(people) > 1:
        clear &= ordered[:, 1] - least >= options.attach_margin
    for row in np.argsort(least, kind="stable"):
        person, others = int(people[nearest[row]]), neighbours.get(int(weak[row]), set())
        equals = weak[(nearest == nearest[row]) & (np.abs(least - least[row]) <= TIE)].tolist()
        met = {int(labels[other]) for other in others}
        if clear[row] and person not in met and others.isdisjoint(equals):
            labels[weak[row]] = person
