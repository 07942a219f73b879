import json
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.features.checkout.evaluate import evaluate_counter
from closeup.media.image import encode_png
from features.checkout.shelf import PlainModels, counter

KINDS = ("cola", "mint", "sea", "sun")


def write(folder: Path, photos: list[tuple[str, ...]], **more: Any) -> Path:
    table: dict[str, Any] = {"images": [], "annotations": [], "categories": []}
    table["categories"] = [{"id": 10 + place, "name": kind} for place, kind in enumerate(KINDS)]
    (folder / "images").mkdir(exist_ok=True)
    for number, kinds in enumerate(photos):
        table["images"].append({"id": number, "file_name": f"{number}.png"})
        (folder / "images" / f"{number}.png").write_bytes(encode_png(counter(*kinds)))
        for place, kind in enumerate(kinds):
            thing = {"image_id": number, "category_id": 10 + KINDS.index(kind), "bbox": [20 + 80 * place, 20, 60, 80]}
            table["annotations"].append({"id": len(table["annotations"]), "iscrowd": 0, **thing})
    path = folder / "coco.json"
    path.write_text(json.dumps(table | more))
    return path


def test_a_counter_that_sees_all_has_full_marks(tmp_path: Path) -> None:
    alone = [(kind,) for kind in KINDS for _ in range(5)]
    asked = [("cola", "mint"), ("sea",), ("sun", "sun", "cola", "mint"), ()]
    found = evaluate_counter(write(tmp_path, [*alone, *asked]), models=PlainModels())
    assert (found.photos, found.things) == (3, 7)
    assert found.boxes == pytest.approx({"recall_20": 1, "map50": 1, "map50_95": 1}, abs=0.1)
    assert found.top1 == {"1": 1, "3": 1, "5": 1}
    assert {name: each["baskets"] for name, each in found.baskets.items()} == {"all": 3, "1": 1, "2-3": 1, "4+": 1}
    assert found.baskets["all"] == {"baskets": 3, "cacc": 1, "acd": 0, "mccd": 0, "mciou": 1}
    assert found.strangers["things"] == 7
    assert found.strangers["wrong_charge"] == 0
    assert found.strangers["refused"] + found.strangers["asked"] + found.strangers["charged"] == pytest.approx(1)
    assert found.notes == ("1 photo without things left out.",)


def test_labels_that_are_wrong_are_counted_as_faults(tmp_path: Path) -> None:
    path = write(tmp_path, [*[(kind,) for kind in KINDS for _ in range(5)], ("cola",), ("mint",)])
    table = json.loads(path.read_text())
    table["annotations"][-1]["category_id"] = 13
    table["annotations"][-1]["bbox"] = [85, 0, 14, 14]
    path.write_text(json.dumps(table))
    found = evaluate_counter(path, models=PlainModels())
    assert found.boxes["recall_20"] == 0.5
    assert found.top1["5"] == 0.5
    assert found.baskets["all"]["cacc"] == 0.5
    assert found.baskets["all"]["acd"] == 1.0


def test_views_may_come_from_another_table_and_what_has_none_is_said(tmp_path: Path) -> None:
    for name in ("views", "asked"):
        (tmp_path / name).mkdir()
    views = write(tmp_path / "views", [("cola",), ("mint",), ("sea", "cola")])
    asked = write(tmp_path / "asked", [("cola", "mint"), ("sun",)])
    found = evaluate_counter(asked, exemplars=views, models=PlainModels())
    assert found.photos == 2
    assert found.top1["1"] == 1
    assert found.notes == ("1 product without a view, never named: sun.",)


def test_what_is_no_coco_is_said(tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    path.write_text("{")
    with pytest.raises(FormatError, match=r"coco\.json"):
        evaluate_counter(path, models=PlainModels())
    path.write_text('{"images": []}')
    with pytest.raises(InputError, match="not in COCO's form: 'categories'"):
        evaluate_counter(path, models=PlainModels())
    with pytest.raises(InputError, match="no photo of one thing alone"):
        evaluate_counter(write(tmp_path, [("cola", "mint")]), models=PlainModels())
