"""subject_of: the chosen person where they are, somebody else only while they are away for long."""

from dataclasses import replace

import numpy as np
import pytest

from closeup.features.shorts.subjects import OTHERS_WEIGHT, PROBABLY_WEIGHT, along, subject_of, track_runs
from features.shorts.framed_cast import Seen, at, boxes, framed_cast, times, walk


def _subject(cast, shot, start, end):
    return subject_of(cast, "p1", shot, np.arange(start, end), times(start, end))


def test_the_box_follows_the_face_between_the_samples():
    seen = Seen("p1", 0, 100, lambda t: (300 + 40 * np.sin(t), 150 + 10 * t))
    subject = _subject(framed_cast([100], [seen]), 0, 0, 100)
    np.testing.assert_allclose(subject.boxes_xyxy[:96], boxes(seen, np.arange(96)), atol=0.5)
    np.testing.assert_allclose(subject.eyes_y[:96], boxes(seen, np.arange(96))[:, 1] + 0.38 * 80, atol=0.5)
    assert (subject.weight == 1).all()


@pytest.mark.parametrize("looks", [-1.0, 0.0, 1.0])
def test_the_nose_says_which_way_the_face_looks(looks):
    subject = _subject(framed_cast([50], [Seen("p1", 0, 50, at(300), looks=looks)]), 0, 0, 50)
    assert np.sign(np.round(subject.facing, 3)).tolist() == [looks] * 50
    assert np.abs(subject.facing).max() <= 1


def test_a_tilted_head_looks_ahead():
    cast = framed_cast([50], [Seen("p1", 0, 50, at(300))])
    turn = np.array([[np.cos(0.4), np.sin(0.4)], [-np.sin(0.4), np.cos(0.4)]])
    faces = tuple(
        replace(face, landmarks_xy=((face.landmarks_xy - [300, 150]) @ turn + [300, 150]).astype(np.float32))
        for face in cast.tracks[0].faces
    )
    subject = _subject(replace(cast, tracks=(replace(cast.tracks[0], faces=faces),)), 0, 0, 50)
    np.testing.assert_allclose(subject.facing, 0, atol=1e-4)


def test_landmarks_in_one_place_say_nothing():
    cast = framed_cast([50], [Seen("p1", 0, 50, at(300))])
    faces = tuple(replace(face, landmarks_xy=np.zeros((5, 2), np.float32)) for face in cast.tracks[0].faces)
    subject = _subject(replace(cast, tracks=(replace(cast.tracks[0], faces=faces),)), 0, 0, 50)
    assert (subject.facing == 0).all()


def test_of_two_tracks_at_one_time_the_larger_face_is_meant():
    """A mirror: the same person twice."""
    cast = framed_cast([100], [Seen("p1", 0, 100, at(100), (30, 40)), Seen("p1", 20, 60, at(500), (90, 120))])
    middles = _subject(cast, 0, 0, 100).boxes_xyxy[:, [0, 2]].mean(axis=1)
    np.testing.assert_allclose(middles[20:60], 500)
    np.testing.assert_allclose(np.delete(middles, np.s_[20:60]), 100)


def test_a_short_absence_is_waited_out():
    cast = framed_cast([100], [Seen("p1", 0, 40, at(100)), Seen("p1", 70, 100, at(120)), Seen("p2", 0, 100, at(500))])
    subject = _subject(cast, 0, 0, 100)
    assert (subject.weight[40:70] == 0).all()
    assert (np.delete(subject.weight, np.s_[40:70]) == 1).all()


def test_in_a_long_absence_the_one_who_is_seen_most_is_shown():
    others = [Seen("p2", 60, 110, at(500), (100, 130)), Seen(None, 50, 150, at(300), (40, 50))]
    subject = _subject(framed_cast([150], [Seen("p1", 0, 50, at(100)), *others]), 0, 0, 150)
    assert (subject.weight[:50] == 1).all()
    np.testing.assert_allclose(subject.weight[60:110], OTHERS_WEIGHT)
    np.testing.assert_allclose(subject.boxes_xyxy[60:110, [0, 2]].mean(axis=1), 500)
    assert (subject.weight[50:60] == 0).all()
    assert (subject.weight[110:] == 0).all()


def test_a_face_without_a_name_where_the_person_was_is_probably_theirs():
    """They look away, and are not recognised."""
    own = [Seen("p1", 0, 60, at(100)), Seen("p1", 90, 100, at(120))]
    for x, wh, weight in ((115, (60, 80), PROBABLY_WEIGHT), (300, (60, 80), 0), (115, (25, 33), 0)):
        subject = _subject(framed_cast([100], [*own, Seen(None, 65, 85, at(x), wh)]), 0, 0, 100)
        assert set(subject.weight[65:85]) == {weight}
        assert (np.delete(subject.weight, np.s_[60:90]) == 1).all()
    overlapping = framed_cast([100], [*own, Seen(None, 50, 85, at(115))])
    assert (_subject(overlapping, 0, 0, 100).weight[60:85] == 0).all()


def test_those_beside_are_told_where_they_are_and_the_background_is_not():
    others = [Seen("p2", 10, 60, at(300)), Seen(None, 0, 100, at(500), (25, 30))]
    subject = _subject(framed_cast([100], [Seen("p1", 0, 50, at(100)), *others]), 0, 0, 100)
    assert len(subject.beside) == 1
    there = ~np.isnan(subject.beside[0][:, 0])
    assert np.flatnonzero(there).tolist() == list(range(10, 50))
    np.testing.assert_allclose(subject.beside[0][there][:, [0, 2]].mean(axis=1), 300)


def test_faces_of_other_shots_do_not_count():
    cast = framed_cast([50, 50], [Seen("p1", 0, 50, at(100)), Seen("p1", 50, 100, at(500)), Seen("p2", 0, 50, at(300))])
    middles = _subject(cast, 1, 50, 100).boxes_xyxy[:, [0, 2]].mean(axis=1)
    np.testing.assert_allclose(middles, 500)


def test_a_part_of_a_long_track_is_as_in_the_whole():
    seen = Seen("p1", 0, 2000, lambda t: (320 + 200 * np.sin(t), 150))
    cast = framed_cast([2000], [seen])
    whole, part = _subject(cast, 0, 0, 2000), _subject(cast, 0, 800, 900)
    np.testing.assert_allclose(part.boxes_xyxy, whole.boxes_xyxy[800:900], atol=1e-9)


def test_a_track_with_one_face_stands_still():
    cast = framed_cast([10], [Seen("p1", 2, 5, walk(100, 400, 1))])
    subject = along(cast.tracks, np.arange(10), times(0, 10), 1.0)
    assert subject.weight.tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]
    assert np.ptp(subject.boxes_xyxy[2:5], axis=0).max() == 0
    assert track_runs(cast.tracks[0], np.arange(10)).tolist() == (subject.weight == 1).tolist()
