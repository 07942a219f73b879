"""`closeup data split`: who is learnt from, chosen by and reported on, as a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.data_options import NO_FLAGS, Data
from closeup.cli.flags import AsJson, Given, with_flags
from closeup.cli.output import show_json, show_note, show_table
from closeup.jobs.work import work
from closeup.workbench.recipes.recipe import DataSource, SplitRecipe

if TYPE_CHECKING:
    from closeup.workbench.datasets.splits import SplitSummary

app = typer.Typer()


@app.command("split")
@with_flags(SplitRecipe, DataSource, leave_out=(*NO_FLAGS, "stratify", "file"))
def split_command(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The table to write.")],
    *,
    given: Given,
    field: Annotated[
        str, typer.Option(metavar="NAME", help="The label whose shares every side keeps.", show_default="the only one")
    ] = "",
    again: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Keep this split, and place what is new.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a table that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Share out a dataset among train, val and test, and save who is where.

    Pictures of one group never lie on two sides, and every side has its share of every label. What the data itself
    says holds. A recipe uses the table by `file = "split.csv"` in its section `split`.
    """
    from closeup.workbench.datasets.splits import SPLIT_SUMMARY

    found: SplitSummary = work("data.split")(
        source=DataSource(str(data), **given.of(DataSource)),
        recipe=SplitRecipe(**given.of(SplitRecipe), stratify=field, file=str(again or "")),
        output=output,
        overwrite=overwrite,
    )
    if as_json:
        show_json(SPLIT_SUMMARY.to_data(found), indent=None)
        return
    _show(found)
    for note in found.notes:
        show_note(note)
    typer.echo(f"Saved in {output}.")


def _show(found: "SplitSummary") -> None:
    """Print how many pictures, groups, and pictures of each class every side has."""
    sides = [side for side, count in found.sides.items() if count]
    names = sorted({label for counts in found.labels.values() for label in counts})
    rows = [("pictures", *(f"{found.sides[side]:,}" for side in sides))]
    if sum(found.groups.values()) < sum(found.sides.values()):
        rows.append(("groups", *(f"{found.groups[side]:,}" for side in sides)))
    for name in names:
        counts = [(found.labels[side].get(name, 0), found.sides[side]) for side in sides]
        rows.append((name or "(no label)", *(f"{count:,} ({count / all_of:.1%})" for count, all_of in counts)))
    show_table(*rows, head=("", *sides))
