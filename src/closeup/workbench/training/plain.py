"""A plain network of our own: 3x3 convolutions, batch norms and ReLU, and nothing that costs time in a browser.

Depthwise convolutions, gates and smooth activations save multiplications and cost time: in a page (WebAssembly), 3x3
convolutions with ReLU take a quarter of what EfficientNet-B0 takes for as many multiplications. Batch norms become part
of the convolutions when the network is written as ONNX.
"""

from typing import Any

from torch import Tensor, nn

WIDTHS = {"plain_s": (24, 48, 96, 192)}
"""Channels of the stem and of the three levels, each of half the side of the one before."""

REPEATS = (1, 2, 0)
"""Residual layers after the first of each level."""

LEAST_DEVIATION = 4 / 128
"""Pictures that vary less than this, in the units of the network's input (four grey levels), are not stretched."""


class PlainNetwork(nn.Module):
    """Normalised pictures (B, 3, P, P) to pooled features (B, D).

    Each picture is first brought to mean 0 and standard deviation 1, all channels together, so that a darker or paler
    picture of one thing is the same picture.

    Attributes:
        num_features: D.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.num_features = widths[-1]
        self.stem = _layer(3, widths[0], kernel=5, stride=2)
        levels: list[nn.Module] = []
        for before, width, repeats in zip(widths, widths[1:], REPEATS, strict=False):
            inner = [_Residual(width) for _ in range(repeats)]
            levels.append(nn.Sequential(_layer(before, width, stride=2), *inner))
        self.levels = nn.ModuleList(levels)

    def forward(self, pictures: Tensor) -> Tensor:
        """Features (B, D) of pictures (B, 3, P, P)."""
        features = self.stem(standardised(pictures))
        for level in self.levels:
            features = level(features)
        pooled: Tensor = features.mean((2, 3))
        return pooled

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """What belongs together, from the pictures on, as timm asks its own networks."""
        blocks = r"^levels\.(\d+)" if coarse else [(r"^levels\.(\d+)\.(\d+)", None)]
        return {"stem": r"^stem", "blocks": blocks}


class _Residual(nn.Module):
    """A 3x3 convolution of as many channels, added to what it is given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = _layer(width, width)

    def forward(self, features: Tensor) -> Tensor:
        added: Tensor = features + self.layer(features)
        return added


def standardised(pictures: Tensor) -> Tensor:
    """Each picture of (B, 3, P, P) with mean 0 and standard deviation 1 over all of it; flat ones only with mean 0."""
    centred = pictures - pictures.mean((1, 2, 3), keepdim=True)
    deviation = (centred * centred).mean((1, 2, 3), keepdim=True).sqrt()
    return centred / deviation.clamp(min=LEAST_DEVIATION)


def _layer(channels: int, width: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
