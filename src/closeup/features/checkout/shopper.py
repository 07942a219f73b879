"""Shoppers at the counter: known by face, and then by a PIN; what is stored of them, and how it is deleted."""

from collections.abc import Callable
from typing import Protocol

from closeup.core.errors import CloseupError, StorageError
from closeup.storage.shop import ShopStore
from closeup.storage.shoppers import list_shoppers, remove_shopper, try_pin


class FaceCheck(Protocol):
    """Says who stands before the shoppers' camera."""

    def look(self, ask: Callable[[str], None]) -> tuple[str, str]:
        """Identity and name of who turns their head as asked; `ask` is given each pose that is wanted.

        Raises:
            InputError: Nobody who is known does.
        """
        ...

    def forget(self, identity_id: str) -> None:
        """Delete somebody's faces; nothing where there are none."""
        ...


class ShopperCheck:
    """Knows shoppers by face and PIN; what goes wrong comes as a problem's code for the page, and words.

    Attributes:
        face_alone_minor: Totals up to this need no PIN.
    """

    def __init__(self, faces: FaceCheck, *, face_alone_minor: int = 0) -> None:
        self._faces, self.face_alone_minor = faces, face_alone_minor

    def look(self, shop: ShopStore, ask: Callable[[str], None]) -> tuple[tuple[str, str], str, str]:
        """Who is before the camera, identity and name, both empty where there is a problem; its code, and words."""
        try:
            found = self._faces.look(ask)
            if found[0] not in {each.identity_id for each in list_shoppers(shop)}:
                return ("", ""), "stranger", ""
        except CloseupError as error:
            return ("", ""), "storage" if isinstance(error, StorageError) else "face", error.message
        return found, "", ""

    def try_pin(self, shop: ShopStore, identity_id: str, pin: str) -> tuple[str, str]:
        """Whether a PIN is somebody's: no problem, or its code and words."""
        try:
            answer = try_pin(shop, identity_id, pin)
        except StorageError as error:
            return "storage", error.message
        return {"right": "", "wrong": "pin", "locked": "locked"}[answer], ""

    def forget(self, shop: ShopStore, identity_id: str) -> tuple[str, str]:
        """Delete somebody's faces, PIN and consent, and their name from past sales; "forgotten", or what went wrong."""
        try:
            self._faces.forget(identity_id)
            remove_shopper(shop, identity_id)
        except CloseupError as error:
            return "storage", error.message
        return "forgotten", ""
