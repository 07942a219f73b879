"""The chances of a batch: a fixed number of draws for each picture, whatever the recipe uses of them."""

from dataclasses import dataclass, fields

from torch import Tensor

from closeup.learning.pytorch import torch


@dataclass(frozen=True, slots=True)
class Draws:
    """Uniform numbers from 0 to 1, (B,) float32 on the CPU, one for each thing that may happen to each picture.

    All are drawn whether used or not: two recipes that differ in one augmentation do the same to a picture
    otherwise, so that runs with and without it can be compared in pairs.
    """

    crop_area: Tensor
    crop_x: Tensor
    crop_y: Tensor
    shift_x: Tensor
    shift_y: Tensor
    zoom: Tensor
    rotation: Tensor
    mirror: Tensor
    overturn: Tensor
    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    hue: Tensor
    grey: Tensor
    blur: Tensor
    blur_sigma: Tensor
    resolution: Tensor
    resolution_share: Tensor
    noise_sigma: Tensor
    noise_seed: Tensor
    erasing: Tensor
    erasing_area: Tensor
    erasing_aspect: Tensor
    erasing_x: Tensor
    erasing_y: Tensor
    erasing_red: Tensor
    erasing_green: Tensor
    erasing_blue: Tensor
    sharpen: Tensor
    sharpen_amount: Tensor
    jpeg: Tensor
    jpeg_quality: Tensor


def draw(count: int, generator: torch.Generator) -> Draws:
    """Draw for `count` pictures; the generator moves on by as much for every recipe."""
    table = torch.rand((len(fields(Draws)), count), generator=generator, device=generator.device)
    return Draws(*table.cpu())


def both_ways(draws: Tensor) -> Tensor:
    """Numbers (B,) from 0 to 1 as numbers from -1 to 1."""
    return 2 * draws - 1
