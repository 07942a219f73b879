import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from closeup.core.errors import DependencyError, OutputError
from closeup.core.progress import Progress
from closeup.learning.runs.export import export_runs, history
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.reading import read_run
from closeup.tables.growing import read_table
from learning.runs.made_runs import begun, finished


def test_one_table_has_every_number_of_every_run(tmp_path: Path) -> None:
    runs = [finished(tmp_path / "runs") for _ in range(2)]
    reports: list[Progress] = []
    export_runs(runs, tmp_path / "new/table", "csv", progress=reports.append)
    table = read_table(tmp_path / "new/table/history.csv")
    assert len(table) == 2 * (20 * 3 + 4 * 6 + len(runs[0].flat_metrics))
    found = {(row["run"], row["name"], row["step"]): float(row["value"]) for row in table.rows}
    assert found[runs[1].id, "step/loss", "4"] == 0.5
    assert found[runs[0].id, "epoch/val_loss", "10"] == pytest.approx(1.05)
    assert found[runs[0].id, "test/mood/accuracy", "20"] == runs[0].flat_metrics["test/mood/accuracy"]
    assert (reports[0].done, reports[-1].done, reports[-1].total) == (0, 2, 2)


def test_steps_epochs_and_the_end_are_in_order(tmp_path: Path) -> None:
    run = finished(tmp_path)
    rows = list(history(run))
    assert [step for _, step, _ in rows[:24]] == [*range(1, 21), 5, 10, 15, 20]
    assert not {"epoch/kept", "epoch/stage"} & rows[20][2].keys()
    assert [values for _, _, values in rows[24:]] == [run.flat_metrics]
    times = [time_s for time_s, _, _ in rows[:20]]
    assert run.created.timestamp() < times[0]
    assert times == sorted(times)


def test_a_run_that_is_not_over_ends_when_its_epochs_do(tmp_path: Path) -> None:
    run = read_run(begun(tmp_path).path)
    rows = list(history(run))
    assert len(rows) == 24
    assert rows[19][0] == pytest.approx(run.created.timestamp() + 120)


def test_a_run_without_a_step_has_no_history(tmp_path: Path) -> None:
    assert list(history(read_run(create_run(tmp_path, "x", "", {}).path))) == []


def test_tensorboard_writes_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scalars: dict[tuple[str, int], float] = {}

    class Writer:
        def __init__(self, folder: str) -> None:
            Path(folder).mkdir()

        def __enter__(self) -> Any:
            return SimpleNamespace(add_scalar=lambda name, value, step, walltime: scalars.update({(name, step): value}))

        def __exit__(self, *_: object) -> None:
            pass

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    run = finished(tmp_path / "runs")
    export_runs([run], tmp_path / "board", "tensorboard")
    assert [path.name for path in (tmp_path / "board").iterdir()] == [run.id]
    assert scalars["step/loss", 4] == 0.5


def test_without_tensorboard_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(DependencyError, match="not installed"):
        export_runs([finished(tmp_path / "runs")], tmp_path / "board", "tensorboard")
    assert not (tmp_path / "board").exists()


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs")
    with pytest.raises(OutputError, match="exists already"):
        export_runs([run], tmp_path / "runs", "csv")
    assert run.path.is_dir()


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 1:
            raise KeyboardInterrupt

    runs = [finished(tmp_path / "runs") for _ in range(2)]
    with pytest.raises(KeyboardInterrupt):
        export_runs(runs, tmp_path / "board", "csv", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
