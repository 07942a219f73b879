"""Which faces of somebody to take out of the gallery: a photo of somebody else, or one that has become too old."""

from collections.abc import Collection

from closeup.core.errors import InputError
from closeup.features.gallery.standing import Standing, StoredFace
from closeup.storage.writing import no_face_left


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
