"""Train a recipe: data in, a run's folder out, resumable at any moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from closeup.core.errors import InputError
from closeup.core.interrupts import held_back
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.whole import write_whole
from closeup.learning.checkpoint import Standing, Weights, read_checkpoint, save_checkpoint
from closeup.learning.device import Precision, said_for_people
from closeup.learning.environment import environment
from closeup.learning.pytorch import torch
from closeup.learning.runs.folder import CORRECTIONS_FILE, RunWriter, create_run, reopen_run
from closeup.learning.runs.report import write_report
from closeup.workbench.datasets.corrections import record_bytes
from closeup.workbench.datasets.splits import save_split
from closeup.workbench.export.onnx_file import require_exporter
from closeup.workbench.recipe import Recipe, StageRecipe
from closeup.workbench.recipe_file import check_recipe, recipe_from_toml, recipe_to_toml
from closeup.workbench.run_data import images_of
from closeup.workbench.training.augment import Augmenter
from closeup.workbench.training.finish import finish
from closeup.workbench.training.frozen import with_features
from closeup.workbench.training.judging import Judge
from closeup.workbench.training.loop import Loop, Plan, new_average
from closeup.workbench.training.network import Network, build_network
from closeup.workbench.training.prepare import Prepared, last_px, prepare, with_classes
from closeup.workbench.training.start_weights import load_start


@dataclass(frozen=True)
class Bench:
    """A run on the bench: what it is made of and where it is written."""

    recipe: Recipe
    prepared: Prepared
    network: Network
    judge: Judge
    writer: RunWriter


def train(recipe: Recipe, *, base: Path, runs_dir: Path, progress: ProgressCallback = ignore) -> Path:
    """Train a recipe as a new run.

    Args:
        recipe: What to do.
        base: What the recipe's relative paths start from.
        runs_dir: Where the run's folder is made.
        progress: Told how far reading and training are.

    Returns:
        The run's folder.

    Raises:
        InputError: If the recipe does not fit the data, or its architecture or weights are not there.
        OutputError: If there is no space.
        CloseupError: If memory or a GPU gave out; says how to go on.
    """
    check_recipe(recipe)
    require_exporter()
    base = base.resolve()
    prepared = prepare(recipe, base, progress)
    recipe = with_classes(recipe, prepared.heads)
    network, start = _new_network(recipe, prepared, base)
    facts = {
        "base": str(base),
        "start": start,
        "environment": environment(),
        "data": _data_facts(prepared),
    }
    writer = create_run(runs_dir, recipe.name, recipe_to_toml(recipe), facts)
    save_split(writer.path / "split.csv", prepared.split)
    if prepared.dataset.corrections:
        write_whole(writer.path / CORRECTIONS_FILE, record_bytes(prepared.dataset.corrections))
    return _train(_bench(recipe, prepared, network, writer, progress), None, progress)


def resume(run: Path, *, progress: ProgressCallback = ignore) -> Path:
    """Go on with a run that was interrupted, from its last checkpoint; its losses are those of one that was not.

    Raises:
        InputError: If the run is finished, or its data is no longer what it was.
    """
    writer = reopen_run(run)
    facts = writer.facts
    base = Path(facts["base"])
    recipe = recipe_from_toml((run / "recipe.toml").read_text("utf-8"))
    prepared = prepare(recipe, base, progress)
    now = _data_facts(prepared)
    if now["fingerprint"] != facts["data"]["fingerprint"]:
        raise InputError(
            f"The data of the run {run.name} is no longer what it was when it began.",
            "Bring back the pictures, labels and corrections of that time, or start the recipe as a new run.",
        )
    network, _ = _new_network(recipe, prepared, base)
    checkpoint = read_checkpoint(run)
    return _train(_bench(recipe, prepared, network, writer, progress), checkpoint, progress)


def _new_network(recipe: Recipe, prepared: Prepared, base: Path) -> tuple[Network, str]:
    if recipe.training.threads:
        torch.set_num_threads(recipe.training.threads)
    torch.manual_seed(recipe.training.seed)
    network = build_network(recipe.model, prepared.heads)
    start = load_start(network, recipe.model.weights, recipe.model.architecture, base)
    return network, start


def _bench(
    recipe: Recipe, prepared: Prepared, network: Network, writer: RunWriter, progress: ProgressCallback
) -> Bench:
    precision = Precision(recipe.training.device, recipe.training.precision)
    network.to(precision.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    augmenter = Augmenter(recipe.augment, recipe.model.mean, recipe.model.std, grey=recipe.model.grey)
    if recipe.training.mode == "frozen":
        prepared = with_features(
            prepared,
            network,
            lambda batch: augmenter.plain(batch.to(precision.device), last_px(recipe)),
            progress,
            flip=recipe.training.flip_test,
        )
        judge = Judge(recipe, prepared.heads, prepared.material, precision, None)
    else:
        judge = Judge(recipe, prepared.heads, prepared.material, precision, augmenter)
    return Bench(recipe, prepared, network, judge, writer)


def _train(bench: Bench, checkpoint: dict[str, Any] | None, progress: ProgressCallback) -> Path:
    recipe, writer = bench.recipe, bench.writer
    standing = Standing()
    weights = Weights(bench.network, new_average(bench.network, recipe.training.ema))
    if checkpoint is not None:
        standing = Standing(**checkpoint["standing"])
        restore(weights, checkpoint)
    writer.rewind(standing.step, standing.epochs)

    def save() -> None:
        writer.flush()
        save_checkpoint(writer.path, standing, weights)

    def judge(judged: nn.Module, stage: StageRecipe) -> tuple[dict[str, Any], float]:
        assert isinstance(judged, Network)
        return bench.judge.val(judged, stage.input_px or recipe.model.input_px)

    plan = Plan(
        recipe,
        bench.prepared.heads,
        bench.prepared.material,
        bench.prepared.parts,
        judge,
        save,
        writer,
        bench.judge.precision,
        bench.judge.augmenter,
        progress,
    )
    stage = recipe.stages[min(standing.stage, len(recipe.stages) - 1)]
    with writer, _saved_when_interrupted(save), said_for_people(stage.batch, f"closeup train --resume {writer.path}"):
        Loop(plan, standing, weights).run()
        bench.network.load_state_dict(weights.best)
        finish(bench.recipe, bench.prepared, bench.network, bench.judge, writer)
    write_report(writer.path, images_of(bench.prepared.dataset))
    return writer.path


def restore(weights: Weights, checkpoint: dict[str, Any]) -> None:
    """Bring back weights from a checkpoint; the optimizer's state waits for the stage that made it."""
    weights.network.load_state_dict(checkpoint["network"])
    if weights.average is not None:
        weights.average.load_state_dict(checkpoint["average"])
    weights.best = checkpoint["best"]
    weights.optimizer_state = checkpoint["optimizer"]


@contextmanager
def _saved_when_interrupted(save: Callable[[], None]) -> Iterator[None]:
    """Keep what was learnt since the last checkpoint where somebody asks to stop."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        with held_back():
            save()
        raise


def _data_facts(prepared: Prepared) -> dict[str, Any]:
    counts = {"train": prepared.material.train, "val": prepared.material.val, "test": prepared.material.test}
    return {
        "fingerprint": prepared.dataset.fingerprint(),
        "pictures": {side: len(indices) for side, indices in counts.items()},
        "sources": [source.name for source in prepared.dataset.sources],
        "unreadable": [{"key": key, "reason": reason} for key, reason in prepared.unreadable],
    }
