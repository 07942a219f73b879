"""`closeup data split`: who is learnt from, chosen by and reported on, as a table."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.data_options import (
    Corrections,
    Data,
    GroupColumn,
    PathColumn,
    SplitColumn,
    Where,
    columns_and_values,
    tell_notes,
)
from closeup.cli.flags import AsJson
from closeup.cli.output import show_json, show_note, show_table
from closeup.core.errors import OutputError
from closeup.core.result_folder import made_folder
from closeup.workbench.recipes.recipe import SplitRecipe

if TYPE_CHECKING:
    from closeup.workbench.datasets.items import Dataset
    from closeup.workbench.datasets.splits import Split

app = typer.Typer()
DEFAULTS = SplitRecipe()


@app.command("split")
def split_command(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The table to write.")],
    val: Annotated[
        float, typer.Option(metavar="SHARE", help="To choose by, where the data has no val.")
    ] = DEFAULTS.val,
    test: Annotated[
        float, typer.Option(metavar="SHARE", help="To report on, where the data has no test.")
    ] = DEFAULTS.test,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws another split.")] = DEFAULTS.seed,
    field: Annotated[
        str, typer.Option(metavar="NAME", help="The label whose shares every side keeps.", show_default="the only one")
    ] = "",
    again: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Keep this split, and place what is new.")
    ] = None,
    path_column: PathColumn = "path",
    group_column: GroupColumn = "",
    split_column: SplitColumn = "",
    where: Where = None,
    corrections: Corrections = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a table that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Share out a dataset among train, val and test, and save who is where.

    Pictures of one group never lie on two sides, and every side has its share of every label. What the data itself
    says holds. A recipe uses the table by `file = "split.csv"` in its section `split`.
    """
    from closeup.workbench.datasets.reading import open_one
    from closeup.workbench.datasets.splits import make_split, save_split

    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists already.", "Add --overwrite to replace it, or choose another name with -o.")
    dataset = open_one(
        data,
        path_column=path_column,
        group_column=group_column,
        split_column=split_column,
        where=columns_and_values(where),
        corrections=str(corrections or ""),
    )
    if not field and len(dataset.fields) == 1:
        field = dataset.fields[0].name
    recipe = SplitRecipe(val=val, test=test, seed=seed, stratify=field, file=str(again or ""))
    split = make_split(dataset, recipe)
    with made_folder(output.parent):
        save_split(output, split)
    if as_json:
        show_json(summary(dataset, split, field, output), indent=None)
        return
    show(dataset, split, field)
    tell_notes(dataset)
    for note in split.notes:
        show_note(note)
    typer.echo(f"Saved in {output}.")


def summary(dataset: "Dataset", split: "Split", field: str, output: Path) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "data": dataset.name,
        "file": str(output),
        "seed": split.seed,
        "sides": split.counts(),
        "groups": group_counts(split),
        "field": field,
        "labels": {side: dict(counts) for side, counts in label_counts(dataset, split, field).items()},
        "notes": [*dataset.notes, *split.notes],
    }


def group_counts(split: "Split") -> dict[str, int]:
    """How many groups each side has."""
    pairs = {(split.sides[key], group) for key, group in split.groups.items()}
    found = Counter(side for side, _ in pairs)
    return {side: found[side] for side in split.counts()}


def label_counts(dataset: "Dataset", split: "Split", field: str) -> dict[str, Counter[str]]:
    """By side: how many pictures have each label; empty for numbers and where there is no field."""
    counts: dict[str, Counter[str]] = {side: Counter() for side in split.counts()}
    if field and dataset.field(field).kind == "classes":
        for item in dataset.items:
            counts[split.sides[item.key]][str(item.labels.get(field, ""))] += 1
    return counts


def show(dataset: "Dataset", split: "Split", field: str) -> None:
    """Print how many pictures, groups, and pictures of each class every side has."""
    sides = [side for side, count in split.counts().items() if count]
    labels = label_counts(dataset, split, field)
    names = sorted({label for counts in labels.values() for label in counts})
    groups, pictures = group_counts(split), split.counts()
    rows = [("pictures", *(f"{pictures[side]:,}" for side in sides))]
    if sum(groups.values()) < len(dataset):
        rows.append(("groups", *(f"{groups[side]:,}" for side in sides)))
    rows += [
        (
            name or "(no label)",
            *(f"{labels[side][name]:,} ({labels[side][name] / pictures[side]:.1%})" for side in sides),
        )
        for name in names
    ]
    show_table(*rows, head=("", *sides))
