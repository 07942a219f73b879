"""`closeup cast`: who is in a video."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from closeup.cli import hints
from closeup.cli.messages import one_line, show_error, show_hint, show_note
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import EXIT_BAD_INPUT, InputError
from closeup.core.timebase import clock
from closeup.features.cast.options import CastOptions

if TYPE_CHECKING:
    from closeup.core.types import Cast

app = typer.Typer()

ModelChoice = Literal["auto", "builtin", "zoo"]
DEFAULTS = CastOptions()
NEED_DECODING = {"models", "detect_fps"}
"""Options that change what is seen, not how it is grouped."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run speaks and what it may replace.

    Attributes:
        overwrite: Replace a cast folder that is there already.
        quiet: No progress and no table; errors only.
        as_json: One JSON object for each video on stdout, and nothing else there.
    """

    overwrite: bool = False
    quiet: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run, for telling about it.

    Attributes:
        folder: The result folder.
        cast: Who is in the video.
        elapsed_s: How long it took.
        decoded: Whether the video was read; if not, its faces were only grouped anew.
    """

    folder: Path
    cast: "Cast"
    elapsed_s: float
    decoded: bool = True

    @property
    def speed(self) -> float | None:
        """Times real time; None where the video was not read."""
        return round(self.cast.video.duration_s / max(self.elapsed_s, 1e-9), 2) if self.decoded else None


@app.command()
def cast(
    videos: Annotated[list[Path] | None, typer.Argument(metavar="VIDEO", show_default=False)] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Result folder; with several videos, the folder that holds one for each.",
            show_default="NAME.cast",
        ),
    ] = None,
    models: Annotated[
        ModelChoice | None,
        typer.Option(help="builtin works offline; zoo is better and is pulled first.", show_default=DEFAULTS.models),
    ] = None,
    detect_fps: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", help="Look for faces this often a second.", show_default=f"{DEFAULTS.detect_fps:g}"
        ),
    ] = None,
    min_face: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Nobody becomes a person by faces smaller than this.", show_default="24"),
    ] = None,
    no_clothing: Annotated[bool, typer.Option("--no-clothing", help="Compare faces only.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a cast folder that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each video.")] = False,
    recluster: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Group a cast folder's faces anew, without decoding.")
    ] = None,
) -> None:
    """Find who is in a video: a folder with each person's best picture, and a report.

    The folder has report.html to look at, cast.json to compute with, and people/ with the pictures.
    """
    chosen: dict[str, Any] = {"models": models, "detect_fps": detect_fps, "min_face_px": min_face}
    chosen |= {"clothing": False if no_clothing else None}
    options = {name: value for name, value in chosen.items() if value is not None}
    manner = Manner(overwrite, quiet, as_json)
    if recluster is not None:
        if videos or output or options.keys() & NEED_DECODING:
            raise typer.BadParameter(
                "does not decode, so it goes with --min-face and --no-clothing only.", param_hint="--recluster"
            )
        tell(group_anew(recluster, options, manner), manner)
    elif videos:
        cast_all(videos, output, CastOptions(**options), manner)
    else:
        raise typer.BadParameter("name one at least.", param_hint="VIDEO")


def cast_all(videos: Sequence[Path], output: Path | None, options: CastOptions, manner: Manner) -> None:
    """Cast each video into its folder and tell about it; one that cannot be read does not stop the others."""
    from closeup.features.cast.folder import check_place

    folders = result_folders(videos, output)
    for video, folder in zip(videos, folders, strict=True):
        check_place(folder, video, overwrite=manner.overwrite)
    failed, models = 0, {}
    for video, folder in zip(videos, folders, strict=True):
        try:
            run = cast_one(video, folder, options, manner)
        except InputError as error:
            if manner.as_json:
                typer.echo(
                    json.dumps(
                        {"video": str(video), "error": error.message, "hint": hints.hint(error), "code": error.code}
                    )
                )
            if len(videos) == 1:
                raise
            show_error(error)
            failed += 1
        else:
            tell(run, manner)
            models = run.cast.models
    offer_better(models, manner)
    if failed:
        others = "; the others are done" if failed < len(videos) else ""
        show_note(f"{failed} of {len(videos)} videos could not be used{others}.")
        raise typer.Exit(EXIT_BAD_INPUT)


def result_folders(videos: Sequence[Path], output: Path | None) -> list[Path]:
    """The result folder of each video: `output` itself for one, NAME.cast below it (or here) for several.

    Raises:
        InputError: If two videos would have the same folder.
    """
    if output is not None and len(videos) == 1:
        return [output]
    folders = [(output or Path()) / f"{video.stem}.cast" for video in videos]
    for index, folder in enumerate(folders):
        if folder in folders[:index]:
            first = videos[folders.index(folder)]
            raise InputError(
                f"{first} and {videos[index]} would both be written to {folder}.",
                "Run them one by one, each with its own -o.",
            )
    return folders


def cast_one(video: Path, folder: Path, options: CastOptions, manner: Manner) -> Run:
    """Cast `video` into `folder`, showing progress."""
    from closeup.features.cast.find import make_cast_folder

    started = time.monotonic()
    with progress_bar(video.name, quiet=manner.quiet) as progress:
        found = make_cast_folder(video, folder, options, overwrite=manner.overwrite, progress=progress)
    return Run(folder, found, time.monotonic() - started)


def group_anew(folder: Path, options: dict[str, Any], manner: Manner) -> Run:
    """Group the faces in a cast folder anew, with the options it was made with but for those given."""
    from closeup.features.cast.find import recluster

    started = time.monotonic()
    with progress_bar(folder.name, quiet=manner.quiet) as progress:
        found = recluster(folder, options, progress=progress)
    return Run(folder, found, time.monotonic() - started, decoded=False)


def offer_better(models: dict[str, str], manner: Manner) -> None:
    """Say in one line where better models than `models` could be pulled; none for a run that found out nothing."""
    from closeup.perception.registry import better_detector
    from closeup.weights.models_page import licence_text, size_text

    if models and not manner.quiet and (better := better_detector(models)):
        show_hint(
            f"A faster and better face detector can be had: `closeup models pull {better.name}` fetches it once "
            f"({size_text(better.bytes)}, licence {licence_text(better)})."
        )


def tell(run: Run, manner: Manner) -> None:
    """Say what was found: as JSON, or as a table and the report's path; oddities on stderr."""
    if manner.as_json:
        typer.echo(json.dumps(summary(run), ensure_ascii=False))
    if manner.quiet:
        return
    if not manner.as_json:
        show_people(run)
    for note in (*run.cast.video.notes, *run.cast.notes):
        show_note(note)


def summary(run: Run) -> dict[str, Any]:
    """What `--json` prints: plain values; times in seconds, `speed` in times real time."""
    cast = run.cast
    return {
        "video": cast.video.path,
        "folder": str(run.folder),
        "people_count": len(cast.people),
        "people": [{"id": p.id, "name": p.name, "screen_time_s": p.screen_time_s} for p in cast.people],
        "passers_by_count": len(cast.passers_by),
        "shots_count": len(cast.shots),
        "duration_s": cast.video.duration_s,
        "elapsed_s": round(run.elapsed_s, 3),
        "speed": run.speed,
        "models": cast.models,
        "notes": [*cast.video.notes, *cast.notes],
    }


def show_people(run: Run) -> None:
    """Print the cast as a table, how long it took, and where the report is."""
    cast = run.cast
    name = Path(cast.video.path).name
    if cast.people:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        table = Table("person", "name", "screen time", "shots", box=SIMPLE_HEAD)
        for person in cast.people:
            table.add_row(person.id, person.name or "", clock(person.screen_time_s), str(len(person.shots)))
        Console(markup=False, highlight=False).print(table)
    else:
        typer.echo(f"No people were found in {one_line(name)}.")
    if cast.passers_by:
        typer.echo(f"Seen in passing and kept apart: {len(cast.passers_by)}.")
    if run.decoded:
        took = f"{clock(cast.video.duration_s)} of video in {run.elapsed_s:.1f} s, {run.speed:.1f}x real time"
    else:
        took = f"Grouped anew in {run.elapsed_s:.1f} s"
    typer.echo(f"{took}\nReport: {one_line(str(run.folder / 'report.html'))}")
