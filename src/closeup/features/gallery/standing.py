"""How somebody stands in the gallery: their faces, what is missing, what does not fit, and which should go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from closeup.core.errors import InputError, ModelError
from closeup.features.gallery.options import REQUIRED_POSES
from closeup.features.gallery.scoring import FELLOW_FAR, fellows
from closeup.storage.faces import by_picture
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import IdentityRecord, TemplateRecord
from closeup.storage.writing import no_face_left
from closeup.weights.cards import card
from closeup.weights.far import threshold_for


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face as one picture shows it.

    Attributes:
        templates: One for each model that described it, by id.
        flagged_by: Models by which it is far from the others of its person, so that it does not count.
        flagged: All models that can say so say that it is far from the others: it is the wrong one, most likely.
    """

    templates: tuple[TemplateRecord, ...]
    flagged_by: tuple[str, ...]
    flagged: bool

    @property
    def number(self) -> int:
        """What it is called: the id of its first template, which no other face gets when it is gone."""
        return self.templates[0].id

    @property
    def has_picture(self) -> bool:
        """Whether the picture is kept."""
        return any(template.picture_jpeg is not None for template in self.templates)

    @property
    def in_doubt(self) -> bool:
        """Whether it does not count by some model, and may be right all the same."""
        return bool(self.flagged_by) and not self.flagged


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of somebody.

    Attributes:
        identity: Who.
        templates: Their templates, of all models, oldest first.
        flagged: Ids of templates that are far from the others of their model, and do not count.
        faces: The same by pictures, oldest first.
        missing: Poses that should be there and are not, flagged faces aside.
    """

    identity: IdentityRecord
    templates: tuple[TemplateRecord, ...]
    flagged: frozenset[int]
    faces: tuple[StoredFace, ...]
    missing: tuple[str, ...]


_Verdict = tuple[frozenset[int], bool]
"""What one model says of somebody's templates: ids of those that are far from the others; and whether there are others,
of which more stand together than of those that are flagged."""


def standing_of(store: GalleryStore, name_or_id: str) -> Standing:
    """Look somebody up.

    Raises:
        InputError: If there is nobody of that name or id.
    """
    identity = store.find(name_or_id)
    templates = store.templates_of(identity.id)
    models = sorted({template.model for template in templates})
    verdicts = {model: _verdict(model, [each for each in templates if each.model == model]) for model in models}
    flagged = frozenset().union(*(flagged for flagged, _ in verdicts.values()))
    faces = tuple(_face(group, verdicts) for group in by_picture(templates))
    there = {template.pose for template in templates if template.id not in flagged}
    missing = tuple(pose for pose in REQUIRED_POSES if pose not in there)
    return Standing(identity, templates, flagged, faces, missing)


def _face(group: tuple[TemplateRecord, ...], verdicts: dict[str, _Verdict]) -> StoredFace:
    flagged_by = tuple(each.model for each in group if each.id in verdicts[each.model][0])
    judges = {each.model for each in group if verdicts[each.model][1]}
    return StoredFace(group, flagged_by, bool(judges) and judges <= set(flagged_by))


def _verdict(model: str, own: Sequence[TemplateRecord]) -> _Verdict:
    try:
        threshold = threshold_for(card(model), FELLOW_FAR).threshold
    except ModelError:  # of a model that this closeup does not know: there is nothing to compare by
        return frozenset(), False
    vectors = np.stack([template.vector for template in own])
    counts = fellows(vectors, threshold, [template.vouched for template in own])
    # Of two groups that are equally large the earlier one counts, and may be the wrong one.
    rival = int(fellows(vectors[~counts], threshold).sum())
    flagged = frozenset(template.id for template, counted in zip(own, counts.tolist(), strict=True) if not counted)
    return flagged, len(own) > 1 and rival < int(counts.sum())


def faces_by_number(standing: Standing, numbers: Collection[int]) -> tuple[StoredFace, ...]:
    """The faces of those numbers, oldest first.

    Raises:
        InputError: If somebody has no face of a number, or has no other faces.
    """
    name = standing.identity.name
    unknown = sorted(set(numbers) - {face.number for face in standing.faces})
    if unknown:
        raise InputError(f"{name} has no face {unknown[0]}.", code="gallery.face", name=name)
    found = tuple(face for face in standing.faces if face.number in numbers)
    if len(found) == len(standing.faces):
        raise no_face_left(name)
    return found


def flagged_faces(standing: Standing) -> tuple[StoredFace, ...]:
    """The faces that are flagged; never all of them. Those in doubt are not among them.

    Raises:
        InputError: If all that do not fit are in doubt, so that somebody has to look at them.
    """
    found = tuple(face for face in standing.faces if face.flagged)
    doubts = [str(face.number) for face in standing.faces if face.in_doubt]
    if doubts and not found:
        name = standing.identity.name
        raise InputError(
            f"It is not clear which faces of {name} are wrong: {', '.join(doubts)}, or the others.",
            "Say which, or enrol more photos, so that the wrong ones stand alone.",
            code="gallery.doubtful-faces",
            name=name,
        )
    return found
