import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.features.checkout.evidence import (
    SLACK,
    Named,
    by_size,
    by_weight,
    check_measures,
    may_measure,
    off_g,
    parse_size,
    parse_weight,
)

BOX = np.array([[0, 0, 60, 120]], np.float32)
EDGES = st.integers(1, 2000)
SIZES = {"bar": (120, 60, 10), "can": (66, 66, 115), "crate": (400, 300, 200)}
WEIGHTS = {"cola": 355, "diet": 345, "mint": 100}


@pytest.mark.parametrize(("said", "edges"), [("120x60x30", (120, 60, 30)), (" 1 X 2\u00d73 mm", (1, 2, 3))])
def test_sizes_are_read(said: str, edges: tuple[int, ...]) -> None:
    assert parse_size(said) == edges


@pytest.mark.parametrize("said", ["", "120x60", "120x60x0", "1x2x3x4", "2001x1x1", "a x b x c", "1.5x2x3"])
def test_what_is_no_size_is_refused(said: str) -> None:
    with pytest.raises(InputError, match="no size of a product"):
        parse_size(said)


def test_weights_are_read_or_refused() -> None:
    assert (parse_weight("350"), parse_weight(" 350 g")) == (350, 350)
    for said in ("", "0", "-1", "1.5", "100001", "1kg"):
        with pytest.raises(InputError, match="no weight of a product"):
            parse_weight(said)
    for values in ((0.0, None), (200.0, None), (math.nan, None), (None, -1), (None, 100_001)):
        with pytest.raises(InputError):
            check_measures(*values)
    check_measures(0.5, 0)
    check_measures(None, None)


@given(st.tuples(EDGES, EDGES, EDGES), st.floats(0, 90), st.permutations(range(3)))
def test_a_pack_fills_its_own_box_however_it_lies(edges: tuple[int, int, int], turned: float, side: list[int]) -> None:
    across, along = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    first, second = edges[side[0]], edges[side[1]]
    seen = first * across + second * along, first * along + second * across
    assert may_measure(edges, seen)
    longest = math.dist((0, 0, 0), edges) * (1 + SLACK)
    assert not may_measure(edges, (longest * 1.01, seen[1]))


def test_size_ends_a_doubt_and_makes_one() -> None:
    def said(state: str, *ids: str, mm_per_px: float = 1.0) -> tuple[str, list[str]]:
        ((after, kept, likeness),) = by_size([(state, list(ids), 0.9)], BOX, mm_per_px, SIZES)
        assert likeness == 0.9
        return after, kept

    assert said("doubt", "bar", "crate") == ("sure", ["bar"])
    assert said("doubt", "bar", "can") == ("doubt", ["bar", "can"])  # both may be so large
    assert said("doubt", "bag", "crate") == ("doubt", ["bag"])  # nobody knows how large a bag is
    assert said("doubt", "crate", "can", mm_per_px=10) == ("doubt", ["crate", "can"])
    assert said("sure", "crate") == ("doubt", ["crate"])
    assert said("sure", "bag") == ("sure", ["bag"])
    assert said("unknown") == ("unknown", [])


def test_weight_chooses_among_the_answers_to_doubts() -> None:
    cola, twins, mint = ("sure", ["cola"], 0.9), ("doubt", ["cola", "diet"], 0.8), ("sure", ["mint"], 0.9)
    assert by_weight([mint, twins], 455, WEIGHTS) == ([mint, ("sure", ["cola"], 0.8)], 0)
    named, off = by_weight([mint, twins], 450, WEIGHTS)  # between both, within what scales are off by
    assert (named, off) == ([mint, twins], 0)
    named, off = by_weight([twins, twins], 700, {"cola": 400, "diet": 300})
    assert ([each[0] for each in named], sorted(each[1][0] for each in named), off) == (
        ["sure", "sure"],
        ["cola", "diet"],
        0,
    )  # one of each, whichever is which
    named, off = by_weight([cola, mint], 655, WEIGHTS)
    assert (named, off) == ([("doubt", ["cola"], 0.9), ("doubt", ["mint"], 0.9)], 200)


def test_weight_says_nothing_of_what_has_none() -> None:
    some: Named = [("sure", ["bag"], 0.9)]
    assert by_weight(some, 10, WEIGHTS) == (some, None)
    strange: Named = [("sure", ["cola"], 0.9), ("unknown", [], 0.1)]
    assert by_weight(strange, 355, WEIGHTS) == (strange, None)
    many: Named = [("doubt", ["cola", "diet"], 0.5)] * 20
    assert by_weight(many, 7000, WEIGHTS) == (many, None)
    assert by_weight([], 0, WEIGHTS) == ([], 0)
    assert by_weight([], 30, WEIGHTS) == ([], 30)


@given(st.integers(0, 10**5), st.integers(0, 10**5))
def test_a_scale_is_off_one_way_or_the_other(shown: int, expected: int) -> None:
    off = off_g(shown, expected)
    assert off in (0, shown - expected)
    assert off_g(expected, expected) == 0
