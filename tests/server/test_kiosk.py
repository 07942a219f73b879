"""The counter over HTTP, with a folder for a camera: the till's way from pictures and touches to the receipt."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.documents.checkout import KIOSK_STATE, PRODUCT, KioskState
from closeup.media.image import decode_jpeg
from closeup.server import kiosk as kiosk_module
from closeup.server.kiosk import operator_server
from server.counters import NAMES, PIN, Counter, served, table
from server.test_loopback import Reply, Visitor


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    (tmp_path / "page.html").write_text("<p>page")
    monkeypatch.setattr(kiosk_module, "built_files", lambda page: {page: tmp_path / "page.html"})
    monkeypatch.setattr(kiosk_module, "WAIT_S", 0.2)
    return Counter(tmp_path)


class Page(Visitor):
    """What the page does."""

    def state(self, after: int = 0) -> KioskState:
        return KIOSK_STATE.decode(self.ask(f"/state/{after}").content)

    def send(self, **touch: str | int) -> Reply:
        own = f"http://127.0.0.1:{self.server.server_port}"
        return self.ask("/touch", "POST", json.dumps(touch).encode(), Origin=own)

    def touch(self, **touch: str | int) -> KioskState:
        return KIOSK_STATE.decode(self.send(**touch).content)


@pytest.fixture
def page(counter: Counter) -> Iterator[Page]:
    with served(counter) as server:
        made = Page(server)
        assert made.enter().content == b"<p>page"
        yield made


def test_baskets_are_sold_one_after_the_other(counter: Counter, page: Page) -> None:
    counter.wait(lambda: counter.kiosk.picture is not None and page.state().phase == "idle")
    shown = decode_jpeg(page.ask("/frame/0.jpg").content)
    assert shown.shape == (360, 640, 3)
    assert abs(int(shown.mean()) - 150) < 3
    assert [PRODUCT.from_data(each).name for each in json.loads(page.ask("/products.json").content)] == sorted(
        [*NAMES.values(), "동해 심층수 (탄산)"]
    )

    counter.show(table("cola", "sea"))
    counter.wait(lambda: page.state().phase == "confirm")
    state = page.state()
    assert [thing.state for thing in state.things] == ["sure", "doubt"]
    assert (state.total_minor, state.doubts, state.currency, state.decimals) == (1500, 1, "KRW", 0)
    assert page.touch(kind="confirm").problem == "unsettled"
    state = page.touch(kind="choose", thing=1, product=NAMES["sea"])
    assert (state.total_minor, state.doubts, state.undo) == (3500, 0, True)
    assert page.touch(kind="undo").doubts == 1
    page.touch(kind="choose", thing=1, product=NAMES["sea"])
    assert page.touch(kind="confirm").phase == "identify"
    state = page.touch(kind="guest")
    assert state.phase == "receipt"
    assert state.receipt is not None
    assert (state.receipt.total_minor, state.receipt.tax_minor) == (3500, 318)

    counter.show(table())
    counter.wait(lambda: page.state().phase == "idle")
    counter.show(table("mint", "mint"))
    counter.wait(lambda: page.state().phase == "confirm")
    page.touch(kind="add", product=NAMES["cola"])
    assert page.touch(kind="confirm").total_minor == 3100
    page.touch(kind="face")
    counter.wait(lambda: page.state().ask == "pin")
    assert page.touch(kind="pin", pin="0000").problem == "pin"
    state = page.touch(kind="pin", pin=PIN)
    assert state.receipt is not None
    assert (state.receipt.who, state.receipt.total_minor) == ("Ada", 3100)
    assert sorted(counter.book.charged().values()) == [3100, 3500]


def test_news_come_when_there_are_some(counter: Counter, page: Page) -> None:
    counter.wait(lambda: page.state().phase == "idle" and counter.kiosk.picture is not None)
    number = page.state().number
    counter.show(table("cola"))
    counter.wait(lambda: page.state(number).number > number)


@pytest.mark.parametrize(
    "touch",
    [{"kind": "steal"}, {"kind": "pin", "pin": 7}, {"kind": "choose", "thing": "first"}, {}, {"kind": "add", "x": 1}],
)
def test_what_is_no_touch_is_refused_in_a_sentence(page: Page, touch: dict[str, str | int]) -> None:
    reply = page.send(**touch)
    assert reply.status == 422
    assert reply.content.decode().startswith("The touch")


def test_others_get_nothing_and_nothing_else_is_there(counter: Counter, page: Page) -> None:
    for address in ("/state/0", "/frame/0.jpg", "/products.json"):
        assert Visitor(page.server).ask(address).status == 403
    for address in ("/state/x", "/state/", "/shop.db", "/frames", "/fonts/other.woff2"):
        assert page.ask(address).status == 404, address
    assert page.ask("/fonts/display.woff2").headers["Content-Type"] == "font/woff2"
    assert page.ask("/touch", "POST", b"{}").status == 403  # from no page of ours


def test_a_camera_that_is_gone_has_no_picture_and_says_so(counter: Counter, page: Page) -> None:
    counter.wait(lambda: counter.kiosk.picture is not None)
    for picture in counter.camera.iterdir():
        picture.unlink()
    counter.wait(lambda: page.state().problem == "camera")
    assert page.ask("/frame/1.jpg").status == 404
    (counter.camera / "9998.png").write_bytes(b"half a picture")
    counter.wait(lambda: page.state().problem == "camera")
    counter.show(np.zeros((360, 640, 3), np.uint8))
    counter.wait(lambda: page.state().problem == "dark")


@pytest.fixture
def operator(counter: Counter, page: Page) -> Iterator[Page]:
    with operator_server(counter.kiosk) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        made = Page(server)
        made.enter()
        yield made
        server.shutdown()
        thread.join()


def rows(page: Page, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(page.ask(f"/{name}.json").content)
    return found


def test_whoever_runs_it_names_what_was_asked_about_and_sees_what_was_sold(
    counter: Counter, page: Page, operator: Page
) -> None:
    counter.show(table("sea", "sun"))
    counter.wait(lambda: page.state().phase == "confirm")
    unknown, doubt = rows(operator, "asked")
    assert (unknown["choices"], len(doubt["choices"])) == ([], 2)
    assert decode_jpeg(operator.ask(f"/asked/{unknown['number']}.jpg").content).shape == (128, 128, 3)
    assert operator.send(kind="add", product="sun cake", price="3,000").status == 200  # of the whole counter
    assert operator.send(kind="answer", number=unknown["number"], product="sun cake").status == 200
    assert operator.send(kind="answer", number=unknown["number"], product=NAMES["sea"]).status == 200  # has an answer
    assert rows(operator, "asked")[0]["answer"] == "sun cake"
    assert {each["name"]: each["views"] for each in rows(operator, "products")}["sun cake"] == 2
    page.touch(kind="cancel")
    counter.wait(lambda: page.state().phase == "confirm")
    assert page.state().unknown == 0
    page.touch(kind="choose", thing=0, product=NAMES["sea"])
    page.touch(kind="confirm")
    assert page.touch(kind="guest").phase == "receipt"
    (sale,) = rows(operator, "sales")
    assert (sale["total_minor"], sale["state"]) == (5000, "paid")
    assert decode_jpeg(operator.ask(f"/sale/{sale['id']}.jpg").content).shape == (360, 640, 3)
    assert counter.shop.find(NAMES["sea"]).views == 2
    assert operator.send(kind="forget").status == 200
    assert counter.shop.find(NAMES["sea"]).views == 1
    pdf = operator.ask(f"/receipt/ko/{sale['id']}.pdf")
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    for absent, status in ((f"ko/{'f' * 32}.pdf", 422), (f"fr/{sale['id']}.pdf", 422), ("ko/.pdf", 404)):
        assert operator.ask(f"/receipt/{absent}").status == status
    assert page.ask(f"/receipt/ko/{sale['id']}.pdf").status == 404
    assert page.ask("/sales.json").status == 404  # shoppers have no way to it
    assert page.ask(f"/sale/{sale['id']}.jpg").status == 404


def test_the_catalogue_is_kept_from_the_page(counter: Counter, operator: Page) -> None:
    counter.wait(lambda: counter.kiosk.picture is not None)
    cola = NAMES["cola"]
    for touch in ({"kind": "price", "price": "1,700"}, {"kind": "view"}, {"kind": "retire"}):
        assert operator.send(product=cola, **touch).status == 200
    found = counter.shop.find(cola)
    assert (found.price_minor, found.views, found.retired) == (1700, 2, True)
    operator.send(kind="back", product=cola)
    assert not counter.shop.find(cola).retired
    for touch in ({"kind": "price", "price": "0"}, {"kind": "price", "price": "cheap"}, {"kind": "sell"}):
        assert operator.send(product=cola, **touch).status == 422
    assert operator.send(kind="view", product="nothing of the kind").status == 422
    assert [each["name"] for each in rows(operator, "shoppers")] == ["Ada"]
    operator.send(kind="shopper", product=rows(operator, "shoppers")[0]["identity_id"])
    assert rows(operator, "shoppers") == []
    for picture in counter.camera.iterdir():
        picture.unlink()
    counter.wait(lambda: counter.kiosk.picture is None)
    assert b"no picture" in operator.send(kind="view", product=cola).content
