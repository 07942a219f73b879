"""Barcodes of products in a picture, by zxing-cpp where that is installed."""

from importlib.util import find_spec

import numpy as np

from closeup.core.types import FloatArray, Image


def reads_barcodes() -> bool:
    """Whether zxing-cpp is installed."""
    return find_spec("zxingcpp") is not None


def read_barcodes(rgb: Image) -> list[tuple[str, FloatArray]]:
    """EAN-13, EAN-8, UPC-A and ITF-14 codes with right check digits in a picture (H, W, 3), turned ones too.

    Returns:
        Their digits and boxes xyxy (4,); nothing where zxing-cpp is not installed.
    """
    if not reads_barcodes():
        return []
    import zxingcpp

    kinds = zxingcpp.BarcodeFormat
    formats = zxingcpp.BarcodeFormats([kinds.EAN13, kinds.EAN8, kinds.UPCA, kinds.ITF14])
    found = []
    grey = np.ascontiguousarray(rgb[..., 1])  # codes are printed to be read in any one colour; green is the sharpest
    for each in zxingcpp.read_barcodes(grey, formats=formats):
        place = each.position
        corners = np.array(
            [(at.x, at.y) for at in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)],
            np.float32,
        )
        found.append((str(each.text), np.concatenate([corners.min(0), corners.max(0)])))
    return found
