"""`closeup gallery list | show | rename | merge | delete | export | purge`: who is enrolled, and what is kept."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.gallery_options import AsJson, Who, show_json, show_table
from closeup.cli.messages import one_line, show_note

if TYPE_CHECKING:
    from closeup.storage.records import IdentityRecord

app = typer.Typer()


@app.command("list")
def list_identities(as_json: AsJson = False) -> None:
    """List everybody who is enrolled."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        people, place = store.identities(), store.place
    if as_json:
        show_json([identity_json(record) for record in people])
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
    """Show what is known of somebody: notes, faces, poses, and faces that are not like the others."""
    from closeup.features.gallery.standing import standing_of
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        standing = standing_of(store, who)
    record = standing.identity
    if as_json:
        data = identity_json(record) | {"missing": list(standing.missing)}
        data["faces"] = [
            {
                "id": t.id,
                "pose": t.pose,
                "yaw_deg": round(t.yaw_deg, 1),
                "pitch_deg": round(t.pitch_deg, 1),
                "quality": round(t.quality, 3),
                "model": t.model,
                "picture": t.picture_jpeg is not None,
                "flagged": t.id in standing.flagged,
                "created_at": t.created_at.isoformat(),
            }
            for t in standing.templates
        ]
        show_json(data)
        return
    typer.echo(f"{one_line(record.name)}  ({record.id}), enrolled {record.created_at:%Y-%m-%d}")
    typer.echo(f"Consent: {one_line(record.consent or 'nothing is noted')}")
    typer.echo(f"Keep until: {record.retain_until or 'no date is set'}")
    rows = [
        (
            str(t.id),
            t.pose,
            f"{t.yaw_deg:.0f}°, {t.pitch_deg:.0f}°",
            f"{t.quality:.2f}",
            t.model,
            "kept" if t.picture_jpeg else "",
            "flagged" if t.id in standing.flagged else "",
        )
        for t in standing.templates
    ]
    show_table(*rows, head=("template", "pose", "yaw, pitch", "quality", "model", "picture", ""))
    if standing.flagged:
        typer.echo("A flagged face is not like the others of this person, and does not count.")
    if standing.missing:
        typer.echo(f"Poses that would help: {', '.join(standing.missing)}.")


@app.command()
def rename(
    who: Who, name: Annotated[str, typer.Argument(metavar="NEW", help="The new name.", show_default=False)]
) -> None:
    """Give somebody another name."""
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
def delete(who: Who, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before.")] = False) -> None:
    """Remove every trace of somebody. This cannot be undone."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        record = store.find(who)
        question = f"Delete {one_line(record.name)} with {_templates(record.templates)}, for good?"
        if not yes and sys.stdin.isatty() and not typer.confirm(question):
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
    """Give out all that is stored about somebody, as JSON."""
    from closeup.features.gallery.export import export_json, export_to
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        if output is None:
            typer.echo(export_json(store, who), nl=False)
            return
        export_to(store, who, output)
    typer.echo(f"Written to {one_line(str(output))}. It holds biometric data: keep it as such.")


@app.command()
def purge(as_json: AsJson = False) -> None:
    """Delete everybody whose last day has passed (enrol --retain-until)."""
    from closeup.storage.gallery import open_gallery

    with open_gallery() as store:
        gone = store.purge(today())
    if as_json:
        show_json([identity_json(record) for record in gone])
        return
    for record in gone:
        typer.echo(f"{one_line(record.name)} is deleted: to be kept until {record.retain_until}.")
    if not gone:
        show_note("Nobody's last day has passed.")


def today() -> date:
    """The day it is, here."""
    return datetime.now(UTC).astimezone().date()


def identity_json(record: "IdentityRecord") -> dict[str, Any]:
    """What JSON says of somebody."""
    return {
        "id": record.id,
        "name": record.name,
        "created_at": record.created_at.isoformat(),
        "consent": record.consent,
        "retain_until": record.retain_until and record.retain_until.isoformat(),
        "templates": record.templates,
        "poses": list(record.poses),
    }


def _templates(count: int) -> str:
    return f"{count} {'template' if count == 1 else 'templates'}"
