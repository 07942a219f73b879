"""Each part of the interest on casts and curves made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.types import Cast, Face, FloatArray, Quality, Track
from closeup.features.shorts import parts
from closeup.features.shorts.moments import grid
from core.cast_strategies import casts
from features.shorts.planned_cast import planned_cast

SHOTS = [60, 40, 80]
SEEN = {"p1": [(0, 60), (100, 150)], "p2": [(20, 60)], "p3": [(60, 100)]}


def cast_with(height_px: float = 60.0, quality: float = 1.0) -> Cast:
    """Everybody's faces so high, in pictures of 320 x 180, and so good."""
    cast = planned_cast(SHOTS, SEEN)
    judged = Quality(quality, quality, quality, quality, quality, quality)
    box = np.array([100, 40, 100 + 0.8 * height_px, 40 + height_px], np.float32)

    def changed(track: Track) -> Track:
        face = replace(track.faces[0], box_xyxy=box, quality=judged)
        return replace(track, faces=(face,))

    return replace(cast, tracks=tuple(changed(track) for track in cast.tracks))


TIMES_S = grid(18.0)


def between(curve: FloatArray, start_s: float, end_s: float) -> FloatArray:
    low, high = np.searchsorted(TIMES_S, (start_s, end_s))
    return curve[low:high]


def test_presence_is_there_where_the_person_is_and_nowhere_else() -> None:
    curve = parts.presence(cast_with(), "p1", TIMES_S)
    assert (between(curve, 0, 6) > 0.5).all()
    assert (between(curve, 6, 10) == 0).all()
    assert (between(curve, 10, 15) > 0.5).all()
    assert (between(curve, 15, 18) == 0).all()


def test_presence_grows_with_size_and_quality() -> None:
    by_size = [float(parts.presence(cast_with(h), "p1", TIMES_S)[0]) for h in (5.0, 20.0, 50.0, 72.0, 150.0)]
    assert by_size == sorted(by_size)
    assert by_size[0] == 0
    assert by_size[-2] == by_size[-1] == pytest.approx(1)
    by_quality = [float(parts.presence(cast_with(quality=q), "p1", TIMES_S)[0]) for q in (0.0, 0.3, 0.8, 1.0)]
    assert by_quality == sorted(by_quality)
    assert by_quality[0] == 0


def test_between_two_faces_presence_runs_in_a_straight_line() -> None:
    cast = cast_with()
    track = cast.tracks[0]
    small = track.faces[0]
    large = replace(small, frame=40, time_s=4.0, box_xyxy=np.array([50, 20, 150, 120], np.float32))
    curve = parts.presence(replace(cast, tracks=(replace(track, faces=(small, large)),)), "p1", TIMES_S)
    assert float(curve[20]) == pytest.approx((float(curve[0]) + float(curve[41])) / 2, abs=0.02)
    assert (np.diff(curve[:40]) > 0).all()


def test_company_is_everybody_else() -> None:
    cast = cast_with(40.0)
    curve = parts.company(cast, "p1", TIMES_S)
    assert (between(curve, 0, 2) == 0).all()
    assert (between(curve, 2, 6) > 0.5).all()
    np.testing.assert_allclose(between(curve, 2, 6), between(parts.presence(cast, "p2", TIMES_S), 2, 6))
    nobody = parts.company(replace(cast, tracks=()), "p1", TIMES_S)
    assert (nobody == 0).all()


def test_two_companions_are_more_than_one_whoever_they_are() -> None:
    cast = cast_with(40.0)
    other = replace(cast.tracks[1], id="t9", person=None)
    both = parts.company(replace(cast, tracks=(*cast.tracks, other)), "p1", TIMES_S)
    one = parts.company(cast, "p1", TIMES_S)
    np.testing.assert_allclose(between(both, 2, 6), 1 - (1 - between(one, 2, 6)) ** 2, rtol=1e-5)
    again = replace(cast.tracks[1], id="t9")
    same = parts.company(replace(cast, tracks=(*cast.tracks, again)), "p1", TIMES_S)
    np.testing.assert_allclose(same, one)


def test_speech_is_its_share_of_the_second_around() -> None:
    curve = parts.speech(np.array([[3.0, 5.0], [10.05, 10.55]]), TIMES_S)
    assert between(curve, 3.5, 4.5) == pytest.approx(1)
    assert (between(curve, 0, 2.4) == 0).all()
    assert float(curve[29]) == pytest.approx(0.45, abs=1e-5)  # 2.95 s: from 2.45 to 3.45
    assert float(curve[103]) == pytest.approx(0.5, abs=1e-5)
    assert (parts.speech(np.zeros((0, 2)), TIMES_S) == 0).all()


def test_loudness_is_against_the_usual() -> None:
    lufs = np.array([-70, -33, -23, -15, -5], np.float32)
    curve = parts.loudness(lufs, -23.0)
    np.testing.assert_allclose(curve, [0, 0, 10 / 18, 1, 1], atol=1e-6)
    np.testing.assert_allclose(parts.loudness(lufs - 10, -33.0), curve, atol=1e-6)
    assert (parts.loudness(lufs, None) == 0).all()


def test_motion_is_mostly_the_persons_own() -> None:
    nan = float("nan")
    person = np.array([0, 0.5, 0, 0.5, nan, nan, nan], np.float32)
    everything = np.array([0, 0, 0.5, 0.5, 0.5, 0, nan], np.float32)
    still, own, camera, both, away, away_still, unknown = parts.motion(person, everything).tolist()
    assert still == away_still == 0
    assert 0 < camera < own < both == away == pytest.approx(1)
    assert np.isnan(unknown)


def test_rhythm_follows_the_cuts_also_at_the_ends() -> None:
    def curve(lengths_s: list[float]) -> FloatArray:
        cast = planned_cast([round(10 * length) for length in lengths_s], {})
        return parts.rhythm(cast.shots, grid(sum(lengths_s)))

    assert (curve([40.0]) == 0).all()
    assert (curve([2.0] * 20)[50:-50] > 0.95).all()
    assert (curve([2.0] * 20) > 0.8).all()
    slow_then_quick = curve([12.0] * 3 + [2.0] * 18)
    assert slow_then_quick[150] < 0.2 < 0.9 < slow_then_quick[-150]


def test_novelty_is_the_share_that_looks_otherwise() -> None:
    looks = np.zeros((100, 3), np.float32)
    looks[:80, 0], looks[80:, 1] = 1, 1
    curve = parts.novelty(looks)
    np.testing.assert_allclose(curve[:80], 0.2, atol=1e-6)
    np.testing.assert_allclose(curve[80:], 0.8, atol=1e-6)
    many = parts.novelty(np.repeat(looks, 100, axis=0))
    np.testing.assert_allclose(many[[0, -1]], [0.2, 0.8], atol=0.01)
    assert (parts.novelty(looks[:1]) == 0).all()


def test_expression_is_known_within_tracks_that_have_judged_faces() -> None:
    cast = planned_cast(SHOTS, SEEN)
    own = [track for track in cast.tracks if track.person == "p1"]
    curve = parts.expression(np.array([1.0, 3.0]), np.array([0.2, 0.8], np.float32), own, TIMES_S)
    assert between(curve, 0, 1) == pytest.approx(0.2)
    assert float(curve[20]) == pytest.approx(0.515, abs=1e-3)
    assert between(curve, 3.1, 6) == pytest.approx(0.8)
    assert np.isnan(between(curve, 6, 18)).all()


@settings(max_examples=40, deadline=None)
@given(casts(), st.sampled_from(["p1", "p2", "nobody"]))
def test_every_part_of_any_cast_is_a_curve_from_0_to_1(cast: Cast, person: str) -> None:
    times_s = grid(cast.video.duration_s)
    found = [
        parts.presence(cast, person, times_s),
        parts.company(cast, person, times_s),
        parts.rhythm(cast.shots, times_s),
    ]
    for curve in found:
        assert (curve.shape, curve.dtype) == (times_s.shape, np.float32)
        assert ((curve >= 0) & (curve <= 1)).all()


def test_a_face_that_was_not_judged_counts_by_its_score() -> None:
    cast = cast_with(72.0)
    face: Face = replace(cast.tracks[0].faces[0], quality=None, score=0.64)
    bare = replace(cast, tracks=(replace(cast.tracks[0], faces=(face,)),))
    assert float(parts.presence(bare, "p1", TIMES_S)[0]) == pytest.approx(0.64, abs=1e-5)
