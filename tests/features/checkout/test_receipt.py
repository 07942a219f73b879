from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.documents.checkout import BasketLine, SaleRecord
from closeup.features.checkout import receipt
from closeup.features.checkout.receipt import find_sale, receipt_pdf, receipt_text
from closeup.storage.shop import open_shop

pypdf = pytest.importorskip("pypdf")
pytest.importorskip("reportlab")

MILK = BasketLine(product="바나나맛 우유 240 ml", count=2, price_minor=1500, sum_minor=3000)
MINT = BasketLine(product="Mint chocolate, the large bar of the long name", count=1, price_minor=800, sum_minor=800)


def sale(*lines: BasketLine, number: str = "a1", **values: str) -> SaleRecord:
    return SaleRecord(
        id=number * 16,
        at=datetime(2026, 11, 30, 12, 5),
        currency="KRW",
        lines=lines,
        total_minor=sum(line.sum_minor for line in lines),
        tax_minor=345,
        **{"state": "paid", "who": "김하늘", "payment": "sandbox 0123456789ab", **values},
    )


def printed(content: bytes) -> str:
    (page,) = pypdf.PdfReader(BytesIO(content)).pages
    assert page.mediabox.width == pytest.approx(80 * 72 / 25.4, abs=0.01)
    return str(page.extract_text())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Receipt a1a1a1a1, 2026-11-30 12:05, 김하늘", "Total", "of it tax", "Paid: sandbox 0123456789ab")),
        ("ko", ("영수증 a1a1a1a1, 2026-11-30 12:05, 김하늘", "합계", "부가세 포함", "결제 완료: sandbox 0123456789ab")),
    ],
)
def test_both_languages_say_the_same_as_text_and_as_pdf(language: str, words: tuple[str, ...]) -> None:
    sold = sale(MILK, MINT)
    content, missing = receipt_pdf(sold, language)
    assert missing == ""
    text, page = receipt_text(sold, language), " ".join(printed(content).split())
    for each in (*words, "2 x 바나나맛 우유 240 ml", "1 x Mint chocolate, the large bar of the long name"):
        assert each in text
        assert each in page
    for amount in ("3,000 KRW", "800 KRW", "3,800 KRW", "345 KRW"):
        assert amount in text
        assert amount in page
    assert receipt_pdf(sold, language)[0] == content


def test_columns_of_hangul_stand_under_each_other() -> None:
    rows = receipt_text(sale(MILK, MINT), "ko").splitlines()[2:6]
    assert {receipt._width(row) for row in rows} == {receipt._width(rows[0])}


def test_a_guest_and_a_sale_that_was_not_paid_are_said() -> None:
    text = receipt_text(sale(MINT, who="guest", state="void", payment="bank The card was refused."), "ko")
    assert "비회원" in text
    assert "결제되지 않음: bank The card was refused." in text
    assert "시험용" not in text
    with pytest.raises(InputError, match="no receipts in 'fr'"):
        receipt_text(sale(MINT), "fr")


def test_letters_that_no_font_has_are_question_marks_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = BasketLine(product="Tea ꧁ᠪ", count=1, price_minor=5, sum_minor=5)
    monkeypatch.setattr(receipt, "system_font", lambda _: None)
    content, missing = receipt_pdf(sale(odd))
    assert missing == "꧁ᠪ"
    assert "Tea ??" in printed(content)


def test_a_font_of_the_machine_helps_out(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setattr(
        receipt, "system_font", lambda _: Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    )
    content, missing = receipt_pdf(sale(BasketLine(product="차 ჩაი", count=1, price_minor=5, sum_minor=5)))
    assert missing == ""
    assert "차 ჩაი" in " ".join(printed(content).split())


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=120))
def test_any_name_is_printed_whole_and_fits(name: str) -> None:
    line = BasketLine(product=name, count=1, price_minor=10**12, sum_minor=10**12)
    text = f"1 x {name}1,000,000,000,000 KRW"
    fonts, _ = receipt._fonts(text)
    room = (receipt.WIDE_MM - 2 * receipt.EDGE_MM) * receipt.MM
    parts = receipt._broken((10, f"1 x {name}", "1,000,000,000,000 KRW"), fonts, room)
    assert "".join(left for _, left, _ in parts).replace(" ", "") == f"1 x {name}".replace(" ", "")
    assert [right for _, _, right in parts if right] == ["1,000,000,000,000 KRW"]
    for _, left, right in parts:
        assert receipt._length(left, 10, fonts) + receipt._length(right, 10, fonts) <= room + 1e-6
    assert receipt_pdf(sale(line))[0].startswith(b"%PDF")


def test_a_sale_is_found_by_how_its_number_begins(tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop.db") as shop:
        with pytest.raises(InputError, match="Nothing was sold"):
            find_sale(shop)
        for number in ("a1", "ab", "cd"):
            shop.begin_sale(sale(MINT, number=number))
        assert find_sale(shop).id[:2] == "cd"
        assert find_sale(shop, "ab").id[:2] == "ab"
        with pytest.raises(InputError, match="2 sales"):
            find_sale(shop, "a")
        with pytest.raises(InputError, match="no sale 'ff'"):
            find_sale(shop, "ff")
