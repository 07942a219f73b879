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
    LASTING_WORTH,
    NOBODY,
    Grouping,
    cannot_link,
    group_tracks,
    grouping_options,
    track_faces,
)
from closeup.weights.cards import card
from features.cast.fake_cast import fake_track

CARD = card("sface-2021dec")
LIMITS = {name: threshold.value for name, threshold in CARD.thresholds.items()}
OPTIONS = grouping_options(CARD, PersonRule(), with_clothing=True)
DIM = 16


def unit(axis: int, towards: int = 0, distance: float = 0.0) -> FloatArray:
    """A unit vector (D,) at a cosine distance from `axis`, in the direction of another axis."""
    vector = np.zeros(DIM)
    vector[axis] = 1 - distance
    if distance:
        vector[towards] += np.sqrt(1 - (1 - distance) ** 2)
    return vector.astype(np.float32)


@dataclass(frozen=True)
class Case:
    """A track: its frames, its face's vector or None, its clothing's or None, and the size of the face.

    Its vectors are sure, unless it is seen once (`WEAK`).
    """

    frames: Sequence[int]
    face: FloatArray | None
    clothing: FloatArray | None = None
    size: float = 80.0
    quality: float = 0.8

    @property
    def worth(self) -> float:
        return LIMITS["sure"] + 3 if len(self.frames) > 1 else LIMITS["legible"] - 2


STRONG, WEAK = range(0, 25, 5), [0]
"""A track that is compared with all, and one that may only join."""


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
        face_worth=np.array([cases[i].worth for i in known], np.float32),
        clothing=np.array([nothing if c.clothing is None else c.clothing for c in cases], np.float32).reshape(-1, DIM),
        embedder=CARD.name,
    )
    return tracks, vectors


def grouped(*cases: Case, with_clothing: bool = True) -> Grouping:
    options = OPTIONS
    if not with_clothing:
        options = grouping_options(CARD, PersonRule(), with_clothing=False)
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


@pytest.mark.parametrize("weak", [Case(at(200, WEAK), unit(3)), Case(at(200), None)], ids=["unsure", "unknown"])
def test_a_weak_track_that_looks_like_nobody_stays_nobody(weak: Case) -> None:
    assert labels(Case(at(0), unit(0)), weak) == [0, NOBODY]
    assert labels(weak) == [NOBODY]


def worthy(cases: Sequence[Case], worths: Sequence[float]) -> list[int]:
    tracks, vectors = material(cases)
    return group_tracks(tracks, replace(vectors, face_worth=np.array(worths, np.float32)), OPTIONS).labels.tolist()


def test_what_is_not_sure_founds_somebody_only_where_it_is_legible_or_lasts() -> None:
    brief, long = Case(at(200), unit(3)), Case(at(200, range(0, 75, 5)), unit(3))
    assert worthy([brief], [LIMITS["legible"]]) == [0]
    assert worthy([brief], [LIMITS["legible"] - 0.1]) == [NOBODY]
    assert worthy([long], [LASTING_WORTH]) == [0]
    assert worthy([long], [LASTING_WORTH - 0.1]) == [NOBODY]
    assert worthy([replace(brief, size=12.0)], [LIMITS["legible"]]) == [NOBODY]  # too small, whatever it says


def test_faces_that_are_not_sure_are_not_compared_with_each_other() -> None:
    cases = [Case(at(100 * n), unit(0)) for n in range(3)]
    assert worthy(cases, [LIMITS["sure"]] * 3) == [0, 0, 0]
    assert worthy(cases, [LIMITS["legible"]] * 3) == [0, 1, 2]


def test_a_weak_track_joins_only_who_is_clearly_nearest() -> None:
    near, margin = 0.9 * LIMITS["attach"], LIMITS["attach_margin"]
    two = [Case(at(0), unit(0)), Case(at(100), unit(1))]
    for apart, joins in ((0.8 * margin, False), (1.2 * margin, True)):
        first, second = 1 - near + apart, 1 - near
        face = first * unit(0) + second * unit(1) + np.sqrt(1 - first**2 - second**2) * unit(2)
        found = labels(*two, Case(at(200, WEAK), face.astype(np.float32)))
        assert (found[2] == found[0]) == joins, apart


def test_a_weak_track_does_not_join_who_is_in_the_same_frame() -> None:
    assert labels(Case(at(0), unit(0)), Case(at(5, WEAK), unit(0))) == [0, NOBODY]


def test_of_two_weak_tracks_in_one_frame_only_the_nearer_joins() -> None:
    cases = [Case(at(0), unit(0)), Case(at(200, WEAK), unit(0, 1, 0.03)), Case(at(200, WEAK), unit(0, 2, 0.01))]
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
    assert pair(between, 0.5 * LIMITS["clothing_hard"], with_clothing=False) == [0, 1]


def test_a_merge_says_why() -> None:
    far = max(SOFT, 1.02 * LIMITS["cluster"])
    result = grouped(Case(at(0), unit(0), unit(5)), Case(at(100), unit(0, 1, far), unit(5, 6, 0.03)))
    assert result.clusters_before == 2
    assert [step.rule for step in result.steps] == ["both"]
    assert result.steps[0].face_distance == pytest.approx(far, abs=1e-5)


def look_alikes(apart: float, each: int, within: float = 0.4) -> list[Case]:
    """Two people with so many tracks each: so far apart within one, and between the two."""
    shared, cosine = 1 - within, (1 - apart) / (1 - within)
    bases = unit(0), unit(0, 1, 1 - cosine)
    own = iter(np.eye(DIM, dtype=np.float32)[2:])
    faces = [np.sqrt(shared) * base + np.sqrt(within) * next(own) for base in bases for _ in range(each)]
    return [Case(at(100 * number), np.asarray(face, np.float32)) for number, face in enumerate(faces)]


def test_means_of_many_tracks_do_not_make_two_people_one() -> None:
    means = 1 - (1 - 0.63) / (0.6 + 0.4 / 6)
    assert means < 0.9 * LIMITS["face_hard"], "the case must be one that the means alone would merge"
    assert partition(labels(*look_alikes(0.63, 6))) == [0] * 6 + [1] * 6
    assert partition(labels(*look_alikes(0.58, 6))) == [0] * 12


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


@settings(max_examples=120)
@given(castings())
def test_two_tracks_of_one_frame_never_share_a_label(cases: list[Case]) -> None:
    found = labels(*cases)
    tracks, _ = material(cases)
    for a, b in cannot_link(tracks).tolist():
        assert found[a] != found[b] or found[a] == NOBODY
    assert all(label == NOBODY for label, case in zip(found, cases, strict=True) if case.face is None)


@settings(max_examples=120)
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


def test_a_tracks_face_is_the_mean_weighted_by_worth_at_unit_length() -> None:
    _, vectors = material([Case(at(0), unit(0)), Case(at(100), None), Case(at(200), unit(1))])
    vectors = replace(
        vectors,
        face=np.stack([unit(0), unit(1), unit(1)]),
        face_track=np.array([0, 0, 2]),
        face_frame=np.array([0, 5, 200]),
        face_quality=np.array([0.95, 0.05, 0.5], np.float32),
        face_worth=np.array([10.0, 6.0, 5.0], np.float32),
    )
    faces, worths = track_faces(vectors, 3)
    assert faces.dtype == np.float32
    assert np.linalg.norm(faces, axis=1).tolist() == pytest.approx([1, 0, 1])
    assert faces[0, 0] == pytest.approx(9 * faces[0, 1], rel=1e-4)  # (10 - 4)^2 to (6 - 4)^2
    assert worths.tolist() == [10.0, 0.0, 5.0]


def test_options_are_read_off_the_embedders_card() -> None:
    rule = PersonRule(founding_size_px=30)
    dressed, bare = (grouping_options(CARD, rule, with_clothing=with_it) for with_it in (True, False))
    assert (dressed.cluster, dressed.attach, dressed.rule) == (LIMITS["cluster"], LIMITS["attach"], rule)
    assert (dressed.sure, dressed.legible, dressed.attach_margin) == tuple(
        LIMITS[name] for name in ("sure", "legible", "attach_margin")
    )
    assert dressed.thresholds.face_hard == bare.thresholds.face_hard == LIMITS["face_hard"]
    assert dressed.thresholds.clothing_soft == LIMITS["clothing_soft"]
    assert (bare.thresholds.clothing_hard, bare.thresholds.clothing_soft, bare.thresholds.face_soft) == (None,) * 3
