"""`closeup recommend ...`: what people may like, from what they took; what is like what, and why."""

from pathlib import Path
from typing import Annotated, Any

import typer

from closeup.cli.flags import RUNS, AnswerOnly, AsJson, Given, Quiet, Report, Runs, with_flags
from closeup.cli.output import (
    one_line,
    show_evaluation,
    show_finding,
    show_json,
    show_note,
    show_notes,
    show_page,
    show_table,
)
from closeup.cli.progress_bar import progress_bar
from closeup.core.words import counted
from closeup.features.recommend.options import EventColumns, RecommendOptions
from closeup.jobs.work import work

app = typer.Typer(
    name="recommend",
    no_args_is_help=True,
    help="Recommend items from what people took, and say why.",
)

Events = Annotated[
    Path, typer.Argument(metavar="EVENTS.csv", show_default=False, help="Who took what: a row for each event.")
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", show_default=False, help="Folder of a fitted model.")]
Item = Annotated[str, typer.Argument(metavar="ITEM", show_default=False, help="Id or name of an item.")]
Who = Annotated[str, typer.Argument(metavar="USER", show_default=False, help="Id of a user.")]
NamesFile = Annotated[
    Path | None, typer.Option("--names", metavar="FILE", help="CSV of items' ids and names; all may be recommended.")
]
Top = Annotated[int, typer.Option("--top", metavar="N", min=1, max=10_000, help="How many.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the model to make.")]


@app.command("fit")
@with_flags(EventColumns, RecommendOptions)
def fit_command(
    events: Events,
    output: Output,
    names: NamesFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="First hold back a fifth (the last, by time), and measure on it.")
    ] = False,
    overwrite: Overwrite = False,
    runs: Runs = RUNS,
    quiet: Quiet = False,
    as_json: AsJson = False,
    *,
    given: Given,
) -> None:
    """Fit a model to a table of who took what: plays, purchases, visits."""
    from closeup.documents.learners import MODEL_JSON

    with progress_bar(events.name, quiet=quiet) as progress:
        model = work("recommend.fit")(
            events=events,
            output=output,
            columns=given.of(EventColumns),
            names=names,
            options=RecommendOptions(**given.of(RecommendOptions)),
            check=check,
            overwrite=overwrite,
            runs_dir=runs,
            progress=progress,
        )
    if as_json:
        show_json(MODEL_JSON.to_data(model.header))
    show_notes(model.header.notes, in_json=as_json)
    if quiet or as_json:
        return
    facts = model.header.facts
    sizes = (counted(facts[many], many.removesuffix("s")) for many in ("users", "items", "pairs"))
    typer.echo(f"{output}: a model of {', '.join(sizes)}.")
    if model.header.metrics:
        checked = facts["check"]
        typer.echo(f"Measured on {checked['data']}, {counted(checked['users'], 'user')}, by a fit on the rest:")
        beside = checked["baselines"]
        rows = [
            (
                name,
                f"{each.value:.4f}",
                f"{each.low:.4f} to {each.high:.4f}",
                *(f"{b[name]:.4f}" for b in beside.values()),
            )
            for name, each in model.header.metrics.items()
        ]
        show_table(*rows, head=("figure", "model", "95 % interval", *(name.replace("_", " ") for name in beside)))
    show_page(output)


@app.command("for")
def for_command(model: Model, user: Who, top: Top = 20, as_json: AsJson = False) -> None:
    """Recommend to a user what they have not taken yet."""
    found = work("recommend.for")(model=model, user=user, top=top)
    _show(found, "score", as_json=as_json)
    if not found:
        show_note("They have taken all that anybody took: nothing is left to recommend.")


@app.command("similar")
def similar_command(model: Model, item: Item, top: Top = 20, as_json: AsJson = False) -> None:
    """List what is most like an item, by who took it."""
    found = work("recommend.similar")(model=model, item=item, top=top)
    _show(found, "cosine", as_json=as_json)
    if not found:
        show_note("No other item was taken by enough users to be compared.")


@app.command("explain")
def explain_command(model: Model, user: Who, item: Item, top: Top = 10, as_json: AsJson = False) -> None:
    """Say why an item is recommended to a user: what each item that they took adds to its score."""
    found = work("recommend.explain")(model=model, user=user, item=item)
    if as_json:
        show_json(found)
        return
    name = one_line(found["name"] or found["item"])
    typer.echo(f"{name} has the score {found['score']:.3f} for {one_line(found['user'])}, because of:")
    because = found["because"]
    shown, rest = because[:top], because[top:]
    rows = [(one_line(each["name"] or each["item"]), f"{each['weight']:,g}", f"{each['adds']:+.3f}") for each in shown]
    if rest:
        rows.append((counted(len(rest), "other"), "", f"{sum(each['adds'] for each in rest):+.3f}"))
    show_table(*rows, head=("taken", ">weight", ">adds"))


@app.command("evaluate")
@with_flags(EventColumns)
def evaluate_command(
    model: Model,
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", show_default=False, help="Events not fitted on.")],
    output: Report = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    *,
    given: Given,
) -> None:
    """Measure a model on events that it was not fitted on, beside popularity and item cosine."""
    with progress_bar(data.name, quiet=quiet) as progress:
        found = work("recommend.evaluate")(
            model=model, data=data, columns=given, out=output, overwrite=overwrite, progress=progress
        )
    show_evaluation(found, "user", as_json=as_json, quiet=False)
    show_page(output, quiet=as_json)


@app.command("look")
@with_flags(EventColumns)
def look_command(
    events: Events,
    output: Report = None,
    names: NamesFile = None,
    overwrite: Overwrite = False,
    quiet: AnswerOnly = False,
    as_json: AsJson = False,
    *,
    given: Given,
) -> None:
    """Look at a table of who took what: how much each takes, how few items hold most; as one page."""
    with progress_bar(events.name, quiet=quiet) as progress:
        found = work("recommend.look")(
            events=events, columns=given, names=names, out=output, overwrite=overwrite, progress=progress
        )
    if as_json:
        show_json(found)
        show_notes(found["notes"], in_json=True)
        return
    sizes = (counted(found[many], many.removesuffix("s")) for many in ("users", "items", "pairs"))
    typer.echo(f"{one_line(found['name'])}: {', '.join(sizes)}, {found['one_play_share']:.1%} seen once.")
    show_notes(found["notes"])
    for finding in found["findings"]:
        show_finding(finding)
    show_page(output)


@app.command("add")
@with_flags(EventColumns)
def add_command(
    model: Model,
    events: Events,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder of the new model; else MODEL itself.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: AnswerOnly = False,
    as_json: AsJson = False,
    *,
    given: Given,
) -> None:
    """Let a model know new plays, of new users too, without fitting it again."""
    from closeup.documents.learners import MODEL_JSON

    with progress_bar(events.name, quiet=quiet) as progress:
        header, notes = work("recommend.add")(
            model=model, events=events, columns=given, out=output, overwrite=overwrite, progress=progress
        )
    if as_json:
        show_json(MODEL_JSON.to_data(header))
    show_notes(notes, in_json=as_json)
    if as_json:
        return
    typer.echo(f"{output or model}: a model of {counted(header.facts['users'], 'user')}.")


def _show(found: list[dict[str, Any]], score: str, *, as_json: bool) -> None:
    """Print a list of items, best first."""
    if as_json:
        show_json(found)
    if as_json or not found:
        return
    rows = [
        (str(rank), one_line(each["name"] or each["item"]), f"{each['score']:.3f}", f"{each['users']:,}")
        for rank, each in enumerate(found, 1)
    ]
    show_table(*rows, head=(">", "item", f">{score}", ">users"))
