"""Barcodes are made by zxing-cpp's own writer, laid into pictures, turned and blurred a little."""

import cv2
import numpy as np
import pytest

from closeup.core.types import Image
from closeup.perception import barcodes
from closeup.perception.barcodes import read_barcodes


def code_picture(digits: str, kind: str = "EAN13", scale: int = 2) -> Image:
    """A barcode as it is printed, RGB (H, W, 3)."""
    zxingcpp = pytest.importorskip("zxingcpp")
    made = zxingcpp.create_barcode(digits, getattr(zxingcpp.BarcodeFormat, kind))
    return np.repeat(np.array(made.to_image(scale=scale))[..., None], 3, 2)


def lay(picture: Image, code: Image, x: int, y: int) -> None:
    picture[y : y + code.shape[0], x : x + code.shape[1]] = code


@pytest.mark.parametrize(
    ("digits", "kind", "read"),
    [
        ("8801043014809", "EAN13", "8801043014809"),
        ("12345670", "EAN8", "12345670"),
        ("036000291452", "UPCA", "0036000291452"),
        ("00012345600012", "ITF14", "00012345600012"),
    ],
)
@pytest.mark.parametrize("turns", [0, 1])
def test_codes_of_products_are_read_with_their_places(digits: str, kind: str, read: str, turns: int) -> None:
    picture = np.full((700, 700, 3), 200, np.uint8)
    code = np.rot90(code_picture(digits, kind), turns)
    lay(picture, code, 60, 90)
    ((found, box),) = read_barcodes(cv2.GaussianBlur(picture, (3, 3), 0))
    assert found == read
    assert (box[:2] >= (58, 88)).all()
    assert (box[2:] <= (62 + code.shape[1], 92 + code.shape[0])).all()
    assert (box[2:] - box[:2] > 40).any()


def test_two_codes_are_two_and_a_plain_picture_has_none() -> None:
    picture = np.full((400, 800, 3), 255, np.uint8)
    assert read_barcodes(picture) == []
    for x in (20, 420):
        lay(picture, code_picture("8801043014809"), x, 100)
    assert [digits for digits, _ in read_barcodes(picture)] == ["8801043014809"] * 2


def test_without_the_package_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barcodes, "find_spec", lambda _: None)
    assert read_barcodes(np.zeros((40, 40, 3), np.uint8)) == []
