"""Who of a cast may be one person after all: pairs that the evidence leaves unsure, with the reasons.

They are worked out whenever they are shown, from the embeddings and the cast as it stands, and kept nowhere: every
edit changes who there is to compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import cosines, l2_normalise
from closeup.core.errors import InputError
from closeup.core.parts import moment
from closeup.core.timebase import clock
from closeup.core.types import Cast, Person, Track
from closeup.documents.baseline import Baseline
from closeup.documents.edits import Edits
from closeup.documents.suggestions import Suggestion
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.grouping import track_faces, track_weights
from closeup.features.cast.growing import SAME_CLOTHES
from closeup.features.cast.replay import replay, shared_frame
from closeup.weights.cards import all_cards

ONE_SCENE_S = 60.0
"""Clothing is compared where two are seen at most this far apart: later they may have changed."""

CLOTHES_APART, CLOTHES_SAY = (0.02, 0.035, 0.075, 0.125, 0.2), (3.0, 2.8, 1.7, 0.4, -0.7)
"""Cosine distances of clothing of one scene, and the log-odds that each adds to two tracks' being one person: logarithm
of how much more often it is so between tracks of one person than of two, read off 1,870 pairs of tracks within a minute
of 17 clips (docs/concepts/grouping.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A person with what speaks for or against their being another: places in the cast's tracks, and a mean face."""

    person: Person
    tracks: tuple[int, ...]
    is_sure: bool


def suggest(cast: Cast, vectors: TrackVectors, baseline: Baseline, edits: Edits) -> tuple[Suggestion, ...]:
    """Ask about pairs of people, one of the cast at least, whose faces are near the limit, the likeliest first.

    Never about two who are in one picture, whom the user has told apart or given different names, nor about hidden
    people.

    Args:
        cast: As it stands.
        vectors: Of its tracks.
        baseline: The people before any edit.
        edits: What the user has said.

    Raises:
        InputError: If the vectors do not say what a face is worth, or by which model of closeup they were made.
    """
    limits = _limits(vectors)
    weighted, worths = _weighted(cast, vectors)
    place = {track.id: index for index, track in enumerate(cast.tracks)}
    seen, means = list[_Seen](), list[NDArray[np.float64]]()
    for person in (*cast.people, *cast.passers_by):
        own = tuple(place[track] for track in person.tracks)
        if (mean := weighted[list(own)].sum(axis=0)).any():
            seen.append(_Seen(person, own, bool((worths[list(own)] >= limits["sure"]).any())))
            means.append(mean)
    if len(seen) < 2:
        return ()
    distances = 1 - cosines(l2_normalise(np.stack(means)), l2_normalise(np.stack(means)))
    of_cast = sum(each.person in cast.people for each in seen)
    rows, columns = np.nonzero(np.triu(distances <= limits["ask"], k=1)[:of_cast])
    apart = _told_apart(cast, baseline, edits)
    found = [
        _suggestion((seen[a], seen[b]), float(distances[a, b]), cast, vectors.clothing, limits)
        for a, b in sorted(zip(rows.tolist(), columns.tolist(), strict=True), key=lambda pair: distances[pair])
        if not _contradicted(seen[a], seen[b], cast.tracks, apart)
    ]
    return tuple(sorted(found, key=lambda suggestion: -suggestion.probability))


def sureness(cast: Cast, vectors: TrackVectors) -> tuple[float | None, ...]:
    """How likely each track is of its person, 0 to 1: it against the mean face of the person's other tracks.

    None where it belongs to nobody, is the only one, or shows too little of a face. The odds are those of two people
    who were left apart, so that what somebody merged by hand stands out.

    Args:
        cast: As it stands.
        vectors: Of its tracks.

    Raises:
        InputError: If the vectors do not say what a face is worth, or by which model of closeup they were made.
    """
    limits, place = _limits(vectors), {track.id: index for index, track in enumerate(cast.tracks)}
    weighted, _ = _weighted(cast, vectors)
    found: list[float | None] = [None] * len(cast.tracks)
    for person in (*cast.people, *cast.passers_by, *cast.hidden):
        own = [place[track] for track in person.tracks]
        others = weighted[own].sum(axis=0) - weighted[own]
        lengths = np.linalg.norm(weighted[own], axis=1) * np.linalg.norm(others, axis=1)
        for index, together, length in zip(own, (weighted[own] * others).sum(axis=1), lengths, strict=True):
            if len(own) > 1 and length > 1e-9:
                odds = (limits["even"] - (1 - together / length)) / limits["even_width"]
                found[index] = float(1 / (1 + np.exp(-odds)))
    return tuple(found)


def _limits(vectors: TrackVectors) -> dict[str, float]:
    card = all_cards().get(vectors.embedder)
    if card is None or "ask" not in card.thresholds or np.isnan(vectors.face_worth).any():
        raise InputError(
            "Who may be one person after all cannot be said: an older closeup made this cast.",
            "Make the cast anew.",
            code="cast.damaged",
        )
    return {name: threshold.value for name, threshold in card.thresholds.items()}


def _weighted(cast: Cast, vectors: TrackVectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A face of each track, (T, D), as much as it counts in a person's mean, and what it is worth, (T,)."""
    faces, worths = track_faces(vectors, len(cast.tracks))
    return faces.astype(np.float64) * track_weights(worths, cast.tracks)[:, None], worths


def _probability(face: float, clothing: float | None, limits: dict[str, float], *, sure: bool) -> float:
    """How likely two people are one who were left apart: log-odds by their faces and by what they wear, summed.

    Faces nearer than what makes one person were kept apart for a reason; they count as if they were at that limit. If
    the reason is somebody beside one of them who looks about as much alike, a twin, it is one or the other at best.
    """
    odds = (limits["even"] - max(face, limits["face_hard"])) / limits["even_width"]
    if clothing is not None:
        odds += float(np.interp(clothing, CLOTHES_APART, CLOTHES_SAY))
    if sure and face <= limits["face_hard"]:
        odds = min(odds, 0.0)
    return float(1 / (1 + np.exp(-odds)))


def _told_apart(cast: Cast, baseline: Baseline, edits: Edits) -> set[frozenset[str | None]]:
    """Pairs of people whom the user has told apart: by saying so, by a split, or by taking tracks away."""
    replayed = replay(cast.tracks, baseline.person_of(cast.tracks), edits, cast.video.sha256)
    return {frozenset((replayed.person[a], replayed.person[b])) for a, b in replayed.cannot_link.tolist()}


def _contradicted(one: _Seen, other: _Seen, tracks: Sequence[Track], apart: set[frozenset[str | None]]) -> bool:
    names = {one.person.name, other.person.name} - {None}
    if len(names) > 1 or frozenset((one.person.id, other.person.id)) in apart:
        return True
    return shared_frame([tracks[i] for i in one.tracks], [tracks[i] for i in other.tracks]) is not None


def _suggestion(
    pair: tuple[_Seen, _Seen], face: float, cast: Cast, clothing: NDArray[np.float32], limits: dict[str, float]
) -> Suggestion:
    """One pair, with the reasons for asking."""
    one, other = pair
    gaps = {(a, b): _gap_s(cast.tracks[a], cast.tracks[b]) for a in one.tracks for b in other.tracks}
    nearest = min(gaps, key=lambda places: (gaps[places], places))
    dressed = [p for p in gaps if gaps[p] <= ONE_SCENE_S and np.isfinite(clothing[list(p)]).all()]
    worn = None
    if dressed:
        a, b = min(dressed, key=lambda places: (gaps[places], places))
        worn = float(np.clip(1 - cosines(clothing[a], clothing[b]), 0, 2))
    shots = sorted(set(one.person.shots) & set(other.person.shots))
    sure = one.is_sure and other.is_sure
    why = (
        _face_reason(face, limits, sure=sure),
        _place_reason(cast, nearest, gaps[nearest], shots),
        *(_clothing_reason(worn, gaps[a, b], limits["clothing_soft"]) if worn is not None else ()),
    )
    return Suggestion(
        people=(one.person.id, other.person.id),
        face=round(max(face, 0.0), 3),
        face_limit=limits["face_hard"],
        clothing=None if worn is None else round(worn, 3),
        probability=round(_probability(face, worn, limits, sure=sure), 3),
        gap_s=gaps[nearest],
        same_shot=bool(shots),
        why=why,
    )


def _gap_s(a: Track, b: Track) -> float:
    """Seconds between the faces of two tracks, 0 where their times overlap."""
    first, second = sorted((t.faces[0].time_s, t.faces[-1].time_s) for t in (a, b))
    return round(max(0.0, second[0] - first[1]), 6)


def _face_reason(face: float, limits: dict[str, float], *, sure: bool) -> str:
    limit = limits["face_hard"]
    if face > limit:
        return f"Their faces are {face:.3f} apart; up to {limit:g} makes one person, more than {limits['ask']:g} two."
    why = "someone beside one of them looks about as much alike" if sure else "one of them never shows enough of a face"
    return f"Their faces are {face:.3f} apart, and up to {limit:g} makes one person, but {why}."


def _place_reason(cast: Cast, nearest: tuple[int, int], gap_s: float, shots: Sequence[int]) -> str:
    if shots:
        return f"Both are in shot {shots[0] + 1}, never in one picture."
    first, second = sorted((cast.tracks[index] for index in nearest), key=lambda track: track.start_s)
    if cast.parts:
        places = (moment(cast, track.faces[0].frame, track.faces[0].time_s) for track in (first, second))
        return f"They are never in one {'photo' if cast.kind == 'album' else 'shot'}; seen {' and '.join(places)}."
    apart = f"{gap_s:.1f} s" if gap_s < ONE_SCENE_S else clock(gap_s)
    return f"They are never in one shot; nearest in shots {first.shot + 1} and {second.shot + 1}, {apart} apart."


def _clothing_reason(worn: float, gap_s: float, alike: float) -> tuple[str]:
    words = "much the same" if worn <= alike else "perhaps the same" if worn <= SAME_CLOTHES else "something else"
    return (f"Seen {gap_s:.1f} s apart they wear {words}: {worn:.2f} apart, and up to {alike:g} is alike.",)
