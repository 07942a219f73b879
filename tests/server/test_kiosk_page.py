"""The counter's page in a headless Chromium: baskets by touch and by keyboard, in both languages."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chromium import PROGRAM, Chromium
from closeup.core.errors import InputError
from closeup.server.kiosk import PAGE, operator_server
from closeup.server.loopback import built_files
from server.counters import NAMES, PIN, Counter, served, table


def lacking() -> str:
    """Why the page cannot be looked at here; empty where it can."""
    try:
        built_files(PAGE)
    except InputError:
        return "the page is not built: make studio"
    return "" if PROGRAM else "there is no Chromium"


pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow]

ELSEWHERE = """performance.getEntriesByType('resource').map(e => e.name)
  .filter(n => !n.startsWith(location.origin) && !n.startsWith('blob:'))"""
SMALL = """[...document.querySelectorAll('button, input')].map(b => [b.innerText, b.getBoundingClientRect()])
  .filter(([, r]) => r.width && Math.min(r.width, r.height) < 64).map(([text]) => text)"""
WIDER = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


@pytest.fixture
def browser(counter: Counter, tmp_path: Path) -> Iterator[Chromium]:
    with served(counter) as server, Chromium(tmp_path / "profile", "--lang=en-US", size_wh=(1280, 800)) as made:
        made.open(server.link)
        made.wait("document.querySelector('h1')?.innerText == 'Lay your things on the counter.'")
        yield made


def said(browser: Chromium, words: str) -> None:
    browser.wait(f"document.body?.innerText.includes({words!r})")


def choose(browser: Chromium, name: str) -> None:
    """Touch what is called so, and not what only begins so."""
    button = f"[...document.querySelectorAll('button')].find(b => b.innerText.split('\\n')[0].trim() == {name!r})"
    browser.wait(f"!!{button}")
    browser.ask(f"{button}.click()")


def test_baskets_in_both_languages(browser: Chromium, counter: Counter) -> None:
    for number in range(3):
        counter.show(table("cola", "sea", "mint"))
        said(browser, "which one is it?")
        assert browser.ask("document.querySelector('.actions .main').disabled")
        assert browser.ask("document.querySelectorAll('.box').length") == 3
        assert browser.ask(SMALL) == []
        choose(browser, NAMES["sea"])
        said(browser, "₩4,300")
        browser.click("Undo")
        said(browser, "₩2,300")
        choose(browser, NAMES["sea"])
        browser.ask(f"document.querySelector('[aria-label=\"One more {NAMES['mint']}\"]').click()")
        said(browser, "₩5,100")
        browser.click("That is right")
        browser.click("Pay as a guest")
        said(browser, "Thank you.")
        assert len(counter.book.charged()) == number + 1
        counter.show(table())
        said(browser, "Lay your things on the counter.")
    browser.click("한국어")
    said(browser, "상품을 계산대 위에 올려 주세요.")
    assert browser.ask("document.documentElement.lang") == "ko"
    assert browser.ask(ELSEWHERE) == []
    assert browser.ask("document.fonts.check('700 20px Pretendard')")


def test_by_face_and_pin_typed_on_a_keyboard(browser: Chromium, counter: Counter) -> None:
    counter.show(table("cola"))
    browser.click("That is right")
    browser.click("By face and PIN")
    said(browser, "Turn your head to your right")
    said(browser, "Hello Ada.")
    for digit in PIN:
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=digit, text=digit)
        browser.call("Input.dispatchKeyEvent", type="keyUp", key=digit)
    browser.wait("document.querySelector('.dots').innerText == '●●●●'")
    browser.click("OK")
    said(browser, "Thank you.")
    said(browser, "Ada")


def test_something_is_added_by_hand_and_what_is_wrong_is_said(browser: Chromium, counter: Counter) -> None:
    counter.show(table("cola", "sun"))
    said(browser, "One thing here is not for sale.")
    counter.show(table("cola"))
    browser.wait("!document.body.innerText.includes('One thing here is not for sale.')")
    said(browser, "Is this right?")
    browser.click("Add something")
    browser.wait("document.querySelectorAll('.shelf button').length == 4")
    browser.ask(
        "(() => { const i = document.querySelector('input[type=search]'); i.value = 'MINT'; "
        "i.dispatchEvent(new Event('input', { bubbles: true })) })()"
    )
    browser.wait("document.querySelectorAll('.shelf button').length == 1")
    browser.click(NAMES["mint"])
    said(browser, "₩2,300")
    for picture in counter.camera.iterdir():
        picture.unlink()
    said(browser, "The camera of the counter gives no picture.")


@pytest.mark.parametrize("size_wh", [(1280, 800), (1080, 1920), (390, 844)])
def test_it_fits_screens(browser: Chromium, counter: Counter, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    counter.show(table("cola", "sea", "mint"))
    said(browser, "which one is it?")
    browser.look(tmp_path / "page.png", size_wh)
    assert not browser.ask(WIDER)
    assert browser.ask(SMALL) == []


def test_where_nothing_lies_the_shopper_says_so_in_both_languages(browser: Chromium, counter: Counter) -> None:
    for unknown, doubt in (
        ("2: nothing more is here", "Nothing more is here"),
        ("2번 자리에는 더 없음", "여기에는 더 없음"),
    ):
        counter.show(table("cola", "sun", "sea"))
        browser.wait("document.querySelectorAll('.box').length == 3")
        assert browser.ask("document.querySelector('.actions .main').disabled")
        assert browser.ask(SMALL) == []
        choose(browser, doubt)
        browser.wait("document.querySelectorAll('.box').length == 2")
        choose(browser, unknown)
        browser.wait("document.querySelectorAll('.box').length == 1")
        browser.wait("!document.querySelector('.desk > .actions .main').disabled")
        assert counter.kiosk.state().total_minor == 1500
        assert browser.ask("document.querySelectorAll('.question, .refused').length") == 0
        counter.show(table())
        browser.wait("!!document.querySelector('.waiting')")
        if unknown.isascii():
            browser.click("한국어")


def test_the_operators_page_shows_what_was_asked_and_adds_a_product(
    browser: Chromium, counter: Counter, tmp_path: Path
) -> None:
    counter.show(table("sun"))
    said(browser, "One thing here is not for sale.")
    with operator_server(counter.kiosk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(server.link)
        said(browser, "Running the counter")
        browser.wait("document.querySelectorAll('.cards li').length == 1")
        browser.ask(
            """(() => { const set = (at, value) => { const i = document.querySelectorAll('form input')[at];
            i.value = value; i.dispatchEvent(new Event('input', { bubbles: true })) };
            set(0, 'sun cake'); set(1, '3,000') })()"""
        )
        browser.click("Add")
        said(browser, "sun cake")
        assert counter.shop.find("sun cake").views == 1
        assert browser.ask(SMALL) == []
        browser.look(tmp_path / "operator.png", (390, 844))
        assert not browser.ask(WIDER)
        server.shutdown()
