"""Takes before a camera: scored as videos are, kept one beside the other, and whole or not at all."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.documents.act import ACT_JSON, PERFORMANCE_JSON, LiveTake, Performance
from closeup.features.act.live import LiveStage, page_models
from closeup.features.act.make import score_performances
from closeup.media.video import open_video
from features.act.played import LEVELS, film_of, stand_ins

__all__ = ["stand_ins"]

pytestmark = pytest.mark.usefixtures("stand_ins")


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    """A film of 15 s to play after."""
    film_of(tmp_path / "film.mp4", LEVELS)
    return LiveStage(tmp_path / "film.mp4", tmp_path / "takes")


def recorded(stage: LiveStage, folder: Path) -> Path:
    """The original, as a browser would record who plays it: VP8, streamed into a WebM."""
    path = folder / "recording"
    with open_video(stage.original.path) as reader, av.open(str(path), "w", format="webm", options={"live": "1"}) as to:
        stream = to.add_stream("libvpx", rate=10, width=320, height=180)
        for frame in reader:
            made = av.VideoFrame.from_ndarray(frame.rgb(), format="rgb24").reformat(format="yuv420p")
            made.pts = frame.index
            to.mux(stream.encode(made))
        to.mux(stream.encode())
    return path


def take_of(performance: Performance, later_s: float = 0.0, *, still: bool = False) -> LiveTake:
    """What a page sends of somebody who plays just so, or later, or not at all."""
    played = performance.probabilities
    return LiveTake(
        expressions=performance.expressions,
        times_s=performance.times_s + later_s,
        probabilities=np.tile(played.mean(axis=0), (len(played), 1)) if still else played,
        boxes_xyxy=performance.boxes_xyxy,
    )


def test_takes_are_scored_as_videos_are_and_the_best_stands_first(stage: LiveStage, tmp_path: Path) -> None:
    performance, recording = stage.original.performance, recorded(stage, tmp_path)
    assert stage.ranking() is None
    assert stage.keep(take_of(performance, still=True), recording).score == 0
    result = stage.keep(take_of(performance, 0.4), recording)
    assert result.score is not None
    assert result.score > 95
    assert result.timing is not None
    assert result.timing.lag_s == pytest.approx(0.4)
    ranking = stage.ranking()
    assert ranking is not None
    assert [row.folder for row in ranking.attempts] == ["2", "1"]
    folder = stage.folder / "2"
    assert {path.name for path in folder.iterdir()} == {
        "act.json",
        "report.html",
        "take-2.webm",
        "original.performance.json",
        "attempt.performance.json",
    }
    assert ACT_JSON.read(folder / "act.json").score == result.score
    # What the command says of the two kept performances is what the page was told.
    again = score_performances(folder / "original.performance.json", folder / "attempt.performance.json")
    assert (again.score, again.timing) == (result.score, result.timing)


def test_a_take_s_report_shows_its_recording_and_its_faces(stage: LiveStage, tmp_path: Path) -> None:
    stage.keep(take_of(stage.original.performance), recorded(stage, tmp_path))
    kept = PERFORMANCE_JSON.read(stage.folder / "1" / "attempt.performance.json")
    assert (kept.label, kept.video.frames, kept.video.path) == ("you", 150, str(stage.folder / "1" / "take-1.webm"))
    text = (stage.folder / "1" / "report.html").read_text()
    assert 'src="take-1.webm"' in text
    assert "not in view" not in text


def test_a_second_evening_goes_on_with_the_same_board(stage: LiveStage, tmp_path: Path) -> None:
    recording = recorded(stage, tmp_path)
    stage.keep(take_of(stage.original.performance, still=True), recording)
    later = LiveStage(tmp_path / "film.mp4", tmp_path / "takes")
    later.keep(take_of(later.original.performance), recording)
    ranking = later.ranking()
    assert ranking is not None
    assert [row.video for row in ranking.attempts] == ["2/take-2.webm", "1/take-1.webm"]
    shutil.copy(tmp_path / "film.mp4", tmp_path / "other.mp4")
    with pytest.raises(InputError, match="holds attempts at"):
        LiveStage(tmp_path / "other.mp4", tmp_path / "takes")


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    film_of(tmp_path / "film.mp4", LEVELS)
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes" / "novel.txt").write_text("It was")
    with pytest.raises(OutputError, match="other things"):
        LiveStage(tmp_path / "film.mp4", tmp_path / "takes")


def test_what_is_no_take_leaves_everything_as_it_was(stage: LiveStage, tmp_path: Path) -> None:
    performance = stage.original.performance
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(InputError):
        stage.keep(take_of(performance), tmp_path / "noise")
    other = LiveTake(performance.expressions[1:], np.zeros(0), np.zeros((0, 6)), np.zeros((0, 4), np.float32))
    with pytest.raises(InputError, match="another model"):
        stage.keep(other, recorded(stage, tmp_path))
    assert not stage.folder.exists()


def test_nobody_in_view_gives_no_score_and_says_so(stage: LiveStage, tmp_path: Path) -> None:
    names = stage.original.performance.expressions
    away = LiveTake(names, np.zeros(0), np.zeros((0, len(names))), np.zeros((0, 4), np.float32))
    result = stage.keep(away, recorded(stage, tmp_path))
    assert result.score is None
    assert result.unscored.startswith("No score: the two faces are seen together in 0%")


def test_the_page_s_networks_bring_their_cards() -> None:
    models = page_models()
    assert set(models) == {"detector", "expression"}
    assert all(path.is_file() and card.startswith(b"{") for card, path in models.values())
