"""A small dataset with everything that a look can find, made in a moment."""

from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Image
from closeup.media.image import encode_jpeg
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_one


def pattern(seed: int, size_wh: tuple[int, int] = (48, 40)) -> Image:
    """A soft coloured pattern (H, W, 3), unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(rough, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)


def write(place: Path) -> Path:
    """Twelve cats, thirteen larger dogs, a bird; a cat that is a dog too, and one nearly like it in val; one broken."""
    for side, kind, number, image in (
        *(("train", "cat", n, pattern(n)) for n in range(12)),
        *(("train", "dog", n, pattern(100 + n, (96, 80))) for n in range(13)),
        ("train", "bird", 0, pattern(200)),
        ("train", "dog", 50, pattern(0)),
        ("val", "cat", 60, pattern(0)[1:, 1:]),
    ):
        path = place / side / kind / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(image, 95))
    (place / "val/cat/broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return place


def pets(place: Path) -> Dataset:
    """The dataset in a folder of its own below `place`."""
    return open_one(write(place / "pets"))
