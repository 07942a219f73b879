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
        "face-reid-0095": ("embedder", "zoo"),
        "faceapi-expression": ("expression", "zoo"),
        "sface-2021dec": ("embedder", "builtin"),
        "silero-vad-6": ("voice", "builtin"),
        "yunet-2023mar": ("detector", "builtin"),
    }
    assert [found.pack for found in CARDS.values()] == ["builtin"] * (3 + len(own)) + ["zoo"] * 2
    assert all(card(name) is found for name, found in CARDS.items())


@pytest.mark.parametrize("found", CARDS.values(), ids=CARDS)
def test_every_card_is_of_use_to_people(found: Any) -> None:
    for text in (found.summary, found.licence, *found.data, found.output):
        assert len(text) >= 3
        assert "\n" not in text
    own = found.package == "closeup"
    assert re.fullmatch(rf"recipes/{found.name}\.(toml|py)" if own else r"https://\S+", found.source)
    assert (found.task == "embedder" or (own and found.task in ("expression", "attributes"))) == bool(found.alignment)
    assert (found.task in ("embedder", "expression", "attributes")) == bool(found.input_px)


@pytest.mark.parametrize("found", [each for each in CARDS.values() if each.alignment], ids=lambda each: each.name)
def test_alignment_lies_in_the_input_with_the_left_eye_of_the_picture_first(found: Any) -> None:
    left_eye, right_eye, nose, left_mouth, right_mouth = found.alignment
    assert all(0 < x < 1 and 0 < y < 1 for x, y in found.alignment)
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_weights_that_may_not_be_sold_are_said_to_be() -> None:
    assert [name for name, found in CARDS.items() if not found.commercial_use] == ["attributes"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["face-reid-0095", "faceapi-expression"])
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
    made = make_card(task="embedder", dim=3, far=far_table())
    assert made.far == FarTable((0.1, 0.01), (0.2, 0.4), 1000, "r")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": None}, "lacks the field 'task'"),
        ({"task": "tracker"}, "task must be 'detector', "),
        ({"pack": "zooo"}, "pack must be 'builtin' or 'zoo'"),
        ({"color": "RGB"}, "not known: 'color'"),
        ({"name": "other"}, "calls itself 'other'"),
        ({"bytes": 1.5}, "bytes must be a whole number from 1 up, not 1.5"),
        ({"bytes": True}, "bytes must be a whole number"),
        ({"bytes": 0}, "bytes must be a whole number from 1 up, not 0"),
        ({"bytes": None}, "bytes must be given where there is a file"),
        ({"sha256": None}, "sha256 must be given where there is a file"),
        ({"sha256": "A" * 64}, "64 hexadecimal digits"),
        ({"commercial_use": "yes"}, "commercial_use must be true or false"),
        ({"licence": ""}, "licence must be said"),
        ({"data": []}, "data must be a list of at least one text"),
        ({"url": "http://models.invalid/x"}, "url must be an https address"),
        ({"url": None}, "absent where made_from says"),
        ({"made_from": "Other files."}, "absent where made_from says"),
        ({"task": "embedder"}, "dim must be given for an embedder"),
        ({"task": "embedder", "dim": 0}, "dim must be a whole number from 1 up"),
        ({"dim": 128}, "dim must be given for an embedder, and only there"),
        ({"file": "../small.onnx"}, "plain name of a file"),
        ({"file": ".small.onnx"}, "plain name of a file"),
        ({"pack": "builtin"}, "package must be given for a builtin model"),
        ({"package": "dlib", "requirement": "dlib-bin"}, "package must be given for a builtin model, and only there"),
        ({"std": [1, 1, 0]}, r"std\[2\] must be a number"),
        ({"alignment": [[0.5, 0.5]] * 5}, "alignment_source must be given"),
        ({"alignment": [[0.5, 0.5]] * 4, "alignment_source": "s"}, "five points"),
        ({"thresholds": {"same": {"value": 1}}}, "thresholds.same lacks the field 'meaning'"),
        ({"far": far_table(rates=[0.1])}, "far.rates must be two rates or more"),
        ({"far": far_table(rates=[0.01, 0.1])}, "falling"),
        ({"far": far_table(rates=[1, 0.1])}, "below 1"),
        ({"far": far_table(rates=[0.1, 0])}, r"far.rates\[1\] must be a number above 0"),
        ({"far": far_table(thresholds=[0.5, 0.5])}, "far.thresholds must be as many as there are rates, rising"),
        ({"far": far_table()}, "far must be absent where the model is no embedder"),
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
    with pytest.raises(FormatError, match=f"{path}: the document lacks the field 'summary'"):
        read_card(path)


def test_names_come_from_the_files() -> None:
    assert {path.stem for path in CARDS_DIR.iterdir()} == set(CARDS)
    with pytest.raises(FormatError, match="lacks the field"):
        card_from_table({}, "empty")
