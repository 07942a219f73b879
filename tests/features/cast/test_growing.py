from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.types import Face, FloatArray, Image, Shot
from closeup.features.cast.candidates import Candidate
from closeup.features.cast.growing import (
    DOUBTFUL_LIKENESS,
    EndedTrack,
    GrowingTrack,
    build_tracks,
    build_vectors,
    in_order,
    likeness,
    mended,
    without_noise,
)
from closeup.media.sampling import Cut
from closeup.weights.cards import card
from features.cast.fake_cast import FPS, SHOTS, fake_face
from stills import astronaut, hopper


def ended(
    frames: Sequence[int], x: float = 100, embedded: int = 1, clothing: FloatArray | None = None, number: int = 0
) -> EndedTrack:
    """A track with faces in `frames`, of which the first few have vectors that hold `number`."""
    faces = tuple(fake_face(frame, x) for frame in frames)
    vectors: Future[tuple[FloatArray, FloatArray]] = Future()
    vectors.set_result((np.full((embedded, 4), number, np.float32), np.full(embedded, 10 + number, np.float32)))
    return EndedTrack(faces, b"jpeg", faces[:embedded], vectors, clothing)


def crops() -> tuple[Image, Image]:
    """The two portraits' faces (112, 112, 3), about as an embedder is given them."""
    return tuple(  # type: ignore[return-value]
        np.asarray(cv2.resize(part, (112, 112), interpolation=cv2.INTER_AREA), np.uint8)
        for part in (astronaut()[75:175, 172:272], hopper()[130:345, 160:375])
    )


def test_a_face_is_like_itself_in_another_light_and_unlike_another() -> None:
    one, other = crops()
    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, (one * 0.6 + 20).astype(np.uint8)) > 0.99
    assert likeness(one, np.roll(one, 4, axis=1)) > DOUBTFUL_LIKENESS
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    assert likeness(one, other) < likeness(one, np.roll(one, 4, axis=1))
    assert likeness(one, 255 - one) == pytest.approx(-1, abs=0.01)


def test_a_crop_without_detail_is_in_doubt() -> None:
    flat = np.full((112, 112, 3), 90, np.uint8)
    assert likeness(flat, flat) == 0 < DOUBTFUL_LIKENESS
    assert -1 <= likeness(flat, crops()[0]) <= 1


def test_a_growing_track_keeps_all_faces_and_the_last_one() -> None:
    track = GrowingTrack()
    told = []
    for frame, quality in ((0, 0.5), (5, 0.4), (10, 0.9)):
        crop = np.full((4, 4, 3), frame, np.uint8)
        told.append(track.add(Candidate(fake_face(frame, 100, quality=quality), crop, None)))
    assert told == [True, False, True]
    assert [face.frame for face in track.faces] == [0, 5, 10]
    assert track.last is not None
    assert track.last.crop[0, 0, 0] == 10


def test_tracks_are_ordered_by_start_and_then_from_left_to_right() -> None:
    tracks = [ended([100, 105]), ended([0, 5], x=300), ended([0], x=50), ended([5], x=10)]
    assert [(t.faces[0].frame, float(t.faces[0].box_xyxy[0])) for t in in_order(tracks)] == [
        (0, 50),
        (0, 300),
        (5, 10),
        (100, 100),
    ]


@given(st.permutations(range(6)))
def test_the_order_does_not_depend_on_what_ended_first(order: list[int]) -> None:
    tracks = [ended([0], 10), ended([0], 20), ended([0, 5], 30), ended([5], 10), ended([90], 10), ended([90], 11)]
    assert in_order([tracks[i] for i in order]) == tracks


def test_a_track_reaches_half_a_sample_beyond_its_faces_and_not_beyond_its_shot() -> None:
    middle, edges = build_tracks([ended(range(120, 171, 5)), ended(range(200, 300, 5))], SHOTS, 0.2)
    assert (middle.id, middle.shot, middle.person) == ("t1", 1, None)
    assert (middle.start_frame, middle.end_frame) == (118, 173)
    assert (middle.start_s, middle.end_s) == pytest.approx((4.7, 6.9))
    assert (edges.id, edges.shot) == ("t2", 2)
    assert (edges.start_frame, edges.end_frame) == (200, 298)
    assert (edges.start_s, edges.end_s) == pytest.approx((8.0, 11.9))


@given(
    st.lists(st.integers(0, 399), min_size=1, max_size=8, unique=True).map(sorted),
    st.sampled_from([1 / 60, 0.04, 0.2, 1.0, 2.0]),
)
def test_every_track_holds_its_faces_and_lies_in_its_shot(frames: list[int], sample_s: float) -> None:
    shot = SHOTS[frames[0] // 100]
    inside = [frame for frame in frames if frame < shot.end_frame]
    (track,) = build_tracks([ended(inside)], SHOTS, sample_s)
    assert SHOTS[track.shot] == shot
    assert shot.start_frame <= track.start_frame <= inside[0]
    assert inside[-1] < track.end_frame <= shot.end_frame
    assert shot.start_s <= track.start_s <= inside[0] / FPS
    assert inside[-1] / FPS <= track.end_s <= shot.end_s
    assert track.end_s > track.start_s


def test_a_shot_of_a_single_frame_can_hold_a_track() -> None:
    shots = (Shot(0, 100, 0.0, 4.0), Shot(100, 101, 4.0, 4.04), Shot(101, 200, 4.04, 8.0))
    (track,) = build_tracks([ended([100])], shots, 0.2)
    assert (track.shot, track.start_frame, track.end_frame) == (1, 100, 101)
    assert (track.start_s, track.end_s) == pytest.approx((4.0, 4.04))


def test_vectors_lie_by_track_with_frames_quality_and_clothing() -> None:
    worn = np.eye(128, dtype=np.float32)[3]
    unjudged: tuple[Face, ...] = (replace(fake_face(50, 10), quality=None),)
    tracks = [
        ended([0, 15, 30], embedded=2, clothing=worn, number=1),
        replace(ended([50], number=2), faces=unjudged, embedded=unjudged),
    ]
    vectors = build_vectors(tracks, "sface-2021dec", 4)
    assert vectors.face[:, 0].tolist() == [1, 1, 2]
    assert vectors.face_track.tolist() == [0, 0, 1]
    assert vectors.face_frame.tolist() == [0, 15, 50]
    assert vectors.face_quality.tolist() == pytest.approx([0.8, 0.8, 0.0])
    assert vectors.face_worth.tolist() == [11, 11, 12]
    np.testing.assert_array_equal(vectors.clothing[0], worn)
    assert np.isnan(vectors.clothing[1]).all()
    assert vectors.embedder == "sface-2021dec"


def test_no_tracks_have_no_vectors() -> None:
    vectors = build_vectors([], "sface-2021dec", 128)
    assert vectors.face.shape == (0, 128)
    assert vectors.face_track.shape == vectors.face_frame.shape == vectors.face_quality.shape == (0,)
    assert vectors.clothing.shape == (0, 128)
    assert build_tracks([], SHOTS, 0.2) == ()


def test_brief_tracks_stay_only_where_the_detector_was_sure() -> None:
    def scored(*scores: float) -> EndedTrack:
        track = ended(range(0, 5 * len(scores), 5))
        faces = zip(track.faces, scores, strict=True)
        return replace(track, faces=tuple(replace(face, score=score) for face, score in faces))

    brief, sure, long = scored(0.1, 0.15), scored(0.1, 0.25), scored(0.1, 0.1, 0.1)
    assert without_noise([brief, sure, long], 0.2) == [sure, long]
    assert without_noise([brief, sure, long], 0.0) == [brief, sure, long]


LIMITS = card("sface-2021dec").thresholds
COAT, SHIRT = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)


def seen(frames: Sequence[int], x: float = 100, apart: float = 0.0, clothing: FloatArray | None = COAT) -> EndedTrack:
    """A track whose one vector is at cosine distance `apart` from that of others at 0."""
    vectors: Future[tuple[FloatArray, FloatArray]] = Future()
    vector = np.array([[1 - apart, np.sqrt(1 - (1 - apart) ** 2)]], np.float32)
    vectors.set_result((vector, np.array([10], np.float32)))
    faces = tuple(fake_face(frame, x, quality=0.5 if frame < 20 else 0.7) for frame in frames)
    return EndedTrack(faces, f"{frames[0]}".encode(), faces[:1], vectors, clothing)


def parts_of(*tracks: EndedTrack, cuts: Sequence[int] = ()) -> list[list[int]]:
    found = mended(in_order(tracks), [Cut(frame, Fraction(frame, FPS)) for frame in cuts], LIMITS)
    return [[face.frame for face in track.faces] for track in found]


def test_a_head_that_turned_away_for_a_moment_is_one_track() -> None:
    before, after = seen([0, 5, 10]), seen([40, 45], x=150, apart=0.7)
    (track,) = mended([before, after], [], LIMITS)
    assert [face.frame for face in track.faces] == [0, 5, 10, 40, 45]
    assert [face.frame for face in track.embedded] == [0, 40]
    assert track.picture == b"40", "the better one"
    assert (len(track.vectors.result()[0]), len(track.vectors.result()[1])) == (2, 2)
    assert track.clothing == pytest.approx(COAT)
    assert parts_of(before, after, seen([60, 65], x=150)) == [[0, 5, 10, 40, 45, 60, 65]]


@pytest.mark.parametrize(
    "after",
    [
        seen([65, 70]),
        seen([40, 45], x=200),
        seen([40, 45], apart=0.85),
        seen([40, 45], clothing=SHIRT),
        seen([40, 45], apart=0.65, clothing=None),
    ],
    ids=["late", "elsewhere", "another face", "other clothes", "no clothes and only a likeness"],
)
def test_another_is_not_joined(after: EndedTrack) -> None:
    assert len(parts_of(seen([0, 5, 10]), after)) == 2


def test_no_track_goes_on_behind_a_cut_nor_where_someone_else_is() -> None:
    before, after = seen([0, 5, 10]), seen([40, 45])
    assert len(parts_of(before, after, cuts=[30])) == 2
    assert len(parts_of(before, after, seen([20, 25, 30], x=180, clothing=SHIRT, apart=0.9))) == 3
    assert len(parts_of(before, after, seen([20, 25, 30], x=400, clothing=SHIRT, apart=0.9))) == 2
    assert parts_of() == []
