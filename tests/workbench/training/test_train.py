import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import CloseupError, InputError, OutputError
from closeup.core.progress import Progress
from closeup.learning.runs.folder import RunWriter
from closeup.learning.trainer import Trainer
from closeup.weights.network_card import read_card
from closeup.workbench.recipes.recipe import AugmentRecipe, HeadRecipe, StageRecipe, TrainingRecipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml
from closeup.workbench.training.train import resume, train
from closeup.workbench.training.weights import load_network
from workbench.training.shades import shades_recipe, write_shades


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shades(tmp_path_factory.mktemp("data") / "shades")


@pytest.fixture(scope="module")
def whole(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped."""
    return train(shades_recipe(table), base=table.parent, runs_dir=tmp_path_factory.mktemp("runs"))


class Stop(Exception):
    """What a test throws to stop training, as a kill does: nothing is tidied up."""


def stopping(at: int, error: type[BaseException]):
    seen = 0

    def progress(report: Progress) -> None:
        nonlocal seen
        seen += report.unit == "steps"
        if seen == at:
            raise error

    return progress


def losses(run: Path) -> list[str]:
    with (run / "steps.csv").open(newline="") as file:
        return [f"{row['step']} {row['stage']} {row['loss']} {row['learning_rate']}" for row in csv.DictReader(file)]


def epochs(run: Path) -> list[dict[str, str]]:
    with (run / "epochs.csv").open(newline="") as file:
        return [{name: row[name] for name in row if name != "seconds"} for row in csv.DictReader(file)]


def test_a_run_holds_everything(whole: Path) -> None:
    state = json.loads((whole / "run.json").read_text())
    assert state["state"] == "finished"
    assert {"weights.pt", "model.onnx", "steps.csv", "epochs.csv", "split.csv", "recipe.toml", "report.html"} <= {
        path.name for path in whole.iterdir()
    }
    assert not (whole / "checkpoint.pt").exists()
    assert len(epochs(whole)) == 3
    assert [row["stage"] for row in epochs(whole)] == ["1", "1", "2"]
    assert read_card(whole / "model.onnx").head("shade").classes == ("dark", "light")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what comes after learning: the ONNX file and the report."""
    monkeypatch.setattr("closeup.workbench.training.finish.onnx_bytes", lambda *_: b"")
    monkeypatch.setattr("closeup.workbench.training.train.write_report", lambda *_: None)


@pytest.mark.usefixtures("quick")
def test_it_learns(table: Path, tmp_path: Path) -> None:
    recipe = shades_recipe(table, augment=AugmentRecipe(), training=TrainingRecipe(threads=1))
    stages = (StageRecipe(epochs=8, batch=8, learning_rate=5e-3),)
    run = train(replace(recipe, stages=stages), base=table.parent, runs_dir=tmp_path)
    assert max(float(row["shade_accuracy"]) for row in epochs(run)) > 0.9
    assert float(epochs(run)[-1]["train_loss"]) < float(epochs(run)[0]["train_loss"])


def test_rare_classes_are_favoured_by_what_the_recipe_says(table: Path, whole: Path, tmp_path: Path) -> None:
    recipe = shades_recipe(table)
    heads = tuple(replace(head, favour_rare=0.5) if head.kind == "classes" else head for head in recipe.heads)
    found = [
        load_network(run)[0]
        for run in (whole, train(replace(recipe, heads=heads), base=table.parent, runs_dir=tmp_path))
    ]
    name = next(head.name for head in recipe.heads if head.kind == "classes")
    plain, favoured = (network.heads[network.head_keys[name]] for network in found)
    assert (plain.weight == favoured.weight).all()
    with (whole / f"predictions-val-{name}.csv").open(newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    classes = recipe_from_toml((whole / "recipe.toml").read_text()).heads[0].classes
    counts = np.array([labels.count(each) + 1 for each in classes])
    added = (favoured.bias - plain.bias).detach().numpy()
    assert added == pytest.approx(-0.5 * np.log(counts / counts.sum()), abs=1e-5)


def test_its_recipe_says_the_classes(whole: Path) -> None:
    recipe = recipe_from_toml((whole / "recipe.toml").read_text())
    assert recipe.heads[0].classes == ("dark", "light")


def test_its_network_comes_back(whole: Path) -> None:
    network, recipe, heads = load_network(whole)
    assert [head.name for head in heads] == ["shade", "level"]
    assert recipe.name == "shades"
    assert not network.training


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("at", "error"), [(1, Stop), (4, KeyboardInterrupt), (5, Stop), (9, Stop), (12, KeyboardInterrupt)]
)
def test_an_interrupted_run_has_the_losses_of_one_that_was_not(
    table: Path, whole: Path, tmp_path: Path, at: int, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        train(shades_recipe(table), base=table.parent, runs_dir=tmp_path, progress=stopping(at, error))
    (run,) = tmp_path.iterdir()
    resume(run)
    assert losses(run) == losses(whole)
    assert epochs(run) == epochs(whole)
    ours, theirs = (load_network(path)[0].state_dict() for path in (run, whole))
    assert all(np.array_equal(ours[name].numpy(), theirs[name].numpy()) for name in ours)


def test_a_finished_run_is_not_resumed(whole: Path) -> None:
    with pytest.raises(InputError):
        resume(whole)


@pytest.mark.usefixtures("quick")
def test_changed_data_is_refused(tmp_path: Path) -> None:
    table = write_shades(tmp_path / "data", count=24)
    with pytest.raises(KeyboardInterrupt):
        train(
            shades_recipe(table), base=table.parent, runs_dir=tmp_path / "runs", progress=stopping(2, KeyboardInterrupt)
        )
    table.write_text(table.read_text().replace("000.png,light", "000.png,dark"))
    (run,) = (tmp_path / "runs").iterdir()
    with pytest.raises(InputError, match="no longer what it was"):
        resume(run)


@pytest.mark.usefixtures("quick")
def test_a_run_starts_from_another(table: Path, whole: Path, tmp_path: Path) -> None:
    recipe = shades_recipe(table)
    model = replace(recipe.model, weights=str(whole))
    run = train(
        replace(recipe, model=model, stages=(StageRecipe(epochs=1, batch=8, train="heads"),)),
        base=table.parent,
        runs_dir=tmp_path,
    )
    ours, theirs = (load_network(path)[0].state_dict() for path in (run, whole))
    backbone = [name for name in ours if name.startswith("backbone.")]
    assert all(np.array_equal(ours[name].numpy(), theirs[name].numpy()) for name in backbone)
    assert not np.array_equal(ours["heads.shade.weight"].numpy(), theirs["heads.shade.weight"].numpy())
    assert str(whole) in json.loads((run / "run.json").read_text())["facts"]["start"]


@pytest.mark.usefixtures("quick")
def test_frozen_features_learn_the_heads_only(table: Path, tmp_path: Path) -> None:
    recipe = shades_recipe(
        table,
        training=TrainingRecipe(mode="frozen", threads=1),
        heads=(HeadRecipe("shade"),),
        stages=(StageRecipe(epochs=40, batch=36, learning_rate=0.1),),
    )
    run = train(recipe, base=table.parent, runs_dir=tmp_path)
    assert float(epochs(run)[-1]["shade_accuracy"]) > 0.9


@pytest.mark.usefixtures("quick")
def test_a_class_with_one_picture_is_named(tmp_path: Path) -> None:
    table = write_shades(tmp_path / "data", count=12)
    table.write_text(table.read_text().replace("000.png,light", "000.png,pale"))
    with pytest.raises(InputError, match="'pale'"):
        train(shades_recipe(table), base=table.parent, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("quick")
def test_no_space_leaves_a_run_that_can_go_on(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saves = 0
    original = RunWriter.checkpoint

    def full(writer: RunWriter, content: bytes) -> None:
        nonlocal saves
        saves += 1
        if saves == 3:
            raise OutputError("Cannot write checkpoint.pt: No space left on device.", "Free some space.")
        original(writer, content)

    monkeypatch.setattr(RunWriter, "checkpoint", full)
    with pytest.raises(OutputError, match="No space"):
        train(shades_recipe(table), base=table.parent, runs_dir=tmp_path)
    (run,) = tmp_path.iterdir()
    assert json.loads((run / "run.json").read_text())["state"] == "failed"
    resume(run)
    assert json.loads((run / "run.json").read_text())["state"] == "finished"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory", "stages.0.batch=4"),
        ("CUDA error: unspecified launch failure", "Go on from the last checkpoint"),
    ],
)
def test_failures_of_the_machine_say_what_to_do(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, expected: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(Trainer, "_step", fail)
    with pytest.raises(CloseupError) as caught:
        train(shades_recipe(table), base=table.parent, runs_dir=tmp_path)
    assert expected in caught.value.hint


@pytest.mark.usefixtures("quick")
def test_each_epoch_is_a_line_with_loss_metric_and_the_time_left(table: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    recipe = shades_recipe(table)
    train(recipe, base=table.parent, runs_dir=tmp_path, progress=told.append)
    lines = [report.said for report in told if report.said]
    assert len(lines) == sum(stage.epochs for stage in recipe.stages)
    assert all("train loss 0" in line or "train loss 1" in line for line in lines)
    assert "accuracy" in lines[0]
    assert "about 0:0" in lines[0]
    assert "left" not in lines[-1]


@pytest.mark.usefixtures("quick")
def test_a_recipe_that_was_edited_in_a_run_is_refused_with_its_lines(table: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(shades_recipe(table), base=table.parent, runs_dir=tmp_path, progress=stopping(2, KeyboardInterrupt))
    (run,) = tmp_path.iterdir()
    before = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(before.replace("epochs = ", "epochs = 1", 1))
    with pytest.raises(InputError, match=r"no longer what the run began with: -epochs = .*, \+epochs = 1"):
        resume(run)
    (run / "recipe.toml").write_text(before)
    resume(run)


@pytest.mark.usefixtures("quick")
def test_a_project_that_was_moved_is_resumed_where_it_is_now(tmp_path: Path) -> None:
    table = write_shades(tmp_path / "here" / "data", count=24)
    base = tmp_path / "here"
    recipe = shades_recipe(table)
    recipe = replace(recipe, data=(replace(recipe.data[0], path=table.relative_to(base).as_posix()),))
    with pytest.raises(KeyboardInterrupt):
        train(recipe, base=base, runs_dir=base / "runs", progress=stopping(2, KeyboardInterrupt))
    base.rename(tmp_path / "there")
    (run,) = (tmp_path / "there" / "runs").iterdir()
    assert resume(run) == run


def test_a_batch_of_one_is_refused_before_a_run_is_made(table: Path, tmp_path: Path) -> None:
    recipe = shades_recipe(table)
    recipe = replace(recipe, stages=(replace(recipe.stages[0], batch=1, train="all"),))
    with pytest.raises(InputError, match="batches of one picture") as caught:
        train(recipe, base=table.parent, runs_dir=tmp_path)
    assert "The smallest batch is 2" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_a_network_cannot_look_at_is_refused_before_a_run_is_made(table: Path, tmp_path: Path) -> None:
    recipe = shades_recipe(table)
    recipe = replace(recipe, model=replace(recipe.model, architecture="levit_128s", input_px=100))
    with pytest.raises(InputError, match="levit_128s cannot look at pictures of 100 x 100 pixels"):
        train(recipe, base=table.parent, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
