"""Who stays in focus."""

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.types import Cast, Face, Person, Shot, Track, VideoInfo
from closeup.features.portrait.people import faces_in_time


def track(number, person, shot, boxes, start_s=0.0):
    faces = tuple(
        Face(n, start_s + n * 0.2, np.float32(box), np.zeros((5, 2), np.float32), 0.9) for n, box in enumerate(boxes)
    )
    end_s = start_s + 0.2 * len(boxes)
    return Track(f"t{number}", shot, person, int(start_s * 25), int(end_s * 25), start_s, end_s, faces)


@pytest.fixture
def cast(tmp_path):
    """Two people in a first shot, the smaller one alone in the second, nobody in the third."""
    small, large = [(0, 0, 10, 10)] * 5, [(50, 0, 80, 30), (60, 0, 90, 30)] * 2
    tracks = (track(1, "p1", 0, small), track(2, "p2", 0, large), track(3, "p1", 1, small, start_s=2.0))
    shots = tuple(Shot(n * 50, n * 50 + 50, n * 2.0, n * 2.0 + 2) for n in range(3))
    people = tuple(
        Person(each, name, f"people/{each}.jpg", 1.0, (0,), own, 0.5)
        for each, name, own in (("p1", "Ada", ("t1", "t3")), ("p2", None, ("t2",)))
    )
    video = VideoInfo("a.mp4", "0" * 64, 6.0, 25, 150, 100, 50)
    return Cast(video, {}, {}, shots, people, (), tracks)


def test_the_largest_of_each_shot(cast, tmp_path):
    faces = faces_in_time(cast, "largest", tmp_path)
    first = faces.at(5, 0.2)
    assert first.boxes_xyxy[0].tolist() == pytest.approx([0.6, 0, 0.9, 0.6])
    assert first.kept.tolist() == [True, False]
    assert faces.at(55, 2.2).boxes_xyxy[0].tolist() == pytest.approx([0, 0, 0.1, 0.2])
    assert faces.at(105, 4.2) is None


@pytest.mark.parametrize("who", ["p1", "ada"])
def test_by_id_or_name_and_where_the_head_turned_away(cast, tmp_path, who):
    faces = faces_in_time(cast, who, tmp_path)
    assert faces.at(5, 0.2).kept.tolist() == [True, False]
    assert faces.at(45, 1.9).boxes_xyxy[0].tolist() == pytest.approx([0, 0, 0.1, 0.2])
    assert len(faces.at(45, 1.9).boxes_xyxy) == 1


def test_faces_move_evenly_between_sightings(cast, tmp_path):
    assert faces_in_time(cast, "p2", tmp_path).at(2, 0.1).boxes_xyxy[0, 0] == pytest.approx(0.55)


def test_nobody_of_that_name(cast, tmp_path):
    with pytest.raises(InputError, match="nobody called"):
        faces_in_time(cast, "Bob", tmp_path)
