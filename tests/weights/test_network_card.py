"""Cards inside ONNX files: written and read back, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import FormatError, ModelError
from closeup.weights.network_card import METADATA_KEY, NETWORK_CARD, NetworkCard, NetworkHead, embed, read_card
from tiny_networks import COLOURS, LIGHT, save_tiny, tiny_bytes, tiny_card

FULL = tiny_card(
    grey=True,
    fit="pad",
    alignment=((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)),
    data=("FER2013: 28,709 pictures; research only.",),
    metrics={"val": {"colour": {"accuracy": 0.5, "interval": [0.4, 0.6], "count": 3, "note": None, "best": True}}},
    limits=("Sees no other colours.",),
    licence="MIT",
    recipe='name = "tiny"\n',
    created_at="2026-01-01T00:00:00+00:00",
    closeup="0.1",
)

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TABLE: dict[str, Any] = NETWORK_CARD.to_data(FULL)
NAMES = WORDS.filter(str.strip)
NUMBERS = st.floats(-1e6, 1e6)
HEADS = st.one_of(
    st.builds(NetworkHead, NAMES, st.just("value"), st.just(()), WORDS),
    st.builds(NetworkHead, NAMES, st.just("classes"), st.lists(NAMES, min_size=2, unique=True).map(tuple), WORDS),
)
CARDS = st.builds(
    NetworkCard,
    name=NAMES,
    summary=WORDS,
    input_px=st.integers(1, 4096),
    mean=st.tuples(NUMBERS, NUMBERS, NUMBERS),
    std=st.tuples(*[st.floats(1e-6, 1e6)] * 3),
    heads=st.lists(HEADS, min_size=1, max_size=4, unique_by=lambda head: head.name).map(tuple),
    grey=st.booleans(),
    fit=st.sampled_from(["cover", "stretch", "pad"]),
    alignment=st.one_of(st.just(()), st.tuples(*[st.tuples(st.floats(-2, 3), st.floats(-2, 3))] * 5)),
    data=st.lists(WORDS, max_size=3).map(tuple),
    metrics=st.dictionaries(
        WORDS, st.recursive(st.none() | st.booleans() | NUMBERS | WORDS, lambda below: st.lists(below, max_size=3))
    ),
    limits=st.lists(WORDS, max_size=3).map(tuple),
    licence=WORDS,
    recipe=WORDS,
)


@given(CARDS)
def test_a_card_reads_back_equal(card: NetworkCard) -> None:
    assert NETWORK_CARD.decode(NETWORK_CARD.encode(card)) == card


def test_a_card_of_the_first_version_is_read() -> None:
    later = ("colour", "input_multiple", "cut_larger")
    table = {name: value for name, value in TABLE.items() if name not in later} | {"schema_version": 1}
    assert NETWORK_CARD.from_data(table) == replace(FULL, cut_larger=1.2)


def test_a_card_travels_inside_the_file(tmp_path: Path) -> None:
    content = embed(tiny_bytes(FULL), FULL)
    path = tmp_path / "tiny.onnx"
    path.write_bytes(content)
    assert read_card(path) == FULL
    later = replace(FULL, summary="Another.")
    again = embed(content, later)
    path.write_bytes(again)
    assert read_card(path) == later
    assert embed(again, FULL) == content  # one card, and the network as it was


def test_other_metadata_stays() -> None:
    model = onnx.load_model_from_string(tiny_bytes(FULL))
    onnx.helper.set_model_props(model, {"author": "somebody", METADATA_KEY: "old"})
    props = onnx.load_model_from_string(embed(model.SerializeToString(), FULL)).metadata_props
    assert {prop.key: prop.value for prop in props} == {
        "author": "somebody",
        METADATA_KEY: NETWORK_CARD.encode(FULL).decode(),
    }


@pytest.mark.parametrize("content", [b"not a network", b"\x08\x08" * 100])
def test_a_card_is_put_into_networks_only(content: bytes) -> None:
    with pytest.raises(ModelError):
        embed(content, FULL)


@pytest.mark.parametrize("heads", [(COLOURS,), (LIGHT, COLOURS), (COLOURS, replace(LIGHT, name="weight"))])
def test_a_card_that_is_not_the_networks_is_refused(heads: tuple[NetworkHead, ...], tmp_path: Path) -> None:
    other = replace(FULL, heads=heads)
    with pytest.raises(ModelError, match="gives colour, light, while its card says"):
        embed(tiny_bytes(FULL), other)
    model = onnx.load_model_from_string(tiny_bytes(FULL))
    onnx.helper.set_model_props(model, {METADATA_KEY: NETWORK_CARD.encode(other).decode()})
    path = tmp_path / "other.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=f"{path} takes picture and gives colour, light"):
        read_card(path)


def test_a_file_without_a_card_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bare.onnx"
    path.write_bytes(tiny_bytes(FULL))
    with pytest.raises(ModelError, match="has no card"):
        read_card(path)


def test_a_head_is_found_by_its_name(tmp_path: Path) -> None:
    card = read_card(save_tiny(tmp_path / "tiny.onnx"))
    assert card.head("light") == LIGHT
    with pytest.raises(ModelError, match="does not answer 'age'") as caught:
        card.head("age")
    assert "colour, light" in caught.value.hint


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"schema_version": 3}, "later closeup"),
    ({"tint": "red"}, "not known"),
    ({"colour": "red"}, "colour must be 'RGB' or 'BGR'"),
    ({"input_px": 0}, "input_px must be a whole number from 1"),
    ({"input_px": 8.5}, "input_px must be a whole number"),
    ({"mean": [1, 2]}, "mean must be a longer list"),
    ({"std": [1, 0, 1]}, r"std\[1\] must be"),
    ({"grey": 1}, "grey must be true or false"),
    ({"fit": "crop"}, "fit must be 'cover', 'stretch' or 'pad'"),
    ({"alignment": [[0.5, 0.5]]}, "five points"),
    ({"alignment": [[0.5, 9]] * 5}, r"alignment\[0\]\[1\]"),
    ({"heads": []}, "one head or more"),
    ({"heads": [{"name": "a", "kind": "value"}] * 2}, "each of its own name"),
    ({"heads": [{"name": "a", "kind": "value", "classes": ["b"]}]}, r"heads\[0\].classes must be empty"),
    ({"heads": [{"name": "a", "kind": "classes", "classes": ["b", "b"]}]}, "none of them twice"),
    ({"heads": [{"name": "a", "kind": "classes", "classes": ["b"]}]}, "two names"),
    ({"heads": [{"name": " ", "kind": "value"}]}, "text that is not empty"),
    ({"metrics": []}, "metrics must be an object"),
    ({"data": "FER2013"}, "data must be a list"),
]


@pytest.mark.parametrize(("changes", "complaint"), FAULTS)
def test_a_card_that_says_what_cannot_be_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        NETWORK_CARD.from_data(TABLE | changes)


@given(st.binary(max_size=200))
def test_whatever_is_no_card_is_refused_as_such(content: bytes) -> None:
    with pytest.raises(FormatError):
        NETWORK_CARD.decode(content)
