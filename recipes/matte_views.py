"""What recipes/matte.py shows its network: parts of pictures, people pasted elsewhere, other light, poorer copies."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from matte_data import Example, Pixels

Numbers = NDArray[np.float32]

SURE = 0.35
"""A teacher's answer nearer to one half than this, on a scale of 0 to 1, is worth little."""


Sizes = tuple[Example, ...]
"""One picture in several sizes, the largest first, each half the one before."""


def sizes(example: Example) -> Sizes:
    """A picture in its own size, and half and a quarter of it."""
    made = [example]
    for _ in range(2):
        half_wh = max(2, example.alpha.shape[1] // 2), max(2, example.alpha.shape[0] // 2)
        rgb, alpha = (
            np.asarray(cv2.resize(each, half_wh, interpolation=cv2.INTER_AREA), np.uint8)
            for each in (example.rgb, example.alpha)
        )
        example = Example(example.name, rgb, alpha)
        made.append(example)
    return tuple(made)


def part(
    picture: Sizes, size_wh: tuple[int, int], chance: np.random.Generator, *, far: bool = False
) -> tuple[Pixels, Pixels]:
    """A window of a picture, turned a little, mirrored or not, as (H, W, 3) and its matte (H, W).

    Args:
        size_wh: Of the answer.
        far: Whether a person may be seen from further away than in the picture; there is no person around it.
    """
    height, width = picture[0].alpha.shape
    wide = min(width, height * size_wh[0] / size_wh[1])
    scale = chance.uniform(0.9, 1.12) if chance.random() < 0.55 else chance.uniform(0.35, 0.9)
    if far:
        scale = float(np.exp(chance.uniform(np.log(0.6), np.log(2.6))))
    factor = size_wh[0] / (wide * scale)
    level = int(np.clip(np.floor(0.3 - np.log2(factor)), 0, len(picture) - 1))  # not much finer than the view
    _, rgb, alpha = picture[level]
    factor *= width / alpha.shape[1]
    window = size_wh[0] / factor, size_wh[1] / factor
    centre = _centre(alpha, window, chance)
    turned = cv2.getRotationMatrix2D(centre, chance.normal(0, 5), factor)
    turned[0] *= np.exp(chance.normal(0, 0.07))
    if chance.random() < 0.5:
        turned[0] *= -1
    turned[:, 2] += np.array(size_wh) / 2 - turned @ np.array([*centre, 1.0])
    border = cv2.BORDER_CONSTANT if far else cv2.BORDER_REFLECT_101
    seen = cv2.warpAffine(rgb, turned, size_wh, flags=cv2.INTER_LINEAR, borderMode=border)
    matte = cv2.warpAffine(alpha, turned, size_wh, flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(seen, np.uint8), np.asarray(matte, np.uint8)


def _centre(alpha: Pixels, window_wh: tuple[float, float], chance: np.random.Generator) -> tuple[float, float]:
    """The middle of a window: on a person mostly, and so that the window hardly leaves the picture."""
    height, width = alpha.shape
    x, y = chance.uniform(0, width), chance.uniform(0, height)
    if chance.random() < 0.85:
        for _ in range(10):
            if alpha[int(y), int(x)] > 127:
                break
            x, y = chance.uniform(0, width), chance.uniform(0, height)
    middle = []
    for at, whole, seen in ((x, width, window_wh[0]), (y, height, window_wh[1])):
        least, most = sorted((0.46 * seen, whole - 0.46 * seen))
        middle.append(float(np.clip(at, least, most)))
    return middle[0], middle[1]


def pasted(
    people: Sequence[Sizes], background: Example, size_wh: tuple[int, int], chance: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """People cut out of their photos, before a picture without any; later ones stand before earlier ones."""
    seen = _filling(background, size_wh, chance).astype(np.float32)
    if chance.random() < 0.4:
        seen = cv2.GaussianBlur(seen, (0, 0), chance.uniform(0.5, 3.0))
    matte = np.zeros(size_wh[::-1], np.float32)
    for person in people:
        rgb, alpha = part(person, size_wh, chance, far=True)
        share = alpha.astype(np.float32) / 255
        if chance.random() < 0.7:  # the rim of a drawn mask still shows the old background
            share = np.clip(cv2.GaussianBlur(share, (0, 0), 0.8) * 1.8 - 0.75, 0, 1)
        lit = (rgb.astype(np.float32) - 128) * chance.uniform(0.8, 1.15) + 128 + chance.normal(0, 14, 3)
        seen += share[..., None] * (lit.astype(np.float32) - seen)
        matte = np.maximum(share, matte)
    return np.asarray(np.clip(seen, 0, 255), np.uint8), np.asarray(255 * matte, np.uint8)


def _filling(background: Example, size_wh: tuple[int, int], chance: np.random.Generator) -> Pixels:
    """A part of a background in the size wanted, of any shape."""
    height, width = background.rgb.shape[:2]
    wide = min(width, height * size_wh[0] / size_wh[1]) * chance.uniform(0.6, 1.0)
    high = min(height, wide * size_wh[1] / size_wh[0])
    left, top = int(chance.uniform(0, width - wide + 1)), int(chance.uniform(0, height - high + 1))
    window = background.rgb[top : top + max(2, int(high)), left : left + max(2, int(wide))]
    if chance.random() < 0.5:
        window = window[:, ::-1]
    return np.asarray(cv2.resize(window, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def relit(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """A picture in other light, of another camera, or as a poorer copy."""
    out = rgb
    if chance.random() < 0.8:
        gamma, gain, contrast = np.exp(chance.normal(0, (0.25, 0.12, 0.15)))
        levels = (np.linspace(0, 1, 256)[:, None] ** gamma * gain - 0.5) * contrast + 0.5
        levels = levels * np.exp(chance.normal(0, 0.06, 3)) * 255
        out = np.stack([np.clip(levels[:, each], 0, 255).astype(np.uint8)[out[..., each]] for each in range(3)], axis=2)
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        colour = 0.0 if chance.random() < 0.07 else float(np.exp(chance.normal(0, 0.25)))
        out = np.asarray(cv2.addWeighted(out, colour, grey, 1 - colour, 0), np.uint8)
    kind = chance.random()
    if kind < 0.12:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), chance.uniform(0.4, 1.3)), np.uint8)
    elif kind < 0.22:
        noisy = out + chance.normal(0, chance.uniform(3, 13), out.shape)
        out = np.asarray(np.clip(noisy, 0, 255), np.uint8)
    if chance.random() < 0.25:
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(chance.uniform(25, 85))])
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return out


def sureness(alpha: Pixels, *, told: bool) -> Numbers:
    """How much each pixel of a matte counts (H, W): all of a drawn mask, of a teacher's answer what it is sure of."""
    if not told:
        return np.ones(alpha.shape, np.float32)
    apart = np.abs(alpha.astype(np.float32) / 127.5 - 1)
    return np.asarray(np.clip((apart - SURE) / (1 - SURE), 0.02, 1), np.float32)
