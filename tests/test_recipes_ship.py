"""recipes/ship.py writes a card that reads back, for a model of any heads."""

from pathlib import Path
from types import ModuleType

import pytest

from closeup.perception.face_crop import FRAMES
from closeup.weights.cards import read_card
from recipe_scripts import load_script
from tiny_networks import save_tiny, tiny_card


@pytest.fixture
def ship() -> ModuleType:
    return load_script("ship")


def test_a_model_is_put_into_the_package(ship: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(ship, "PACKAGE", tmp_path)
    monkeypatch.setattr(ship, "CARDS_DIR", tmp_path)
    network = tiny_card(name="attributes", alignment=FRAMES["expression"].alignment, licence="MIT", std=(2.0, 3.0, 4.0))
    model = save_tiny(tmp_path / "model.onnx", network)
    words = ["ship.py", str(model), "attributes", "--training-data", "Some data.", "--licence-note", "Research only."]
    monkeypatch.setattr("sys.argv", [*words, "--not-commercial"])
    assert ship.main() == 0
    card = read_card(tmp_path / "attributes.toml")
    assert (tmp_path / card.file).read_bytes() == model.read_bytes()
    assert (card.task, card.pack, card.package, card.commercial_use) == ("attributes", "builtin", "closeup", False)
    assert (card.std, card.input_px, card.licence) == ((2.0, 3.0, 4.0), 8, "MIT")
    assert card.alignment == FRAMES["expression"].alignment
    assert "colour (N, 3) float32, probabilities that sum to 1: red, green, blue; light (N, 1)" in card.output
