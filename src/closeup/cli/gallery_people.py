"""`closeup gallery list | show | rename | merge | remove | delete | export | purge`: who is there, and what is kept."""

import shlex
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson
from closeup.cli.gallery_options import Who
from closeup.cli.output import one_line, show_json, show_note, show_table

if TYPE_CHECKING:
    from closeup.documents.gallery import EnrolledFace

app = typer.Typer()

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before.")]


@app.command("list")
def list_identities(as_json: AsJson = False) -> None:
    """List everybody who is enrolled."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        people, place = store.identities(), store.place
    if as_json:
        from closeup.documents.gallery import PERSON

        show_json([PERSON.to_data(record) for record in people])
        return
    if not people:
        typer.echo(f"Nobody is enrolled in {one_line(place)}.")
        return
    rows = [
        (
            record.name,
            str(record.templates),
            ", ".join(record.poses),
            str(record.retain_until or ""),
            "noted" if record.consent else "",
        )
        for record in people
    ]
    show_table(*rows, head=("name", "templates", "poses", "keep until", "consent"))
    typer.echo(f"{len(people)} {'person' if len(people) == 1 else 'people'} in {one_line(place)}")


@app.command()
def show(who: Who, as_json: AsJson = False) -> None:
    """Show what is known of a person: notes, faces, poses, and faces that are not like the others."""
    from closeup.features.gallery.standing import standing_of
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        standing = standing_of(store, who)
    if as_json:
        from closeup.documents.gallery import STANDING

        show_json(STANDING.to_data(standing))
        return
    typer.echo(f"{one_line(standing.name)}  ({standing.id}), enrolled {standing.created_at:%Y-%m-%d}")
    typer.echo(f"Consent: {one_line(standing.consent or 'nothing is noted')}")
    typer.echo(f"Keep until: {standing.retain_until or 'no date is set'}")
    head = ("face", "pose", "yaw, pitch", "quality", "enrolled", "models", "picture", "")
    show_table(*(_face_row(face) for face in standing.faces), head=head)
    remove = f"closeup gallery remove {shlex.quote(standing.name)}"
    if any(face.flagged for face in standing.faces):
        typer.echo("A flagged face is not like the others of this person, and does not count.")
        typer.echo(one_line(f"To remove such faces: {remove} --flagged"))
    if any(face.in_doubt for face in standing.faces):
        typer.echo(
            "A face in doubt is not like the others, and it is not clear which are right: as many are on its side,"
        )
        typer.echo("or the models differ. Those that were enrolled first count.")
        typer.echo(one_line(f"To remove the wrong one: {remove} FACE"))
    if standing.missing:
        typer.echo(f"Poses that would help: {', '.join(standing.missing)}.")


def _face_row(face: "EnrolledFace") -> tuple[str, ...]:
    return (
        str(face.number),
        face.pose,
        f"{round(face.yaw_deg)}°, {round(face.pitch_deg)}°",
        f"{face.quality:.2f}",
        f"{face.created_at.astimezone():%Y-%m-%d %H:%M}",
        ", ".join(face.models),
        "kept" if face.picture else "",
        "flagged" if face.flagged else "in doubt" if face.in_doubt else "",
    )


@app.command()
def rename(
    who: Who, name: Annotated[str, typer.Argument(metavar="NEW", help="The new name.", show_default=False)]
) -> None:
    """Give a person another name."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        old = store.find(who)
        new = store.rename(old.id, name)
    typer.echo(f"{one_line(old.name)} is now called {one_line(new.name)}.")


@app.command()
def merge(
    into: Annotated[str, typer.Argument(metavar="NAME", help="Who stays.", show_default=False)],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who becomes part of them.", show_default=False)],
) -> None:
    """Make two enrolled people one; the first name stays. This cannot be undone."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        first, second = store.find(into), store.find(other)
        record = store.merge(first.id, second.id)
    typer.echo(
        f"{one_line(second.name)} is part of {one_line(record.name)} now, who has {_templates(record.templates)}."
    )


@app.command()
def remove(
    who: Who,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="FACE", help="Numbers, as closeup gallery show gives them.", show_default=False),
    ] = None,
    flagged: Annotated[
        bool, typer.Option("--flagged", help="Remove the faces that closeup gallery show flags.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove every trace of single faces of a person, and keep the others. This cannot be undone."""
    if bool(numbers) == flagged:
        raise typer.BadParameter("give the numbers of faces, or --flagged.", param_hint="FACE")
    from closeup.features.gallery.standing import faces_by_number, flagged_faces, standing_of
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        standing = standing_of(store, who)
        faces = faces_by_number(standing, numbers) if numbers else flagged_faces(standing)
        name = one_line(standing.name)
        if not faces:
            show_note(f"No face of {name} is flagged.")
            return
        named = ", ".join(f"{face.number} ({face.pose})" for face in faces)
        what = f"{'face' if len(faces) == 1 else 'faces'} {named} of {name}"
        if not _agreed(f"Remove {what}, for good?", yes=yes):
            typer.echo("Nothing was removed.")
            return
        store.remove(standing.id, [face.number for face in faces])
    left = len(standing.faces) - len(faces)
    typer.echo(f"Removed: {what}. {left} {'face is' if left == 1 else 'faces are'} left.")


@app.command()
def delete(who: Who, yes: Yes = False) -> None:
    """Remove every trace of a person. This cannot be undone."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        record = store.find(who)
        question = f"Delete {one_line(record.name)} with {_templates(record.templates)}, for good?"
        if not _agreed(question, yes=yes):
            typer.echo("Nothing was deleted.")
            return
        store.delete(record.id)
    typer.echo(f"{one_line(record.name)} is deleted, with {_templates(record.templates)}.")


@app.command()
def export(
    who: Who,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there.", show_default="standard output")
    ] = None,
) -> None:
    """Give out all that is stored about a person, as JSON."""
    from closeup.core.whole import write_whole
    from closeup.documents.form import indented
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        text = indented(store.export(store.find(who).id))
    if output is None:
        typer.echo(text, nl=False)
        return
    write_whole(output, text.encode())
    typer.echo(f"Written to {one_line(str(output))}. It holds biometric data: keep it as such.")


@app.command()
def purge(as_json: AsJson = False) -> None:
    """Delete everybody whose last day has passed (enrol --retain-until)."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        gone = store.purge(today())
    if as_json:
        from closeup.documents.gallery import PERSON

        show_json([PERSON.to_data(record) for record in gone])
        return
    for record in gone:
        typer.echo(f"{one_line(record.name)} is deleted: to be kept until {record.retain_until}.")
    if not gone:
        show_note("Nobody's last day has passed.")


def today() -> date:
    """The day it is, here."""
    return datetime.now(UTC).astimezone().date()


def _agreed(question: str, *, yes: bool) -> bool:
    """Whether to go on: asked where a person can answer."""
    return yes or not sys.stdin.isatty() or typer.confirm(question)


def _templates(count: int) -> str:
    return f"{count} {'template' if count == 1 else 'templates'}"
