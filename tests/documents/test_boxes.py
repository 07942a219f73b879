import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.documents.boxes import BoxedPicture, BoxedPictures, coco_bytes, read_boxes, voc_bytes

VOC = """<annotation><filename>a.png</filename><object><name>cup</name>
<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object></annotation>"""


def same(a: BoxedPictures, b: BoxedPictures) -> None:
    assert a.names == b.names
    for mine, theirs in zip(a.pictures, b.pictures, strict=True):
        assert mine.file == theirs.file
        np.testing.assert_allclose(mine.boxes_xyxy, theirs.boxes_xyxy, atol=1e-3)
        np.testing.assert_array_equal(mine.classes, theirs.classes)


EDGE = st.integers(0, 500)
BOX = st.tuples(EDGE, EDGE, st.integers(1, 99), st.integers(1, 99)).map(
    lambda e: (e[0], e[1], e[0] + e[2], e[1] + e[3])
)


@given(boxes=st.lists(st.lists(st.tuples(BOX, st.integers(0, 1)), max_size=4), min_size=1, max_size=4))
def test_both_forms_read_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[list[tuple[tuple[int, ...], int]]]
) -> None:
    home = tmp_path_factory.mktemp("boxes")
    pictures = tuple(
        BoxedPicture(
            home / "images" / f"{number}.png",
            np.array([box for box, _ in here], np.float32).reshape(-1, 4),
            np.array([kind for _, kind in here], np.int64),
        )
        for number, here in enumerate(boxes)
    )
    (home / "images").mkdir()
    known = BoxedPictures(("cup", "plate"), pictures)
    (home / "coco.json").write_bytes(coco_bytes(known, [(600, 600)] * len(pictures)))
    same(read_boxes(home / "coco.json"), known)
    (home / "Annotations").mkdir()
    for each in pictures:
        (home / "Annotations" / f"{each.file.stem}.xml").write_bytes(voc_bytes(each, known.names, (600, 600)))
    found = read_boxes(home)
    used = sorted({kind for here in boxes for _, kind in here})
    assert found.names == tuple(known.names[each] for each in used)
    for mine, theirs in zip(found.pictures, pictures, strict=True):
        assert mine.file == theirs.file
        np.testing.assert_array_equal(mine.boxes_xyxy, theirs.boxes_xyxy)
        assert [found.names[each] for each in mine.classes] == [known.names[each] for each in theirs.classes]


def test_pixels_of_voc_are_counted_from_one(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(VOC)
    (picture,) = read_boxes(tmp_path).pictures
    assert picture.file == tmp_path / "a.png"
    np.testing.assert_array_equal(picture.boxes_xyxy, [[0, 10, 20, 30]])


def test_crowds_are_counted_and_left_out(tmp_path: Path) -> None:
    table = {
        "images": [{"id": 7, "file_name": "a.png"}],
        "categories": [{"id": 3, "name": "cup"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 1},
            {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]},
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(table))
    (picture,) = read_boxes(tmp_path / "coco.json").pictures
    assert picture.crowds == 1
    np.testing.assert_array_equal(picture.boxes_xyxy, [[1, 2, 4, 6]])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xml", VOC.replace("<xmax>20</xmax>", ""), "bndbox has no xmax"),
        ("a.xml", VOC.replace("20", "wide"), "not in Pascal VOC's form"),
        ("a.xml", VOC[:40], "not in Pascal VOC's form"),
        ("a.txt", "", "no annotations in Pascal VOC's form"),
        ("coco.json", "{", "coco.json"),
        ("coco.json", '{"images": []}', "not in COCO's form: 'categories'"),
        (
            "coco.json",
            '{"images": [], "categories": [], "annotations": [{"id": 5, "image_id": 1, "category_id": 1, "bbox": []}]}',
            "unknown category, or without a box: 5",
        ),
    ],
)
def test_what_is_neither_is_said(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises((FormatError, InputError), match=said):
        read_boxes(tmp_path / name if name == "coco.json" else tmp_path)
