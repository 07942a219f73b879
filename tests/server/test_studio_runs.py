"""Runs and audits in the studio: curves, a cell of the confusion, and findings decided by keys."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from closeup.learning.runs.folder import create_run
from closeup.media.image import encode_png
from closeup.workbench.audit.review import read_review
from closeup.workbench.datasets.corrections import read_corrections
from learning.runs.made_runs import finished, recipe
from server.studio_desk import AXE, Desk, at_desk, lacking
from stills import astronaut
from workbench.audit.planted import audit_of, make_data

pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow]

FIT = 'learner = "recommend"\n[settings]\nfactors = 64\n[[heads]]\nname = "recommend"\nkind = "figures"\n'
LONG = "표정과-나이를-함께-배우는-아주-긴-이름의-학습-기록"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("studio")
    finished(home / "runs", recipe(LONG), right=0.6)
    finished(home / "runs")
    fit = create_run(home / "runs", "recommend", FIT, {"data": {"name": "films", "rows": 100}})
    fit.finish({"val": {"recommend": {"ndcg_at_10": {"value": 0.412, "low": 0.4, "high": 0.43}}}})
    make_data(home / "pets")
    for picture in (home / "pets").rglob("*.png"):
        picture.write_bytes(encode_png(astronaut()))
    audit_of(home / "pets" / "labels.csv", home / "runs" / "pets audit")
    with at_desk(home) as desk:
        yield desk


def run_called(desk: Desk, name: str) -> str:
    """Open the page of the run of that name, from the list; gives its id."""
    desk.open("/runs")
    link = f"[...document.querySelectorAll('.jobs a')].find(a => a.innerText == {name!r})"
    desk.browser.wait(f"!!{link}")
    desk.browser.ask(f"{link}.click()")
    desk.browser.wait(f"document.querySelector('.title h1')?.innerText == {name!r}")
    return str(desk.browser.ask("decodeURIComponent(location.hash.split('/').at(-1))"))


def test_a_run_shows_its_curves_and_the_pictures_of_a_cell(desk: Desk) -> None:
    run_called(desk, "faces")
    desk.browser.wait("document.querySelectorAll('.mistakes li').length > 0")
    assert desk.browser.ask("document.querySelectorAll('.charts svg').length") == 3
    told = desk.browser.ask("document.querySelector('.charts svg').getAttribute('aria-label')")
    assert re.search(r"train 0\.5, val 0\.525$", told)
    cell = "document.querySelector('.confusion td:not(.own) button')"
    count = int(desk.browser.ask(f"{cell}.innerText"))
    name = desk.browser.ask(f"{cell}.ariaLabel")
    every = desk.browser.ask("document.querySelectorAll('.mistakes li').length")
    desk.browser.ask(f"{cell}.click()")
    desk.browser.wait(f"document.querySelectorAll('.mistakes li').length == {count}")
    assert desk.browser.ask("[...document.querySelectorAll('h3')].at(-1).innerText") == name
    desk.browser.click("All mistakes")
    desk.browser.wait(f"document.querySelectorAll('.mistakes li').length == {every}")
    desk.browser.click("age, on test")
    desk.browser.wait("document.querySelectorAll('.estimates circle').length == 60")


def test_a_fit_shows_its_metrics_and_no_curves(desk: Desk) -> None:
    run_called(desk, "recommend")
    assert desk.browser.ask("document.querySelector('.measures').innerText").split("\n")[0] == "NDCG@10"
    assert "0.4 to 0.43" in desk.browser.ask("document.querySelector('.measures').innerText")
    assert not desk.browser.ask("document.querySelector('.charts')")


def test_findings_are_decided_by_keys_and_written(desk: Desk) -> None:
    folder = desk.place.data.parent / "runs" / "pets audit"
    desk.open("/audit/pets%20audit")
    desk.browser.wait("document.querySelector('.looked img')?.naturalWidth > 0")
    desk.press("a", "r", "a", "u", "ArrowRight", "r")
    desk.browser.wait("document.querySelector('.bar [role=status]').innerText == '3 of 9 decided'")
    first = desk.browser.ask("fetch('/audits/pets%20audit').then(r => r.json()).then(a => a.findings[0])")
    desk.focus(".enrol input")
    desk.browser.call("Input.insertText", text="Mira, a")  # keys do nothing while somebody types
    desk.browser.click("Write 1 correction")
    desk.browser.wait("document.querySelector('.said')?.innerText.includes('1 line added')")
    (line,) = read_corrections(folder / "corrections.csv")
    assert (line.which, line.new, line.who) == (first["path"], first["suggestion"], "Mira, a")
    assert [(each.number, each.written) for each in read_review(folder).decisions] == [
        (1, True),
        (2, False),
        (4, False),
    ]
    desk.open("/audit/pets%20audit")
    desk.browser.wait("document.querySelector('.finding-of p')?.innerText.startsWith('Finding 3')")


@pytest.mark.parametrize("page", ["/runs", LONG, "recommend", "/audit/pets%20audit"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_have_no_serious_faults(desk: Desk, page: str, width: int, dark: bool, tmp_path: Path) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make studio-test")
    if page.startswith("/"):
        desk.open(page)
        desk.browser.wait("!!document.querySelector('h1')")
    else:
        run_called(desk, page)
    desk.browser.ask("new Promise(done => setTimeout(done, 300))")
    desk.browser.look(tmp_path / "page.png", (width, 900), dark=dark)
    assert desk.faults() == []
    assert desk.browser.ask("document.documentElement.scrollWidth") <= width
