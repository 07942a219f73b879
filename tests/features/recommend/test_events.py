"""Tables of events as people have them, and what is said of what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.features.recommend.events import Events, read_events, read_names


def events(folder: Path, text: str, encoding: str = "utf-8", **more: float) -> Events:
    path = folder / "e.csv"
    path.write_bytes(text.encode(encoding))
    return read_events(path, **more)


def table(folder: Path, text: str, encoding: str = "utf-8", **more: float) -> dict[tuple[str, str], float]:
    found = events(folder, text, encoding, **more)
    rows = np.repeat(np.arange(len(found.users)), found.pairs.counts)
    pairs = found.pairs
    return {
        (found.users[row], found.items[column]): weight
        for row, column, weight in zip(rows, pairs.columns, pairs.weights, strict=True)
    }


def notes(folder: Path, text: str, encoding: str = "utf-8", **more: float) -> str:
    return " ".join(events(folder, text, encoding, **more).notes)


def test_pairs_are_summed_and_said(tmp_path: Path) -> None:
    text = "user,item,plays\nb,x,2\na,x,1\nb,x,3\n"
    assert table(tmp_path, text) == {("a", "x"): 1, ("b", "x"): 5}
    assert "1 row repeated a user and an item" in notes(tmp_path, text)


def test_columns_are_guessed_and_said(tmp_path: Path) -> None:
    assert table(tmp_path, "Customer_ID;Product ID;Quantity\n1;2;1,5\n") == {("1", "2"): 1.5}
    said = notes(tmp_path, "Customer_ID;Product ID;Quantity\n1;2;1,5\n")
    assert "user is the column 'Customer_ID', item is the column 'Product ID', weight is the column 'Quantity'" in said
    assert "every row counts 1" in notes(tmp_path, "user,item\n1,2\n")
    with pytest.raises(InputError, match="does not say which column holds the items") as caught:
        events(tmp_path, "user,what\n1,2\n")
    assert caught.value.code == "recommend.column"


def test_columns_that_are_said_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("who,what,n\na,x,3\n")
    assert read_events(path, {"user": "who", "item": "what", "weight": "n"}).pairs.weights.tolist() == [3]
    with pytest.raises(InputError, match=r"no column 'whom'\. Did you mean 'who'"):
        read_events(path, {"user": "whom", "item": "what"})


def test_whole_numbers_that_were_written_as_floats_are_one_id(tmp_path: Path) -> None:
    assert table(tmp_path, "user,item\n12.0,7\n12,8\n") == {("12", "7"): 1, ("12", "8"): 1}
    assert "12.0" in notes(tmp_path, "user,item\n12.0,7\n12,8\n")
    assert set(table(tmp_path, "user,item\n12.0,7\nann,8\n")) == {("12.0", "7"), ("ann", "8")}


def test_ids_that_a_spreadsheet_shortened_are_said(tmp_path: Path) -> None:
    assert "such as 1.2E+07 look as if a spreadsheet" in notes(tmp_path, "user,item\n1.2E+07,7\n3,8\n")
    assert "spreadsheet" not in notes(tmp_path, "user,item\n1e7,7\n3,8\n")


def test_ids_are_in_order_of_their_numbers_and_may_have_holes(tmp_path: Path) -> None:
    found = events(tmp_path, "user,item\n900000000000,10\n7,9\n7,100\n")
    assert found.users == ("7", "900000000000")
    assert found.items == ("9", "10", "100")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_other_scripts_and_code_pages(encoding: str, tmp_path: Path) -> None:
    text = "user,item,plays\n철수,장기하와 얼굴들,3\n영희,넬,2\n"
    assert table(tmp_path, text, encoding) == {("영희", "넬"): 2, ("철수", "장기하와 얼굴들"): 3}
    assert ("CP949" in notes(tmp_path, text, encoding)) == (encoding == "cp949")


def test_what_cannot_count_is_left_out_and_said(tmp_path: Path) -> None:
    text = "user,item,plays\na,x,0\na,y,-3\na,z,NaN\n,x,5\nb,,5\na,w,1\n"
    assert table(tmp_path, text) == {("a", "w"): 1}
    assert "2 rows without a user or an item were left out" in notes(tmp_path, text)
    assert "3 rows whose weight is zero, negative or empty were left out" in notes(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no header"),
        ("user,item,plays\n", "has no event"),
        ("user,item,plays\na,x,many\n", "line 2: the weight 'many' is no number"),
        ("user,item,plays\na,x,inf\n", "line 2: the weight 'inf' is no number"),
        ("user,item,plays\na,x,0\n", "has no event"),
        ("user,item,plays\na,x\n", "line 2, has 2 values"),
        ("user,item,date\na,x,2024-01-02\na,y,soon\n", "line 3: the time 'soon' is not written as those before it"),
        ("user,item,date\na,x,3rd of May\na,y,soon\n", "line 2: the time '3rd of May' is in no form that is known"),
    ],
)
def test_what_is_no_table_of_events(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        events(tmp_path, text)


def test_the_rule_about_what_was_played_once(tmp_path: Path) -> None:
    text = "user,item,plays\na,x,1\na,y,2\nb,x,1\n"
    assert table(tmp_path, text, minimum=2) == {("a", "y"): 2}
    assert "2 pairs with a weight below 2 were left out" in notes(tmp_path, text, minimum=2)
    with pytest.raises(InputError, match="below 9"):
        events(tmp_path, text, minimum=9)


@pytest.mark.parametrize(
    "days",
    [
        ("2024-01-31", "2024-02-01T10:00:00Z"),
        ("20240131", "20240201"),
        ("2024/01/31", "2024/02/01 09:30"),
        ("31.01.2024", "01.02.2024"),
        ("01/31/2024", "02/01/2024"),
        ("31/01/2024 23:59:59", "01/02/2024"),
        ("1706700000", "1706780000"),
        ("1706700000000", "1706780000000"),
        ("31 Jan 2024", "1 Feb 2024"),
    ],
)
def test_dates_in_odd_forms(days: tuple[str, str], tmp_path: Path) -> None:
    found = events(tmp_path, f"user,item,date\na,x,{days[1]}\na,y,{days[0]}\n")
    times = found.times.tolist()
    assert 1706650000 < times[1] < times[0] < 1706840000


def test_dates_that_may_be_read_two_ways_are_said(tmp_path: Path) -> None:
    text = "user,item,date\na,x,01/02/2024\na,y,03/02/2024\n"
    assert "Times may be %m/%d/%Y or %d/%m/%Y" in notes(tmp_path, text)
    assert "1 row without a time" in notes(tmp_path, "user,item,date\na,x,2024-01-01\na,y,\n")


def test_names(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("id,name\n1.0,Ärzte\n2,Nell\n", encoding="utf-8")
    assert read_names(path) == {"1": "Ärzte", "2": "Nell"}
    path.write_text("id,name\n1,A\n1,B\n")
    with pytest.raises(InputError, match="line 3: '1' has two names"):
        read_names(path)
    path.write_text("id\n1\n")
    with pytest.raises(InputError, match="one column"):
        read_names(path)
