"""From two films to a result folder: who is watched, what lies in it, and what is refused."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.documents.act import ACT_JSON, PERFORMANCE_JSON, RANKING_JSON
from closeup.features.act.make import compare_performances, rank_attempts, score_performances
from closeup.features.act.performing import read_performance
from closeup.features.cast.find import make_cast_folder
from closeup.media.video import open_video
from features.act.played import HAPPY, LEVELS, film_of, stand_ins
from features.cast.stand_in_video import BLUE
from html_page import Page
from sounds import talk

__all__ = ["stand_ins"]

pytestmark = pytest.mark.usefixtures("stand_ins")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """original.mp4; late.mp4, 0.8 s late; still.mp4."""
    folder = tmp_path_factory.mktemp("films")
    film_of(folder / "original.mp4", LEVELS, sound=talk(15))
    film_of(folder / "late.mp4", np.roll(LEVELS, 8))
    film_of(folder / "still.mp4", np.full(150, 0.1))
    return folder


def test_a_performance_is_what_the_face_does(films: Path) -> None:
    read = read_performance(films / "original.mp4", None, lambda _: None, side="original")
    kept = read.performance
    assert len(kept.times_s) == 150
    assert np.abs(kept.probabilities[:, HAPPY] - LEVELS).max() < 0.06
    assert len(kept.loudness_lufs) >= 148
    assert 25 <= len(read.pictures) <= 31


def test_a_folder_has_it_all_and_the_late_one_is_late(films: Path, tmp_path: Path) -> None:
    target = tmp_path / "late.act"
    result = compare_performances(films / "original.mp4", films / "late.mp4", target, video=True)
    assert result.score is not None
    assert result.score > 90
    assert result.timing is not None
    assert result.timing.lag_s == pytest.approx(0.8)
    assert result.timing.sound_lag_s is None
    assert {path.name for path in target.iterdir()} == {
        "act.json",
        "report.html",
        "side_by_side.mp4",
        "original.performance.json",
        "attempt.performance.json",
    }
    assert ACT_JSON.encode(ACT_JSON.read(target / "act.json")) == (target / "act.json").read_bytes()
    again = score_performances(target / "original.performance.json", target / "attempt.performance.json")
    assert ACT_JSON.encode(again) == (target / "act.json").read_bytes()
    with open_video(target / "side_by_side.mp4") as movie:
        width, height = movie.size_wh
        assert (width % 2, height) == (0, 480)
        assert sum(1 for _ in movie) == 150
    page = Page((target / "report.html").read_text("utf-8"))
    sources = [attributes["src"] for tag, attributes in page.elements if tag == "video"]
    assert [(target / str(source)).resolve().name for source in sources] == ["original.mp4", "late.mp4"]
    assert any("you smile" in text for text in page.texts)
    assert sum(tag == "img" for tag, _ in page.elements) >= 2


def test_both_sides_of_the_movie_are_in_step(films: Path, tmp_path: Path) -> None:
    compare_performances(films / "original.mp4", films / "late.mp4", tmp_path / "x", video=True)
    with open_video(tmp_path / "x" / "side_by_side.mp4") as movie:
        frames = [frame.rgb() for frame in movie]
    half = frames[0].shape[1] // 2 + 4
    for index in (20, 40, 46, 100):
        left, right = frames[index][:, : half - 8], frames[index][:, half:]
        assert np.abs(left.astype(int) - right).mean() < 6
    assert frames[-1][:, half:].max() < 30  # the late one has ended: no picture for the last 0.8 s


def test_a_motionless_attempt_has_nothing_and_an_existing_folder_stays(films: Path, tmp_path: Path) -> None:
    result = compare_performances(films / "original.mp4", films / "still.mp4", tmp_path / "still.act")
    assert result.score == 0
    with pytest.raises(OutputError, match="exists already"):
        compare_performances(films / "original.mp4", films / "late.mp4", tmp_path / "still.act")
    compare_performances(films / "original.mp4", films / "late.mp4", tmp_path / "still.act", overwrite=True)
    assert (ACT_JSON.read(tmp_path / "still.act" / "act.json").score or 0) > 90


def test_another_face_is_never_scored(films: Path, tmp_path: Path) -> None:
    away = np.where(np.arange(150) < 100, LEVELS, np.nan)
    film_of(tmp_path / "two.mp4", away, others=((BLUE, 200, 0.9),))
    make_cast_folder(tmp_path / "two.mp4", tmp_path / "two.cast")
    read = {
        who: read_performance(tmp_path / "two.cast", who, lambda _: None, side="attempt").performance
        for who in ("p1", "p2")
    }
    other, own = sorted(read.values(), key=lambda each: -len(each.times_s))
    assert other.probabilities[:, HAPPY].min() > 0.8
    assert own.times_s.max() < 10.4
    assert np.abs(own.probabilities[:, HAPPY] - LEVELS[: len(own.times_s)]).max() < 0.06
    with pytest.raises(InputError, match="nobody called 'Ada'"):
        read_performance(tmp_path / "two.cast", "Ada", lambda _: None, side="attempt")


def test_where_two_are_in_view_alike_the_choice_is_said(tmp_path: Path) -> None:
    film_of(tmp_path / "two.mp4", LEVELS, others=((BLUE, 200, 0.5),))
    read = read_performance(tmp_path / "two.mp4", None, lambda _: None, side="attempt")
    assert any("If the attempt is somebody else, name them" in note for note in read.performance.notes)


def test_what_cannot_be_read_is_said_and_leaves_nothing(films: Path, tmp_path: Path) -> None:
    film_of(tmp_path / "nobody.mp4", np.full(30, np.nan))
    photo = tmp_path / "photo.png"
    subprocess.run(["ffmpeg", "-v", "error", "-i", films / "still.mp4", "-frames:v", "1", photo], check=True)
    for attempt, words in (
        ("nobody.mp4", "Nobody's face"),
        ("photo.png", "not a video|single picture"),
        ("absent.mp4", "does not exist"),
    ):
        with pytest.raises(InputError, match=words):
            compare_performances(films / "original.mp4", tmp_path / attempt, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"nobody.mp4", "photo.png"}


def test_work_that_is_stopped_leaves_nothing(films: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "Drawing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_performances(films / "original.mp4", films / "late.mp4", tmp_path / "out", video=True, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_attempts_are_ranked_and_what_cannot_be_compared_stands_last(films: Path, tmp_path: Path) -> None:
    attempts = [films / "still.mp4", tmp_path / "absent.mp4", films / "late.mp4"]
    ranking = rank_attempts(films / "original.mp4", attempts, tmp_path / "board")
    assert [Path(row.video).name for row in ranking.attempts] == ["late.mp4", "still.mp4", "absent.mp4"]
    assert "does not exist" in ranking.attempts[-1].unscored
    kept = RANKING_JSON.read(tmp_path / "board" / "ranking.json")
    assert [row.folder for row in kept.attempts] == ["3", "1", None]
    assert (tmp_path / "board" / "3" / "report.html").is_file()
    links = [
        a["href"] for tag, a in Page((tmp_path / "board" / "ranking.html").read_text("utf-8")).elements if tag == "a"
    ]
    assert links == ["3/report.html", "1/report.html"]
    page = (tmp_path / "board" / "3" / "report.html").read_text("utf-8")
    assert "late.mp4" in page
    assert json.loads((tmp_path / "board" / "3" / "act.json").read_text())["score"] > 90
    with pytest.raises(InputError, match="None of the attempts"):
        rank_attempts(films / "original.mp4", [tmp_path / "absent.mp4"], tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.shared
def test_a_real_performance_mirrored_and_darkened_is_the_same(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    clip = shared / "data" / "video" / "clips" / "pyfeat_cry_laugh_20s.mp4"
    other = tmp_path / "mirrored.mp4"
    look = ["-vf", "hflip,eq=brightness=-0.1:contrast=0.85", "-c:v", "libx264", "-preset", "veryfast", "-c:a", "copy"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, *look, other], check=True)
    first, second = (read_performance(path, None, lambda _: None, side="attempt") for path in (clip, other))
    (tmp_path / "a.json").write_bytes(PERFORMANCE_JSON.encode(first.performance))
    (tmp_path / "b.json").write_bytes(PERFORMANCE_JSON.encode(second.performance))
    result = score_performances(tmp_path / "a.json", tmp_path / "b.json")
    assert result.score is not None
    assert result.score > 90
