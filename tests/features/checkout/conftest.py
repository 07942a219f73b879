"""A shop of three products, the book of its payments, and its counter."""

from pathlib import Path

import pytest

from closeup.features.checkout.catalogue import new_product, pictures_of
from closeup.features.checkout.kiosk import Kiosk
from closeup.features.checkout.payment import SandboxProvider
from closeup.storage.shop import ShopStore, open_shop
from features.checkout.shelf import PlainModels, write_packshot

PRICES = {"cola": "1,500", "mint": "800", "sea": "2,000"}


@pytest.fixture
def shop(tmp_path: Path) -> ShopStore:
    store = open_shop(tmp_path / "shop.db", wait_s=0.2)
    for kind, price in PRICES.items():
        store.add([(new_product(store, kind, price), pictures_of([write_packshot(tmp_path, kind, background=128)]))])
    return store


@pytest.fixture
def book(tmp_path: Path) -> SandboxProvider:
    return SandboxProvider(tmp_path / "book")


@pytest.fixture
def kiosk(shop: ShopStore, book: SandboxProvider) -> Kiosk:
    return Kiosk(shop, book, PlainModels(), kept_days=3)
