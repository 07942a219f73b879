"""Two performances compared: what each score says, and when there is none."""

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.documents.act import ACT_JSON, Performance
from closeup.features.act.comparing import compare, curves
from features.act.played import acting, bump, performance, smiling

ORIGINAL = acting(1)


def score(original: Performance, attempt: Performance) -> float:
    found = compare(original, attempt).result.score
    assert found is not None
    return found


def test_the_same_performance_has_100_and_a_motionless_face_0() -> None:
    original = performance(ORIGINAL)
    result = compare(original, original).result
    assert (result.score, result.interval) == (100, (100, 100))
    assert result.timing is not None
    assert (result.timing.lag_s, result.timing.spread_s) == (0, 0)
    still = np.tile(ORIGINAL.mean(axis=0), (len(ORIGINAL), 1))
    assert score(original, performance(still)) == 0


def test_scores_do_not_fall_from_a_motionless_face_to_the_same() -> None:
    rest = np.median(ORIGINAL, axis=0)
    original = performance(ORIGINAL)
    found = [score(original, performance(rest + part * (ORIGINAL - rest))) for part in np.linspace(0, 1, 9)]
    assert found == sorted(found)
    assert found[-1] == 100
    assert found[4] > 50


def test_strangers_score_little() -> None:
    assert np.mean([score(performance(ORIGINAL), performance(acting(seed))) for seed in range(10, 14)]) < 15


@pytest.mark.parametrize("late", [-14, 9, 25])
def test_who_is_late_as_a_whole_loses_nothing_and_is_told(late: int) -> None:
    result = compare(performance(ORIGINAL), performance(np.roll(ORIGINAL, late, axis=0))).result
    assert result.score is not None
    assert result.score > 90
    assert result.timing is not None
    assert result.timing.lag_s == pytest.approx(late / 10, abs=0.051)


def test_the_simpler_measure_flatters_a_motionless_face() -> None:
    still = np.tile(ORIGINAL.mean(axis=0), (len(ORIGINAL), 1))
    result = compare(performance(ORIGINAL), performance(still)).result
    assert result.score == 0
    assert result.overlap["attempt"] == pytest.approx(result.overlap["motionless"], abs=0.001)
    assert (result.overlap["attempt"] or 0) > 0.4


def test_two_faces_at_rest_that_look_different_are_compared_by_what_they_do() -> None:
    shifted = 0.7 * ORIGINAL + 0.3 * np.eye(7)[0]
    assert score(performance(ORIGINAL), performance(shifted)) > 70


def test_with_less_than_half_in_common_there_is_no_score_and_the_reason() -> None:
    seen = np.arange(len(ORIGINAL)) < 130
    result = compare(performance(ORIGINAL), performance(ORIGINAL, seen)).result
    assert (result.score, result.interval, result.timing, result.moments) == (None, None, None, ())
    assert "44% of the original's time" in result.unscored
    assert "The attempt's is in view for 44%" in result.unscored
    kept = ACT_JSON.encode(result)
    assert ACT_JSON.encode(ACT_JSON.decode(kept)) == kept


def test_an_attempt_whose_face_is_never_seen_has_no_score() -> None:
    nobody = performance(ORIGINAL, np.zeros(len(ORIGINAL), np.bool_))
    assert compare(performance(ORIGINAL), nobody).result.coverage["both"] == 0
    assert compare(nobody, performance(ORIGINAL)).result.score is None


def test_a_still_original_cannot_be_played_and_a_short_one_not_compared() -> None:
    still = performance(smiling(np.full(300, 0.2)))
    assert "hardly moves" in compare(still, performance(ORIGINAL)).result.unscored
    short = performance(ORIGINAL[:20])
    assert "too few" in compare(short, short).result.unscored


def test_gaps_are_left_out_and_counted() -> None:
    seen = np.ones(len(ORIGINAL), np.bool_)
    seen[100:140] = False
    result = compare(performance(ORIGINAL), performance(ORIGINAL, seen)).result
    assert result.score is not None
    assert result.score > 90
    assert result.coverage["both"] == pytest.approx(0.88, abs=0.02)


def test_lengths_may_differ_and_other_scenes_need_some() -> None:
    longer = performance(np.concatenate([ORIGINAL, acting(5)]))
    assert score(performance(ORIGINAL), longer) > 90
    assert compare(performance(ORIGINAL[:100]), longer).result.baselines["other_scene"] is None


def test_sound_helps_to_find_the_lag() -> None:
    words = 20 * np.sin(np.arange(300) ** 1.3 / 9) - 30
    original = performance(smiling(bump(12)), loudness=words)
    attempt = performance(smiling(bump(13.5)), loudness=np.roll(words, 15))
    timing = compare(original, attempt).result.timing
    assert timing is not None
    assert timing.sound_lag_s == pytest.approx(1.5)
    assert timing.lag_s == pytest.approx(1.5)
    silent = compare(original, performance(smiling(bump(13.5)))).result.timing
    assert silent is not None
    assert silent.sound_lag_s is None


def test_performances_of_two_models_are_not_compared() -> None:
    from dataclasses import replace

    with pytest.raises(InputError, match="judged by expression, the other by another"):
        compare(performance(ORIGINAL), replace(performance(ORIGINAL), model="another"))


def test_five_looks_a_second_make_the_same_curve() -> None:
    slow = performance(ORIGINAL, np.arange(len(ORIGINAL)) % 2 == 0)
    assert np.isfinite(curves(slow)).all()
    assert score(performance(ORIGINAL), slow) > 95


def test_baselines_stand_beside_every_score() -> None:
    baselines = compare(performance(ORIGINAL), performance(np.roll(ORIGINAL, 8, axis=0))).result.baselines
    values = [baselines[name] for name in ("motionless", "shuffled", "other_scene")]
    assert baselines["chance"] == max(value for value in values if value is not None)
