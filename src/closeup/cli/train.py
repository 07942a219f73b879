"""`closeup train`: a recipe in, a run's folder out."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AnswerOnly
from closeup.cli.output import show_hint, show_loss, show_note
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.words import counted
from closeup.jobs.work import work
from closeup.media.archive import left_out

if TYPE_CHECKING:
    from closeup.workbench.recipes.detector import DetectorRecipe
    from closeup.workbench.recipes.recipe import Recipe
    from closeup.workbench.training.ablate import Ablation

app = typer.Typer()


@app.command()
def train(
    recipe: Annotated[
        Path | None, typer.Argument(help="The recipe, a TOML file (docs/concepts/recipes.md says what it holds).")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: --set stages.0.epochs=3. May be repeated."),
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder that the run's own folder is made in.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
    ] = None,
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="PNG", help="Draw what each augmentation does to pictures, and stop."),
    ] = None,
    ablate: Annotated[
        str | None,
        typer.Option(
            "--ablate",
            metavar="augment",
            help="Train with and without each augmentation, and say what each is worth: augment, or names as in "
            "augment.rotation_deg,augment.erasing.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="With --ablate: how many seeds each is trained with.", min=1)] = 3,
    quiet: AnswerOnly = False,
) -> None:
    """Train image classifiers and detectors by a recipe; every run is kept in a folder of its own.

    Ctrl-C keeps what has been learnt: `closeup train --resume RUN` goes on exactly there.
    """
    if (recipe is None) == (resume is None):
        hint = "closeup train RECIPE.toml, or closeup train --resume RUN"
        raise InputError("Name a recipe, or a run to go on with.", hint)
    import closeup.workbench.training.libraries  # noqa: F401 (says what to install where PyTorch is missing)
    from closeup.workbench.recipes.detector import DetectorRecipe as Detector
    from closeup.workbench.recipes.recipe_file import read_any_recipe

    if resume is not None:
        _resume(resume, runs, quiet)
        return
    assert recipe is not None
    wanted = read_any_recipe(recipe, settings or ())
    if isinstance(wanted, Detector):
        if preview is not None or ablate is not None:
            raise InputError("A detector has no augmentations to draw or to leave out.", "Leave out that flag.")
        _train("train.detector", wanted, recipe.parent, runs, quiet)
    elif preview is not None:
        _preview(wanted, recipe.parent, preview, quiet)
    elif ablate is not None:
        from closeup.workbench.training.ablate import table

        with progress_bar(wanted.name, quiet=quiet) as progress:
            found: Ablation = work("train.ablate")(
                recipe=wanted, what=ablate, base=recipe.parent, runs_dir=runs, seeds=seeds, progress=progress
            )
        typer.echo(table(found))
    else:
        _train("train", wanted, recipe.parent, runs, quiet)


def _train(kind: str, recipe: "Recipe | DetectorRecipe", base: Path, runs: Path, quiet: bool) -> None:
    with _hint_at_resuming(runs), progress_bar(recipe.name, quiet=quiet) as progress:
        run: Path = work(kind)(recipe=recipe, base=base, runs_dir=runs, progress=progress)
    _say(run)


def _resume(run: Path, runs: Path, quiet: bool) -> None:
    from closeup.learning.runs.reading import DETECTION, find_run, read_run

    folder = find_run(runs, str(run))
    kind = "train.detector.resume" if read_run(folder).learner == DETECTION else "train.resume"
    with _hint_at_resuming(runs, folder), progress_bar(folder.name, quiet=quiet) as progress:
        work(kind)(run=folder, progress=progress)
    _say(folder)


@contextmanager
def _hint_at_resuming(runs: Path, run: Path | None = None) -> Iterator[None]:
    """When asked to stop, say how to go on: with `run`, or with the run that was made meanwhile."""
    from closeup.learning.runs.reading import run_folders

    before = set(run_folders(runs)) if runs.is_dir() else set()
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        made = sorted(set(run_folders(runs)) - before) if runs.is_dir() else []
        for folder in [run] if run else made:
            again = f"closeup train --resume {shlex.quote(str(folder))}"
            show_hint(f"What was learnt is kept; go on with: {again}", always=True)
        raise


def _say(run: Path) -> None:
    from closeup.learning.runs.reading import read_run

    finished = read_run(run)
    for name, value in finished.headline():
        typer.echo(f"{name}: {value}")
    data = finished.facts.get("data", {})
    unread, notes = len(data.get("unreadable", ())), data.get("notes", ())
    for note in notes:
        (show_loss if left_out([note]) else show_note)(note)
    if unread:
        show_loss(f"{counted(unread, 'picture')} could not be read; run.json names each.")
    report = run / "report.html"
    typer.echo(f"The run is in {run}" + (f"; look at {report}" if report.is_file() else ""))


def _preview(recipe: "Recipe", base: Path, target: Path, quiet: bool) -> None:
    from closeup.core.whole import write_whole
    from closeup.media.image import encode_png

    with progress_bar(recipe.name, quiet=quiet) as progress:
        picture = work("train.preview")(recipe=recipe, base=base, progress=progress)
    write_whole(target, encode_png(picture))
    typer.echo(f"Wrote {target}")
