"""`closeup headline ...`: what a text or a broadcast is called, and what it says in short."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.output import one_line, show_json, show_note
from closeup.cli.progress_bar import progress_bar
from closeup.core.timebase import clock
from closeup.documents.headline import HEADLINE_JSON, HeadlineAnswer, Story
from closeup.features.headline.options import HeadlineOptions
from closeup.jobs.work import work


class WithFile(TyperGroup):
    """Commands of which `write` is meant where a file is named: `closeup headline FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in front that goes without saying."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["write", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="headline",
    cls=WithFile,
    no_args_is_help=True,
    help="Name a text or a broadcast, and sum it up: closeup headline FILE.",
)


@app.command()
@with_flags(HeadlineOptions)
def write(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="A text, or captions; - reads what is piped in.")],
    *,
    given: Given,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Name a text, and sum it up in its own sentences; captions keep their times, broadcasts are cut into stories.

    The word "write" may be left out: closeup headline FILE.
    """
    with progress_bar(file.name, quiet=quiet or as_json) as progress:
        answer: HeadlineAnswer = work("headline")(text=file, options=HeadlineOptions(**given), progress=progress)
    if as_json:
        show_json(HEADLINE_JSON.to_data(answer))
    if quiet:
        return
    if not as_json:
        for story in answer.stories:
            _show(story)
    for note in answer.notes:
        show_note(note)


def _show(story: Story) -> None:
    """A headline, and below it the sentences, with their times where they are spoken."""
    when = "" if story.start_s is None else f"{clock(story.start_s)}  "
    typer.secho(f"{when}{one_line(story.headline)}", bold=True)
    for each in story.summary:
        at = "" if each.start_s is None else f"{clock(each.start_s)}  "
        typer.echo(f"  {at}{one_line(each.text)}")
    if story.replaced is not None:
        show_note(f"Written, and refused for a name or number that is not in the text: {one_line(story.replaced)}")
    typer.echo()
