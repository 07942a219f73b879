"""`closeup shorts`: vertical cuts around one person."""

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.output import one_line, show_hint, show_json, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.timebase import clock
from closeup.features.shorts.options import ShortsOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.features.shorts.plan import Plan, Short

app = typer.Typer()


@app.command()
@with_flags(ShortsOptions)
def shorts(
    folder: Annotated[
        Path | None, typer.Argument(metavar="CASTDIR", help="A result folder of closeup cast.", show_default=False)
    ] = None,
    person: Annotated[
        str | None, typer.Option(metavar="ID|NAME", help="Whom the shorts are about.", show_default=False)
    ] = None,
    *,
    given: Given,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The video, where it has moved.", show_default="where it was")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Result folder.", show_default="VIDEO-ID.shorts"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder of shorts that is there.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Choose the moments, write plan.json, render nothing.")] = False,
    from_plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Render the moments of a plan.json, edited or not.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a few vertical videos around one person of a cast.

    The folder has an MP4 and a poster of each, preview.html that plays them and says why they were chosen, shorts.json,
    and a timeline for editors.
    """
    started = time.monotonic()
    if from_plan is not None:
        if folder or person or given.typed or plan:
            raise typer.BadParameter(
                "goes with -o, --video, --overwrite, --json and --quiet only: the plan says the rest.",
                param_hint="--from-plan",
            )
        target = output or from_plan.parent
        made = _render(from_plan, target, video, overwrite=overwrite, quiet=quiet)
    elif folder is None:
        raise typer.BadParameter("name the result folder of closeup cast.", param_hint="CASTDIR")
    else:
        options = ShortsOptions(**given)
        target, made = make(
            folder, person, options, video=video, output=output, overwrite=overwrite, plan_only=plan, quiet=quiet
        )
    say(target, made, time.monotonic() - started, plan_only=plan, quiet=quiet, as_json=as_json)


def make(
    folder: Path,
    person: str | None,
    options: ShortsOptions,
    *,
    video: Path | None = None,
    output: Path | None = None,
    overwrite: bool = False,
    plan_only: bool = False,
    quiet: bool = False,
) -> tuple[Path, "Plan"]:
    """Choose the moments and, unless only the plan is wanted, render them; gives the result folder and the plan."""
    from closeup.features.shorts.source import ask_whom
    from closeup.jobs.casts import open_cast

    if person is None:
        raise ask_whom(open_cast(folder))
    with progress_bar(folder.name, quiet=quiet) as progress:
        made: tuple[Path, Plan] = work("shorts")(
            cast_folder=folder,
            person=person,
            options=options,
            video=video,
            output=output,
            overwrite=overwrite,
            plan_only=plan_only,
            progress=progress,
        )
    return made


def _render(plan_file: Path, folder: Path, video: Path | None, *, overwrite: bool, quiet: bool) -> "Plan":
    """Render a plan, showing progress."""
    with progress_bar(folder.name, quiet=quiet) as progress:
        plan: Plan = work("shorts.render")(
            plan_file=plan_file, output=folder, video=video, overwrite=overwrite, progress=progress
        )
    return plan


def say(
    folder: Path,
    plan: "Plan",
    elapsed_s: float,
    *,
    plan_only: bool = False,
    quiet: bool = False,
    as_json: bool = False,
) -> None:
    """Say what was chosen: as JSON, or as a table and the page's path; oddities on stderr."""
    if as_json:
        show_json(summary(folder, plan, elapsed_s, plan_only=plan_only), indent=None)
    elif not quiet:
        show_shorts(folder, plan, elapsed_s, plan_only=plan_only)
    show_notes((*plan.notes, *not_judged(plan.absent)))
    if plan_only and not as_json:
        words = ["closeup", "shorts", "--from-plan", str(folder / "plan.json")]
        show_hint(f"Change the plan if you like, and render it: {shlex.join(words)}")


def not_judged(absent: Mapping[str, str]) -> list[str]:
    """A sentence for each reason why parts of the interest could not be judged, by part."""
    parts: dict[str, list[str]] = {}
    for name, why in absent.items():
        parts.setdefault(why.rstrip("."), []).append(name)
    return [f"Not judged: {', '.join(names)}. {why[0].upper()}{why[1:]}." for why, names in parts.items()]


def summary(folder: Path, plan: "Plan", elapsed_s: float, *, plan_only: bool) -> dict[str, Any]:
    """What `--json` prints: plain values, times in seconds."""
    return {
        "folder": str(folder),
        "video": plan.video.path,
        "person": {"id": plan.person, "name": plan.person_name},
        "rendered": not plan_only,
        "shorts": [_short_json(short, None if plan_only else folder) for short in plan.shorts],
        "weights": dict(plan.weights),
        "absent": dict(plan.absent),
        "notes": list(plan.notes),
        "elapsed_s": round(elapsed_s, 3),
    }


def _short_json(short: "Short", rendered: Path | None) -> dict[str, Any]:
    """A short; `rendered` is the folder that its file lies in, or None."""
    return {
        "id": short.id,
        "file": None if rendered is None else str(rendered / f"{short.id}.mp4"),
        "length_s": round(short.length_s, 6),
        "pieces": [[round(piece.start_s, 6), round(piece.end_s, 6)] for piece in short.pieces],
        "interest": round(short.interest, 4),
        "parts": {name: round(value, 4) for name, value in short.parts.items()},
        "reason": short.reason,
        "title": short.title,
    }


def show_shorts(folder: Path, plan: "Plan", elapsed_s: float, *, plan_only: bool) -> None:
    """Print the shorts as a table, how long it took, and where the page is."""
    rows = []
    for short in plan.shorts:
        begins, jumps = clock(short.pieces[0].start_s), str(len(short.pieces) - 1)
        why = f"{short.title}: {short.reason}" if short.title else short.reason
        rows.append((short.id, f"{short.length_s:.1f} s", begins, jumps, f"{short.interest:.2f} of 1", why))
    show_table(*rows, head=("short", ">length", ">from", ">jumps", ">interest", "why"))
    length_s = sum(short.length_s for short in plan.shorts)
    verb = "Chosen" if plan_only else "Made"
    typer.echo(f"{verb} in {elapsed_s:.1f} s: {length_s:.0f} s of shorts")
    typer.echo(f"Preview: {one_line(str(folder / 'preview.html'))}")
