"""How somebody stands in the gallery: their faces, what is missing, and what does not fit."""

from dataclasses import dataclass

import numpy as np

from closeup.core.errors import ModelError
from closeup.features.gallery.options import REQUIRED_POSES
from closeup.features.gallery.scoring import FELLOW_FAR, fellows
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import IdentityRecord, TemplateRecord
from closeup.weights.cards import card
from closeup.weights.far import threshold_for


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of somebody.

    Attributes:
        identity: Who.
        templates: Their faces, of all models, oldest first.
        flagged: Ids of templates that are far from the others of their model, and do not count.
        missing: Poses that should be there and are not, flagged faces aside.
    """

    identity: IdentityRecord
    templates: tuple[TemplateRecord, ...]
    flagged: frozenset[int]
    missing: tuple[str, ...]


def standing_of(store: GalleryStore, name_or_id: str) -> Standing:
    """Look somebody up.

    Raises:
        InputError: If there is nobody of that name or id.
    """
    identity = store.find(name_or_id)
    templates = store.templates_of(identity.id)
    flagged = frozenset(_flagged(templates))
    there = {template.pose for template in templates if template.id not in flagged}
    missing = tuple(pose for pose in REQUIRED_POSES if pose not in there)
    return Standing(identity, templates, flagged, missing)


def _flagged(templates: tuple[TemplateRecord, ...]) -> list[int]:
    found = []
    for model in {template.model for template in templates}:
        try:
            threshold = threshold_for(card(model), FELLOW_FAR).threshold
        except ModelError:  # of a model that this closeup does not know: there is nothing to compare by
            continue
        own = [template for template in templates if template.model == model]
        counts = fellows(np.stack([template.vector for template in own]), threshold).tolist()
        found += [template.id for template, counted in zip(own, counts, strict=True) if not counted]
    return found
