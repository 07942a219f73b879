"""Who is in a photo or a video, out of everybody who is enrolled; unknown is an answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.boxes import iou
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.documents.gallery import PhotoAnswer, PhotoFace, VideoAnswer, VideoSighting
from closeup.features.gallery.options import FAR
from closeup.features.gallery.recognise import Recogniser, model_for, read_for
from closeup.media.image import decode_image, read_image
from closeup.media.photos import PhotoFile
from closeup.media.sampling import Sampling
from closeup.media.video import open_video
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.storage.gallery import GalleryStore

LOOKS_PER_S = 2.0
"""How often a video is looked at."""

OVERLAP = 0.2
"""Boxes of one face in looks half a second apart overlap by this much at least, unless the head is thrown about."""

MISSED_LOOKS = 2
"""So many looks may miss a face before its sighting ends."""


def identify(store: GalleryStore, analyzer: Analyzer, image: Image, far: float = FAR) -> tuple[PhotoFace, ...]:
    """Say of every face in a picture who it is.

    Args:
        store: The gallery.
        analyzer: Finds and describes faces.
        image: RGB (H, W, 3).
        far: False-accept rate of one comparison.

    Returns:
        One answer for each face, from left to right; empty where there is no face.

    Raises:
        InputError: If nobody is enrolled, or no threshold is known for that rate.
        ModelError: If all templates are of other models.
    """
    recogniser = Recogniser(store, model_for(store, analyzer), far)
    return _identify(recogniser, read_for(analyzer, image, recogniser.model))


def identify_photo(store: GalleryStore, analyzer: Analyzer, photo: Path, far: float = FAR) -> PhotoAnswer:
    """Say of every face in a photo who it is; as `identify`.

    Raises:
        InputError: Also if it is no picture, or shows no face.
    """
    found = identify(store, analyzer, read_image(photo), far)
    if not found:
        raise InputError(f"No face was found in {photo}.", "Take one with the face larger, sharper or better lit.")
    return PhotoAnswer(photo=str(photo), faces=found)


def identify_photos(
    store: GalleryStore, analyzer: Analyzer, photos: Iterable[PhotoFile], far: float = FAR
) -> Iterator[tuple[str, PhotoAnswer | InputError]]:
    """Say of every face in many photos who it is, photo by photo, each read when it is its turn.

    Gives the name of each photo with one answer for each face, from left to right, or with why it cannot be read.

    Raises:
        InputError: If nobody is enrolled, or no threshold is known for that rate.
        ModelError: If all templates are of other models.
    """
    recogniser = Recogniser(store, model_for(store, analyzer), far)
    for photo in photos:
        try:
            image = decode_image(photo.read(), photo.name)
        except InputError as error:
            yield photo.name, error
        else:
            faces = _identify(recogniser, read_for(analyzer, image, recogniser.model))
            yield photo.name, PhotoAnswer(photo=photo.name, faces=faces)


def identify_video(
    store: GalleryStore, analyzer: Analyzer, video: Path, far: float = FAR, *, progress: ProgressCallback = ignore
) -> VideoAnswer:
    """Say who is in a video, and when: it is looked at twice a second, and faces are followed from look to look.

    All looks at one sighting decide together, so that one bad frame does not.

    Raises:
        InputError: If the video cannot be read, nobody is enrolled, or no threshold is known for that rate.
        ModelError: If all templates are of other models.
    """
    recogniser = Recogniser(store, model_for(store, analyzer), far)
    trails = Trails(recogniser.model, recogniser.same_threshold)
    looks = 0
    with open_video(video) as reading:
        for sample in Sampling(reading, LOOKS_PER_S):
            time_s = float(sample.frame.time)
            trails.look(time_s, read_for(analyzer, sample.frame.rgb(), recogniser.model, thorough=False))
            looks += 1
            progress(Progress("Looking", time_s, reading.duration_hint_s, "s"))
        duration_s, notes = float(reading.end_time), reading.notes
    sightings = tuple(_sighting(recogniser, trail) for trail in trails.all())
    return VideoAnswer(
        video=str(video),
        duration_s=duration_s,
        looks=looks,
        looks_per_s=LOOKS_PER_S,
        people=_spans(sightings),
        sightings=sightings,
        notes=notes,
    )


def _spans(sightings: Sequence[VideoSighting]) -> dict[str, tuple[tuple[float, float], ...]]:
    """Name to spans in view, who is seen longest first."""
    found: dict[str, list[VideoSighting]] = {}
    for sighting in sightings:
        if sighting.name is not None:
            found.setdefault(sighting.name, []).append(sighting)
    order = sorted(found, key=lambda name: (-sum(each.looks for each in found[name]), name))
    return {name: tuple((each.start_s, each.end_s) for each in found[name]) for name in order}


@dataclass(slots=True)
class Trail:
    """A face that is followed: when it was seen, and how it looked."""

    times_s: list[float]
    faces: list[AnalysedFace]
    missed: int = 0


class Trails:
    """Follows faces from look to look: the next one is in about the same place, and alike."""

    def __init__(self, model: str, same_threshold: float) -> None:
        """Start.

        Args:
            model: Embedder by which faces are compared.
            same_threshold: Similarity from which on two looks show one person.
        """
        self._model = model
        self._same_threshold = same_threshold
        self._open: list[Trail] = []
        self._closed: list[Trail] = []

    def look(self, time_s: float, faces: Sequence[AnalysedFace]) -> None:
        """Take the faces of the next look."""
        free = set(range(len(faces)))
        for trail, index in self._pairs(faces):
            trail.times_s.append(time_s)
            trail.faces.append(faces[index])
            trail.missed = -1
            free.discard(index)
        for trail in self._open:
            trail.missed += 1
        self._closed += [trail for trail in self._open if trail.missed > MISSED_LOOKS]
        self._open = [trail for trail in self._open if trail.missed <= MISSED_LOOKS]
        self._open += [Trail([time_s], [faces[index]]) for index in sorted(free)]

    def all(self) -> list[Trail]:
        """Every trail by its start."""
        return sorted([*self._closed, *self._open], key=lambda trail: trail.times_s[0])

    def _pairs(self, faces: Sequence[AnalysedFace]) -> Iterator[tuple[Trail, int]]:
        """Trails and the faces that go on with them, the most overlapping first."""
        if not self._open or not faces:
            return
        last = [trail.faces[-1] for trail in self._open]
        overlaps = iou(np.stack([face.box_xyxy for face in last]), np.stack([face.box_xyxy for face in faces]))
        before, now = (np.stack([face.embeddings[self._model] for face in some]) for some in (last, faces))
        overlaps[cosines(before, now) < self._same_threshold] = -1
        while overlaps.max() >= OVERLAP:
            row, column = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
            overlaps[row, :] = overlaps[:, column] = -1
            yield self._open[int(row)], int(column)


def _sighting(recogniser: Recogniser, trail: Trail) -> VideoSighting:
    answer = recogniser.answer_together(np.stack([face.embeddings[recogniser.model] for face in trail.faces]))
    return VideoSighting(**asdict(answer), start_s=trail.times_s[0], end_s=trail.times_s[-1], looks=len(trail.faces))


def _identify(recogniser: Recogniser, faces: Sequence[AnalysedFace]) -> tuple[PhotoFace, ...]:
    if not faces:
        return ()
    ordered = sorted(faces, key=lambda face: float(face.box_xyxy[0]))
    answers = recogniser.answer(np.stack([face.embeddings[recogniser.model] for face in ordered]))
    return tuple(
        PhotoFace(**asdict(answer), box_xyxy=face.box_xyxy, quality=face.quality.total)
        for face, answer in zip(ordered, answers, strict=True)
    )
