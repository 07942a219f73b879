"""closeup's matte beside MediaPipe's selfie network, on photos that ours has not learnt from, in the same run.

MediaPipe's network sees the photo stretched to its square, as its makers' graph does. Mattes are compared in the
photo's own size, without any refinement. Masks were drawn hard, so that an error of half a pixel all around is theirs.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench import Bench
from closeup.core.types import Image
from closeup.perception.matte import PersonMatte
from closeup.weights.session import open_session
from tables import Claim, Section, Table

sys.path.append(str(Path(__file__).resolve().parent.parent / "recipes"))
from matte_data import held_out

Numbers = NDArray[np.float64]
Matting = Callable[[Image], NDArray[np.float32]]

OURS, RIVAL = "closeup matte", "MediaPipe selfie"
RIVAL_PX = 256
WANTED = {"ccp": 0.95, "humanseg": 0.91}
QUICK_PICTURES = 8

BOUNDARY = 0.02
"""Width of the band in which edges are compared, in diagonals of the picture (Cheng et al., Boundary IoU, 2021)."""

GRADIENT_SIGMA = 1.4
"""Of the Gaussian derivatives of the gradient error (Rhemann et al. 2009)."""

FIGURES = ("IoU", "boundary IoU", "SAD, thousands", "MSE, thousandths", "gradient")
COLUMNS = ("photos", "network", "number", *FIGURES, "ms a photo")

LARGE, SMALL = 0.35, 0.12
"""From this share of the photo on a person is called close, and below the other far."""


def measure(bench: Bench) -> Section:
    """Ask both networks about every photo that is held out, one thread each."""
    networks = {OURS: PersonMatte().alpha, RIVAL: rival(bench.shared / "models" / "selfie_segmentation.onnx")}
    rows, kinds, claims = [], [], []
    for source, wanted in WANTED.items():
        photos = held_out_photos(bench.shared / "data" / f"person_{source}", source)
        photos = photos[: QUICK_PICTURES if bench.quick else None]
        means = {}
        labels = np.array([kind(mask) for _, mask in photos])
        for name, network in networks.items():
            figures, took_ms = all_figures(network, photos)
            means[name] = figures.mean(axis=0)
            rows.append((f"person_{source}", name, len(photos), *rounded(means[name]), round(took_ms, 1)))
            for label in sorted(set(labels)):
                chosen = figures[labels == label]
                kinds.append((f"person_{source}, {label}", name, len(chosen), *rounded(chosen.mean(axis=0))))
        ours, theirs = means[OURS][0], means[RIVAL][0]
        claims += [
            Claim(f"person_{source}: mean IoU of {ours:.3f} is {wanted} or more", bool(ours >= wanted)),
            Claim(f"person_{source}: mean IoU is above MediaPipe's {theirs:.3f}", bool(ours > theirs)),
        ]
    note = "IoU of what is more than half a person; processor time of one thread, reading the photo left out."
    tables = (
        Table("Mattes of photos held out", COLUMNS, tuple(rows), note),
        Table("By kind of photo", COLUMNS[:-1], tuple(sorted(kinds))),
    )
    return Section("Matte", tables, tuple(claims))


def rival(path: Path) -> Matting:
    """MediaPipe's network: a photo (H, W, 3) to its matte (H, W)."""
    session = open_session(path)

    def alpha(rgb: Image) -> NDArray[np.float32]:
        square = cv2.resize(rgb, (RIVAL_PX, RIVAL_PX), interpolation=cv2.INTER_LINEAR)
        answer = session.run(np.ascontiguousarray(square[None], np.float32) / 255).reshape(RIVAL_PX, RIVAL_PX)
        return np.asarray(cv2.resize(answer, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)

    return alpha


def held_out_photos(folder: Path, source: str) -> list[tuple[Image, NDArray[np.bool_]]]:
    """The photos (H, W, 3) of a set that ours has not learnt from, and their masks (H, W)."""
    found = []
    for path in sorted((folder / "images").iterdir()):
        if held_out(source, path.stem):
            rgb = np.ascontiguousarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1])
            mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
            found.append((rgb, np.asarray(mask > 0)))
    return found


def kind(mask: NDArray[np.bool_]) -> str:
    """What is in a photo, by its mask (H, W): several people, or one who is close, far or in between."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA] if count > 1 else np.zeros(1)
    if (areas > 0.2 * areas.max()).sum() > 1:
        return "in several parts"
    share = mask.mean()
    return "close" if share >= LARGE else "far" if share < SMALL else "in between"


def all_figures(network: Matting, photos: list[tuple[Image, NDArray[np.bool_]]]) -> tuple[Numbers, float]:
    """Figures (N, 5) of a network, and the processor time that it took for a photo, ms."""
    network(photos[0][0])
    figures, took_s = [], 0.0
    for rgb, mask in photos:
        started = time.process_time()
        alpha = network(rgb)
        took_s += time.process_time() - started
        figures.append(matte_figures(alpha, mask))
    return np.array(figures), 1000 * took_s / len(photos)


def matte_figures(alpha: NDArray[np.float32], mask: NDArray[np.bool_]) -> tuple[float, ...]:
    """`FIGURES` of a matte (H, W) against a mask (H, W)."""
    found, right = alpha > 0.5, mask
    apart = alpha.astype(np.float64) - right
    return (
        overlap(found, right),
        overlap(found & band(found), right & band(right)),
        float(np.abs(apart).sum() / 1000),
        float(np.square(apart).mean() * 1000),
        gradient_error(alpha, right.astype(np.float32)),
    )


def overlap(found: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    either = (found | right).sum()
    return float((found & right).sum() / either) if either else 1.0


def band(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of a mask lies near its edge; the picture's rim is no edge of a person who goes on beyond it."""
    width = max(1, round(BOUNDARY * float(np.hypot(*mask.shape))))
    square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    inner = cv2.erode(mask.astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray(inner == 0)


def gradient_error(alpha: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Sum of squared differences of the gradients' lengths, thousands (Rhemann et al. 2009)."""
    lengths = []
    for matte in (alpha, right):
        smooth = cv2.GaussianBlur(matte.astype(np.float64), (0, 0), GRADIENT_SIGMA)
        lengths.append(np.hypot(np.gradient(smooth, axis=0), np.gradient(smooth, axis=1)))
    return float(np.square(lengths[0] - lengths[1]).sum() / 1000)


def rounded(figures: Numbers) -> tuple[float, ...]:
    """Figures with the digits that mean something."""
    return tuple(round(float(value), 3) for value in figures)
