"""A counter with a folder for a camera, made-up products and a made-up shopper, and its server."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from closeup.core.types import Image
from closeup.features.checkout.catalogue import new_product, pictures_of
from closeup.features.checkout.kiosk import Kiosk
from closeup.features.checkout.payment import SandboxProvider
from closeup.features.checkout.shopper import ShopperCheck
from closeup.media.image import encode_png
from closeup.media.live import live_pictures
from closeup.server.kiosk import kiosk_server
from closeup.server.loopback import LoopbackServer
from closeup.storage.shop import ShopStore, open_shop
from closeup.storage.shoppers import add_shopper
from features.checkout.shelf import PlainModels, lay, write_packshot

PRICES = {"cola": "1,500", "mint": "800", "sea": "2,000"}
NAMES = {"cola": "바나나맛 우유 240 ml", "mint": "Mint chocolate, the large bar", "sea": "동해 심층수"}
ADA = "a" * 32, "Ada"
PIN = "2719"
RATE_HZ = 20.0


class MadeFace:
    """Knows everybody for Ada, after a turn."""

    def look(self, ask: Callable[[str], None]) -> tuple[str, str]:
        ask("left")
        time.sleep(0.3)
        return ADA

    def forget(self, identity_id: str) -> None:
        """There are no faces."""


def table(*kinds: str, wide: int = 640) -> Image:
    """A counter with things side by side, RGB (360, 640, 3)."""
    picture = np.full((360, wide, 3), 150, np.uint8)
    for place, kind in enumerate(kinds):
        lay(picture, kind, (30 + 150 * place, 80, 150 + 150 * place, 280))
    return picture


class Counter:
    """A shop, what its camera sees, and its server."""

    def __init__(self, folder: Path) -> None:
        self.shop: ShopStore = open_shop(folder / "shop.db", wait_s=1)
        for kind, price in PRICES.items():
            view = pictures_of([write_packshot(folder, kind, background=150)])
            self.shop.add([(new_product(self.shop, NAMES[kind], price, tax="10"), view)])
        twin = pictures_of([write_packshot(folder, "sea", background=151)])
        self.shop.add([(new_product(self.shop, "동해 심층수 (탄산)", "2,200", tax="10"), twin)])
        add_shopper(self.shop, *ADA, PIN)
        self.book = SandboxProvider(folder / "book")
        self.kiosk = Kiosk(self.shop, self.book, PlainModels(), shoppers=ShopperCheck(MadeFace()), kept_days=3)
        self.camera = folder / "camera"
        self.camera.mkdir()
        self._shown = 0
        self.show(table())

    def show(self, picture: Image) -> None:
        """Let the camera see another picture."""
        self._shown += 1
        part = self.camera / ".part"
        part.write_bytes(encode_png(picture))
        at = time.time_ns() + self._shown  # clocks of file systems are coarse
        os.utime(part, ns=(at, at))
        part.rename(self.camera / f"{self._shown:04}.png")

    def wait(self, what: Callable[[], bool], within_s: float = 20) -> None:
        """Wait until it is so."""
        end = time.monotonic() + within_s
        while not what():
            assert time.monotonic() < end, self.kiosk.state()
            time.sleep(0.02)


@contextmanager
def served(counter: Counter) -> Iterator[LoopbackServer]:
    """The counter at work, and its page."""
    stop = threading.Event()
    opener = partial(live_pictures, str(counter.camera), RATE_HZ)
    with kiosk_server(counter.kiosk) as server:
        threads = [
            threading.Thread(target=server.serve_forever, daemon=True),
            threading.Thread(target=counter.kiosk.watch, args=(opener, stop), daemon=True),
        ]
        for thread in threads:
            thread.start()
        yield server
        stop.set()
        server.shutdown()
        for thread in threads:
            thread.join(10)
