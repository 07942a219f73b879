"""`closeup shorts`: vertical cuts around one person."""

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from closeup.cli.messages import one_line, show_hint, show_note
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.timebase import clock
from closeup.features.shorts.options import ShortsOptions

if TYPE_CHECKING:
    from closeup.features.shorts.plan import Plan, Short

app = typer.Typer()

Aspect = Literal["9:16", "1:1", "4:5"]
Layout = Literal["follow", "split"]
DEFAULTS = ShortsOptions()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run speaks and what it may replace.

    Attributes:
        overwrite: Replace a folder of shorts that is there already.
        quiet: No progress and no table; errors only.
        as_json: One JSON object on stdout, and nothing else there.
        plan_only: Choose, and render nothing.
    """

    overwrite: bool = False
    quiet: bool = False
    as_json: bool = False
    plan_only: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run, for telling about it.

    Attributes:
        folder: The result folder.
        plan: What is in it.
        elapsed_s: How long it took.
    """

    folder: Path
    plan: "Plan"
    elapsed_s: float


CastDir = Annotated[
    Path | None, typer.Argument(metavar="CASTDIR", help="A result folder of closeup cast.", show_default=False)
]
Whom = Annotated[
    str | None, typer.Option("--person", metavar="ID|NAME", help="Whom the shorts are about.", show_default=False)
]
Count = Annotated[int | None, typer.Option(metavar="N", help="How many at most.", show_default=str(DEFAULTS.count))]
MinLength = Annotated[
    float | None,
    typer.Option(metavar="S", help="Shortest length in seconds.", show_default=f"{DEFAULTS.min_length_s:g}"),
]
MaxLength = Annotated[
    float | None,
    typer.Option(metavar="S", help="Longest length in seconds.", show_default=f"{DEFAULTS.max_length_s:g}"),
]
Shape = Annotated[Aspect | None, typer.Option(help="Width to height of the picture.", show_default=DEFAULTS.aspect)]
Height = Annotated[
    int | None, typer.Option(metavar="PX", help="Height of the picture, even.", show_default=str(DEFAULTS.height))
]
Panels = Annotated[
    Layout | None,
    typer.Option(
        help="follow keeps one person in the picture; split shows two who talk one above the other.",
        show_default=DEFAULTS.layout,
    ),
]
Captions = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Captions of the video, SRT or WebVTT: cut alongside, never cut into."),
]
Burn = Annotated[bool, typer.Option("--burn-captions", help="Draw the captions into the picture.")]
Weights = Annotated[
    list[str] | None,
    typer.Option(metavar="PART=VALUE", help="What a part of the interest weighs; may be given again for others."),
]
Video = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The video, where it has moved.", show_default="where it was")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Result folder.", show_default="VIDEO-ID.shorts")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a folder of shorts that is there.")]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Choose the moments, write plan.json, render nothing.")]
FromPlan = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Render the moments of a plan.json, edited or not.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


@app.command()
def shorts(
    folder: CastDir = None,
    person: Whom = None,
    count: Count = None,
    min_length: MinLength = None,
    max_length: MaxLength = None,
    aspect: Shape = None,
    height: Height = None,
    layout: Panels = None,
    captions: Captions = None,
    burn_captions: Burn = False,
    weight: Weights = None,
    video: Video = None,
    output: Output = None,
    overwrite: Overwrite = False,
    plan: PlanOnly = False,
    from_plan: FromPlan = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a few vertical videos around one person of a cast.

    The folder has an MP4 and a poster of each, preview.html that plays them and says why they were chosen, shorts.json,
    and a timeline for editors.
    """
    chosen: dict[str, Any] = {"count": count, "min_length_s": min_length, "max_length_s": max_length}
    chosen |= {"aspect": aspect, "height": height, "layout": layout, "captions": captions}
    chosen |= {"burn_captions": burn_captions or None, "weights": read_weights(weight) if weight else None}
    given = {name: value for name, value in chosen.items() if value is not None}
    manner = Manner(overwrite, quiet, as_json, plan)
    if from_plan is not None:
        if folder or person or given or plan:
            raise typer.BadParameter(
                "goes with -o, --video, --overwrite, --json and --quiet only: the plan says the rest.",
                param_hint="--from-plan",
            )
        tell(render(from_plan, output, video, manner), manner)
    elif folder is None:
        raise typer.BadParameter("name the result folder of closeup cast.", param_hint="CASTDIR")
    else:
        tell(make(Wish(folder, person, video, output), ShortsOptions(**given), manner), manner)


def read_weights(words: list[str]) -> dict[str, float]:
    """Read "speech=0.5" and its like.

    Raises:
        InputError: If one is not a part and a number.
    """
    weights = {}
    for word in words:
        part, sign, value = word.partition("=")
        try:
            weights[part.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign:
            raise InputError(f"{word!r} is not a part and what it weighs.", "Write, for instance: --weight speech=0.3")
    return weights


@dataclass(frozen=True, slots=True)
class Wish:
    """What to make shorts of: a cast folder, a person in it, where the video is now, and where the result goes."""

    folder: Path
    person: str | None
    video: Path | None
    output: Path | None


def make(wish: Wish, options: ShortsOptions, manner: Manner) -> Run:
    """Choose the moments and, unless only the plan is wanted, render them; showing progress."""
    from closeup.features.shorts import make as work
    from closeup.features.shorts.source import ask_whom, open_cast

    started = time.monotonic()
    if wish.person is None:
        raise ask_whom(open_cast(wish.folder))
    request = work.Request(wish.folder, wish.person, wish.video, wish.output, manner.overwrite)
    run = work.write_plan if manner.plan_only else work.render_shorts
    with progress_bar(wish.folder.name, quiet=manner.quiet) as progress:
        source, target = work.prepare(request, options, progress)
        plan = run(source, target, options, progress)
    return Run(target.folder, plan, time.monotonic() - started)


def render(plan_file: Path, output: Path | None, video: Path | None, manner: Manner) -> Run:
    """Render a plan, showing progress."""
    from closeup.features.shorts.make import render_plan

    started = time.monotonic()
    folder = output or plan_file.parent
    with progress_bar(folder.name, quiet=manner.quiet) as progress:
        plan = render_plan(plan_file, folder, video=video, overwrite=manner.overwrite, progress=progress)
    return Run(folder, plan, time.monotonic() - started)


def tell(run: Run, manner: Manner) -> None:
    """Say what was chosen: as JSON, or as a table and the page's path; oddities on stderr."""
    if manner.as_json:
        typer.echo(json.dumps(summary(run, manner), ensure_ascii=False))
    if manner.quiet:
        return
    if not manner.as_json:
        show_shorts(run, manner)
    for note in (*run.plan.notes, *not_judged(run.plan.absent)):
        show_note(note)
    if manner.plan_only and not manner.as_json:
        words = ["closeup", "shorts", "--from-plan", str(run.folder / "plan.json")]
        show_hint(f"Change the plan if you like, and render it: {shlex.join(words)}")


def not_judged(absent: Mapping[str, str]) -> list[str]:
    """A sentence for each reason why parts of the interest could not be judged, by part."""
    parts: dict[str, list[str]] = {}
    for name, why in absent.items():
        parts.setdefault(why.rstrip("."), []).append(name)
    return [f"Not judged: {', '.join(names)}. {why[0].upper()}{why[1:]}." for why, names in parts.items()]


def summary(run: Run, manner: Manner) -> dict[str, Any]:
    """What `--json` prints: plain values, times in seconds."""
    plan = run.plan
    return {
        "folder": str(run.folder),
        "video": plan.video.path,
        "person": {"id": plan.person, "name": plan.person_name},
        "rendered": not manner.plan_only,
        "shorts": [_short_json(short, None if manner.plan_only else run.folder) for short in plan.shorts],
        "weights": dict(plan.weights),
        "absent": dict(plan.absent),
        "notes": list(plan.notes),
        "elapsed_s": round(run.elapsed_s, 3),
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


def show_shorts(run: Run, manner: Manner) -> None:
    """Print the shorts as a table, how long it took, and where the page is."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table

    right = {"justify": "right", "no_wrap": True}
    heads = ("short", Column("length", **right), Column("from", **right), Column("jumps", **right))  # type: ignore[arg-type]
    table = Table(*heads, Column("interest", **right), "why", box=SIMPLE_HEAD)  # type: ignore[arg-type]
    for short in run.plan.shorts:
        begins, jumps = clock(short.pieces[0].start_s), str(len(short.pieces) - 1)
        table.add_row(short.id, f"{short.length_s:.1f} s", begins, jumps, f"{short.interest:.2f}", short.reason)
    Console(markup=False, highlight=False).print(table)
    length_s = sum(short.length_s for short in run.plan.shorts)
    verb = "Chosen" if manner.plan_only else "Made"
    typer.echo(f"{verb} in {run.elapsed_s:.1f} s: {length_s:.0f} s of shorts")
    typer.echo(f"Preview: {one_line(str(run.folder / 'preview.html'))}")
