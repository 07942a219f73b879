"""`closeup appraise`: what things of a table are worth: look at it, fit, predict, explain, evaluate."""

import re
from pathlib import Path
from typing import Annotated

import typer

from closeup.cli.flags import RUNS, AnswerOnly, AsJson, Report, Runs
from closeup.cli.output import (
    one_line,
    show_evaluation,
    show_finding,
    show_json,
    show_metrics,
    show_notes,
    show_page,
    show_table,
)
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.words import counted
from closeup.jobs.work import work

app = typer.Typer(no_args_is_help=True, help="Estimate what things of a table are worth.")

TableFile = Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV file with a header.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model's folder, as `closeup appraise fit` makes it.")]
Target = Annotated[str, typer.Option("--target", metavar="COLUMN", help="The column that is estimated: price.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]

MOST_PARTS = 12
"""Features that an explanation prints; JSON has all."""


@app.command()
def look(
    table: TableFile,
    target: Target,
    output: Report = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: AnswerOnly = False,
) -> None:
    """Look at a table before anything is learnt from it: one page of what goes with the target, and what is wrong."""
    if output is None and not as_json:
        raise InputError("Say where the page goes, or ask for JSON.", "-o DIR, or --json")
    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        found = work("appraise.look")(path=table, target=target, out=output, overwrite=overwrite, progress=progress)
    if as_json:
        show_json(found)
        show_notes(found["notes"], in_json=True)
        return
    sizes = f"{counted(found['rows'], 'row')}, {counted(len(found['columns']), 'column')}"
    typer.echo(f"{one_line(found['table'])}: {sizes} beside {target}.")
    for finding in found["findings"]:
        show_finding(finding)
    show_notes(found["notes"])
    show_page(output)


@app.command()
def fit(
    table: TableFile,
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MODEL", help="Folder to make.")],
    group: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Rows with equal values here are one thing, and are kept together; else an id that repeats, or what "
            "is alike.",
        ),
    ] = "",
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="Look for settings so long, 90s, 10m or 1h; else the published ones.")
    ] = "",
    trials: Annotated[int | None, typer.Option(min=1, help="Try so many settings of each library.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Learn each model so often, with other draws.")] = 1,
    overwrite: Overwrite = False,
    runs: Runs = RUNS,
    as_json: AsJson = False,
    quiet: AnswerOnly = False,
) -> None:
    """Learn what a column is by all others; figures are of rows that were not learnt, in five folds."""
    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        header = work("appraise.fit")(
            table=table,
            target=target,
            out=output,
            group=group,
            seeds=seeds,
            budget_s=_seconds(budget),
            trials=trials,
            overwrite=overwrite,
            runs_dir=runs,
            progress=progress,
        )
    from closeup.documents.learners import MODEL_JSON

    if as_json:
        show_json(MODEL_JSON.to_data(header))
    show_notes(header.notes, in_json=as_json)
    if as_json:
        return
    show_metrics(header.metrics)
    if tried := header.settings.get("trials"):
        typer.echo(f"Settings tried: {', '.join(f'{number} of {kind}' for kind, number in tried.items())}.")
    typer.echo(f"The model is in {output}")
    show_page(output)


@app.command()
def predict(
    model: Model,
    table: TableFile,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="CSV", help="File to write.")] = None,
    cover: Annotated[float, typer.Option(help="Share of the truth that shall lie between low and high.")] = 0.9,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: AnswerOnly = False,
) -> None:
    """Say what each row of a table is worth: its ids, price (the median), mean, low and high, as a file or as JSON."""
    if output is None and not as_json:
        raise InputError("Say where the prices go, or ask for JSON.", "-o FILE.csv, or --json")
    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        found = work("appraise.predict")(
            model=model, table=table, out=output, cover=cover, overwrite=overwrite, progress=progress
        )
    if as_json:
        show_json(found)
    show_notes(found["notes"], in_json=as_json)
    if as_json:
        return
    typer.echo(f"{output}: {found['target']} of {counted(len(found['rows']), 'row')}.")


@app.command()
def explain(
    model: Model,
    table: TableFile,
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, from 1.")] = 1,
    as_json: AsJson = False,
    quiet: AnswerOnly = False,
) -> None:
    """Say what makes a row worth what it is: what each feature adds; the sum is its price."""
    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        found = work("appraise.explain")(model=model, table=table, row=row, progress=progress)
    if as_json:
        show_json(found)
    show_notes(found["notes"], in_json=as_json)
    if as_json:
        return
    shown = found["parts"][:MOST_PARTS]
    lines = [(one_line(part["feature"]), part["value"], f"{part['adds']:+,.6g}") for part in shown]
    rest = sum(part["adds"] for part in found["parts"][MOST_PARTS:])
    lines = [("what all start from", "", f"{found['start']:,.6g}"), *lines]
    if rest:
        lines.append((f"{len(found['parts']) - len(shown)} others", "", f"{rest:+,.6g}"))
    show_table(*lines, (found["target"], "", f"{found['price']:,.6g}"), head=("feature", ">value", ">adds"))
    typer.echo(f"Nine in ten such lie between {found['low']:,.6g} and {found['high']:,.6g}; mean {found['mean']:,.6g}.")


@app.command()
def evaluate(
    model: Model,
    table: TableFile,
    output: Report = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: AnswerOnly = False,
) -> None:
    """Measure a model on a table that has the target: figures with 95 % intervals, and how often it lay within."""
    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        found = work("appraise.evaluate")(model=model, table=table, out=output, overwrite=overwrite, progress=progress)
    show_evaluation(found, "row", as_json=as_json, quiet=False)
    show_page(output, quiet=as_json)


def _seconds(text: str) -> float | None:
    """A time such as 90s, 10m or 1h in seconds; None for none."""
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not found or not float(found[1]):
        raise InputError(f"{text!r} is no time.", "Say 90s, 10m or 1h.")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2] or "s"]
