"""Gather the pictures that recipes/matte.py learns from, each with what is a person in it, as arrays in one folder.

    python recipes/matte_data.py FOLDER --data DATA --teacher selfie_segmentation.onnx

DATA holds person_ccp and person_humanseg (photos with masks), lfw and video (people without masks, of which a teacher
tells the matte), and counter24, grocerystore81, msfruit_mit and snacks83 (photos without a person). The teacher is
MediaPipe's selfie network, asked about the whole picture and about parts of it, some of them mirrored; where its
answers differ, their mean is near one half and weighs little. Masks drawn by people are never mixed with its answers.

A picture is held out by the hash of its name, and nothing of it is learnt: neither its person nor its background.
"""

import argparse
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.weights.session import import_runtime

Pixels = NDArray[np.uint8]

LONGEST_PX = 512
TEACHER_PX = 256
HELD_OUT = {"ccp": 0.15, "humanseg": 0.22}
"""Shares of the pictures with masks that are evaluated on and never learnt from."""

LOOK_ONLY = ("talk_d3", "friends_cards_30s", "suits_7s", "twowomen_34s")
"""Clips that are left out, to be looked at."""

FACES = 1400
"""Photos of Labeled Faces in the Wild that are taken, one of a person."""

NOBODY = 0.004
"""A film frame of which the teacher calls less than this share a person is taken for one without people."""

SKIN = 0.08
"""Photos of things with more of the colour of skin are left out: a hand may hold the thing, and a hand is a person."""


class Example(NamedTuple):
    """One picture.

    Attributes:
        name: Its file's, without the ending.
        rgb: uint8 (H, W, 3).
        alpha: What is a person, uint8 (H, W), 255 for all.
    """

    name: str
    rgb: Pixels
    alpha: Pixels


def held_out(source: str, name: str) -> bool:
    """Whether a picture is evaluated on, by nothing but its name."""
    return zlib.crc32(f"{source}/{name}".encode()) / 2**32 < HELD_OUT.get(source, 0.0)


def save(path: Path, examples: list[Example]) -> None:
    """Write examples into one file of plain arrays."""
    arrays: dict[str, NDArray[np.generic]] = {"names": np.array([each.name for each in examples])}
    arrays["sizes"] = np.array([each.alpha.shape for each in examples], np.int32).reshape(-1, 2)
    arrays["rgb"] = np.concatenate([each.rgb.reshape(-1) for each in examples])
    arrays["alpha"] = np.concatenate([each.alpha.reshape(-1) for each in examples])
    with path.with_suffix(".part").open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    path.with_suffix(".part").replace(path)
    print(f"{path.name}: {len(examples)} pictures", flush=True)  # noqa: T201


def load(path: Path) -> list[Example]:
    """Read what `save` wrote."""
    found, at = [], 0
    with np.load(path) as arrays:
        rgb, alpha = arrays["rgb"], arrays["alpha"]
        for name, (height, width) in zip(arrays["names"], arrays["sizes"], strict=True):
            end = at + int(height) * int(width)
            pixels = rgb[at * 3 : end * 3].reshape(height, width, 3)
            found.append(Example(str(name), pixels, alpha[at:end].reshape(height, width)))
            at = end
    return found


def read_rgb(path: Path, longest_px: int = LONGEST_PX) -> Pixels:
    """A picture as RGB, made smaller where its longer side is above the bound."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"Cannot read {path}.")
    return smaller(np.ascontiguousarray(bgr[..., ::-1]), longest_px)


def smaller(pixels: Pixels, longest_px: int) -> Pixels:
    """A picture whose longer side is at most the bound."""
    factor = longest_px / max(pixels.shape[:2])
    if factor >= 1:
        return pixels
    size_wh = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def masked(folder: Path) -> Iterator[Example]:
    """The photos of a folder with images/ and masks/."""
    for path in sorted((folder / "images").iterdir()):
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            raise SystemExit(f"{path} has no mask.")
        rgb = read_rgb(path)
        alpha = cv2.resize(np.where(mask > 0, 255, 0).astype(np.uint8), rgb.shape[1::-1], interpolation=cv2.INTER_AREA)
        yield Example(path.stem, rgb, np.asarray(alpha, np.uint8))


def beside(example: Example) -> Iterator[Example]:
    """What is left and right of the person of a photo, where that is wide enough to be a background."""
    columns = np.flatnonzero((example.alpha > 0).any(axis=0))
    height, width = example.alpha.shape
    for start, end in ((0, columns[0] - 4), (columns[-1] + 5, width)):
        if end - start >= 0.22 * height:
            strip = np.ascontiguousarray(example.rgb[:, start:end])
            yield Example(f"{example.name}-{start}", strip, np.zeros(strip.shape[:2], np.uint8))


def skin_share(rgb: Pixels) -> float:
    """How much of a picture (H, W, 3) may be skin, by its colour (Chai and Ngan 1999)."""
    _, red, blue = np.moveaxis(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), 2, 0)
    return float(((red > 133) & (red < 173) & (blue > 77) & (blue < 127)).mean())


class Teacher:
    """MediaPipe's selfie network, asked about parts of a picture too."""

    def __init__(self, path: Path) -> None:
        onnxruntime = import_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def once(self, rgb: Pixels) -> NDArray[np.float32]:
        """The matte (H, W) of a picture that is stretched to the network's square, as its makers say."""
        square = cv2.resize(rgb, (TEACHER_PX, TEACHER_PX), interpolation=cv2.INTER_LINEAR)
        answer = self._session.run(None, {self._input: square[None].astype(np.float32) / 255})[0]
        found = cv2.resize(answer.reshape(TEACHER_PX, TEACHER_PX), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(found, np.float32)

    def answer(self, rgb: Pixels) -> Pixels:
        """The mean of what it says of the whole, of its mirror image, and of five parts."""
        height, width = rgb.shape[:2]
        total = self.once(rgb) + self._mirrored(rgb)
        weight = np.full((height, width), 2.0, np.float32)
        part_h, part_w = round(0.75 * height), round(0.75 * width)
        if width > 1.4 * height:  # of a wide picture, parts that are as high as it is
            part_h, part_w = height, round(0.6 * width)
        places = [(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)]
        for number, (down, along) in enumerate(places):
            top, left = round(down * (height - part_h)), round(along * (width - part_w))
            part = np.s_[top : top + part_h, left : left + part_w]
            view = np.ascontiguousarray(rgb[part])
            total[part] += self._mirrored(view) if number % 2 else self.once(view)
            weight[part] += 1
        return np.asarray(np.rint(255 * np.clip(total / weight, 0, 1)), np.uint8)

    def _mirrored(self, rgb: Pixels) -> NDArray[np.float32]:
        return self.once(np.ascontiguousarray(rgb[:, ::-1]))[:, ::-1]


def frames(folder: Path, every_s: float, longest_px: int) -> Iterator[tuple[str, Pixels]]:
    """Frames of all videos of a folder, one in so many seconds."""
    for path in sorted(folder.iterdir()):
        if path.suffix not in {".mp4", ".mov"} or path.stem in LOOK_ONLY:
            continue
        video = cv2.VideoCapture(str(path))
        step = max(1, round((video.get(cv2.CAP_PROP_FPS) or 25) * every_s))
        number = 0
        while video.grab():
            if number % step == 0:
                read, bgr = video.retrieve()
                if read:
                    yield f"{path.stem}-{number}", smaller(np.ascontiguousarray(bgr[..., ::-1]), longest_px)
            number += 1


def main() -> int:
    """Write all sets; those that are there already are left as they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    write_masked(given.folder, given.data)
    write_told(given.folder, given.data, Teacher(given.teacher))
    return 0


def write_masked(folder: Path, data: Path) -> None:
    """The photos with masks, learnt from and held out, and the photos and parts of photos without a person."""
    backgrounds: list[Example] = []
    for source in ("ccp", "humanseg"):
        examples = list(masked(data / f"person_{source}"))
        learnt = [each for each in examples if not held_out(source, each.name)]
        save(folder / f"{source}-train.npz", learnt)
        save(folder / f"{source}-dev.npz", [each for each in examples if held_out(source, each.name)])
        if source == "ccp":
            backgrounds += [strip for each in learnt for strip in beside(each)]
    things = sorted((data / "counter24/images").iterdir())[::4]
    things += sorted((data / "grocerystore81").rglob("*.jpg"))[::3]
    things += [*sorted((data / "msfruit_mit").rglob("*.jpg")), *sorted((data / "snacks83/images").iterdir())]
    for path in things:
        rgb = read_rgb(path, 384)
        if skin_share(rgb) > SKIN and "iconic" not in path.parts:
            continue
        backgrounds.append(Example(path.stem, rgb, np.zeros(rgb.shape[:2], np.uint8)))
    save(folder / "nobody.npz", backgrounds)


def write_told(folder: Path, data: Path, teacher: Teacher) -> None:
    """The pictures without masks, with the teacher's answers."""
    people = sorted((data / "lfw/images").iterdir())
    photos = [next(iter(sorted(person.iterdir()))) for person in people]
    chosen = sorted(photos, key=lambda path: zlib.crc32(path.stem.encode()))[:FACES]
    told = [(path.stem, read_rgb(path)) for path in chosen]
    save(folder / "told-faces.npz", [Example(name, rgb, teacher.answer(rgb)) for name, rgb in told])
    films = [*frames(data / "video/clips", 1.0, 400), *frames(data / "video/films", 0.8, 400)]
    answered = [Example(name, rgb, teacher.answer(rgb)) for name, rgb in films]
    save(folder / "told-films.npz", answered)


if __name__ == "__main__":
    sys.exit(main())
