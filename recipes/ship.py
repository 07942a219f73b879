"""Put a trained model into the package, so that it comes with `pip install closeup`.

    python recipes/ship.py MODEL.onnx NAME --training-data "..." --licence-note "..." [--not-commercial]

Copies the file to src/closeup/weights/files/NAME.onnx and writes its card, src/closeup/weights/cards/NAME.toml, out of
the card that the file carries. MODEL.onnx is a run's model.onnx, or what `closeup export` made of it; NAME is also the
name of the recipe, recipes/NAME.toml. Afterwards: make docs.
"""

import argparse
import hashlib
import json
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

from closeup.core.whole import write_whole
from closeup.weights.cards import CARDS_DIR, ModelCard, card_from_table
from closeup.weights.network_card import NetworkCard, NetworkHead, read_card

FILES = "weights/files"
PACKAGE = Path(__file__).resolve().parent.parent / "src" / "closeup"


def main() -> int:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("name", choices=("expression", "attributes"))
    parser.add_argument("--training-data", required=True, help="what it learnt from, for people, in one line")
    parser.add_argument("--licence-note", required=True, help="what has to be known of the data's terms, in one line")
    parser.add_argument("--not-commercial", action="store_true", help="the makers' terms keep commercial use out")
    given = parser.parse_args()
    content, network = given.model.read_bytes(), read_card(given.model)
    before = CARDS_DIR / f"{given.name}.toml"
    used_by = tomllib.loads(before.read_text("utf-8")).get("used_by", []) if before.is_file() else []
    table = {
        "task": given.name,
        "pack": "builtin",
        "summary": network.summary,
        "source": f"recipes/{given.name}.toml",
        "licence": network.licence,
        "licence_note": given.licence_note,
        "commercial_use": not given.not_commercial,
        "data": [given.training_data],
        "used_by": used_by,
        "output": "; ".join(head_words(head) for head in network.heads) + ".",
        "file": f"{FILES}/{given.name}.onnx",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "package": "closeup",
        "requirement": "closeup",
        **input_table(network),
    }
    card = card_from_table(table, given.name)
    (PACKAGE / FILES).mkdir(exist_ok=True)
    write_whole(PACKAGE / card.file, content)
    write_whole(CARDS_DIR / f"{given.name}.toml", card_text(table).encode())
    print(f"{card.file}: {len(content) / 1e6:.1f} MB, made {network.created_at}; {CARDS_DIR / f'{given.name}.toml'}")  # noqa: T201
    return 0


def head_words(head: NetworkHead) -> str:
    """What one head answers, for people."""
    if head.kind == "value":
        return f"{head.name} (N, 1) float32 in {head.unit}"
    return f"{head.name} (N, {len(head.classes)}) float32, probabilities that sum to 1: {', '.join(head.classes)}"


def input_table(network: NetworkCard) -> dict[str, object]:
    """What the network wants to be shown, as the fields of a card."""
    table: dict[str, object] = {
        "input_px": network.input_px,
        "mean": list(network.mean),
        "std": list(network.std),
        "colour": network.colour,
    }
    if network.alignment:
        table["alignment"] = [list(point) for point in network.alignment]
        table["alignment_source"] = "The frame that its recipe names."
        table["cut_larger"] = network.cut_larger
    return table


def card_text(table: dict[str, object]) -> str:
    """The card as TOML, its fields in the order of `ModelCard`."""
    order = [item.name for item in fields(ModelCard)]
    lines = [f"{key} = {json.dumps(table[key], ensure_ascii=False)}" for key in order if key in table]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
