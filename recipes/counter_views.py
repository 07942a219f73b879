"""What recipes/counter.py shows its network: parts of photos, things laid on counters, and where they can be seen."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from matte_views import relit

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

SEEN = 0.4
"""A thing counts where this share of it, at least, is inside the view and not covered."""

SMALLEST_PX = 6
"""Of a thing's shorter side in a view."""


@dataclass(frozen=True)
class Photo:
    """A photo and the outlines (K, 2), in its pixels, of the things on it."""

    rgb: Pixels
    outlines: tuple[Numbers, ...]

    @cached_property
    def sizes(self) -> tuple[Pixels, Pixels, Pixels]:
        """Its pixels, and at a half and a quarter of its sides."""
        half = cv2.resize(self.rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        quarter = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return self.rgb, np.asarray(half, np.uint8), np.asarray(quarter, np.uint8)


@dataclass(frozen=True)
class View:
    """What the network sees: pixels, and of each thing the mask of what shows, with its area if all of it did."""

    rgb: Pixels
    masks: list[Pixels]
    whole_px: list[float]

    def boxes(self) -> Numbers:
        """Boxes xyxy (M, 4) of the things of which enough shows."""
        kept = []
        for mask, whole in zip(self.masks, self.whole_px, strict=True):
            left, top, width, height = cv2.boundingRect(mask)
            if min(width, height) >= SMALLEST_PX and cv2.countNonZero(mask) >= SEEN * whole:
                kept.append((left, top, left + width, top + height))
        return np.array(kept, np.float32).reshape(-1, 4)


def counter_photos(folder: Path) -> tuple[list[str], list[Photo]]:
    """Names and photos of a COCO folder (coco.json beside images/)."""
    table = json.loads((folder / "coco.json").read_text(encoding="utf-8"))
    outlines: dict[int, list[Numbers]] = {}
    for thing in table["annotations"]:
        points = np.array(max(thing["segmentation"], key=len), np.float32).reshape(-1, 2)
        outlines.setdefault(thing["image_id"], []).append(points)
    names = [each["file_name"] for each in table["images"]]
    photos = [
        Photo(_read(folder / "images" / each["file_name"]), tuple(outlines.get(each["id"], [])))
        for each in table["images"]
    ]
    return names, photos


def packshots(folder: Path) -> list[Photo]:
    """Photos of single things on white with masks (images/ and masks/ of the same names)."""
    photos = []
    for path in sorted((folder / "images").iterdir()):
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        assert mask is not None, path
        found, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        photos.append(Photo(_read(path), (max(found, key=cv2.contourArea)[:, 0].astype(np.float32),)))
    return photos


def _read(path: Path) -> Pixels:
    bgr = cv2.imread(str(path))
    assert bgr is not None, path
    return np.asarray(bgr[..., ::-1])


def part(photo: Photo, size_wh: tuple[int, int], chance: np.random.Generator) -> View:
    """A window of a photo, mostly with things in it, turned a little, mirrored or not."""
    height, width = photo.rgb.shape[:2]
    fill = min(width / size_wh[0], height / size_wh[1])  # photo pixels of a view's pixel where it just fits
    zoom = float(np.exp(chance.uniform(np.log(0.45), np.log(1.15)) if chance.random() < 0.6 else chance.normal(0, 0.1)))
    if photo.outlines and zoom < 1:  # no closer than that the thing in the middle can be seen whole
        points = photo.outlines[chance.integers(len(photo.outlines))]
        middle, span = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0)
        zoom = max(zoom, float((span / np.array(size_wh)).max() / fill) * 1.05)
    else:
        middle = np.array([width, height], np.float32) / 2
    window = np.array(size_wh) * fill * zoom
    middle = middle + chance.uniform(-0.4, 0.4, 2) * window
    room = np.abs(np.array([width, height]) - window) / 2
    middle = np.clip(middle, np.array([width, height]) / 2 - room, np.array([width, height]) / 2 + room)
    quarter = 90 * chance.integers(4) if chance.random() < 0.15 else 0
    turned = cv2.getRotationMatrix2D(tuple(map(float, middle)), quarter + chance.normal(0, 4), 1 / (fill * zoom))
    turned[0] *= np.exp(chance.normal(0, 0.1))
    if chance.random() < 0.5:
        turned[0] *= -1
    turned[:, 2] += np.array(size_wh) / 2 - turned @ np.array([*middle, 1.0])
    return warped(photo, turned, size_wh, chance)


def warped(
    photo: Photo,
    matrix: NDArray[np.float64],
    size_wh: tuple[int, int],
    chance: np.random.Generator,
    outlines: Sequence[Numbers] | None = None,
) -> View:
    """A photo through an affine matrix (2, 3), with all its outlines or those that are given."""
    shrunk = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    level = int(np.clip(np.floor(0.3 - np.log2(shrunk)), 0, 2))  # not much finer than the view
    finer = matrix @ np.diag([2.0**level, 2.0**level, 1])
    grey = tuple(float(each) for each in chance.uniform(0, 255, 3))
    seen = cv2.warpAffine(photo.sizes[level], finer, size_wh, flags=cv2.INTER_LINEAR, borderValue=grey)
    masks, whole = [], []
    for outline in photo.outlines if outlines is None else outlines:
        points = (outline @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        mask = np.zeros(size_wh[::-1], np.uint8)
        cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 255)
        if cv2.countNonZero(mask):
            masks.append(mask)
            whole.append(float(cv2.contourArea(points)))
    return View(np.asarray(seen, np.uint8), masks, whole)


def grid(photos: Sequence[Photo], size_wh: tuple[int, int], chance: np.random.Generator) -> View:
    """Four views side by side, so that things are small and their surroundings many."""
    half = size_wh[0] // 2, size_wh[1] // 2
    rgb, masks, whole = np.zeros((*size_wh[::-1], 3), np.uint8), [], []
    for number, photo in enumerate(photos):
        view = part(photo, half, chance)
        top, left = number // 2 * half[1], number % 2 * half[0]
        place = np.s_[top : top + half[1], left : left + half[0]]
        rgb[place] = view.rgb
        for mask, area in zip(view.masks, view.whole_px, strict=True):
            larger = np.zeros(size_wh[::-1], np.uint8)
            larger[place] = mask
            masks.append(larger)
            whole.append(area)
    return View(rgb, masks, whole)


def counter(size_wh: tuple[int, int], chance: np.random.Generator, photos: Sequence[Photo]) -> View:
    """An empty counter: a photo too blurred to show things, or a surface of one or two colours."""
    if photos and chance.random() < 0.5:
        rgb = part(photos[chance.integers(len(photos))], size_wh, chance).rgb
        wide = int(chance.integers(8, 40))
        blurred = cv2.blur(cv2.blur(rgb, (wide, wide)), (wide, wide))  # nothing on it is a thing any more
        return View(np.asarray(blurred, np.uint8), [], [])
    width, height = size_wh
    colour = chance.uniform(20, 235, (2, 3)) if chance.random() < 0.4 else chance.uniform(20, 235, (2, 1)).repeat(3, 1)
    slope = np.linspace(0, 1, width)[None, :, None] * chance.normal() + np.linspace(0, 1, height)[:, None, None]
    rgb = colour[0] + np.clip(slope, 0, 1) * (colour[1] - colour[0]) * chance.uniform(0, 1)
    coarse = chance.normal(0, 1, (chance.integers(2, 40), chance.integers(2, 40), 1)).astype(np.float32)
    rgb = rgb + cv2.resize(coarse, size_wh, interpolation=cv2.INTER_CUBIC)[..., None] * chance.uniform(0, 18)
    return View(np.asarray(np.clip(rgb, 0, 255), np.uint8), [], [])


def laid(view: View, things: Sequence[Photo], chance: np.random.Generator, far: float = 0.55) -> View:
    """Things cut out of their photos and laid on a view, each with a shadow, over what lies there already.

    Args:
        far: The longest side of a thing, at most, as a share of the view's shorter one.
    """
    height, width = view.rgb.shape[:2]
    canvas, masks, whole = view.rgb.astype(np.float32), list(view.masks), list(view.whole_px)
    size = chance.uniform(0.14, far)
    for photo in things:
        points = photo.outlines[chance.integers(len(photo.outlines))]
        middle, span = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0).max()
        scale = size * float(np.exp(chance.normal(0, 0.2))) * min(width, height) / span
        angle = chance.uniform(0, 360) if chance.random() < 0.5 else chance.normal(0, 12)
        matrix = cv2.getRotationMatrix2D(tuple(map(float, middle)), angle, scale)
        matrix[chance.integers(2)] *= chance.uniform(0.6, 1)  # seen from the side
        where = np.array([chance.uniform(0.05, 0.95) * width, chance.uniform(0.05, 0.95) * height])
        matrix[:, 2] += where - matrix @ np.array([*middle, 1.0])
        cut = warped(photo, matrix, (width, height), chance, [points])
        if not cut.masks:
            continue
        share = cv2.GaussianBlur(cut.masks[0].astype(np.float32) / 255, (0, 0), 0.7)[..., None]
        canvas *= 1 - _shadow(share, span * scale, chance)
        lit = cut.rgb * chance.uniform(0.75, 1.2) + chance.normal(0, 8)
        canvas += share * (lit - canvas)
        masks = [np.asarray(cv2.subtract(mask, cut.masks[0]), np.uint8) for mask in masks]
        masks.append(cut.masks[0])
        whole.append(cut.whole_px[0])
    return View(np.asarray(np.clip(canvas, 0, 255), np.uint8), masks, whole)


def _shadow(share: Numbers, size_px: float, chance: np.random.Generator) -> Numbers:
    """How much darker each pixel (H, W, 1) gets: a soft shadow to one side, and a dark seam where the thing lies."""
    shift = np.float32([[1, 0, chance.normal(0, 0.06) * size_px], [0, 1, abs(chance.normal(0, 0.06)) * size_px]])
    moved = cv2.warpAffine(share, shift, share.shape[1::-1])
    wide = 2 * int(chance.uniform(0.03, 0.15) * size_px) + 1
    soft = cv2.blur(cv2.blur(moved, (wide, wide)), (wide, wide))
    seam = cv2.GaussianBlur(share, (0, 0), 1.5)
    dark = chance.uniform(0, 0.6) * soft + chance.uniform(0, 0.4) * seam
    return np.asarray(np.clip(dark, 0, 0.85), np.float32)[..., None]


def relight(view: View, chance: np.random.Generator) -> Pixels:
    """The view's pixels in other light, of another camera, or as a poorer copy."""
    return np.asarray(relit(view.rgb, chance), np.uint8)
