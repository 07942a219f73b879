"""Two portraits that are on every machine that runs the tests.

Eileen Collins comes with scikit-image, Grace Hopper with Matplotlib; both pictures are in the public domain.
"""

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.settings import Settings
from closeup.core.types import Image
from closeup.media.image import read_image
from closeup.weights.cards import card

# Read before any fixture hides the user's settings from the tests.
_GIVEN_MIRROR = os.environ.get("CLOSEUP_MODELS_MIRROR")
_SHARED = Path(os.environ.get("CLOSEUP_SHARED") or Path(__file__).resolve().parent.parent.parent / "shared")

FACES_XYXY = {"astronaut": (179.0, 72.0, 270.0, 176.0), "hopper": (168.0, 125.0, 364.0, 340.0)}
"""The only face in each, between what the detectors say."""


def _still(package: str, name: str) -> Image:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / name).is_file():
            image = read_image(Path(folder) / name)
            image.setflags(write=False)
            return image
    pytest.skip('the portraits come with: pip install "closeup[demo]"')


@cache
def astronaut() -> Image:
    """Eileen Collins, (512, 512, 3)."""
    return _still("skimage", "data/astronaut.png")


@cache
def hopper() -> Image:
    """Grace Hopper, (600, 512, 3)."""
    return _still("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


def still(name: str) -> Image:
    """One of the two, by name: (H, W, 3)."""
    return {"astronaut": astronaut, "hopper": hopper}[name]()


def mirrored(image: Image) -> Image:
    """The picture (H, W, 3) as a mirror shows it."""
    return np.ascontiguousarray(image[:, ::-1])


def at_scale(image: Image, factor: float) -> Image:
    """The picture (H, W, 3) at `factor` times its size."""
    size_wh = round(image.shape[1] * factor), round(image.shape[0] * factor)
    mode = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size_wh, interpolation=mode), np.uint8)


def settings_with(folder: Path, name: str) -> Settings:
    """Settings with a model of the zoo in the models folder `folder`; skips the test where its file is not at hand."""
    file = card(name).file
    for place in (Path(_GIVEN_MIRROR) if _GIVEN_MIRROR else None, _SHARED / "models"):
        if place is not None and (place / file).is_file():
            folder.mkdir(exist_ok=True)
            shutil.copyfile(place / file, folder / file)
            return Settings(models_dir=folder, models_mirror=None)
    pytest.skip(f"needs {file}: name a folder that has it by CLOSEUP_MODELS_MIRROR or CLOSEUP_SHARED")
