"""The till: what a counter does from a still scene to a receipt, as a pure state machine.

`step` takes the state and an event and gives the new state and what has to be done outside: read, charge, show. It does
nothing itself, knows no clock and no camera, and never asks to charge twice for one basket, nor for one in doubt.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Phase = Literal["idle", "still", "read", "confirm", "identify", "pay", "receipt"]

STILL_LOOKS = 3
"""A scene is still after so many looks in a row without movement."""

GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        kind: "look" (a frame came), "seen" (the reading is there), "choose" (a product for a doubt), "nothing" (where a
            doubt or an unknown thing was seen nothing lies), "add" and "remove" (by hand), "confirm", "identified",
            "cancel" (by the shopper), "paid" or "refused" (by the provider).
        moving: Of a look: whether something moves.
        empty: Of a look: whether the counter is empty.
        products: Of what was seen: counts by product id.
        doubts: Of what was seen: things without a product, by their number, with the products that each may be.
        unknown: Of what was seen: the numbers of things that are like nothing that is sold.
        product: Of a choice, an addition or a removal; `thing` the number of the doubt, or of where nothing lies.
        who: Of an identified shopper; a guest is one too.
    """

    kind: Literal[
        "look", "seen", "choose", "nothing", "add", "remove", "confirm", "identified", "cancel", "paid", "refused"
    ]
    moving: bool = False
    empty: bool = False
    products: Mapping[str, int] = field(default_factory=dict)
    doubts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    unknown: Collection[int] = ()
    product: str = ""
    thing: int = -1
    who: str = GUEST


@dataclass(frozen=True, slots=True)
class Till:
    """Where a counter stands.

    Attributes:
        phase: What it waits for.
        looks: Looks in a row without movement.
        counts: What is in the basket, by product id.
        doubts: Things that nobody has chosen a product for yet.
        unknown: Things that are refused, by their number: they have to leave the counter first.
        nothing: Numbers of what was seen where nothing lies, as somebody has said; as long as the scene is still.
        who: The shopper, once known.
        baskets: How many have been paid or begun; numbers the charges.
    """

    phase: Phase = "idle"
    looks: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    doubts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    unknown: frozenset[int] = frozenset()
    nothing: frozenset[int] = frozenset()
    who: str = ""
    baskets: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether there is something to pay, and nothing left to ask."""
        return not self.doubts and not self.unknown and any(self.counts.values())


Action = Literal["read", "show", "charge", "receipt", "learn", "explain"]
"""What has to be done: look what lies there, show the list, charge, give the receipt, keep a choice as a view, say why
something cannot be."""


def step(till: Till, event: Event) -> tuple[Till, tuple[Action, ...]]:
    """What an event makes of a till, and what has to be done; an event that cannot be now changes nothing."""
    if event.kind == "look":
        return _looked(till, event)
    if event.kind == "cancel" and till.phase in ("confirm", "identify"):
        return Till(baskets=till.baskets), ("show",)
    if till.phase == "read" and event.kind == "seen":
        counts = {product: count for product, count in event.products.items() if count > 0}
        doubts, unknown = dict(event.doubts), frozenset(event.unknown) - set(event.doubts)
        return replace(till, phase="confirm", counts=counts, doubts=doubts, unknown=unknown), ("show",)
    if till.phase == "confirm":
        return _confirming(till, event)
    if till.phase == "identify" and event.kind == "identified" and event.who:
        return replace(till, phase="pay", who=event.who, baskets=till.baskets + 1), ("charge",)
    if till.phase == "pay" and event.kind == "paid":
        return replace(till, phase="receipt"), ("receipt",)
    if till.phase == "pay" and event.kind == "refused":
        return replace(till, phase="confirm", who=""), ("explain", "show")
    return till, ()


def _looked(till: Till, event: Event) -> tuple[Till, tuple[Action, ...]]:
    """A frame: movement begins anew what was read, an empty counter ends it, and stillness reads."""
    if till.phase in ("identify", "pay"):  # what was confirmed stays confirmed
        return till, ()
    if event.empty:
        return Till(baskets=till.baskets), () if till.phase == "idle" else ("show",)
    if till.phase == "receipt":  # the next basket begins on an empty counter
        return till, ()
    if event.moving:
        return Till(phase="still", baskets=till.baskets), () if till.phase in ("idle", "still") else ("show",)
    if till.phase in ("read", "confirm"):
        return till, ()
    looks = till.looks + 1
    if looks < STILL_LOOKS:
        return replace(till, phase="still", looks=looks), ()
    return replace(till, phase="read", looks=0), ("read",)


def _confirming(till: Till, event: Event) -> tuple[Till, tuple[Action, ...]]:
    counts, doubts = dict(till.counts), dict(till.doubts)
    if event.kind == "choose" and event.product in doubts.get(event.thing, ()):
        del doubts[event.thing]
        counts[event.product] = counts.get(event.product, 0) + 1
        return replace(till, counts=counts, doubts=doubts), ("learn", "show")
    if event.kind == "nothing" and event.thing in till.unknown.union(doubts):
        doubts.pop(event.thing, None)
        return replace(
            till, doubts=doubts, unknown=till.unknown - {event.thing}, nothing=till.nothing | {event.thing}
        ), ("show",)
    if event.kind == "add" and event.product:
        counts[event.product] = counts.get(event.product, 0) + 1
        return replace(till, counts=counts), ("show",)
    if event.kind == "remove" and counts.get(event.product, 0):
        counts[event.product] -= 1
        return replace(till, counts={each: count for each, count in counts.items() if count}), ("show",)
    if event.kind == "confirm":
        return (replace(till, phase="identify"), ("show",)) if till.is_settled else (till, ("explain",))
    return till, ()
