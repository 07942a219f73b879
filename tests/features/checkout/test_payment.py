import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from closeup.core.errors import InputError, StorageError
from closeup.documents.checkout import ProductRecord, SaleRecord
from closeup.features.checkout.payment import HELD, Charge, SandboxProvider, new_sale, pay, settle
from closeup.storage.shop import ShopStore, open_shop

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
KILLS = 50
WATCHED = ("checkout/payment.py", "storage/shop.py", "storage/database.py")


@pytest.fixture
def shop(tmp_path: Path) -> ShopStore:
    store = open_shop(tmp_path / "shop.db")
    cola = ProductRecord(name="Cola", price_minor=1100, currency="KRW", tax_basis_points=1000)
    store.add([(cola, []), (ProductRecord(name="Bag", price_minor=13, currency="KRW"), [])])
    return store


def basket(shop: ShopStore, **counts: int) -> SaleRecord:
    return new_sale(shop, {shop.find(name).id: count for name, count in counts.items()}, who="guest", at=AT)


def test_a_sale_is_charged_once_however_often_it_is_paid(shop: ShopStore, tmp_path: Path) -> None:
    provider, sale = SandboxProvider(tmp_path / "book.db"), basket(shop, Cola=2)
    assert (sale.total_minor, sale.tax_minor, sale.state) == (2200, 200, "open")
    paid = pay(shop, sale, provider)
    assert paid.state == "paid"
    assert paid.payment.startswith("sandbox ")
    assert pay(shop, sale, provider) == paid
    assert provider.charge(sale.id, 2200, "KRW").paid
    assert provider.charged() == {sale.id: 2200}
    with pytest.raises(InputError, match="was charged 2200 before, not 1"):
        provider.charge(sale.id, 1, "KRW")
    assert shop.sales() == (paid,)


def test_a_refused_sale_is_void_and_stays_so(shop: ShopStore, tmp_path: Path) -> None:
    provider, sale = SandboxProvider(tmp_path / "book.db"), basket(shop, Bag=1)
    assert pay(shop, sale, provider).state == "void"
    assert pay(shop, sale, provider).payment == "sandbox The card was refused."
    assert provider.charged() == {}


def test_nothing_and_what_is_not_sold_cannot_be_paid(shop: ShopStore) -> None:
    with pytest.raises(InputError, match="nothing to pay for"):
        new_sale(shop, {}, who="guest", at=AT)
    cola = shop.find("Cola")
    shop.change(cola.id, retired_at=AT)
    with pytest.raises(InputError, match="Cola is not sold any more"):
        new_sale(shop, {cola.id: 1}, who="guest", at=AT)


def test_what_fails_before_the_charge_is_given_up_for_ever(shop: ShopStore, tmp_path: Path) -> None:
    provider, sale = SandboxProvider(tmp_path / "book.db"), basket(shop, Cola=1)
    shop.begin_sale(sale)
    (ended,) = settle(shop, provider)
    assert ended.state == "void"
    assert not provider.charge(sale.id, 1100, "KRW").paid
    assert settle(shop, provider) == ()


def test_a_book_that_is_none_is_said_and_the_sale_stays_open(shop: ShopStore, tmp_path: Path) -> None:
    (tmp_path / "book.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="sandbox's book"):
        pay(shop, basket(shop, Cola=1), SandboxProvider(tmp_path / "book.db"))
    assert [each.state for each in shop.sales()] == ["open"]
    (tmp_path / "book.db").unlink()
    assert [each.state for each in settle(shop, SandboxProvider(tmp_path / "book.db"))] == ["void"]


def test_a_clock_that_was_set_back_changes_no_order(shop: ShopStore, tmp_path: Path) -> None:
    provider = SandboxProvider(tmp_path / "book.db")
    for year in (2026, 2001):
        counts = {shop.find("Cola").id: 1}
        pay(shop, new_sale(shop, counts, who="guest", at=AT.replace(year=year)), provider)
    assert [sale.at.year for sale in shop.sales()] == [2026, 2001]


def test_a_full_disk_while_noting_the_end_loses_nothing(
    shop: ShopStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, sale = SandboxProvider(tmp_path / "book.db"), basket(shop, Cola=1)

    def full(*_: Any) -> SaleRecord:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ShopStore, "end_sale", full)
        with pytest.raises(OSError, match="No space left"):
            pay(shop, sale, provider)
    assert [each.state for each in shop.sales()] == ["open"]
    assert [each.state for each in settle(shop, provider)] == ["paid"]
    assert provider.charged() == {sale.id: 1100}


class SlowProvider(SandboxProvider):
    """Says that it was asked to charge, and does so once a file says that it may."""

    def charge(self, sale_id: str, amount_minor: int, currency: str) -> Charge:
        folder = self._book.parent
        (folder / "asked").touch()
        wait_for(folder / "go")
        return super().charge(sale_id, amount_minor, currency)


def wait_for(path: Path) -> None:
    until_s = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def paying(tmp_path: Path, sale: SaleRecord) -> int:
    """A process of its own that waits for its provider to charge a sale; its number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with open_shop(tmp_path / "shop.db") as store:
                code = 0 if pay(store, sale, SlowProvider(tmp_path / "book.db")).state == "paid" else 2
        finally:
            os._exit(code)
    wait_for(tmp_path / "asked")
    return child


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_sale_that_another_process_pays_for_is_not_settled(shop: ShopStore, tmp_path: Path) -> None:
    mine, theirs = basket(shop, Cola=1), basket(shop, Cola=3)
    shop.database.engine.dispose()
    child = paying(tmp_path, theirs)
    provider = SandboxProvider(tmp_path / "book.db")
    shop.begin_sale(mine)  # and then this process, say, was killed
    assert [(each.id, each.state) for each in settle(shop, provider)] == [(mine.id, "void")]
    assert [each.state for each in shop.sales()] == ["open", "void"]
    (tmp_path / "go").touch()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert provider.charged() == {theirs.id: 3300}
    assert settle(shop, provider) == ()
    assert list(tmp_path.glob(f"*{HELD}")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_sale_of_a_process_that_died_is_settled_at_once(shop: ShopStore, tmp_path: Path) -> None:
    sale = basket(shop, Cola=1)
    shop.database.engine.dispose()
    child = paying(tmp_path, sale)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = tmp_path.glob(f"*{HELD}")
    assert sale.id in left.name
    provider = SandboxProvider(tmp_path / "book.db")
    assert [each.state for each in settle(shop, provider)] == ["void"]
    assert not provider.charge(sale.id, 1100, "KRW").paid
    assert not left.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_process_killed_anywhere_neither_loses_nor_charges_twice(shop: ShopStore, tmp_path: Path) -> None:
    sale = basket(shop, Cola=1)
    shop.database.engine.dispose()
    lines = count_lines(tmp_path, sale)
    assert lines > KILLS
    ends = set()
    for kill in range(KILLS):
        place = tmp_path / str(kill)
        place.mkdir()
        for name in ("shop.db", "shop.db-wal"):
            if (tmp_path / name).exists():
                (place / name).write_bytes((tmp_path / name).read_bytes())
        at = 1 + kill * (lines - 1) // (KILLS - 1)
        assert forked(lambda place=place, at=at: killed_at(at, lambda: pay_in(place, sale))) == -signal.SIGKILL
        with open_shop(place / "shop.db") as after:
            provider = SandboxProvider(place / "book.db")
            settle(after, provider)
            states = [each.state for each in after.sales()]
            charged = provider.charged()
            assert states in ([], ["paid"], ["void"])
            assert charged == ({sale.id: 1100} if states == ["paid"] else {})
            again = pay(after, sale, provider)
            assert again.state == ("void" if states == ["void"] else "paid")
            assert len(provider.charged()) == (again.state == "paid")
            assert settle(after, provider) == ()
            ends.add(tuple(states))
    assert ends == {(), ("paid",), ("void",)}


def pay_in(place: Path, sale: SaleRecord) -> Charge | SaleRecord:
    with open_shop(place / "shop.db") as store:
        return pay(store, sale, SandboxProvider(place / "book.db"))


def count_lines(tmp_path: Path, sale: SaleRecord) -> int:
    place = tmp_path / "whole"
    place.mkdir()
    (place / "shop.db").write_bytes((tmp_path / "shop.db").read_bytes())

    def count() -> None:
        seen = traced(lambda _: None, lambda: pay_in(place, sale))
        (place / "lines").write_text(str(seen))

    assert forked(count) == 0
    return int((place / "lines").read_text())


def killed_at(line: int, work: Callable[[], object]) -> None:
    traced(lambda seen: os.kill(os.getpid(), signal.SIGKILL) if seen == line else None, work)


def traced(each: Callable[[int], object], work: Callable[[], object]) -> int:
    """Run `work`, and call `each` with its number before every line of what is watched."""
    seen = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.replace(os.sep, "/").endswith(WATCHED):
            return None
        if event == "line":
            seen += 1
            each(seen)
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return seen


def forked(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own; its exit code, or the negative number of the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
