"""Changing identities and templates, inside a transaction that `Database.write` has begun."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, select, update

from closeup.core.errors import InputError
from closeup.documents.gallery import IdentityRecord
from closeup.storage.faces import by_picture
from closeup.storage.names import name_key
from closeup.storage.reading import identity, templates_of
from closeup.storage.records import NewTemplate
from closeup.storage.tables import identities, models, pictures, templates, vouched


def enrol(
    connection: Connection, name: str, new: Sequence[NewTemplate], consent: str | None, retain_until: date | None
) -> IdentityRecord:
    """Add templates to the identity of that name, or make it; a picture that it has one of already adds nothing.

    Raises:
        InputError: A vector has another length than those of its model; nobody is called that and there is no
            template.
    """
    now = datetime.now(UTC)
    found = connection.execute(select(identities.c.id).where(identities.c.name_key == name_key(name))).scalar()
    if found is None:
        found = _new_identity(connection, name, now, bool(new))
    changed = {"consent": consent, "retain_until": retain_until}
    given = {column: value for column, value in changed.items() if value is not None}
    if given:
        connection.execute(update(identities).where(identities.c.id == found).values(given))
    for template in new:
        _add(connection, found, template, now)
    return identity(connection, found)


def _new_identity(connection: Connection, name: str, now: datetime, has_templates: bool) -> str:
    if not has_templates:
        raise InputError(f"Nobody is called {name!r} yet, and there is no face to enrol.", "Give a picture of them.")
    identity_id = uuid.uuid4().hex
    row = {"id": identity_id, "name": name, "name_key": name_key(name), "created_at": now}
    connection.execute(insert(identities).values(row))
    return identity_id


def _add(connection: Connection, identity_id: str, template: NewTemplate, now: datetime) -> None:
    model = _model_number(connection, template)
    if template.source is not None:
        twin = and_(
            templates.c.identity_id == identity_id,
            templates.c.model == model,
            templates.c.source == template.source,
        )
        if (there := connection.execute(select(templates.c.id).where(twin)).scalar()) is not None:
            if template.vouched:
                _vouch(connection, there)
            return
    row = {
        "identity_id": identity_id,
        "model": model,
        "vector": template.vector,
        "pose": template.pose,
        "yaw_deg": float(template.yaw_deg),
        "pitch_deg": float(template.pitch_deg),
        "roll_deg": float(template.roll_deg),
        "quality": float(template.quality),
        "source": template.source,
        "created_at": now,
    }
    number = int(cast(Any, connection.execute(insert(templates).values(row)).inserted_primary_key)[0])
    if template.picture_jpeg is not None:
        connection.execute(insert(pictures).values(template_id=number, jpeg=template.picture_jpeg))
    if template.vouched:
        _vouch(connection, number)


def _vouch(connection: Connection, number: int) -> None:
    if not connection.execute(select(exists().where(vouched.c.template_id == number))).scalar():
        connection.execute(insert(vouched).values(template_id=number))


def _model_number(connection: Connection, template: NewTemplate) -> int:
    known = connection.execute(
        select(models.c.number, models.c.dimensions).where(models.c.name == template.model)
    ).first()
    dimensions = len(template.vector)
    if known is None:
        new = insert(models).values(name=template.model, dimensions=dimensions)
        (number,) = connection.execute(new).inserted_primary_key or (0,)
        return int(number)
    if known.dimensions != dimensions:
        raise InputError(
            f"A vector of {template.model} has {dimensions} values, and those in the gallery have {known.dimensions}."
        )
    return int(known.number)


def rename(connection: Connection, identity_id: str, name: str) -> IdentityRecord:
    """Give somebody another name.

    Raises:
        InputError: There is nobody with that id, or somebody else has the name.
    """
    identity(connection, identity_id)
    key = name_key(name)
    taken = select(identities.c.name).where(identities.c.name_key == key, identities.c.id != identity_id)
    if other := connection.execute(taken).scalar():
        raise InputError(
            f"Somebody else in the gallery is called {other!r} already.",
            "If they are one person, merge them.",
            code="gallery.taken",
        )
    connection.execute(update(identities).where(identities.c.id == identity_id).values(name=name, name_key=key))
    return identity(connection, identity_id)


def merge(connection: Connection, into_id: str, from_id: str) -> IdentityRecord:
    """Give all templates of one identity to another and remove it; the other keeps its name.

    The earlier of two last days stays, for nobody agreed to the later one; of consents that of `into_id`, or the
    other's where it has none.

    Raises:
        InputError: One of them is not there, or both are the same.
    """
    if into_id == from_id:
        raise InputError("An identity cannot be merged into itself.", "Name two.")
    kept, gone = identity(connection, into_id), identity(connection, from_id)
    twin = templates.alias("twin")
    same_picture = exists().where(
        twin.c.identity_id == into_id, twin.c.model == templates.c.model, twin.c.source == templates.c.source
    )
    connection.execute(delete(templates).where(templates.c.identity_id == from_id, same_picture))
    connection.execute(update(templates).where(templates.c.identity_id == from_id).values(identity_id=into_id))
    connection.execute(delete(identities).where(identities.c.id == from_id))
    days = [day for day in (kept.retain_until, gone.retain_until) if day is not None]
    values = {
        "consent": kept.consent or gone.consent,
        "retain_until": min(days, default=None),
        "created_at": min(kept.created_at, gone.created_at),
    }
    connection.execute(update(identities).where(identities.c.id == into_id).values(values))
    return identity(connection, into_id)


def remove(connection: Connection, identity_ids: Iterable[str]) -> None:
    """Delete identities with all that belongs to them, and models that no template is left of."""
    for identity_id in identity_ids:
        connection.execute(delete(identities).where(identities.c.id == identity_id))  # the rest by ON DELETE CASCADE
    _remove_unused_models(connection)


def remove_faces(connection: Connection, identity_id: str, template_ids: Collection[int]) -> IdentityRecord:
    """Delete some templates of an identity with all others of the same pictures, and models that none is left of.

    Raises:
        InputError: There is nobody with that id, no template is named or one that is not theirs, or none would be left.
    """
    person = identity(connection, identity_id)
    wanted = set(template_ids)
    faces = by_picture(templates_of(connection, identity_id))
    unknown = wanted - {template.id for face in faces for template in face}
    if unknown or not wanted:
        raise InputError(
            f"{person.name} has no template {min(unknown)}." if unknown else "No face to remove is named.",
            code="gallery.face",
            name=person.name,
        )
    gone = [face for face in faces if any(template.id in wanted for template in face)]
    if len(gone) == len(faces):
        raise no_face_left(person.name)
    # Their pictures by ON DELETE CASCADE.
    numbers = [{"number": template.id} for face in gone for template in face]
    connection.execute(delete(templates).where(templates.c.id == bindparam("number")), numbers)
    _remove_unused_models(connection)
    return identity(connection, identity_id)


def no_face_left(name: str) -> InputError:
    """Say that somebody cannot be in the gallery without a face."""
    return InputError(
        f"No face of {name} would be left.", "Delete the person instead.", code="gallery.last-face", name=name
    )


def _remove_unused_models(connection: Connection) -> None:
    used = exists().where(templates.c.model == models.c.number)
    connection.execute(delete(models).where(~used))


def expired(connection: Connection, today: date) -> tuple[str, ...]:
    """Ids of those whose last day lies before `today`."""
    query = select(identities.c.id).where(identities.c.retain_until < today).order_by(identities.c.name_key)
    return tuple(connection.execute(query).scalars())
