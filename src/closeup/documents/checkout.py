"""What a counter answers and gives out: products and prices, what it sees, and how well."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from closeup.core.fields import Array, Rounded, Text, Within
from closeup.core.types import FloatArray
from closeup.documents.form import Form

Minor = Annotated[int, Within(0)]
"""An amount of money, in the smallest unit of its currency."""

Moment = Annotated[
    datetime, Text(r"\d{4}-\d\d-\d\dT.+", "a time (ISO 8601)", datetime.fromisoformat, datetime.isoformat)
]

Currency = Annotated[str, Text(r"[A-Z]{3}", "three capitals (ISO 4217)")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """A product of a shop.

    Attributes:
        id: 32 hexadecimal digits; empty before it is stored.
        price_minor: What one costs, tax included, in the smallest unit of the currency.
        tax_basis_points: Of the price's tax: 1000 is 10 %.
        barcode: EAN-13, EAN-8 or GTIN-14; None where there is none.
        weight_g: What one weighs, packed; None where that is not known.
        size_mm: Three edges of the pack, in any order; None where they are not known.
        views: How many pictures there are of it.
        retired: Whether it is not sold any more.
    """

    id: str = ""
    name: str
    price_minor: Minor
    currency: Currency
    tax_basis_points: Annotated[int, Within(0, 10_000)] = 0
    barcode: str | None = None
    weight_g: Annotated[int, Within(1)] | None = None
    size_mm: tuple[int, int, int] | None = None
    views: int = 0
    retired: bool = False


PRODUCT = Form(ProductRecord, "closeup checkout: a product")


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """Some of one product: how many, what one costs, and all of them."""

    product: str
    count: Annotated[int, Within(1)]
    price_minor: Minor
    sum_minor: Minor


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRecord:
    """A sale, and what its receipt says.

    Attributes:
        id: 32 hexadecimal digits; the payment provider knows it by the same.
        state: "open" (noted, perhaps charged), "paid" or "void": not charged, and never will be.
        at: When the basket was confirmed, by the clock of the machine; sales are in the order in which they were noted.
        who: The shopper, or "guest".
        total_minor: Sum of the lines; `tax_minor` is the tax in it.
        payment: The provider and its number of the charge, or why it was refused; empty as long as it is open.
    """

    id: Annotated[str, Text(r"[0-9a-f]{32}", "32 hexadecimal digits")]
    state: Literal["open", "paid", "void"]
    at: Moment
    who: str
    currency: Currency
    lines: tuple[BasketLine, ...]
    total_minor: Minor
    tax_minor: Minor
    payment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperRecord:
    """Who may pay after being known by face.

    Attributes:
        identity_id: Of the gallery.
        locked: Whether no PIN is taken for now, after too many wrong ones.
    """

    identity_id: str
    name: str
    consented_at: Moment
    locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedThing:
    """A thing on the counter that was in doubt, or unknown: then there are no choices.

    Attributes:
        choices: Names of the products that were offered.
        answer: What somebody said that it is; None where nobody has.
        nothing: Whether a shopper said that nothing more lies there, and paid.
    """

    number: int
    at: Moment
    choices: tuple[str, ...]
    answer: str | None
    nothing: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenThing:
    """One thing on the counter.

    Attributes:
        box_xyxy: Shape (4,), float32, pixels.
        score: How sure the detector is that it is a thing; 0 where only its barcode was seen.
        state: "sure", "doubt" (another product is nearly as like it) or "unknown" (none is like it: it is refused).
        product: Its name, where it is sure.
        choices: Names of up to three products that it may be, the likeliest first; none where it is unknown.
        similarity: Cosine to the nearest view of any product, -1 to 1; of an empty catalogue -1.
        barcode: Digits that were read on it and settled what it is; None where none were.
    """

    box_xyxy: Annotated[FloatArray, Array((4,), digits=1)]
    score: Annotated[float, Within(0, 1), Rounded(3)]
    state: Literal["sure", "doubt", "unknown"]
    product: str | None
    choices: tuple[str, ...]
    similarity: Annotated[float, Rounded(3)]
    barcode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterReading:
    """What lies on the counter in one picture.

    Attributes:
        photo: Its name.
        things: From left to right.
        lines: Of what is sure, by name.
        total_minor: Their sum.
        doubts: Things that somebody has to choose a product for; `unknown` are those that are refused.
        weight_off_g: Grams that the scale shows beyond what may lie there, 0 where that explains them; None where
            nothing was weighed, something is unknown, or the weight of a product is not known.
    """

    photo: str
    currency: Currency
    things: tuple[SeenThing, ...]
    lines: tuple[BasketLine, ...]
    total_minor: Minor
    doubts: int
    unknown: int
    weight_off_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPhoto:
    """A photo of the counter that could not be read, and why, in a sentence."""

    photo: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterReadings:
    """What lies on the counter in some photos.

    Attributes:
        readings: Of each photo that could be read, in their order.
        unreadable: The photos that could not.
        notes: What was left out or has to be known, a sentence each.
    """

    readings: tuple[CounterReading, ...]
    unreadable: tuple[UnreadPhoto, ...] = ()
    notes: tuple[str, ...] = ()


Figure = Annotated[float, Rounded(4)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterEvaluation:
    """How well things are found, named and counted on photos whose things are known.

    Attributes:
        data: Name of the data.
        photos: How many; `things` on them.
        boxes: Of things whatever they are: recall_20 (at IoU 0.5 with 20 boxes a photo), map50 and map50_95 (COCO).
        top1: Share of true boxes that are named right, by how many views each product had: "1", "3", "5".
        baskets: By how many things lie there ("all", "1", "2-3", "4+"): baskets, cacc, acd, mccd, mciou.
        strangers: Of a quarter of the products, not enrolled: things, refused (unknown), asked (doubt), charged (taken
            for another one); and wrong_charge, of enrolled things those taken for another product without a doubt.
        notes: What was left out, a sentence each.
    """

    data: str
    photos: int
    things: int
    boxes: Mapping[str, Figure]
    top1: Mapping[str, Figure]
    baskets: Mapping[str, Mapping[str, Figure]]
    strangers: Mapping[str, Figure]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskState:
    """What the counter's page shows.

    Attributes:
        number: Grows with every change.
        phase: Of the till: idle, still, read, confirm, identify, pay, receipt.
        size_wh: Of the camera's picture, pixels; (0, 0) before the first.
        things: What was read, from left to right; a doubt is chosen for by its place in here, from 0.
        lines: The basket.
        decimals: After how many the currency's smallest unit comes.
        doubts: Things that somebody has to choose a product for; `unknown` are those that are refused.
        nothing: Places in `things` where nothing more lies, as somebody has said of this scene.
        problem: What is wrong, by its code: camera, dark, moving, empty (nothing is sold), storage, model, unsettled
            (to be paid, but something is left to ask), refused (by the provider), face, stranger (known by face, but
            not a shopper), pin, locked; empty where all is well. `detail` says more in English.
        undo: Whether there is a touch to take back.
        faces: Whether shoppers may be known by their face.
        ask: Of who is known by face: "front", "left", "right", "up" or "down" (how to hold the head; left and right as
            the picture shows it), then "pin".
        who: The shopper, once known.
        receipt: Of the sale that was just paid.
        kept_days: How long the picture of a sale is kept.
        load: Of this program: processor (share of the machine), memory_mb; gpu, gpu_memory_mb where there is one.
    """

    number: int
    phase: str
    size_wh: tuple[int, int]
    things: tuple[SeenThing, ...]
    lines: tuple[BasketLine, ...]
    total_minor: Minor
    currency: Currency
    decimals: int
    doubts: int
    unknown: int
    nothing: tuple[int, ...]
    problem: str
    detail: str
    undo: bool
    faces: bool
    ask: str
    who: str
    receipt: SaleRecord | None
    kept_days: float
    load: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskTouch:
    """Something that was touched on the counter's page.

    Attributes:
        kind: "choose" (`product` for the doubt `thing`), "nothing" (more lies where `thing` was seen), "add" and
            "remove" (`product`), "undo", "confirm", "cancel", "guest", "face", "pin" (`pin`), "forget" (who was known
            by face: deletes their account and faces).
        product: Its name.
    """

    kind: Literal["choose", "nothing", "add", "remove", "undo", "confirm", "cancel", "guest", "face", "pin", "forget"]
    thing: int = -1
    product: str = ""
    pin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTouch:
    """Something that whoever runs the counter changes.

    Attributes:
        kind: "add" (`product` at `price`, with `barcode`, as the camera sees it), "view" (another one, as the camera
            sees it), "price", "retire", "back", "answer" (the thing `number` that was asked about is `product`),
            "forget" (what the last choice has taught), "shopper" (removes the one whose identity is `product`).
        product: Its name.
    """

    kind: Literal["add", "view", "price", "retire", "back", "answer", "forget", "shopper"]
    product: str = ""
    price: str = ""
    barcode: str = ""
    number: int = -1


OPERATOR_TOUCH = Form(OperatorTouch, "closeup checkout: a change by whoever runs the counter")
SHOPPER = Form(ShopperRecord, "closeup checkout: a shopper")
ASKED = Form(AskedThing, "closeup checkout: a thing that was asked about")
KIOSK_STATE = Form(KioskState, "closeup checkout: what the counter's page shows")
KIOSK_TOUCH = Form(KioskTouch, "closeup checkout: a touch on the counter's page")
SALE = Form(SaleRecord, "closeup checkout: a sale")
READINGS = Form(CounterReadings, "closeup checkout: what lies on a counter")
COUNTER_EVALUATION = Form(CounterEvaluation, "closeup checkout: how well a counter sees")
