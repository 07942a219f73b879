"""A first dataset that pip brings: the 1,797 handwritten digits of scikit-learn, as folders of pictures.

Usage: python recipes/digits_data.py FOLDER, and then closeup train recipes/digits.toml. The digits are part of
scikit-learn (BSD-3), which closeup needs anyway: nothing is fetched. They are the test set of "Optical Recognition of
Handwritten Digits" (Alpaydin, Kaynak, 1998; CC BY 4.0), 8 x 8 pixels each.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def main(folder: Path) -> None:
    """Write FOLDER/0/0000.png and so on, a folder for each digit."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        place = folder / str(label) / f"{number:04}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 255 / 16).round().astype(np.uint8)).save(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
