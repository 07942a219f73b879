from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.features.appraise import columns
from closeup.features.appraise.columns import (
    as_number,
    groups_of,
    read_rows_table,
    shares_of,
    target_values,
    typed,
    understand,
)
from closeup.tables.strict_csv import parse_table
from features.appraise.houses import house_rows, write_rows


def _kinds(text: str, target: str = "price") -> dict[str, str]:
    return {column.name: column.kind for column in understand(parse_table(text.encode(), "t.csv"), target)}


def test_columns_are_known_by_name_and_values(tmp_path: Path) -> None:
    table = read_rows_table(write_rows(tmp_path / "t.csv", house_rows()))
    found = {column.name: column for column in understand(table, "price")}
    kinds = {name: column.kind for name, column in found.items()}
    assert kinds == {
        "id": "id",
        "date": "date",
        "sqft_living": "number",
        "sqft_lot": "number",
        "bedrooms": "number",
        "yr_built": "number",
        "yr_renovated": "number",
        "kind": "category",
        "zipcode": "number",
        "lat": "latitude",
        "long": "longitude",
        "remark": "text",
    }
    assert found["zipcode"].code
    assert "text" in found["remark"].note
    assert found["kind"].levels == ("farm", "flat", "house")


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        (("20141013T000000", "20150101T000000"), 16356),
        (("10/13/2014", "1/2/2015"), 16356),
        (("13/10/2014", "2/1/2015"), 16356),
        (("2014-10-13", "2015-01-02"), 16356),
        (("20141013", "20150102"), 16356),
        (("2014년 10월 13일", "2015년 1월 2일"), 16356),
    ],
)
def test_dates_in_odd_forms(cells: tuple[str, str], day: int) -> None:
    table = parse_table("\n".join(["when,price", *(f"{cell},1" for cell in cells * 5)]).encode(), "t.csv")
    rows = typed(table, understand(table, "price"))
    assert rows.numbers["when"][0] == day


def test_dates_in_several_forms_and_numbers_among_words_are_said() -> None:
    def note(*cells: str) -> str:
        table = parse_table("\n".join(["when,price", *(f"{cell},1" for cell in cells)]).encode(), "t.csv")
        return understand(table, "price")[0].note

    assert "not all in one form" in note(*["13/10/2014", "2014-10-13"] * 5)
    assert "2 cells are no number, too many" in note(*map(str, range(8)), "many", "few")
    assert note(*["good", "bad"] * 5) == ""


def test_a_pair_of_positions_needs_both() -> None:
    assert _kinds("lat,price\n47.5,1\n47.6,2\n47.7,3") == {"lat": "number"}
    assert _kinds("lat,long,price\n147.5,1,1\n47.6,2,2\n47.7,3,3") == {"lat": "number", "long": "number"}


def test_what_is_no_number_among_numbers_is_counted() -> None:
    cells = [*map(str, range(200)), "?", "many"]
    table = parse_table("\n".join(["a,price", *(f"{cell},1" for cell in cells)]).encode(), "t.csv")
    (column,) = understand(table, "price")
    assert (column.kind, column.missing) == ("number", 2)
    assert "1 cell is no number" in column.note


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234.5", 1234.5),
        ("$ 221,900", 221900),
        ("-3", -3),
        ("1e3", 1000),
        ("yes", 1),
        ("₩1,000원", 1000),
        (".5", 0.5),
    ],
)
def test_cells_that_are_numbers(cell: str, value: float) -> None:
    assert as_number(cell) == value


@pytest.mark.parametrize("cell", ["nan", "inf", "1_000", "12 houses", "", "1e31", "-1e400"])
def test_cells_that_are_none(cell: str) -> None:
    assert np.isnan(as_number(cell))


def test_ids_as_floats_are_the_same_ids() -> None:
    text = "id,a,price\n71.0,1,1\n72.0,2,2\n71,3,3\n73,4,4"
    table = parse_table(text.encode(), "t.csv")
    groups, by = groups_of(typed(table, understand(table, "price")))
    assert by == "id"
    assert groups[0] == groups[2] != groups[1]


def test_groups_do_not_hang_on_the_order_of_rows_and_are_never_torn(tmp_path: Path) -> None:
    rows = house_rows()
    table = read_rows_table(write_rows(tmp_path / "a.csv", rows))
    turned = read_rows_table(write_rows(tmp_path / "b.csv", rows[::-1]))
    found = [shares_of(groups_of(typed(each, understand(each, "price")))[0]) for each in (table, turned)]
    np.testing.assert_array_equal(found[0], found[1][::-1])
    assert found[0][0] == found[0][1]  # sold twice
    assert np.bincount(found[0]).min() > 35


def test_without_ids_what_is_alike_stays_together() -> None:
    text = "lat,long,sqft,price\n47.1,-122.1,900,1\n47.1,-122.1,900,2\n47.2,-122.3,800,3"
    table = parse_table(text.encode(), "t.csv")
    groups, by = groups_of(typed(table, understand(table, "price")))
    assert groups[0] == groups[1] != groups[2]
    assert "sqft" in by
    with pytest.raises(InputError, match="no column 'house'"):
        groups_of(typed(table, understand(table, "price")), "house")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,price\n1,dear\n2,3", "line 2: price is 'dear'"),
        ("a,price\n1,\n2,?", "no row has a price"),
        ("a,prices\n1,2\n2,3", "Did you mean 'prices'"),
    ],
)
def test_a_target_that_is_none(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        target_values(parse_table(text.encode(), "t.csv"), "price")


def test_a_table_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = write_rows(tmp_path / "large.csv", house_rows(30))
    monkeypatch.setattr(columns, "MAX_BYTES", 100)
    monkeypatch.setattr(columns, "file_bytes", lambda path: pytest.fail("it was read"))
    with pytest.raises(InputError, match="MB, and tables up to"):
        read_rows_table(large)


def test_a_table_without_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,price\n")
    with pytest.raises(InputError, match="no rows"):
        read_rows_table(tmp_path / "t.csv")
