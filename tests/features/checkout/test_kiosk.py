"""The counter at work, picture by picture and touch by touch, without threads but where one is asked for."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, StorageError
from closeup.core.types import Image
from closeup.features.checkout.catalogue import new_product, pictures_of, retire
from closeup.features.checkout.kiosk import Kiosk
from closeup.features.checkout.payment import SandboxProvider
from closeup.storage.shop import ShopStore, open_shop
from features.checkout.kiosks import show, table, touch, wait_for
from features.checkout.shelf import PlainModels, write_packshot


def test_a_basket_from_an_empty_counter_to_the_receipt_and_the_next(kiosk: Kiosk, book: SandboxProvider) -> None:
    show(kiosk, table())
    assert kiosk.state().phase == "idle"
    show(kiosk, table("cola", "mint", "cola"), looks=3)
    assert kiosk.state().phase == "still"
    show(kiosk, table("cola", "mint", "cola"), looks=1)
    state = kiosk.state()
    assert (state.phase, state.total_minor, state.size_wh) == ("confirm", 3800, (420, 120))
    assert [(line.product, line.count) for line in state.lines] == [("cola", 2), ("mint", 1)]

    touch(kiosk, "add", product="sea")
    touch(kiosk, "remove", product="mint")
    touch(kiosk, "remove", product="mint")  # there is none left
    assert kiosk.state().total_minor == 5000
    touch(kiosk, "undo")
    assert kiosk.state().total_minor == 5800
    touch(kiosk, "guest")  # not asked for yet
    assert kiosk.state().phase == "confirm"
    touch(kiosk, "confirm")
    touch(kiosk, "guest")
    state = kiosk.state()
    assert state.phase == "receipt"
    assert state.receipt is not None
    assert (state.receipt.state, state.receipt.total_minor, state.receipt.who) == ("paid", 5800, "guest")
    assert list(book.charged().values()) == [5800]
    assert kiosk.shop.frame(state.receipt.id) is not None

    show(kiosk, table("cola", "mint", "cola"), looks=9)
    assert kiosk.state().phase == "receipt"  # as long as they lie there
    show(kiosk, table())
    assert (kiosk.state().phase, kiosk.state().lines) == ("idle", ())
    show(kiosk, table("sea"))
    assert kiosk.state().total_minor == 2000
    assert len(book.charged()) == 1


def test_movement_is_waited_for_and_begins_anew(kiosk: Kiosk) -> None:
    for number in range(6):
        kiosk.look(table(*["cola", "mint", "sea"][: number % 3 + 1]))
        assert kiosk.state().phase == "still"
    show(kiosk, table("cola"))
    touch(kiosk, "add", product="sea")
    kiosk.look(table("cola", "mint"))
    assert (kiosk.state().phase, kiosk.state().lines, kiosk.state().undo) == ("still", (), False)


def test_doubt_is_asked_about_a_choice_is_taken_back_and_teaches_once_it_is_paid(kiosk: Kiosk, shop: ShopStore) -> None:
    twin = pictures_of([write_packshot(Path(shop.place).parent, "cola", background=130)])
    shop.add([(new_product(shop, "cola zero", "1,600"), twin)])
    doubtful = table("cola")
    show(kiosk, doubtful)
    state = kiosk.state()
    assert [thing.state for thing in state.things] == ["doubt"]
    assert set(state.things[0].choices) == {"cola", "cola zero"}
    assert state.lines == ()
    touch(kiosk, "confirm")
    assert (kiosk.state().phase, kiosk.state().problem) == ("confirm", "unsettled")
    touch(kiosk, "choose", thing=0, product="cola zero")
    assert kiosk.state().things[0].product == "cola zero"
    touch(kiosk, "undo")
    assert [thing.state for thing in kiosk.state().things] == ["doubt"]
    touch(kiosk, "choose", thing=0, product="cola")
    assert shop.find("cola").views == 1
    touch(kiosk, "confirm")
    touch(kiosk, "guest")
    assert shop.find("cola").views == 2
    (asked,) = shop.asked_today()
    assert (asked.answer, set(asked.choices)) == ("cola", set(state.things[0].choices))


def test_what_is_not_sold_has_to_leave(kiosk: Kiosk, shop: ShopStore) -> None:
    retire(shop, shop.find("sea"))
    show(kiosk, table("cola", "sun"))
    assert (kiosk.state().unknown, kiosk.state().total_minor) == (1, 1500)
    touch(kiosk, "confirm")
    assert (kiosk.state().phase, kiosk.state().problem) == ("confirm", "unsettled")
    (asked,) = shop.asked_today()
    assert (asked.answer, asked.choices) == (None, ())
    show(kiosk, table("cola"))
    touch(kiosk, "confirm")
    assert kiosk.state().phase == "identify"


def test_where_a_shopper_says_that_nothing_lies_nothing_is_asked_and_the_operator_learns_of_it(
    kiosk: Kiosk, shop: ShopStore
) -> None:
    retire(shop, shop.find("sea"))
    show(kiosk, table("cola", "sun"))
    touch(kiosk, "nothing", thing=0)  # a product lies there: it is taken out by hand
    assert (kiosk.state().unknown, kiosk.state().nothing, kiosk.state().undo) == (1, (), False)
    touch(kiosk, "nothing", thing=1)
    assert (kiosk.state().unknown, kiosk.state().nothing, kiosk.state().total_minor) == (0, (1,), 1500)
    touch(kiosk, "undo")
    assert (kiosk.state().unknown, kiosk.state().nothing) == (1, ())
    touch(kiosk, "nothing", thing=1)
    show(kiosk, table("cola", "sun"))  # the same scene
    touch(kiosk, "confirm")
    assert not shop.asked_today()[0].nothing  # nobody has paid
    touch(kiosk, "guest")
    assert kiosk.state().phase == "receipt"
    (asked,) = shop.asked_today()
    assert (asked.answer, asked.nothing) == (None, True)
    show(kiosk, table())
    show(kiosk, table("cola", "sun"))
    assert (kiosk.state().unknown, kiosk.state().nothing) == (1, ())


def test_it_is_said_when_it_is_dark_when_nothing_is_sold_and_when_it_moves_on_and_on(
    tmp_path: Path, book: SandboxProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk = Kiosk(open_shop(tmp_path / "new.db"), book, PlainModels())
    show(kiosk, np.zeros((120, 420, 3), np.uint8))
    assert (kiosk.state().problem, kiosk.state().phase) == ("dark", "still")
    show(kiosk, table("cola"))
    assert (kiosk.state().problem, kiosk.state().phase) == ("empty", "still")
    monkeypatch.setattr("closeup.features.checkout.kiosk.MOVING_S", -1.0)
    kiosk.look(table("cola", "sea"))
    assert kiosk.state().problem == "moving"


def test_a_database_that_is_locked_is_said_and_waited_for(
    kiosk: Kiosk, shop: ShopStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeup.features.checkout.kiosk.AGAIN_S", 0.0)
    real = ShopStore.products

    def locked(*_: object, **__: object) -> None:
        raise StorageError("The shop is locked.")

    monkeypatch.setattr(ShopStore, "products", locked)
    show(kiosk, table("cola"))
    assert (kiosk.state().problem, kiosk.state().phase) == ("storage", "still")
    monkeypatch.setattr(ShopStore, "products", real)
    show(kiosk, table("cola"))
    assert (kiosk.state().problem, kiosk.state().phase, kiosk.state().total_minor) == ("", "confirm", 1500)


def to_payment(kiosk: Kiosk, *kinds: str) -> None:
    show(kiosk, table(*kinds))
    touch(kiosk, "confirm")
    touch(kiosk, "guest")


@pytest.mark.parametrize("step", ["begin_sale", "end_sale"])
def test_a_disk_that_is_full_while_paying_neither_loses_a_sale_nor_charges_twice(
    kiosk: Kiosk, shop: ShopStore, book: SandboxProvider, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real: Callable[..., object] = getattr(ShopStore, step)

    def full(*_: object, **__: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr("closeup.features.checkout.kiosk.AGAIN_S", 0.0)
    monkeypatch.setattr(ShopStore, step, full)
    to_payment(kiosk, "cola")
    assert (kiosk.state().phase, kiosk.state().problem) == ("pay", "storage")
    touch(kiosk, "guest")  # nothing may charge it again
    if step == "end_sale":
        show(kiosk, table("cola"))
        assert kiosk.state().phase == "pay"
    monkeypatch.setattr(ShopStore, step, real)
    show(kiosk, table("cola"))
    state = kiosk.state()
    if step == "begin_sale":  # never noted, never charged
        assert (state.phase, state.problem, book.charged()) == ("confirm", "refused", {})
    else:
        assert (state.phase, list(book.charged().values())) == ("receipt", [1500])
        assert [sale.state for sale in shop.sales()] == ["paid"]


def test_a_card_that_is_refused_leads_back_to_the_basket(kiosk: Kiosk, shop: ShopStore) -> None:
    shop.change(shop.find("mint").id, price_minor=913)
    to_payment(kiosk, "mint")
    state = kiosk.state()
    assert (state.phase, state.problem, state.receipt) == ("confirm", "refused", None)
    assert "refused" in state.detail
    touch(kiosk, "remove", product="mint")
    touch(kiosk, "add", product="cola")
    touch(kiosk, "confirm")
    touch(kiosk, "guest")
    assert kiosk.state().phase == "receipt"


def test_a_price_that_changes_meanwhile_is_never_charged_unseen(
    kiosk: Kiosk, shop: ShopStore, book: SandboxProvider
) -> None:
    show(kiosk, table("cola"))
    touch(kiosk, "confirm")
    shop.change(shop.find("cola").id, price_minor=9_900)
    touch(kiosk, "guest")
    assert (kiosk.state().phase, book.charged()) == ("idle", {})
    show(kiosk, table("cola"))
    assert kiosk.state().total_minor == 9_900


def test_a_camera_that_is_unplugged_is_said_and_comes_back(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.features.checkout.kiosk.AGAIN_S", 0.01)
    stop, plugged = threading.Event(), threading.Event()

    def frames() -> Iterator[Image]:
        for _ in range(5):
            yield table("cola")
        if not plugged.is_set():
            raise InputError("Camera 0 gives no pictures.")
        while not stop.is_set():
            yield table("cola")

    watching = threading.Thread(target=kiosk.watch, args=(frames, stop))
    watching.start()
    try:
        wait_for(kiosk, lambda: kiosk.state().problem == "camera")
        assert (kiosk.picture, kiosk.state().phase) == (None, "still") or kiosk.picture is not None
        plugged.set()
        wait_for(kiosk, lambda: kiosk.state().phase == "confirm" and not kiosk.state().problem)
    finally:
        stop.set()
        watching.join(10)


def test_news_are_waited_for(kiosk: Kiosk) -> None:
    number = kiosk.state().number
    begun = time.monotonic()
    assert kiosk.state(number, 0.05).number == number
    assert time.monotonic() - begun >= 0.05
    threading.Timer(0.05, show, (kiosk, table("cola"))).start()
    assert kiosk.state(number, 10).number > number
