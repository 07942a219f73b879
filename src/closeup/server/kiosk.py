"""The page of `closeup checkout kiosk`: what the camera sees, the basket, and touches, over a `LoopbackServer`."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import BinaryIO, TypeVar

from closeup.core.boxes import fitted
from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.documents.checkout import ASKED, KIOSK_STATE, KIOSK_TOUCH, OPERATOR_TOUCH, PRODUCT, SALE, SHOPPER
from closeup.documents.form import Form
from closeup.features.checkout.kiosk import Kiosk
from closeup.features.checkout.operator import operate
from closeup.features.checkout.receipt import find_sale, receipt_pdf
from closeup.features.gallery.guide import REQUESTS, watch_until_alive
from closeup.features.gallery.liveness import LivenessCheck, random_turns
from closeup.features.gallery.recognise import Recogniser, model_for
from closeup.media.image import encode_jpeg
from closeup.media.live import open_live
from closeup.media.sources import StillFrame
from closeup.perception.analyzer import Analyzer
from closeup.server.loopback import LoopbackServer, built_files
from closeup.storage.gallery import open_gallery
from closeup.storage.shoppers import list_shoppers

T = TypeVar("T")

PAGE = "/kiosk.html"

OPERATOR_PAGE = "/operator.html"

SALES_SHOWN = 100

MOST_BYTES = 1 << 16
"""What a touch may hold."""

SHOWN_PX = 1280
"""Longer side of the picture on the page."""

TURNS = 2
"""Turns of the head that are asked for: 16 sequences, of which a recording shows one."""

FACES_HZ = 10.0

WAIT_S = 5.0
"""How long the page waits for news before it asks again."""


class KioskPictures:
    """What the camera sees, as JPEG, made when somebody looks and once a picture."""

    def __init__(self, kiosk: Kiosk) -> None:
        self._kiosk = kiosk
        self._made: tuple[Image | None, bytes] = (None, b"")

    def newest(self) -> bytes | None:
        """The newest picture; None where the camera is gone."""
        picture, made = self._kiosk.picture, self._made
        if picture is None:
            return None
        if made[0] is not picture:
            size_wh = fitted((picture.shape[1], picture.shape[0]), SHOWN_PX)
            made = self._made = picture, encode_jpeg(StillFrame(0, Fraction(0), picture).rgb(size_wh), 80)
        return made[1]


class GalleryFaces:
    """Knows the people of the gallery by a camera that sees them, each time after turns of their head."""

    def __init__(self, camera: str, far: float) -> None:
        """Get ready.

        Args:
            camera: Number of a camera, a video, or a folder with pictures.
            far: Of one comparison, how often somebody else may be taken for a person.
        """
        self._camera, self._far = camera, far

    @cached_property
    def _analyzer(self) -> Analyzer:
        return Analyzer()

    def look(self, ask: Callable[[str], None]) -> tuple[str, str]:
        """Identity and name of who turns their head as asked; `ask` is given each pose that is wanted.

        Raises:
            InputError: Nobody who is known does.
        """

        def say(text: str) -> None:
            ask(next(pose for pose, request in REQUESTS.items() if text.startswith(request)))

        with open_gallery() as store:
            recogniser = Recogniser(store, model_for(store, self._analyzer), self._far)
            with open_live(self._camera, FACES_HZ) as source:
                face = watch_until_alive(self._analyzer, source, say, LivenessCheck(random_turns(TURNS)))
            (answer,) = recogniser.answer(face.embeddings[recogniser.model][None])
        if answer.identity_id is None or answer.name is None:
            raise InputError("Nobody who is registered here was seen.")
        return answer.identity_id, answer.name

    def forget(self, identity_id: str) -> None:
        """Delete somebody's faces; nothing where there are none."""
        with open_gallery() as store:
            if identity_id in {each.id for each in store.identities()}:
                store.delete(identity_id)


def kiosk_server(kiosk: Kiosk, port: int = 0) -> LoopbackServer:
    """Make the server of a counter's page; it listens already, on a free port where `port` is 0.

    Raises:
        InputError: If the page is not built.
        OSError: If the port is taken.
    """
    files = page_files(PAGE)
    pictures = KioskPictures(kiosk)

    def find(address: str) -> Path | bytes | None:
        place, _, number = address.strip("/").partition("/")
        if place == "state" and number.isdecimal():
            return KIOSK_STATE.encode(kiosk.state(int(number), WAIT_S))
        if place == "frame":
            return pictures.newest()
        if address == "/products.json":
            return listed(PRODUCT, kiosk.shop.products())
        return files.get(address)

    def receive(address: str, content: BinaryIO, length: int) -> bytes | None:
        if address != "/touch":
            return None
        kiosk.touch(KIOSK_TOUCH.decode(content.read(length), "The touch"))
        return KIOSK_STATE.encode(kiosk.state())

    return LoopbackServer(files[PAGE], find, receive, most_bytes=MOST_BYTES, port=port)


def operator_server(kiosk: Kiosk, port: int = 0) -> LoopbackServer:
    """Make the server of the operator's page of a counter, with a link of its own: shoppers have no way to it.

    Raises:
        InputError: If the page is not built.
        OSError: If the port is taken.
    """
    files, shop, pictures = page_files(OPERATOR_PAGE), kiosk.shop, KioskPictures(kiosk)

    def find(address: str) -> Path | bytes | None:
        place, _, name = address.strip("/").removesuffix(".jpg").partition("/")
        lists = {
            "/products.json": lambda: listed(PRODUCT, shop.products(retired=True)),
            "/asked.json": lambda: listed(ASKED, shop.asked_today()),
            "/sales.json": lambda: listed(SALE, shop.sales()[: -SALES_SHOWN - 1 : -1]),
            "/shoppers.json": lambda: listed(SHOPPER, list_shoppers(shop)),
        }
        if address in lists:
            return lists[address]()
        if place == "asked" and name.isdecimal():
            return shop.asked_picture(int(name))
        if place == "sale":
            return shop.frame(name)
        if place == "receipt":
            language, _, number = name.removesuffix(".pdf").partition("/")
            return receipt_pdf(find_sale(shop, number), language)[0] if number else None
        return pictures.newest() if place == "frame" else files.get(address)

    def receive(address: str, content: BinaryIO, length: int) -> bytes | None:
        if address != "/touch":
            return None
        operate(shop, OPERATOR_TOUCH.decode(content.read(length), "The change"), kiosk.picture)
        return b"{}"

    return LoopbackServer(files[OPERATOR_PAGE], find, receive, most_bytes=MOST_BYTES, port=port)


def page_files(page: str) -> dict[str, Path]:
    """The built files of a page of the counter, and its display face, by their addresses.

    Raises:
        InputError: If the page is not built.
    """
    font = Path(str(resources.files("closeup"))) / "media" / "fonts" / "Pretendard-Bold.woff2"
    return {**built_files(page), "/fonts/display.woff2": font}


def listed(form: Form[T], values: Iterable[T]) -> bytes:
    """Documents as a JSON list."""
    return b"[" + b",".join(form.encode(each) for each in values) + b"]"
