"""Who pays by face and PIN at a counter, who does not, and what is deleted."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from closeup.core.errors import InputError
from closeup.features.checkout.kiosk import Kiosk
from closeup.features.checkout.payment import SandboxProvider
from closeup.features.checkout.shopper import ShopperCheck
from closeup.storage.shop import ShopStore
from closeup.storage.shoppers import add_shopper
from features.checkout.kiosks import show, table, touch, wait_for
from features.checkout.shelf import PlainModels


class Face:
    """Knows everybody for one person, after one turn; or raises."""

    def __init__(self, found: tuple[str, str] | InputError) -> None:
        self.found, self.forgotten = found, list[str]()
        self.go = threading.Event()

    def look(self, ask: Callable[[str], None]) -> tuple[str, str]:
        ask("left")
        assert self.go.wait(10)
        if isinstance(self.found, InputError):
            raise self.found
        return self.found

    def forget(self, identity_id: str) -> None:
        self.forgotten.append(identity_id)


ADA = "a" * 32, "Ada"


@pytest.fixture
def faces(shop: ShopStore) -> Face:
    add_shopper(shop, *ADA, "2719")
    return Face(ADA)


@pytest.fixture
def known(shop: ShopStore, book: SandboxProvider, faces: Face) -> Iterator[Kiosk]:
    yield Kiosk(shop, book, PlainModels(), shoppers=ShopperCheck(faces, face_alone_minor=800))
    faces.go.set()


def test_a_face_is_known_after_a_turn_and_pays_with_its_pin(known: Kiosk, faces: Face, shop: ShopStore) -> None:
    show(known, table("cola"))
    touch(known, "face")  # not before the basket is confirmed
    assert known.state().ask == ""
    touch(known, "confirm")
    touch(known, "face")
    wait_for(known, lambda: known.state().ask == "left")
    faces.go.set()
    wait_for(known, lambda: known.state().ask == "pin")
    assert known.state().who == "Ada"
    for _ in range(2):
        touch(known, "pin", pin="0000")
        assert (known.state().problem, known.state().phase) == ("pin", "identify")
    touch(known, "pin", pin="2719")
    assert known.state().phase == "receipt"
    assert [sale.who for sale in shop.sales()] == ["Ada"]


def test_five_wrong_pins_lock_and_a_guest_may_still_pay(known: Kiosk, faces: Face) -> None:
    faces.go.set()
    show(known, table("cola"))
    touch(known, "confirm")
    touch(known, "face")
    wait_for(known, lambda: known.state().ask == "pin")
    for _ in range(5):
        touch(known, "pin", pin="1111")
    assert known.state().problem == "locked"
    touch(known, "pin", pin="2719")
    assert (known.state().problem, known.state().phase) == ("locked", "identify")
    touch(known, "guest")
    state = known.state()
    assert state.receipt is not None
    assert state.receipt.who == "guest"


def test_a_small_total_needs_no_pin_where_that_is_allowed(known: Kiosk, faces: Face, shop: ShopStore) -> None:
    faces.go.set()
    show(known, table("mint"))
    touch(known, "confirm")
    touch(known, "face")
    wait_for(known, lambda: known.state().phase == "receipt")
    assert [sale.who for sale in shop.sales()] == ["Ada"]


def test_a_face_that_comes_too_late_pays_for_nobody_elses_basket(known: Kiosk, faces: Face) -> None:
    show(known, table("mint"))
    touch(known, "confirm")
    touch(known, "face")
    wait_for(known, lambda: known.state().ask == "left")
    touch(known, "cancel")
    show(known, table("mint"))
    touch(known, "confirm")
    faces.go.set()
    time.sleep(0.1)
    assert (known.state().phase, known.state().who) == ("identify", "")


@pytest.mark.parametrize(
    ("found", "problem"),
    [(("b" * 32, "Bob"), "stranger"), (InputError("Nobody who is registered here was seen."), "face")],
)
def test_who_is_no_shopper_stays_a_guest(
    known: Kiosk, faces: Face, found: tuple[str, str] | InputError, problem: str
) -> None:
    faces.found = found
    faces.go.set()
    show(known, table("cola"))
    touch(known, "confirm")
    touch(known, "face")
    wait_for(known, lambda: known.state().problem == problem)
    assert (known.state().ask, known.state().who, known.state().phase) == ("", "", "identify")


def test_a_shopper_can_have_all_deleted(known: Kiosk, faces: Face, shop: ShopStore) -> None:
    faces.go.set()
    to_pin = ("confirm", "face")
    show(known, table("cola"))
    for kind in to_pin:
        touch(known, kind)
    wait_for(known, lambda: known.state().ask == "pin")
    touch(known, "pin", pin="2719")
    show(known, table())
    show(known, table("cola"))
    for kind in to_pin:
        touch(known, kind)
    wait_for(known, lambda: known.state().ask == "pin")
    touch(known, "forget")
    assert (known.state().problem, known.state().who, faces.forgotten) == ("forgotten", "", [ADA[0]])
    assert [sale.who for sale in shop.sales()] == ["guest"]
    faces.go.set()
    touch(known, "face")
    wait_for(known, lambda: known.state().problem == "stranger")
