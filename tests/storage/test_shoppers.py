from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from closeup.core.errors import InputError
from closeup.documents.checkout import SaleRecord
from closeup.storage.shop import ShopStore, open_shop
from closeup.storage.shop_tables import shoppers
from closeup.storage.shoppers import add_shopper, list_shoppers, remove_shopper, try_pin

ADA = "a" * 32


@pytest.fixture
def shop(tmp_path: Path) -> ShopStore:
    store = open_shop(tmp_path / "shop.db")
    add_shopper(store, ADA, "Ada", "2719")
    return store


@pytest.mark.parametrize("pin", ["", "123", "271 9", "271x", "٢٧١٩", "123456789", "0000", "1234", "9876", "2468"])
def test_what_is_no_pin_or_the_first_that_is_tried_is_refused(shop: ShopStore, pin: str) -> None:
    with pytest.raises(InputError, match="PIN"):
        add_shopper(shop, ADA, "Ada", pin)
    assert try_pin(shop, ADA, "2719") == "right"


def test_only_a_salted_hash_is_kept(shop: ShopStore) -> None:
    add_shopper(shop, "b" * 32, "Bob", "2719")
    with shop.database.read() as connection:
        kept = connection.execute(select(shoppers.c.pin)).scalars().all()
    assert len(set(kept)) == 2
    assert all(each.startswith("scrypt$") and "2719" not in each.split("$")[2][:8] for each in kept)


def test_five_wrong_ones_lock_for_a_while_and_a_right_one_before_does_not(shop: ShopStore) -> None:
    for _ in range(4):
        assert try_pin(shop, ADA, "0001") == "wrong"
    assert try_pin(shop, ADA, "2719") == "right"
    assert [try_pin(shop, ADA, "0001") for _ in range(5)] == ["wrong"] * 4 + ["locked"]
    assert try_pin(shop, ADA, "2719") == "locked"
    assert list_shoppers(shop)[0].locked
    with shop.database.transaction() as connection:
        connection.execute(update(shoppers).values(locked_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert try_pin(shop, ADA, "0001") == "wrong"  # counted anew
    assert try_pin(shop, ADA, "2719") == "right"


def test_nobody_has_no_pin(shop: ShopStore) -> None:
    assert try_pin(shop, "c" * 32, "2719") == "wrong"


def test_a_new_pin_takes_the_place_of_the_old_and_ends_a_lock(shop: ShopStore) -> None:
    for _ in range(5):
        try_pin(shop, ADA, "0001")
    add_shopper(shop, ADA, "Ada", "5093")
    assert (try_pin(shop, ADA, "2719"), try_pin(shop, ADA, "5093")) == ("wrong", "right")
    assert len(list_shoppers(shop)) == 1


def test_who_is_removed_leaves_nothing_but_sales_of_a_guest(shop: ShopStore) -> None:
    for number, who in enumerate(("Ada", "Bob")):
        sale = SaleRecord(
            id=f"{number:032}",
            state="open",
            at=datetime.now(UTC),
            who=who,
            currency="KRW",
            lines=(),
            total_minor=0,
            tax_minor=0,
        )
        shop.begin_sale(sale)
        shop.end_sale(sale.id, "paid", "x")
    assert remove_shopper(shop, ADA) == 1
    assert [(sale.who, sale.state) for sale in shop.sales()] == [("guest", "paid"), ("Bob", "paid")]
    assert list_shoppers(shop) == ()
    assert try_pin(shop, ADA, "2719") == "wrong"
    assert remove_shopper(shop, ADA) == 0
