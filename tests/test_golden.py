"""Python sees, crops and answers as the golden files say, which a browser is held against too."""

import json
import math
from typing import Any

import numpy as np
import pytest

from golden_numbers import CARD_FIELDS, HERE, PERFORMANCES, golden, golden_performances, names


def plain(value: Any) -> Any:
    """`value` as it comes back from JSON."""
    return json.loads(json.dumps(value))


def test_every_network_has_a_file_and_every_file_a_network() -> None:
    assert {path.stem for path in HERE.glob("*.json")} == {*names(), PERFORMANCES}


def test_performances_compare_as_they_did() -> None:
    kept = json.loads((HERE / f"{PERFORMANCES}.json").read_text(encoding="utf-8"))
    now = plain(golden_performances())
    assert now.keys() == kept.keys()
    for name, value in kept.items():
        nothing = [math.nan] * 3
        first, second = (
            [row or nothing for row in v] if name in ("attempt", "centred", "aligned") else v
            for v in (value, now[name])
        )
        np.testing.assert_allclose(second, first, rtol=0, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", names())
def test_the_numbers_have_not_changed(name: str) -> None:
    kept = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    now = plain(golden(name))
    assert set(kept["card"]) == set(CARD_FIELDS)
    for same in ("model", "card", "picture", "landmarks_xy"):
        assert now[same] == kept[same]
    assert now["crop"]["size_wh"] == kept["crop"]["size_wh"]
    np.testing.assert_allclose(now["crop"]["rgb"], kept["crop"]["rgb"], rtol=0, atol=1)  # one grey level
    assert now["input"]["shape"] == kept["input"]["shape"]
    step = 1 / min(kept["card"]["std"])  # what one grey level is in the network's input
    np.testing.assert_allclose(now["input"]["first_row"], kept["input"]["first_row"], rtol=0, atol=step + 1e-4)
    assert set(now["outputs"]) == set(kept["outputs"])
    for head, numbers in kept["outputs"].items():
        np.testing.assert_allclose(now["outputs"][head], numbers, rtol=2e-3, atol=2e-3, err_msg=head)
