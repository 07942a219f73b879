"""How somebody stands in the gallery: their faces, what is missing, what does not fit, and which should go."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

import numpy as np

from closeup.core.errors import InputError, ModelError
from closeup.documents.gallery import EnrolledFace, Standing
from closeup.features.gallery.options import REQUIRED_POSES
from closeup.features.gallery.scoring import FELLOW_FAR, fellows
from closeup.storage.faces import by_picture
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import TemplateRecord
from closeup.storage.writing import no_face_left
from closeup.weights.cards import card
from closeup.weights.far import threshold_for

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
    flagged = frozenset[int]().union(*(flagged for flagged, _ in verdicts.values()))
    faces = tuple(_face(group, verdicts) for group in by_picture(templates))
    there = {template.pose for template in templates if template.id not in flagged}
    missing = tuple(pose for pose in REQUIRED_POSES if pose not in there)
    return Standing(**asdict(identity), missing=missing, faces=faces)


def _face(group: tuple[TemplateRecord, ...], verdicts: dict[str, _Verdict]) -> EnrolledFace:
    flagged_by = tuple(each.model for each in group if each.id in verdicts[each.model][0])
    judges = {each.model for each in group if verdicts[each.model][1]}
    first, flagged = group[0], bool(judges) and judges <= set(flagged_by)
    return EnrolledFace(
        number=first.id,
        pose=first.pose,
        yaw_deg=first.yaw_deg,
        pitch_deg=first.pitch_deg,
        quality=first.quality,
        created_at=first.created_at,
        models=tuple(template.model for template in group),
        picture=any(template.picture_jpeg is not None for template in group),
        flagged=flagged,
        in_doubt=bool(flagged_by) and not flagged,
        flagged_by=flagged_by,
    )


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


def faces_by_number(standing: Standing, numbers: Collection[int]) -> tuple[EnrolledFace, ...]:
    """The faces of those numbers, oldest first.

    Raises:
        InputError: If somebody has no face of a number, or has no other faces.
    """
    name = standing.name
    unknown = sorted(set(numbers) - {face.number for face in standing.faces})
    if unknown:
        raise InputError(f"{name} has no face {unknown[0]}.", code="gallery.face", name=name)
    found = tuple(face for face in standing.faces if face.number in numbers)
    if len(found) == len(standing.faces):
        raise no_face_left(name)
    return found


def flagged_faces(standing: Standing) -> tuple[EnrolledFace, ...]:
    """The faces that are flagged; never all of them. Those in doubt are not among them.

    Raises:
        InputError: If all that do not fit are in doubt, so that somebody has to look at them.
    """
    found = tuple(face for face in standing.faces if face.flagged)
    doubts = [str(face.number) for face in standing.faces if face.in_doubt]
    if doubts and not found:
        name = standing.name
        raise InputError(
            f"It is not clear which faces of {name} are wrong: {', '.join(doubts)}, or the others.",
            "Say which, or enrol more photos, so that the wrong ones stand alone.",
            code="gallery.doubtful-faces",
            name=name,
        )
    return found
