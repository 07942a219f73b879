"""Train a recipe: data in, a run's folder out, resumable at any moment."""

import difflib
from pathlib import Path
from typing import Any

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.whole import write_whole
from closeup.core.words import listed
from closeup.learning.checkpoint import Weights, read_checkpoint
from closeup.learning.device import Precision, said_for_people
from closeup.learning.environment import environment
from closeup.learning.pytorch import torch
from closeup.learning.runs.folder import (
    CHECKPOINT_FILE,
    CORRECTIONS_FILE,
    RECIPE_FILE,
    RunWriter,
    create_run,
    reopen_run,
)
from closeup.learning.runs.reading import read_run
from closeup.learning.runs.report import write_report
from closeup.learning.trainer import Trainer, new_average
from closeup.workbench.datasets.corrections import record_bytes
from closeup.workbench.datasets.run_data import base_of, images_of
from closeup.workbench.datasets.splits import save_split
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.recipes.recipe_file import check_recipe, recipe_from_toml, recipe_to_toml
from closeup.workbench.training.finish import finish
from closeup.workbench.training.network import Network, build_network, check_size
from closeup.workbench.training.onnx_file import require_exporter
from closeup.workbench.training.prepare import Prepared, prepare, with_classes
from closeup.workbench.training.task import ImageTask
from closeup.workbench.training.weights import load_start


def train(recipe: Recipe, *, base: Path, runs_dir: Path, progress: ProgressCallback = ignore) -> Path:
    """Train a recipe as a new run.

    Args:
        base: What the recipe's relative paths start from.
        runs_dir: Where the run's folder is made.

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
    text = recipe_to_toml(recipe)
    writer = create_run(runs_dir, recipe.name, text, {**facts, "recipe": text})
    save_split(writer.path / "split.csv", prepared.split)
    if prepared.dataset.corrections:
        write_whole(writer.path / CORRECTIONS_FILE, record_bytes(prepared.dataset.corrections))
    return _train(recipe, prepared, network, writer, progress)


def resume(run: Path, *, progress: ProgressCallback = ignore) -> Path:
    """Go on with a run that was interrupted, from its last checkpoint; its losses are those of one that was not.

    Raises:
        InputError: If the run is finished, or its data or its recipe is no longer what it was.
    """
    text = (run / RECIPE_FILE).read_text("utf-8")
    if learner := read_run(run).learner:
        raise InputError(f"The run {run.name} is a fit of {learner}, which begins anew.", "Fit again.")
    _check_unedited(run, text)
    recipe = recipe_from_toml(text)
    writer = reopen_run(run)
    facts = writer.facts
    base = base_of(run, facts["base"], recipe)
    prepared = prepare(recipe, base, progress)
    now = _data_facts(prepared)
    if now["fingerprint"] != facts["data"]["fingerprint"]:
        raise InputError(
            f"The data of the run {run.name} is no longer what it was when it began.",
            "Bring back the pictures, labels and corrections of that time, or start the recipe as a new run.",
        )
    network, _ = _new_network(recipe, prepared, base)
    return _train(recipe, prepared, network, writer, progress)


def _check_unedited(run: Path, text: str) -> None:
    """Make sure that a run goes on by the recipe that it began with.

    Raises:
        InputError: If the recipe in its folder is another now; names the lines.
    """
    began = read_run(run).facts.get("recipe", text)  # runs of older closeups do not remember it
    if text == began:
        return
    lines = [
        line
        for line in difflib.unified_diff(str(began).splitlines(), text.splitlines(), "", "", lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    raise InputError(
        f"{run / RECIPE_FILE} is no longer what the run began with: {listed(lines, 6)}.",
        "Bring it back as it was (- is before, + is now), or train the changed recipe as a new run.",
    )


def _new_network(recipe: Recipe, prepared: Prepared, base: Path) -> tuple[Network, str]:
    if recipe.training.threads:
        torch.set_num_threads(recipe.training.threads)
    torch.manual_seed(recipe.training.seed)
    network = build_network(recipe.model, prepared.heads)
    _check_stages(recipe, prepared, network)
    start = load_start(network, recipe.model.weights, recipe.model.architecture, base)
    return network, start


def _check_stages(recipe: Recipe, prepared: Prepared, network: Network) -> None:
    """Make sure that every stage can be gone through, before a run is made.

    Raises:
        InputError: If the network cannot look at pictures of a stage's size, or would learn its batch norms from one.
    """
    for px in sorted({stage.input_px or recipe.model.input_px for stage in recipe.stages}):
        check_size(network, recipe.model.architecture, px)
    has_norms = any(isinstance(module, torch.nn.modules.batchnorm._BatchNorm) for module in network.modules())
    for number, (stage, part) in enumerate(zip(recipe.stages, prepared.parts, strict=True)):
        if has_norms and min(stage.batch, len(part)) < 2 and (stage.train != "heads" or stage.train_norms):
            several = len(part) > 1
            raise InputError(
                f"Stage {number + 1} learns from {'batches of one' if several else 'a single'} picture, and the batch "
                f"norms of {recipe.model.architecture} need two at least.",
                "The smallest batch is 2." if several else "Give two pictures or more to learn from.",
                code="recipe.set",
                setting=f"stages.{number}.batch=2",
            )


def _train(recipe: Recipe, prepared: Prepared, network: Network, writer: RunWriter, progress: ProgressCallback) -> Path:
    """Train from where the run stands to its end."""
    precision = Precision(recipe.training.device, recipe.training.precision)
    network.to(precision.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    task = ImageTask(recipe, prepared, network, precision, progress)
    weights = Weights(network, new_average(network, recipe.training.ema))
    state = read_checkpoint(writer.path / CHECKPOINT_FILE, weights)
    writer.rewind(state.step, state.epochs)
    trainer = Trainer(
        task,
        weights,
        recipe.stages,
        record=writer,
        options=recipe.training,
        state=state,
        precision=precision,
        progress=progress,
    )
    stage = recipe.stages[min(state.stage, len(recipe.stages) - 1)]
    with writer, said_for_people(stage.batch, writer.path):
        trainer.run()
        network.load_state_dict(weights.best)
        finish(task, prepared.dataset, writer)
    write_report(writer.path, images_of(prepared.dataset))
    return writer.path


def _data_facts(prepared: Prepared) -> dict[str, Any]:
    counts = {"train": prepared.examples.train, "val": prepared.examples.val, "test": prepared.examples.test}
    return {
        "fingerprint": prepared.dataset.fingerprint(),
        "pictures": {side: len(indices) for side, indices in counts.items()},
        "sources": [source.name for source in prepared.dataset.sources],
        "unreadable": [{"key": key, "reason": reason} for key, reason in prepared.unreadable],
        "notes": list(prepared.dataset.notes),
    }
