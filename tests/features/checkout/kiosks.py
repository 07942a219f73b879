"""A counter in tests: pictures of what lies on it, looks, touches, and waiting."""

import time
from collections.abc import Callable

import numpy as np

from closeup.core.types import Image
from closeup.documents.checkout import KioskTouch
from closeup.features.checkout.kiosk import Kiosk
from features.checkout.shelf import lay


def table(*kinds: str) -> Image:
    """A counter of the same size, whatever lies on it."""
    picture = np.full((120, 420, 3), 128, np.uint8)
    for place, kind in enumerate(kinds):
        lay(picture, kind, (20 + 80 * place, 20, 80 + 80 * place, 100))
    return picture


def show(kiosk: Kiosk, picture: Image, looks: int = 5) -> None:
    for _ in range(looks):
        kiosk.look(picture)


def touch(kiosk: Kiosk, kind: str, **what: str | int) -> None:
    kiosk.touch(KioskTouch(kind=kind, **what))  # type: ignore[arg-type]


def wait_for(kiosk: Kiosk, what: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
