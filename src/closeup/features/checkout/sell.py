"""A sale from one photo of the counter: the till's way, with what a shopper would type and touch given at once."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.types import Image
from closeup.core.words import counted
from closeup.documents.checkout import CounterReading, SaleRecord, SeenThing
from closeup.features.checkout.evidence import check_measures, off_g
from closeup.features.checkout.payment import PaymentProvider, new_sale, pay, sandbox, settle
from closeup.features.checkout.read import Shelf, open_shelf, read_counter
from closeup.features.checkout.till import GUEST, STILL_LOOKS, Event, Till, step
from closeup.media.image import encode_jpeg, read_image
from closeup.perception.products import CounterModels, ProductModels, crop
from closeup.storage.shop import ShopStore, open_shop


def sell(
    photo: Path,
    *,
    shop: Path | None = None,
    provider: PaymentProvider | None = None,
    choices: Sequence[str] = (),
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
    who: str = GUEST,
    mm_per_px: float | None = None,
    weight_g: int | None = None,
    models: ProductModels | None = None,
    progress: ProgressCallback = ignore,
) -> SaleRecord:
    """Read a counter, confirm what lies there, and charge it; sales that a power cut left in the middle end first.

    Args:
        photo: Of the counter.
        shop: Database of what is sold; None for the one of this user.
        provider: That takes the money; None for the sandbox of that shop, which takes none.
        choices: What doubts are, numbered from 1 from left to right, "1=Cola": it becomes a view of that product.
        added: Products that are added by hand, once each time they are named.
        removed: Products that are taken out by hand.
        who: The shopper.
        mm_per_px: How much of the counter a pixel shows; products whose size is known are held against it.
        weight_g: Of all that is sold; it has to be the basket's, where the weights of all products in it are known.
        models: None for closeup's own.
        progress: Is called as it goes.

    Raises:
        InputError: A doubt is left, a thing is unknown, a choice is none of those offered, nothing lies there, or the
            basket does not weigh what the scale says.
        StorageError: The shop, or the provider's book, cannot be used.
    """
    chosen = _parsed(choices)
    check_measures(mm_per_px, weight_g)
    used, image = models or CounterModels(), read_image(photo)
    with open_shop(shop) as store:
        teller = provider or sandbox(store)
        settle(store, teller)
        shelf = open_shelf(store, used, progress)
        reading = read_counter(image, str(photo), shelf, used, mm_per_px=mm_per_px, weight_g=weight_g)
        till, taught = _confirmed(store, reading, chosen, added, removed)
        if weight_g is not None:
            _weigh(shelf, till, weight_g)
        for product_id, thing in taught:
            teach(store, product_id, image, thing)
        till, _ = step(till, Event("identified", who=who))
        return pay(store, new_sale(store, till.counts, who=till.who, at=datetime.now().astimezone()), teller)


def _parsed(choices: Sequence[str]) -> dict[int, str]:
    """What doubts are, by their number."""
    found = {}
    for each in choices:
        number, _, name = each.partition("=")
        if not number.isdecimal() or not name:
            raise InputError(f"{each!r} is no choice.", "Choices are a doubt's number and a product: 1=Cola.")
        found[int(number)] = name
    return found


def _confirmed(
    shop: ShopStore, reading: CounterReading, choices: Mapping[int, str], added: Sequence[str], removed: Sequence[str]
) -> tuple[Till, list[tuple[str, SeenThing]]]:
    """The till with the basket of a reading confirmed, and what the choices teach: products (ids) and things."""
    till = Till()
    for _ in range(STILL_LOOKS):
        till, _ = step(till, Event("look"))
    till, _ = step(till, _seen(shop, reading))
    doubtful = [thing for thing in reading.things if thing.state == "doubt"]
    taught: list[tuple[str, SeenThing]] = []
    for number, name in choices.items():
        product = shop.find(name)
        till, actions = step(till, Event("choose", thing=number, product=product.id))
        if "learn" not in actions:
            raise InputError(f"Doubt {number} cannot be {product.name}.", _offered(doubtful))
        taught.append((product.id, doubtful[number - 1]))
    for kind, names in (("add", added), ("remove", removed)):
        for name in names:
            till, actions = step(till, Event("add" if kind == "add" else "remove", product=shop.find(name).id))
            if not actions:
                raise InputError(f"There is no {name} in the basket that could be taken out.")
    till, _ = step(till, Event("confirm"))
    if till.phase != "identify":
        raise _unsettled(till, doubtful)
    return till, taught


def _weigh(shelf: Shelf, till: Till, weight_g: int) -> None:
    """Hold a basket against the scale, where all of its products' weights are known."""
    weights = {each: shelf.products[each].weight_g for each in till.counts}
    known = {each: grams for each, grams in weights.items() if grams is not None}
    if len(known) < len(weights):
        return
    off = off_g(weight_g, sum(known[each] * count for each, count in till.counts.items()))
    if off:
        other = "more" if off > 0 else "less"
        raise InputError(
            f"The scale shows {abs(off)} g {other} than the basket weighs; nothing was charged.",
            "See whether something lies hidden, or is not on the counter.",
        )


def teach(shop: ShopStore, product_id: str, image: Image, thing: SeenThing) -> None:
    """Keep what was chosen on a picture (H, W, 3) as a view of its product; `ShopStore.forget_choice` undoes it."""
    jpeg = encode_jpeg(crop(image, np.asarray(thing.box_xyxy, np.float32)))
    shop.add_views(product_id, [(jpeg, hashlib.sha256(jpeg).hexdigest())], "choice")


def sale_events(sales: Sequence[SaleRecord]) -> list[dict[str, str | int]]:
    """Who took what, a row for each line of what was paid, for a recommender; a guest is a user of one sale."""
    return [
        {
            "user": sale.id if sale.who == GUEST else sale.who,
            "item": line.product,
            "quantity": line.count,
            "time": sale.at.isoformat(),
        }
        for sale in sales
        if sale.state == "paid"
        for line in sale.lines
    ]


def _seen(shop: ShopStore, reading: CounterReading) -> Event:
    ids = {product.name: product.id for product in shop.products()}
    doubtful = [thing for thing in reading.things if thing.state == "doubt"]
    return Event(
        "seen",
        products={ids[line.product]: line.count for line in reading.lines},
        doubts={number: tuple(ids[each] for each in thing.choices) for number, thing in enumerate(doubtful, 1)},
        unknown=range(len(doubtful) + 1, len(doubtful) + 1 + reading.unknown),
    )


def _offered(doubtful: Sequence[SeenThing]) -> str:
    return " ".join(f"Doubt {number}: {' or '.join(thing.choices)}." for number, thing in enumerate(doubtful, 1))


def _unsettled(till: Till, doubtful: Sequence[SeenThing]) -> InputError:
    if till.unknown:
        return InputError(
            f"{counted(len(till.unknown), 'thing')} on the counter is like nothing that is for sale.",
            "Take it away, or add it to the catalogue; nothing was charged.",
        )
    if till.doubts:
        return InputError(
            f"{counted(len(till.doubts), 'doubt')} left; nothing was charged.", _offered(doubtful), code=""
        )
    return InputError("There is nothing to pay for.", "Lay something on the counter.")
