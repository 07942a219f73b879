"""The halo of portraits against a known truth: person, background, alpha and the lens's picture are made here.

    python benchmarks/portrait.py [--height 1080]
    python benchmarks/portrait.py --moves ../shared/data/person_ccp
    python benchmarks/portrait.py --sheet OUT ../shared

Bias: mean signed difference from the truth within the blur's radius outside of the matte; soft edge: mean absolute
difference where alpha is neither 0 nor 1; both in levels of 8 bits. The matte that is given is smooth, as a network's,
and a 270th of the height too small, right, or too large: 4 pixels at 1080. "plain" blurs all and lays the person over
it, as the original did; "masked" blurs what is not the person, in linear light, by a normalised kernel.

With --moves: how steady and how late mattes of video are, each frame by itself and held as `closeup portrait` does it.
People of photos with masks, which the network has not learnt from, are pasted before another photo, 640x360, with noise
of 2 levels in each frame. Noise: they stand still; standard deviation in time of alpha, in levels of 8 bits, mean over
the pixels within 4 of the true edge; and how many of these flicker by more than a level from one frame to the next.
Lag: they move to the right by 4 pixels a frame; by how many pixels the middle of the held matte lies behind that of the
frame's own.

With --sheet: 30 photos that the network has not learnt from, each in three ways in an order drawn by chance, to be
looked at without knowing which is which: closeup's portrait, the original's way (a hard mask, a box blur of the whole
picture) and "masked" by the soft matte of MediaPipe's selfie network; OUT/key.csv says which is which.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from closeup.algorithms.matting.focus import full_alpha
from closeup.algorithms.matting.lens import blur, kernel
from closeup.algorithms.matting.light import to_levels, to_light
from closeup.algorithms.matting.steady import SteadyMatte
from closeup.core.types import FloatArray, Image
from closeup.perception.matte import PersonMatte
from closeup.perception.shallow_focus import (
    VIDEO_PX,
    Lens,
    alpha_by,
    fitted_edges,
    small_picture,
)
from mattes import held_out_photos, rival

BLUR = 0.022
FRAMES, SPEED_PX, NOISE = 24, 4, 2.0
FILM_WH = (640, 360)
PEOPLE, SHEET = 6, 30


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
    return Lens(BLUR).portrait(picture, small, model.apply).astype(np.float32)


def film(person: Image, mask: FloatArray, ground: Image, speed_px: int) -> Iterator[tuple[Image, FloatArray]]:
    """Frames (H, W, 3) of a cut out person before a still background, and their true alpha (H, W)."""
    width, height = FILM_WH
    random = np.random.default_rng(3)
    for number in range(FRAMES):
        left = width // 4 + speed_px * (number - FRAMES // 2)
        move = np.array([[height / len(mask), 0, left], [0, height / len(mask), 0]])
        alpha = cv2.warpAffine(mask, move, FILM_WH, flags=cv2.INTER_AREA)
        pasted = cv2.warpAffine(person, move, FILM_WH, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        picture = alpha[..., None] * pasted + (1 - alpha[..., None]) * ground
        picture += random.normal(0, NOISE, picture.shape)
        yield np.clip(np.rint(picture), 0, 255).astype(np.uint8), np.asarray(alpha, np.float32)


def mattes(network: PersonMatte, pictures: list[Image], *, held: bool) -> list[FloatArray]:
    """Alpha (H, W) of each frame."""
    steady, found = SteadyMatte(), []
    for picture in pictures:
        small = small_picture(picture, VIDEO_PX)
        model = fitted_edges(small, network.alpha(small.image))
        alpha = full_alpha(picture, alpha_by(model, FILM_WH))
        found.append(steady.step(small.image, alpha) if held else alpha)
    return found


def middle(alpha: FloatArray) -> float:
    """Column of the middle of a matte (H, W)."""
    return float((alpha.sum(axis=0) * np.arange(alpha.shape[1])).sum() / max(float(alpha.sum()), 1e-6))


def moves(folder: Path) -> None:
    """Print how steady and how late mattes are."""
    network = PersonMatte()
    photos = held_out_photos(folder, folder.name.removeprefix("person_"))[: PEOPLE + 1]
    ground = np.asarray(cv2.resize(cv2.GaussianBlur(photos[-1][0][: len(photos[-1][0]) // 5], (0, 0), 2), FILM_WH))
    rows = {held: list[tuple[float, ...]]() for held in (False, True)}
    for rgb, mask in photos[:PEOPLE]:
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1)
        still, moving = (list(film(rgb, soft, ground, speed)) for speed in (0, SPEED_PX))
        own = list[float]()
        for held, found in rows.items():
            stay = np.stack(mattes(network, [picture for picture, _ in still], held=held)) * 255
            edge = still[0][1]
            near = cv2.dilate(edge, np.ones((9, 9))) - cv2.erode(edge, np.ones((9, 9))) > 0.5
            flicker = (np.abs(np.diff(stay[FRAMES // 3 :], axis=0)) > 1)[:, near].mean()
            move = [middle(alpha) for alpha in mattes(network, [picture for picture, _ in moving], held=held)]
            own = own or move
            late = np.subtract(own, move)[FRAMES // 3 :]
            found.append(
                (float(stay[FRAMES // 3 :].std(axis=0)[near].mean()), 100 * float(flicker), float(np.mean(late)))
            )
    for name, found in rows.items():
        noise, flicker, late = np.mean(found, axis=0)
        print(
            f"{name}: noise {noise:.2f} levels, {flicker:.1f} % flicker; {late:+.2f} px late at {SPEED_PX} px a frame"
        )


def boxed(picture: Image, alpha: FloatArray, radius_px: float) -> FloatArray:
    """The original's way to the letter, (H, W, 3): a hard mask, and a box blur of the whole picture."""
    share = (alpha > 0.5)[..., None]
    return np.where(share, picture, cv2.blur(picture, (2 * round(radius_px) + 1,) * 2)).astype(np.float32)


def sheet(out: Path, shared: Path) -> None:
    """Write a sheet of photos in three ways, and the key to it."""
    out.mkdir(parents=True, exist_ok=True)
    network, theirs = PersonMatte(), rival(shared / "models" / "selfie_segmentation.onnx")
    random, key = np.random.default_rng(11), ["photo,left,middle,right"]
    photos = [
        each for name in ("ccp", "humanseg") for each in held_out_photos(shared / "data" / f"person_{name}", name)
    ]
    for number, place in enumerate(np.linspace(0, len(photos) - 1, SHEET).astype(int), 1):
        rgb = photos[place][0]
        small = small_picture(rgb)
        radius_px, alpha = BLUR * len(rgb), np.clip(theirs(rgb), 0, 1)
        ways = {
            "closeup": Lens(BLUR).portrait(rgb, small, fitted_edges(small, network.alpha(small.image)).apply),
            "original": boxed(rgb, alpha, radius_px),
            "mediapipe masked": masked(rgb, alpha, radius_px),
        }
        names = [str(name) for name in random.permutation(list(ways))]
        row = np.hstack([np.clip(np.rint(ways[name]), 0, 255).astype(np.uint8) for name in names])
        cv2.imwrite(str(out / f"{number:02d}.png"), np.ascontiguousarray(row[..., ::-1]))
        key.append(f"{number},{','.join(names)}")
    (out / "key.csv").write_text("\n".join(key) + "\n", encoding="utf-8")


def main() -> None:
    """Print the tables, or write the sheet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--moves", type=Path, help="person_ccp or person_humanseg: measure mattes of video")
    parser.add_argument("--sheet", type=Path, nargs=2, metavar=("OUT", "SHARED"), help="photos in three ways")
    asked = parser.parse_args()
    if asked.sheet:
        sheet(*asked.sheet)
        return
    if asked.moves:
        moves(asked.moves)
        return
    height = asked.height
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
