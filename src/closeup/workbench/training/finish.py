"""The end of a run: calibrate, answer, measure, export, and leave a folder that says it all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from closeup import __version__
from closeup.algorithms.metrics.classification import fit_temperature
from closeup.core.types import FloatArray
from closeup.core.whole import write_whole
from closeup.learning.runs.folder import RunWriter
from closeup.learning.runs.metrics import measure
from closeup.learning.runs.reading import read_run
from closeup.weights.network_card import NetworkCard, NetworkHead
from closeup.workbench.export.onnx_file import onnx_bytes
from closeup.workbench.recipe import DataSource, Recipe
from closeup.workbench.recipe_file import recipe_to_toml
from closeup.workbench.training.heads import ResolvedHead
from closeup.workbench.training.judging import Judge, answers, known, sides
from closeup.workbench.training.network import Network
from closeup.workbench.training.prepare import Prepared, last_px
from closeup.workbench.training.weights_file import FILE, state_bytes

ONNX_FILE = "model.onnx"


def finish(recipe: Recipe, prepared: Prepared, network: Network, judge: Judge, writer: RunWriter) -> None:
    """Write what a finished run holds, the kept weights being in the network.

    Args:
        recipe: Resolved.
        prepared: Data and heads.
        network: With the weights that are kept.
        judge: That knows the pictures.
        writer: Of the run's folder.
    """
    write_whole(writer.path / FILE, state_bytes(network))
    temperatures = _answer(recipe, prepared, network, judge, writer)
    metrics = _measured(writer)
    card = network_card(recipe, prepared.heads, metrics)
    # Written as 32-bit floats on the processor, wherever it was trained.
    onnx = onnx_bytes(network.cpu(), recipe, prepared.heads, temperatures, card)
    write_whole(writer.path / ONNX_FILE, onnx)
    writer.note(temperatures=temperatures)
    writer.finish(metrics)


def _answer(recipe: Recipe, prepared: Prepared, network: Network, judge: Judge, writer: RunWriter) -> dict[str, float]:
    """Write the answers on val and test, softened by temperatures read off val; these by head."""
    raw = {side: judge.raw(network, indices, last_px(recipe)) for side, indices in sides(judge.material)}
    temperatures = {
        head.name: _temperature(raw["val"][head.name], judge.targets(head, judge.material.val))
        for head in prepared.heads
        if not head.is_value
    }
    for side, indices in sides(judge.material):
        keys = np.array([prepared.dataset.items[index].key for index in indices])
        for head in prepared.heads:
            given = answers(head, raw[side][head.name], temperatures.get(head.name, 1.0))
            targets = judge.targets(head, indices)
            there = known(targets)
            if there.any():
                writer.predictions(side, head.name, list(keys[there]), targets[there], given[there], head.classes)
    return temperatures


def _temperature(raw: FloatArray, targets: FloatArray) -> float:
    """Guo et al. 2017, "On Calibration of Modern Neural Networks"; 1 where val has no label to read it off."""
    there = known(targets)
    return float(fit_temperature(raw[there], targets[there].astype(np.intp))) if there.any() else 1.0


def _measured(writer: RunWriter) -> dict[str, Any]:
    """The figures by side and head, each with its interval: plain JSON values."""
    metrics: dict[str, Any] = {}
    for found in measure(read_run(writer.path)):
        figures: dict[str, Any] = {
            figure.name: {"value": figure.value, "low": figure.low, "high": figure.high} for figure in found.figures
        }
        metrics.setdefault(found.side, {})[found.head] = figures | {"count": found.count}
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
