"""From stored pixels to what the network sees: resized, changed by chance in training, and normalised."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from closeup.learning.pytorch import torch
from closeup.workbench.recipes.recipe import AugmentRecipe
from closeup.workbench.training import augment_geometry as geometry
from closeup.workbench.training import augment_pixels as colouring
from closeup.workbench.training.augment_draws import draw


@dataclass(frozen=True, slots=True)
class Mixed:
    """A batch in which each picture may hold a part of another.

    The loss is `share` times that of each picture's own labels plus the rest times that of its partner's.

    Attributes:
        pictures: (B, 3, P, P) float32, normalised.
        partner: (B,) int64, whose part each picture holds.
        share: How much of each picture is its own, 0 to 1; 1 where nothing was mixed.
    """

    pictures: Tensor
    partner: Tensor
    share: float


class Augmenter:
    """Makes batches for the network out of stored pictures, on the device that the pictures lie on.

    The whole batch goes through each step at once: one map for everything that moves pixels, sampled once, one matrix
    for everything that changes colours. What chance does is drawn from the generator that is given, and from nothing
    else: the same state gives the same batch.
    """

    def __init__(
        self,
        recipe: AugmentRecipe,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
        *,
        grey: bool = False,
    ) -> None:
        """Remember what may happen.

        Args:
            recipe: What may happen to a picture, within the ranges that `recipe_file` lets through.
            mean: Of each channel of 0 to 255; subtracted.
            std: Of each channel; divided by.
            grey: Whether pictures lose their colour, in training and judging.
        """
        self.recipe = recipe
        self._grey = grey
        self._mean, self._std = torch.tensor(mean), torch.tensor(std)

    @property
    def mixes(self) -> bool:
        """Whether the recipe mixes pictures: `mix` then has something to do."""
        return self.recipe.mixup > 0 or self.recipe.cutmix > 0

    def __call__(self, pixels: Tensor, out_px: int, generator: torch.Generator) -> Tensor:
        """A batch for training: (B, 3, out_px, out_px) float32, normalised, channels last in memory.

        Args:
            pixels: (B, S, S, 3) uint8, RGB.
            out_px: Side of what the network sees.
            generator: Moved on by as much for every recipe.
        """
        draws = draw(len(pixels), generator)
        pictures = pixels.permute(0, 3, 1, 2)
        if geometry.moves(self.recipe):
            pictures = geometry.warped(pictures, out_px, self.recipe, draws)
        else:
            pictures = geometry.mirrored(geometry.resized(pictures, out_px), self.recipe, draws)
        if colouring.recolours(self.recipe):
            pictures = colouring.recoloured(pictures, self.recipe, draws).clamp_(0, colouring.WHITE)
        pictures = colouring.blurred(pictures, self.recipe, draws)
        pictures = colouring.sharpened(pictures, self.recipe, draws)
        pictures = colouring.coarsened(pictures, self.recipe, draws)
        pictures = colouring.packed(pictures, self.recipe, draws)
        pictures = colouring.noised(pictures, self.recipe, draws).clamp(0, colouring.WHITE)
        return self._normalised(colouring.erased(pictures, self.recipe, draws))

    def plain(self, pixels: Tensor, out_px: int) -> Tensor:
        """A batch for judging, without chance: pixels (B, S, S, 3) uint8 to (B, 3, out_px, out_px) float32.

        Normalised, channels last in memory.
        """
        return self._normalised(geometry.resized(pixels.permute(0, 3, 1, 2), out_px))

    def mix(self, pictures: Tensor, generator: torch.Generator) -> Mixed:
        """Mix the pictures (B, 3, P, P) of a batch with each other, as the recipe asks.

        With both mixup and CutMix, each batch takes one of them, evenly. Both share out the batch as a whole.

        From: H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018; S. Yun et al., "CutMix:
        Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV 2019.

        Args:
            pictures: A batch, as `__call__` gives it.
            generator: Moved on by one number.
        """
        if not self.mixes:
            return Mixed(pictures, torch.arange(len(pictures), device=pictures.device), 1.0)
        seed = torch.randint(2**62, (), generator=generator, device=generator.device)
        chance = np.random.default_rng(int(seed))
        order = chance.permutation(len(pictures))
        partner = torch.from_numpy(order).to(pictures.device)
        cut = chance.random() < 0.5 if self.recipe.mixup and self.recipe.cutmix else self.recipe.cutmix > 0
        if cut:
            return _cut_in(pictures, partner, chance, self.recipe.cutmix)
        share = float(chance.beta(self.recipe.mixup, self.recipe.mixup))
        return Mixed(torch.lerp(pictures[partner], pictures, share), partner, share)

    def _normalised(self, pictures: Tensor) -> Tensor:
        if self._grey:  # last: noise and what is painted over have colours too
            pictures = colouring.greyed(pictures)
        mean, std = (values.to(pictures.device)[:, None, None] for values in (self._mean, self._std))
        return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)


def _cut_in(pictures: Tensor, partner: Tensor, chance: np.random.Generator, alpha: float) -> Mixed:
    """Put a rectangle of each partner in its place; what is cut off at the edge does not count."""
    side = pictures.shape[-1]
    half = np.sqrt(1 - chance.beta(alpha, alpha)) * side / 2
    middle = chance.integers(0, side, 2)
    (top, left), (bottom, right) = (np.clip(np.round(middle + way), 0, side).astype(int) for way in (-half, half))
    mixed = pictures.clone(memory_format=torch.preserve_format)
    mixed[:, :, top:bottom, left:right] = pictures[partner, :, top:bottom, left:right]
    return Mixed(mixed, partner, 1 - float((bottom - top) * (right - left)) / side**2)
