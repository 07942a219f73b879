"""Which templates are of one face: a picture of somebody is stored as one template for each model that described it."""

from collections.abc import Hashable, Sequence

from closeup.storage.records import TemplateRecord


def by_picture(templates: Sequence[TemplateRecord]) -> tuple[tuple[TemplateRecord, ...], ...]:
    """Put together the templates of one identity that are of the same picture.

    Templates have the hash of their picture's file in common. Those from a camera have none; they are of one picture
    where they were stored at one moment with one pose and quality, to the last bit, by models that differ.

    Args:
        templates: Of one identity, by id.

    Returns:
        Groups of one template or more, in the order of their first ones; each template is in one of them.
    """
    groups: list[list[TemplateRecord]] = []
    of_key: dict[Hashable, list[list[TemplateRecord]]] = {}
    for template in templates:
        alike = of_key.setdefault(_key(template), [])
        own = next((group for group in alike if all(other.model != template.model for other in group)), None)
        if own is None:
            own = []
            alike.append(own)
            groups.append(own)
        own.append(template)
    return tuple(tuple(group) for group in groups)


def _key(template: TemplateRecord) -> Hashable:
    if template.source is not None:
        return template.source
    angles = (template.yaw_deg, template.pitch_deg, template.roll_deg)
    return template.created_at, template.pose, angles, template.quality
