"""The gallery and a cast folder: people with names go into the gallery, and the gallery's names onto the cast.

A cast folder holds the embeddings of the best few faces of every track, and where their landmarks are: nothing needs
to be decoded, and everything is compared by the model that the cast was made with.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from closeup.algorithms.reframing.headshot import EYE_LINE
from closeup.core.errors import InputError
from closeup.core.types import Cast, Face, FloatArray, Image, Person, Track
from closeup.documents.baseline import read_baseline
from closeup.documents.cast import CAST_JSON
from closeup.documents.gallery import CastPersonAnswer, EnrolReport, ImportReport, NotEnrolled
from closeup.documents.vectors import TrackVectors, load_vectors
from closeup.features.gallery.enrol import EnrolSample, enrol_samples, not_enrolled, templates_of
from closeup.features.gallery.options import FAR, EnrolOptions
from closeup.features.gallery.photos import BY_EVERY_MODEL
from closeup.features.gallery.recognise import Recogniser, coverage, model_for
from closeup.features.gallery.roster import nobody_enrolled
from closeup.media.image import decode_jpeg
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.perception.pose import head_pose
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import NewTemplate
from closeup.weights.cards import all_cards

PER_POSE = 2
"""Faces of each pose that are taken from a cast, the best ones; of each part of a person whom the user made whole."""

MOST_PICTURES = 12
"""Tracks of a person, or of each of their parts, whose pictures are read, the best ones."""


@dataclass(frozen=True, slots=True, eq=False)
class CastFaces:
    """A cast with the embeddings of its faces.

    Attributes:
        cast: Who is in the video.
        vectors: The embeddings of its tracks' faces.
        folder: Where it lies.
        found_as: For each track the person whom closeup took it for, before the user said anything.
    """

    cast: Cast
    vectors: TrackVectors
    folder: Path
    found_as: tuple[str | None, ...]

    def of(self, person: Person) -> list[int]:
        """Rows of `vectors` that are a person's faces."""
        own = {place for place, track in enumerate(self.cast.tracks) if track.person == person.id}
        return [row for row, track in enumerate(self.vectors.face_track.tolist()) if track in own]

    def made_whole(self, person: Person) -> bool:
        """Whether the user has brought somebody together whom closeup took for several, or for nobody."""
        pairs = zip(self.cast.tracks, self.found_as, strict=True)
        return len({found for track, found in pairs if track.person == person.id}) > 1


def read_cast_faces(folder: Path) -> CastFaces:
    """Read a cast folder.

    Raises:
        InputError: If it is none, or damaged.
    """
    if not (folder / "cast.json").is_file():
        raise InputError(f"{folder} is not the cast of a video.", code="cast.absent")
    cast = CAST_JSON.read(folder / "cast.json")
    found_as = [track.person for track in cast.tracks]
    if (folder / "baseline.json").is_file():
        found_as = read_baseline(folder / "baseline.json", cast.tracks).person_of(cast.tracks)
    return CastFaces(cast, load_vectors(folder / "vectors.npz", cast), folder, tuple(found_as))


def import_cast(
    store: GalleryStore, analyzer: Analyzer, folder: Path, options: EnrolOptions | None = None
) -> ImportReport:
    """Enrol the people of a cast who have names; the others stay out.

    By the model that the cast was made with, from its embeddings, unless closeup no longer has it; by the analyzer's
    other models from the pictures of the tracks. Whom the user has made whole of several is taken at the user's word:
    the best faces of every part are enrolled, and count together however unlike they are.

    Raises:
        InputError: If the folder is no cast folder, or nobody in it has a name.
        StorageError: If the database cannot be used.
    """
    options = options or EnrolOptions()
    faces = read_cast_faces(folder)
    named = [person for person in (*faces.cast.people, *faces.cast.passers_by) if person.name]
    if not named:
        raise InputError(
            f"Nobody in {folder} has a name.", "Give someone a name first.", code="cast.nameless", folder=folder
        )
    return ImportReport(people=tuple(_import_one(store, analyzer, faces, person, options) for person in named))


def name_cast(
    store: GalleryStore, folder: Path, new_analyzer: Callable[[], Analyzer], far: float = FAR
) -> tuple[CastPersonAnswer, ...]:
    """Say of everybody in a cast, passers-by too, who of the gallery they are; nothing is changed.

    All faces of a person decide together. Of two people who are in the picture at the same time only the one who is
    more alike gets a name that both would have.

    Args:
        store: The gallery.
        folder: A result folder of closeup cast.
        new_analyzer: Makes an analyzer; called only if more people have templates of one of its models than of
            the model that the cast was made with, whose embeddings lie in the folder; or if closeup no longer has that
            model.
        far: False-accept rate to answer at.

    Raises:
        InputError: If the folder is no cast folder, or nobody is enrolled.
        ModelError: If all templates are of models that are not on this machine.
    """
    faces = read_cast_faces(folder)
    if not store.models():
        raise nobody_enrolled()
    model, analyzer = faces.vectors.embedder, None
    gone = model not in all_cards()
    if gone or any(coverage(store, other) > coverage(store, model) for other in store.models()):
        analyzer = new_analyzer()
        best = model_for(store, analyzer)
        if gone or coverage(store, best) > coverage(store, model):
            model = best
    recogniser = Recogniser(store, model, far)
    answers: list[CastPersonAnswer] = []
    for person in (*faces.cast.people, *faces.cast.passers_by):
        vectors = _vectors_by(faces, person, model, analyzer)
        if len(vectors):
            answer = asdict(recogniser.answer_together(vectors))
            answers.append(CastPersonAnswer(**answer, person=person.id, called=person.name))
    return tuple(_without_twins(answers, faces.cast))


def _vectors_by(faces: CastFaces, person: Person, model: str, analyzer: Analyzer | None) -> FloatArray:
    """A person's faces (N, D) as a model describes them; N may be 0."""
    if model == faces.vectors.embedder or analyzer is None:
        return faces.vectors.face[faces.of(person)]
    found = [described.embeddings[model] for _, described, _ in _pictured(faces, person, analyzer)]
    return np.stack(found) if found else np.empty((0, 1), np.float32)


def _pictured(faces: CastFaces, person: Person, analyzer: Analyzer) -> Iterator[tuple[int, AnalysedFace, Image]]:
    """A person's face in the pictures of their tracks, the best first: the track's number, face, picture (H, W, 3).

    A picture may show a neighbour too: the face nearest to the picture's middle line and eye line is meant.
    """
    own = [(number, track) for number, track in enumerate(faces.cast.tracks) if track.person == person.id]
    own.sort(key=lambda pair: -max(face.quality_total for face in pair[1].faces))
    read: Counter[str | None] = Counter()
    for number, track in own:
        read[faces.found_as[number]] += 1
        if read[faces.found_as[number]] > MOST_PICTURES:
            continue
        image = decode_jpeg(_picture(faces.folder, track))
        found = analyzer.faces(image, BY_EVERY_MODEL)
        if found:
            eyes = np.array([image.shape[1] / 2, image.shape[0] * EYE_LINE])
            face = min(found, key=lambda face: float(np.hypot(*(face.landmarks_xy[:2].mean(axis=0) - eyes))))
            if not face.faults:
                yield number, face, image


def _without_twins(answers: Sequence[CastPersonAnswer], cast: Cast) -> list[CastPersonAnswer]:
    """The answers, with a conflict where somebody more alike is in the picture beside them."""
    settled = []
    for one in answers:
        rivals = [
            other
            for other in answers
            if other.person != one.person
            and one.name is not None
            and other.name == one.name
            and (other.similarity, one.person) > (one.similarity, other.person)
            and _together(cast, one.person, other.person)
        ]
        if rivals:
            reason = f"{rivals[0].person} is in the picture at the same time, and more like {one.name}."
            settled.append(replace(one, conflict=reason))
        else:
            settled.append(one)
    return settled


def _together(cast: Cast, one: str, other: str) -> bool:
    """Whether two people of a cast have a face in one frame; that their padded tracks touch says nothing."""
    mine, theirs = (
        {face.frame for track in cast.tracks if track.person == identity for face in track.faces}
        for identity in (one, other)
    )
    return not mine.isdisjoint(theirs)


def _import_one(
    store: GalleryStore, analyzer: Analyzer, faces: CastFaces, person: Person, options: EnrolOptions
) -> EnrolReport | NotEnrolled:
    assert person.name is not None
    try:
        # Vectors of a model that closeup no longer has compare with nothing that is enrolled from now on.
        samples = _samples(faces, person, options) if faces.vectors.embedder in all_cards() else []
        if any(each.name != faces.vectors.embedder for each in analyzer.embedder_cards):
            samples += _picture_samples(faces, person, analyzer)
        if not samples:
            raise InputError(f"There is no good face of {person.id} in {faces.folder}.")
        return enrol_samples(store, person.name, samples, options)
    except InputError as error:
        return not_enrolled(person.name, error)


def _samples(faces: CastFaces, person: Person, options: EnrolOptions) -> list[EnrolSample]:
    """The best faces of each pose, by the model that the cast was made with."""
    by_pose: dict[tuple[str | None, str], list[tuple[float, EnrolSample]]] = {}
    vouched = faces.made_whole(person)
    for row in faces.of(person):
        number = int(faces.vectors.face_track[row])
        track = faces.cast.tracks[number]
        frame = int(faces.vectors.face_frame[row])
        face = next(face for face in track.faces if face.frame == frame)
        quality = float(faces.vectors.face_quality[row])
        best = max(track.faces, key=lambda other: other.quality_total)
        keep = options.keep_pictures and face is best  # a track's picture shows its best face
        sample = _sample(faces, row, track, face, keep=keep, vouched=vouched)
        by_pose.setdefault((faces.found_as[number], sample.pose), []).append((quality, sample))
    chosen = []
    for found in by_pose.values():
        found.sort(key=lambda pair: -pair[0])
        chosen += [sample for _, sample in found[:PER_POSE]]
    return chosen


def _picture_samples(faces: CastFaces, person: Person, analyzer: Analyzer) -> list[EnrolSample]:
    """The best face of each pose in the pictures of the tracks, by the analyzer's other models."""
    taken: Counter[tuple[str | None, str]] = Counter()
    samples = []
    vouched = faces.made_whole(person)
    for number, face, image in _pictured(faces, person, analyzer):
        track, key = faces.cast.tracks[number], (faces.found_as[number], face.pose.name)
        taken[key] += 1
        if taken[key] > PER_POSE:
            continue
        templates = templates_of(image, face, f"{faces.cast.video.sha256}:{track.id}", keep=False)
        others = tuple(replace(each, vouched=vouched) for each in templates if each.model != faces.vectors.embedder)
        samples.append(EnrolSample(others, f"{faces.folder}, track {track.id}"))
    return samples


def _sample(faces: CastFaces, row: int, track: Track, face: Face, *, keep: bool, vouched: bool) -> EnrolSample:
    """The face of a row of the vectors."""
    pose = head_pose(face.landmarks_xy)
    template = NewTemplate(
        model=faces.vectors.embedder,
        vector=faces.vectors.face[row],
        pose=pose.name,
        yaw_deg=pose.yaw_deg,
        pitch_deg=pose.pitch_deg,
        roll_deg=pose.roll_deg,
        quality=float(faces.vectors.face_quality[row]),
        picture_jpeg=_picture(faces.folder, track) if keep else None,
        source=f"{faces.cast.video.sha256}:{track.id}:{face.frame}",
        vouched=vouched,
    )
    return EnrolSample((template,), f"{faces.folder}, track {track.id}")


def _picture(folder: Path, track: Track) -> bytes:
    """The track's picture, of its best face."""
    path = folder / "tracks" / f"{track.id}.jpg"
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
