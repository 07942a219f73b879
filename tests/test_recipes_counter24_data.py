"""The parts of counter24: nothing that is alike on two sides, and the same photos held out as ever."""

import json
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recipe_scripts import RECIPES

sys.path.append(str(RECIPES))

from counter24_data import held_out, main, parts


def images(groups: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """One image for each class and group."""
    return [
        {"id": number, "file_name": f"{kind:02d}{number:04d}.jpg", "group": str(group)}
        for number, (kind, group) in enumerate(groups)
    ]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), max_size=60))
def test_what_is_alike_is_in_one_part(groups: list[tuple[int, int]]) -> None:
    table = images(groups)
    found = parts(table)
    names = [each["file_name"] for each in table]
    assert [each["file_name"] for each in found["held"]] == [name for name in names if held_out(name, names)]
    sides = [{each["group"] for each in found[name]} for name in ("learn", "choose", "held")]
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    ids = [each["id"] for part in found.values() for each in part]
    assert len(set(ids)) == len(ids)


def test_files_that_a_recipe_reads(tmp_path: Path) -> None:
    table = images([(1, number) for number in range(24)])
    boxes = [{"id": number, "image_id": number, "category_id": 1, "bbox": [0, 0, 4, 4]} for number in range(24)]
    (tmp_path / "counter" / "images").mkdir(parents=True)
    whole = {"images": table, "annotations": boxes, "categories": [{"id": 1, "name": "tea"}]}
    (tmp_path / "counter" / "coco.json").write_text(json.dumps(whole))
    main(tmp_path / "counter", tmp_path / "parts")
    main(tmp_path / "counter", tmp_path / "parts")  # again
    many = {}
    for name in ("learn", "choose", "held"):
        read = json.loads((tmp_path / "parts" / f"{name}.json").read_text())
        many[name] = len(read["images"])
        assert [each["id"] for each in read["images"]] == [each["image_id"] for each in read["annotations"]]
    assert many == {"learn": 15, "choose": 3, "held": 6}
    assert (tmp_path / "parts" / "images").resolve() == (tmp_path / "counter" / "images").resolve()
