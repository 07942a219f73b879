import re
import subprocess
import sys
from pathlib import Path

import pytest

from closeup.core.progress import Progress
from closeup.learning.runs import plots
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.report import write_report
from html_page import HOSTILE, Page
from learning.runs.made_runs import CORRECTIONS, begun, finished, picture, recipe


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = finished(tmp_path_factory.mktemp("runs"), right=0.6)
    (run.path / "corrections.csv").write_text("source,pictures,kind,why\nfaces,1,picture,she laughs\n")
    return write_report(run.path, picture).read_text("utf-8")


def test_the_page_is_well_formed_and_loads_nothing(whole: str) -> None:
    page = Page(whole)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert page.scripts == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for key in ("src", "href"):
            assert (attributes.get(key) or "#").startswith(("data:image/", "#"))
    assert not re.search(r"https?:|@import|url\(", re.sub(r"data:image/[^\"]*", "", whole))


def test_it_tells_the_figures_the_mistakes_and_what_it_was_made_with(whole: str) -> None:
    page = Page(whole)
    for words in (
        "mood on test, 60 pictures",
        "macro recall",
        "On val, 60 pictures: accuracy",
        "The weights of epoch 3 were kept",
        "Worst mistakes",
        "age , in years",
        "1 label correction applied",
        "she laughs",
        "1 picture could not be read",
        "closeup runs compare",
        "tf_efficientnet_b0",
        'name = "faces"',
    ):
        assert words in page.text, words
    plots = [img for img in page.all("img") if (img["src"] or "").startswith("data:image/svg")]
    assert len(plots) == 3
    assert all(img["alt"] for img in plots)
    assert len(page.has_class("strip")) == 2


def test_a_run_without_a_single_step(tmp_path: Path) -> None:
    writer = create_run(tmp_path, "faces", "", {})
    writer.fail(HOSTILE[0])
    page = Page(write_report(writer.path).read_text("utf-8"))
    assert "Nothing has been trained yet." in page.text
    assert "closeup train --resume" in page.text
    assert HOSTILE[0] in page.text


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_breaks_out(tmp_path: Path, hostile: str) -> None:
    writer = begun(tmp_path, recipe(summary=hostile))
    writer.note(environment={hostile: hostile}, data={"unreadable": [{"key": hostile, "reason": hostile}]})
    (writer.path / "corrections.csv").write_text(CORRECTIONS)
    writer.interrupt()
    page = Page(write_report(writer.path).read_text("utf-8"))
    assert page.scripts == []
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    assert len(page.all("img")) == 1  # the curves
    assert re.sub(r"\s+", " ", hostile) in page.text


def test_the_folder_has_everything(tmp_path: Path) -> None:
    run = finished(tmp_path)
    told: list[Progress] = []
    assert write_report(run.path, picture, progress=told.append) == run.path / "report.html"
    names = {path.name for path in run.path.iterdir()}
    assert {"curves.svg", "confusion-mood.svg", "estimates-age.svg", "mistakes.html", "CARD.md"} <= names
    assert [it.done for it in told] == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("no_plots")
def test_twice_gives_the_same_and_pictures_that_are_gone_are_kept(tmp_path: Path) -> None:
    run = finished(tmp_path)
    write_report(run.path, picture)
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    write_report(run.path, picture)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
    write_report(run.path)
    assert (run.path / "mistakes.html").read_bytes() == before["mistakes.html"]
    assert b"no picture" in (run.path / "report.html").read_bytes()


def test_ctrl_c_leaves_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished(tmp_path)
    before = {path.name for path in run.path.iterdir()}

    def interrupted(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(plots, "_svg", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(run.path, picture)
    assert {path.name for path in run.path.iterdir()} == before


def test_runs_are_read_without_torch_and_without_matplotlib() -> None:
    """The base package has neither; Matplotlib is loaded when something is drawn."""
    code = "import sys, closeup.cli.runs, closeup.learning.runs.report, closeup.learning.runs.export\n"
    code += "import closeup.learning.runs.comparison, closeup.workbench.datasets.run_data\n"
    code += "print(*{'torch', 'timm', 'torchvision', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []
