"""Cards inside ONNX files: written and read back, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import FormatError, ModelError
from closeup.weights.network_card import METADATA_KEY, NetworkCard, NetworkHead, embed, from_json, read_card, to_json
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
    assert from_json(to_json(card)) == card


def test_a_card_of_the_first_version_is_read() -> None:
    table = json.loads(to_json(FULL)) | {"schema_version": 1}
    for name in ("colour", "input_multiple", "cut_larger"):
        del table[name]
    assert from_json(json.dumps(table)) == replace(FULL, cut_larger=1.2)
    assert from_json(json.dumps(table | {"alignment": []})) == replace(FULL, alignment=(), cut_larger=1.0)


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
    assert {prop.key: prop.value for prop in props} == {"author": "somebody", METADATA_KEY: to_json(FULL)}


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
    onnx.helper.set_model_props(model, {METADATA_KEY: to_json(other)})
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
    ({"colour": "red"}, "colour must be one of RGB, BGR"),
    ({"input_px": 0}, "input_px must be a whole number"),
    ({"input_px": 8.5}, "input_px must be a whole number"),
    ({"mean": [1, 2]}, "mean must be a list of 3"),
    ({"std": [1, 0, 1]}, r"std\[1\] must be"),
    ({"grey": 1}, "grey must be true or false"),
    ({"fit": "crop"}, "fit must be one of cover, stretch, pad"),
    ({"fit": []}, "fit must be one of"),
    ({"alignment": [[0.5, 0.5]]}, "five points"),
    ({"alignment": [[0.5, 9]] * 5}, "alignment"),
    ({"heads": []}, "one head or more"),
    ({"heads": [{"name": "a", "kind": "value", "classes": [], "unit": ""}] * 2}, "each of its own name"),
    ({"heads": [{"name": "a", "kind": "value", "classes": ["b"], "unit": ""}]}, "answers a value"),
    ({"heads": [{"name": "a", "kind": "classes", "classes": ["b", "b"], "unit": ""}]}, "none of them twice"),
    ({"heads": [{"name": "a", "kind": "classes", "classes": ["b"], "unit": ""}]}, "two names"),
    ({"heads": [{"name": " ", "kind": "value", "classes": [], "unit": ""}]}, "text that is not empty"),
    ({"metrics": []}, "metrics must be an object"),
    ({"metrics": {"a": 10**400}}, "metrics"),
    ({"data": "FER2013"}, "data must be a list"),
]


@pytest.mark.parametrize(("changes", "complaint"), FAULTS)
def test_a_card_that_says_what_cannot_be_is_refused(changes: dict[str, Any], complaint: str) -> None:
    table = json.loads(to_json(FULL))
    table.update(changes)
    with pytest.raises(FormatError, match=complaint):
        from_json(json.dumps(table))


@pytest.mark.parametrize("name", sorted(json.loads(to_json(FULL))))
def test_every_field_is_needed(name: str) -> None:
    table = json.loads(to_json(FULL))
    del table[name]
    with pytest.raises(FormatError, match=name):
        from_json(json.dumps(table))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_whatever_is_no_card_is_refused_as_such(content: bytes | str) -> None:
    with pytest.raises(FormatError):
        from_json(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
)


@given(st.sampled_from(sorted(json.loads(to_json(FULL)))), JSON)
def test_any_value_in_any_field_reads_or_is_refused(name: str, value: Any) -> None:
    table = {**json.loads(to_json(FULL)), name: value}
    try:
        card = from_json(json.dumps(table))
    except FormatError:
        return
    assert from_json(to_json(card)) == card
