"""What whoever runs a counter changes from its page: the catalogue, what things in doubt are, and shoppers."""

import hashlib

from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.documents.checkout import OperatorTouch
from closeup.features.checkout.catalogue import new_product, retire, view_of
from closeup.features.checkout.money import parse_price
from closeup.storage.shop import ShopStore
from closeup.storage.shoppers import remove_shopper


def operate(shop: ShopStore, given: OperatorTouch, picture: Image | None) -> None:
    """Do what was asked for.

    Args:
        picture: What the camera sees, RGB (H, W, 3), for a view of a product; None where it sees nothing.

    Raises:
        InputError: It cannot be: no such product, no picture, a price that is none.
    """
    if given.kind == "add":
        new = new_product(shop, given.product, given.price, barcode=given.barcode or None)
        shop.add([(new, [] if picture is None else [view_of(picture)])])
    elif given.kind == "shopper":
        remove_shopper(shop, given.product)
    elif given.kind == "forget":
        shop.forget_choice()
    else:
        _change(shop, given, picture)


def _change(shop: ShopStore, given: OperatorTouch, picture: Image | None) -> None:
    found = shop.find(given.product)
    if given.kind == "price":
        shop.change(found.id, price_minor=parse_price(given.price, found.currency))
    elif given.kind in ("retire", "back"):
        retire(shop, found, back=given.kind == "back")
    elif given.kind == "view":
        if picture is None:
            raise InputError("The camera gives no picture.", "See that it is plugged in.")
        shop.add_views(found.id, [view_of(picture)])
    else:
        jpeg = shop.answer_asked(given.number, found.id)
        if jpeg is not None:
            shop.add_views(found.id, [(jpeg, hashlib.sha256(jpeg).hexdigest())], "choice")
