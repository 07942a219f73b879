import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from closeup.tables.strict_csv import parse_table
from closeup.workbench.look.folder import REPORT, look_report, pictures_table, summary
from closeup.workbench.look.look import look_at
from workbench.look.looked import pets


def test_quantiles() -> None:
    assert summary(np.arange(101.0)) == {"min": 0, "p5": 5, "median": 50, "p95": 95, "max": 100}


def test_names_that_are_no_text_do_not_stop_the_tables(tmp_path: Path) -> None:
    look = look_at(pets(tmp_path))
    first, *others = look.dataset.items
    odd = replace(look, dataset=replace(look.dataset, items=(replace(first, key='a "b", c\n'), *others)))
    table = parse_table(pictures_table(odd), "pictures.csv")
    assert len(table.rows) == 28
    assert table.rows[0][1]["key"] == 'a "b", c'
    assert json.loads(REPORT.encode(look_report(odd)))["pictures"] == 28


def test_the_report_holds_all_copies_and_what_stands_out(tmp_path: Path) -> None:
    document = json.loads(REPORT.encode(look_report(look_at(pets(tmp_path)))))
    assert [each["kind"] for each in document["copies"]] == ["same", "near"]
    assert document["copies"][0]["conflicts"] == ["class"]
    assert document["unreadable"][0]["picture"] == "val/cat/broken.jpg"
    assert document["findings"]
    assert document["giveaways"][0]["auc"] > 0.9
    assert document["splits"] == {"train": 27, "val": 1}
