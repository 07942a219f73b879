"""Hypothesis strategies for recipes that hold together."""

from typing import Annotated, Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from closeup.core.fields import Within
from closeup.workbench.recipes.checks import MONITORS
from closeup.workbench.recipes.recipe import (
    LOSSES,
    AugmentRecipe,
    DataSource,
    HeadRecipe,
    ModelRecipe,
    Recipe,
    SplitRecipe,
    StageRecipe,
    TrainingRecipe,
)

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
named = texts.filter(str.strip)
choices = st.sampled_from


TABLES = {
    "data": DataSource,
    "split": SplitRecipe,
    "model": ModelRecipe,
    "heads": HeadRecipe,
    "augment": AugmentRecipe,
    "stages": StageRecipe,
    "training": TrainingRecipe,
}


def ranges(table: str) -> dict[str, tuple[type, Within]]:
    """The numbers of a table that have a range, with their types."""
    hints = get_type_hints(TABLES[table], include_extras=True).items()
    noted = {name: get_args(hint) for name, hint in hints if get_origin(hint) is Annotated}
    return {name: (kind, note) for name, (kind, note) in noted.items() if isinstance(note, Within)}


def numbers(table: str, key: str) -> st.SearchStrategy[float]:
    """Any number that the rules let a key have."""
    allowed = ranges(table)[key][1]
    return st.floats(allowed.low, allowed.high, exclude_min=allowed.above, exclude_max=allowed.below)


def whole(table: str, key: str) -> st.SearchStrategy[int]:
    allowed = ranges(table)[key][1]
    return st.integers(int(allowed.low), int(allowed.high))


def unlike_each_other(values: list[str]) -> bool:
    return len({value.casefold() for value in values}) == len(values)


@st.composite
def heads(draw: st.DrawFn, name: str) -> HeadRecipe:
    kind = draw(choices(["classes", "bins", "value"]))
    given: dict[str, Any] = {"field": draw(choices(["", f"{name}_label"])), "kind": kind}
    given |= {key: draw(numbers("heads", key)) for key in ("weight", "focal_gamma", "soft_weight")}
    if kind == "value":
        low, high = sorted(draw(st.tuples(st.floats(-1e6, 0), st.floats(1e-3, 1e6))))
        given |= {"low": low, "high": high}
    else:
        given |= {"label_smoothing": draw(numbers("heads", "label_smoothing")), "soft_labels": draw(texts)}
        given |= {"favour_rare": draw(numbers("heads", "favour_rare"))}
        given |= {"class_weights": draw(choices(["none", "balanced", "sqrt"]))}
    if kind == "bins":
        edges = tuple(sorted(draw(st.sets(st.floats(-1e6, 1e6), min_size=1, max_size=4))))
        given |= {"edges": edges}
    if kind != "classes":
        given |= {"unit": draw(texts)}
    if kind == "classes":
        given |= {"classes": tuple(draw(st.just([]) | st.lists(named, min_size=2, max_size=5, unique=True)))}
    return HeadRecipe(name, loss=draw(choices(LOSSES[kind])), **given)


@st.composite
def sources(draw: st.DrawFn, name: str, labels: list[str]) -> DataSource:
    """A source that has all of `labels`, in columns or as constants."""
    constant = draw(st.sets(choices(labels)))
    renamed = st.dictionaries(choices(labels), st.dictionaries(texts, texts, max_size=3), max_size=2)
    return DataSource(
        path=draw(named),
        name=name,
        path_column=draw(texts.filter(bool)),
        fields={label: draw(texts) for label in labels if label not in constant},
        rename=draw(renamed),
        constant={label: draw(texts) for label in sorted(constant)},
        group_column=draw(texts),
        split_column=draw(texts),
        where=draw(st.dictionaries(texts, texts, max_size=2)),
        corrections=draw(texts),
        repeat=draw(whole("data", "repeat")),
        only=draw(choices(["", "train", "val", "test"])),
    )


@st.composite
def stages(draw: st.DrawFn, name: str) -> StageRecipe:
    train = draw(choices(["all", "heads", "last-1", "last-12"]))
    count = draw(st.integers(1, 9999))
    return StageRecipe(
        name=name,
        part=draw(choices(["all", f"{draw(st.integers(1, count))}/{count}"])),
        **{key: draw(whole("stages", key)) for key in ("epochs", "batch")},
        **{key: draw(numbers("stages", key)) for key in ("learning_rate", "momentum", "weight_decay", "warmup")},
        optimizer=draw(choices(["sgd", "adam", "adamw", "rmsprop", "nadam"])),
        schedule=draw(choices(["constant", "cosine", "linear", "step"])),
        input_px=draw(st.just(0) | st.integers(16, 2048)),
        train=train,
        train_norms=train != "all" and draw(st.booleans()),
    )


@st.composite
def models(draw: st.DrawFn) -> ModelRecipe:
    return ModelRecipe(
        architecture=draw(choices(["tf_efficientnet_b0", "vgg16_bn", "resnet18.a1_in1k"])),
        weights=draw(texts),
        input_px=draw(whole("model", "input_px")),
        mean=draw(st.tuples(*[st.floats(0, 255)] * 3)),
        std=draw(st.tuples(*[st.floats(1, 255)] * 3)),
        grey=draw(st.booleans()),
        drop_rate=draw(numbers("model", "drop_rate")),
        drop_path_rate=draw(numbers("model", "drop_path_rate")),
    )


@st.composite
def trainings(draw: st.DrawFn, first: HeadRecipe) -> TrainingRecipe:
    device = draw(choices(["auto", "cpu", "cuda", "cuda:1", "mps"]))
    return TrainingRecipe(
        mode=draw(choices(["fine-tune", "frozen"])),
        sampler=draw(choices(["shuffle"] if first.kind == "value" else ["shuffle", "balanced"])),
        monitor=draw(choices(MONITORS[first.kind])),
        precision=draw(choices(["auto", "32", "bf16", *(["16"] if device != "cpu" else [])])),
        device=device,
        **{key: draw(whole("training", key)) for key in ("seed", "patience", "threads")},
        **{key: draw(numbers("training", key)) for key in ("ema", "clip_norm", "checkpoint_s")},
        flip_test=draw(st.booleans()),
    )


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe that holds together."""
    head_names = draw(
        st.lists(st.from_regex(r"\Ah[A-Za-z0-9_]{0,8}\Z"), min_size=1, max_size=3).filter(unlike_each_other)
    )
    answers = tuple(draw(heads(name)) for name in head_names)
    labels = [head.field or head.name for head in answers]
    source_names = draw(st.lists(named, min_size=1, max_size=2).filter(unlike_each_other))
    stage_names = draw(st.lists(named, min_size=1, max_size=3).filter(unlike_each_other))
    share = st.floats(0, 0.49)
    points = st.tuples(st.floats(0, 1), st.floats(0, 1))
    return Recipe(
        name=draw(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")),
        summary=draw(texts),
        licence=draw(texts),
        limits=tuple(draw(st.lists(texts, max_size=2))),
        alignment=draw(st.just(()) | st.tuples(*[points] * 5)),
        data=tuple(draw(sources(name, labels)) for name in source_names),
        heads=answers,
        split=SplitRecipe(
            draw(share), draw(share), draw(whole("split", "seed")), draw(choices(["", *labels])), draw(texts)
        ),
        model=draw(models()),
        augment=AugmentRecipe(
            crop_centre=draw(choices(["random", "centre", "face"])),
            **{key: draw(numbers("augment", key)) for key in ranges("augment")},
        ),
        stages=tuple(draw(stages(name)) for name in stage_names),
        training=draw(trainings(answers[0])),
    )
