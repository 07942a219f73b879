"""Detection as a task of the trainer: boxes and classes of pictures, learnt by one network."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from closeup.algorithms.metrics.detection import ScoredBoxes, precision_figures
from closeup.core.boxes import clip, suppressed
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import FloatArray, Image
from closeup.documents.boxes import BoxedPicture
from closeup.learning.device import Precision
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices
from closeup.media.image import read_image, shrunk
from closeup.workbench.detection.network import FROZEN, detector_loss, places
from closeup.workbench.recipes.detector import DetectorRecipe

MEAN, STD = 127.0, 128.0
"""As EfficientNet-Lite0 was trained."""

GREY = 114
"""What is around a picture in its square."""

KEPT = 2
"""Pictures are kept in memory at so many times the side that the network sees, at most."""

LEAST_SEEN = 0.3
"""Share of a box that has to be left in a picture that was moved, for its thing to count."""

LEAST_PX = 2.0

WORTH = 0.01
"""Scores below this are no detections."""

MOST = 100
"""Boxes of a picture that count, the best ones."""

APART = 0.6
"""Of two boxes of a class that overlap by more than this IoU the better one stays."""

BATCH = 16


class DetectionTask:
    """What the trainer is given (a `learning.trainer.Task`).

    Attributes:
        network: That learns.
        val: Pictures that are chosen by.
        clipped: Boxes that reached out of their pictures, and were cut.
    """

    def __init__(
        self,
        recipe: DetectorRecipe,
        train: Sequence[BoxedPicture],
        val: Sequence[BoxedPicture],
        network: nn.Module,
        precision: Precision,
        progress: ProgressCallback,
    ) -> None:
        """Read the pictures.

        Raises:
            InputError: One of them cannot be read.
        """
        self.recipe, self.network, self._precision, self.clipped = recipe, network, precision, 0
        self._pictures: list[tuple[Image, float]] = []
        self._train, self.val = ([self._read(each, progress) for each in part] for part in (train, val))
        self._middles = places((recipe.input_px,) * 2).to(precision.device)

    def _read(self, each: BoxedPicture, progress: ProgressCallback) -> BoxedPicture:
        """Keep a picture, made smaller where it is large; gives it with its boxes cut to what there is."""
        progress(Progress("Reading", len(self._pictures), None, "pictures"))
        rgb = read_image(each.file)
        inside = clip(each.boxes_xyxy, (rgb.shape[1], rgb.shape[0]))
        self.clipped += int((np.abs(inside - each.boxes_xyxy) > 1).any(1).sum())
        factor = min(1.0, KEPT * self.recipe.input_px / max(rgb.shape[:2]))
        self._pictures.append((shrunk(rgb, KEPT * self.recipe.input_px), factor))
        return replace(each, boxes_xyxy=inside)

    def trainable(self, stage: int) -> Collection[str]:
        """Names of the parameters that move: never the backbone's early layers."""
        fixed = ("backbone.stem.", *(f"backbone.stages.{number}." for number in range(FROZEN)))
        still = ("backbone.",) if self.recipe.stages[stage].train == "answers" else fixed
        return [name for name, _ in self.network.named_parameters() if not name.startswith(still)]

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """All pictures (M,), in another order each epoch."""
        return np.random.default_rng(seed).permutation(len(self._train)).astype(np.intp)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """The loss of a batch of pictures (B,), each moved, mirrored and lit anew."""
        chance = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        views = [self.view(place, chance) for place in examples]
        device = self._precision.device
        pictures = as_input(np.stack([rgb for rgb, _, _ in views])).to(device)
        with self._precision.autocast():
            logits, boxes = self.network(pictures)
        truth = [torch.from_numpy(each).to(device) for _, each, _ in views]
        kinds = [torch.from_numpy(each).to(device) for _, _, each in views]
        return detector_loss(logits.float(), boxes.float(), truth, kinds, self._middles)

    def view(self, place: int, chance: np.random.Generator) -> tuple[Image, FloatArray, NDArray[np.int64]]:
        """A training picture (P, P, 3) as it is shown once, with boxes (M, 4) and classes (M,)."""
        recipe, (rgb, factor), own = self.recipe, self._pictures[place], self._train[place]
        px = recipe.input_px
        zoom = float(np.exp(chance.uniform(-1, 1) * np.log1p(recipe.zoom)))
        scale = zoom * px / max(rgb.shape[:2])
        spare = px - scale * np.array(rgb.shape[1::-1])
        shift = np.sort(np.stack([np.zeros(2), spare]), 0)
        left, top = chance.uniform(shift[0], shift[1])
        boxes = own.boxes_xyxy * np.float32(factor * scale) + np.array([left, top] * 2, np.float32)
        matrix = np.array([[scale, 0, left], [0, scale, top]])
        if chance.random() < recipe.horizontal_flip:
            matrix[0] = [-scale, 0, px - left]
            boxes[:, [0, 2]] = px - boxes[:, [2, 0]]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        moved = cv2.warpAffine(rgb, matrix, (px, px), flags=how, borderValue=(GREY,) * 3).astype(np.float32)
        contrast, brightness = 1 + recipe.light * chance.uniform(-1, 1, 2)
        lit = (moved - 127) * contrast + 127 * brightness
        seen = np.clip(boxes, 0, px)
        whole, part = ((each[:, 2:] - each[:, :2]).prod(1) for each in (boxes, seen))
        kept = (part >= LEAST_SEEN * whole) & ((seen[:, 2:] - seen[:, :2]).min(1, initial=px) >= LEAST_PX)
        return np.clip(lit, 0, 255).astype(np.uint8), np.asarray(seen[kept], np.float32), own.classes[kept]

    def evaluate(self, stage: int, network: nn.Module) -> tuple[dict[str, Any], float]:
        """Mean average precision on val; what is chosen by is the mean over IoUs."""
        figures = self.figures(self.detections(network))
        return dict(figures), figures["map50_95"]

    def figures(self, found: Sequence[ScoredBoxes]) -> Mapping[str, float]:
        """How good boxes (N, 4) with scores (N,) and classes (N,) of each picture of val are, as COCO counts it."""
        return precision_figures(found, [(each.boxes_xyxy, each.classes) for each in self.val])

    def detections(self, network: nn.Module) -> list[ScoredBoxes]:
        """Of each picture of val boxes (N, 4), in its own pixels, scores (N,) and classes (N,)."""
        network.eval()
        kept = self._pictures[len(self._train) :]
        found: list[ScoredBoxes] = []
        for start in range(0, len(kept), BATCH):
            part = kept[start : start + BATCH]
            squares = [in_square(rgb, self.recipe.input_px) for rgb, _ in part]
            with torch.no_grad(), self._precision.autocast():
                logits, boxes = network(as_input(np.stack([each for each, _ in squares])).to(self._precision.device))
            scores, corners = torch.sigmoid(logits.float()).cpu().numpy(), boxes.float().cpu().numpy()
            for place, ((rgb, factor), (_, scale)) in enumerate(zip(part, squares, strict=True)):
                inside = np.clip(corners[place] / scale, 0, np.array(rgb.shape[1::-1] * 2)) / factor
                found.append(best(inside.astype(np.float32), scores[place]))
        return found


def in_square(rgb: Image, px: int) -> tuple[Image, float]:
    """A picture (H, W, 3) fitted into the upper left of a square (P, P, 3), and by how much it was made smaller."""
    scale = px / max(rgb.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size_wh = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    square = np.full((px, px, 3), GREY, np.uint8)
    square[: size_wh[1], : size_wh[0]] = cv2.resize(rgb, size_wh, interpolation=how)
    return square, scale


def as_input(pictures: Image) -> Tensor:
    """Pictures (N, P, P, 3) as the network wants them."""
    scaled = (pictures.astype(np.float32) - np.float32(MEAN)) / np.float32(STD)
    return torch.from_numpy(scaled).permute(0, 3, 1, 2)


def best(boxes_xyxy: FloatArray, scores: FloatArray) -> ScoredBoxes:
    """The best detections of a picture, none much over a better one of its class.

    Args:
        boxes_xyxy: Of all places (P, 4).
        scores: Of all places for each class (P, K).
    """
    spots, kinds = np.nonzero(scores > WORTH)
    order = np.argsort(-scores[spots, kinds], kind="stable")[: 10 * MOST]
    spots, kinds = spots[order], kinds[order].astype(np.int64)
    kept = suppressed(boxes_xyxy[spots], scores[spots, kinds], APART, kinds)[:MOST]
    return boxes_xyxy[spots[kept]], scores[spots[kept], kinds[kept]], kinds[kept]
