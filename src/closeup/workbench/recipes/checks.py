"""What the parts of a recipe have to be to each other; the range of a single value stands in its type."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NoReturn

from closeup.core.errors import FormatError
from closeup.documents.form import Place, nearest
from closeup.workbench.recipes.recipe import LOSSES, DataSource, HeadRecipe, Recipe, StageRecipe

MONITORS = {
    "classes": ("loss", "accuracy", "macro_recall", "macro_f1"),
    "bins": ("loss", "accuracy", "macro_recall", "macro_f1"),
    "value": ("loss", "mae"),
}
INPUT_NAME = "picture"
"""What the input of an exported network is called, so that no answer can be."""


def check(recipe: Recipe) -> None:
    """Hold the rules that tie fields together.

    Raises:
        FormatError: If one does not hold.
    """
    for name in ("data", "heads", "stages"):
        if not getattr(recipe, name):
            _refuse((name,), f"{name} is empty", f"Add a table [[{name}]].")
    if len(recipe.alignment) not in (0, 5):
        _refuse(
            ("alignment",),
            "alignment must be five points [x, y], shares of the side",
            "Eye, eye, nose tip, mouth corner, mouth corner; or leave it out where pictures are no aligned faces.",
        )
    _check_names("data", [source.name for source in recipe.data])
    _check_names("heads", [head.name for head in recipe.heads])
    _check_names("stages", [stage.name for stage in recipe.stages])
    _check_labels(recipe)
    for at, head in enumerate(recipe.heads):
        _check_head(head, ("heads", at))
    for at, stage in enumerate(recipe.stages):
        _check_stage(stage, ("stages", at))
    _check_split(recipe)
    _check_training(recipe)


def _check_names(table: str, names: Sequence[str]) -> None:
    counts = Counter(name.casefold() for name in names if name)
    for at, name in enumerate(names):
        if counts[name.casefold()] > 1:
            _refuse((table, at, "name"), f'two of [[{table}]] are called "{name}"', "Give each a name of its own.")


def _check_labels(recipe: Recipe) -> None:
    learnt = [head.field or head.name for head in recipe.heads]
    known = {*learnt, *filter(None, [recipe.split.stratify])}
    for at, source in enumerate(recipe.data):
        for key in ("path", "path_column"):
            if not getattr(source, key).strip():
                _refuse(("data", at, key), f"{key} is empty", f"Say what the {key.replace('_', ' ')} is.")
        for name in ("fields", "rename", "constant"):
            for field in getattr(source, name):
                if field not in known:
                    hint = _did_you_mean(field, known) or f"The heads learn: {', '.join(sorted(known))}."
                    _refuse(("data", at, name, field), f'{name} speaks of "{field}", which no head learns', hint)
        for field in source.constant.keys() & source.fields.keys():
            _refuse(
                ("data", at, "constant", field),
                f'"{field}" is both read from a column and constant',
                "Leave out one of them: fields or constant.",
            )
    for at, field in enumerate(learnt):
        if not any(_may_have(source, field) for source in recipe.data):
            _refuse(
                ("heads", at),
                f'no [[data]] has the labels that the head "{recipe.heads[at].name}" learns',
                f'Say in which column they stand: fields = {{ {field} = "COLUMN" }} in [[data]].',
            )


def _may_have(source: DataSource, field: str) -> bool:
    return not source.fields or field in source.fields or field in source.constant


def _check_split(recipe: Recipe) -> None:
    split = recipe.split
    if split.val + split.test >= 1:
        key = "val" if split.val >= split.test else "test"
        _refuse(("split", key), "val and test together leave nothing to train on", "Let their sum be below 1.")
    known = {head.field or head.name for head in recipe.heads}
    known |= {field for source in recipe.data for field in (*source.fields, *source.constant)}
    if split.stratify:
        _check_choice(("split", "stratify"), split.stratify, sorted(known))


def _check_head(head: HeadRecipe, key: Place) -> None:
    if head.name.casefold() == INPUT_NAME:
        _refuse((*key, "name"), f'a head cannot be called "{head.name}": the network\'s input is called so')
    _check_choice((*key, "loss"), head.loss, LOSSES[head.kind], f' for kind = "{head.kind}"')
    named, edges = len(head.classes), len(head.edges)
    if len(set(head.classes)) < named or not all(name.strip() for name in head.classes):
        _refuse((*key, "classes"), "a class is named twice, or has an empty name", "Give each class a name of its own.")
    if head.kind == "classes" and named == 1:
        _refuse((*key, "classes"), "a head needs two classes or more", "Leave `classes` out to take those of the data.")
    if head.kind == "bins" and named and named != edges + 1:
        _refuse((*key, "classes"), f"{edges} edges make {edges + 1} classes, and {named} are named")
    if head.kind == "bins" and not edges:
        _refuse((*key, "kind"), 'kind = "bins" needs edges', "Write edges = [30, 60] for three classes.")
    if not all(low < high for low, high in pairwise(head.edges)):
        _refuse((*key, "edges"), "edges must rise", "Write them from the smallest to the largest.")
    if head.low >= head.high:
        _refuse((*key, "high"), f"high ({head.high:g}) must be above low ({head.low:g})")
    plain = HeadRecipe(head.name)
    for name, kinds in _ONLY_FOR.items():
        if head.kind not in kinds and getattr(head, name) != getattr(plain, name):
            fitting = " or ".join(f'"{kind}"' for kind in kinds)
            _refuse((*key, name), f'{name} is for kind = {fitting}, and this head has kind = "{head.kind}"')


_ONLY_FOR = {
    "classes": ("classes", "bins"),
    "edges": ("bins",),
    "low": ("value",),
    "high": ("value",),
    "unit": ("value", "bins"),
    **dict.fromkeys(("label_smoothing", "class_weights", "soft_labels", "favour_rare"), ("classes", "bins")),
}
"""The kinds of head that a key may be set for."""


def _check_stage(stage: StageRecipe, key: Place) -> None:
    part, _, parts = stage.part.partition("/")
    if parts and not 1 <= int(part) <= int(parts):
        _refuse((*key, "part"), f'there is no part "{stage.part}"', 'The second of four parts: part = "2/4".')
    if stage.train == "all" and stage.train_norms:
        _refuse((*key, "train_norms"), 'train_norms is for frozen weights, and train = "all" freezes none')
    if 0 < stage.input_px < 16:
        _refuse((*key, "input_px"), f"input_px must be from 16 to 2048, or 0 for the model's, not {stage.input_px}")


def _check_training(recipe: Recipe) -> None:
    training, first = recipe.training, recipe.heads[0]
    which = f' for the first head, "{first.name}"'
    _check_choice(("training", "monitor"), training.monitor, MONITORS[first.kind], which)
    if training.sampler == "balanced" and first.kind == "value":
        _refuse(
            ("training", "sampler"),
            f'sampler = "balanced" needs classes, and the first head, "{first.name}", answers a number',
            "Put a head with classes first.",
        )
    if training.device == "cpu" and training.precision == "16":
        _refuse(("training", "precision"), 'precision = "16" needs a GPU', 'Use "auto", "bf16" or "32" on a CPU.')


def _check_choice(key: Place, value: str, choices: Sequence[str], which: str = "") -> None:
    if value not in choices:
        listed = ", ".join(f'"{choice}"' for choice in choices)
        _refuse(key, f'{key[-1]} must be one of {listed}{which}, not "{value}"', _did_you_mean(value, choices))


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f'Did you mean "{near}"?' if near else ""


def _refuse(place: Place, message: str, hint: str = "") -> NoReturn:
    raise FormatError(f"{message}.", hint, place=place)
