from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.learning.runs.predictions import predictions_table
from closeup.workbench.audit.find import find_label_errors
from closeup.workbench.audit.folder import write_audit
from closeup.workbench.audit.predictions import predictions_from_table
from closeup.workbench.datasets.reading import open_one
from html_page import HOSTILE, Page
from workbench.audit.planted import CLASSES, COUNT, WRONG, audit_of, make_data, probabilities

MIRA: dict[str, Any] = {"who": "Mira", "when": date(2026, 11, 21)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "pets")


def test_the_page_shows_every_finding_and_is_complete_in_itself(data, tmp_path):
    audit = audit_of(data, tmp_path / "audit")
    text = (tmp_path / "audit" / "report.html").read_text("utf-8")
    page = Page(text)
    cards = page.has_class("finding")
    assert [card["data-number"] for card in cards] == [str(n) for n in audit.by_number]
    assert [card["data-path"] for card in cards] == [finding.path for finding in audit.findings]
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert "http" not in text.replace("http-equiv", "")
    assert f"{len(WRONG)} (10.0%)" in page.text
    selected = [option for option in page.all("option") if "selected" in option]
    assert len(selected) == len(WRONG)


def test_names_cannot_break_out_of_the_page(tmp_path):
    data = make_data(tmp_path / "pets")
    names = dict(zip(CLASSES, HOSTILE[:3], strict=True))
    rows = []
    for line in data.read_text().splitlines()[1:]:
        path, kind, group = line.split(",")
        name = names[kind].replace('"', '""')
        rows.append(f'{path},"{name}",{group}')
    data.write_text("path,kind,group\n" + "\n".join(rows) + "\n")
    dataset = open_one(data)
    order = [dataset.field("kind").classes.index(names[c]) for c in CLASSES]
    rows_of = np.empty_like(probabilities())
    rows_of[:, order] = probabilities()
    table = tmp_path / "p.csv"
    keys = [item.key for item in dataset.items]
    table.write_bytes(predictions_table(keys, np.zeros(COUNT, np.int64), rows_of, dataset.field("kind").classes))
    audit = find_label_errors(dataset, predictions_from_table(dataset, "kind", table))
    write_audit(tmp_path / "audit", audit, dataset, base=Path())
    page = Page((tmp_path / "audit" / "report.html").read_text("utf-8"))
    assert len(page.all("script")) == 1
    assert not page.all("svg")
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert {card["data-label"] for card in page.has_class("finding")} == set(HOSTILE[:3])
