"""The counter at work: pictures come in, the till steps, touches are answered, and a page is told how it stands.

Pictures come from one thread (`watch`), touches from others. What takes long, reading and paying, is done outside of
the lock, so that the picture goes on.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from closeup.core.errors import CloseupError, InputError, StorageError
from closeup.core.types import Image
from closeup.documents.checkout import CounterReading, KioskState, KioskTouch, SaleRecord, SeenThing
from closeup.features.checkout.load import Load
from closeup.features.checkout.money import decimals_of
from closeup.features.checkout.payment import PaymentProvider, new_sale, pay, settle
from closeup.features.checkout.read import Shelf, basket_lines, open_shelf, read_counter
from closeup.features.checkout.scene import CounterScene
from closeup.features.checkout.sell import teach
from closeup.features.checkout.shopper import ShopperCheck
from closeup.features.checkout.till import GUEST, STILL_LOOKS, Action, Event, Till, step
from closeup.media.image import encode_jpeg
from closeup.perception.products import ProductModels, crop
from closeup.storage.shop import ShopStore

MOVING_S = 2.0
"""Movement that lasts longer is spoken of."""

AGAIN_S = 2.0
"""After so long what has failed, a camera or the database, is tried again."""

LOAD_S = 2.0
"""How often the program's load is measured."""

NOBODY = "", ""
"""Identity and name of a shopper who is not known."""

FrameOpener = Callable[[], Iterator[Image]]
"""Opens the camera, and gives pictures (H, W, 3) as they come."""


class Kiosk:
    """A counter; threads may share it."""

    def __init__(
        self,
        shop: ShopStore,
        provider: PaymentProvider,
        models: ProductModels,
        *,
        shoppers: ShopperCheck | None = None,
        kept_days: float = 0.0,
        mm_per_px: float | None = None,
    ) -> None:
        """Get ready; sales that a power cut left in the middle end first.

        Args:
            shoppers: Knows shoppers by their face; without it everybody is a guest.
            kept_days: How long the picture of a sale is kept; 0 keeps none.
            mm_per_px: How much of the counter a pixel shows; None where that is not known.

        Raises:
            StorageError: The shop's database, or the provider's book, cannot be used.
        """
        settle(shop, provider)
        self.shop, self.models = shop, models
        self.picture: Image | None = None
        self._provider, self._shoppers, self._kept_days, self._mm_per_px = provider, shoppers, kept_days, mm_per_px
        self._changed = threading.Condition(threading.RLock())
        self._number, self._scene, self._till, self._load = 1, CounterScene(), Till(), Load()
        self._measured, self._measured_at = self._load.measure(), time.monotonic()
        self._shelf: Shelf | None = None
        self._read: tuple[Shelf, CounterReading] | None = None
        self._read_picture: Image | None = None
        self._things: tuple[SeenThing, ...] = ()
        self._asked: dict[int, int] = {}
        self._taught: dict[int, str] = {}
        self._back: list[tuple[Till, tuple[SeenThing, ...], dict[int, str]]] = []
        self._problem, self._detail, self._ask, self._claim = "", "", "", NOBODY
        self._sale: SaleRecord | None = None
        self._unsure: SaleRecord | None = None
        self._tried_at = self._settle_at = 0.0
        self._moving_since = time.monotonic()

    # What the page asks for

    def state(self, after: int = 0, wait_s: float = 0.0) -> KioskState:
        """How the counter stands, once it is another than the state of that number, or that long has gone by."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > after, wait_s)
            shelf, till, picture = self._shelf, self._till, self.picture
            lines = basket_lines(till.counts, shelf.products) if shelf else ()
            currency = shelf.currency if shelf else "KRW"
            return KioskState(
                number=self._number,
                phase=till.phase,
                size_wh=(picture.shape[1], picture.shape[0]) if picture is not None else (0, 0),
                things=self._things,
                lines=lines,
                total_minor=sum(line.sum_minor for line in lines),
                currency=currency,
                decimals=decimals_of(currency),
                doubts=len(till.doubts),
                unknown=len(till.unknown),
                nothing=tuple(sorted(till.nothing)),
                problem=self._problem,
                detail=self._detail,
                undo=bool(self._back),
                faces=self._shoppers is not None,
                ask=self._ask,
                who=self._claim[1] or till.who,
                receipt=self._sale if till.phase == "receipt" else None,
                kept_days=self._kept_days,
                load=self._measured,
            )

    def touch(self, given: KioskTouch) -> None:
        """Answer a touch; one that cannot be now changes nothing."""
        with self._changed:
            self._say("")
            if given.kind == "undo" and self._back and self._till.phase == "confirm":
                self._till, self._things, self._taught = self._back.pop()
            elif given.kind in ("choose", "nothing", "add", "remove", "confirm"):
                self._basket(given)
            elif given.kind == "cancel":
                self._step(Event("cancel"))
                self._scene.begin_anew()
            elif given.kind == "guest":
                self._step(Event("identified", who=GUEST))
            elif self._shoppers is not None:
                self._identify(self._shoppers, given)
        self._charge()

    # Pictures

    def watch(self, frames: FrameOpener, stop: threading.Event) -> None:
        """Look at all pictures (H, W, 3) of a camera, until it is told to stop; one that is gone is opened again."""
        while not stop.is_set():
            try:
                for rgb in frames():
                    self.look(rgb)
                    if stop.is_set():
                        return
            except InputError as error:
                with self._changed:
                    self.picture = None
                    self._scene.begin_anew()
                    self._step(Event("look", moving=True))
                    self._say("camera", error.message)
            stop.wait(AGAIN_S)

    def look(self, rgb: Image) -> None:
        """Take the next picture (H, W, 3) of the counter."""
        self.picture = rgb
        self._scene.look(rgb)
        now = time.monotonic()
        if self._scene.still < STILL_LOOKS:
            self._read = None
        if self._read is None and self._scene.still >= STILL_LOOKS and now > self._tried_at:
            self._read = self._read_scene(rgb)
        with self._changed:
            self._moving_since = now if self._scene.still else self._moving_since
            self._speak_of_scene(moving_s=now - self._moving_since)
            unread = self._read is None and self._scene.still >= STILL_LOOKS
            empty = self._read is not None and not self._read[1].things
            actions = self._step(Event("look", moving=unread or self._scene.still == 0, empty=empty))
            if "read" in actions and self._read is not None:
                self._take(*self._read, rgb)
            if now - self._measured_at > LOAD_S:
                self._measured, self._measured_at = self._load.measure(), now
                self._tell()
        if self._unsure is not None and now > self._settle_at:
            self._settle_at = now + AGAIN_S
            self._settle(self._unsure)

    def _speak_of_scene(self, *, moving_s: float) -> None:
        if self._scene.dark:
            self._say("dark")
        elif moving_s > MOVING_S and self._till.phase == "still":
            self._say("moving")
        elif self._problem in ("camera", "dark", "moving"):
            self._say("")

    def _read_scene(self, rgb: Image) -> tuple[Shelf, CounterReading] | None:
        """Read a still scene; None where that fails, and then it is tried again after a while."""
        try:
            shelf = open_shelf(self.shop, self.models)
            if not shelf.products:
                raise InputError("Nothing is for sale yet.", code="checkout.empty")
            reading = read_counter(rgb, "", shelf, self.models, mm_per_px=self._mm_per_px)
        except CloseupError as error:
            self._tried_at = time.monotonic() + AGAIN_S
            with self._changed:
                self._say(_code_of(error), error.message)
            return None
        self._tried_at = 0.0
        with self._changed:
            if self._problem in ("empty", "storage", "model"):
                self._say("")
        return shelf, reading

    def _take(self, shelf: Shelf, reading: CounterReading, rgb: Image) -> None:
        """Make the basket of what was read."""
        ids = {product.name: product.id for product in shelf.products.values()}
        doubts = {
            place: tuple(ids[each] for each in thing.choices)
            for place, thing in enumerate(reading.things)
            if thing.state == "doubt"
        }
        counts = {ids[line.product]: line.count for line in reading.lines}
        self._shelf, self._things, self._read_picture, self._taught, self._back = shelf, reading.things, rgb, {}, []
        self._asked = self._note_asked(reading.things, rgb)
        unknown = [place for place, thing in enumerate(reading.things) if thing.state == "unknown"]
        self._step(Event("seen", products=counts, doubts=doubts, unknown=unknown))

    def _note_asked(self, things: Sequence[SeenThing], rgb: Image) -> dict[int, int]:
        """Keep pictures of what is in doubt or unknown for the operator; gives their numbers by the things' places."""
        places = [place for place, thing in enumerate(things) if thing.state != "sure"]
        boxes = (np.asarray(things[place].box_xyxy, np.float32) for place in places)
        pictures = [encode_jpeg(crop(rgb, box)) for box in boxes]
        noted = [(jpeg, things[place].choices) for jpeg, place in zip(pictures, places, strict=True)]
        try:
            return dict(zip(places, self.shop.note_asked(noted), strict=True)) if places else {}
        except StorageError as error:  # nobody shall wait for that
            self._say("storage", error.message)
            return {}

    # The basket

    def _basket(self, given: KioskTouch) -> None:
        before = self._till, self._things, dict(self._taught)
        sold = self._shelf.products.values() if self._shelf else ()
        product = next((each.id for each in sold if each.name == given.product), "")
        if given.kind == "confirm":
            actions = self._step(Event("confirm"))
        elif given.kind in ("choose", "nothing"):
            kind: Literal["choose", "nothing"] = "choose" if given.kind == "choose" else "nothing"
            actions = self._step(Event(kind, product=product, thing=given.thing))
        else:
            actions = self._step(Event("add" if given.kind == "add" else "remove", product=product))
        if "explain" in actions:
            self._say("unsettled")
        elif given.kind != "confirm" and actions:
            self._back.append(before)
        if "learn" in actions:
            thing = replace(self._things[given.thing], state="sure", product=given.product)
            self._things = (*self._things[: given.thing], thing, *self._things[given.thing + 1 :])
            self._taught[given.thing] = product

    # Who pays

    def _identify(self, shoppers: ShopperCheck, given: KioskTouch) -> None:
        if given.kind == "face" and self._till.phase == "identify" and not self._ask:
            self._ask = "front"
            self._tell()
            threading.Thread(target=self._look_at_face, args=(shoppers, self._till), daemon=True).start()
        elif given.kind == "pin" and self._ask == "pin":
            problem, detail = shoppers.try_pin(self.shop, self._claim[0], given.pin)
            if problem:
                self._say(problem, detail)
            else:
                self._step(Event("identified", who=self._claim[1]))
        elif given.kind == "forget" and self._claim != NOBODY:
            self._say(*shoppers.forget(self.shop, self._claim[0]))
            self._ask, self._claim = ("", NOBODY) if self._problem == "forgotten" else (self._ask, self._claim)

    def _look_at_face(self, shoppers: ShopperCheck, of: Till) -> None:
        """In a thread of its own: know who is there; the answer is for the basket that was confirmed, or for nobody."""

        def ask(pose: str) -> None:
            with self._changed:
                if self._till is of:
                    self._ask = pose
                    self._tell()

        found, problem, detail = shoppers.look(self.shop, ask)
        with self._changed:
            if self._till is not of:
                return
            self._ask, self._claim = "" if problem else "pin", found
            self._say(problem, detail)
            self._tell()
            if not problem and self.state().total_minor <= shoppers.face_alone_minor:
                self._step(Event("identified", who=found[1]))
        self._charge()

    # Paying

    def _charge(self) -> None:
        """Charge a basket that has just been identified; outside of the lock, once."""
        with self._changed:
            if self._till.phase != "pay" or self._sale is not None:
                return
            shown = self.state().total_minor
            try:
                sale = new_sale(self.shop, self._till.counts, who=self._till.who, at=datetime.now().astimezone())
                if sale.total_minor != shown:
                    raise InputError("A price was changed meanwhile: look at the list again.")
            except CloseupError as error:
                self._end(None, error.message)
                self._step(Event("cancel"))
                self._scene.begin_anew()
                return
            self._sale = sale
        try:
            ended = pay(self.shop, sale, self._provider)
        except StorageError as error:  # whether it was charged is found out by `_settle`
            with self._changed:
                self._unsure = sale
                self._say("storage", error.message)
        else:
            self._end(ended)

    def _settle(self, sale: SaleRecord) -> None:
        """Find out what became of a sale whose end could not be noted."""
        try:
            settle(self.shop, self._provider)
            noted = next((each for each in self.shop.sales() if each.id == sale.id), None)
        except StorageError as error:
            with self._changed:
                self._say("storage", error.message)
            return
        if noted is None or noted.state != "open":  # else another process settles it just now
            self._unsure = None
            self._end(noted, "It could not be noted, and was not charged.")

    def _end(self, sale: SaleRecord | None, why: str = "") -> None:
        """Go on after a sale: to the receipt where it was paid, else back to the basket."""
        with self._changed:
            if sale is not None and sale.state == "paid":
                self._sale = sale
                self._step(Event("paid"))
                self._learn(sale)
                return
            self._sale = None
            self._step(Event("refused"))
            self._ask, self._claim = "", NOBODY
            self._say("refused", why or (sale.payment if sale else ""))

    def _learn(self, sale: SaleRecord) -> None:
        """Keep what a sale that was paid has taught, and its picture; what cannot be kept does not undo the sale."""
        if self._read_picture is None:
            return
        try:
            for place, product_id in self._taught.items():
                teach(self.shop, product_id, self._read_picture, self._things[place])
                if place in self._asked:
                    self.shop.answer_asked(self._asked[place], product_id)
            self.shop.answer_nothing([self._asked[place] for place in self._till.nothing if place in self._asked])
            if self._kept_days:
                until = datetime.now(UTC) + timedelta(days=self._kept_days)
                self.shop.keep_frame(sale.id, encode_jpeg(self._read_picture), until)
        except StorageError as error:
            self._say("storage", error.message)

    # The till, and who waits for news

    def _step(self, event: Event) -> tuple[Action, ...]:
        before = self._till
        self._till, actions = step(before, event)
        if self._till.phase in ("idle", "still") and before.phase not in ("idle", "still"):
            self._things, self._back, self._taught, self._sale = (), [], {}, None
            self._ask, self._claim = "", NOBODY
        if self._till != before and (actions or self._till.phase != before.phase):
            self._tell()
        return actions

    def _say(self, problem: str, detail: str = "") -> None:
        if (problem, detail) != (self._problem, self._detail):
            self._problem, self._detail = problem, detail
            self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()


def _code_of(error: CloseupError) -> str:
    """What kind of problem an error is, for the page."""
    if isinstance(error, StorageError):
        return "storage"
    return "empty" if error.code == "checkout.empty" else "model"
