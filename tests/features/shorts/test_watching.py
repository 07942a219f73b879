from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.progress import Progress, ignore
from closeup.core.types import Cast, FloatArray, Image
from closeup.features.shorts.watching import EXPRESSION_EVERY_S, GRID_HZ, Moment, due_faces, grid, spread_out, watch
from closeup.perception.expression import SMALLEST_PX
from closeup.perception.movement import Movement
from features.shorts.planned_cast import planned_cast
from filmed import scenery, write_film


@settings(deadline=None)
@given(st.floats(0.001, 20_000))
def test_moments_cover_the_whole_video_and_no_more(duration_s: float) -> None:
    times_s = grid(duration_s)
    half = 0.5 / GRID_HZ
    assert times_s[0] == pytest.approx(half)
    assert times_s[-1] - half < duration_s <= times_s[-1] + half + 1e-6
    np.testing.assert_allclose(np.diff(times_s), 1 / GRID_HZ)


@pytest.mark.parametrize(("duration_s", "count"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.7, 7), (1.0, 10), (28.403375, 285)])
def test_a_whole_number_of_moments_has_no_empty_one_at_its_end(duration_s: float, count: int) -> None:
    assert len(grid(duration_s)) == count


SIZE_WH = (320, 180)


def panned(seed: int, frames: int, step_px: int) -> list[Image]:
    """A shot in which the camera goes over a landscape."""
    wide = scenery(seed, (SIZE_WH[0] + frames * step_px + 1, SIZE_WH[1]))
    return [wide[:, i * step_px : i * step_px + SIZE_WH[0]] for i in range(frames)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """At 10 frames a second: 2 s still, 2 s of a pan, 1 s still, all of other places."""
    pictures = [*panned(1, 20, 0), *panned(2, 20, 6), *panned(3, 10, 0)]
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4", pictures, fps=10)


CAST = planned_cast([20, 20, 10], {"p1": [(5, 15), (20, 40)], "p2": [(40, 50)]})


class Reader:
    """In an expression judge's place: the strength is the mean of the crop over 255."""

    def __init__(self) -> None:
        self.crops: list[Image] = []

    def crop(self, image: Image, box_xyxy: FloatArray, landmarks_xy: FloatArray) -> Image:
        assert landmarks_xy.shape == (5, 2)
        x0, y0, x1, y1 = box_xyxy.astype(int)
        self.crops.append(image[y0:y1, x0:x1])
        return np.full((4, 4, 3), image[y0:y1, x0:x1].mean().round(), np.uint8)

    def strengths(self, crops: Image) -> FloatArray:
        return (crops.mean(axis=(1, 2, 3)) / 255).astype(np.float32)


def test_movement_is_seen_in_the_pan_and_cuts_are_not_taken_for_it(film: Path) -> None:
    found = watch(film, CAST, "p1", None, ignore)
    assert found.frame_times.count == 50
    assert found.frame_times.end == 5
    assert len(found.overall_speed) == len(found.person_speed) == len(grid(5.0))
    assert (found.overall_speed[:20] < 0.02).all()
    assert np.median(found.overall_speed[20:40]) == pytest.approx(6 / 180 / 0.1, rel=0.3)
    assert (found.overall_speed[40:] < 0.02).all()


def test_the_persons_movement_is_known_where_they_are(film: Path) -> None:
    found = watch(film, CAST, "p1", None, ignore)
    assert np.isfinite(found.person_speed[5:15]).all()
    assert np.isfinite(found.person_speed[20:40]).all()
    assert np.isnan(found.person_speed[[0, 1, 2, 16, 17, 18, *range(40, 50)]]).all()


def test_looks_are_of_one_shot_or_another(film: Path) -> None:
    looks = watch(film, CAST, "p1", None, ignore).looks
    assert float(looks[0] @ looks[19]) > 0.95
    assert float(looks[0] @ looks[25]) < 0.7
    np.testing.assert_allclose(np.linalg.norm(looks, axis=1), 1, atol=1e-4)


def with_faces(times_s: list[float], box: tuple[int, ...] = (100, 40, 160, 100)) -> Cast:
    """The first track with faces at these times, the others with their first face only."""
    track, *others = (replace(track, faces=track.faces[:1]) for track in CAST.tracks)
    faces = tuple(
        replace(track.faces[0], frame=round(t * 10), time_s=t, box_xyxy=np.array(box, np.float32)) for t in times_s
    )
    return replace(CAST, tracks=(replace(track, faces=faces), *others))


def test_expressions_are_judged_in_the_faces_own_frames(film: Path) -> None:
    judge = Reader()
    found = watch(film, with_faces([0.5, 0.7, 1.0]), "p1", judge, ignore)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.judged_s, [0.5, 1.0, 2.0])
    still, moving = scenery(1, (321, 180)), scenery(2, (441, 180))
    means = [picture[40:100, 100:160].mean() / 255 for picture in (still, still, moving)]
    np.testing.assert_allclose(found.strengths, means, atol=0.03)
    assert judge.crops[0].shape == (60, 60, 3)


def test_faces_are_judged_where_they_are_large_enough_and_not_all_the_time() -> None:
    times_s = [round(0.1 * i, 1) for i in range(5, 15)]
    due = due_faces(with_faces(times_s).tracks[:1])
    gaps = np.diff(sorted(due))
    assert (gaps >= 10 * EXPRESSION_EVERY_S - 1e-6).all()
    assert len(due) == 3
    small = (100, 40, 100 + SMALLEST_PX - 1, 100)
    assert due_faces(with_faces(times_s, small).tracks[:1]) == {}


def test_progress_is_told_in_seconds_of_video_and_may_stop_it(film: Path) -> None:
    told: list[Progress] = []
    watch(film, CAST, "p1", None, told.append)
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert {(p.stage, p.total, p.unit) for p in told} == {("Watching", 5.0, "s")}

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(film, CAST, "p1", None, stop)


@pytest.mark.parametrize("fps", [4, 30])
def test_any_frame_rate_gives_ten_moments_a_second(tmp_path: Path, fps: int) -> None:
    pictures = panned(5, 2 * fps, 60 // fps)
    cast = replace(planned_cast([2 * fps], {"p1": [(0, 2 * fps)]}), video=replace(CAST.video, duration_s=2.0))
    found = watch(write_film(tmp_path / "film.mp4", pictures, fps), cast, "p1", None, ignore)
    assert found.frame_times.end == Fraction(2)
    assert len(found.overall_speed) == 20
    assert np.median(found.overall_speed) == pytest.approx(60 // fps * fps / 180, rel=0.35)


LOOK = np.ones(1, np.float32)


def test_the_first_picture_of_a_shot_takes_the_movement_of_the_second() -> None:
    samples = [
        Moment(0, 1, None, LOOK),
        Moment(1, 1, Movement(0.2, 0.1), LOOK),
        Moment(2, 2, None, 2 * LOOK),
        Moment(4, 3, None, 3 * LOOK),
        Moment(5, 3, Movement(None, 0.4), 4 * LOOK),
    ]
    person, everything, looks = spread_out(samples, 8)
    np.testing.assert_allclose(person, [0.2, 0.2] + [np.nan] * 6)
    np.testing.assert_allclose(everything, [0.1, 0.1, np.nan, np.nan, 0.4, 0.4, 0.4, 0.4], rtol=1e-6)
    assert looks[:, 0].tolist() == [1, 1, 2, 2, 3, 4, 4, 4]
