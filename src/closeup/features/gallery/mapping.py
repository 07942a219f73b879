"""A map of everybody who is enrolled, or of the faces in a folder: embeddings in two dimensions, with thumbnails.

PCA (Pearson 1901; Hotelling 1933) is the flattest true shadow: what is far apart on it is far apart, but much is left
out. t-SNE (van der Maaten, Hinton: "Visualizing Data using t-SNE", JMLR 2008; scikit-learn's) keeps neighbours
together and nothing else: distances and sizes of groups on it mean little. The page says for each how much it keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.core.words import LeftOut
from closeup.documents.gallery import Refused
from closeup.features.gallery.photos import faces_of
from closeup.features.gallery.pictures import thumbnail, thumbnail_of_jpeg
from closeup.features.gallery.recognise import model_for, not_described_by
from closeup.media.photos import find_photos
from closeup.pages.page import render_page
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore

FEWEST = 3
"""With fewer faces there is nothing to lay out."""

MOST_FACES = 2000
"""More than these nobody can look at on one page; the caller draws a sample and says so."""

PERPLEXITY = 30.0
"""About how many neighbours a face has in t-SNE; fewer where there are few faces."""

EXACT_UP_TO = 500
"""Up to so many faces every pair is looked at; beyond, the approximation by Barnes and Hut is quicker."""

NEIGHBOURS = 5
"""The figure under each map counts how many of a face's five nearest are among its five nearest on the map."""

WIDTH, HEIGHT = 1000, 700
"""Of the drawing, in its own units."""

COLOURS = 12


@dataclass(frozen=True, slots=True)
class MapFace:
    """One face on the map.

    Attributes:
        name: Whose it is; faces of one name have one colour.
        caption: What is shown for it beside the name.
        picture: A data: URI, or None for a plain dot.
    """

    name: str
    caption: str
    picture: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Faces in two dimensions.

    Attributes:
        method: "PCA" or "t-SNE".
        xy: Shape (N, 2), float64.
        kept: Share of a face's nearest that are its nearest on the map, 0 to 1, the mean over all faces.
        note: What else there is to say, a sentence.
    """

    method: str
    xy: NDArray[np.float64]
    kept: float
    note: str


def lay_out_pca(vectors: FloatArray) -> Layout:
    """Lay faces (N, D) out by their two principal components.

    Raises:
        InputError: If there are fewer than `FEWEST`.
    """
    rows = _enough(vectors)
    centred = rows - rows.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    xy = _two_columns(u * s)
    # The sign of a component is arbitrary: the same faces shall give the same map on every machine.
    signs = np.sign(xy[np.abs(xy).argmax(axis=0), [0, 1]])
    share = float((s[:2] ** 2).sum() / max(float((s**2).sum()), 1e-12))
    xy = xy * np.where(signs == 0, 1, signs)
    return Layout("PCA", xy, neighbours_kept(rows, xy), f"The two directions hold {share:.0%} of all differences.")


def lay_out_tsne(vectors: FloatArray, seed: int = 0) -> Layout:
    """Lay faces (N, D) out by t-SNE; the same `seed` gives the same map.

    Raises:
        InputError: If there are fewer than `FEWEST`.
    """
    rows = _enough(vectors)
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    start = "pca" if min(rows.shape) >= 2 else "random"
    method = "exact" if len(rows) <= EXACT_UP_TO else "barnes_hut"
    machine = TSNE(2, perplexity=perplexity, init=start, random_state=seed, method=method)
    xy = np.asarray(machine.fit_transform(rows), np.float64)
    note = f"Perplexity {perplexity:.3g}. Who stands together is alike; how far groups are apart means little."
    return Layout("t-SNE", xy, neighbours_kept(rows, xy), note)


def neighbours_kept(vectors: NDArray[np.floating], xy: NDArray[np.float64], count: int = NEIGHBOURS) -> float:
    """Say which share of each face's nearest, among vectors (N, D), are its nearest at xy (N, 2) too: 0 to 1."""
    count = min(count, len(vectors) - 1)
    if count < 1:
        return 1.0
    before, after = _nearest(np.asarray(vectors, np.float64), count), _nearest(xy, count)
    return float(np.mean([len(set(a) & set(b)) / count for a, b in zip(before, after, strict=True)]))


def map_page(title: str, faces: Sequence[MapFace], layouts: Sequence[Layout], notes: Sequence[str] = ()) -> str:
    """Write the page: HTML with drawings, thumbnails, style and script inside.

    Args:
        title: What is shown.
        faces: In the order of the layouts' rows.
        layouts: The maps, the first one is shown at first.
        notes: What has to be said about it, a sentence each.
    """
    names = sorted({face.name for face in faces}, key=lambda name: (name.casefold(), name))
    colours = {name: place % COLOURS for place, name in enumerate(names)}
    return render_page(
        "closeup.features.gallery",
        "map.html.j2",
        style="gallery.css",
        script="map.js",
        title=title,
        faces=len(faces),
        people=[(name, colours[name], sum(face.name == name for face in faces)) for name in names],
        drawings=[_drawing(layout, faces, colours) for layout in layouts],
        radius=round(float(np.clip(230 / np.sqrt(len(faces)), 7, 30)), 1),
        width=WIDTH,
        height=HEIGHT,
        notes=list(notes),
        has_pictures=any(face.picture is not None for face in faces),
    )


def _drawing(layout: Layout, faces: Sequence[MapFace], colours: dict[str, int]) -> dict[str, Any]:
    """One layout as the page shows it."""
    xy = _placed(layout.xy)
    marks = [
        {"x": round(float(x), 1), "y": round(float(y), 1), "colour": colours[face.name], "face": face}
        for (x, y), face in zip(xy, faces, strict=True)
    ]
    kept = f"Of each face's {NEIGHBOURS} nearest, {layout.kept:.0%} are among its {NEIGHBOURS} nearest here."
    return {
        "id": layout.method.lower().replace("-", ""),
        "method": layout.method,
        "told": f"{kept} {layout.note}",
        "marks": marks,
    }


def _placed(xy: NDArray[np.float64], margin: float = 45.0) -> NDArray[np.float64]:
    """Points (N, 2) in the drawing, upwards up, with one scale for both directions."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * margin
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    middle = (low + high) / 2
    placed = (xy - middle) * [scale, -scale] + np.array([WIDTH, HEIGHT]) / 2
    return np.asarray(placed, dtype=np.float64)


def _enough(vectors: FloatArray) -> NDArray[np.float64]:
    if len(vectors) < FEWEST:
        raise InputError(
            f"A map needs {FEWEST} faces at least, and here are {len(vectors)}.", "Enrol more people first."
        )
    return np.asarray(vectors, dtype=np.float64)


def _two_columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = scores[:, :2]
    return columns if columns.shape[1] == 2 else np.pad(columns, ((0, 0), (0, 2 - columns.shape[1])))


def _nearest(points: NDArray[np.float64], count: int) -> list[list[int]]:
    """For each of the points (N, K) the indices of its `count` nearest others."""
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares[None] - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    found: list[list[int]] = np.argsort(distances, axis=1, kind="stable")[:, :count].tolist()
    return found


_SEED = 0
"""Of the sample where there are too many faces, so that the same gallery gives the same map."""


@dataclass(frozen=True, slots=True)
class FaceMap:
    """A finished map.

    Attributes:
        html: The page, which needs nothing beside itself.
        faces: How many faces are on it, of so many `people`.
        notes: What has to be said about it, a sentence each.
        unreadable: Photos that could not be read; a note has them too.
    """

    html: str
    faces: int
    people: int
    notes: tuple[str, ...]
    unreadable: int = 0


def map_gallery(store: GalleryStore, analyzer: Analyzer, *, progress: ProgressCallback = ignore) -> FaceMap:
    """Draw everybody's templates of one model; with pictures where some are kept, else as dots.

    Args:
        analyzer: Says which models are on this machine.

    Raises:
        InputError: If there are too few templates for a map.
        ModelError: If all templates are of other models.
    """
    model = model_for(store, analyzer)
    records = {record.id: record for record in store.identities()}
    matrix = store.matrix(model)
    rows, notes = _sample(len(matrix.vectors))
    notes += not_described_by(store, model)
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
    """Draw every face in the pictures of a folder or zip file; a picture's own folder says whose it is.

    Raises:
        InputError: If there is no such folder, or too few faces in it.
        ModelError: If a model is not on this machine.
    """
    files, noted = find_photos([folder])
    vectors: list[FloatArray] = []
    faces: list[MapFace] = []
    unread: list[Refused] = []
    bare = 0
    for file, image, seen in faces_of(files, analyzer, unread, progress):
        place = PurePosixPath(file.name)
        vectors += [face.embedding for face in seen]
        faces += [MapFace(place.parent.name, place.name, thumbnail(image, face.box_xyxy)) for face in seen]
        bare += not seen
    rows, notes = _sample(len(faces))
    notes += noted
    if unread:
        many = f"{len(unread)} of {len(files)} files"
        notes.append(LeftOut(f"{many} could not be read as pictures. The first: {unread[0].reason}"))
    if bare:
        notes.append(f"{bare} of {len(files)} pictures without a face.")
    stacked = np.stack(vectors)[rows] if vectors else np.empty((0, 1), np.float32)
    drawn = _draw(folder.resolve().name, stacked, [faces[row] for row in rows], notes, progress)
    return replace(drawn, unreadable=len(unread))


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
