from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.core.progress import Progress
from closeup.learning.runs.export import export_runs
from learning.runs.made_runs import finished


def test_each_run_has_its_events(tmp_path: Path) -> None:
    runs = [finished(tmp_path / "runs") for _ in range(2)]
    told: list[Progress] = []
    command = export_runs(runs, tmp_path / "new/board", "tensorboard", progress=told.append)
    assert command == f"tensorboard --logdir {tmp_path / 'new/board'}"
    assert {path.name for path in (tmp_path / "new/board").iterdir()} == {run.id for run in runs}
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 2, 2)


def test_mlflow_says_how_to_bring_it_into_a_database(tmp_path: Path) -> None:
    command = export_runs([finished(tmp_path / "runs")], tmp_path / "mlruns", "mlflow")
    assert f"mlflow migrate-filestore --source {tmp_path / 'mlruns'}" in command
    assert len(list((tmp_path / "mlruns").iterdir())) == 1


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs")
    with pytest.raises(OutputError, match="exists already"):
        export_runs([run], tmp_path / "runs", "mlflow")
    assert run.path.is_dir()


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 1:
            raise KeyboardInterrupt

    runs = [finished(tmp_path / "runs") for _ in range(2)]
    with pytest.raises(KeyboardInterrupt):
        export_runs(runs, tmp_path / "board", "tensorboard", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
