"""`closeup headline ...`: what a text or a broadcast is called, and what it says in short."""

from pathlib import Path
from typing import Annotated

import typer

from closeup.cli.flags import RUNS, AsJson, FirstByDefault, Given, Quiet, Report, Runs, with_flags
from closeup.cli.output import one_line, show_evaluation, show_json, show_notes, show_page
from closeup.cli.progress_bar import progress_bar
from closeup.core.timebase import clock
from closeup.core.words import counted
from closeup.documents.headline import HEADLINE_JSON, HeadlineAnswer, Story
from closeup.documents.learners import LearnerEvaluation
from closeup.features.headline.options import SHARE, HeadlineOptions, Of
from closeup.jobs.work import work

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]

app = typer.Typer(
    name="headline",
    cls=FirstByDefault,
    no_args_is_help=True,
    help="Name a text or a broadcast, and sum it up: closeup headline FILE.",
)


@app.command()
@with_flags(HeadlineOptions)
def write(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="A text, or captions; - reads what is piped in.")],
    *,
    given: Given,
    model: Annotated[str, typer.Option(metavar="MODEL", help="Folder of a taught model, for English.")] = "builtin",
    output: Report = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Name a text, and sum it up in its own sentences; captions keep their times, broadcasts are cut into stories.

    The word "write" may be left out: closeup headline FILE.
    """
    with progress_bar(file.name, quiet=quiet or as_json) as progress:
        answer: HeadlineAnswer = work("headline")(
            text=file,
            options=HeadlineOptions(**given),
            model=model,
            out=output,
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        show_json(HEADLINE_JSON.to_data(answer))
    elif not quiet:
        for story in answer.stories:
            _show(story)
    show_notes(answer.notes)
    show_page(output, quiet=as_json or quiet)


@app.command()
def train(
    data: Annotated[Path, typer.Argument(metavar="DATA.jsonl", help='A line each: {"text", "headline", "summary"}.')],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MODEL", help="Folder of the model.")],
    abstractive: Annotated[
        bool, typer.Option("--abstractive", help="Teach a network to write headlines freely, too; it needs PyTorch.")
    ] = False,
    overwrite: Overwrite = False,
    runs: Runs = RUNS,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Learn from English pairs which words of a sentence make its headline, and which sentences make a summary."""
    with progress_bar(data.name, quiet=quiet or as_json) as progress:
        header = work("headline.train")(
            data=data, out=output, abstractive=abstractive, overwrite=overwrite, runs_dir=runs, progress=progress
        )
    if as_json:
        from closeup.documents.learners import MODEL_JSON

        show_json(MODEL_JSON.to_data(header))
    show_notes(header.notes, in_json=as_json)
    if not quiet and not as_json:
        learnt = [_LEARNT[name] for name, done in header.settings.items() if done]
        typer.echo(f"Learnt from {counted(header.rows, 'pair')}: {', '.join(learnt)}. Model: {one_line(str(output))}")
        show_page(output)


_LEARNT = {"deletion": "which words to keep", "picker": "which sentences to pick", "writer": "to write"}


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder of a model, or builtin.")],
    data: Annotated[Path, typer.Argument(metavar="DATA.jsonl", help='A line each: {"text", "headline", "summary"}.')],
    *,
    of: Annotated[Of, typer.Option(help="What to score; auto takes summaries where the data has them.")] = "auto",
    words: Annotated[int, typer.Option(min=3, max=40, help="The most that a headline has.")] = 11,
    share: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of the text's words that a summary takes.")] = SHARE,
    abstractive: Annotated[
        bool, typer.Option("--abstractive", help="Score what the model's network writes, where it can stand.")
    ] = False,
    output: Report = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score headlines or summaries by ROUGE, beside the first sentence and the first three."""
    with progress_bar(data.name, quiet=quiet or as_json) as progress:
        answer: LearnerEvaluation = work("headline.evaluate")(
            model=model,
            data=data,
            of=of,
            words=words,
            share=share,
            abstractive=abstractive,
            out=output,
            overwrite=overwrite,
            progress=progress,
        )
    show_evaluation(answer, "text", as_json=as_json, quiet=quiet)
    show_page(output, quiet=as_json or quiet)


def _show(story: Story) -> None:
    """A headline, and below it the sentences, with their times where they are spoken."""
    when = "" if story.start_s is None else f"{clock(story.start_s)}  "
    typer.secho(f"{when}{one_line(story.headline)}", bold=True)
    for each in story.summary:
        at = "" if each.start_s is None else f"{clock(each.start_s)}  "
        typer.echo(f"  {at}{one_line(each.text)}")
    typer.echo()
