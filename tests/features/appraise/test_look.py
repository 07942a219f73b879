import json
from pathlib import Path

import pytest

from closeup.core.errors import InputError, OutputError
from closeup.features.appraise.look import look_at_table
from closeup.features.appraise.look_page import make_look_folder
from features.appraise.houses import house_rows, write_rows


def test_what_stands_out_is_said(tmp_path: Path) -> None:
    rows = house_rows()
    for row in rows:
        row["ppsf"] = float(row["price"]) / float(row["sqft_living"])  # type: ignore[arg-type]
        row["tax"] = float(row["price"]) * 0.012  # type: ignore[arg-type]
    rows[7] |= {"bedrooms": 33}
    rows[9] |= {"yr_built": 1200}
    rows[3]["sqft_lot"] = ""
    rows.append(dict(rows[5]))
    rows.append({**rows[6], "price": ""})
    _, target, found = look_at_table(write_rows(tmp_path / "t.csv", rows), "price")
    assert len(target) == 241
    assert found["target"]["missing"] == 1
    leaks = [each["columns"] for each in found["leaks"]]
    assert ["tax"] in leaks
    assert any(set(each) == {"ppsf", "sqft_living"} for each in leaks) or ["ppsf"] in leaks
    out = {each["column"]: each for each in found["outliers"]}
    assert out["bedrooms"]["rows"][0] == {"line": 9, "value": 33.0, "target": pytest.approx(rows[7]["price"])}
    assert "interquartile" in out["bedrooms"]["rule"]
    assert out["yr_built"]["rows"][0]["line"] == 11
    assert out["yr_renovated"]["count"] == 0
    assert "half of the values are the same" in out["yr_renovated"]["rule"]
    assert found["duplicates"]["same_rows"] == 1
    assert found["duplicates"]["repeated_ids"]["id"] >= 12
    assert next(each for each in found["columns"] if each["name"] == "sqft_lot")["missing"] == 1
    assert any("tax" in sentence for sentence in found["findings"])


def test_the_page_shows_it_and_is_complete_in_itself(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t<b>.csv", house_rows())
    make_look_folder(table, "price", tmp_path / "look")
    page = (tmp_path / "look" / "report.html").read_text(encoding="utf-8")
    assert "t&lt;b&gt;.csv" in page
    assert "<b>.csv" not in page
    for words in (
        "Where it is dear",
        "By <bdi>zipcode</bdi>",
        "What goes with what",
        "sqft_living",
        "logarithm of price",
    ):
        assert words in page
    assert "nan" not in page.casefold().replace("finance", "")
    assert "http:" not in page
    assert "https:" not in page
    assert json.loads((tmp_path / "look" / "look.json").read_text())["rows"] == 240
    with pytest.raises(OutputError):
        make_look_folder(table, "price", tmp_path / "look")


def test_a_table_of_little(tmp_path: Path) -> None:
    rows = [{"kind": "ab"[n % 2], "price": n - 3} for n in range(8)]
    make_look_folder(write_rows(tmp_path / "t.csv", rows), "price", tmp_path / "look")
    one = write_rows(tmp_path / "one.csv", [{"a": 1, "price": 2}])
    with pytest.raises(InputError, match="one value only"):
        look_at_table(one, "price")


@pytest.mark.shared
def test_house_prices_of_king_county(shared: Path) -> None:
    found = look_at_table(shared / "data" / "kc_house" / "kc_house.csv", "price")[2]
    assert found["rows"] == 15044
    assert not found["leaks"]
    assert found["duplicates"]["repeated_ids"]["id"] == 127
    bedrooms = next(each for each in found["outliers"] if each["column"] == "bedrooms")
    assert bedrooms["rows"][0]["value"] == 33
