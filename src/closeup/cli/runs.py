"""`closeup runs ...`: the runs that were made, trainings and fits, beside each other and one by one."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from closeup.cli.flags import RUNS, AsJson, Quiet, Runs
from closeup.cli.output import one_line, show_hint, show_json, show_loss, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.words import counted
from closeup.learning.runs.reading import DETECTION

if TYPE_CHECKING:
    from closeup.learning.runs.comparison import Comparison, HeadComparison
    from closeup.learning.runs.reading import Run

app = typer.Typer(
    name="runs",
    no_args_is_help=True,
    help="List, show, compare and export runs: trainings, and fits of recommend, appraise and headline.",
)

Which = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="last, a recipe's name, the beginning of an id, or a run's folder.", show_default=False
    ),
]
Side = Annotated[
    Literal["test", "val"] | None,
    typer.Option(help="Which pictures to compare on.", show_default="test where both have it, else val"),
]

_EPOCHS_SHOWN = 12
_DIFFERENCES_SHOWN = 40


@app.command("list")
def list_all(
    runs: Runs = RUNS,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this recipe.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs, oldest first: state, how many epochs, and the first metric."""
    from closeup.learning.runs.reading import list_runs
    from closeup.learning.runs.record import RUN_SUMMARY

    found = list_runs(runs)
    chosen = [run for run in found.runs if name in (None, run.name)]
    if as_json:
        show_json([RUN_SUMMARY.to_data(run.summary()) for run in chosen])
    elif chosen:
        show_table(*(_line(run) for run in chosen), head=("run", "state", "epochs", "first metric"), unbroken=(0,))
    else:
        typer.echo(f"There are no runs in {one_line(str(runs))}.")
        show_hint("Make one: closeup train RECIPE.toml, or a fit: closeup recommend, appraise or headline")
    for path, reason in found.damaged:
        show_loss(f"{path.name} is left out: {reason}")


@app.command()
def show(which: Which, runs: Runs = RUNS, as_json: AsJson = False) -> None:
    """Show one run: how far it came, its metrics, its epochs, and what it was made from."""
    from closeup.learning.runs.record import RUN_DETAILS

    run = _run(runs, which)
    if as_json:
        show_json(RUN_DETAILS.to_data(run.details()))
        return
    typer.echo(f"{one_line(run.id)}: {run.state}{', ' + one_line(run.record.reason) if run.record.reason else ''}")
    for words, value in run.headline():
        typer.echo(f"  {one_line(words)}: {one_line(value)}")
    if run.learner in ("", DETECTION):
        _show_epochs(run)
    _show_facts(run)
    typer.echo(f"Folder: {one_line(str(run.path))}")
    if run.learner not in ("", DETECTION) and run.state == "finished":
        show_hint(f"Its folder is the model, too, and report.html shows it: closeup {run.learner} --help")
    elif run.state in ("interrupted", "failed") and run.learner in ("", DETECTION):
        show_hint(f"Go on with it: closeup train --resume {run.id}")


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A run, as in closeup runs show.", show_default=False)],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    runs: Runs = RUNS,
    side: Side = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs on the very same pictures, with intervals, and show where their recipes differ."""
    from closeup.learning.runs.comparison import COMPARISON
    from closeup.learning.runs.comparison import compare as compared

    found = compared(_run(runs, first), _run(runs, second), side=side or "")
    if as_json:
        show_json(COMPARISON.to_data(found))
        return
    typer.echo(f"A: {one_line(found.a)}\nB: {one_line(found.b)}")
    for head in found.heads:
        _show_head(head)
    _show_recipes(found)
    for note in found.notes:
        show_note(note)


@app.command()
def best(
    runs: Runs = RUNS,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE/HEAD/FIGURE",
            help="What to rank by, val/expression/macro_f1 for instance.",
            show_default="the metric on val that the newest run chose its weights by",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this recipe.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rank the finished runs by one metric, the best first, and say whether the lead is more than chance."""
    from closeup.learning.runs.comparison import best_first, default_metric
    from closeup.learning.runs.reading import list_runs
    from closeup.learning.runs.record import RANKED_RUN

    finished = [run for run in list_runs(runs).runs if run.state == "finished" and name in (None, run.name)]
    if not finished:
        raise InputError(f"There is no finished run in {runs}.", "See the runs: closeup runs list")
    newest = next((run for run in reversed(finished) if run.flat_metrics), finished[-1])
    metric = by or default_metric(newest)
    ranked = best_first(finished, metric)
    if not ranked:
        known = ", ".join(sorted({name for run in finished for name in run.flat_metrics}))
        raise InputError(f"No finished run has the metric {metric}.", f"There are: {known}.")
    if as_json:
        show_json([RANKED_RUN.to_data(run.ranked(metric)) for run, _ in ranked])
        return
    show_table(*((run.id, f"{value:.4f}") for run, value in ranked), head=("run", metric), unbroken=(0,))
    _show_lead(ranked, metric)


@app.command()
def report(which: Which, runs: Runs = RUNS, quiet: Quiet = False) -> None:
    """Write a run's report anew, from what its folder and its data hold now; also of a run that is not finished."""
    from closeup.learning.runs.report import write_report
    from closeup.workbench.datasets.run_data import dataset_of, images_of

    run = _run(runs, which)
    try:
        image_of = images_of(dataset_of(run))
    except InputError as error:
        show_note(f"The pictures are not at hand, so that mistakes are shown by name: {error.message}")
        image_of = None
    with progress_bar(run.id, quiet=quiet) as progress:
        page = write_report(run.path, image_of, progress=progress)
    if not quiet:
        typer.echo(f"Report: {one_line(str(page))}")


@app.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The new folder.")],
    form: Annotated[Literal["csv", "tensorboard"], typer.Option("--format", help="One table, or event files.")],
    which: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Runs, as in closeup runs show.", show_default="all of them"),
    ] = None,
    runs: Runs = RUNS,
    quiet: Quiet = False,
) -> None:
    """Write all that runs wrote down as one table, or as event files for TensorBoard (which has to be installed)."""
    from closeup.learning.runs.export import export_runs
    from closeup.learning.runs.reading import list_runs

    chosen = [_run(runs, word) for word in dict.fromkeys(which)] if which else list(list_runs(runs).runs)
    if not chosen:
        raise InputError(f"There are no runs in {runs}.", "See the runs: closeup runs list")
    with progress_bar(output.name, quiet=quiet) as progress:
        export_runs(chosen, output, form, progress=progress)
    if not quiet:
        typer.echo(f"{len(chosen)} run{'' if len(chosen) == 1 else 's'} in {one_line(str(output))}")
        if form == "tensorboard":
            show_hint(f"Look at them: tensorboard --logdir {shlex.quote(str(output))}")


def _run(runs: Path, word: str) -> "Run":
    from closeup.learning.runs.reading import find_run, read_run

    return read_run(find_run(runs, word))


def _line(run: "Run") -> tuple[str, ...]:
    first = next((f"{words}: {value.partition(' (')[0]}" for words, value in run.headline()), run.record.reason)
    return run.id, run.state, str(len(run.epochs())) if run.learner in ("", DETECTION) else "", first


def _show_epochs(run: "Run") -> None:
    """The last epochs as a table: one metric of each head, so that it fits a terminal; columns without a value go."""
    epochs = run.epochs()
    if not len(epochs):
        steps = run.steps()
        typer.echo(f"No epoch is done yet; {len(steps)} steps are.")
        return
    elsewhere = ("stage", "seconds", "_macro_recall", "_macro_f1")
    columns = [name for name in epochs.columns if not name.endswith(elsewhere) and any(epochs.text(name))]
    rows = [tuple(_cell(row.get(name, "")) for name in columns) for row in epochs.rows[-_EPOCHS_SHOWN:]]
    show_table(*rows, head=tuple(name.replace("_", " ") for name in columns), unbroken=(0,))
    if len(epochs) > _EPOCHS_SHOWN:
        typer.echo(f"The last {_EPOCHS_SHOWN} of {len(epochs)} epochs; all are in epochs.csv.")


def _cell(text: str) -> str:
    if text in ("true", "false"):
        return "yes" if text == "true" else ""
    return f"{float(text):.4g}" if "." in text and text.replace(".", "", 1).isdigit() else text


def _show_facts(run: "Run") -> None:
    from closeup.learning.runs.words import option_words

    for name in ("data", "environment"):
        facts = run.facts.get(name)
        if isinstance(facts, dict):
            lines = ((key, option_words(value)) for key, value in facts.items() if key != "unreadable")
            said = "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in lines if value)
            typer.echo(f"{name.capitalize()}: {one_line(said)}")
            if facts.get("unreadable"):
                show_note(f"{counted(len(facts['unreadable']), 'picture')} could not be read; run.json names them.")
    if count := len(run.corrections()):
        typer.echo(f"Label corrections: {count}, in corrections.csv")


def _show_head(head: "HeadComparison") -> None:
    from closeup.learning.runs.words import WORDS, number_words

    over = f", {head.groups:,} groups" if head.groups is not None else ""
    unit = f", in {one_line(head.unit)}" if head.unit else ""
    typer.echo(f"\n{one_line(head.head)} on {head.side}{unit}: {head.count:,} pictures that both predicted{over}")
    rows = []
    for it in head.metrics:
        span = f"{number_words(it.name, it.low)} to {number_words(it.name, it.high)}"
        values = [number_words(it.name, value) for value in (it.a, it.b)]
        verdict = f"{it.better.upper()} is better" if it.better else "is not known"
        difference = _signed(it.name, it.difference)
        rows.append((WORDS[it.name], *values, difference, span, "" if it.name == "bias" else verdict))
    show_table(*rows, head=("metric", "A", "B", "B - A", "95 % interval", ""), unbroken=(0,))
    if head.mcnemar is not None:
        typer.echo(
            f"Right only in A: {head.mcnemar.only_a}; only in B: {head.mcnemar.only_b}; "
            f"McNemar's exact test: p = {head.mcnemar.p_value:.3g}"
        )


def _signed(name: str, value: float) -> str:
    from closeup.learning.runs.words import number_words

    return ("+" if value >= 0 else "") + number_words(name, value)


def _show_recipes(found: "Comparison") -> None:
    from closeup.learning.runs.words import option_words

    if not found.recipes:
        typer.echo("\nTheir recipes are the same.")
        return
    typer.echo("\nWhere their recipes differ:")
    rows = [(it.key, option_words(it.a) or "-", option_words(it.b) or "-") for it in found.recipes]
    show_table(*rows[:_DIFFERENCES_SHOWN], head=("key", "A", "B"), unbroken=(0,))
    if len(rows) > _DIFFERENCES_SHOWN:
        typer.echo(f"and {len(rows) - _DIFFERENCES_SHOWN} more")


def _show_lead(ranked: "Sequence[tuple[Run, float]]", metric: str) -> None:
    """Say whether the first is better than the second by more than chance, where both predicted the same pictures."""
    from closeup.learning.runs.comparison import compare as compared

    if len(ranked) < 2:
        return
    side, head, name = [*metric.split("/"), "", ""][:3]
    try:
        found = compared(ranked[1][0], ranked[0][0], side=side)
    except InputError as error:
        show_note(f"Whether the lead is chance is not known: {error.message}")
        return
    for one in found.heads:
        for it in one.metrics:
            if (one.head, one.side, it.name) == (head, side, name):
                span = f"{it.difference:+.4f} (95 % interval {it.low:+.4f} to {it.high:+.4f})"
                sure = "more than chance" if it.better else "no more than chance may do"
                typer.echo(
                    f"The first less the second, on the {one.count:,} pictures that both predicted: {span}, {sure}."
                )
    for note in found.notes:
        show_note(note)
