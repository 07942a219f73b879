"""What each augmentation is worth: train with all of them, and without each one, and compare on the same pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from closeup.algorithms.metrics.classification import Statistic, confusion_matrix, macro_averages
from closeup.algorithms.metrics.repeated_difference import repeated_difference
from closeup.core.errors import FormatError, InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.learning.environment import environment
from closeup.learning.runs.folder import RECIPE_FILE
from closeup.learning.runs.predictions import HeadPredictions
from closeup.learning.runs.reading import Run, list_runs, read_run
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.recipes.recipe import AugmentRecipe, Recipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml
from closeup.workbench.training.preview import used
from closeup.workbench.training.train import resume, train

AUGMENT = "augment"
EVERYTHING = "everything"
"""The row that leaves all augmentations out."""

RESAMPLES = 500

_NAME_KEPT = 30
"""Letters of a recipe's name that the names of its runs keep; a name has 60 at most."""

_METRICS = ("accuracy", "macro_recall", "macro_f1")


@dataclass(frozen=True, slots=True)
class AblationRow:
    """What one augmentation is worth to one head.

    Attributes:
        augmentation: Its key in [augment], or "everything".
        value: What the recipe sets it to; None for everything.
        head: Name of the head.
        metric: "accuracy", "macro_recall", "macro_f1", or "mae".
        with_it: The metric of the recipe as it is, mean over seeds.
        without: The metric with this augmentation left out.
        gain: How much better the metric is with it: above 0 it helps. (For "mae" that is the error that it saves.)
        low: Lower end of the 95 % interval of the gain.
        high: Upper end.
    """

    augmentation: str
    value: float | None
    head: str
    metric: str
    with_it: float
    without: float
    gain: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """In a word: "helps", "hurts", or "cannot tell" where the interval has 0 in it."""
        return "helps" if self.low > 0 else "hurts" if self.high < 0 else "cannot tell"


@dataclass(frozen=True, slots=True)
class Ablation:
    """What is found on "which augmentations help?".

    Attributes:
        recipe: Name of the recipe.
        side: The side of the split that was evaluated on, "test" where there is one, else "val".
        count: Pictures in it, with a label of the first head.
        seeds: Seeds of training, each of which every row was trained with.
        rows: In the order of the augmentations.
        runs: Ids of all runs behind it.
        notes: What is to be known beside, one sentence each.
    """

    recipe: str
    side: str
    count: int
    seeds: tuple[int, ...]
    rows: tuple[AblationRow, ...]
    runs: tuple[str, ...]
    notes: tuple[str, ...]


def ablate(
    recipe: Recipe,
    what: str = AUGMENT,
    *,
    base: Path,
    runs_dir: Path,
    seeds: int = 3,
    progress: ProgressCallback = ignore,
) -> Ablation:
    """Train a recipe with all its augmentations and without each of them, several seeds each, and compare.

    Everything else is the same in all runs: split, order of the pictures, and what the other augmentations draw. Every
    run is kept. A run of the same recipe, data and version that is there already is not made again, and one that was
    interrupted is gone on with: so that an ablation that was stopped goes on where it was.

    Args:
        recipe: The recipe, with augmentations.
        what: "augment" for each one that the recipe uses, and all at once; or names with commas between,
            "augment.rotation_deg,augment.erasing".
        base: What the recipe's relative paths start from.
        runs_dir: Where the runs are made.
        seeds: How many, counted from the recipe's own.

    Raises:
        InputError: If a name is none, the recipe does not use it, or augmentations do nothing in it; and as `train`.
    """
    names = asked(recipe, what)
    own_seed = recipe.training.seed
    chosen = tuple(range(own_seed, own_seed + seeds))
    variants = _VariantRuns(base.resolve(), runs_dir, progress, (len(names) + 1) * len(chosen))
    # Seed by seed, so that whoever stops early has whole rows.
    runs = {(name, seed): variants.run(variant(recipe, name, seed), name) for seed in chosen for name in ("", *names)}
    return _compared(recipe, names, chosen, runs)


def asked(recipe: Recipe, what: str) -> tuple[str, ...]:
    """Names of the augmentations to leave out in turn.

    Raises:
        InputError: As `ablate`.
    """
    if recipe.training.mode == "frozen":
        raise InputError(
            "With frozen features there are no augmentations: pictures are looked at once, as they are.",
            "Train the network itself: training.mode=fine-tune.",
            code="recipe.set",
            setting="training.mode=fine-tune",
        )
    there = used(recipe.augment)
    if not there:
        raise InputError(
            f"The recipe {recipe.name} uses no augmentation.",
            "Give it one.",
            code="recipe.set",
            setting="augment.horizontal_flip=0.5",
        )
    if what == AUGMENT:
        return there if len(there) == 1 else (*there, EVERYTHING)
    names = tuple(dict.fromkeys(word.strip().removeprefix(f"{AUGMENT}.") for word in what.split(",")))
    known = [field.name for field in fields(AugmentRecipe)]
    for name in names:
        if name not in there and name != EVERYTHING:
            problem = "does not use" if name in known else "knows no augmentation called"
            raise InputError(f"The recipe {recipe.name} {problem} {name!r}.", f"It uses: {', '.join(there)}.")
    return names


def variant(recipe: Recipe, name: str, seed: int) -> Recipe:
    """The recipe without one augmentation ("" leaves none out), with a seed, under a name that says so."""
    neutral = AugmentRecipe()
    augment = recipe.augment
    if name == EVERYTHING:
        augment = neutral
    elif name:
        augment = replace(augment, **{name: getattr(neutral, name)})
    words = f"without-{name}" if name else "with-all"
    called = f"{recipe.name[:_NAME_KEPT]}-{words}-{seed}"
    return replace(recipe, name=called, augment=augment, training=replace(recipe.training, seed=seed))


class _VariantRuns:
    """Makes the runs of an ablation, one after the other."""

    def __init__(self, base: Path, runs_dir: Path, progress: ProgressCallback, total: int) -> None:
        self._base, self._runs_dir, self._progress, self._total = base, runs_dir, progress, total
        self._number = 0
        self._fingerprints: dict[tuple[str, ...], str] = {}

    def run(self, recipe: Recipe, name: str) -> Run:
        """The finished run of a variant: found, gone on with, or made."""
        self._number += 1
        words = f"without {name}" if name else "with all"
        title = f"run {self._number} of {self._total}, {words}"

        def report(progress: Progress) -> None:
            self._progress(replace(progress, stage=f"{title}: {progress.stage}"))

        for run in reversed(list_runs(self._runs_dir).runs):
            if run.state != "running" and run.name == recipe.name and self._is_of(run, recipe):
                return run if run.state == "finished" else read_run(resume(run.path, progress=report))
        return read_run(train(recipe, base=self._base, runs_dir=self._runs_dir, progress=report))

    def _is_of(self, run: Run, recipe: Recipe) -> bool:
        """Whether a run was made of this recipe, by this version, from the data as it is now."""
        facts = run.facts
        if facts.get("base") != str(self._base) or _made_by(facts.get("environment", {})) != _made_by(environment()):
            return False
        try:
            its = recipe_from_toml((run.path / RECIPE_FILE).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, InputError):
            return False  # damaged: made anew, and left for whoever lists runs to see
        heads = zip(its.heads, recipe.heads, strict=False)
        settled = tuple(replace(own, classes=own.classes or other.classes) for other, own in heads)
        if its != replace(recipe, heads=settled):
            return False
        data = facts.get("data", {})
        unreadable = tuple(sorted(str(entry.get("key")) for entry in data.get("unreadable", ())))
        return bool(data.get("fingerprint") == self._fingerprint(recipe, unreadable))

    def _fingerprint(self, recipe: Recipe, unreadable: tuple[str, ...]) -> str:
        if unreadable not in self._fingerprints:
            dataset = open_dataset(recipe.data, base=self._base, heads=recipe.heads)
            left_out = set(unreadable)
            kept = [index for index, item in enumerate(dataset.items) if item.key not in left_out]
            self._fingerprints[unreadable] = dataset.select(kept).fingerprint()
        return self._fingerprints[unreadable]


def _made_by(environment: Mapping[str, str]) -> dict[str, str]:
    """Versions and machine of a run; not its threads, which a recipe sets, nor its commit, which `_notes` names."""
    return {name: word for name, word in environment.items() if name not in ("threads", "commit")}


def _compared(
    recipe: Recipe, names: Sequence[str], seeds: tuple[int, ...], runs: dict[tuple[str, int], Run]
) -> Ablation:
    first = runs["", seeds[0]]
    sides = [side for side, _ in first.predicted()]
    if not sides:
        raise FormatError(f"The run {first.id} has no predictions to compare.")
    side, rows, count = sides[0], [], 0
    for head in (head for where, head in first.predicted() if where == side):
        full = [runs["", seed].predictions(side, head).labelled() for seed in seeds]
        count = count or len(full[0].keys)
        groups = _groups(first, full[0])
        metric = _metric(recipe, full[0])
        for name in names:
            reduced = [runs[name, seed].predictions(side, head).labelled() for seed in seeds]
            rows.append(_row(recipe, (name, head, metric), full, reduced, groups))
    ids = tuple(run.id for run in runs.values())
    commits = {str(run.facts.get("environment", {}).get("commit", "")) for run in runs.values()}
    notes = (*_notes(side, seeds, rows), *_notes_on_code(commits))
    return Ablation(recipe.name, side, count, seeds, tuple(rows), ids, notes)


def _row(
    recipe: Recipe,
    which: tuple[str, str, str],
    full: Sequence[HeadPredictions],
    reduced: Sequence[HeadPredictions],
    groups: list[str] | None,
) -> AblationRow:
    name, head, metric = which
    for predictions in (*full, *reduced):
        if predictions.keys != full[0].keys:
            raise FormatError(f"The runs with and without {name} were not evaluated on the same pictures.")
    trials = [(statistic(b, metric), statistic(a, metric)) for a, b in zip(full, reduced, strict=True)]
    found = repeated_difference(trials, len(full[0].keys), groups=groups, resamples=RESAMPLES)
    sign = -1 if metric == "mae" else 1
    ends = sorted((sign * found.low, sign * found.high))
    value = None if name == EVERYTHING else float(getattr(recipe.augment, name))
    return AblationRow(name, value, head, metric, found.b, found.a, sign * found.difference, *ends)


def _groups(run: Run, predictions: HeadPredictions) -> list[str] | None:
    """The group of each picture; None where every picture is its own."""
    groups = run.groups()
    return [groups.get(key, key) for key in predictions.keys] if groups else None


def _metric(recipe: Recipe, predictions: HeadPredictions) -> str:
    """By what a head is compared: the recipe's monitored metric where the head has it."""
    if not predictions.classes:
        return "mae"
    monitor = recipe.training.monitor
    return monitor if monitor in _METRICS else "accuracy"


def statistic(predictions: HeadPredictions, metric: str) -> Statistic:
    """A metric of labelled predictions as a function of indices (M,)."""
    if metric == "mae":
        errors = np.abs(predictions.values - predictions.label_numbers())
        return lambda drawn: float(errors[drawn].mean())
    labels, given = predictions.label_indices(), predictions.probabilities.argmax(axis=1)
    if metric == "accuracy":
        right = labels == given
        return lambda drawn: float(right[drawn].mean())
    place = 0 if metric == "macro_recall" else 1
    classes = len(predictions.classes)
    return lambda drawn: macro_averages(confusion_matrix(given[drawn], labels[drawn], classes))[place]


def _notes(side: str, seeds: tuple[int, ...], rows: Sequence[AblationRow]) -> Iterator[str]:
    if side == "val":
        yield "Evaluated on val, which also chose each run's weights: all rows alike, and all a little too high."
    if len(seeds) == 1:
        yield "With one seed the intervals lack the chance that lies in training itself: they are too narrow."
    if len(rows) > 3:
        yield f"Of {len(rows)} rows, one in twenty seems to help or hurt by chance alone."


def _notes_on_code(commits: set[str]) -> Iterator[str]:
    if len(commits) > 1:
        yield f"The runs are of {len(commits)} commits of closeup's code; did training change between them?"


def table(found: Ablation) -> str:
    """The ablation as lines of text: best first, each with what it is worth and how sure that is."""
    heads = dict.fromkeys((row.head, row.metric) for row in found.rows)
    many = "1 seed" if len(found.seeds) == 1 else f"{len(found.seeds)} seeds"
    lines = []
    for head, metric in heads:
        lines.append(f"{head}: {metric.replace('_', ' ')} on {found.count} pictures of {found.side}, {many}")
        rows = sorted((row for row in found.rows if row.head == head), key=lambda row: -row.gain)
        width = max(len(_called(row)) for row in rows)
        lines.append(f"  {'augmentation':<{width}}  {'with':>7}  {'without':>7}  {'gain':>7}  95 % interval")
        for row in rows:
            numbers = "  ".join(_number(number, metric) for number in (row.with_it, row.without))
            span = f"{_signed(row.low, metric)} to {_signed(row.high, metric)}"
            lines.append(
                f"  {_called(row):<{width}}  {numbers}  {_signed(row.gain, metric):>7}  {span:<18}  {row.verdict}"
            )
    return "\n".join([*lines, *found.notes])


def _called(row: AblationRow) -> str:
    return row.augmentation if row.value is None else f"{row.augmentation} = {row.value:g}"


def _number(number: float, metric: str) -> str:
    return f"{number:7.3f}" if metric == "mae" else f"{number:7.2%}"


def _signed(number: float, metric: str) -> str:
    """A gain: in the head's unit, or in points of a hundred."""
    return f"{number:+.3f}" if metric == "mae" else f"{100 * number:+.2f}"
