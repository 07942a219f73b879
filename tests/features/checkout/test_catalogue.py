from collections.abc import Iterator
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.features.checkout import catalogue
from closeup.features.checkout.catalogue import clean_barcode, import_products, new_product, pictures_of, retire
from closeup.storage.shop import ShopStore, open_shop
from features.checkout.shelf import packshot, write_packshot


@pytest.fixture
def shop(tmp_path: Path) -> ShopStore:
    return open_shop(tmp_path / "shop.db")


def test_barcodes_are_checked_and_upc_is_ean() -> None:
    assert clean_barcode("8 801043-014809"[:15]) == "8801043014809"
    assert clean_barcode("036000291452") == "0036000291452"
    assert clean_barcode("96385074") == "96385074"
    with pytest.raises(InputError, match="last digit should be 9"):
        clean_barcode("8801043014808")
    for wrong in ("12345", "88010430148o9", "٨٨٠١٠٤٣٠١٤٨٠٩"):
        with pytest.raises(InputError, match="no barcode of a product"):
            clean_barcode(wrong)


def test_a_product_with_views_is_found_by_name_and_barcode(shop: ShopStore, tmp_path: Path) -> None:
    photos = [write_packshot(tmp_path, "cola"), write_packshot(tmp_path, "cola", background=80)]
    new = new_product(shop, "Cola 350 ml", "1,500", barcode="8801043014809", tax="10")
    (added,) = shop.add([(new, pictures_of([*photos, photos[0]]))])
    assert (added.price_minor, added.currency, added.tax_basis_points, added.views) == (1500, "KRW", 1000, 2)
    assert shop.find("COLA 350 ML") == shop.find("8801043014809") == shop.find(added.id) == added
    assert shop.add_views(added.id, pictures_of(photos[:1])).views == 2
    with pytest.raises(InputError, match="no product 'Kola'") as error:
        shop.find("Kola")
    assert "Cola" in error.value.hint or error.value.code == "checkout.product"


def test_what_is_taken_is_said_and_nothing_is_stored(shop: ShopStore) -> None:
    shop.add([(new_product(shop, "Cola", "1,500", barcode="8801043014809"), [])])
    with pytest.raises(InputError, match="called 'Cola' already"):
        shop.add([(new_product(shop, "Mint", "800"), []), (new_product(shop, "cola", "1,600"), [])])
    with pytest.raises(InputError, match="which 'Cola' has already"):
        shop.add([(new_product(shop, "Diet", "1,500", barcode="8801043014809"), [])])
    with pytest.raises(InputError, match="prices are in KRW"):
        shop.add([(new_product(shop, "Mint", "1.50", currency="eur"), [])])
    assert [each.name for each in shop.products()] == ["Cola"]


def test_what_is_retired_is_not_sold_and_can_come_back(shop: ShopStore) -> None:
    (added,) = shop.add([(new_product(shop, "Cola", "1,500"), [])])
    assert retire(shop, added).retired
    assert shop.products() == ()
    assert [each.name for each in shop.products(retired=True)] == ["Cola"]
    assert not retire(shop, added, back=True).retired
    assert shop.change(added.id, price_minor=1700).price_minor == 1700


def test_a_table_is_taken_whole_or_not_at_all(shop: ShopStore, tmp_path: Path) -> None:
    for kind in ("cola", "mint"):
        write_packshot(tmp_path, kind)
    table = tmp_path / "products.csv"
    table.write_text("name,price,barcode,photos,tax\nCola,1.50,8801043014809,cola.png;mint.png,10\nMint,0,,mint.png,\n")
    with pytest.raises(InputError, match=r"products\.csv, line 3: A price of 0"):
        import_products(table, shop=tmp_path / "shop.db", currency="EUR")
    assert shop.products() == ()
    table.write_text(table.read_text().replace("Mint,0", "Mint,.8"))
    with pytest.raises(InputError, match=r"line 3: '\.8' is no price in EUR"):
        import_products(table, shop=tmp_path / "shop.db", currency="EUR")
    table.write_text(table.read_text().replace("Mint,.8", "Mint,0.80"))
    cola, mint = import_products(table, shop=tmp_path / "shop.db", currency="EUR")
    assert (cola.price_minor, cola.views, cola.tax_basis_points) == (150, 2, 1000)
    assert (mint.price_minor, mint.views, mint.barcode) == (80, 1, None)
    table.write_text("name,price,colour\nSun,1,red\n")
    with pytest.raises(InputError, match="column 'colour'"):
        import_products(table, shop=tmp_path / "shop.db")


def test_a_camera_gives_a_view_each_time_that_a_product_lies_still(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [packshot(kind, background=128) for kind in ["cola"] * 4 + ["mint"] * 4]
    said: list[str] = []
    opened: list[object] = []

    def pictures(*given: object) -> Iterator[Image]:
        opened.append(given[0])
        yield from looks

    monkeypatch.setattr(catalogue, "live_pictures", pictures)
    first, second = catalogue.views_by_camera("0", 2, said.append)
    assert first[1] != second[1]
    assert opened == ["0"]
    assert said == ["Lay the product alone before the camera.", "View 1 of 2. Turn the product.", "View 2 of 2."]
    assert len(catalogue.views_by_camera("film.mp4", 5, said.append)) == 2  # all that a video shows
    looks[:] = [packshot(kind) for kind in ("cola", "mint") * 4]
    with pytest.raises(InputError, match="Nothing lay still"):
        catalogue.views_by_camera("0", 1, said.append)


def test_weights_and_sizes_come_from_a_table_and_stay(shop: ShopStore, tmp_path: Path) -> None:
    table = tmp_path / "products.csv"
    table.write_text("name,price,weight_g,size_mm\nCola,1500,355,66x66x115\nBag,20,,\n")
    bag, cola = sorted(import_products(table, shop=tmp_path / "shop.db"), key=lambda each: each.name)
    assert (cola.weight_g, cola.size_mm) == (355, (66, 66, 115))
    assert (bag.weight_g, bag.size_mm) == (None, None)
    assert shop.change(cola.id, size_mm=None).size_mm is None
    table.write_text("name,price,weight_g\nSun,1,heavy\n")
    with pytest.raises(InputError, match=r"line 2: 'heavy' is no weight"):
        import_products(table, shop=tmp_path / "shop.db")
