"""A detector without anchors: where things lie on a picture, and of which class.

EfficientNet-Lite0 (Tan and Le 2019) without its last layers, a pyramid of three levels (an eighth, a sixteenth and a
thirty-second of the picture's sides) that goes down and up again, and at each place of each level a score for each
class and the distances to the four sides of a box (FCOS, Tian et al. 2019). The early layers and all batch norms of
the backbone stay as ImageNet taught them: their backward pass is what costs, and a few hundred pictures would teach
them nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from closeup.learning.pytorch import torch
from closeup.workbench.training.network import Network, new_backbone
from closeup.workbench.training.weights import load_start

ARCHITECTURE = "tf_efficientnet_lite0"

CHANNELS = (40, 112, 192)
"""Of the backbone at an eighth, a sixteenth and a thirty-second."""

STRIDES = (8, 16, 32)

WIDTH = 64
"""Channels of the pyramid and of what answers."""

DEEPEST = 2
"""Layers of the backbone's last kept stage; those after them hold most weights and see hardly more."""

FROZEN = 3
"""Stages of the backbone that never learn."""

MULTIPLE = 32
"""The picture's sides are multiples of this."""

CANDIDATES = 9
"""Places that learn each thing, at most."""


def _layer(before: int, after: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class Backbone(nn.Module):
    """EfficientNet-Lite0 up to its last but one stage: features at an eighth, a sixteenth and a thirty-second."""

    def __init__(self) -> None:
        super().__init__()
        whole: Any = new_backbone(ARCHITECTURE)
        load_start(Network(whole, 1, (), 0.0), "imagenet", ARCHITECTURE, Path())
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        *stages, last = list(whole.blocks)[:6]
        self.stages = nn.ModuleList([*stages, last[:DEEPEST]])
        _folded(self)
        _fixed_padding(self)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Features of the three levels, the finest first."""
        with torch.no_grad():
            level, kept = self.stem(pictures), []
            for stage in self.stages[:FROZEN]:
                level = stage(level)
        kept.append(level)
        for number, stage in enumerate(self.stages[FROZEN:], FROZEN):
            level = stage(level)
            if number != FROZEN:
                kept.append(level)
        return kept


def _folded(module: nn.Module) -> None:
    """Put each batch norm, which never learns here, into the convolution before it; its activation stays."""
    convolution = ""
    for name, child in module.eval().named_children():
        if isinstance(child, nn.Conv2d):
            convolution = name
        elif isinstance(child, nn.BatchNorm2d):
            setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), child))
            rest: Any = child
            setattr(module, name, nn.Sequential(rest.drop, rest.act))
        else:
            _folded(child)


def _fixed_padding(module: nn.Module) -> None:
    """TensorFlow pads a convolution of stride 2 on the right and below first; here by layers that any file can hold."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d) and child.stride == (2, 2):
            size = child.kernel_size[0]
            plain = nn.Conv2d(
                child.in_channels, child.out_channels, size, 2, 0, groups=child.groups, bias=child.bias is not None
            )
            plain.load_state_dict(child.state_dict())
            before = (size - 2) // 2
            setattr(module, name, nn.Sequential(nn.ZeroPad2d((before, size - 2 - before) * 2), plain))
        else:
            _fixed_padding(child)


class DetectorNetwork(nn.Module):
    """From pictures (N, 3, H, W), normalised, to scores and a box at each place; H and W are multiples of 32."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.sides = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in CHANNELS)
        self.down = nn.ModuleList(_layer(WIDTH, WIDTH) for _ in STRIDES[:-1])
        self.up = nn.ModuleList(_layer(WIDTH, WIDTH, 3, 2) for _ in STRIDES[:-1])
        self.towers = nn.ModuleList(nn.Sequential(_layer(WIDTH, WIDTH), _layer(WIDTH, WIDTH)) for _ in STRIDES)
        self.answers = nn.ModuleList(nn.Conv2d(WIDTH, classes + 4, 1) for _ in STRIDES)
        answer: Any
        for answer in self.answers:
            nn.init.normal_(answer.weight, std=0.01)
            answer.bias.data = torch.tensor([-3.0] * classes + [0.7] * 4)  # 5 % are things, of four steps each way

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, P, K) and boxes (N, P, 4), xyxy in pixels of the pictures, of all places, finest level first."""
        levels = [side(level) for side, level in zip(self.sides, self.backbone(pictures), strict=True)]
        for fine in (1, 0):
            above = nn.functional.interpolate(levels[fine + 1], scale_factor=2.0, mode="nearest")
            levels[fine] = self.down[fine](levels[fine] + above)
        for coarse in (1, 2):
            levels[coarse] = levels[coarse] + self.up[coarse - 1](levels[coarse - 1])
        found = [
            _boxes(answer(tower(level)), stride)
            for level, tower, answer, stride in zip(levels, self.towers, self.answers, STRIDES, strict=True)
        ]
        return torch.cat([logits for logits, _ in found], 1), torch.cat([boxes for _, boxes in found], 1)


def _boxes(answer: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Logits (N, P, K) and boxes (N, P, 4) of one level's answers (N, K + 4, H, W)."""
    flat = answer.flatten(2).transpose(1, 2)
    ones = torch.ones_like(answer[:1, 0])  # sums of ones count places, so that a file serves pictures of any size
    middles = _middles(ones)
    sides = flat[..., -4:].clamp(-4, 4).exp()
    boxes = torch.cat([middles - sides[..., :2], middles + sides[..., 2:]], -1) * stride
    return flat[..., :-4], boxes


def _middles(ones: Tensor) -> Tensor:
    """The middle (1, P, 2) of each place of a level, x and y in steps, from ones (1, H, W)."""
    return torch.stack([ones.cumsum(2) - 0.5, ones.cumsum(1) - 0.5], -1).flatten(1, 2)


def places(size_wh: tuple[int, int]) -> Tensor:
    """The middles (P, 2) of all places of a picture, x and y in pixels, in the order of the network's answers."""
    levels: Sequence[Tensor] = [
        _middles(torch.ones(1, size_wh[1] // stride, size_wh[0] // stride))[0] * stride for stride in STRIDES
    ]
    return torch.cat(list(levels))


class Exported(nn.Module):
    """The network as a file has it: pictures in, scores (N, P, K) and boxes (N, P, 4) side by side out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Of each place its scores from 0 to 1, then its box, xyxy in pixels: (N, P, K + 4)."""
        logits, boxes = self.network(pictures)
        return torch.cat([torch.sigmoid(logits), boxes], -1)


def detector_loss(
    logits: Tensor, boxes: Tensor, truth: Sequence[Tensor], kinds: Sequence[Tensor], middles: Tensor
) -> Tensor:
    """Varifocal loss of the scores (Zhang et al. 2021) and generalised IoU (Rezatofighi et al. 2019) of the boxes.

    Args:
        logits, boxes: (N, P, K) and (N, P, 4) xyxy.
        truth, kinds: Of each picture its boxes (M, 4) and their classes (M,).
        middles: Of the places (P, 2).
    """
    wanted, goals = torch.zeros_like(logits), torch.zeros_like(boxes)
    for number, (right, kind) in enumerate(zip(truth, kinds, strict=True)):
        if len(right):
            asked = logits[number].detach()[:, kind]
            scores, goals[number], owner = assigned(asked, boxes[number].detach(), right, middles)
            wanted[number] = scores[:, None] * nn.functional.one_hot(kind[owner], logits.shape[-1])
    chances, learns = torch.sigmoid(logits.detach()), wanted.amax(-1)
    weight = torch.where(wanted > 0, wanted, 0.75 * chances**2)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    apart = (1 - generalised_iou(boxes[learns > 0], goals[learns > 0])) * learns[learns > 0]
    return ((entropy * weight).sum() + 2 * apart.sum()) / wanted.sum().clamp(min=1)


def assigned(logits: Tensor, boxes: Tensor, right: Tensor, middles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What each place should answer, by task alignment (Feng et al. 2021): a score (P,), a box (P, 4), of thing (P,).

    A thing is learnt by the places inside it that already answer it best, by their score and by their overlap.

    Args:
        logits: That each place gives each thing's class (P, M).
        boxes: That each place draws (P, 4).
        right: Boxes of the things (M, 4).
        middles: Of the places (P, 2).
    """
    offsets = torch.cat([middles[:, None] - right[None, :, :2], right[None, :, 2:] - middles[:, None]], 2)
    inside = offsets.amin(2) > 0
    nearest = torch.cdist(middles, (right[:, :2] + right[:, 2:]) / 2).argmin(0)
    inside[nearest, torch.arange(len(right))] = True  # a thing between all places is learnt by one
    overlap = pairwise_iou(boxes, right) * inside
    fit = torch.sigmoid(logits).sqrt() * overlap**4 + 1e-9 * inside
    least = fit.topk(min(CANDIDATES, len(fit)), dim=0).values[-1]
    chosen = inside & (fit >= least)
    owner = torch.where(chosen, overlap + 1e-6, 0).argmax(1)
    mine = chosen & (nn.functional.one_hot(owner, len(right)) > 0)
    fit = torch.where(mine, fit, 0)
    best_fit, best_overlap = fit.amax(0).clamp(min=1e-9), torch.where(mine, overlap, 0).amax(0).clamp(min=0.05)
    return (fit / best_fit * best_overlap).amax(1), right[owner], owner


def pairwise_iou(one: Tensor, other: Tensor) -> Tensor:
    """The IoU (N, M) of boxes (N, 4) and (M, 4)."""
    low, high = torch.maximum(one[:, None, :2], other[None, :, :2]), torch.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(2)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (one, other)]
    return shared / (areas[0][:, None] + areas[1][None] - shared).clamp(min=1e-6)


def generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """Of pairs of boxes (N, 4) their IoU less the share of the hull that neither fills (N,)."""
    shared = (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2])).clamp(min=0).prod(1)
    hull = (torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])).prod(1).clamp(min=1e-6)
    filled = ((one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1) - shared).clamp(min=1e-6)
    return shared / filled - (hull - filled) / hull
