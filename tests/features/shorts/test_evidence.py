import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ignore
from closeup.core.settings import Settings
from closeup.core.types import Cast, Face, FloatArray, Quality, Track
from closeup.features.shorts import evidence as module
from closeup.features.shorts.evidence import NEVER_LARGE, NO_SOUND, Evidence, gather, listen
from closeup.features.shorts.interest import interest
from closeup.features.shorts.options import WEIGHTS
from closeup.features.shorts.watching import grid
from closeup.perception import expression
from closeup.weights.cards import card
from documents.cast_strategies import casts
from features.shorts.planned_cast import planned_cast
from filmed import scenery, write_film
from sounds import RATE_HZ, applause, hiss, talk

CAST = planned_cast([20, 30], {"p1": [(0, 20)], "p2": [(20, 50)]})
SEEN = {"presence", "motion", "company", "novelty", "rhythm"}
HEARD = {"speech", "loudness", "bursts"}


def film(path: Path, sound: np.ndarray | None) -> Path:
    pictures = [scenery(1, (320, 180))] * 20 + [scenery(2, (320, 180))] * 30
    return write_film(path / "film.mp4", pictures, 10, sound)


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """No model has been pulled."""
    return Settings(tmp_path / "models", None)


def check(found: Evidence, count: int) -> None:
    """What holds for any evidence."""
    assert found.parts.keys() | found.absent.keys() == set(WEIGHTS)
    assert not found.parts.keys() & found.absent.keys()
    assert len(found.times_s) == len(found.looks) == count
    for curve in found.parts.values():
        assert (curve.shape, curve.dtype) == ((count,), np.float32)
        known = curve[np.isfinite(curve)]
        assert len(known)
        assert ((known >= 0) & (known <= 1)).all()
    total = interest(found).total
    assert ((total >= 0) & (total <= 1)).all()


def test_every_part_is_there_or_absent_with_its_reason(
    tmp_path: Path, bare: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expression, "is_shipped", lambda *_: False)
    found = gather(film(tmp_path, (talk(5.0) + hiss(5.0))), CAST, "p1", settings=bare)
    check(found, 50)
    assert found.parts.keys() == SEEN | HEARD
    assert "faceapi-expression is not on this machine" in found.absent["expression"]
    assert (found.parts["presence"][:20] > 0).all()
    assert (found.parts["presence"][20:] == 0).all()
    assert (found.parts["company"] > 0).tolist() == [False] * 20 + [True] * 30
    np.testing.assert_allclose(found.parts["novelty"], [0.6] * 20 + [0.4] * 30, atol=0.05)
    assert found.speech is not None
    assert found.frame_times.count == 50


def test_without_sound_three_parts_are_absent(tmp_path: Path, bare: Settings) -> None:
    found = gather(film(tmp_path, None), CAST, "p2", settings=bare)
    check(found, 50)
    assert {name for name, why in found.absent.items() if why == NO_SOUND} == HEARD
    assert found.speech is None


def test_sound_shorter_than_the_pictures_is_silent_at_its_end(tmp_path: Path, bare: Settings) -> None:
    found = gather(film(tmp_path, talk(2.13)), CAST, "p1", settings=bare)
    check(found, 50)
    assert (found.parts["loudness"][30:] == 0).all()


class Sober:
    """In an expression judge's place."""

    def __init__(self, settings: Settings) -> None:
        pass

    def crop(self, image: np.ndarray, box_xyxy: np.ndarray, landmarks_xy: np.ndarray) -> np.ndarray:
        return np.zeros((2, 2, 3), np.uint8)

    def strengths(self, crops: np.ndarray) -> np.ndarray:
        return np.full(len(crops), 0.25, np.float32)


@pytest.fixture
def _judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "missing", lambda _: None)
    monkeypatch.setattr(module, "ExpressionJudge", Sober)


@pytest.mark.usefixtures("_judged")
def test_with_a_model_expressions_are_judged_where_the_person_is(tmp_path: Path, bare: Settings) -> None:
    found = gather(film(tmp_path, None), CAST, "p1", settings=bare)
    check(found, 50)
    assert (found.parts["expression"][:20] == 0.25).all()
    assert np.isnan(found.parts["expression"][20:]).all()


@pytest.mark.usefixtures("_judged")
def test_faces_that_are_too_small_to_judge_are_said_to_be(tmp_path: Path, bare: Settings) -> None:
    def small(cast: Cast) -> Cast:
        face = replace(cast.tracks[0].faces[0], box_xyxy=np.array([10, 10, 25, 25], np.float32))
        return replace(cast, tracks=(replace(cast.tracks[0], faces=(face,)), *cast.tracks[1:]))

    found = gather(film(tmp_path, None), small(CAST), "p1", settings=bare)
    check(found, 50)
    assert found.absent["expression"] == NEVER_LARGE


def test_somebody_else_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no p9 in the cast"):
        gather(tmp_path / "not there.mp4", CAST, "p9")


@pytest.mark.shared
def test_laughter_in_a_sitcom_is_heard_between_its_lines(shared: Path, tmp_path: Path) -> None:
    model = card(expression.CARD_NAME)
    shutil.copy(shared / "models" / model.file, tmp_path / model.file)
    clip = shared / "data" / "video" / "clips" / "friends_cards_30s.mp4"
    cast = planned_cast([104, 166, 131, 51, 101, 127], {"p1": [(280, 400)]})
    at_24 = 1001 / 2400  # the cast above counts ten frames a second

    def timed(cast: Cast) -> Cast:
        shots = tuple(replace(s, start_s=s.start_s * at_24, end_s=s.end_s * at_24) for s in cast.shots)
        track = cast.tracks[0]
        faces = tuple(replace(face, time_s=face.time_s * at_24) for face in track.faces)
        tracks = (replace(track, start_s=track.start_s * at_24, end_s=track.end_s * at_24, faces=faces),)
        video = replace(cast.video, width=1280, height=720)
        return replace(cast, video=video, shots=shots, tracks=tracks)

    found = gather(clip, timed(cast), "p1", settings=Settings(tmp_path, None))
    check(found, 285)
    bursts = found.parts["bursts"]  # its sound begins 1.6 s before its first picture
    assert bursts[36:58].mean() > 0.5
    assert bursts[157:200].mean() > 0.7
    assert bursts[75:140].mean() < 0.05
    assert found.parts["speech"][75:140].mean() > 0.9


def film_of(path: Path, sound: np.ndarray | None, duration_s: float) -> Path:
    return write_film(path / "film.mp4", [scenery(1, (32, 32))] * round(5 * duration_s), 5, sound)


def test_speech_and_applause_are_heard_where_they_are(tmp_path: Path) -> None:
    sound = np.concatenate([hiss(4.0), talk(6.0), np.zeros(RATE_HZ), applause(4.0, 0.2)]).astype(np.float32)
    sound += hiss(len(sound) / RATE_HZ)
    found = listen(film_of(tmp_path, sound, 15.0), 15.0, ignore)
    assert len(found.momentary_lufs) == len(found.bursts) == 150
    assert found.bursts[115:145].mean() > 0.7
    assert found.bursts[:105].mean() < 0.02
    assert found.usual_lufs is not None
    assert found.momentary_lufs[115:145].min() > found.usual_lufs > found.momentary_lufs[:35].max()
    spoken = found.speech_s[:, 1] - found.speech_s[:, 0]
    assert spoken.sum() > 2
    assert found.speech_s.min() > 3.7
    assert found.speech_s.max() < 10.7


@pytest.mark.parametrize("duration_s", [0.4, 3.0, 9.7])
def test_sound_that_ends_early_is_silence_from_there_on(tmp_path: Path, duration_s: float) -> None:
    film = film_of(tmp_path, hiss(0.3, 0.1), duration_s)
    told: list[Progress] = []
    found = listen(film, duration_s, told.append)
    assert abs(len(found.momentary_lufs) - round(10 * duration_s)) <= 1
    assert found.speech_s.shape == (0, 2)
    assert told[-1] == Progress("Listening", duration_s, duration_s, "s")


def test_silence_is_heard_as_such(tmp_path: Path) -> None:
    found = listen(film_of(tmp_path, np.zeros(2 * RATE_HZ, np.float32), 2.0), 2.0, ignore)
    assert found.usual_lufs is None
    assert (found.bursts == 0).all()


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no sound"):
        listen(film_of(tmp_path, None, 1.0), 1.0, ignore)


def test_progress_may_stop_it(tmp_path: Path) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listen(film_of(tmp_path, hiss(9.0), 9.0), 9.0, stop)


SHOTS = [60, 40, 80]
TRACKS = {"p1": [(0, 60), (100, 150)], "p2": [(20, 60)], "p3": [(60, 100)]}


def cast_with(height_px: float = 60.0, quality: float = 1.0) -> Cast:
    """Everybody's faces so high, in pictures of 320 x 180, and so good."""
    cast = planned_cast(SHOTS, TRACKS)
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
    curve = module.presence(cast_with(), "p1", TIMES_S)
    assert (between(curve, 0, 6) > 0.5).all()
    assert (between(curve, 6, 10) == 0).all()
    assert (between(curve, 10, 15) > 0.5).all()
    assert (between(curve, 15, 18) == 0).all()


def test_presence_grows_with_size_and_quality() -> None:
    by_size = [float(module.presence(cast_with(h), "p1", TIMES_S)[0]) for h in (5.0, 20.0, 50.0, 72.0, 150.0)]
    assert by_size == sorted(by_size)
    assert by_size[0] == 0
    assert by_size[-2] == by_size[-1] == pytest.approx(1)
    by_quality = [float(module.presence(cast_with(quality=q), "p1", TIMES_S)[0]) for q in (0.0, 0.3, 0.8, 1.0)]
    assert by_quality == sorted(by_quality)
    assert by_quality[0] == 0


def test_between_two_faces_presence_runs_in_a_straight_line() -> None:
    cast = cast_with()
    track = cast.tracks[0]
    small = track.faces[0]
    large = replace(small, frame=40, time_s=4.0, box_xyxy=np.array([50, 20, 150, 120], np.float32))
    curve = module.presence(replace(cast, tracks=(replace(track, faces=(small, large)),)), "p1", TIMES_S)
    assert float(curve[20]) == pytest.approx((float(curve[0]) + float(curve[41])) / 2, abs=0.02)
    assert (np.diff(curve[:40]) > 0).all()


def test_company_is_everybody_else() -> None:
    cast = cast_with(40.0)
    curve = module.company(cast, "p1", TIMES_S)
    assert (between(curve, 0, 2) == 0).all()
    assert (between(curve, 2, 6) > 0.5).all()
    np.testing.assert_allclose(between(curve, 2, 6), between(module.presence(cast, "p2", TIMES_S), 2, 6))
    nobody = module.company(replace(cast, tracks=()), "p1", TIMES_S)
    assert (nobody == 0).all()


def test_two_companions_are_more_than_one_whoever_they_are() -> None:
    cast = cast_with(40.0)
    other = replace(cast.tracks[1], id="t9", person=None)
    both = module.company(replace(cast, tracks=(*cast.tracks, other)), "p1", TIMES_S)
    one = module.company(cast, "p1", TIMES_S)
    np.testing.assert_allclose(between(both, 2, 6), 1 - (1 - between(one, 2, 6)) ** 2, rtol=1e-5)
    again = replace(cast.tracks[1], id="t9")
    same = module.company(replace(cast, tracks=(*cast.tracks, again)), "p1", TIMES_S)
    np.testing.assert_allclose(same, one)


def test_speech_is_its_share_of_the_second_around() -> None:
    curve = module.speech(np.array([[3.0, 5.0], [10.05, 10.55]]), TIMES_S)
    assert between(curve, 3.5, 4.5) == pytest.approx(1)
    assert (between(curve, 0, 2.4) == 0).all()
    assert float(curve[29]) == pytest.approx(0.45, abs=1e-5)  # 2.95 s: from 2.45 to 3.45
    assert float(curve[103]) == pytest.approx(0.5, abs=1e-5)
    assert (module.speech(np.zeros((0, 2)), TIMES_S) == 0).all()


def test_loudness_is_against_the_usual() -> None:
    lufs = np.array([-70, -33, -23, -15, -5], np.float32)
    curve = module.loudness(lufs, -23.0)
    np.testing.assert_allclose(curve, [0, 0, 10 / 18, 1, 1], atol=1e-6)
    np.testing.assert_allclose(module.loudness(lufs - 10, -33.0), curve, atol=1e-6)
    assert (module.loudness(lufs, None) == 0).all()


def test_motion_is_mostly_the_persons_own() -> None:
    nan = float("nan")
    person = np.array([0, 0.5, 0, 0.5, nan, nan, nan], np.float32)
    everything = np.array([0, 0, 0.5, 0.5, 0.5, 0, nan], np.float32)
    still, own, camera, both, away, away_still, unknown = module.motion(person, everything).tolist()
    assert still == away_still == 0
    assert 0 < camera < own < both == away == pytest.approx(1)
    assert np.isnan(unknown)


def test_rhythm_follows_the_cuts_also_at_the_ends() -> None:
    def curve(lengths_s: list[float]) -> FloatArray:
        cast = planned_cast([round(10 * length) for length in lengths_s], {})
        return module.rhythm(cast.shots, grid(sum(lengths_s)))

    assert (curve([40.0]) == 0).all()
    assert (curve([2.0] * 20)[50:-50] > 0.95).all()
    assert (curve([2.0] * 20) > 0.8).all()
    slow_then_quick = curve([12.0] * 3 + [2.0] * 18)
    assert slow_then_quick[150] < 0.2 < 0.9 < slow_then_quick[-150]


def test_novelty_is_the_share_that_looks_otherwise() -> None:
    looks = np.zeros((100, 3), np.float32)
    looks[:80, 0], looks[80:, 1] = 1, 1
    curve = module.novelty(looks)
    np.testing.assert_allclose(curve[:80], 0.2, atol=1e-6)
    np.testing.assert_allclose(curve[80:], 0.8, atol=1e-6)
    many = module.novelty(np.repeat(looks, 100, axis=0))
    np.testing.assert_allclose(many[[0, -1]], [0.2, 0.8], atol=0.01)
    assert (module.novelty(looks[:1]) == 0).all()


def test_expression_is_known_within_tracks_that_have_judged_faces() -> None:
    cast = planned_cast(SHOTS, TRACKS)
    own = [track for track in cast.tracks if track.person == "p1"]
    curve = module.expression(np.array([1.0, 3.0]), np.array([0.2, 0.8], np.float32), own, TIMES_S)
    assert between(curve, 0, 1) == pytest.approx(0.2)
    assert float(curve[20]) == pytest.approx(0.515, abs=1e-3)
    assert between(curve, 3.1, 6) == pytest.approx(0.8)
    assert np.isnan(between(curve, 6, 18)).all()


@settings(max_examples=40)
@given(casts(), st.sampled_from(["p1", "p2", "nobody"]))
def test_every_part_of_any_cast_is_a_curve_from_0_to_1(cast: Cast, person: str) -> None:
    times_s = grid(cast.video.duration_s)
    found = [
        module.presence(cast, person, times_s),
        module.company(cast, person, times_s),
        module.rhythm(cast.shots, times_s),
    ]
    for curve in found:
        assert (curve.shape, curve.dtype) == (times_s.shape, np.float32)
        assert ((curve >= 0) & (curve <= 1)).all()


def test_a_face_that_was_not_judged_counts_by_its_score() -> None:
    cast = cast_with(72.0)
    face: Face = replace(cast.tracks[0].faces[0], quality=None, score=0.64)
    bare = replace(cast, tracks=(replace(cast.tracks[0], faces=(face,)),))
    assert float(module.presence(bare, "p1", TIMES_S)[0]) == pytest.approx(0.64, abs=1e-5)
