"""`closeup cast`: who is in a video, in the photos of an album, or in all videos of a season."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.exit_codes import after_failures
from closeup.cli.flags import Cluster, Given, Quiet, with_flags
from closeup.cli.output import error_json, one_line, show_error, show_json, show_loss, show_note, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import CloseupError, InputError, ModelError, OutputError
from closeup.core.timebase import clock
from closeup.core.words import counted
from closeup.features.cast.options import CastOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.core.types import Cast, Person
    from closeup.jobs.spread import Spread

app = typer.Typer()

NEED_DECODING = {"models", "detect_fps", "video_track"}
"""Options that change what is seen, not how it is grouped."""


@app.command()
@with_flags(CastOptions)
def cast(
    sources: Annotated[list[Path] | None, typer.Argument(metavar="VIDEO|PHOTOS", show_default=False)] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Result folder; with several videos apart, the folder that holds one for each.",
            show_default="NAME.cast",
        ),
    ] = None,
    *,
    given: Given,
    together: Annotated[bool, typer.Option("--together", help="Make one cast of several videos.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a cast folder that is there.")] = False,
    cluster: Cluster = None,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each video.")] = False,
    recluster: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Group a cast folder's faces anew, without decoding.")
    ] = None,
) -> None:
    """Find who is in a video, or in photos: a folder with each person's best picture, and a report.

    The folder has report.html to look at, cast.json to compute with, and people/ with the pictures. Photos are given as
    a folder, a zip file or files, and make one album; with --together several videos make one cast, too. With --cluster
    long videos are looked at in shards, many at a time, and what is finished already is not done again.
    """
    if recluster is not None:
        if sources or output or together or cluster or given.typed.keys() & NEED_DECODING:
            raise typer.BadParameter(
                "does not decode, so it goes with --min-face and --no-clothing only.", param_hint="--recluster"
            )
        started = time.monotonic()
        found = group_anew(recluster, given.typed, quiet=quiet)
        say(recluster, found, time.monotonic() - started, decoded=False, quiet=quiet, as_json=as_json)
    elif sources:
        from closeup.media.photos import is_album

        options = CastOptions(**given)
        albums = [source for source in sources if is_album(source)]
        if albums and (together or len(albums) < len(sources)):
            raise InputError(
                f"Photos and videos make no cast together, and {albums[0]} means photos.", "Cast them one by one."
            )
        if albums and cluster:
            raise typer.BadParameter("shares videos, and photos of an album are quick.", param_hint="--cluster")
        how: dict[str, Any] = {"overwrite": overwrite, "quiet": quiet, "as_json": as_json}
        with sharing(cluster) as spread:
            if albums or together:
                kind = "album" if albums else "season"
                cast_together(kind, sources, output, options=options, spread=spread, **how)
            elif spread is not None and len(sources) > 1:
                cast_shared(sources, output, options, spread=spread, **how)
            else:
                cast_all(sources, output, options, spread=spread, **how)
    else:
        raise typer.BadParameter("name one at least.", param_hint="VIDEO|PHOTOS")


@contextmanager
def sharing(cluster: str | None) -> "Iterator[Spread | None]":
    """Who shares the work in the block; nobody unless a cluster was named."""
    if cluster is None:
        yield None
        return
    from closeup.jobs.hands import opened

    with opened(cluster) as spread:
        yield spread


def cast_together(
    kind: str,
    sources: Sequence[Path],
    output: Path | None,
    *,
    options: CastOptions,
    spread: "Spread | None" = None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make one cast of photos ("album") or of several videos ("season"), and say who is in it."""
    first = sources[0] if sources[0].name else sources[0].resolve()
    folder = output or Path(f"{(first.stem if first.is_file() else first.name) if len(sources) == 1 else kind}.cast")
    started = time.monotonic()
    with progress_bar(folder.name, quiet=quiet) as progress:
        found: Cast = work(f"cast.{kind}")(
            **{"photos" if kind == "album" else "videos": sources},
            folder=folder,
            options=options,
            overwrite=overwrite,
            progress=progress,
            **({} if spread is None else {"spread": spread}),
        )
    say(folder, found, time.monotonic() - started, quiet=quiet, as_json=as_json)


def cast_all(
    videos: Sequence[Path],
    output: Path | None,
    options: CastOptions,
    *,
    spread: "Spread | None" = None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Cast each video into its folder and say who is in it; one that cannot be read does not stop the others."""
    from closeup.features.cast.folder import check_place

    folders = result_folders(videos, output)
    for video, folder in zip(videos, folders, strict=True):
        check_place(folder, video, overwrite=overwrite)
    failed = 0
    for video, folder in zip(videos, folders, strict=True):
        started = time.monotonic()
        try:
            found = cast_one(video, folder, options, spread, overwrite=overwrite, quiet=quiet)
        except InputError as error:
            if as_json:
                show_json({"video": str(video), **error_json(error)}, indent=None)
            if len(videos) == 1:
                raise
            show_error(error)
            failed += 1
        else:
            say(folder, found, time.monotonic() - started, quiet=quiet, as_json=as_json)
    _say_failures(failed, len(videos))


def cast_shared(
    videos: Sequence[Path],
    output: Path | None,
    options: CastOptions,
    *,
    spread: "Spread",
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Cast each video into its folder, several at a time; those whose cast is there already stay as they are."""
    from closeup.features.cast.find import is_done
    from closeup.features.cast.folder import check_place, open_cast
    from closeup.jobs.arguments import encode_arguments
    from closeup.jobs.spread import checked

    todo: list[tuple[Path, Path]] = []
    for video, folder in zip(videos, result_folders(videos, output), strict=True):
        if not overwrite and video.is_file() and is_done(video, folder, options):
            show_note(f"{folder} is there already, with the cast of this very video: it stays.")
        else:
            check_place(folder, video, overwrite=overwrite)
            todo.append((video, folder))
    calls = [encode_arguments("cast", video=v, folder=f, options=options, overwrite=overwrite) for v, f in todo]
    failed = 0
    with (
        progress_bar(counted(len(todo), "video"), quiet=quiet) as progress,
        closing(
            spread.run("cast", calls, lambda told: progress(replace(told, stage="Casting", unit="videos")))
        ) as done,
    ):
        for (video, folder), answer in zip(todo, done, strict=True):
            try:
                checked(answer)
                found = open_cast(folder)
            except (ModelError, OutputError):  # of all, not of this video
                raise
            except CloseupError as error:
                if as_json:
                    show_json({"video": str(video), **error_json(error)}, indent=None)
                show_error(error)
                failed += 1
            else:
                say(folder, found, sum(found.timings_s.values()), quiet=quiet, as_json=as_json)
    _say_failures(failed, len(videos))


def _say_failures(failed: int, count: int) -> None:
    if failed:
        others = "; the others are done" if failed < count else ""
        show_loss(f"{failed} of {counted(count, 'video')} could not be used{others}.")
        raise typer.Exit(after_failures(failed, count))


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


def cast_one(
    video: Path, folder: Path, options: CastOptions, spread: "Spread | None" = None, *, overwrite: bool, quiet: bool
) -> "Cast":
    """Cast `video` into `folder`, showing progress."""
    with progress_bar(video.name, quiet=quiet) as progress:
        found: Cast = work("cast")(
            video=video, folder=folder, options=options, overwrite=overwrite, spread=spread, progress=progress
        )
    return found


def group_anew(folder: Path, given: dict[str, Any], *, quiet: bool) -> "Cast":
    """Group the faces in a cast folder anew, with the options it was made with but for those given."""
    with progress_bar(folder.name, quiet=quiet) as progress:
        found: Cast = work("cast.regroup")(folder=folder, changes=given, progress=progress)
    return found


def say(
    folder: Path, cast: "Cast", elapsed_s: float, *, decoded: bool = True, quiet: bool = False, as_json: bool = False
) -> None:
    """Say who was found: as JSON, or as a table and the report's path; oddities on stderr.

    Args:
        elapsed_s: How long it took, in seconds.
        decoded: Whether the video was read; if not, its faces were only grouped anew.
        quiet: Print JSON only, where it is asked for.
        as_json: Print JSON instead of the table.
    """
    speed = round(cast.video.duration_s / max(elapsed_s, 1e-9), 2) if decoded else None
    if as_json:
        show_json(summary(folder, cast, elapsed_s, speed), indent=None)
    elif not quiet:
        show_people(folder, cast, elapsed_s, speed)
    show_notes((*cast.video.notes, *cast.notes))


def summary(folder: Path, cast: "Cast", elapsed_s: float, speed: float | None) -> dict[str, Any]:
    """What `--json` prints: plain values; times in seconds, `speed` in times real time, None where none was read."""
    people: list[dict[str, Any]] = [
        {"id": p.id, "name": p.name, "screen_time_s": p.screen_time_s, **_seen(cast, p)} for p in cast.people
    ]
    files = {f"{cast.kind}_files": [part.video.path for part in cast.parts]} if cast.parts else {}
    return {
        "video": cast.video.path,
        "folder": str(folder),
        **files,
        "people_count": len(cast.people),
        "people": people,
        "passers_by_count": len(cast.passers_by),
        "drawn_count": sum(person.drawn for person in cast.passers_by),
        "shots_count": len(cast.shots),
        "duration_s": cast.video.duration_s,
        "elapsed_s": round(elapsed_s, 3),
        "speed": speed,
        "models": cast.models,
        "notes": [*cast.video.notes, *cast.notes],
    }


def _seen(cast: "Cast", person: "Person") -> dict[str, list[str]]:
    """The photos of an album, or the videos of a season, that a person is in; nothing for a video."""
    if not cast.parts:
        return {}
    from closeup.core.parts import part_at

    shots = (part_at(cast, cast.shots[shot].start_frame) for shot in person.shots)
    return {"files": list(dict.fromkeys(part.video.path for part in shots if part))}


def show_people(folder: Path, cast: "Cast", elapsed_s: float, speed: float | None) -> None:
    """Print the cast as a table, how long it took, and where the report is."""
    from closeup.features.cast.nobody import why_nobody

    name = Path(cast.video.path).name
    if not cast.people:
        typer.echo(f"No people were found in {one_line(name)}.")
        if cause := why_nobody(cast):
            typer.echo(cause)
    elif cast.kind == "album":
        rows = ((str(n), p.name or "", str(len(p.shots)), p.id) for n, p in enumerate(cast.people, start=1))
        show_table(*rows, head=(">person", "name", ">photos", "id"))
    else:
        season = cast.kind == "season"
        cells = (
            (
                str(n),
                p.name or "",
                clock(p.screen_time_s),
                str(len(_seen(cast, p)["files"] if season else p.shots)),
                p.id,
            )
            for n, p in enumerate(cast.people, start=1)
        )
        show_table(*cells, head=(">person", "name", ">screen time", ">videos" if season else ">shots", "id"))
    if cast.passers_by:
        drawn = sum(person.drawn for person in cast.passers_by)
        marked = f", {drawn} of them drawn" if drawn else ""
        typer.echo(f"Seen in passing and kept apart: {len(cast.passers_by)}{marked}.")
    if speed is None:
        took = f"Grouped anew in {elapsed_s:.1f} s"
    elif cast.kind == "album":
        took = f"{counted(len(cast.parts), 'photo')} in {elapsed_s:.1f} s"
    else:
        took = f"{clock(cast.video.duration_s)} of video in {elapsed_s:.1f} s, {speed:.1f}x real time"
    typer.echo(f"{took}\nReport: {one_line(str(folder / 'report.html'))}")
