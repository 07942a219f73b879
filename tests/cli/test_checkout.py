import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from closeup.features.checkout import read, sell
from closeup.media.image import encode_png
from features.checkout.shelf import PlainModels, counter, write_packshot


@pytest.fixture(autouse=True)
def _shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    for kind in ("cola", "mint", "sea"):
        write_packshot(tmp_path, kind)


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["checkout", *words, "--shop", "shop.db"])


def test_from_adding_to_retiring() -> None:
    result = type_in("product", "add", "Cola", "cola.png", "--price", "1,500", "--barcode", "8801043014809")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Cola: 1,500 KRW, 1 view.\n"
    assert "2 views" in type_in("product", "add", "cola", "mint.png").stdout
    assert "add nothing" in type_in("product", "add", "cola", "mint.png").stderr
    assert "only added by hand" in type_in("product", "add", "Bag", "--price", "20").stderr
    assert "1,600 KRW" in type_in("product", "price", "8801043014809", "1,600").stdout
    assert "not sold any more" in type_in("product", "retire", "bag").stdout
    found = json.loads(type_in("product", "list", "--json").stdout)
    assert [(each["name"], each["price_minor"], each["views"]) for each in found] == [("Cola", 1600, 2)]
    assert "Bag" in type_in("product", "list", "--retired").stdout


def test_views_come_from_a_camera_and_measures_are_said(tmp_path: Path) -> None:
    Path("camera").mkdir()
    (tmp_path / "cola.png").rename(tmp_path / "camera" / "1.png")
    result = type_in("product", "add", "Cola", "--price", "1,500", "--camera", "camera", "--views", "1")
    assert result.stdout == "Cola: 1,500 KRW, 1 view.\n", result.output
    assert "View 1 of 1." in result.stderr
    assert (
        "1 view, 355 g, 66 x 66 x 115 mm"
        in type_in("product", "measure", "cola", "--weight-g", "355", "--size-mm", "66x66x115").stdout
    )
    assert "Neither a weight nor a size" in type_in("product", "measure", "cola").stderr
    found = json.loads(type_in("product", "list", "--json").stdout)
    assert (found[0]["weight_g"], found[0]["size_mm"]) == (355, [66, 66, 115])
    assert "A pixel cannot show 0 mm" in type_in("read", "mint.png", "--mm-per-px", "0").stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Cola", "cola.png"), "error: Cola has no price."),
        (("Cola", "cola.png", "--price", "0"), "error: A price of 0 would give things away."),
        (("Cola", "cola.png", "--price", "much"), "error: 'much' is no price in KRW."),
        (("Cola", "cola.png", "--price", "1", "--currency", "ABC"), "error: 'ABC' is no currency that is known here."),
        (("Cola", "no.png", "--price", "1"), "no.png"),
        (("Cola", "--price", "1", "--barcode", "123"), "error: '123' is no barcode of a product."),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    if words == ("Cola", "cola.png"):
        words = (*words, "--tax", "10")
    result = type_in("product", "add", *words)
    assert result.exit_code == EXIT_COULD_NOT
    assert sentence in result.stderr
    assert "nothing for sale" in type_in("product", "list").stdout


def test_a_limit_for_faces_needs_a_camera_for_them() -> None:
    result = type_in("kiosk", "--face-alone", "5,000")
    assert result.exit_code == EXIT_COULD_NOT
    assert "hint: Give --face-camera too." in result.stderr


def test_sales_are_listed_and_exported_and_choices_are_checked() -> None:
    type_in("product", "add", "Cola", "cola.png", "--price", "1,500")
    assert "'x' is no choice" in type_in("sell", "cola.png", "--choose", "x").stderr
    assert "No choice has taught" in type_in("forget").stderr
    result = type_in("sales", "--events", "events.csv", "--json")
    assert json.loads(result.stdout) == []
    assert Path("events.csv").read_text() == "user,item,quantity,time\n"


def test_a_receipt_is_printed_again_and_written_as_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sell, "CounterModels", PlainModels)
    type_in("product", "add", "콜라", "cola.png", "--price", "1,500")
    assert "closeup checkout sales" in type_in("receipt").stderr
    Path("counter.png").write_bytes(encode_png(counter("cola")))
    sold = type_in("sell", "counter.png")
    assert sold.exit_code == 0, sold.output
    assert type_in("receipt").stdout == sold.stdout
    result = type_in("receipt", sold.stdout.split()[1].strip(","), "--pdf", "r.pdf", "--language", "ko")
    assert "is in r.pdf" in result.stdout
    assert Path("r.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads(type_in("receipt", "--json").stdout)["total_minor"] == 1500


def test_a_table_fills_the_shop() -> None:
    Path("products.csv").write_text("name,price,photos\nCola,1.50,cola.png\nMint,0.80,mint.png;sea.png\nBag,0.05,\n")
    result = type_in("product", "import", "products.csv", "--currency", "EUR")
    assert result.exit_code == 0, result.output
    assert "3 products added" in result.stdout
    assert "2 of them with photos" in result.stdout
    again = type_in("product", "import", "products.csv")
    assert again.exit_code == EXIT_COULD_NOT
    assert "There is a product called 'Cola' already." in again.stderr


def test_what_cannot_be_read_is_left_out_said_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "CounterModels", PlainModels)
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "b.png").write_bytes(encode_png(counter("cola")))
    result = type_in("read", "a.png", "b.png")
    assert result.exit_code == EXIT_LOSSES, result.output
    assert "1 of 2 photos could not be used." in result.stderr
    assert "b.png" in result.stdout
    found = json.loads((result := type_in("read", "a.png", "b.png", "--json")).stdout)
    assert (result.exit_code, result.stderr) == (EXIT_LOSSES, "")
    assert [each["photo"] for each in found["readings"]] == ["b.png"]
    assert [each["photo"] for each in found["unreadable"]] == ["a.png"]
    lost, which, rest = found["notes"]
    assert lost == "1 of 2 photos could not be used."
    assert "a.png" in which
    assert rest == "Nothing is for sale yet, so that everything is unknown."
    assert type_in("read", "a.png").exit_code == EXIT_COULD_NOT
