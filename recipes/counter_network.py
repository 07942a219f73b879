"""The network of recipes/counter.py: where on a counter things lie, whatever they are.

EfficientNet-Lite0 (Tan and Le 2019) without its last layers, a pyramid of three levels (an eighth, a sixteenth and a
thirty-second of the picture's sides) that goes down and up again, and at each place of each level a score and the
distances to the four sides of a box (FCOS, Tian et al. 2019). The early layers and all batch norms of the backbone stay
as ImageNet taught them: their backward pass is what costs, and a few hundred pictures would teach them nothing.
"""

from collections.abc import Sequence
from pathlib import Path

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


def _layer(before: int, after: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class Backbone(nn.Module):
    """EfficientNet-Lite0 up to its last but one stage: features at an eighth, a sixteenth and a thirty-second."""

    def __init__(self) -> None:
        super().__init__()
        whole = new_backbone(ARCHITECTURE)
        load_start(Network(whole, 1, (), 0.0), "imagenet", ARCHITECTURE, Path())
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = nn.ModuleList(list(whole.blocks)[:6])
        self.stages[5] = self.stages[5][:DEEPEST]
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
            setattr(module, name, nn.Sequential(child.drop, child.act))
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


class CounterNetwork(nn.Module):
    """From pictures (N, 3, H, W), normalised, to a score and a box at each place; H and W are multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.sides = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in CHANNELS)
        self.down = nn.ModuleList(_layer(WIDTH, WIDTH) for _ in STRIDES[:-1])
        self.up = nn.ModuleList(_layer(WIDTH, WIDTH, 3, 2) for _ in STRIDES[:-1])
        self.towers = nn.ModuleList(nn.Sequential(_layer(WIDTH, WIDTH), _layer(WIDTH, WIDTH)) for _ in STRIDES)
        self.answers = nn.ModuleList(nn.Conv2d(WIDTH, 5, 1) for _ in STRIDES)
        for answer in self.answers:
            nn.init.normal_(answer.weight, std=0.01)
            answer.bias.data = torch.tensor([-3.0, 0.7, 0.7, 0.7, 0.7])  # 5 % are things, of four steps each way

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, P) and boxes (N, P, 4), xyxy in pixels of the pictures, of all places, the finest level first."""
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
    """Logits (N, P) and boxes (N, P, 4) of one level's answers (N, 5, H, W)."""
    flat = answer.flatten(2).transpose(1, 2)
    ones = torch.ones_like(answer[:1, 0])  # sums of ones count places, so that a file serves pictures of any size
    middles = _middles(ones)
    sides = flat[..., 1:].clamp(-4, 4).exp()
    boxes = torch.cat([middles - sides[..., :2], middles + sides[..., 2:]], -1) * stride
    return flat[..., 0], boxes


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
    """The network as it ships: pictures in, scores (N, P, 1) and boxes (N, P, 4) side by side out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Of each place its score from 0 to 1, then its box, xyxy in pixels: (N, P, 5)."""
        logits, boxes = self.network(pictures)
        return torch.cat([torch.sigmoid(logits)[..., None], boxes], -1)
