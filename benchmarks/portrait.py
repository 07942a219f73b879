"""The halo of portraits against a known truth: person, background, alpha and the lens's picture are made here.

    python benchmarks/portrait.py [--height 1080]

Bias: mean signed difference from the truth within the blur's radius outside of the matte; soft edge: mean absolute
difference where alpha is neither 0 nor 1; both in levels of 8 bits. The matte that is given is smooth, as a network's,
and a 270th of the height too small, right, or too large: 4 pixels at 1080. "plain" blurs all and lays the person over
it, as the original did; "masked" blurs what is not the person, in linear light, by a normalised kernel.
"""

import argparse
import time

import cv2
import numpy as np

from closeup.algorithms.matting.lens import blur, kernel
from closeup.algorithms.matting.light import to_levels, to_light
from closeup.core.types import FloatArray, Image
from closeup.perception.shallow_focus import Lens, fitted_edges, small_picture

BLUR = 0.022


def texture(random: np.random.Generator, size_wh: tuple[int, int], mean: float, spread: float) -> FloatArray:
    """Light (H, W, 3) of all sizes of detail, the larger the stronger."""
    width, height = size_wh
    light = np.zeros((height, width, 3), np.float32)
    for cell in (height // 135, height // 34, height // 8, height // 3):
        rough = random.standard_normal((height // cell + 2, width // cell + 2, 3)).astype(np.float32) / 2
        rough += random.standard_normal((*rough.shape[:2], 1)).astype(np.float32)
        light += cv2.resize(rough, size_wh, interpolation=cv2.INTER_CUBIC) * np.float32(np.sqrt(cell))
    return np.clip(mean + spread * light / light.std(), 0.008, 0.75).astype(np.float32)


def outline(random: np.random.Generator, size_wh: tuple[int, int]) -> FloatArray:
    """Alpha (H, W) of a head with hair and shoulders."""
    width, height = size_wh
    mask, x, y = np.zeros((height * 2, width * 2), np.uint8), width, height * 2 // 3
    across, down = height * 5 // 18, height * 10 // 27
    cv2.ellipse(mask, (x, y), (across, down), 0, 0, 360, 255, -1)
    cv2.ellipse(mask, (x, height * 21 // 10), (height * 7 // 10, height * 28 // 27), 0, 180, 360, 255, -1)
    for angle in random.uniform(np.pi, 2 * np.pi, 220):
        points = [np.array([x + across * np.cos(angle), y + down * np.sin(angle)])]
        way = np.array([np.cos(angle), np.sin(angle)]) + random.normal(0, 0.5, 2)
        for _ in range(4):
            way = way + random.normal(0, 0.25, 2)
            points.append(points[-1] + way / np.linalg.norm(way) * height / 120)
        cv2.polylines(mask, [np.array(points, np.int32)], False, 255, height // 400, cv2.LINE_AA)
    alpha = cv2.GaussianBlur(cv2.resize(mask, size_wh, interpolation=cv2.INTER_AREA), (0, 0), 0.7) / np.float32(255)
    alpha[alpha < 0.004], alpha[alpha > 0.996] = 0, 1
    return np.asarray(alpha, np.float32)


def given(alpha: FloatArray, wrong_px: float) -> FloatArray:
    """A network's matte (H, W), whose edge lies `wrong_px` outside of the true one's."""
    inside = (cv2.GaussianBlur(alpha, (0, 0), len(alpha) / 180) > 0.45).astype(np.uint8)
    far = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.clip(0.5 + (far + wrong_px) / (len(alpha) / 135), 0, 1).astype(np.float32)


def plain(picture: Image, alpha: FloatArray, radius_px: float) -> FloatArray:
    """The original's way, (H, W, 3)."""
    share = alpha[..., None]
    return share * picture + (1 - share) * blur(picture.astype(np.float32), kernel(radius_px))


def masked(picture: Image, alpha: FloatArray, radius_px: float) -> FloatArray:
    """The background alone, by a normalised kernel in linear light, (H, W, 3)."""
    share, light, point = alpha[..., None], to_light(picture), kernel(radius_px)
    behind = blur(light * (1 - share), point) / np.maximum(blur(np.repeat(1 - share, 3, axis=2), point), 1e-4)
    return to_levels(share * light + (1 - share) * behind)


def ours(picture: Image, alpha: FloatArray) -> FloatArray:
    """What `closeup portrait` does of this matte, (H, W, 3)."""
    small = small_picture(picture)
    size_wh = small.image.shape[1], small.image.shape[0]
    model = fitted_edges(small, np.asarray(cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA), np.float32))
    return Lens(BLUR).portrait(picture, small, model).astype(np.float32)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--height", type=int, default=1080)
    height = parser.parse_args().height
    size_wh, radius_px = (height * 16 // 9, height), BLUR * height
    random = np.random.default_rng(1)
    alpha, ground = outline(random, size_wh), texture(random, size_wh, 0.22, 0.07)
    soft = (alpha > 0) & (alpha < 1)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(radius_px) + 1,) * 2)
    ring = (cv2.dilate((alpha > 0).astype(np.uint8), around) > 0) & (alpha == 0)
    print(f"{size_wh[0]}x{height}: bias / soft edge, in levels; processor seconds of ours")
    for name, mean, spread in (
        ("dark flat", 0.03, 0),
        ("dark", 0.03, 0.01),
        ("light flat", 0.55, 0),
        ("light", 0.55, 0.07),
    ):
        person, share = texture(random, size_wh, mean, spread), alpha[..., None]
        picture = np.rint(to_levels(share * person + (1 - share) * ground)).astype(np.uint8)
        truth = to_levels(share * person + (1 - share) * blur(ground, kernel(radius_px)))
        for wrong in (-height / 270, 0, height / 270):
            matte = given(alpha, wrong)
            started = time.process_time()
            made = {"ours": ours(picture, matte)}
            took_s = time.process_time() - started
            made |= {"plain": plain(picture, matte, radius_px), "masked": masked(picture, matte, radius_px)}
            cells = [
                f"{n} {(p - truth)[ring].mean():+.2f} / {np.abs(p - truth)[soft].mean():.2f}" for n, p in made.items()
            ]
            print(f"{name}, matte {wrong:+.0f} px: {'; '.join(cells)}; {took_s:.1f} s", flush=True)


if __name__ == "__main__":
    main()
