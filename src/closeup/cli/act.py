"""`closeup act`: a performance held against the original that it plays."""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.flags import AsJson, FirstByDefault, Quiet
from closeup.cli.output import one_line, show_json, show_loss, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.act import ActResult


app = typer.Typer(
    cls=FirstByDefault,
    no_args_is_help=True,
    help="Compare a performance with the original that it plays, expression by expression.",
)

Person = Annotated[
    str | None, typer.Option(metavar="ID|NAME", help="Who plays in the original.", show_default="the one most in view")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a result folder that is there.")]


@app.command()
def compare(
    original: Annotated[
        Path, typer.Argument(metavar="ORIGINAL", help="A video, or a cast folder.", show_default=False)
    ],
    attempt: Annotated[Path, typer.Argument(metavar="ATTEMPT", help="Likewise.", show_default=False)],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Result folder.", show_default="ATTEMPT.act")
    ] = None,
    person: Person = None,
    attempt_person: Annotated[
        str | None,
        typer.Option(metavar="ID|NAME", help="Who plays in the attempt.", show_default="the one most in view"),
    ] = None,
    video: Annotated[bool, typer.Option("--video", help="Write both side by side as one MP4, too.")] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say how near an attempt comes to a performance: the word `compare` may be left out.

    Seven expressions of both faces are followed ten times a second. The score says how far they are the same once lag
    and drift are taken out: 0 for what chance gives or a face that does nothing, 100 for the same video. The folder has
    report.html, with both videos in step, the curves, and the best and worst moments; and act.json.
    """
    started = time.monotonic()
    target = output or Path(f"{attempt.stem}.act")
    with progress_bar(target.name, quiet=quiet) as progress:
        result: ActResult = work("act")(
            original=original,
            attempt=attempt,
            folder=target,
            person=person,
            attempt_person=attempt_person,
            video=video,
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        show_json(
            {"folder": str(target), **_summary(result), "elapsed_s": round(time.monotonic() - started, 3)}, indent=None
        )
    _say(result, silent=as_json or quiet)
    if not as_json and not quiet:
        typer.echo(f"Report: {one_line(str(target / 'report.html'))}")


@app.command()
def score(
    original: Annotated[
        Path, typer.Argument(metavar="A.json", help="The original's kept performance.", show_default=False)
    ],
    attempt: Annotated[
        Path, typer.Argument(metavar="B.json", help="The attempt's: NAME.performance.json.", show_default=False)
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare two kept performances, from result folders, without their videos."""
    from closeup.features.act.make import score_performances

    result = score_performances(original, attempt)
    if as_json:
        show_json(_summary(result), indent=None)
    _say(result, silent=as_json or quiet)


@app.command()
def rank(
    original: Annotated[
        Path, typer.Argument(metavar="ORIGINAL", help="A video, or a cast folder.", show_default=False)
    ],
    attempts: Annotated[list[Path], typer.Argument(metavar="ATTEMPTS...", help="Likewise.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Result folder.", show_default="ORIGINAL.rank")
    ] = None,
    person: Person = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare many attempts with one original: a leader board, ranking.html and ranking.json, and a folder of each."""
    from closeup.documents.act import RANKING_JSON

    target = output or Path(f"{original.stem}.rank")
    with progress_bar(target.name, quiet=quiet) as progress:
        ranking = work("act.rank")(
            original=original,
            attempts=attempts,
            folder=target,
            person=person,
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        show_json({"folder": str(target), **RANKING_JSON.to_data(ranking)}, indent=None)
    for row in ranking.attempts:
        if row.score is None:
            show_loss(f"{Path(row.video).name} has no score: {row.unscored}")
    if quiet or as_json:
        return
    rows = [
        (
            str(place),
            Path(row.video).name,
            "-" if row.score is None else f"{row.score:.0f}",
            "" if row.interval is None else f"{row.interval[0]:.0f} to {row.interval[1]:.0f}",
            row.unscored,
        )
        for place, row in enumerate(ranking.attempts, 1)
    ]
    show_table(*rows, head=(">place", "attempt", ">score", ">interval", "why not"))
    typer.echo(f"Leader board: {one_line(str(target / 'ranking.html'))}")


@app.command()
def live(
    original: Annotated[
        Path, typer.Argument(metavar="ORIGINAL", help="A video, or a cast folder.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where takes go.", show_default="ORIGINAL.live")
    ] = None,
    person: Person = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page.", show_default="a free one")
    ] = 0,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    quiet: Quiet = False,
) -> None:
    """Play after an original in front of the camera, in a page of this machine; Ctrl-C ends it.

    The page plays the original beside the camera, follows both faces and scores along. Each take is recorded, scored
    as `closeup act` does, and kept in the folder: a leader board, ranking.html, and a result folder for each take.
    Nothing leaves this machine, and no other can open the page.
    """
    from closeup.features.act.live import LiveStage
    from closeup.server.act_live import PAGE, live_server
    from closeup.server.loopback import built_files

    built_files(PAGE)  # before the work
    target = output or Path(f"{original.stem}.live")
    with progress_bar(original.name, quiet=quiet) as progress:
        stage = LiveStage(original, target, person=person, progress=progress)
    show_notes(stage.original.performance.notes)
    try:
        server = live_server(stage, port)
    except OSError as error:
        raise InputError(f"The page cannot use port {port}: {error.strerror}.", "Leave the port out.") from error
    with server:
        typer.echo(f"Open in a browser on this machine (the link works once):\n{server.link}")
        if open_page:
            typer.launch(server.link)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    ranking = stage.ranking()
    if ranking is not None and not quiet:
        best = ranking.attempts[0]
        score = "no score" if best.score is None else f"score {best.score:.0f}"
        typer.echo(f"{len(ranking.attempts)} takes, the best is {best.folder} ({score})")
        typer.echo(f"Leader board: {one_line(str(target / 'ranking.html'))}")


def _summary(result: "ActResult") -> dict[str, Any]:
    """What `--json` prints."""
    from closeup.documents.act import ACT_JSON

    data = ACT_JSON.to_data(result)
    names = ("score", "interval", "unscored", "timing", "coverage", "baselines", "agreement", "overlap", "notes")
    return {name: data[name] for name in names}


def _say(result: "ActResult", *, silent: bool) -> None:
    """The score, what it is made of and the moments; what there is to know goes to stderr."""
    show_notes(result.notes)
    if result.score is None:
        show_loss(f"There is no score: {result.unscored}")
    if silent:
        return
    coverage = ", ".join(f"{name} {value:.0%}" for name, value in result.coverage.items())
    if result.score is None or result.interval is None or result.timing is None:
        typer.echo(f"Face in view: {coverage}")
        return
    chance = {name: value for name, value in result.baselines.items() if value is not None}
    typer.echo(f"Score {result.score:.0f} of 100 (95 % interval {result.interval[0]:.0f} to {result.interval[1]:.0f})")
    by_chance = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in chance.items())
    typer.echo(f"Agreement {result.agreement:.2f}; by chance: {by_chance}")
    timing = result.timing
    typer.echo(
        f"Timing: {abs(timing.lag_s):.1f} s {'late' if timing.lag_s >= 0 else 'early'} as a whole, drift "
        f"{timing.drift_s_per_min:+.1f} s a minute; beside that {timing.late:.0%} late, {timing.early:.0%} early"
    )
    typer.echo(f"Face in view: {coverage}")
    for moment in result.moments:
        typer.echo(f"{'+' if moment.kind == 'best' else '-'} {moment.sentence}")
