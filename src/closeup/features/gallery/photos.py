"""From a photo to the one face that it is about, or to the reason why it is of no use."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import Image
from closeup.documents.gallery import Refused
from closeup.media.image import decode_image
from closeup.media.photos import PhotoFile, photo_at
from closeup.perception.analyzer import AnalysedFace, Analyzer, Part
from closeup.perception.gates import several_faces

DESCRIBED: tuple[Part, ...] = ("embedding", "faults")
BY_EVERY_MODEL: tuple[Part, ...] = ("embeddings", "faults")
"""What the gallery wants to know of a face: by the embedder that answers, or by every embedder on the machine."""


def only_face(
    analyzer: Analyzer, photo: Path | PhotoFile, *, largest: bool = False, every_model: bool = False
) -> tuple[Image, AnalysedFace]:
    """Read a photo and give it, RGB (H, W, 3), with the one face that it is about.

    Args:
        photo: A picture file, in a zip file too.
        largest: Of several faces of about one size take the largest.
        every_model: Describe it by every embedder on the machine.

    Raises:
        InputError: If it is no picture, or shows no face, or several of about one size.
    """
    file = photo if isinstance(photo, PhotoFile) else photo_at(photo)
    image = decode_image(file.read(), file.name)
    faces = analyzer.faces(image, BY_EVERY_MODEL if every_model else DESCRIBED)
    return image, one_of(faces, file.name, largest=largest)


def faces_of(
    photos: Sequence[PhotoFile],
    analyzer: Analyzer,
    unreadable: list[Refused],
    progress: ProgressCallback,
    *,
    without: bytes = b"",
) -> Iterator[tuple[PhotoFile, Image, tuple[AnalysedFace, ...]]]:
    """Read photos one by one: each, its picture (H, W, 3) and its faces.

    Args:
        unreadable: What cannot be read is added to it.
        without: A photo of this content is passed over.
    """
    for number, photo in enumerate(photos):
        progress(Progress("Reading", number, len(photos), "photos"))
        try:
            content = photo.read()
            if content == without:
                continue
            image = decode_image(content, photo.name)
        except InputError as error:
            unreadable.append(Refused(photo.name, error.message))
        else:
            yield photo, image, analyzer.faces(image, DESCRIBED)
    progress(Progress("Reading", len(photos), len(photos), "photos"))


def telling_face(
    analyzer: Analyzer, photo: Path, *, largest: bool = False, every_model: bool = False
) -> tuple[Image, AnalysedFace]:
    """As `only_face`, RGB (H, W, 3) and the face; one whose vector says nothing of who it is is refused.

    Raises:
        InputError: Also if the face is smeared, covered or none.
    """
    image, face = only_face(analyzer, photo, largest=largest, every_model=every_model)
    nothing = next((fault for fault in face.faults if fault.kind == "says-nothing"), None)
    if nothing is not None:
        raise InputError(f"{photo} is of no use. {nothing.reason}", "Take a sharp, well lit one of the bare face.")
    return image, face


def one_of(faces: Sequence[AnalysedFace], photo: str, *, largest: bool = False) -> AnalysedFace:
    """The face that a photo is about: the largest, unless another one is nearly as large.

    Args:
        faces: All that were found, the largest first.
        photo: What the photo is called.
        largest: Take the largest however large the others are.

    Raises:
        InputError: If there is none, or there are several of about one size.
    """
    if not faces:
        raise InputError(f"No face was found in {photo}.", "Take one with the face larger, sharper or better lit.")
    fault = several_faces(np.stack([face.box_xyxy for face in faces]))
    if fault is not None and not largest:
        raise InputError(
            f"{photo} is in doubt. {fault.reason}",
            "Cut out the face that is meant, or take the largest.",
            code="gallery.doubtful",
        )
    return faces[0]
