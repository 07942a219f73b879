"""The end of a run: calibrate, predict, measure, export, and leave a folder that says it all."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from torch import Tensor

from closeup import __version__
from closeup.algorithms.metrics.classification import fit_temperature
from closeup.core.types import FloatArray
from closeup.core.whole import write_whole
from closeup.learning.pytorch import torch
from closeup.learning.runs.folder import RunWriter
from closeup.learning.runs.metrics import measure
from closeup.learning.runs.reading import read_run
from closeup.weights.network_card import NetworkCard, NetworkHead
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.recipes.recipe import DataSource, Recipe
from closeup.workbench.recipes.recipe_file import recipe_to_toml
from closeup.workbench.training.network import Network
from closeup.workbench.training.onnx_file import onnx_bytes
from closeup.workbench.training.prepare import last_px
from closeup.workbench.training.task import ImageTask, known, predictions_of
from closeup.workbench.training.weights import FILE, state_bytes

ONNX_FILE = "model.onnx"


def finish(task: ImageTask, dataset: Dataset, writer: RunWriter) -> None:
    """Write what a finished run holds, the kept weights being in the task's network.

    Args:
        task: That was trained.
        dataset: Its pictures, in the order of its examples.
        writer: Of the run's folder.
    """
    recipe, network = task.recipe, task.network
    for head in task.heads:
        if head.recipe.favour_rare:
            _favour_rare(head, network, task.targets(head, task.examples.val))
    write_whole(writer.path / FILE, state_bytes(network))
    temperatures = _predict(task, dataset, writer)
    metrics = _measured(writer)
    card = network_card(recipe, task.heads, metrics)
    # Written as 32-bit floats on the processor, wherever it was trained.
    onnx = onnx_bytes(network.cpu(), recipe, task.heads, temperatures, card)
    write_whole(writer.path / ONNX_FILE, onnx)
    writer.note(temperatures=temperatures)
    writer.finish(metrics)


def _favour_rare(head: ResolvedHead, network: Network, targets: FloatArray) -> None:
    """Menon et al. 2021, "Long-tail learning via logit adjustment", after the training; targets (N,) are val's."""
    counts = np.bincount(targets[known(targets)].astype(np.intp), minlength=head.outputs) + 1.0  # none is never
    bias = network.heads[network.head_keys[head.name]].bias
    assert isinstance(bias, Tensor)
    with torch.no_grad():
        bias -= bias.new_tensor(head.recipe.favour_rare * np.log(counts / counts.sum()))


def _predict(task: ImageTask, dataset: Dataset, writer: RunWriter) -> dict[str, float]:
    """Write the predictions on val and test, softened by temperatures read off val; these by head."""
    raw = {side: task.raw(task.network, indices, last_px(task.recipe)) for side, indices in task.sides()}
    temperatures = {
        head.name: _temperature(raw["val"][head.name], task.targets(head, task.examples.val))
        for head in task.heads
        if not head.is_value
    }
    for side, indices in task.sides():
        keys = np.array([dataset.items[index].key for index in indices])
        for head in task.heads:
            given = predictions_of(head, raw[side][head.name], temperatures.get(head.name, 1.0))
            targets = task.targets(head, indices)
            there = known(targets)
            if there.any():
                writer.predictions(side, head.name, list(keys[there]), targets[there], given[there], head.classes)
    return temperatures


def _temperature(raw: FloatArray, targets: FloatArray) -> float:
    """Guo et al. 2017, "On Calibration of Modern Neural Networks"; 1 where val has no label to read it off."""
    there = known(targets)
    return float(fit_temperature(raw[there], targets[there].astype(np.intp))) if there.any() else 1.0


def _measured(writer: RunWriter) -> dict[str, Any]:
    """The metrics by side and head, each with its interval: plain JSON values."""
    metrics: dict[str, Any] = {}
    for found in measure(read_run(writer.path)):
        values = {name: asdict(metric) for name, metric in found.metrics.items()}
        metrics.setdefault(found.side, {})[found.head] = values | {"count": found.count}
    return metrics


def _source_words(source: DataSource) -> str:
    name = source.name or source.path
    return f"{name}: {source.licence}" if source.licence else name


def network_card(recipe: Recipe, heads: tuple[ResolvedHead, ...], metrics: Mapping[str, Any]) -> NetworkCard:
    """The card that travels inside the ONNX file."""
    return NetworkCard(
        name=recipe.name,
        summary=recipe.summary,
        input_px=last_px(recipe),
        mean=recipe.model.mean,
        std=recipe.model.std,
        grey=recipe.model.grey,
        alignment=recipe.alignment,
        heads=tuple(
            NetworkHead(head.name, "value" if head.is_value else "classes", head.classes, head.recipe.unit)
            for head in heads
        ),
        data=tuple(_source_words(source) for source in recipe.data),
        metrics=metrics,
        limits=recipe.limits,
        licence=recipe.licence,
        recipe=recipe_to_toml(recipe),
        created_at=datetime.now().astimezone().isoformat(timespec="seconds"),
        closeup=__version__,
    )
