"""Pages of headlines."""

import json
from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.features.headline.evaluate import evaluate_headline
from closeup.features.headline.write import headline
from html_page import Page

TEXT = (
    "The town council of Exeter voted on Monday to close its oldest bridge. Repairs would cost nine million pounds, "
    "engineers of the council said.\n\nTraders in the town fear for their custom. The bridge was built in 1778 & "
    "carries <5,000> cars a day. The council will decide in March who pays for a new bridge over the river."
)
CAPTIONS = (
    "1\n00:00:01,000 --> 00:00:05,000\nThe council closes the old bridge in Exeter.\n\n"
    "2\n00:00:05,500 --> 00:00:09,000\n"
)


def test_the_text_is_whole_with_its_summary_marked(tmp_path: Path) -> None:
    answer = headline(TEXT, out=tmp_path / "page")
    page = Page((tmp_path / "page" / "report.html").read_text())
    assert json.loads((tmp_path / "page" / "headline.json").read_text())["stories"][0]["headline"] in page.text
    for sentence in TEXT.replace("\n\n", " ").split(". "):
        assert sentence.rstrip(".") in page.text
    assert len(page.has_class("chosen")) == len(answer.stories[0].summary) == 3
    assert len(page.has_class("source")) == 1
    with pytest.raises(OutputError):
        headline(TEXT, out=tmp_path / "page")


def test_captions_say_when(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(f"{CAPTIONS}Repairs would cost nine million pounds, they said.\n", encoding="utf-8")
    headline(path, out=tmp_path / "page")
    page = Page((tmp_path / "page" / "report.html").read_text())
    assert "0:01 to 0:09" in page.text
    assert page.has_class("at")


def test_an_evaluation_is_there_to_be_read(tmp_path: Path) -> None:
    data = tmp_path / "pairs.jsonl"
    data.write_text("".join(json.dumps({"text": TEXT, "headline": f"Bridge {n} closes"}) + "\n" for n in range(40)))
    evaluate_headline("builtin", data, out=tmp_path / "e")
    page = Page((tmp_path / "e" / "report.html").read_text())
    assert "Read them" in page.text
    assert len(page.all("tr")) == 31
    assert "ROUGE-L" in page.text
