import re

from closeup.features.gallery.sheet import Sheet, SheetEntry, sheet_page

PICTURE = "data:image/jpeg;base64,AAAA"


def sheet(*entries: SheetEntry) -> str:
    return sheet_page(Sheet("<me>.jpg", PICTURE, "the gallery", "1,234 people", 0.9, 0.001, entries))


def test_the_sheet_tells_rank_name_similarity_and_distance() -> None:
    text = sheet(SheetEntry("Ann <b>", "ann.jpg", 0.95, True, PICTURE), SheetEntry("Émile", "", 0.4, False, None))
    assert "The 2 most alike of 1,234 people in the gallery." in text
    assert "Ann &lt;b&gt;" in text
    assert "<b>" not in text
    assert "&lt;me&gt;.jpg" in text
    assert re.findall(r"<dd>([\d.]+)</dd>", text) == ["0.950", "0.050", "0.400", "0.600"]
    assert text.count('<li class="same">') == 1
    assert ">É</span>" in text
    assert "which 0.1 % of pairs of strangers reach" in text


def test_bars_grow_with_similarity_and_stay_on_the_scale() -> None:
    text = sheet(*(SheetEntry("x", "", value, False, None) for value in (1.0, 0.99, 0.85, 0.2, -0.3)))
    bars = [float(width) for width in re.findall(r'class="upto" width="([\d.]+)"', text)]
    assert bars == sorted(bars, reverse=True)
    assert bars[0] == 100
    assert bars[-1] > 0


def test_nobody_is_an_answer() -> None:
    text = sheet()
    assert "The 0 most alike" in text
    assert "It holds pictures of people" in text, "that of who was asked about"


def test_the_page_needs_nothing() -> None:
    text = sheet(SheetEntry("x", "", 0.5, False, PICTURE))
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "<script" not in text
