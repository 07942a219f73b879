"""What colours and sharpness a picture in training has: each step on a batch (B, 3, P, P) float32, 0 to 255."""

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from closeup.learning.pytorch import torch
from closeup.workbench.recipes.recipe import AugmentRecipe
from closeup.workbench.training.augment_draws import Draws, both_ways

WHITE = 255.0

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""

_TO_YIQ = np.array([LUMA, (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135)])
"""RGB to brightness and two axes of colour (NTSC): turning the axes turns the hue and leaves the brightness."""
_FROM_YIQ = np.linalg.inv(_TO_YIQ)

BLUR_SHARES = (0.004, 0.02)
"""Smallest and largest sigma of the blur, as shares of the side: 0.4 to 1.9 pixels of 96."""

SHARPEN_AMOUNTS = (0.3, 1.2)
"""Smallest and largest share of what a blur of `SHARPEN_SHARE` of the side takes away that is added again."""
SHARPEN_SHARE = 0.01

JPEG_QUALITIES = (15.0, 75.0)
"""Smallest and largest quality, as the Independent JPEG Group counts it."""

RESOLUTION_SHARES = (0.2, 0.3, 0.4, 0.5, 0.65)
"""To which shares of its side a picture may be shrunk before it is enlarged again."""

ERASING_AREA = (0.02, 0.2)
"""Smallest and largest share of the picture that is painted over."""
ERASING_ASPECT = 3.0
"""Longest side of what is painted over, to its shortest."""


def recolours(recipe: AugmentRecipe) -> bool:
    """Whether the recipe changes colours."""
    changes = (recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue_deg, recipe.grey)
    return any(change > 0 for change in changes)


def greyed(pictures: Tensor) -> Tensor:
    """Pictures (B, 3, P, P) without colour, all three channels alike."""
    red, green, blue = pictures.unbind(1)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return luma[:, None].expand(-1, 3, -1, -1).contiguous()


def recoloured(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P) with other hue, saturation, contrast and brightness, as one matrix for each; not clipped.

    Contrast is stretched around the picture's own mean brightness, so that it does not change brightness as well.
    """
    contrast = (1 + recipe.contrast * both_ways(draws.contrast)).to(pictures.device)
    brightness = (WHITE * recipe.brightness * both_ways(draws.brightness)).to(pictures.device)
    matrices = contrast[:, None, None] * _colour_matrices(recipe, draws).to(pictures.device)
    mean_luma = pictures.mean((2, 3)) @ pictures.new_tensor(LUMA)
    offsets = (1 - contrast) * mean_luma + brightness
    flat = pictures.flatten(2)
    return torch.baddbmm(offsets[:, None, None].expand(-1, 3, 1), matrices, flat).view_as(pictures)


def _colour_matrices(recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """The matrix (B, 3, 3) of each picture's hue and saturation, which leaves brightness as it is."""
    amount = 1 + recipe.saturation * both_ways(draws.saturation)
    amount = torch.where(draws.grey < recipe.grey, 0.0, amount)
    turn = torch.deg2rad(recipe.hue_deg * both_ways(draws.hue))
    colours = amount.new_zeros((len(amount), 3, 3))
    colours[:, 0, 0] = 1
    colours[:, 1, 1] = colours[:, 2, 2] = amount * turn.cos()
    colours[:, 1, 2], colours[:, 2, 1] = -amount * turn.sin(), amount * turn.sin()
    to_yiq, from_yiq = (torch.from_numpy(m.astype(np.float32)) for m in (_TO_YIQ, _FROM_YIQ))
    return from_yiq @ colours @ to_yiq


def blurred(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P), those that chance chose blurred by a Gaussian of a sigma within `BLUR_SHARES`."""
    chosen = (draws.blur < recipe.blur).nonzero()[:, 0]
    if not len(chosen):
        return pictures
    low, high = (share * pictures.shape[-1] for share in BLUR_SHARES)
    sigmas = low + (high - low) * draws.blur_sigma[chosen]
    chosen = chosen.to(pictures.device)
    return pictures.index_copy(0, chosen, _smoothed(pictures[chosen], sigmas))


def sharpened(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P), those that chance chose with an unsharp mask of `SHARPEN_AMOUNTS`; not clipped."""
    chosen = (draws.sharpen < recipe.sharpen).nonzero()[:, 0]
    if not len(chosen):
        return pictures
    low, high = SHARPEN_AMOUNTS
    amounts = (low + (high - low) * draws.sharpen_amount[chosen]).to(pictures.device)
    chosen = chosen.to(pictures.device)
    plain = pictures[chosen]
    smooth = _smoothed(plain, torch.full((len(chosen),), SHARPEN_SHARE * pictures.shape[-1]))
    return pictures.index_copy(0, chosen, plain + amounts[:, None, None, None] * (plain - smooth))


def _smoothed(pictures: Tensor, sigmas: Tensor) -> Tensor:
    """Pictures (B, 3, P, P) blurred by Gaussians of sigmas (B,), pixels."""
    side = pictures.shape[-1]
    kernels = _gaussians(sigmas, math.ceil(3 * float(sigmas.max()))).to(pictures.device)
    layers = pictures.reshape(1, -1, side, side)
    kernels = kernels.repeat_interleave(3, 0)[:, None, None]  # one for each channel
    reach = kernels.shape[-1] // 2
    padded = functional.pad(layers, (reach, reach, reach, reach), mode="replicate")
    across = functional.conv2d(padded, kernels, groups=layers.shape[1])
    down = functional.conv2d(across, kernels.transpose(2, 3), groups=layers.shape[1])
    return down.view(-1, 3, side, side)


def _gaussians(sigmas: Tensor, reach: int) -> Tensor:
    """Kernels (B, 2*reach+1) of sigmas (B,) in pixels, each with sum 1."""
    places = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = torch.exp(-((places / sigmas[:, None]) ** 2) / 2)
    return weights / weights.sum(1, keepdim=True)


def coarsened(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P), those that chance chose shrunk to one of `RESOLUTION_SHARES` and enlarged again."""
    if not recipe.resolution:
        return pictures
    side = pictures.shape[-1]
    kinds = (draws.resolution_share * len(RESOLUTION_SHARES)).long()
    kinds = torch.where(draws.resolution < recipe.resolution, kinds, -1)
    for kind, share in enumerate(RESOLUTION_SHARES):
        chosen = (kinds == kind).nonzero()[:, 0].to(pictures.device)
        if len(chosen):
            small_px = max(round(share * side), 1)
            small = functional.interpolate(pictures[chosen], (small_px, small_px), mode="bilinear", antialias=True)
            again = functional.interpolate(small, (side, side), mode="bilinear", align_corners=False)
            pictures = pictures.index_copy(0, chosen, again)
    return pictures


def packed(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P), those that chance chose as JPEG gives them back at one of `JPEG_QUALITIES`.

    Each channel goes through JPEG's cosine transform in blocks of 8 pixels and is rounded by the standard's table for
    brightness (ITU-T T.81, annex K.1); colours are not packed apart from it, and sides are padded to whole blocks.
    """
    chosen = (draws.jpeg < recipe.jpeg).nonzero()[:, 0]
    if not len(chosen):
        return pictures
    low, high = JPEG_QUALITIES
    quality = low + (high - low) * draws.jpeg_quality[chosen]
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    steps = (scale[:, None, None] * torch.tensor(_JPEG_TABLE)).round().clamp(min=1).to(pictures.device)
    chosen = chosen.to(pictures.device)
    side = pictures.shape[-1]
    more = -side % 8
    padded = functional.pad(pictures[chosen], (0, more, 0, more), mode="replicate") - 128
    count = padded.shape[-1] // 8
    blocks = padded.reshape(-1, 3, count, 8, count, 8).transpose(3, 4)  # (B, 3, rows, columns, 8, 8)
    cosines = torch.from_numpy(_COSINES).to(pictures.device)
    steps = steps[:, None, None, None]
    rounded = (cosines @ blocks @ cosines.T / steps).round() * steps
    back = (cosines.T @ rounded @ cosines).transpose(3, 4).reshape(padded.shape) + 128
    return pictures.index_copy(0, chosen, back[..., :side, :side])


def _cosine_transform() -> NDArray[np.float32]:
    """The orthonormal matrix (8, 8) of the cosine transform."""
    places = np.arange(8)
    matrix = np.cos(np.pi * (2 * places + 1) * places[:, None] / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_COSINES = _cosine_transform()

_JPEG_TABLE = (
    (16.0, 11.0, 10.0, 16.0, 24.0, 40.0, 51.0, 61.0),
    (12.0, 12.0, 14.0, 19.0, 26.0, 58.0, 60.0, 55.0),
    (14.0, 13.0, 16.0, 24.0, 40.0, 57.0, 69.0, 56.0),
    (14.0, 17.0, 22.0, 29.0, 51.0, 87.0, 80.0, 62.0),
    (18.0, 22.0, 37.0, 56.0, 68.0, 109.0, 103.0, 77.0),
    (24.0, 35.0, 55.0, 64.0, 81.0, 104.0, 113.0, 92.0),
    (49.0, 64.0, 78.0, 87.0, 103.0, 121.0, 120.0, 101.0),
    (72.0, 92.0, 95.0, 98.0, 112.0, 100.0, 103.0, 99.0),
)
"""How coarsely JPEG rounds each cosine at quality 50."""


def noised(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P) with noise of a standard deviation up to `recipe.noise` of the range."""
    if not recipe.noise:
        return pictures
    # A generator of its own: the number of pixels must not move the one that the next batch draws from.
    own = torch.Generator(pictures.device).manual_seed(int(draws.noise_seed[0] * 2**24))
    noise = torch.randn(pictures.shape, generator=own, device=pictures.device)
    sigmas = (WHITE * recipe.noise * draws.noise_sigma).to(pictures.device)
    return pictures.addcmul(noise, sigmas[:, None, None, None])


def erased(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P), those that chance chose with a rectangle of one colour painted over.

    From: Z. Zhong et al., "Random Erasing Data Augmentation", AAAI 2020; with one colour for each rectangle.
    """
    hit = draws.erasing < recipe.erasing
    if not bool(hit.any()):
        return pictures
    low, high = ERASING_AREA
    area = low + (high - low) * draws.erasing_area
    aspect = ERASING_ASPECT ** both_ways(draws.erasing_aspect)
    across = _within(pictures.shape[-1], (area * aspect).sqrt(), draws.erasing_x)
    down = _within(pictures.shape[-1], (area / aspect).sqrt(), draws.erasing_y)
    covered = (hit[:, None, None] & down[:, :, None] & across[:, None, :]).to(pictures.device)
    colours = torch.stack([draws.erasing_red, draws.erasing_green, draws.erasing_blue], 1).to(pictures.device)
    return torch.where(covered[:, None], WHITE * colours[:, :, None, None], pictures)


def _within(side: int, shares: Tensor, places: Tensor) -> Tensor:
    """Which of `side` pixels (B, P) lie in a stretch of `shares` (B,) of the side; `places` (B,) are its freedom."""
    start = (1 - shares) * places
    centres = (torch.arange(side) + 0.5) / side
    return (centres >= start[:, None]) & (centres < (start + shares)[:, None])
