"""Reading identities and templates."""

import base64
import difflib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from closeup.core.errors import InputError
from closeup.documents.gallery import IdentityRecord
from closeup.storage.names import name_key
from closeup.storage.records import POSES, TemplateRecord
from closeup.storage.tables import identities, models, pictures, templates, vouched

EXPORT_FORMAT = 1


def all_identities(connection: Connection) -> tuple[IdentityRecord, ...]:
    """Everybody, by name."""
    return _records(connection, select(identities).order_by(identities.c.name_key))


def identity(connection: Connection, identity_id: str) -> IdentityRecord:
    """The identity with an id.

    Raises:
        InputError: There is none.
    """
    found = _records(connection, select(identities).where(identities.c.id == identity_id))
    if not found:
        raise InputError(f"Nobody in the gallery has the id {identity_id!r}.", code="gallery.unknown")
    return found[0]


def find(connection: Connection, name_or_id: str) -> IdentityRecord:
    """The identity with that id or name; upper and lower case do not matter.

    Raises:
        InputError: There is none; the hint names who has a name like it.
    """
    wanted = (identities.c.id == name_or_id.strip().lower()) | (identities.c.name_key == name_key(name_or_id))
    found = _records(connection, select(identities).where(wanted))
    if found:
        return found[0]
    names = {row.name_key: row.name for row in connection.execute(select(identities.c.name_key, identities.c.name))}
    near = [names[key] for key in difflib.get_close_matches(name_key(name_or_id), names, n=3)]
    problem = f"Nobody in the gallery is called {name_or_id!r}."
    if near:
        raise InputError(problem, f"Did you mean {' or '.join(near)}?")
    raise InputError(problem, code="gallery.unknown")


def templates_of(connection: Connection, identity_id: str) -> tuple[TemplateRecord, ...]:
    """All templates of an identity, by id, with their pictures."""
    query = (
        select(templates, models.c.name.label("model_name"), pictures.c.jpeg, vouched.c.template_id.label("vouched"))
        .join(models, models.c.number == templates.c.model)
        .outerjoin(pictures, pictures.c.template_id == templates.c.id)
        .outerjoin(vouched, vouched.c.template_id == templates.c.id)
        .where(templates.c.identity_id == identity_id)
        .order_by(templates.c.id)
    )
    return tuple(_template(row) for row in connection.execute(query))


def vouched_templates(connection: Connection) -> frozenset[int]:
    """Ids of the templates that somebody has vouched for."""
    return frozenset(connection.execute(select(vouched.c.template_id)).scalars())


def model_names(connection: Connection) -> tuple[str, ...]:
    """The models that there are templates of, by name."""
    used = select(templates.c.model).where(templates.c.model == models.c.number).exists()
    return tuple(connection.execute(select(models.c.name).where(used).order_by(models.c.name)).scalars())


def export(connection: Connection, identity_id: str) -> dict[str, Any]:
    """All that is stored about somebody, as plain JSON values; pictures as base64.

    Raises:
        InputError: There is nobody with that id.
    """
    person = identity(connection, identity_id)
    return {
        "format": EXPORT_FORMAT,
        "id": person.id,
        "name": person.name,
        "created_at": person.created_at.isoformat(),
        "consent": person.consent,
        "retain_until": person.retain_until and person.retain_until.isoformat(),
        "templates": [_exported(template) for template in templates_of(connection, identity_id)],
    }


def _exported(template: TemplateRecord) -> dict[str, Any]:
    picture = template.picture_jpeg
    return {
        "id": template.id,
        "created_at": template.created_at.isoformat(),
        "model": template.model,
        "pose": template.pose,
        "yaw_deg": template.yaw_deg,
        "pitch_deg": template.pitch_deg,
        "roll_deg": template.roll_deg,
        "quality": template.quality,
        "source": template.source,
        "vouched": template.vouched,
        "vector": [float(value) for value in template.vector],
        "picture_jpeg_base64": None if picture is None else base64.b64encode(picture).decode("ascii"),
    }


def _template(row: Row[Any]) -> TemplateRecord:
    return TemplateRecord(
        id=row.id,
        identity_id=row.identity_id,
        created_at=row.created_at,
        model=row.model_name,
        vector=row.vector,
        pose=row.pose,
        yaw_deg=row.yaw_deg,
        pitch_deg=row.pitch_deg,
        roll_deg=row.roll_deg,
        quality=row.quality,
        picture_jpeg=row.jpeg,
        source=row.source,
        vouched=row.vouched is not None,
    )


def _records(connection: Connection, query: Select[Any]) -> tuple[IdentityRecord, ...]:
    """The identities that a query finds, with what there is of each."""
    people: Sequence[Row[Any]] = connection.execute(query).all()
    counted = select(templates.c.identity_id, templates.c.pose, func.count().label("rows"))
    if len(people) == 1:
        counted = counted.where(templates.c.identity_id == people[0].id)
    poses: dict[str, dict[str, int]] = {}
    for row in connection.execute(counted.group_by(templates.c.identity_id, templates.c.pose)) if people else ():
        poses.setdefault(row.identity_id, {})[row.pose] = row.rows
    return tuple(_record(row, poses.get(row.id, {})) for row in people)


def _record(row: Row[Any], poses: dict[str, int]) -> IdentityRecord:
    return IdentityRecord(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        consent=row.consent,
        retain_until=row.retain_until,
        templates=sum(poses.values()),
        poses=tuple(pose for pose in POSES if pose in poses),
    )
