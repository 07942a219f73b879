"""A network as an ONNX file that computes what PyTorch does and carries its card."""

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from torch import nn

from closeup.core.errors import DependencyError, ModelError
from closeup.core.types import FloatArray
from closeup.learning.pytorch import torch
from closeup.weights.network_card import INPUT, NetworkCard, embed
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.training.inference import InferenceNetwork
from closeup.workbench.training.network import Network
from closeup.workbench.training.parity import check_parity, compare_outputs

OPSET = 18
"""The exporter's own: no conversion afterwards; ONNX Runtime has it since 1.14, in the browser too."""

_PROBES = 4
"""Pictures of noise that every file is tried on, whatever else it is compared on."""


def onnx_bytes(
    network: Network,
    recipe: Recipe,
    heads: Sequence[ResolvedHead],
    temperatures: Mapping[str, float],
    card: NetworkCard,
) -> bytes:
    """Write a trained network as an ONNX file.

    One input, "picture" (N, 3, P, P) float32, normalised by the card; one output for each head, of its name:
    probabilities (N, K) that sum to 1, or values (N, 1) in the head's unit. Temperatures and the mirror image
    (training.flip_test) are inside. The file is compared with PyTorch before it is given.

    Args:
        network: As trained; not changed.
        recipe: Says whether pictures are predicted together with their mirror image.
        heads: In the order that the outputs get.
        temperatures: By head; 1 where absent.
        card: Goes into the file; its `input_px` is P.

    Raises:
        DependencyError: If the exporter is not installed.
        ModelError: If the architecture cannot be written as ONNX, or the file does not give what PyTorch gives.
        InputError: If a temperature is no number above 0 or belongs to no head.
    """
    inference = InferenceNetwork(network, heads, temperatures, flip_test=recipe.training.flip_test)
    names = [head.name for head in inference.heads]
    content = write_network(inference, card.input_px, recipe.model.architecture, names)
    check_parity(compare_outputs(content, inference, _noise(card.input_px)))
    return embed(content, card)


def require_exporter() -> None:
    """Tell at the beginning of a training what would otherwise be missed at its end.

    Raises:
        DependencyError: If the package that torch writes ONNX files with is not installed.
    """
    if find_spec("onnxscript") is None:
        raise DependencyError(
            "Writing ONNX files needs onnxscript, and it is not installed.",
            "Install it.",
            code="package.absent",
            extra="train",
        )


def write_network(network: nn.Module, input_px: int, architecture: str, outputs: Sequence[str]) -> bytes:
    """A network as an ONNX file without a card, its outputs under their names; any number of pictures, one size.

    Sizes are fixed but for N, so that the padding of "same" convolutions (timm's tf_ architectures) becomes constant.

    Raises:
        DependencyError: If the exporter is not installed.
        ModelError: If torch cannot write it.
    """
    require_exporter()
    pictures = torch.from_numpy(_noise(input_px))
    try:
        # The exporter's warnings are about its own inner workings.
        with warnings.catch_warnings(action="ignore"):
            program = torch.onnx.export(
                network,
                (pictures,),
                input_names=[INPUT],
                output_names=list(outputs),
                opset_version=OPSET,
                dynamic_shapes=({0: torch.export.Dim("N")},),
                dynamo=True,
                verbose=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        raise ModelError(
            f"The architecture {architecture} cannot be written as ONNX: {_first_line(error)}.",
            "Choose another architecture; most of timm's convolutional ones can be written.",
        ) from error
    assert program is not None
    _forget_origins(program.model)
    content = program.model_proto.SerializeToString()
    assert isinstance(content, bytes)
    return content


def _noise(input_px: int) -> FloatArray:
    """Pictures (4, 3, P, P) float32 of normal noise, the same every time."""
    shape = (_PROBES, 3, input_px, input_px)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def _forget_origins(model: Any) -> None:
    """Take out the exporter's notes: each node's stack trace and module names, and with them paths of this machine."""
    model.metadata_props.clear()
    model.graph.metadata_props.clear()
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return str(cause).strip().splitlines()[0].rstrip(".") if str(cause).strip() else type(cause).__name__
