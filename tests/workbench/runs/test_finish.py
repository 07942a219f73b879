import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.workbench.datasets.reading import open_one
from closeup.workbench.runs import plots
from closeup.workbench.runs.finish import complete_run, pictures_of
from closeup.workbench.runs.reading import read_run
from workbench.datasets.tiny import folder
from workbench.runs.made_runs import MOODS, begun, finished, picture


def test_the_folder_has_everything(tmp_path: Path) -> None:
    run = finished(tmp_path)
    told: list[Progress] = []
    assert complete_run(run.path, None, picture, progress=told.append) == run.path / "report.html"
    names = {path.name for path in run.path.iterdir()}
    assert {"curves.svg", "confusion-mood.svg", "estimates-age.svg", "mistakes.html", "CARD.md"} <= names
    assert [it.done for it in told] == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("no_plots")
def test_twice_gives_the_same_and_pictures_that_are_gone_are_kept(tmp_path: Path) -> None:
    run = finished(tmp_path)
    complete_run(run.path, None, picture)
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    complete_run(run.path, None, picture)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
    complete_run(run.path)
    assert (run.path / "mistakes.html").read_bytes() == before["mistakes.html"]
    assert b"no picture" in (run.path / "report.html").read_bytes()


@pytest.mark.usefixtures("no_plots")
def test_pictures_come_from_the_dataset(tmp_path: Path) -> None:
    data = open_one(folder(tmp_path / "faces", ["happy/1.png", "sad/2.png"]))
    writer = begun(tmp_path / "runs")
    keys = [item.key for item in data.items]
    writer.predictions("val", "mood", [*keys, "gone.png"], [0, 1, 0], np.eye(3)[[1, 0, 1]], MOODS)
    complete_run(writer.path, data)
    text = (writer.path / "mistakes.html").read_text()
    assert text.count("data:image/jpeg") == 2
    assert text.count("no picture") == 1
    assert pictures_of(data)(keys[0]).shape == (8, 12, 3)
    with pytest.raises(InputError, match=r"has no picture gone\.png any more"):
        pictures_of(data)("gone.png")


@pytest.mark.usefixtures("no_plots")
def test_corrections_are_brought_along(tmp_path: Path) -> None:
    folder(tmp_path / "faces", ["happy/1.png", "sad/2.png"])
    lines = "kind,which,field,old,new,who,when,why\npicture,sad/2.png,class,sad,happy,Anna,2026-11-01,she laughs\n"
    (tmp_path / "corrections.csv").write_text(lines)
    data = open_one(tmp_path / "faces", corrections=str(tmp_path / "corrections.csv"))
    run = finished(tmp_path / "runs")
    complete_run(run.path, data)
    (row,) = read_run(run.path).corrections().rows
    assert (row["which"], row["old"], row["new"], row["pictures"]) == ("sad/2.png", "sad", "happy", "1")


def test_ctrl_c_leaves_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished(tmp_path)
    before = {path.name for path in run.path.iterdir()}

    def interrupted(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(plots, "_svg", interrupted)
    with pytest.raises(KeyboardInterrupt):
        complete_run(run.path, None, picture)
    assert {path.name for path in run.path.iterdir()} == before


def test_runs_are_read_without_torch_and_without_matplotlib() -> None:
    """The base package has neither; Matplotlib is loaded when something is drawn."""
    code = "import sys, closeup.cli.runs, closeup.workbench.runs.finish, closeup.workbench.runs.exporting\n"
    code += "import closeup.workbench.runs.comparing, closeup.workbench.runs.data\n"
    code += "print(*{'torch', 'timm', 'torchvision', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []
