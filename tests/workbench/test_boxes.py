"""Pictures with boxes, written in one form and read, and back."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError, OutputError
from closeup.core.words import LeftOut
from closeup.documents.boxes import BoxedPicture, BoxedPictures, coco_bytes, read_boxes
from closeup.media.image import encode_png
from closeup.workbench.boxes import Form, write_boxes

SIDE_WH = 60, 40
PNG = encode_png(np.full((40, 60, 3), 90, np.uint8))
EDGE = st.integers(0, 30)
BOX = st.tuples(EDGE, EDGE, st.integers(1, 9), st.integers(1, 9)).map(lambda e: (e[0], e[1], e[0] + e[2], e[1] + e[3]))
BOXES = st.lists(st.lists(st.tuples(BOX, st.integers(0, 2)), max_size=3), min_size=1, max_size=3)


def dataset(home: Path, boxes: list[list[tuple[tuple[float, ...], int]]]) -> Path:
    """A COCO file of three classes, and its pictures."""
    (home / "images").mkdir(parents=True)
    pictures = []
    for number, here in enumerate(boxes):
        file = home / "images" / f"{number}.png"
        file.write_bytes(PNG)
        corners = np.array([box for box, _ in here], np.float32).reshape(-1, 4)
        pictures.append(BoxedPicture(file, corners, np.array([kind for _, kind in here], np.int64)))
    known = BoxedPictures(("cup", "plate", "a & b"), tuple(pictures))
    (home / "coco.json").write_bytes(coco_bytes(known, [SIDE_WH] * len(pictures)))
    return home / "coco.json"


def told(boxed: BoxedPictures) -> list[tuple[str, bytes, list[tuple[list[float], str]]]]:
    """Of each picture its name, its bytes, and its boxes with names."""
    return [
        (
            each.file.name,
            each.file.read_bytes(),
            [(box, boxed.names[kind]) for box, kind in zip(each.boxes_xyxy.tolist(), each.classes, strict=True)],
        )
        for each in boxed.pictures
    ]


@settings(max_examples=25)
@given(boxes=BOXES)
def test_either_form_is_read_back_and_written_as_the_other(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[list[tuple[tuple[float, ...], int]]]
) -> None:
    home = tmp_path_factory.mktemp("boxes")
    source = dataset(home / "in", boxes)
    voc = write_boxes(source, home / "voc", "voc")
    coco = write_boxes(home / "voc", home / "coco", "coco")
    again = write_boxes(home / "coco" / "coco.json", home / "again", "coco")
    assert (voc.pictures, voc.boxes) == (coco.pictures, coco.boxes) == (len(boxes), sum(map(len, boxes)))
    assert told(read_boxes(home / "voc")) == told(read_boxes(source))
    assert told(read_boxes(home / "coco" / "coco.json")) == told(read_boxes(source))
    assert told(read_boxes(home / "again" / "coco.json")) == told(read_boxes(source))
    assert again.notes == coco.notes == ()
    assert len(voc.notes) == ({kind for here in boxes for _, kind in here} != {0, 1, 2})


def test_what_a_form_does_not_hold_is_said(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", [[((1.4, 2.0, 1.45, 9.6), 0)], [((1.0, 2.0, 3.0, 4.0), 1)]])
    (tmp_path / "in" / "images" / "1.png").write_bytes(b"no picture")
    found = write_boxes(source, tmp_path / "voc", "voc")
    assert [isinstance(note, LeftOut) for note in found.notes] == [True, True, False, True]
    assert found.notes[0] == "1 of 2 pictures could not be used."
    assert "1.png" in found.notes[1]
    assert found.notes[2:] == ("1 box moved to whole pixels.", "Without a box, and so not written: plate, a & b.")
    (picture,) = read_boxes(tmp_path / "voc").pictures
    np.testing.assert_array_equal(picture.boxes_xyxy, [[1, 2, 2, 10]])


@pytest.mark.parametrize("form", ["coco", "voc"])
def test_nothing_is_left_where_it_cannot_be(tmp_path: Path, form: Form) -> None:
    source = dataset(tmp_path / "in", [[], []])
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_boxes(source, tmp_path / "out", form)
    for file in (tmp_path / "in" / "images").iterdir():
        file.write_bytes(b"")
    with pytest.raises(InputError, match="no picture that can be read"):
        write_boxes(source, tmp_path / "new", form)
    assert not (tmp_path / "new").exists()


def test_two_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", [[], []])
    for folder in ("a", "b"):
        (tmp_path / "in" / "images" / folder).mkdir()
        (tmp_path / "in" / "images" / folder / "0.png").write_bytes(PNG)
    source.write_text(source.read_text().replace("0.png", "a/0.png").replace("1.png", "b/0.png"))
    with pytest.raises(InputError, match=r"Several pictures are called 0\.png"):
        write_boxes(source, tmp_path / "out", "coco")
