from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.documents.checkout import SaleRecord
from closeup.features.checkout.catalogue import new_product, pictures_of
from closeup.features.checkout.payment import sandbox
from closeup.features.checkout.receipt import receipt_text
from closeup.features.checkout.sell import sale_events, sell
from closeup.media.image import encode_png
from closeup.storage.shop import ShopStore, open_shop
from features.checkout.shelf import PlainModels, counter, write_packshot


@pytest.fixture
def shop(tmp_path: Path) -> ShopStore:
    store = open_shop(tmp_path / "shop.db")
    for kind, price in {"cola": "1,500", "mint": "800"}.items():
        shot = write_packshot(tmp_path, kind, background=128)
        store.add([(new_product(store, kind, price, tax="10"), pictures_of([shot]))])
    return store


def photo(tmp_path: Path, *kinds: str) -> Path:
    path = tmp_path / "counter.png"
    path.write_bytes(encode_png(counter(*kinds)))
    return path


def sold(tmp_path: Path, *kinds: str, **how: Any) -> SaleRecord:
    return sell(photo(tmp_path, *kinds), shop=tmp_path / "shop.db", models=PlainModels(), **how)


def test_what_lies_there_is_sold_with_a_receipt(shop: ShopStore, tmp_path: Path) -> None:
    sale = sold(tmp_path, "cola", "mint", "mint", added=["cola"], removed=["mint"])
    assert (sale.state, sale.total_minor, sale.tax_minor) == ("paid", 3800, 345)
    text = receipt_text(sale)
    assert "2 x cola   3,000 KRW" in text
    assert "Total      3,800 KRW" in text
    assert f"Paid: {sale.payment}" in text
    assert sale_events([sale]) == [
        {"user": sale.id, "item": "cola", "quantity": 2, "time": sale.at.isoformat()},
        {"user": sale.id, "item": "mint", "quantity": 1, "time": sale.at.isoformat()},
    ]


def test_a_choice_ends_a_doubt_teaches_and_can_be_forgotten(shop: ShopStore, tmp_path: Path) -> None:
    provider = sandbox(shop)
    twin = new_product(shop, "diet cola", "1,400")
    shop.add([(twin, pictures_of([write_packshot(tmp_path, "cola", background=129)]))])
    with pytest.raises(InputError, match="1 doubt left; nothing was charged") as error:
        sold(tmp_path, "cola")
    assert "cola or diet cola" in error.value.hint or "diet cola or cola" in error.value.hint
    with pytest.raises(InputError, match="Doubt 1 cannot be mint"):
        sold(tmp_path, "cola", choices=["1=mint"])
    assert provider.charged() == {}
    sale = sold(tmp_path, "cola", choices=["1=diet cola"], who="Ada")
    assert [line.product for line in sale.lines] == ["diet cola"]
    assert sale_events([sale])[0]["user"] == "Ada"
    assert shop.find("diet cola").views == 2
    assert shop.forget_choice().name == "diet cola"
    assert shop.find("diet cola").views == 1
    with pytest.raises(InputError, match="No choice has taught"):
        shop.forget_choice()


def test_a_scale_and_a_ruler_are_heard(shop: ShopStore, tmp_path: Path) -> None:
    twin = new_product(shop, "diet cola", "1,400", weight_g="345", size_mm="400x300x200")
    shop.add([(twin, pictures_of([write_packshot(tmp_path, "cola", background=129)]))])
    shop.change(shop.find("cola").id, weight_g=500, size_mm=(60, 80, 20))
    assert [line.product for line in sold(tmp_path, "cola", weight_g=500).lines] == ["cola"]
    assert [line.product for line in sold(tmp_path, "cola", weight_g=347).lines] == ["diet cola"]
    assert [line.product for line in sold(tmp_path, "cola", mm_per_px=1.0).lines] == ["cola"]
    charged = sandbox(shop).charged()
    with pytest.raises(InputError, match="1 doubt left"):  # neither weighs so much
        sold(tmp_path, "cola", weight_g=900)
    with pytest.raises(InputError, match="The scale shows 400 g more than the basket weighs"):
        sold(tmp_path, "cola", weight_g=900, choices=["1=cola"])
    assert sold(tmp_path, "cola", "mint", weight_g=1, choices=["1=cola"]).total_minor == 2300  # mint has no weight
    with pytest.raises(InputError, match="cannot carry -5 g"):
        sold(tmp_path, "cola", weight_g=-5)
    assert len(sandbox(shop).charged()) == len(charged) + 1


def test_what_is_unknown_or_nothing_is_not_charged(shop: ShopStore, tmp_path: Path) -> None:
    provider = sandbox(shop)
    with pytest.raises(InputError, match="like nothing that is for sale"):
        sold(tmp_path, "cola", "sea")
    with pytest.raises(InputError, match="nothing to pay for"):
        sold(tmp_path)
    with pytest.raises(InputError, match="no mint in the basket"):
        sold(tmp_path, "cola", removed=["mint"])
    assert provider.charged() == {}
    assert shop.sales() == ()
