"""What a map shows: everybody who is enrolled, or the faces in the pictures of a folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.features.gallery.map import MOST_FACES, MapFace, lay_out_pca, lay_out_tsne, map_page
from closeup.features.gallery.photos import DESCRIBED, pictures_in
from closeup.features.gallery.pictures import thumbnail, thumbnail_of_jpeg
from closeup.features.gallery.recognise import model_for
from closeup.media.image import read_image
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore

_SEED = 0
"""Of the sample where there are too many faces, so that the same gallery gives the same map."""


@dataclass(frozen=True, slots=True)
class FaceMap:
    """A finished map.

    Attributes:
        html: The page, which needs nothing beside itself.
        faces: How many faces are on it, of so many `people`.
        notes: What has to be said about it, a sentence each.
    """

    html: str
    faces: int
    people: int
    notes: tuple[str, ...]


def map_gallery(store: GalleryStore, analyzer: Analyzer, *, progress: ProgressCallback = ignore) -> FaceMap:
    """Draw everybody's templates of one model; with pictures where some are kept, else as dots.

    Args:
        store: The gallery.
        analyzer: Says which models are on this machine.
        progress: Told how far it is.

    Raises:
        InputError: If there are too few templates for a map.
        ModelError: If all templates are of other models.
    """
    model = model_for(store, analyzer)
    records = {record.id: record for record in store.identities()}
    matrix = store.matrix(model)
    rows, notes = _sample(len(matrix.vectors))
    wanted = {int(matrix.template_ids[row]) for row in rows}
    owners = sorted({str(matrix.identity_ids[row]) for row in rows} & records.keys())
    found: dict[int, MapFace] = {}
    for number, owner in enumerate(owners):
        progress(Progress("Gathering", number, len(owners), "people"))
        templates = store.templates_of(owner)
        kept_by_source = {each.source: each.picture_jpeg for each in templates if each.picture_jpeg and each.source}
        for template in templates:
            if template.id in wanted:
                jpeg = template.picture_jpeg or kept_by_source.get(template.source or "")
                shown = thumbnail_of_jpeg(jpeg, head_only=True) if jpeg else None
                found[template.id] = MapFace(records[owner].name, template.pose, shown)
    kept = [row for row in rows if int(matrix.template_ids[row]) in found]
    faces = [found[int(matrix.template_ids[row])] for row in kept]
    if faces and not any(face.picture for face in faces):
        notes.append("No pictures are kept in this gallery, so everybody is a dot; enrolling stores them on request.")
    return _draw("The gallery", matrix.vectors[kept], faces, notes, progress)


def map_folder(folder: Path, analyzer: Analyzer, *, progress: ProgressCallback = ignore) -> FaceMap:
    """Draw every face in the pictures below a folder; a picture's own folder says whose it is.

    Raises:
        InputError: If there is no such folder, or too few faces in it.
        ModelError: If a model is not on this machine.
    """
    pictures = list(pictures_in(folder))
    vectors: list[FloatArray] = []
    faces: list[MapFace] = []
    unread = 0
    for number, picture in enumerate(pictures):
        progress(Progress("Reading", number, len(pictures), "photos"))
        try:
            image = read_image(picture)
        except InputError:
            unread += 1
            continue
        for face in analyzer.faces(image, DESCRIBED):
            vectors.append(face.embedding)
            faces.append(MapFace(picture.parent.name, picture.name, thumbnail(image, face.box_xyxy)))
    rows, notes = _sample(len(faces))
    if unread:
        notes.append(f"{unread} of {len(pictures)} files could not be read as pictures.")
    stacked = np.stack(vectors)[rows] if vectors else np.empty((0, 1), np.float32)
    return _draw(folder.resolve().name, stacked, [faces[row] for row in rows], notes, progress)


def _draw(
    title: str, vectors: FloatArray, faces: list[MapFace], notes: list[str], progress: ProgressCallback
) -> FaceMap:
    progress(Progress("Laying out", 0, None, ""))
    layouts = [lay_out_tsne(vectors), lay_out_pca(vectors)]
    html = map_page(title, faces, layouts, notes)
    return FaceMap(html, len(faces), len({face.name for face in faces}), tuple(notes))


def _sample(count: int) -> tuple[list[int], list[str]]:
    """Rows to draw: all, or a sample where they are too many."""
    if count <= MOST_FACES:
        return list(range(count)), []
    drawn = np.sort(np.random.default_rng(_SEED).choice(count, MOST_FACES, replace=False))
    return drawn.tolist(), [f"{MOST_FACES:,} of {count:,} faces are shown, drawn at random."]
