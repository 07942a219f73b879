from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from closeup.features.cast.anchors import TrackFinder, anchor_person, anchor_track
from features.cast.fake_cast import fake_cast, fake_face, fake_track, fake_tracks

TRACKS = fake_tracks()


def test_an_anchor_keeps_the_first_the_middle_and_the_last_face() -> None:
    anchor = anchor_track(TRACKS[0])
    assert anchor.id == "t1"
    assert [face[0] for face in anchor.faces] == [0, 50, 95]
    assert anchor.faces[1][1:] == (105.0, 60.0, 185.0, 140.0)
    assert [face[0] for face in anchor_track(TRACKS[7]).faces] == [390]


def test_a_person_is_all_their_tracks() -> None:
    cast = fake_cast()
    assert [track.id for track in anchor_person(cast, cast.people[0]).tracks] == ["t1", "t3", "t6"]


def test_every_track_finds_itself() -> None:
    finder = TrackFinder(TRACKS)
    for index, track in enumerate(TRACKS):
        assert finder.find([anchor_track(track)]) == Counter({index: len(anchor_track(track).faces)})


@given(st.integers(1, 12), st.floats(-12, 12), st.floats(0.8, 1.3))
def test_tracks_are_found_at_other_rates_and_by_other_boxes(step: int, shift: float, grow: float) -> None:
    """Another detector samples other frames, draws larger boxes and gives other ids."""
    others = []
    for number, track in enumerate(reversed(TRACKS), start=31):
        frames = range(track.start_frame, track.end_frame, step)
        x = float(track.faces[0].box_xyxy[0])
        faces = tuple(fake_face(frame, x + (frame - track.start_frame) * 0.1 + shift, 80 * grow) for frame in frames)
        others.append(replace(track, id=f"t{number}", faces=faces))
    finder = TrackFinder(others)
    for index, track in enumerate(TRACKS):
        found = finder.find([anchor_track(track)])
        assert set(found) == {len(TRACKS) - 1 - index}


def test_nothing_is_found_elsewhere() -> None:
    finder = TrackFinder(TRACKS)
    assert finder.find([anchor_track(fake_track(1, [0, 5], 250))]) == {}
    assert finder.find([anchor_track(fake_track(1, [5000], 100))]) == {}
    assert TrackFinder([]).find([anchor_track(TRACKS[0])]) == {}


def test_a_track_that_fell_apart_is_found_in_all_its_parts() -> None:
    halves = [fake_track(4, range(0, 50, 5), 100), fake_track(5, range(50, 100, 5), 105)]
    assert TrackFinder(halves).find([anchor_track(TRACKS[0])]) == Counter({0: 1, 1: 2})


def test_of_two_equal_boxes_the_track_of_the_same_id_is_meant() -> None:
    twins = [replace(TRACKS[0], id="t9"), TRACKS[0]]
    assert set(TrackFinder(twins).find([anchor_track(TRACKS[0])])) == {1}
