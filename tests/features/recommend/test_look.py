"""A look at a table of events."""

import json
from pathlib import Path

import pytest

from closeup.features.recommend.look import look_at_events, look_page, write_look
from features.recommend.plays import rows, write


def test_figures(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("user,item,plays\na,x,1\na,y,3\nb,x,6\nc,x,1\n")
    (tmp_path / "n.csv").write_text("id,name\nx,Ex\nw,Nobody's\n")
    found = look_at_events(path, names=tmp_path / "n.csv")
    assert (found["users"], found["items"], found["items_taken"], found["pairs"]) == (3, 3, 2, 4)
    assert found["weight"] == 11
    assert found["one_play_share"] == 0.5
    assert found["one_user_share"] == 0.5
    assert found["one_item_users"] == 2
    assert found["top_items"][0] == {"item": "x", "name": "Ex", "users": 3, "weight": 8.0}
    assert found["half_of_weight"] == 1
    said = " ".join(found["findings"])
    assert "Nobody took 1 item of the names" in said
    assert "2 users took a single item" in said


def test_the_curve_ends_with_everything(tmp_path: Path) -> None:
    found = look_at_events(write(tmp_path / "p.csv", rows()))
    for name in ("items_by_users", "items_by_weight"):
        curve = found["curves"][name]
        assert curve[-1] == (found["items_taken"], 1.0)
        assert [share for _, share in curve] == sorted(share for _, share in curve)
    assert sum(found["curves"]["users_an_item"]["counts"]) == found["items_taken"]
    assert sum(found["curves"]["items_a_user"]["counts"]) == found["users"]
    assert found["first"] <= found["last"]


@pytest.mark.parametrize("lines", [rows(), rows()[:1]])
def test_the_page_and_its_file(lines: list[tuple[str, str, int, str]], tmp_path: Path) -> None:
    found = look_at_events(write(tmp_path / "p.csv", lines))
    out = write_look(found, tmp_path / "look")
    assert json.loads((out / "report.json").read_text()) == json.loads(json.dumps(found))
    page = (out / "report.html").read_text()
    assert page == look_page(found)
    assert "What stands out" in page
    assert "nan" not in page.casefold().replace("finance", "")


def test_names_are_text(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("user,item\na,<b>x</b>\nb,<b>x</b>\n")
    assert "&lt;b&gt;x" in look_page(look_at_events(path))
