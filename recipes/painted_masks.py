"""Paint face masks on upright faces, well or badly worn, so that faces of every source come with masks and without.

Pictures of masks come from a few sources, and bare faces from many; a network that sees only those takes the look of
a source for a mask. MaskedFace-Net (Cabani et al. 2021) paints on portraits of one source; this does so on any face
that `closeup data crop-faces` cut, in colours, cloths and places drawn by chance.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.types import FloatArray, Image

WORN_BADLY = ("nose", "mouth", "chin")
"""What a badly worn mask leaves bare; the mouth's goes with the nose."""

BADLY_SHARES = (0.6, 0.25, 0.15)

SURGICAL_RGB = ((150, 190, 215), (170, 205, 225), (225, 230, 232), (150, 205, 190), (40, 42, 46), (235, 200, 205))

Chance = np.random.Generator
Points = NDArray[np.float64]


def paint_mask(face: Image, landmarks: Sequence[Sequence[float]], wearing: str, chance: Chance) -> Image:
    """Paint a mask on a face.

    Args:
        face: RGB (S, S, 3), cut so that the eyes, the nose and the corners of the mouth lie where `landmarks` says.
        landmarks: Five points x, y as shares of S: both eyes, nose, both corners of the mouth.
        wearing: "mask" (nose, mouth and chin covered) or "incorrect".
        chance: Draws everything that is not said.

    Returns:
        A new picture of the same shape.
    """
    points = np.array(landmarks, np.float64) * face.shape[0]
    points += chance.normal(0, 0.012 * face.shape[0], points.shape)
    outline = _outline(points, _bare(wearing, chance), chance)
    cover = _filled(outline, face.shape[0])
    painted = face.astype(np.float32)
    if chance.random() < 0.5:  # what hair hides needs no straps
        straps = np.zeros(face.shape[:2], np.uint8)
        for ear, corner in _straps(points, outline):
            cv2.line(straps, ear, corner, 255, 1, cv2.LINE_AA)
        light = np.float32(chance.uniform(120, 225))
        painted += (light - painted) * straps[..., None].astype(np.float32) * np.float32(chance.uniform(0.2, 0.6) / 255)
    cloth = _cloth(painted, cover, outline, chance)
    painted += (cloth - painted) * cover[..., None]
    return painted.clip(0, 255).astype(np.uint8)


def _bare(wearing: str, chance: Chance) -> str:
    return "" if wearing == "mask" else str(chance.choice(WORN_BADLY, p=BADLY_SHARES))


def _outline(points: Points, bare: str, chance: Chance) -> Points:
    """The mask's edge (N, 2) in pixels: along the top from left to right, and back along the jaw."""
    eyes, nose, mouth = points[:2].mean(0), points[2], points[3:].mean(0)
    down = mouth[1] - eyes[1]
    half = float(np.clip(np.linalg.norm(points[1] - points[0]), 0.6 * down, 1.2 * down)) * chance.uniform(0.88, 1.08)
    # As shares of the way from the eyes to the mouth: the top edge over the nose, the same at the cheeks, the bottom.
    top, side, bottom = chance.uniform(0.28, 0.5), chance.uniform(0.42, 0.62), chance.uniform(1.6, 1.85)
    if bare == "nose":
        top, side = chance.uniform(0.72, 0.88), chance.uniform(0.6, 0.85)
    elif bare == "mouth":
        top, side, bottom = chance.uniform(1.2, 1.45), chance.uniform(1.0, 1.25), chance.uniform(1.8, 2.0)
    elif bare == "chin":
        bottom = chance.uniform(1.12, 1.28)
    turned = (nose[0] - eyes[0]) * 0.5
    share = np.linspace(-1, 1, 17)
    peak = np.maximum(0, 1 - np.abs(share) ** chance.uniform(1.2, 2.2))
    upper = np.stack([half * share + turned * (1 - share**2), down * (side + (top - side) * peak)], 1)
    jaw = np.linspace(1, -1, 25)
    round_off = chance.uniform(1.6, 2.6)
    fall = (1 - np.abs(jaw) ** round_off) ** (1 / round_off)
    lower = np.stack([half * jaw * 0.98 + turned * (1 - jaw**2), down * (side + (bottom - side) * fall)], 1)
    return np.asarray(np.concatenate([upper, lower]) + points[:2].mean(0), np.float64)


def _filled(outline: Points, side: int) -> FloatArray:
    """How much of each pixel is covered, (S, S)."""
    fine = np.zeros((side * 4, side * 4), np.uint8)
    cv2.fillPoly(fine, [(outline * 4).round().astype(np.int32)], 255)
    return cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)


def _straps(points: Points, outline: Points) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Lines from the mask's sides to where the ears are."""
    apart = points[1, 0] - points[0, 0]
    ears_y = points[2, 1] - 0.15 * apart
    found = []
    for side, corners in ((-1, (0, -4)), (1, (16, 20))):
        ear = (round(points[:2, 0].mean() + side * 1.35 * apart), round(ears_y))
        for corner in corners:
            found.append((ear, (round(outline[corner, 0]), round(outline[corner, 1]))))
    return found


def _cloth(face: FloatArray, cover: FloatArray, outline: Points, chance: Chance) -> FloatArray:
    """The mask's cloth (S, S, 3), lit as the face beneath is."""
    side = face.shape[0]
    if chance.random() < 0.65:
        colour = np.array(SURGICAL_RGB[chance.integers(len(SURGICAL_RGB))], np.float32)
    else:
        colour = chance.uniform(20, 240, 3).astype(np.float32)
    cloth = np.tile(colour + chance.normal(0, 8, 3).astype(np.float32), (side, side, 1))
    low, high = float(outline[:, 1].min()), float(outline[:, 1].max())
    rows = np.arange(side, dtype=np.float32)[:, None]
    if chance.random() < 0.7:  # folds, hanging a little in the middle
        columns = np.linspace(-1, 1, side, dtype=np.float32)[None]
        phase = (rows - low) / max(high - low, 1) * chance.integers(3, 6) + chance.uniform(0, 0.3) * columns**2
        cloth *= 1 - np.float32(chance.uniform(0.04, 0.16)) * np.maximum(0, np.sin(2 * np.pi * phase))[..., None] ** 4
    if chance.random() < 0.15:  # a printed pattern
        coarse = chance.uniform(0.6, 1.3, (int(chance.integers(5, 14)),) * 2).astype(np.float32)
        cloth *= cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    light = cv2.GaussianBlur(face.mean(axis=2), (0, 0), side * chance.uniform(0.03, 0.08))
    level = float((light * cover).sum() / max(float(cover.sum()), 1))
    strength = np.float32(chance.uniform(0.4, 0.9))
    cloth *= (1 + strength * (light / max(level, 1) - 1))[..., None]
    # A dark picture has dark masks, and a grey one has grey ones.
    cloth *= np.float32(np.clip(level / 130, 0.35, 1.15) ** 0.7)
    edge = cv2.GaussianBlur(cover, (0, 0), 1.2)
    cloth *= (0.75 + 0.25 * np.clip(edge * 1.6 - 0.6, 0, 1))[..., None]
    blur = chance.uniform(0.3, 1.0)
    cloth = np.asarray(cv2.GaussianBlur(cloth, (0, 0), blur) + chance.normal(0, 2.5, cloth.shape), np.float32)
    is_grey = float(np.abs(face - face.mean(axis=2, keepdims=True)).mean()) < 1
    return np.tile(cloth.mean(axis=2, keepdims=True), (1, 1, 3)) if is_grey else cloth
