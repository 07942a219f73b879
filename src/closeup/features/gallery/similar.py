"""Look-alikes: who in the gallery, or which faces in a folder, are most like a face."""

from pathlib import Path

import numpy as np

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.words import LeftOut, counted
from closeup.documents.gallery import Alike, LookAlikes, Refused
from closeup.features.gallery.options import FAR, TOP
from closeup.features.gallery.photos import faces_of, telling_face
from closeup.features.gallery.pictures import thumbnail, thumbnail_of_jpeg
from closeup.features.gallery.recognise import Recogniser, model_for, not_described_by
from closeup.media.image import decode_image
from closeup.media.photos import find_photos, photo_at
from closeup.pages.page import render_page
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore
from closeup.weights.cards import card
from closeup.weights.far import FarPoint, threshold_for

GALLERY = "the gallery"

SHEET_PX = 220
"""Side of a picture on the sheet."""


def left_out(found: LookAlikes) -> tuple[str, ...]:
    """What was not compared, in sentences."""
    if not found.skipped:
        return found.notes
    were = f"{counted(len(found.skipped), 'picture')} {'was' if len(found.skipped) == 1 else 'were'} of no use"
    said = f"{were}. The first: {found.skipped[0].reason}"
    return (LeftOut(said) if found.unreadable else said, *found.notes)


def sheet(found: LookAlikes) -> str:
    """The picture sheet: HTML with all pictures and style inside."""
    low = min([alike.similarity for alike in found.found] + [found.threshold])
    spread = max(1 - low, 1e-6) * 1.15

    def share(similarity: float) -> float:
        """Place on the bars, 0 to 100; they do not begin at 0, since all embeddings of some models are alike."""
        return round(max(0.0, min(100.0, 100 * (1 - (1 - similarity) / spread))), 2)

    one, many = ("person", "people") if found.among == GALLERY else ("face", "faces")
    return render_page(
        "closeup.features.gallery",
        "sheet.html.j2",
        style="gallery.css",
        query=Path(found.photo).name,
        sheet=found,
        compared=counted(found.compared, one, many),
        left_out=left_out(found),
        rows=[(Path(alike.name).name, alike, share(alike.similarity)) for alike in found.found],
        mark=share(found.threshold),
        has_pictures=True,  # that of who was asked about at least
    )


def similar(
    store: GalleryStore, analyzer: Analyzer, photo: Path, top: int = TOP, far: float = FAR, *, largest: bool = False
) -> LookAlikes:
    """Find who in the gallery is most like the face in a photo.

    Args:
        photo: With one face.
        top: How many to list, 1 and up.
        far: False-accept rate of the threshold that is told beside.
        largest: Of several faces take the largest.

    Raises:
        InputError: If it is no picture, or shows no face or several; if nobody is enrolled.
        ModelError: If all templates are of other models.
    """
    _check_top(top)
    recogniser = Recogniser(store, model_for(store, analyzer), far)
    every = recogniser.model != analyzer.embedder_card.name
    image, face = telling_face(analyzer, photo, largest=largest, every_model=every)
    roster, point = recogniser.roster, recogniser.point
    ranked = roster.ranked(face.embeddings[recogniser.model][None], most=top)[0]
    return LookAlikes(
        photo=str(photo),
        among=GALLERY,
        compared=len(roster),
        threshold=point.threshold,
        far=point.far,
        found=tuple(_alike(each.name, each.similarity, point, _kept(store, each.identity_id)) for each in ranked),
        notes=not_described_by(store, recogniser.model),
        picture=thumbnail(image, face.box_xyxy, SHEET_PX),
    )


def similar_in(
    folder: Path,
    analyzer: Analyzer,
    photo: Path,
    top: int = TOP,
    far: float = FAR,
    *,
    progress: ProgressCallback = ignore,
) -> LookAlikes:
    """Find which faces in a folder or zip file are most like the one in a photo, the largest one if several.

    The photo itself, where it is there too, does not count. Nothing is stored.

    Raises:
        InputError: If the photo is of no use, or the folder has no picture with a face.
    """
    _check_top(top)
    image, face = telling_face(analyzer, photo, largest=True)
    point = threshold_for(card(face.model), far)
    files, notes = find_photos([folder])
    skipped: list[Refused] = []
    faces = []
    itself, bare = photo_at(photo).read(), 0
    for file, _, seen in faces_of(files, analyzer, skipped, progress, without=itself):
        faces += [(file, one) for one in seen]
        if not seen:
            skipped.append(Refused(file.name, f"No face was found in {file.name}."))
            bare += 1
    if not faces:
        raise InputError(f"No picture in {folder} shows a face.", "Give a folder with pictures of people.")
    similarities = cosines(np.stack([one.embedding for _, one in faces]), face.embedding)
    found = []
    for place in np.argsort(-similarities, kind="stable")[:top].tolist():
        file, one = faces[place]
        shown = thumbnail(decode_image(file.read(), file.name), one.box_xyxy, SHEET_PX)
        found.append(_alike(file.name, float(similarities[place]), point, shown))
    return LookAlikes(
        photo=str(photo),
        among=f"the folder {folder.resolve().name}",
        compared=len(faces),
        threshold=point.threshold,
        far=point.far,
        found=tuple(found),
        skipped=tuple(skipped),
        unreadable=len(skipped) - bare,
        notes=tuple(notes),
        picture=thumbnail(image, face.box_xyxy, SHEET_PX),
    )


def _alike(name: str, similarity: float, point: FarPoint, picture: str | None) -> Alike:
    return Alike(
        name=name,
        similarity=similarity,
        distance=1 - similarity,
        same=similarity >= point.threshold,
        picture=picture,
    )


def _kept(store: GalleryStore, identity_id: str) -> str | None:
    """The best picture that is kept of somebody, small."""
    kept = [template for template in store.templates_of(identity_id) if template.picture_jpeg is not None]
    if not kept:
        return None
    best = max(kept, key=lambda template: (template.pose == "front", template.quality))
    assert best.picture_jpeg is not None
    return thumbnail_of_jpeg(best.picture_jpeg, SHEET_PX)


def _check_top(top: int) -> None:
    if top < 1:
        raise InputError(
            f"{top} look-alikes cannot be listed.", "Ask for 1 or more.", code="option", option="top", example=5
        )
