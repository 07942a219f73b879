from pathlib import Path

import numpy as np

from closeup.learning.runs.reading import read_run
from closeup.learning.runs.view import MOST_STEPS, RUN_VIEW, run_view, taken_for
from learning.runs.made_runs import MOODS, begun, finished


def test_every_cell_that_is_not_empty_is_there_and_no_path(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs")
    view = run_view(run)
    mood = next(each for each in view.heads if (each.side, each.head) == ("test", "mood"))
    predictions = run.predictions("test", "mood").labelled()
    answers = predictions.probabilities.argmax(axis=1)
    for label, answer, count in mood.confusion:
        assert count == int(np.sum((predictions.label_indices() == label) & (answers == answer))) > 0
    assert sum(count for _, _, count in mood.confusion) == mood.count == 60
    age = next(each for each in view.heads if (each.side, each.head) == ("test", "age"))
    assert (age.unit, len(age.estimates), age.confusion) == ("years", 60, ())
    assert [each.head for each in view.heads] == ["mood", "mood", "age", "age"]
    assert str(tmp_path) not in RUN_VIEW.encode(view).decode()
    assert "base" not in view.facts


def test_a_cell_has_the_pictures_that_were_taken_so(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs")
    predictions = run.predictions("test", "mood").labelled()
    for label, answer, count in run_view(run).heads[0].confusion:
        cell = taken_for(predictions, MOODS[label], MOODS[answer])
        assert len(cell.keys) == count
        assert set(cell.labels) == {MOODS[label]}


def test_a_run_that_goes_on_shows_its_steps_evenly(tmp_path: Path) -> None:
    with begun(tmp_path / "runs", epochs=2, steps=1000) as writer:
        writer.flush()
        view = run_view(read_run(writer.path))
    assert (view.state, view.heads, len(view.steps)) == ("running", (), MOST_STEPS)
    assert (view.steps[0], view.steps[-1]) == ((0.001, 2.0), (2.0, 0.001))
