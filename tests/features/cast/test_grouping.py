"""Who is who, with vectors made by hand: the distances are exact, and so is the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.types import FloatArray, Track
from closeup.documents.baseline import PersonRule
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.grouping import (
    NOBODY,
    Grouping,
    cannot_link,
    group_tracks,
    grouping_options,
    known_tracks,
    telling,
    track_faces,
)
from closeup.weights.cards import card
from features.cast.fake_cast import fake_track

CARD = card("dlib-resnet-128")
LIMITS = {name: threshold.value for name, threshold in CARD.thresholds.items()}
OPTIONS = replace(grouping_options(CARD, PersonRule(), with_clothing=True), centre=())
DIM = 16
CENTRE = DIM - 1
"""The axis that the vectors of smears lie near, where a test has a centre."""


def unit(axis: int, towards: int = 0, distance: float = 0.0) -> FloatArray:
    """A unit vector (D,) at a cosine distance from `axis`, in the direction of another axis."""
    vector = np.zeros(DIM)
    vector[axis] = 1 - distance
    if distance:
        vector[towards] += np.sqrt(1 - (1 - distance) ** 2)
    return vector.astype(np.float32)


@dataclass(frozen=True)
class Case:
    """A track: its frames, its face's vector or None, its clothing's or None, and the size of the face."""

    frames: Sequence[int]
    face: FloatArray | None
    clothing: FloatArray | None = None
    size: float = 80.0
    quality: float = 0.8


STRONG, WEAK = range(0, 25, 5), [0]
"""A track that may found a person, and one that may not."""


def at(start: int, frames: Sequence[int] = STRONG) -> list[int]:
    return [start + frame for frame in frames]


def material(cases: Sequence[Case]) -> tuple[list[Track], TrackVectors]:
    tracks = [
        fake_track(number, case.frames, 50.0 * number, case.size, case.quality)
        for number, case in enumerate(cases, start=1)
    ]
    known = [index for index, case in enumerate(cases) if case.face is not None]
    nothing = np.full(DIM, np.nan, np.float32)
    vectors = TrackVectors(
        face=np.array([cases[i].face for i in known], np.float32).reshape(-1, DIM),
        face_track=np.array(known, np.int64),
        face_frame=np.array([cases[i].frames[0] for i in known], np.int64),
        face_quality=np.array([cases[i].quality for i in known], np.float32),
        clothing=np.array([nothing if c.clothing is None else c.clothing for c in cases], np.float32).reshape(-1, DIM),
        embedder=CARD.name,
    )
    return tracks, vectors


def grouped(*cases: Case, with_clothing: bool = True) -> Grouping:
    options = OPTIONS
    if not with_clothing:
        options = replace(grouping_options(CARD, PersonRule(), with_clothing=False), centre=())
    return group_tracks(*material(cases), options)


def labels(*cases: Case, with_clothing: bool = True) -> list[int]:
    return grouped(*cases, with_clothing=with_clothing).labels.tolist()


def partition(found: Sequence[int]) -> list[int]:
    """Labels, renamed in the order in which they appear; nobody stays nobody."""
    names: dict[int, int] = {}
    return [NOBODY if label == NOBODY else names.setdefault(label, len(names)) for label in found]


def test_nothing_gives_nothing() -> None:
    result = grouped()
    assert result.labels.shape == (0,)
    assert result.labels.dtype == np.int64
    assert (result.clusters_before, result.steps) == (0, ())


def test_tracks_that_look_alike_are_one_person_and_others_are_not() -> None:
    near = 0.5 * LIMITS["cluster"]
    result = grouped(
        Case(at(0), unit(0)), Case(at(100), unit(0, 2, near)), Case(at(200), unit(1)), Case(at(300), unit(1, 3, near))
    )
    assert partition(result.labels.tolist()) == [0, 0, 1, 1]
    assert result.clusters_before == 2


def test_two_faces_in_one_frame_are_never_one_person() -> None:
    assert partition(labels(Case(at(0), unit(0)), Case(at(10), unit(0)))) == [0, 1]
    assert partition(labels(Case(at(0), unit(0)), Case(at(2), unit(0)))) == [0, 0]  # no sampled frame is shared


def test_two_faces_in_one_frame_are_two_people_whatever_they_wear() -> None:
    worn = unit(5)
    assert partition(labels(Case(at(0), unit(0), worn), Case(at(0), unit(0, 1, 0.01), worn))) == [0, 1]


def test_a_third_track_does_not_bring_two_from_one_frame_together() -> None:
    near = 0.4 * LIMITS["cluster"]
    for third in (unit(0), unit(0, 1, near / 2), unit(0, 1, near)):
        found = labels(Case(at(0), unit(0)), Case(at(0), unit(0, 1, near)), Case(at(200), third))
        assert found[0] != found[1]


def test_a_weak_track_joins_who_it_looks_like() -> None:
    near = 0.8 * LIMITS["attach"]
    found = labels(Case(at(0), unit(0)), Case(at(100), unit(1)), Case(at(200, WEAK), unit(1, 2, near)))
    assert found[2] == found[1] != found[0]


@pytest.mark.parametrize(
    "weak",
    [
        Case(at(200, WEAK), unit(3)),  # seen once
        Case(at(200), unit(3), size=12.0),  # too small
        Case(at(200), unit(3), quality=0.01),  # blurred
        Case(at(200), None),  # never embedded
    ],
    ids=["once", "small", "blurred", "unknown"],
)
def test_a_weak_track_that_looks_like_nobody_stays_nobody(weak: Case) -> None:
    assert labels(Case(at(0), unit(0)), weak) == [0, NOBODY]
    assert labels(weak) == [NOBODY]


def test_a_weak_track_does_not_join_who_is_in_the_same_frame() -> None:
    assert labels(Case(at(0), unit(0)), Case(at(5, WEAK), unit(0))) == [0, NOBODY]


def test_of_two_weak_tracks_in_one_frame_only_the_nearer_joins() -> None:
    cases = [Case(at(0), unit(0)), Case(at(200, WEAK), unit(0, 1, 0.03)), Case(at(200, WEAK), unit(0, 1, 0.01))]
    assert labels(*cases) == [0, NOBODY, 0]
    assert labels(cases[0], cases[2], cases[1]) == [0, 0, NOBODY]


def test_a_weak_track_as_near_to_two_people_joins_neither() -> None:
    twins = Case(at(0), unit(0)), Case(at(0), unit(0))
    assert partition(labels(*twins, Case(at(200, WEAK), unit(0)))) == [0, 1, NOBODY]


def test_of_two_weak_tracks_in_one_frame_as_near_to_one_person_neither_joins() -> None:
    rivals = Case(at(200, WEAK), unit(0, 1, 0.01)), Case(at(200, WEAK), unit(0, 1, 0.01))
    assert labels(Case(at(0), unit(0)), *rivals) == [0, NOBODY, NOBODY]


def test_weak_tracks_do_not_lend_each_other_a_hand() -> None:
    step = 0.8 * LIMITS["attach"]
    angle = np.arccos(1 - step)
    chain = [np.cos(n * angle) * unit(0) + np.sin(n * angle) * unit(1) for n in range(3)]
    found = labels(Case(at(0), chain[0]), Case(at(100, WEAK), chain[1]), Case(at(200, WEAK), chain[2]))
    assert found == [0, 0, NOBODY]


def generic(distance: float, towards: int) -> FloatArray:
    """A vector at a cosine distance from the centre."""
    return unit(CENTRE, towards, distance)


def test_faces_that_say_nothing_decide_nothing() -> None:
    centre = tuple(unit(CENTRE).tolist())
    options = replace(OPTIONS, centre=centre, faint=LIMITS["generic"], generic=LIMITS["generic"])
    beyond = 0.5 * (1 - LIMITS["generic"])
    cases = [
        Case(at(0), unit(0)),
        Case(at(100), generic(beyond, 1)),
        Case(at(200), generic(beyond, 1)),
        Case(at(300, WEAK), generic(beyond, 0)),
    ]
    assert group_tracks(*material(cases), options).labels.tolist() == [0, NOBODY, NOBODY, NOBODY]
    assert group_tracks(*material(cases[1:]), options).labels.tolist() == [NOBODY] * 3


def test_one_face_that_says_nothing_does_not_silence_its_track() -> None:
    tracks, vectors = material([Case(at(0), unit(0)), Case(at(100), unit(0))])
    vectors = replace(
        vectors,
        face=np.stack([unit(0), unit(CENTRE), unit(0)]),
        face_track=np.array([0, 1, 1]),
        face_frame=np.array([0, 100, 105]),
        face_quality=np.full(3, 0.8, np.float32),
    )
    options = replace(OPTIONS, centre=tuple(unit(CENTRE).tolist()), faint=0.9, generic=0.9)
    assert group_tracks(tracks, vectors, options).labels.tolist() == [0, 0]


def test_telling_keeps_what_is_far_from_the_centre_and_all_clothing() -> None:
    _, vectors = material([Case(at(0), unit(0), unit(1)), Case(at(100), generic(0.01, 0), unit(2))])
    kept = telling(vectors, tuple(unit(CENTRE).tolist()), 0.9)
    assert kept.face_track.tolist() == [0]
    assert len(kept.face) == len(kept.face_frame) == len(kept.face_quality) == 1
    np.testing.assert_array_equal(kept.clothing, vectors.clothing)
    assert telling(vectors, (), 0.9) is vectors


SOFT = 0.5 * (LIMITS["face_hard"] + LIMITS["face_soft"])
"""Faces this far apart are one person only if the clothes say so too."""


def pair(face: float, clothing: float | None, with_clothing: bool = True) -> list[int]:
    """Labels of two tracks whose faces and clothes are so far apart; clothes None: of one they are not known."""
    worn = None if clothing is None else unit(5, 6, clothing)
    # A third person, unlike both, so that there is somebody else to be.
    cases = Case(at(0), unit(0), unit(5)), Case(at(100), unit(0, 1, face), worn), Case(at(200), unit(2), unit(8))
    return partition(labels(*cases, with_clothing=with_clothing))[:2]


def test_thresholds_are_in_the_order_that_the_rules_need() -> None:
    assert LIMITS["face_hard"] < LIMITS["face_soft"] <= LIMITS["face_veto"]
    assert LIMITS["clothing_hard"] < LIMITS["clothing_soft"]


def test_clothes_help_faces_that_are_fairly_near() -> None:
    far = max(SOFT, 1.02 * LIMITS["cluster"])
    assert far < LIMITS["face_soft"], "the case must lie between the two thresholds"
    nearly = 0.9 * LIMITS["clothing_soft"]
    assert pair(far, nearly) == [0, 0]
    assert pair(far, 1.5 * LIMITS["clothing_soft"]) == [0, 1]
    assert pair(far, None) == [0, 1]
    assert pair(far, nearly, with_clothing=False) == [0, 1]


def test_clothes_alone_convince_only_where_the_faces_do_not_object() -> None:
    between = 0.5 * (LIMITS["face_soft"] + LIMITS["face_veto"])
    assert pair(between, 0.5 * LIMITS["clothing_hard"]) == [0, 0]
    assert pair(between, 1.5 * LIMITS["clothing_hard"]) == [0, 1]
    assert pair(1.2 * LIMITS["face_veto"], 0.0) == [0, 1]
    assert pair(0.6, 0.0) == [0, 1]
    assert pair(between, 0.5 * LIMITS["clothing_hard"], with_clothing=False) == [0, 1]


def test_a_merge_says_why() -> None:
    far = max(SOFT, 1.02 * LIMITS["cluster"])
    result = grouped(Case(at(0), unit(0), unit(5)), Case(at(100), unit(0, 1, far), unit(5, 6, 0.03)))
    assert result.clusters_before == 2
    assert [step.rule for step in result.steps] == ["both"]
    assert result.steps[0].face_distance == pytest.approx(far, abs=1e-5)


def test_without_any_clothing_in_sight_faces_decide() -> None:
    assert partition(labels(Case(at(0), unit(0)), Case(at(100), unit(0)), Case(at(200), unit(1)))) == [0, 0, 1]


@st.composite
def castings(draw: st.DrawFn) -> list[Case]:
    """Up to ten tracks of up to four people; some in one frame, some weak, some unknown."""
    cases = []
    for _ in range(draw(st.integers(0, 10))):
        who, aside = draw(st.integers(0, 3)), draw(st.integers(4, 9))
        distance = draw(st.sampled_from([0.0, 0.01, 0.031, 0.047, 0.052, 0.059, 0.073, 0.11]))
        face = draw(st.sampled_from([unit(who, aside, distance), unit(who, aside, distance), None]))
        worn = draw(st.sampled_from([None, unit(who + 4), unit(who + 4, 14, 0.03)]))
        frames = at(100 * draw(st.integers(0, 4)), draw(st.sampled_from([STRONG, STRONG, WEAK])))
        cases.append(Case(frames, face, worn, quality=draw(st.sampled_from([0.8, 0.5]))))
    return cases


@settings(max_examples=120, deadline=None)
@given(castings())
def test_two_tracks_of_one_frame_never_share_a_label(cases: list[Case]) -> None:
    found = labels(*cases)
    tracks, _ = material(cases)
    for a, b in cannot_link(tracks).tolist():
        assert found[a] != found[b] or found[a] == NOBODY
    assert all(label == NOBODY for label, case in zip(found, cases, strict=True) if case.face is None)


@settings(max_examples=120, deadline=None)
@given(castings(), st.randoms(use_true_random=False))
def test_the_order_of_the_tracks_does_not_change_who_is_who(cases: list[Case], random: object) -> None:
    order = list(range(len(cases)))
    random.shuffle(order)  # type: ignore[attr-defined]
    found, moved = labels(*cases), labels(*[cases[i] for i in order])
    assert partition([found[i] for i in order]) == partition(moved)


def test_cannot_link_names_every_pair_once_in_order() -> None:
    tracks, _ = material([Case([0, 5, 10], None), Case([10, 15], None), Case([10], None), Case([20], None)])
    assert cannot_link(tracks).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert cannot_link(tracks[3:]).shape == (0, 2)


def test_a_tracks_face_is_the_mean_weighted_by_quality_at_unit_length() -> None:
    _, vectors = material([Case(at(0), unit(0)), Case(at(100), None), Case(at(200), unit(1))])
    vectors = replace(
        vectors,
        face=np.stack([unit(0), unit(1), unit(1)]),
        face_track=np.array([0, 0, 2]),
        face_frame=np.array([0, 5, 200]),
        face_quality=np.array([0.95, 0.05, 0.5], np.float32),
    )
    faces, weights = track_faces(vectors, 3)
    assert faces.dtype == weights.dtype == np.float32
    assert np.linalg.norm(faces, axis=1).tolist() == pytest.approx([1, 0, 1])
    assert faces[0, 0] == pytest.approx(10 * faces[0, 1], rel=1e-4)
    assert weights.tolist() == pytest.approx([1.1, 0, 0.55])
    assert known_tracks(vectors, 3).tolist() == [0, 2]
    assert known_tracks(vectors, 3).dtype == np.int64


@pytest.mark.parametrize("name", ["dlib-resnet-128", "sface-2021dec"])
def test_options_are_read_off_the_embedders_card(name: str) -> None:
    model, rule = card(name), PersonRule(founding_size_px=30)
    limits = {key: threshold.value for key, threshold in model.thresholds.items()}
    dressed, bare = (grouping_options(model, rule, with_clothing=with_it) for with_it in (True, False))
    assert (dressed.cluster, dressed.attach, dressed.rule) == (limits["cluster"], limits["attach"], rule)
    assert dressed.thresholds.face_hard == bare.thresholds.face_hard == limits["face_hard"]
    assert dressed.thresholds.clothing_soft == limits["clothing_soft"]
    assert (bare.thresholds.clothing_hard, bare.thresholds.clothing_soft, bare.thresholds.face_soft) == (None,) * 3
    assert dressed.centre == model.centre
