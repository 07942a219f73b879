"""`closeup people DIR ...`: see and correct who is in a result folder."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from closeup.cli.gallery_words import similarity_words
from closeup.cli.output import one_line, show_hint, show_json, show_note, show_table
from closeup.core.errors import InputError
from closeup.core.timebase import clock
from closeup.core.types import Person
from closeup.documents.cast import CAST_JSON
from closeup.features.cast import operations
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.operations import Change, Scene
from closeup.features.gallery.options import FAR

_STANDINGS = {"people": "", "passers_by": "passes by", "hidden": "hidden"}
_IDS_SHOWN = 6


class FolderFirst(TyperGroup):
    """A group of commands whose own argument, the folder, comes before the command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Answer `people list --help`, and say what is wrong with `people list DIR`."""
        if args and args[0] in self.commands and not Path(args[0]).is_dir():
            if any(option in args[1:] for option in ctx.help_option_names):
                return super().parse_args(ctx, ["DIR", *args])
            where = next((arg for arg in args[1:] if Path(arg).is_dir()), "DIR")
            rest = [arg for arg in args[1:] if arg != where]
            raise InputError("The folder comes first.", shlex.join(["closeup", "people", where, args[0], *rest]))
        return super().parse_args(ctx, args)


app = typer.Typer(name="people", cls=FolderFirst, invoke_without_command=True, no_args_is_help=True)

Identity = Annotated[str, typer.Argument(metavar="ID", help="A person's id, such as p1.", show_default=False)]
Tracks = Annotated[str, typer.Option("--tracks", metavar="T1,T2", help="Ids of tracks, with commas between them.")]


@app.callback()
def people(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result folder of closeup cast.", show_default=False)],
) -> None:
    """See and correct the people in a result folder. Every change can be undone."""
    context.obj = folder
    if context.invoked_subcommand is None:
        _show(folder)


@app.command("list")
def list_people(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """List everyone: id, name, screen time, tracks, shots and portrait."""
    if as_json:
        data = CAST_JSON.to_data(CastFolder(context.obj).cast())
        show_json({group: data[group] for group in _STANDINGS})
    else:
        _show(context.obj)


@app.command("name")
def name(
    context: typer.Context,
    identity: Annotated[str | None, typer.Argument(metavar="ID", help="A person's id.", show_default=False)] = None,
    words: Annotated[list[str] | None, typer.Argument(metavar="NAME", help='The name; "" takes it away.')] = None,
    from_gallery: Annotated[
        bool, typer.Option("--from-gallery", help="Name everybody who is known in the gallery and has no name yet.")
    ] = False,
    far: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="With --from-gallery: the false-accept rate.", show_default=f"{FAR:g}"),
    ] = None,
) -> None:
    """Give a person a name, or everybody the names that the gallery knows them by."""
    if from_gallery:
        if words:
            raise typer.BadParameter("takes the names from the gallery; leave NAME out.", param_hint="--from-gallery")
        _name_from_gallery(context.obj, identity, FAR if far is None else far)
        return
    if identity is None or words is None or far is not None:
        raise typer.BadParameter("give an id and a name, or --from-gallery.", param_hint="ID NAME")
    _edit(context.obj, lambda scene: operations.name_person(scene, identity, " ".join(words)))


def _name_from_gallery(folder: Path, identity: str | None, far: float) -> None:
    """Name those in the cast whom the gallery knows; one change in all that is undone name by name."""
    from closeup.features.gallery.cast_people import name_cast
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import open_gallery

    CastFolder(folder)
    with open_gallery() as store:
        everybody = name_cast(store, folder, Analyzer, far)
    answers = [answer for answer in everybody if identity in (None, answer.person)]
    if identity is not None and not answers:
        raise InputError(f"There is no person {identity}.", "See who there is: closeup people DIR list")
    chosen = []
    for answer in answers:
        who = one_line(f"{answer.person} ({answer.called})" if answer.called else answer.person)
        if answer.answer.name is None:
            typer.echo(
                f"{who} is unknown; most like {one_line(answer.answer.nearest)}, {similarity_words(answer.answer)}."
            )
        elif answer.conflict:
            show_note(f"{who} is not named {answer.answer.name}: {answer.conflict}")
        elif answer.called is None:
            chosen.append((answer.person, answer.answer))
        elif answer.called != answer.answer.name:
            show_note(f"{who} keeps that name; the gallery knows them as {answer.answer.name}.")
    if not chosen:
        typer.echo("Nobody was named.")
        return

    def wish(scene: Scene) -> Change:
        sentences = []
        for person, found in chosen:
            change = operations.name_person(scene, person, found.name or "")
            scene = replace(scene, edits=change.edits)
            sentences.append(f"{change.sentence} ({similarity_words(found)})")
        return Change(scene.edits, "\n".join(sentences))

    _edit(folder, wish)
    if len(chosen) > 1:
        show_hint("undo takes back one name at a time.")


@app.command("merge")
def merge(
    context: typer.Context,
    identities: Annotated[list[str], typer.Argument(metavar="ID ID...", help="Two or more ids; all become the first.")],
) -> None:
    """Make several people one."""
    _edit(context.obj, lambda scene: operations.merge_people(scene, identities))


@app.command("split")
def split(context: typer.Context, identity: Identity, tracks: Tracks) -> None:
    """Make some tracks of a person a new person."""
    _edit(context.obj, lambda scene: operations.split_person(scene, identity, _listed(tracks)))


@app.command("hide")
def hide(context: typer.Context, identity: Identity) -> None:
    """Leave a person out of the cast."""
    _edit(context.obj, lambda scene: operations.hide_person(scene, identity))


@app.command("unhide")
def unhide(context: typer.Context, identity: Identity) -> None:
    """Show a hidden person again."""
    _edit(context.obj, lambda scene: operations.unhide_person(scene, identity))


@app.command("not")
def reject(context: typer.Context, identity: Identity, tracks: Tracks) -> None:
    """Say that some tracks are not this person; they leave, and never come back."""
    _edit(context.obj, lambda scene: operations.reject_tracks(scene, identity, _listed(tracks)))


@app.command("undo")
def undo(context: typer.Context) -> None:
    """Take the last change back; again, the one before it."""
    _edit(context.obj, operations.undo_last, undoable=False)


def _edit(folder: Path, wish: Callable[[Scene], Change], *, undoable: bool = True) -> None:
    place = CastFolder(folder)
    inside = Path.cwd().resolve().is_relative_to(place.path)
    try:
        change = place.edit(wish)
    except InputError as error:
        error.facts["folder"] = folder
        raise
    typer.echo(change.sentence)
    if undoable:
        place_now = f"./{folder}" if str(folder).startswith("-") else str(folder)
        show_hint(f"Take it back: {shlex.join(['closeup', 'people', place_now, 'undo'])}")
    if inside:  # the folder that the shell stands in has been replaced by a new one of the same name
        show_note('Your shell still stands in the folder as it was before. Go on with: cd "$PWD"')


def _listed(tracks: str) -> list[str]:
    return [track.strip() for track in tracks.split(",") if track.strip()]


def _show(folder: Path) -> None:
    cast = CastFolder(folder).cast()
    rows = [(person, standing) for group, standing in _STANDINGS.items() for person in getattr(cast, group)]
    if not rows:
        typer.echo("Nobody was found in this video.")
        return
    head = ("id", "name", ">time", "tracks", "shots", "portrait", "")
    show_table(*((*_cells(person), standing) for person, standing in rows), head=head, unbroken=(5,))


def _cells(person: Person) -> tuple[str, ...]:
    return (
        person.id,
        person.name or "",
        clock(person.screen_time_s),
        _shorten(person.tracks),
        str(len(person.shots)),
        person.portrait,
    )


def _shorten(ids: Sequence[str]) -> str:
    """The first few of many ids, and how many there are."""
    shown = ", ".join(ids[:_IDS_SHOWN])
    return shown if len(ids) <= _IDS_SHOWN else f"{shown}, ... ({len(ids)})"
