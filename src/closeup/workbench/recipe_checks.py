"""The rules of a recipe: the range of each number, the names that a text may be, and what has to fit together."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from closeup.workbench.recipe import DataSource, HeadRecipe, Recipe, StageRecipe
from closeup.workbench.recipe_values import nearest
from closeup.workbench.toml_lines import Key

LOSSES = {
    "classes": ("cross_entropy", "focal"),
    "bins": ("cross_entropy", "focal"),
    "value": ("smooth_l1", "l1", "mse", "distribution"),
}
"""The losses that fit each kind of head; the first is what a file means that names none."""

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "nadam")
SIDES = ("train", "val", "test")
MONITORS = {
    "classes": ("loss", "accuracy", "macro_recall", "macro_f1"),
    "bins": ("loss", "accuracy", "macro_recall", "macro_f1"),
    "value": ("loss", "mae"),
}
INPUT_NAME = "picture"
"""What the input of an exported network is called, so that no answer can be."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_HEAD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_ARCHITECTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,99}")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,2})?")
_PART = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_TRAIN = re.compile(r"all|heads|last-[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that does not hold.

    Attributes:
        key: Where.
        message: What is wrong, without a full stop.
        hint: What to write instead.
    """

    key: Key
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """Which numbers a key takes, from `low` to `high`; `above` and `below` leave the ends out."""

    low: float
    high: float
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """Whether `value` lies in it."""
        over = value > self.low if self.above else value >= self.low
        return over and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        """In words: "from 0 to 1"; "above 0, up to 1"."""
        start = f"above {self.low:g}" if self.above else f"from {self.low:g}"
        if self.below:
            return f"{start} and below {self.high:g}"
        return f"{start}, up to {self.high:g}" if self.above else f"{start} to {self.high:g}"


_SHARE, _SHARE_BELOW_1, _BETA = Range(0, 1), Range(0, 1, below=True), Range(0, 10)

RANGES: Mapping[str, Mapping[str, Range]] = {
    "data": {"repeat": Range(1, 1000)},
    "split": {"val": _SHARE_BELOW_1, "test": _SHARE_BELOW_1, "seed": Range(0, 2**32 - 1)},
    "model": {"input_px": Range(16, 2048), "drop_rate": _SHARE_BELOW_1, "drop_path_rate": _SHARE_BELOW_1},
    "heads": {
        "label_smoothing": _SHARE_BELOW_1,
        "focal_gamma": Range(0, 20),
        "weight": Range(0, 1000, above=True),
        "soft_weight": _SHARE,
    },
    "augment": {
        "crop": Range(0, 1, above=True),
        **dict.fromkeys(("shift", "horizontal_flip", "vertical_flip", "brightness", "contrast", "saturation"), _SHARE),
        **dict.fromkeys(("grey", "blur", "resolution", "noise", "erasing"), _SHARE),
        "zoom": Range(0, 4),
        "rotation_deg": Range(0, 180),
        "hue_deg": Range(0, 180),
        "mixup": _BETA,
        "cutmix": _BETA,
    },
    "stages": {
        "epochs": Range(1, 100_000),
        "batch": Range(1, 65_536),
        "learning_rate": Range(0, 100, above=True),
        "momentum": _SHARE_BELOW_1,
        "weight_decay": Range(0, 10),
        "warmup": _SHARE_BELOW_1,
    },
    "training": {
        "seed": Range(0, 2**32 - 1),
        "ema": _SHARE_BELOW_1,
        "clip_norm": Range(0, 1e6),
        "patience": Range(0, 100_000),
        "threads": Range(0, 1024),
        "checkpoint_s": Range(0, 86_400, above=True),
    },
}
"""By table and key."""


def fit_defaults(document: Mapping[str, Any]) -> None:
    """Where a head of kind "value" names no loss, let it have one that fits; `document` is changed in place."""
    heads = document.get("heads")
    for head in heads if isinstance(heads, list) else []:
        if isinstance(head, dict) and head.get("kind") == "value":
            head.setdefault("loss", LOSSES["value"][0])


def faults(recipe: Recipe) -> Iterator[Fault]:
    """The rules that `recipe` breaks, in the order of the file."""
    yield from _in_ranges(recipe)
    for check in (_general, _data, _split, _model, _heads, _stages, _training):
        yield from check(recipe)


def _in_ranges(recipe: Recipe) -> Iterator[Fault]:
    for name, ranges in RANGES.items():
        value = getattr(recipe, name)
        tables = [((name, at), one) for at, one in enumerate(value)] if isinstance(value, tuple) else [((name,), value)]
        for key, table in tables:
            for field, allowed in ranges.items():
                number = getattr(table, field)
                if not allowed.holds(number):
                    spelt = ".".join(str(part) for part in (*key, field))
                    yield Fault((*key, field), f"{spelt} must be {allowed}, not {number:.12g}")


def _general(recipe: Recipe) -> Iterator[Fault]:
    if not _NAME.fullmatch(recipe.name):
        yield Fault(
            ("name",),
            f'the name "{recipe.name}" cannot be part of the name of a folder',
            "Use letters, digits, '.', '_' and '-', 60 at most.",
        )
    for name in ("data", "heads", "stages"):
        if not getattr(recipe, name):
            yield Fault((name,), f"{name} is empty", f"Add a table [[{name}]].")
    points = recipe.alignment
    if points and (len(points) != 5 or not all(0 <= value <= 1 for point in points for value in point)):
        yield Fault(
            ("alignment",),
            "alignment must be five points [x, y], shares of the side from 0 to 1",
            "Eye, eye, nose tip, mouth corner, mouth corner; or leave it out where pictures are no aligned faces.",
        )


def _data(recipe: Recipe) -> Iterator[Fault]:
    wanted = {head.field or head.name for head in recipe.heads}
    named = Counter(source.name.casefold() for source in recipe.data if source.name)
    for at, source in enumerate(recipe.data):
        key: Key = ("data", at)
        if not source.path.strip():
            yield Fault((*key, "path"), "the path is empty", "Name a folder, a CSV file or a zip file.")
        if not source.path_column:
            yield Fault((*key, "path_column"), "path_column is empty", 'Name the column of the pictures: "path".')
        if source.name and named[source.name.casefold()] > 1:
            yield Fault((*key, "name"), f'two [[data]] are called "{source.name}"', "Give each a name of its own.")
        yield from _one_of((*key, "only"), source.only, ("", *SIDES))
        yield from _label_fields(source, key, {*wanted, *filter(None, [recipe.split.stratify])})
    for at, head in enumerate(recipe.heads):
        if recipe.data and not any(_may_have(source, head.field or head.name) for source in recipe.data):
            yield Fault(
                ("heads", at),
                f'no [[data]] has the labels that the head "{head.name}" learns',
                f'Say in which column they stand: fields = {{ {head.field or head.name} = "COLUMN" }} in [[data]].',
            )


def _label_fields(source: DataSource, key: Key, wanted: set[str]) -> Iterator[Fault]:
    for name in ("fields", "rename", "constant"):
        for field in getattr(source, name):
            if field not in wanted:
                near = nearest(field, sorted(wanted))
                yield Fault(
                    (*key, name, field),
                    f'{name} speaks of "{field}", which no head learns',
                    f'Did you mean "{near}"?' if near else f"The heads learn: {', '.join(sorted(wanted))}.",
                )
    for field in source.constant:
        if field in source.fields:
            yield Fault(
                (*key, "constant", field),
                f'"{field}" is both read from a column and constant',
                "Leave out one of them: fields or constant.",
            )


def _may_have(source: DataSource, field: str) -> bool:
    return not source.fields or field in source.fields or field in source.constant


def _split(recipe: Recipe) -> Iterator[Fault]:
    split = recipe.split
    if split.val + split.test >= 1:
        key = "val" if split.val >= split.test else "test"
        yield Fault(("split", key), "val and test together leave nothing to train on", "Let their sum be below 1.")
    known = {field for head in recipe.heads for field in (head.field or head.name,)}
    known |= {field for source in recipe.data for field in (*source.fields, *source.constant)}
    if split.stratify:
        yield from _one_of(("split", "stratify"), split.stratify, sorted(known))


def _model(recipe: Recipe) -> Iterator[Fault]:
    model = recipe.model
    if not _ARCHITECTURE.fullmatch(model.architecture):
        yield Fault(
            ("model", "architecture"),
            f'"{model.architecture}" is no name of an architecture',
            'Use a name that timm knows, "tf_efficientnet_b0"; weights are named by `weights`.',
        )
    for name, allowed in (("mean", Range(0, 255)), ("std", Range(1, 255))):
        if not all(allowed.holds(value) for value in getattr(model, name)):
            yield Fault(
                ("model", name),
                f"model.{name} must have three numbers {allowed}",
                "They are those of a picture of 0 to 255: multiply those for 0 to 1 by 255.",
            )


def _heads(recipe: Recipe) -> Iterator[Fault]:
    named = Counter(head.name.casefold() for head in recipe.heads)
    for at, head in enumerate(recipe.heads):
        key: Key = ("heads", at)
        if not _HEAD_NAME.fullmatch(head.name):
            yield Fault(
                (*key, "name"),
                f'"{head.name}" is no name for a head',
                "Start with a letter, and use letters, digits and '_', 40 at most.",
            )
        if head.name.casefold() == INPUT_NAME:
            yield Fault((*key, "name"), f'a head cannot be called "{head.name}": the network\'s input is called so')
        if named[head.name.casefold()] > 1:
            yield Fault((*key, "name"), f'two heads are called "{head.name}"', "Give each a name of its own.")
        yield from _one_of((*key, "loss"), head.loss, LOSSES[head.kind], f'for kind = "{head.kind}"')
        yield from _head_classes(head, key)
        yield from _head_numbers(head, key)


def _head_classes(head: HeadRecipe, key: Key) -> Iterator[Fault]:
    twice = [name for name, count in Counter(head.classes).items() if count > 1]
    if twice:
        yield Fault((*key, "classes"), f'the class "{twice[0]}" is named twice', "Name each class once.")
    if not all(name.strip() for name in head.classes):
        yield Fault((*key, "classes"), "a class has an empty name", "Give each class a name.")
    if head.kind == "classes" and len(head.classes) == 1:
        yield Fault(
            (*key, "classes"), "a head needs two classes or more", "Leave `classes` out to take those of the data."
        )
    if head.kind == "bins" and head.classes and len(head.classes) != len(head.edges) + 1:
        count, edges = len(head.edges) + 1, len(head.edges)
        yield Fault((*key, "classes"), f"{edges} edges make {count} classes, and {len(head.classes)} are named")
    if head.kind == "value" and head.classes:
        yield Fault(
            (*key, "classes"), 'a head of kind "value" has no classes', 'Leave them out, or make it kind = "bins".'
        )


def _head_numbers(head: HeadRecipe, key: Key) -> Iterator[Fault]:
    if head.kind == "bins" and not head.edges:
        yield Fault((*key, "kind"), 'kind = "bins" needs edges', "Write edges = [30, 60] for three classes.")
    if head.kind != "bins" and head.edges:
        yield Fault((*key, "edges"), f'edges are for kind = "bins", and this head has kind = "{head.kind}"')
    if not all(low < high for low, high in pairwise(head.edges)):
        yield Fault((*key, "edges"), "edges must rise", "Write them from the smallest to the largest.")
    if head.kind == "value":
        if head.low >= head.high:
            yield Fault((*key, "high"), f"high ({head.high:g}) must be above low ({head.low:g})")
        for name, off in (("label_smoothing", 0.0), ("class_weights", "none"), ("soft_labels", "")):
            if getattr(head, name) != off:
                yield Fault((*key, name), f'{name} is for heads with classes, and this one has kind = "value"')
    elif (head.low, head.high) != (0.0, 1.0):
        name = "low" if head.low != 0.0 else "high"
        yield Fault((*key, name), f'low and high are for kind = "value", and this head has kind = "{head.kind}"')
    if head.unit and head.kind == "classes":
        yield Fault((*key, "unit"), 'a unit is for numbers, and this head has kind = "classes"')


def _stages(recipe: Recipe) -> Iterator[Fault]:
    named = Counter(stage.name.casefold() for stage in recipe.stages if stage.name)
    for at, stage in enumerate(recipe.stages):
        key: Key = ("stages", at)
        if stage.name and named[stage.name.casefold()] > 1:
            yield Fault((*key, "name"), f'two stages are called "{stage.name}"', "Give each a name of its own.")
        yield from _one_of((*key, "optimizer"), stage.optimizer, OPTIMIZERS)
        yield from _stage_part(stage, key)
        if not _TRAIN.fullmatch(stage.train):
            yield Fault(
                (*key, "train"),
                f'train must be "all", "heads" or "last-N", not "{stage.train}"',
                'The heads and the last three blocks: train = "last-3".',
            )
        if stage.train == "all" and stage.train_norms:
            yield Fault((*key, "train_norms"), 'train_norms is for frozen weights, and train = "all" freezes none')
        if stage.input_px and not Range(16, 2048).holds(stage.input_px):
            yield Fault(
                (*key, "input_px"), f"input_px must be from 16 to 2048, or 0 for the model's, not {stage.input_px}"
            )


def _stage_part(stage: StageRecipe, key: Key) -> Iterator[Fault]:
    if stage.part == "all":
        return
    found = _PART.fullmatch(stage.part)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        yield Fault(
            (*key, "part"),
            f'part must be "all" or one of several parts, not "{stage.part}"',
            'The second of four parts: part = "2/4".',
        )


def _training(recipe: Recipe) -> Iterator[Fault]:
    training = recipe.training
    if recipe.heads:
        first = recipe.heads[0]
        yield from _one_of(
            ("training", "monitor"), training.monitor, MONITORS[first.kind], f'for the first head, "{first.name}"'
        )
        if training.sampler == "balanced" and first.kind == "value":
            yield Fault(
                ("training", "sampler"),
                f'sampler = "balanced" needs classes, and the first head, "{first.name}", answers a number',
                "Put a head with classes first.",
            )
    if not _DEVICE.fullmatch(training.device):
        yield Fault(
            ("training", "device"),
            f'device must be "auto", "cpu", "cuda", "cuda:N" or "mps", not "{training.device}"',
        )
    if training.device == "cpu" and training.precision == "16":
        yield Fault(("training", "precision"), 'precision = "16" needs a GPU', 'Use "auto", "bf16" or "32" on a CPU.')


def _one_of(key: Key, value: str, choices: Sequence[str], which: str = "") -> Iterator[Fault]:
    if value in choices:
        return
    near = nearest(value, choices)
    listed = ", ".join(f'"{choice}"' for choice in choices)
    name = str(key[-1])
    yield Fault(
        key,
        f'{name} must be one of {listed}{which and f" {which}"}, not "{value}"',
        f'Did you mean "{near}"?' if near else "",
    )
