"""What augmentations are worth: the right recipes are trained, runs are used again, and the table says what is so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.learning.environment import environment
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.predictions import HeadPredictions
from closeup.learning.runs.reading import list_runs
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.splits import save_split
from closeup.workbench.recipes.recipe import (
    AugmentRecipe,
    DataSource,
    HeadRecipe,
    ModelRecipe,
    Recipe,
    SplitRecipe,
    StageRecipe,
    TrainingRecipe,
)
from closeup.workbench.recipes.recipe_file import recipe_to_toml
from closeup.workbench.training import ablate as module
from closeup.workbench.training.ablate import EVERYTHING, Ablation, AblationRow, ablate, asked, table, variant
from closeup.workbench.training.prepare import Prepared, prepare, with_classes

AUGMENT = AugmentRecipe(crop=0.8, vertical_flip=0.5, contrast=0.4, mixup=0.2)


def recipe(augment: AugmentRecipe = AUGMENT, *, monitor: str = "loss", seed: int = 7) -> Recipe:
    return Recipe(
        "faces",
        (DataSource("data"),),
        (HeadRecipe("kind"),),
        split=SplitRecipe(val=0.5),
        model=ModelRecipe(architecture="resnet18", input_px=32),
        augment=augment,
        stages=(StageRecipe(epochs=1, batch=8),),
        training=TrainingRecipe(monitor=monitor, seed=seed),
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder whose data has two classes, dark and light, 40 pictures each."""
    rng = np.random.default_rng(0)
    for value, name in ((60, "dark"), (190, "light")):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for number in range(40):
            picture = rng.normal(value, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{number}.png"), picture)
    return tmp_path


class Trainer:
    """Stands in for training: each run predicts as rightly as `accuracy` says of its recipe."""

    def __init__(self, accuracy: Callable[[AugmentRecipe], float]) -> None:
        self.accuracy = accuracy
        self.trained: list[str] = []

    def __call__(self, wanted: Recipe, *, base: Path, runs_dir: Path, progress: ProgressCallback = ignore) -> Path:
        self.trained.append(wanted.name)
        prepared: Prepared = prepare(wanted, base, progress)
        facts = {
            "base": str(base),
            "environment": environment(),
            "data": {"fingerprint": prepared.dataset.fingerprint(), "unreadable": []},
        }
        writer = create_run(runs_dir, wanted.name, recipe_to_toml(with_classes(wanted, prepared.heads)), facts)
        save_split(writer.path / "split.csv", prepared.split)
        keys = [prepared.dataset.items[index].key for index in prepared.examples.val]
        labels = prepared.examples.targets["kind"].numpy()[prepared.examples.val]
        rng = np.random.default_rng([wanted.training.seed, len(self.trained)])
        right = np.argsort(np.argsort(rng.random(len(keys)))) < round(self.accuracy(wanted.augment) * len(keys))
        given = np.where(right, labels, 1 - labels).astype(int)
        writer.predictions("val", "kind", keys, labels, np.eye(2)[given], ("dark", "light"))
        writer.finish({})
        return writer.path


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """Contrast hurts, vertical flips help, the rest does nothing."""
    made = Trainer(lambda augment: 0.6 + 0.3 * (augment.vertical_flip > 0) - 0.25 * (augment.contrast > 0))
    monkeypatch.setattr(module, "train", made)
    return made


def test_finds_what_helps_and_what_hurts(base: Path, trainer: Trainer) -> None:
    found = ablate(recipe(), base=base, runs_dir=base / "runs", seeds=2)
    assert [row.augmentation for row in found.rows] == ["crop", "vertical_flip", "contrast", "mixup", EVERYTHING]
    verdicts = {row.augmentation: row.verdict for row in found.rows}
    assert verdicts["vertical_flip"] == "helps"
    assert verdicts["contrast"] == "hurts"
    assert verdicts["mixup"] == verdicts["crop"] == "cannot tell"
    by_name = {row.augmentation: row for row in found.rows}
    assert by_name["contrast"].gain == pytest.approx(-0.25)
    assert by_name["contrast"].with_it == pytest.approx(0.65)
    assert by_name["contrast"].without == pytest.approx(0.9)
    assert by_name[EVERYTHING].value is None
    assert (found.side, found.count, found.seeds) == ("val", 40, (7, 8))
    assert len(trainer.trained) == len(set(found.runs)) == 2 * 6


def test_what_was_trained_before_is_used_again(base: Path, trainer: Trainer) -> None:
    first = ablate(recipe(), "augment.contrast", base=base, runs_dir=base / "runs", seeds=1)
    assert len(trainer.trained) == 2
    assert ablate(recipe(), "augment.contrast", base=base, runs_dir=base / "runs", seeds=1) == first
    assert len(trainer.trained) == 2
    ablate(recipe(), "augment.contrast", base=base, runs_dir=base / "runs", seeds=2)
    assert len(trainer.trained) == 4


def test_runs_of_other_commits_are_used_and_named(
    base: Path, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ablate(recipe(), "contrast", base=base, runs_dir=base / "runs", seeds=1)
    other = environment() | {"commit": "0123"}
    monkeypatch.setattr(module, "environment", lambda: other)
    monkeypatch.setitem(Trainer.__call__.__globals__, "environment", lambda: other)
    found = ablate(recipe(), "contrast,crop", base=base, runs_dir=base / "runs", seeds=1)
    assert len(trainer.trained) == 3
    assert "2 commits" in found.notes[-1]
    newer = other | {"torch": "9.9"}
    monkeypatch.setattr(module, "environment", lambda: newer)
    ablate(recipe(), "contrast", base=base, runs_dir=base / "runs", seeds=1)
    assert len(trainer.trained) == 5


def test_other_recipe_or_data_is_trained_anew(base: Path, trainer: Trainer) -> None:
    ablate(recipe(), "contrast", base=base, runs_dir=base / "runs", seeds=1)
    ablate(recipe(monitor="accuracy"), "contrast", base=base, runs_dir=base / "runs", seeds=1)
    assert len(trainer.trained) == 4
    (base / "data" / "dark" / "0.png").unlink()
    ablate(recipe(), "contrast", base=base, runs_dir=base / "runs", seeds=1)
    assert len(trainer.trained) == 6
    assert len(list_runs(base / "runs").runs) == 6


def test_interrupted_run_is_gone_on_with(base: Path, trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = variant(recipe(), "contrast", 7)
    dataset = open_dataset(wanted.data, base=base, heads=wanted.heads)
    facts = {
        "base": str(base.resolve()),
        "environment": environment(),
        "data": {"fingerprint": dataset.fingerprint(), "unreadable": []},
    }
    writer = create_run(base / "runs", wanted.name, recipe_to_toml(wanted), facts)
    writer.interrupt()
    resumed = []

    def resume(run: Path, *, progress: ProgressCallback = ignore) -> Path:
        resumed.append(run)
        return trainer(wanted, base=base.resolve(), runs_dir=base / "runs", progress=progress)

    monkeypatch.setattr(module, "resume", resume)
    ablate(recipe(), "contrast", base=base, runs_dir=base / "runs", seeds=1)
    assert resumed == [writer.path]


def test_progress_says_which_run(base: Path, trainer: Trainer) -> None:
    stages: list[str] = []
    ablate(recipe(), "contrast", base=base, runs_dir=base / "runs", seeds=1, progress=lambda p: stages.append(p.stage))
    assert any(stage.startswith("run 1 of 2, with all: ") for stage in stages)
    assert any(stage.startswith("run 2 of 2, without contrast: ") for stage in stages)


def test_variants_differ_in_one_thing() -> None:
    full, without = variant(recipe(), "", 3), variant(recipe(), "crop", 3)
    assert full.augment == AUGMENT
    assert without.augment == AugmentRecipe(vertical_flip=0.5, contrast=0.4, mixup=0.2)
    assert variant(recipe(), EVERYTHING, 3).augment == AugmentRecipe()
    assert full.training == without.training == TrainingRecipe(seed=3)
    assert full.split == recipe().split
    assert len({full.name, without.name, variant(recipe(), "", 4).name}) == 3


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("augment.contras", "knows no augmentation called 'contras'"),
        ("contrast,blur", "does not use 'blur'"),
        ("", "knows no augmentation called ''"),
    ],
)
def test_names_that_are_none(what: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        asked(recipe(), what)
    assert error.value.hint == "It uses: crop, vertical_flip, contrast, mixup."


def test_nothing_to_leave_out() -> None:
    with pytest.raises(InputError, match="uses no augmentation"):
        asked(recipe(AugmentRecipe()), "augment")


def test_frozen_features_have_none() -> None:
    frozen = replace(recipe(), training=TrainingRecipe(mode="frozen"))
    with pytest.raises(InputError, match="frozen"):
        asked(frozen, "augment")


def test_table_is_read_best_first() -> None:
    rows = (
        AblationRow("contrast", 0.4, "kind", "accuracy", 0.65, 0.9, -0.25, -0.3, -0.2),
        AblationRow("vertical_flip", 0.5, "kind", "accuracy", 0.65, 0.35, 0.3, 0.2, 0.4),
        AblationRow("contrast", 0.4, "age", "mae", 5.5, 5.25, -0.25, -0.5, 0.125),
    )
    text = table(Ablation("faces", "val", 40, (0,), rows, (), ("A note.",)))
    lines = text.splitlines()
    assert lines[0] == "kind: accuracy on 40 pictures of val, 1 seed"
    assert " ".join(lines[2].split()) == "vertical_flip = 0.5 65.00% 35.00% +30.00 +20.00 to +40.00 helps"
    assert " ".join(lines[3].split()) == "contrast = 0.4 65.00% 90.00% -25.00 -30.00 to -20.00 hurts"
    assert " ".join(lines[6].split()) == "contrast = 0.4 5.500 5.250 -0.250 -0.500 to +0.125 cannot tell"
    assert lines[-1] == "A note."


def test_lower_errors_are_gains() -> None:
    keys = tuple(str(n) for n in range(20))
    truth = tuple(float(n) for n in range(20))

    def off_by(error: float) -> HeadPredictions:
        return HeadPredictions(keys, truth, (), np.zeros((20, 0)), np.arange(20) + error)

    row = module._row(recipe(), ("contrast", "age", "mae"), [off_by(1.0)], [off_by(3.0)], None)
    assert (row.with_it, row.without, row.gain) == (1, 3, 2)
    assert row.low == row.high == 2
