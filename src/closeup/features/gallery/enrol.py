"""Enrolling: from photos of somebody to templates under a name, all of them or none.

A face that is enrolled under another name already stops it, unless that is wanted: two names for one person, or one
photo too many from the wrong folder, are found here or never.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.documents.gallery import AlreadyKnown, EnrolReport, ImportReport, NotEnrolled, Refused
from closeup.features.gallery.options import FAR, EnrolOptions
from closeup.features.gallery.photos import only_face
from closeup.features.gallery.pictures import kept_picture
from closeup.features.gallery.roster import read_roster
from closeup.features.gallery.scoring import FELLOW_FAR, fellows
from closeup.features.gallery.standing import standing_of
from closeup.media.files import is_litter, no_pictures, pictures_below
from closeup.media.photos import PhotoFile, find_photos
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.storage.gallery import GalleryStore
from closeup.storage.names import clean_name, name_key
from closeup.storage.records import NewTemplate
from closeup.weights.cards import card
from closeup.weights.far import threshold_for


@dataclass(frozen=True, slots=True, eq=False)
class EnrolSample:
    """A face to be enrolled.

    Attributes:
        templates: What will be stored of it: one template for each model, the one that answers first.
        origin: Where it is from, for people: a photo, a moment of a video, a track of a cast.
    """

    templates: tuple[NewTemplate, ...]
    origin: str

    @property
    def pose(self) -> str:
        """The head's pose."""
        return self.templates[0].pose


class AlreadyEnrolledError(InputError):
    """A face is enrolled under another name already.

    Attributes:
        known: Under which, and how alike.
    """

    def __init__(self, known: AlreadyKnown, name: str) -> None:
        super().__init__(
            f"{known.photo} shows a face that is enrolled as {known.name} already: similarity {known.similarity:.3f}, "
            f"threshold {known.threshold:.3f}, which {100 * known.far:.2g} % of pairs of strangers reach.",
            f"If it is the same person, enrol it as {known.name}; if they are two people who look alike, insist on it.",
            code="gallery.already-enrolled",
            known=known.name,
        )
        self.known = known
        self.name = name


def enrol(
    store: GalleryStore,
    analyzer: Analyzer,
    name: str,
    photos: Sequence[Path],
    options: EnrolOptions | None = None,
    *,
    progress: ProgressCallback = ignore,
) -> EnrolReport:
    """Enrol the face in some photos under a name; photos that are of no use are left out, and said.

    Args:
        name: Theirs; templates are added where it is enrolled already.
        photos: Each with one face; folders and zip files stand for all photos in them.
        options: What to keep beside the templates, and when to go on all the same.

    Raises:
        InputError: If no photo is of use, or the name cannot be stored. Nothing is stored then.
        AlreadyEnrolledError: If a face is enrolled under another name; nothing is stored.
        StorageError: If the database cannot be used.
    """
    options = options or EnrolOptions()
    clean_name(name)
    files: dict[str, PhotoFile] = {}
    problems: dict[str, InputError] = {}
    notes: list[str] = []
    for place in photos:
        try:
            found, noted = find_photos([place])
        except InputError as error:
            problems[str(place)] = error
        else:
            files |= {file.name: file for file in found}
            notes += noted
    samples = []
    for number, file in enumerate(files.values()):
        progress(Progress("Reading", number, len(files), "photos"))
        try:
            samples.append(sample_photo(analyzer, file, options))
        except InputError as error:
            problems[file.name] = error
    progress(Progress("Reading", len(files), len(files), "photos"))
    if not samples:
        raise _no_photo_of(name, list(problems.values()))
    refused = tuple(Refused(photo, error.message) for photo, error in problems.items())
    return enrol_samples(store, name, samples, options, refused=refused, notes=tuple(dict.fromkeys(notes)))


def _no_photo_of(name: str, problems: Sequence[InputError]) -> InputError:
    if len(problems) == 1:
        return problems[0]
    reasons = " ".join(error.message for error in problems[:3]) or "There is none."
    message = f"None of {len(problems)} photos of {name} can be used. {reasons}"
    return problems[-1].reworded(message) if problems else InputError(message)


def sample_photo(analyzer: Analyzer, photo: PhotoFile, options: EnrolOptions) -> EnrolSample:
    """Make a sample of the one face in a photo.

    Raises:
        InputError: If it is no picture, shows no face or several, or one that is too poor to know somebody by.
    """
    image, face = only_face(analyzer, photo, largest=options.largest, every_model=True)
    if face.faults:
        reasons = " ".join(fault.reason for fault in face.faults)
        raise InputError(f"{photo.name} is of no use. {reasons}", "Take a sharp, well lit one of the bare face.")
    digest = hashlib.sha256(photo.read()).hexdigest()
    return EnrolSample(templates_of(image, face, digest, keep=options.keep_pictures), photo.name)


def templates_of(image: Image, face: AnalysedFace, source: str | None, *, keep: bool) -> tuple[NewTemplate, ...]:
    """What is stored of a face: a template for each model that described it, the one that answers first.

    Templates of all models on the machine are kept, so that the gallery can be used with each of them, as a cast that
    was made with another one needs it. A picture is kept once, with the first.

    Args:
        image: Where it is, RGB (H, W, 3).
        source: Hash of the picture's file, or None.
        keep: Whether to store a small picture too.
    """
    picture = kept_picture(image, face.box_xyxy, face.landmarks_xy) if keep else None
    models = [face.model, *(model for model in face.embeddings if model != face.model)]
    return tuple(
        NewTemplate(
            model=model,
            vector=face.embeddings[model],
            pose=face.pose.name,
            yaw_deg=face.pose.yaw_deg,
            pitch_deg=face.pose.pitch_deg,
            roll_deg=face.pose.roll_deg,
            quality=face.quality.total,
            picture_jpeg=picture if model == face.model else None,
            source=source,
        )
        for model in models
    )


def enrol_samples(
    store: GalleryStore,
    name: str,
    samples: Sequence[EnrolSample],
    options: EnrolOptions,
    *,
    refused: tuple[Refused, ...] = (),
    notes: tuple[str, ...] = (),
) -> EnrolReport:
    """Store samples, at least one, under a name.

    Args:
        samples: Of one person.
        options: What to note, and when to go on all the same.
        refused: For the report; `notes` likewise.

    Raises:
        AlreadyEnrolledError: If one is enrolled under another name and `options.force` is off; nothing is stored.
        StorageError: If the database cannot be used.
    """
    known = already_known(store, name, samples, options.far)
    if known is not None and not options.force:
        raise AlreadyEnrolledError(known, name)
    started = datetime.now(UTC)
    templates = [template for sample in samples for template in sample.templates]
    identity = store.enrol(name, templates, consent=options.consent, retain_until=options.retain_until)
    before = [template for template in store.templates_of(identity.id) if template.created_at < started]
    sources = {template.source for template in before if template.source is not None}
    new = [sample for sample in samples if sample.templates[0].source not in sources]
    return EnrolReport(
        **asdict(identity),
        added=tuple(sample.pose for sample in new),
        missing=standing_of(store, identity.id).missing,
        refused=refused,
        flagged=_flagged(before, new),
        already_known=known,
        notes=notes,
    )


def already_known(
    store: GalleryStore, name: str, samples: Sequence[EnrolSample], far: float = FAR
) -> AlreadyKnown | None:
    """Find the sample that is most like somebody of another name, if one is enough so by any model.

    The more people there are, the likelier one of them is like a stranger by chance. So the rate is parted among
    them, as far down as thresholds are known.
    """
    models = {template.model for sample in samples for template in sample.templates}
    found = [hit for model in sorted(models) for hit in _known_by(store, name, samples, model, far)]
    return max(found, key=lambda hit: hit.similarity - hit.threshold) if found else None


def _known_by(
    store: GalleryStore, name: str, samples: Sequence[EnrolSample], model: str, far: float
) -> Iterator[AlreadyKnown]:
    """The samples that are like somebody of another name by one model."""
    embedder = card(model)
    if embedder.far is None or not len(store.matrix(model).vectors):
        return
    roster = read_roster(store, model, threshold_for(embedder, FELLOW_FAR).threshold)
    point = threshold_for(embedder, max(far / len(roster), min(embedder.far.rates)))
    own = [(sample, template) for sample in samples for template in sample.templates if template.model == model]
    vectors = np.stack([template.vector for _, template in own])
    for (sample, _), ranked in zip(own, roster.ranked(vectors), strict=True):
        match = ranked[0]
        if match.similarity >= point.threshold and name_key(match.name) != name_key(name):
            yield AlreadyKnown(
                name=match.name,
                photo=sample.origin,
                similarity=match.similarity,
                threshold=point.threshold,
                far=point.far,
            )


def _flagged(before: Sequence[NewTemplate], new: Sequence[EnrolSample]) -> tuple[str, ...]:
    """Where those samples are from that are not like the rest of their person, each by its own first model."""
    found = []
    for model in dict.fromkeys(sample.templates[0].model for sample in new):
        own = [sample for sample in new if sample.templates[0].model == model]
        old = [template for template in before if template.model == model]
        all_of = [*old, *(sample.templates[0] for sample in own)]
        vectors, vouched = np.stack([each.vector for each in all_of]), [each.vouched for each in all_of]
        counts = fellows(vectors, threshold_for(card(model), FELLOW_FAR).threshold, vouched)[len(old) :]
        found += [sample.origin for sample, counted in zip(own, counts.tolist(), strict=True) if not counted]
    return tuple(dict.fromkeys(found))


def person_folders(folder: Path) -> tuple[dict[str, list[Path]], tuple[str, ...], tuple[str, ...]]:
    """The pictures of people by the names of their folders, those that lie beside these, and what was left out.

    Raises:
        InputError: If it is no folder, may not be read, or has no folder with pictures in it.
    """
    everything, notes = pictures_below(folder)
    beside = tuple(str(picture) for picture in everything if picture.parent == folder)
    by_name: dict[str, list[Path]] = {
        each.name: [] for each in sorted(folder.iterdir()) if each.is_dir() and not is_litter(each.name)
    }
    for picture in everything:
        if picture.parent != folder:
            by_name[picture.relative_to(folder).parts[0]].append(picture)
    if not any(by_name.values()):
        raise InputError(
            " ".join([f"{folder} has no folders with pictures in them.", *notes]),
            "Make one for each person, named as they are: people/Anna/1.jpg, people/Anna/2.jpg, people/Ben/1.jpg",
        )
    return by_name, beside, notes


def import_people(
    store: GalleryStore,
    analyzer: Analyzer,
    folder: Path,
    options: EnrolOptions | None = None,
    *,
    progress: ProgressCallback = ignore,
) -> ImportReport:
    """Enrol a folder for each person; one who cannot be enrolled does not stop the others.

    Each person is stored whole before the next one is read, so that an interrupted import can be run again: what is
    there already is not stored twice.

    Raises:
        InputError: As `person_folders`.
        ModelError: If a model is not on this machine.
        StorageError: If the database cannot be used.
    """
    options = options or EnrolOptions()
    folders, beside, notes = person_folders(folder)
    total, done = sum(map(len, folders.values())), 0
    people: list[EnrolReport | NotEnrolled] = []
    for name, photos in folders.items():
        progress(Progress("Enrolling", done, total, "photos"))
        try:
            if not photos:
                raise no_pictures(folder / name, ())
            people.append(enrol(store, analyzer, name, photos, options))
        except InputError as error:
            people.append(not_enrolled(name, error))
        done += len(photos)
    progress(Progress("Enrolling", total, total, "photos"))
    return ImportReport(people=tuple(people), ignored=beside, notes=notes)


def not_enrolled(name: str, error: InputError) -> NotEnrolled:
    """Say that somebody could not be enrolled, and why."""
    return NotEnrolled(name=name, error=error.message, hint=error.hint, code=error.code, facts=error.facts)
