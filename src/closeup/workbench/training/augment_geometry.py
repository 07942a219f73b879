"""Where a picture in training looks: crop, shift, zoom, turn and mirror as one map, sampled once."""

from torch import Tensor
from torch.nn import functional

from closeup.learning.pytorch import torch
from closeup.workbench.recipes.recipe import AugmentRecipe
from closeup.workbench.training.augment_draws import Draws, both_ways

FACE_XY = (0.5, 0.25)
"""What a crop by the face keeps, as shares of the sides: the middle of the upper half."""

MOST_SHRUNK = 1.5
"""Pictures more than so many times as large as the network's input are shrunk by area first: bilinear sampling would
skip pixels."""


def resized(pictures: Tensor, out_px: int) -> Tensor:
    """Pictures (B, 3, S, S) in the size (B, 3, out_px, out_px), float32, 0 to 255; shrunk by area, enlarged bilinearly.

    Args:
        pictures: uint8 or float32, square.
        out_px: The side wanted.
    """
    if pictures.shape[-1] != out_px:
        if pictures.device.type != "cpu":
            pictures = pictures.float()  # only the CPU resizes bytes, and does that five times as fast
        size = (out_px, out_px)
        pictures = functional.interpolate(pictures, size, mode="bilinear", antialias=True, align_corners=False)
    return pictures.to(torch.float32, memory_format=torch.contiguous_format)


def moves(recipe: AugmentRecipe) -> bool:
    """Whether the recipe takes pixels to places between pixels; mirroring alone does not."""
    return recipe.crop < 1 or recipe.shift > 0 or recipe.zoom > 0 or recipe.rotation_deg > 0


def mirrored(pictures: Tensor, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, P, P), those that chance chose mirrored or stood on their heads, to the pixel."""
    for share, draw, axis in ((recipe.horizontal_flip, draws.mirror, 3), (recipe.vertical_flip, draws.overturn, 2)):
        chosen = (draw < share).nonzero()[:, 0].to(pictures.device)
        if len(chosen):
            pictures = pictures.index_copy(0, chosen, pictures[chosen].flip(axis))
    return pictures


def warped(pictures: Tensor, out_px: int, recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """Pictures (B, 3, S, S) cropped, moved, zoomed, turned and mirrored: (B, 3, out_px, out_px) float32, 0 to 255.

    Beyond a picture's edge its outermost pixels go on, as in every crop that closeup cuts.
    """
    size = min(pictures.shape[-1], round(out_px * MOST_SHRUNK))
    pictures = resized(pictures, size)
    maps = sampling_maps(recipe, draws).to(pictures.device)
    grid = functional.affine_grid(maps, [len(pictures), 3, out_px, out_px], align_corners=False)
    return functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)


def sampling_maps(recipe: AugmentRecipe, draws: Draws) -> Tensor:
    """For each picture the map (B, 2, 3) from places in the result to places in the picture.

    Both run from -1 to 1 between the outer edges, as torch's affine_grid takes them.
    """
    side = (recipe.crop + (1 - recipe.crop) * draws.crop_area).sqrt()
    middle_x, middle_y = _crop_middle(recipe, draws, side)
    scale = side / (1 + recipe.zoom) ** both_ways(draws.zoom)
    turn = torch.deg2rad(recipe.rotation_deg * both_ways(draws.rotation))
    flip_x = torch.where(draws.mirror < recipe.horizontal_flip, -1.0, 1.0)
    flip_y = torch.where(draws.overturn < recipe.vertical_flip, -1.0, 1.0)
    cos, sin = turn.cos() * scale, turn.sin() * scale
    xx, xy, yx, yy = cos * flip_x, -sin * flip_y, sin * flip_x, cos * flip_y
    # A share of the side is two of these units times that share.
    shift_x, shift_y = 2 * recipe.shift * both_ways(draws.shift_x), 2 * recipe.shift * both_ways(draws.shift_y)
    x = middle_x - xx * shift_x - xy * shift_y
    y = middle_y - yx * shift_x - yy * shift_y
    return torch.stack([torch.stack([xx, xy, x], 1), torch.stack([yx, yy, y], 1)], 1)


def _crop_middle(recipe: AugmentRecipe, draws: Draws, side: Tensor) -> tuple[Tensor, Tensor]:
    """Where the middles (B,) of crops lie, from -1 to 1; `side` (B,) is their share of the picture's."""
    if recipe.crop_centre == "random":
        return (1 - side) * both_ways(draws.crop_x), (1 - side) * both_ways(draws.crop_y)
    wanted = FACE_XY if recipe.crop_centre == "face" else (0.5, 0.5)
    room = 1 - side  # a crop does not reach beyond the picture
    x, y = (torch.full_like(side, 2 * share - 1).clamp(-room, room) for share in wanted)
    return x, y
