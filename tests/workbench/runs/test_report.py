import re
from pathlib import Path

import pytest

from closeup.workbench.runs.finish import complete_run
from closeup.workbench.runs.folder import create_run
from html_page import HOSTILE, Page
from workbench.runs.made_runs import CORRECTION, begun, finished, picture, recipe


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = finished(tmp_path_factory.mktemp("runs"), right=0.6)
    (run.path / "corrections.csv").write_text("source,pictures,kind,why\nfaces,1,picture,she laughs\n")
    return complete_run(run.path, None, picture).read_text("utf-8")


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
    page = Page(complete_run(writer.path).read_text("utf-8"))
    assert "Nothing has been trained yet." in page.text
    assert "closeup train --resume" in page.text
    assert HOSTILE[0] in page.text


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_breaks_out(tmp_path: Path, hostile: str) -> None:
    writer = begun(tmp_path, recipe(summary=hostile))
    writer.note(environment={hostile: hostile}, data={"unreadable": [{"key": hostile, "reason": hostile}]})
    writer.corrections([CORRECTION])
    writer.interrupt()
    page = Page(complete_run(writer.path).read_text("utf-8"))
    assert page.scripts == []
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    assert len(page.all("img")) == 1  # the curves
    assert re.sub(r"\s+", " ", hostile) in page.text
