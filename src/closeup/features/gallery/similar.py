"""Look-alikes: who in the gallery, or which faces in a folder, are most like a face."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.words import counted
from closeup.features.gallery.options import FAR, TOP
from closeup.features.gallery.photos import Refused, faces_of, telling_face
from closeup.features.gallery.pictures import thumbnail, thumbnail_of_jpeg
from closeup.features.gallery.recognise import Recogniser, model_for, not_described_by
from closeup.media.image import decode_image
from closeup.media.photos import find_photos, photo_at
from closeup.pages.page import render_page
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore
from closeup.weights.cards import card
from closeup.weights.far import threshold_for

GALLERY = "the gallery"

SHEET_PX = 220
"""Side of a picture on the sheet."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody, or a face in a picture, that is like the one asked about.

    Attributes:
        name: The identity's name, or the picture's path.
        similarity: Cosine, -1 to 1; higher is more alike. The distance is 1 less that.
        same: Whether the similarity reaches the threshold.
        picture: A small picture as data: URI; None where none is kept.
    """

    name: str
    similarity: float
    same: bool
    picture: str | None = None

    @property
    def distance(self) -> float:
        """Cosine distance, 0 to 2."""
        return 1 - self.similarity


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """The nearest to a face.

    Attributes:
        photo: Which was asked about; `picture` its face as data: URI.
        among: What was searched, a few words.
        compared: How many people, or faces in pictures, those were.
        found: Best first.
        threshold: Similarity from which on two faces are taken for one person's, read at the false-accept rate `far`.
        skipped: Pictures of the folder that were of no use; of them `unreadable` could not be read, the others show
            no face.
        notes: What else was left out, a sentence each.
    """

    photo: str
    picture: str
    among: str
    compared: int
    found: tuple[Alike, ...]
    threshold: float
    far: float
    skipped: tuple[Refused, ...] = ()
    unreadable: int = 0
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was left out, in sentences."""
        if not self.skipped:
            return self.notes
        were = f"{counted(len(self.skipped), 'picture')} {'was' if len(self.skipped) == 1 else 'were'} of no use"
        return (f"{were}. The first: {self.skipped[0].reason}", *self.notes)

    def sheet(self) -> str:
        """The picture sheet: HTML with all pictures and style inside."""
        low = min([alike.similarity for alike in self.found] + [self.threshold])
        spread = max(1 - low, 1e-6) * 1.15

        def share(similarity: float) -> float:
            """Place on the bars, 0 to 100; they do not begin at 0, since all embeddings of some models are alike."""
            return round(max(0.0, min(100.0, 100 * (1 - (1 - similarity) / spread))), 2)

        one, many = ("person", "people") if self.among == GALLERY else ("face", "faces")
        return render_page(
            "closeup.features.gallery",
            "sheet.html.j2",
            style="gallery.css",
            query=Path(self.photo).name,
            sheet=self,
            compared=f"{self.compared:,} {one if self.compared == 1 else many}",
            rows=[(Path(alike.name).name, alike, share(alike.similarity)) for alike in self.found],
            mark=share(self.threshold),
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
    found = tuple(
        Alike(match.name, match.similarity, match.similarity >= point.threshold, _kept(store, match.identity_id))
        for match in ranked
    )
    shown = thumbnail(image, face.box_xyxy, SHEET_PX)
    notes = not_described_by(store, recogniser.model)
    return LookAlikes(str(photo), shown, GALLERY, len(roster), found, point.threshold, point.far, notes=notes)


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
        found.append(Alike(file.name, float(similarities[place]), bool(similarities[place] >= point.threshold), shown))
    return LookAlikes(
        photo=str(photo),
        picture=thumbnail(image, face.box_xyxy, SHEET_PX),
        among=f"the folder {folder.resolve().name}",
        compared=len(faces),
        found=tuple(found),
        threshold=point.threshold,
        far=point.far,
        skipped=tuple(skipped),
        unreadable=len(skipped) - bare,
        notes=tuple(notes),
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
