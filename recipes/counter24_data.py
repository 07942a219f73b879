"""The photos of counter24 in three parts for detectors: to learn from, to choose by, and held out.

Usage: python recipes/counter24_data.py COUNTER FOLDER, and then closeup train recipes/counter24-things.toml --set
annotations=FOLDER/learn.json --set val_annotations=FOLDER/choose.json. COUNTER holds coco.json and images/. Held out is
the last quarter of each class, of other contributors mostly, as recipes/counter.py holds it out, so that all can be
compared; to choose by is the last sixth of what is left. Photos that are alike (the field group) never lie on both
sides: those that are like one held out are left out.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def held_out(name: str, names: Sequence[str], every: int = 4) -> bool:
    """Whether a photo is kept apart: the last quarter of its class, or another share, by its number."""
    block = sorted(each for each in names if each[:2] == name[:2])
    return block.index(name) >= len(block) - len(block) // every


def parts(images: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Of each part its images; a group of images that are alike is in one part, or left out of the earlier ones."""
    names = [str(each["file_name"]) for each in images]
    held = [each for each in images if held_out(str(each["file_name"]), names)]
    rest = _unlike(images, held)
    left = [str(each["file_name"]) for each in rest]
    choose = [each for each in rest if held_out(str(each["file_name"]), left, 6)]
    return {"learn": _unlike(rest, choose), "choose": choose, "held": held}


def _unlike(images: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    groups = {each["group"] for each in others}
    return [each for each in images if each["group"] not in groups]


def main(counter: Path, folder: Path) -> None:
    """Write FOLDER/learn.json, choose.json and held.json beside a link to the pictures."""
    table = json.loads((counter / "coco.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "images").exists():
        (folder / "images").symlink_to((counter / "images").resolve(), target_is_directory=True)
    for name, images in parts(table["images"]).items():
        keys = {each["id"] for each in images}
        own = [each for each in table["annotations"] if each["image_id"] in keys]
        (folder / f"{name}.json").write_text(json.dumps(table | {"images": images, "annotations": own}))
        print(f"{name}: {len(images)} photos, {len(own)} things")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
