"""Who is in a photo or a video, out of everybody who is enrolled; unknown is an answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.boxes import iou
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray, Image
from closeup.features.gallery.options import FAR
from closeup.features.gallery.recognise import Answer, Recogniser, model_for, read_for
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


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """One face in a photo.

    Attributes:
        box_xyxy: Shape (4,), float32, pixels.
        quality: Of the face's picture, 0 to 1.
        answer: Who it is, and the figures behind it.
    """

    box_xyxy: FloatArray
    quality: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class PersonInView:
    """One person for as long as they stay in view of a video.

    Attributes:
        start_s: When they are first seen, in seconds from the video's start.
        end_s: When they are last seen.
        looks: In how many looks.
        answer: Who it is, by the mean over the looks.
    """

    start_s: float
    end_s: float
    looks: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class VideoIdentification:
    """Who is in a video.

    Attributes:
        sightings: By start.
        looks: How many frames were looked at; `looks_per_s` how often.
        duration_s: Of the video.
        notes: What is odd about the file, a sentence each.
    """

    sightings: tuple[PersonInView, ...]
    looks: int
    looks_per_s: float
    duration_s: float
    notes: tuple[str, ...]

    def people(self) -> dict[str, tuple[PersonInView, ...]]:
        """Name to sightings, who is seen longest first; strangers are left out."""
        found: dict[str, list[PersonInView]] = {}
        for sighting in self.sightings:
            if sighting.answer.name is not None:
                found.setdefault(sighting.answer.name, []).append(sighting)
        order = sorted(found, key=lambda name: (-sum(a.looks for a in found[name]), name))
        return {name: tuple(found[name]) for name in order}


def identify(store: GalleryStore, analyzer: Analyzer, image: Image, far: float = FAR) -> tuple[Identification, ...]:
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


def identify_photo(
    store: GalleryStore, analyzer: Analyzer, photo: Path, far: float = FAR
) -> tuple[Identification, ...]:
    """Say of every face in a photo who it is; as `identify`.

    Raises:
        InputError: Also if it is no picture, or shows no face.
    """
    found = identify(store, analyzer, read_image(photo), far)
    if not found:
        raise InputError(f"No face was found in {photo}.", "Take one with the face larger, sharper or better lit.")
    return found


def identify_photos(
    store: GalleryStore, analyzer: Analyzer, photos: Iterable[PhotoFile], far: float = FAR
) -> Iterator[tuple[str, tuple[Identification, ...] | InputError]]:
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
            yield photo.name, _identify(recogniser, read_for(analyzer, image, recogniser.model))


def identify_video(
    store: GalleryStore, analyzer: Analyzer, video: Path, far: float = FAR, *, progress: ProgressCallback = ignore
) -> VideoIdentification:
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
    return VideoIdentification(sightings, looks, LOOKS_PER_S, duration_s, notes)


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


def _sighting(recogniser: Recogniser, trail: Trail) -> PersonInView:
    answer = recogniser.answer_together(np.stack([face.embeddings[recogniser.model] for face in trail.faces]))
    return PersonInView(trail.times_s[0], trail.times_s[-1], len(trail.faces), answer)


def _identify(recogniser: Recogniser, faces: Sequence[AnalysedFace]) -> tuple[Identification, ...]:
    if not faces:
        return ()
    ordered = sorted(faces, key=lambda face: float(face.box_xyxy[0]))
    answers = recogniser.answer(np.stack([face.embeddings[recogniser.model] for face in ordered]))
    return tuple(
        Identification(face.box_xyxy, face.quality.total, answer) for face, answer in zip(ordered, answers, strict=True)
    )
