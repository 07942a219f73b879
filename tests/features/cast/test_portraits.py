"""Track pictures, portraits and strips."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import FormatError
from closeup.core.types import Cast, Track
from closeup.features.cast.portraits import (
    STRIP_GAP,
    best_face,
    head_and_shoulders,
    person_pictures,
    person_tracks,
    portrait_track,
    spread_tracks,
    track_picture,
)
from closeup.media.image import decode_jpeg

from .report_cast import Plan, face, make_cast, portraits


def _track(number: int, shot: int, *totals: float | None) -> Track:
    faces = tuple(face(100 * number + i, (10, 10, 50, 60), total) for i, total in enumerate(totals))
    start, end = 100 * number, 100 * number + 90
    return Track(f"t{number}", shot, "p1", start, end, start / 25, end / 25, faces)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cast, Path]:
    folder = tmp_path_factory.mktemp("portraits") / "talk.cast"
    return make_cast(folder, Plan(hidden=1)), folder


def test_a_large_face_gives_a_picture_480_pixels_high():
    image, box = portraits()[1]
    picture = decode_jpeg(track_picture(head_and_shoulders(image, face(0, box))))
    assert picture.shape[:2] == (480, 384)


def test_a_small_face_is_enlarged_twice_and_no_more():
    image, _ = portraits()[0]
    picture = decode_jpeg(track_picture(head_and_shoulders(image, face(0, (200, 100, 230, 136)))))
    crop_height = 1.3 * 36 / 0.5
    assert abs(picture.shape[0] - 2 * crop_height) <= 2


def test_black_bars_stay_out_of_the_picture():
    """A face near the upper bar of a letterboxed frame, and in a frame that is dark above only."""
    frame = np.full((360, 640, 3), 120, np.uint8)
    frame[:50] = frame[-50:] = 10
    wide = face(0, (300, 60, 380, 160))
    picture = decode_jpeg(track_picture(head_and_shoulders(frame, wide)))
    assert picture.min() > 90
    dark = np.full((360, 640, 3), 120, np.uint8)
    dark[:50] = 10
    assert decode_jpeg(track_picture(head_and_shoulders(dark, wide))).min() < 40
    reaching = face(0, (300, 30, 380, 160))  # it reaches into the bar: nothing of it is cut
    assert decode_jpeg(track_picture(head_and_shoulders(frame, reaching))).min() < 40


def test_the_face_is_where_a_portrait_has_it():
    """A white face on black: its centre lies a little under the eye line, in the middle across."""
    frame = np.zeros((1080, 1920, 3), dtype=np.uint8)
    frame[400:520, 900:1000] = 255
    picture = decode_jpeg(track_picture(head_and_shoulders(frame, face(0, (900, 400, 1000, 520)))))
    ys, xs = np.nonzero(picture[:, :, 0] > 127)
    assert 0.4 < ys.mean() / picture.shape[0] < 0.5
    assert abs(xs.mean() / picture.shape[1] - 0.5) < 0.02


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_a_frame_of_a_pixel_or_a_line_still_gives_a_picture(size_hw):
    frame = np.full((*size_hw, 3), 90, dtype=np.uint8)
    assert decode_jpeg(track_picture(head_and_shoulders(frame, face(0, (0, 0, 40, 40))))).size > 0


def test_best_face_takes_quality_then_score_then_time():
    good, late = face(5, (0, 0, 9, 9), 0.9), face(8, (0, 0, 9, 9), 0.9)
    sure = face(9, (0, 0, 9, 9), 0.9, score=0.95)
    unjudged = face(1, (0, 0, 9, 9), None, score=0.99)
    assert best_face([unjudged, late, good]) is good
    assert best_face([unjudged, late, good, sure]) is sure


def test_the_portrait_is_the_best_track_and_of_equals_the_earliest():
    tracks = [_track(3, 2, 0.7), _track(1, 0, None), _track(2, 1, None, 0.7)]
    assert portrait_track(tracks).id == "t2"
    assert portrait_track([_track(2, 1, None), _track(1, 0, None)]).id == "t1"


@given(
    st.lists(st.tuples(st.integers(0, 40), st.one_of(st.none(), st.floats(0, 1))), max_size=60),
    st.integers(1, 12),
)
def test_spread_tracks_are_few_from_different_shots_by_time_with_the_best(spec, most):
    spec = sorted(spec, key=lambda pair: pair[0])
    tracks = [_track(number, shot, total) for number, (shot, total) in enumerate(spec)]
    chosen = spread_tracks(tracks, most)
    shots = [track.shot for track in chosen]
    assert len(chosen) == min(most, len({track.shot for track in tracks}))
    assert shots == sorted(set(shots))
    if tracks:
        assert portrait_track(tracks) in chosen
    assert spread_tracks(tracks[::-1], most) == chosen


def test_spread_tracks_cover_the_video_and_not_only_its_best_part():
    tracks = [_track(number, number, 0.9 if number < 10 else 0.1) for number in range(60)]
    assert [track.shot // 10 for track in spread_tracks(tracks, 6)] == [0, 1, 2, 3, 4, 5]


def test_everyone_gets_a_portrait_that_is_their_best_tracks_picture(made):
    cast, folder = made
    for person in (*cast.people, *cast.passers_by, *cast.hidden):
        best = portrait_track(person_tracks(cast, person))
        assert (folder / person.portrait).read_bytes() == (folder / "tracks" / f"{best.id}.jpg").read_bytes()


def test_strips_hold_a_picture_for_each_shot_up_to_six(made):
    cast, folder = made
    for person in (*cast.people, *cast.passers_by):
        strip = decode_jpeg((folder / "people" / f"{person.id}-strip.jpg").read_bytes())
        count = min(6, len(person.shots))
        assert strip.shape[0] == 240
        assert abs(strip.shape[1] - (count * 192 + (count - 1) * STRIP_GAP)) <= count


def test_pictures_are_the_same_bytes_every_time(made, tmp_path):
    cast, folder = made
    person_pictures(cast, folder / "tracks", tmp_path)
    for path in sorted((folder / "people").iterdir()):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_missing_track_picture_is_an_error_that_names_it(made, tmp_path):
    cast, _ = made
    with pytest.raises(FormatError, match=r"t\d+\.jpg cannot be read"):
        person_pictures(cast, tmp_path / "nowhere", tmp_path / "people")


def test_a_person_with_a_track_that_is_not_there_is_an_error(made):
    cast, _ = made
    with pytest.raises(FormatError, match="p9 has no track t999"):
        person_tracks(cast, replace(cast.people[0], id="p9", tracks=("t999",)))
