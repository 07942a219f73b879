"""The network of recipes/matte.py: a U-Net of plain convolutions, most of whose weights see the picture small.

Residual blocks at a quarter to a thirty-second of the picture's sides; what the whole picture shows is added at the
bottom, since a part of a coat is told from a curtain by what is around it; a decoder of few channels goes back up to a
half, and draws the edge four pixels at a time. Plain convolutions rather than separable ones: on a processor one such
layer is faster than two that need as many reads of memory, and a training sees more pictures an hour.
"""

from torch import Tensor, nn

from closeup.learning.pytorch import torch

WIDTHS = (12, 24, 48, 96, 144)
"""Channels at a half, a quarter, ... a thirty-second of the picture's sides."""

DEPTHS = (1, 1, 2, 2)
"""Residual blocks at a quarter and below."""

DECODED = (64, 48, 24, 16)
"""Channels on the way back, at a sixteenth to a half."""

MULTIPLE = 32
"""The picture's sides are multiples of this."""


def _layer(before: int, after: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _layer(width, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm.weight)  # a block begins as nothing

    def forward(self, inputs: Tensor) -> Tensor:
        return nn.functional.relu(inputs + self.norm(self.second(self.first(inputs))))


class _Whole(nn.Module):
    """Adds to each place what the whole picture shows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        whole: Tensor = self.mix(inputs.mean((2, 3), keepdim=True))
        return inputs + whole


class _Up(nn.Module):
    """One step back up: what comes from below, doubled, and what was kept, each through weights of its own."""

    def __init__(self, below: int, kept: int, width: int) -> None:
        super().__init__()
        self.below, self.kept = nn.Conv2d(below, width, 1), nn.Conv2d(kept, width, 1, bias=False)
        self.bend, self.join = nn.ReLU(inplace=True), _layer(width, width)

    def forward(self, below: Tensor, kept: Tensor) -> Tensor:
        larger = nn.functional.interpolate(self.below(below), scale_factor=2.0, mode="bilinear", align_corners=False)
        joined: Tensor = self.join(self.bend(larger + self.kept(kept)))
        return joined


class MatteNetwork(nn.Module):
    """From pictures (N, 3, H, W), normalised, to logits of the matte; H and W are multiples of `MULTIPLE`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _layer(3, WIDTHS[0], 3, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(_layer(before, width, 3, 2), *(_Residual(width) for _ in range(depth)))
            for before, width, depth in zip(WIDTHS[:-1], WIDTHS[1:], DEPTHS, strict=True)
        )
        self.whole = _Whole(WIDTHS[-1])
        self.ups = nn.ModuleList(
            _Up(below, kept, width)
            for below, kept, width in zip((WIDTHS[-1], *DECODED[:-1]), WIDTHS[-2::-1], DECODED, strict=True)
        )
        self.sides = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in DECODED[:-1])
        self.answer = nn.Sequential(nn.Conv2d(DECODED[-1], 4, 1), nn.PixelShuffle(2))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Logits (N, 1, ...) at the picture's size, then at a quarter, an eighth and a sixteenth for the loss alone."""
        kept = [self.stem(pictures)]
        for stage in self.stages:
            kept.append(stage(kept[-1]))
        level, sides = self.whole(kept.pop()), []
        for number, up in enumerate(self.ups):
            level = up(level, kept.pop())
            if number < len(self.sides):
                sides.append(self.sides[number](level))
        return [self.answer(level), *sides[::-1]]


class Exported(nn.Module):
    """The network as it ships: pictures in, the matte (N, 1, H, W) from 0 to 1 out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """The matte (N, 1, H, W) of pictures (N, 3, H, W)."""
        return torch.sigmoid(self.network(pictures)[0])
