from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.features.shorts.options import WEIGHTS, ShortsOptions

BAD: dict[str, dict[str, Any]] = {
    "0 shorts": {"count": 0},
    "51 shorts": {"count": 51},
    "shortest length of 0.5": {"min_length_s": 0.5},
    "shortest length of nan": {"min_length_s": float("nan")},
    "at least 20 and at most 10": {"min_length_s": 20, "max_length_s": 10},
    "at most inf": {"max_length_s": float("inf")},
    "no aspect": {"aspect": "16:9"},
    "no layout": {"layout": "both"},
    "height of 1081": {"height": 1081},
    "height of 64": {"height": 64},
    "no captions to burn in": {"burn_captions": True},
    "no part called 'charm'": {"weights": {"charm": 1.0}},
    "weight of speech is -1.0": {"weights": {"speech": -1.0}},
    "weight of speech is nan": {"weights": {"speech": float("nan")}},
    "weight of speech is inf": {"weights": {"speech": float("inf")}},
}


@pytest.mark.parametrize("words", BAD)
def test_options_that_make_no_sense_are_refused_with_a_hint(words: str) -> None:
    with pytest.raises(InputError) as caught:
        ShortsOptions(**BAD[words])
    assert words in caught.value.message
    assert caught.value.hint


def test_options_that_make_sense_are_taken() -> None:
    assert ShortsOptions(height=128, aspect="1:1", layout="split", weights={"speech": 0.0}).count == 3


def test_the_documented_weights_sum_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
