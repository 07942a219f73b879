"""Cards are plain data, and a wrong one says what is wrong with it."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import FormatError, ModelError
from closeup.weights.cards import CARDS_DIR, FarTable, Threshold, all_cards, card, card_from_table, read_card

from .conftest import make_card

CARDS = all_cards()


def test_the_models_that_closeup_knows() -> None:
    own = {name: (found.task, found.pack) for name, found in CARDS.items() if found.package == "closeup"}
    assert own == {name: (name, "builtin") for name in own}
    assert {name: (found.task, found.pack) for name, found in CARDS.items() if name not in own} == {
        "dlib-5": ("landmarks", "builtin"),
        "dlib-68": ("landmarks", "builtin"),
        "dlib-hog": ("detector", "builtin"),
        "dlib-resnet-128": ("embedder", "builtin"),
        "face-reid-0095": ("embedder", "zoo"),
        "faceapi-expression": ("expression", "zoo"),
        "sface-2021dec": ("embedder", "zoo"),
        "silero-vad-6": ("voice", "builtin"),
        "yunet-2023mar": ("detector", "zoo"),
    }
    assert [found.pack for found in CARDS.values()] == ["builtin"] * (5 + len(own)) + ["zoo"] * 4
    assert all(card(name) is found for name, found in CARDS.items())


@pytest.mark.parametrize("found", CARDS.values(), ids=CARDS)
def test_every_card_is_of_use_to_people(found: Any) -> None:
    for text in (found.summary, found.licence, *found.data, found.output):
        assert len(text) >= 3
        assert "\n" not in text
    own = found.package == "closeup"
    assert re.fullmatch(rf"recipes/{found.name}\.toml" if own else r"https://\S+", found.source)
    assert (found.task == "embedder" or own) == bool(found.alignment)
    assert (found.task in ("embedder", "expression", "attributes")) == bool(found.input_px)


@pytest.mark.parametrize("found", [each for each in CARDS.values() if each.alignment], ids=lambda each: each.name)
def test_alignment_lies_in_the_input_with_the_left_eye_of_the_picture_first(found: Any) -> None:
    left_eye, right_eye, nose, left_mouth, right_mouth = found.alignment
    assert all(0 < x < 1 and 0 < y < 1 for x, y in found.alignment)
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_weights_that_may_not_be_sold_are_said_to_be() -> None:
    assert [name for name, found in CARDS.items() if not found.commercial_use] == ["attributes", "dlib-68"]
    assert "EXCLUDES COMMERCIAL USE" in card("dlib-68").data[0]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["yunet-2023mar", "face-reid-0095", "faceapi-expression"])
def test_what_the_mirror_has_is_what_the_card_describes(shared: Path, name: str) -> None:
    content = (shared / "models" / card(name).file).read_bytes()
    assert len(content) == card(name).bytes
    assert hashlib.sha256(content).hexdigest() == card(name).sha256


def test_a_zoo_model_needs_no_address_where_it_says_what_it_was_made_from() -> None:
    made = make_card(url=None, made_from="Other files.")
    assert (made.url, made.made_from) == (None, "Other files.")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="no model called 'yolo'") as caught:
        card("yolo")
    assert "yunet-2023mar" in caught.value.hint


def test_a_card_reads_as_it_is_written() -> None:
    table = {
        "mean": [1, 2, 3],
        "input_px": 4,
        "alignment": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8], [0.9, 1]],
        "alignment_source": "Made up.",
        "thresholds": {"same": {"value": 1, "meaning": "m", "error_rate": "e", "read_from": "r"}},
    }
    made = make_card(**table)
    assert made.mean == (1.0, 2.0, 3.0)
    assert made.input_px == 4
    assert made.alignment == ((0.1, 0.2), (0.3, 0.4), (0.5, 0.6), (0.7, 0.8), (0.9, 1.0))
    assert made.thresholds == {"same": Threshold(1.0, "m", "e", "r")}
    assert made.colour == "RGB"


def far_table(**changes: Any) -> dict[str, Any]:
    """A table of false-accept rates as a card has it; `changes` replace fields."""
    return {"rates": [0.1, 0.01], "thresholds": [0.2, 0.4], "pairs": 1000, "read_from": "r"} | changes


def test_an_embedders_card_has_false_accept_rates() -> None:
    made = make_card(task="embedder", dim=3, far=far_table(), zooms=[1, 1.5])
    assert made.far == FarTable((0.1, 0.01), (0.2, 0.4), 1000, "r")
    assert made.zooms == (1.0, 1.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": None}, "'task' is missing"),
        ({"task": "tracker"}, "task is one of"),
        ({"pack": "zooo"}, "pack is one of"),
        ({"colour": "YUV"}, "colour is one of"),
        ({"color": "RGB"}, "unknown field 'color'"),
        ({"name": "other"}, "calls itself 'other'"),
        ({"bytes": 1.5}, "'bytes' is 1.5"),
        ({"bytes": True}, "'bytes' is True"),
        ({"bytes": 0}, "bytes is above 0"),
        ({"bytes": None}, "a file comes with bytes and sha256"),
        ({"sha256": None}, "a file comes with bytes and sha256"),
        ({"sha256": "A" * 64}, "64 hexadecimal digits"),
        ({"commercial_use": "yes"}, "'commercial_use'"),
        ({"url": "http://models.invalid/x"}, "https url"),
        ({"url": None}, "https url, or says what it was made from"),
        ({"made_from": "Other files."}, "https url, or says"),
        ({"task": "embedder"}, "an embedder, and nothing else, has a dim"),
        ({"task": "embedder", "dim": 0}, "has a dim, and it is above 0"),
        ({"task": "embedder", "dim": 128.0}, "'dim' is 128.0"),
        ({"dim": 128}, "an embedder, and nothing else"),
        ({"file": "../small.onnx"}, "plain file name"),
        ({"file": ".small.onnx"}, "plain file name"),
        ({"pack": "builtin"}, "names its package"),
        ({"package": "dlib", "requirement": "dlib-bin"}, "names its package"),
        ({"std": [1, 1, 0]}, "std is above 0"),
        ({"mean": [1, 1]}, "'mean' is"),
        ({"mean": ["1", 1, 1]}, "'mean' is"),
        ({"input_px": -1}, "the input's side"),
        ({"input_multiple": 0}, "a multiple of"),
        ({"data": []}, "licence and data"),
        ({"cut_larger": 0}, "cut_larger is above 0"),
        ({"alignment": [[0.5, 2]] * 5, "alignment_source": "s"}, "shares of the side"),
        ({"alignment": [[1, 1]] * 5}, "five points, shares of the side, and a source"),
        ({"alignment": [[1, 1]] * 4, "alignment_source": "s"}, "five points"),
        ({"alignment": [[1]] * 5, "alignment_source": "s"}, "'alignment' is"),
        ({"thresholds": {"same": {"value": 1}}}, "threshold 'same' needs exactly"),
        ({"thresholds": [1]}, "'thresholds' is"),
        ({"zooms": []}, "there is a zoom"),
        ({"zooms": [0]}, "there is a zoom"),
        ({"zooms": ["1"]}, "'zooms' is"),
        ({"far": {"rates": [0.1, 0.01]}}, "false-accept rates needs exactly pairs, rates, read_from, thresholds"),
        ({"far": far_table(rates=[0.1])}, "'far.thresholds' is"),
        ({"far": far_table(rates=[0.01, 0.1])}, "falling"),
        ({"far": far_table(rates=[1, 0.1])}, "between 0 and 1"),
        ({"far": far_table(rates=[0.1, 0])}, "between 0 and 1"),
        ({"far": far_table(thresholds=[0.5, 0.5])}, "thresholds rise"),
        ({"far": far_table(rates=[0.1], thresholds=[0.5])}, "two or more"),
        ({"far": far_table(rates=0.1)}, "'far.rates' is"),
        ({"far": far_table(pairs=1.5)}, "'far.pairs' is"),
        ({"far": far_table()}, "only an embedder"),
    ],
)
def test_a_wrong_card_says_what_is_wrong(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        make_card(**changes)


@pytest.mark.parametrize("content", [b"task = ", b"\xff\xfe", b"task = 1\ntask = 2"])
def test_a_file_that_is_not_toml_is_told_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=str(path)):
        read_card(path)
    path.write_text("task = 'detector'")
    with pytest.raises(FormatError, match=rf"{path} is wrong: field 'summary' is missing"):
        read_card(path)


def test_names_come_from_the_files() -> None:
    assert {path.stem for path in CARDS_DIR.iterdir()} == set(CARDS)
    with pytest.raises(FormatError, match="missing"):
        card_from_table({}, "empty")
