from pathlib import Path

import pytest

from closeup.learning.runs.folder import create_run
from closeup.learning.runs.history import moments
from closeup.learning.runs.reading import read_run
from learning.runs.made_runs import begun, finished


def test_steps_epochs_and_the_end(tmp_path: Path) -> None:
    run = finished(tmp_path)
    found = list(moments(run))
    steps, epochs, end = found[:20], found[20:24], found[24:]
    assert [moment.step for moment in steps] == list(range(1, 21))
    assert steps[3].values["step/loss"] == 0.5
    assert [moment.step for moment in epochs] == [5, 10, 15, 20]
    assert epochs[1].values["epoch/val_loss"] == pytest.approx(1.05)
    assert not {"epoch/kept", "epoch/stage"} & epochs[0].values.keys()
    assert [moment.values for moment in end] == [run.figures]
    times = [moment.time_s for moment in steps]
    assert times == sorted(times)
    assert run.created.timestamp() < times[0]


def test_a_run_that_is_not_over_ends_when_its_epochs_do(tmp_path: Path) -> None:
    run = read_run(begun(tmp_path).path)
    found = list(moments(run))
    assert len(found) == 24
    assert found[19].time_s == pytest.approx(run.created.timestamp() + 120)


def test_a_run_without_a_step_has_none(tmp_path: Path) -> None:
    assert list(moments(read_run(create_run(tmp_path, "x", "", {}).path))) == []
