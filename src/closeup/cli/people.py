"""`closeup people DIR ...`: see and correct who is in a result folder."""

import re
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from closeup.cli.flags import AsJson, Quiet
from closeup.cli.gallery_words import similarity_words
from closeup.cli.output import one_line, show_hint, show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.timebase import clock
from closeup.core.types import Person
from closeup.core.words import counted, likely
from closeup.documents.cast import CAST_JSON
from closeup.documents.suggestions import SUGGESTION
from closeup.features.cast import operations
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.operations import Change, Scene, Wish
from closeup.features.gallery.options import FAR
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.gallery import CastPersonAnswer

_STANDINGS = {"people": "", "passers_by": "passes by", "hidden": "hidden"}
_IDS_SHOWN = 6
_NAMING = re.compile(r"(p[0-9]+)=(.*)", re.DOTALL)


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
Identities = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of people, such as p1.")]
Two = Annotated[str, typer.Argument(metavar="ID", help="The id of another.", show_default=False)]
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
    as_json: AsJson = False,
) -> None:
    """List everyone, numbered as in the report: name, screen time, shots, tracks and id."""
    if as_json:
        data = CAST_JSON.to_data(CastFolder(context.obj).cast())
        show_json({group: data[group] for group in _STANDINGS})
    else:
        _show(context.obj)


@app.command("name")
def name(
    context: typer.Context,
    identity: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="A person's id, or ID=NAME as often as you like.", show_default=False),
    ] = None,
    words: Annotated[list[str] | None, typer.Argument(metavar="NAME", help='The name; "" takes it away.')] = None,
    from_gallery: Annotated[
        bool, typer.Option("--from-gallery", help="Name everybody who is known in the gallery and has no name yet.")
    ] = False,
    far: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="With --from-gallery: the false-accept rate.", show_default=f"{FAR:g}"),
    ] = None,
) -> None:
    """Name a person, several at once as p1=Ada p2=Ben, or everybody whom the gallery knows."""
    if from_gallery:
        if words:
            raise typer.BadParameter("takes the names from the gallery; leave NAME out.", param_hint="--from-gallery")
        _name_from_gallery(context.obj, identity, FAR if far is None else far)
        return
    if identity is None or far is not None:
        raise typer.BadParameter("give an id and a name, or --from-gallery.", param_hint="ID NAME")
    _edit(context.obj, *_naming([identity, *(words or [])]))


def _naming(words: Sequence[str]) -> list[Wish]:
    """What `name` is asked for: "p1 Ada Lovelace" names one person, "p1=Ada p2=Ben" several."""
    if not words or (len(words) < 2 and not _NAMING.fullmatch(words[0])):
        wanted = "give an id and a name, or ID=NAME; ids are the last column of the list, as p3."
        raise typer.BadParameter(wanted, param_hint="ID NAME")
    if not _NAMING.fullmatch(words[0]):
        return [partial(operations.name_person, identity=words[0], name=" ".join(words[1:]))]
    pairs = [_NAMING.fullmatch(word) for word in words]
    if None in pairs:
        odd = words[pairs.index(None)]
        raise typer.BadParameter(f"{odd!r} is not ID=NAME; names of several words go into quotes.", param_hint="NAME")
    return [partial(operations.name_person, identity=pair[1], name=pair[2]) for pair in pairs if pair]


def _name_from_gallery(folder: Path, identity: str | None, far: float) -> None:
    """Name those in the cast whom the gallery knows, in one change."""
    from closeup.features.gallery.cast_people import name_cast
    from closeup.perception.analyzer import Analyzer
    from closeup.storage.gallery import open_gallery

    CastFolder(folder)
    with open_gallery() as store:
        everybody = name_cast(store, folder, Analyzer, far)
    answers = [answer for answer in everybody if identity in (None, answer.person)]
    if identity is not None and not answers:
        raise InputError(f"There is no person {identity}.", "See who there is: closeup people DIR list")
    chosen: list[Wish] = []
    for answer in answers:
        who = one_line(f"{answer.person} ({answer.called})" if answer.called else answer.person)
        if answer.name is None:
            typer.echo(f"{who} is unknown; most like {one_line(answer.nearest)}, {similarity_words(answer)}.")
        elif answer.conflict:
            show_note(f"{who} is not named {answer.name}: {answer.conflict}")
        elif answer.called is None:
            chosen.append(partial(_name_known, answer))
        elif answer.called != answer.name:
            show_note(f"{who} keeps that name; the gallery knows them as {answer.name}.")
    if not chosen:
        typer.echo("Nobody was named.")
        return

    _edit(folder, *chosen)


def _name_known(found: "CastPersonAnswer", scene: Scene) -> Change:
    """Name a person as the gallery knows them, and say how alike they are."""
    change = operations.name_person(scene, found.person, found.name or "")
    return Change(change.edits, f"{change.sentence} ({similarity_words(found)})")


@app.command("merge")
def merge(
    context: typer.Context,
    identities: Annotated[list[str], typer.Argument(metavar="ID ID...", help="Two or more ids; all become the first.")],
) -> None:
    """Make several people one."""
    _edit(context.obj, *_wishes("merge", identities))


@app.command("same")
def same(context: typer.Context, identity: Identity, other: Two) -> None:
    """Answer that two are one person: both become the first, as by merge."""
    _edit(context.obj, *_wishes("same", [identity, other]))


@app.command("different")
def different(context: typer.Context, identity: Identity, other: Two) -> None:
    """Answer that two are different people; they are never asked about again."""
    _edit(context.obj, *_wishes("different", [identity, other]))


@app.command("suggest")
def suggest(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """Ask who may be one person after all, with the reasons; answer by same or different."""
    place = CastFolder(context.obj)
    found = place.suggestions()
    if as_json:
        show_json([SUGGESTION.to_data(suggestion) for suggestion in found])
        return
    cast = place.cast()
    names = {person.id: person.name for person in (*cast.people, *cast.passers_by)}
    for suggestion in found:
        one, other = (f"{i} ({names[i]})" if names[i] else i for i in suggestion.people)
        typer.echo(one_line(f"{one} and {other}: perhaps the same? {likely(suggestion.probability).capitalize()}."))
        for reason in suggestion.why:
            typer.echo(f"  {reason}")
    if not found:
        typer.echo("Nobody is in doubt.")
        return
    pair = found[0].people
    show_hint(f"Answer: {_command(context.obj, 'same', *pair)}, or: {_command(context.obj, 'different', *pair)}")


@app.command("split")
def split(context: typer.Context, identity: Identity, tracks: Tracks) -> None:
    """Make some tracks of a person a new person."""
    _edit(context.obj, *_wishes("split", [identity, tracks]))


@app.command("not")
def reject(context: typer.Context, identity: Identity, tracks: Tracks) -> None:
    """Say that some tracks are not this person; they leave, and never come back."""
    _edit(context.obj, *_wishes("not", [identity, tracks]))


@app.command("hide")
def hide(context: typer.Context, identities: Identities) -> None:
    """Leave people out of the cast."""
    _edit(context.obj, *_wishes("hide", identities))


@app.command("unhide")
def unhide(context: typer.Context, identities: Identities) -> None:
    """Show hidden people again."""
    _edit(context.obj, *_wishes("unhide", identities))


@app.command("portrait")
def portrait(
    context: typer.Context,
    identity: Identity,
    track: Annotated[str, typer.Argument(metavar="TRACK", help="The id of one of their tracks, such as t11.")],
) -> None:
    """Show a person by the picture of one of their tracks."""
    _edit(context.obj, *_wishes("portrait", [identity, track]))


@app.command("draw")
def draw(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="[ID]", help="Whose it is; a new person's without.")] = "",
    *,
    at_s: Annotated[float, typer.Option("--at", metavar="SECONDS", help="When the face is seen.", show_default=False)],
    box: Annotated[
        str, typer.Option(metavar="X0,Y0,X1,Y1", help="Around it, in the video's pixels.", show_default=False)
    ],
    name: Annotated[str, typer.Option("--name", help="What a new person is called.")] = "",
    quiet: Quiet = False,
) -> None:
    """Give a missed face to somebody: it is looked for where you say, and followed through its shot."""
    video = CastFolder(context.obj).cast().video
    try:
        shares = [
            float(side) / whole for side, whole in zip(box.split(","), 2 * (video.width, video.height), strict=True)
        ]
    except ValueError as error:
        raise typer.BadParameter(f"{box!r} is not four numbers such as 310,80,380,160.", param_hint="--box") from error
    with progress_bar("draw", quiet=quiet) as progress:
        done = work("cast.draw")(
            folder=context.obj, at_s=at_s, box=shares, person=identity, name=name, progress=progress
        )
    typer.echo(done["said"])
    show_hint(f"Take it back: {_command(context.obj, 'undo')}")


@app.command("apply")
def apply(
    context: typer.Context,
    changes: Annotated[
        list[str], typer.Argument(metavar="CHANGE...", help='Such as "name p1=Ada p2=Ben" "merge p3 p4" "hide p5".')
    ],
) -> None:
    """Make several changes in one, as report.html collects them; one undo takes all back."""
    wishes: list[Wish] = []
    for change in changes:
        try:
            kind, *words = shlex.split(change)
        except ValueError as error:
            raise typer.BadParameter(f"{change!r} is not a change: {error}.", param_hint="CHANGE") from error
        wishes += _wishes(kind, [word for word in words if word != "--tracks"])
    _edit(context.obj, *wishes)


@app.command("export")
def export(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.", show_default=False)],
    *,
    link: Annotated[bool, typer.Option("--link", help="Make links to the photos instead of copies.")] = False,
    xmp_only: Annotated[
        bool, typer.Option("--xmp-only", help="Write the XMP sidecars only, laid out as the photos are.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    quiet: Quiet = False,
) -> None:
    """Copy an album's photos to a folder for each person, with XMP sidecars that say who is where.

    Your photos are not touched. A photo of two people lies in two folders; people.csv lists them all.
    """
    with progress_bar(target.name, quiet=quiet) as progress:
        done, notes = work("people.export")(
            folder=context.obj, target=target, link=link, xmp_only=xmp_only, overwrite=overwrite, progress=progress
        )
    for note in notes:
        show_note(note)
    if not quiet:
        what = "sidecars" if xmp_only else "photos"
        typer.echo(f"{counted(done, what.removesuffix('s'))} in {one_line(str(target))}")


@app.command("undo")
def undo(context: typer.Context) -> None:
    """Take the last change back, all that one command made; again, the one before it."""
    _edit(context.obj, operations.undo, undoable=False)


@app.command("redo")
def redo(context: typer.Context) -> None:
    """Make the change again that was taken back last; a new change forgets what was taken back."""
    _edit(context.obj, operations.redo)


def _wishes(kind: str, words: Sequence[str]) -> list[Wish]:
    """What a command of some words asks for: "merge", ["p1", "p4"]."""
    match kind, words:
        case "name", _:
            return _naming(words)
        case "same", [one, other]:
            return [operations.wish("merge", [one, other])]
        case "portrait", [identity, track]:
            return [operations.wish(kind, [identity], [track])]
        case (("split" | "not"), [identity, tracks]):
            return [operations.wish(kind, [identity], _listed(tracks))]
        case (("hide" | "unhide"), [_, *_]):
            return [operations.wish(kind, [identity]) for identity in words]
        case (("merge" | "different"), [_, *_]):
            return [operations.wish(kind, words)]
    raise typer.BadParameter(f"{' '.join([kind, *words])!r} is no change of people.", param_hint="CHANGE")


def _edit(folder: Path, *wishes: Wish, undoable: bool = True) -> None:
    place = CastFolder(folder)
    inside = Path.cwd().resolve().is_relative_to(place.path)
    try:
        change = place.edit(*wishes)
    except InputError as error:
        error.facts["folder"] = folder
        raise
    typer.echo(change.sentence)
    if undoable:
        show_hint(f"Take it back: {_command(folder, 'undo')}")
    if inside:  # the folder that the shell stands in has been replaced by a new one of the same name
        show_note('Your shell still stands in the folder as it was before. Go on with: cd "$PWD"')


def _command(folder: Path, *words: str) -> str:
    """What to type next about a folder."""
    place = f"./{folder}" if str(folder).startswith("-") else str(folder)
    return shlex.join(["closeup", "people", place, *words])


def _listed(tracks: str) -> list[str]:
    return [track.strip() for track in tracks.split(",") if track.strip()]


def _show(folder: Path) -> None:
    cast = CastFolder(folder).cast()
    rows = [(person, standing) for group, standing in _STANDINGS.items() for person in getattr(cast, group)]
    if not rows:
        typer.echo("Nobody was found.")
        return
    album = cast.kind == "album"
    head = (">person", "name", *(() if album else (">time",)), ">photos" if album else ">shots", "tracks", "", "id")
    numbered = (
        (str(n), *_cells(who, album=album), standing, who.id) for n, (who, standing) in enumerate(rows, start=1)
    )
    show_table(*numbered, head=head, unbroken=(5 if album else 6,))


def _cells(person: Person, *, album: bool) -> tuple[str, ...]:
    return (
        person.name or "",
        *(() if album else (clock(person.screen_time_s),)),
        str(len(person.shots)),
        _shorten(person.tracks),
    )


def _shorten(ids: Sequence[str]) -> str:
    """The first few of many ids, and how many there are."""
    shown = ", ".join(ids[:_IDS_SHOWN])
    return shown if len(ids) <= _IDS_SHOWN else f"{shown}, ... ({len(ids)})"
