"""What a scale and a ruler say of the things on a counter, beside what they look like."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, product

from closeup.core.errors import InputError
from closeup.core.types import FloatArray

SLACK = 0.3
"""A box may be so much larger or smaller than the thing: it is not tight, and what stands is nearer to the camera."""

TURNS_DEG = range(0, 91, 5)
"""How things may lie, turned against the picture."""

TOLERANCE, TOLERANCE_G = 0.02, 5
"""Scales and packs are off by such a share, or by so many grams."""

MOST_WAYS = 4096
"""Where doubts can be answered in more ways than this, the weight says nothing."""

MOST_G = 100_000

Named = list[tuple[str, list[str], float]]
"""Of each thing its state, the products (ids) that it may be, the likeliest first, and its likeness."""


def parse_weight(text: str) -> int:
    """Whole grams, "350" or "350 g".

    Raises:
        InputError: They are none, or beyond 100 kg.
    """
    found = re.fullmatch(r"(\d{1,6})\s*g?", text.strip(), re.ASCII)
    if not found or not 1 <= int(found[1]) <= MOST_G:
        raise InputError(f"{text!r} is no weight of a product.", f"Give whole grams from 1 to {MOST_G}.")
    return int(found[1])


def parse_size(text: str) -> tuple[int, int, int]:
    """Three edges of a product in mm, "120x60x30".

    Raises:
        InputError: They are not three lengths from 1 mm to 2 m.
    """
    found = re.fullmatch(r"(\d{1,4})[xX*\u00d7](\d{1,4})[xX*\u00d7](\d{1,4})(mm)?", re.sub(r"\s", "", text), re.ASCII)
    first, second, third = (int(each) for each in found.groups()[:3]) if found else (0, 0, 0)
    if not all(1 <= each <= 2000 for each in (first, second, third)):
        raise InputError(f"{text!r} is no size of a product.", "Give three edges in mm, up to 2000: 120x60x30.")
    return first, second, third


def check_measures(mm_per_px: float | None, weight_g: int | None) -> None:
    """Refuse a scale of the picture or a weight that no counter has.

    Raises:
        InputError: It is one.
    """
    if mm_per_px is not None and not 0.01 <= mm_per_px <= 100:
        raise InputError(f"A pixel cannot show {mm_per_px:g} mm of a counter.", "Give 0.01 to 100.")
    if weight_g is not None and not 0 <= weight_g <= MOST_G:
        raise InputError(f"A counter cannot carry {weight_g} g.", f"Give 0 to {MOST_G}.")


def may_measure(size_mm: Sequence[float], seen_mm: Sequence[float]) -> bool:
    """Whether a thing with three edges may fill a box of that width and height: on any side, turned in any way."""
    for first, second in combinations(size_mm, 2):
        for degrees in TURNS_DEG:
            across, along = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            box = first * across + second * along, first * along + second * across
            if all(1 / (1 + SLACK) <= seen / side <= 1 + SLACK for seen, side in zip(seen_mm, box, strict=True)):
                return True
    return False


def by_size(named: Named, boxes_xyxy: FloatArray, mm_per_px: float, sizes: Mapping[str, Sequence[float]]) -> Named:
    """What things are once their boxes (N, 4) are measured: a doubt may end, and what cannot be so large is one.

    Args:
        sizes: Edges in mm of the products, by id, that are known.
    """
    made: Named = []
    for (state, ids, likeness), box in zip(named, boxes_xyxy.astype(float), strict=True):
        seen_mm = (box[2:] - box[:2]) * mm_per_px
        agree = [each for each in ids if each not in sizes or may_measure(sizes[each], seen_mm)]
        if state == "sure" and not agree:
            made.append(("doubt", ids, likeness))
        elif state == "doubt" and agree:
            proved = len(agree) == 1 and agree[0] in sizes
            made.append(("sure" if proved else "doubt", agree, likeness))
        else:
            made.append((state, ids, likeness))
    return made


def off_g(weight_g: int, expected_g: int) -> int:
    """Grams that a scale shows beyond what is expected; 0 within its tolerance."""
    off = weight_g - expected_g
    return 0 if abs(off) <= max(TOLERANCE * weight_g, TOLERANCE_G) else off


def by_weight(named: Named, weight_g: int, weights: Mapping[str, int]) -> tuple[Named, int | None]:
    """What things are once all are weighed together, and the grams that nothing explains.

    The answers to doubts that explain the weight are kept. Where none does, all that was sure is a doubt.

    Args:
        weights: Grams of the products, by id, that are known.

    Returns:
        None for the grams where the weight says nothing: something is unknown, or a product's weight is not known.
    """
    if any(each not in weights for _, ids, _ in named for each in ids) or any(not ids for _, ids, _ in named):
        return named, None
    if math.prod(len(ids) for _, ids, _ in named) > MOST_WAYS:
        return named, None
    off = {way: off_g(weight_g, sum(map(weights.__getitem__, way))) for way in product(*(ids for _, ids, _ in named))}
    right = [way for way, grams in off.items() if not grams]
    if not right:
        return [("doubt", ids, likeness) for _, ids, likeness in named], min(off.values(), key=abs)
    if len({frozenset(Counter(way).items()) for way in right}) == 1:  # the same basket, whatever lies where
        return [("sure", [each], likeness) for each, (_, _, likeness) in zip(right[0], named, strict=True)], 0
    made: Named = []
    for place, (_, ids, likeness) in enumerate(named):
        kept = [each for each in ids if any(way[place] == each for way in right)]
        made.append(("sure" if len(kept) == 1 else "doubt", kept, likeness))
    return made, 0
