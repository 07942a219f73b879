"""What the gallery answers, in the form that other programs read: one definition each, with its JSON Schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

from closeup.core.fields import Rounded, Within
from closeup.documents.form import Form
from closeup.features.gallery.cast_people import CastAnswer
from closeup.features.gallery.enrol import AlreadyKnown, EnrolReport
from closeup.features.gallery.identify import Identification, VideoIdentification
from closeup.features.gallery.photos import Refused
from closeup.features.gallery.recognise import Answer
from closeup.features.gallery.similar import LookAlikes
from closeup.features.gallery.standing import Standing, StoredFace
from closeup.features.gallery.verify import Verification
from closeup.storage.records import IdentityRecord

T = TypeVar("T")
Pixels = Annotated[float, Rounded(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAnswer:
    """Who a face is; the fields are those of `recognise.Answer`."""

    name: str | None
    identity_id: str | None
    nearest: str
    similarity: float
    threshold: float
    far: float
    read_from: str
    model: str
    candidates: int
    stranger_rate: Annotated[float, Within(0, 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFace(FaceAnswer):
    """One face of a photo."""

    box_xyxy: tuple[Pixels, Pixels, Pixels, Pixels]
    quality: Annotated[float, Within(0, 1), Rounded(4)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoAnswer:
    """Who is in a photo, from left to right."""

    photo: str
    faces: tuple[PhotoFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingAnswer(FaceAnswer):
    """Somebody for as long as they stay in view."""

    start_s: float
    end_s: float
    looks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoAnswer:
    """Who is in a video: by name the spans in view, and every sighting."""

    video: str
    duration_s: Annotated[float, Rounded(3)]
    looks: int
    looks_per_s: float
    people: Mapping[str, tuple[tuple[float, float], ...]]
    sightings: tuple[SightingAnswer, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CastPersonAnswer(FaceAnswer):
    """Who a person of a cast is; the further fields are those of `cast_people.CastAnswer`."""

    person: str
    called: str | None
    conflict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CastFolderAnswer:
    """Who the people of a cast are."""

    folder: str
    people: tuple[CastPersonAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraAnswer(FaceAnswer):
    """Who sits before the camera, and how the check that they are alive ended, where there was one."""

    liveness: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAnswer(Verification):
    """Whether two photos, or a photo and somebody enrolled, show one person."""

    a: str
    b: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeAnswer:
    """Somebody like the face in a photo."""

    name: str
    similarity: float
    distance: float
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikesAnswer:
    """Who is most like the face in a photo; the fields are those of `similar.LookAlikes`."""

    photo: str
    among: str
    compared: int
    threshold: float
    far: float
    found: tuple[AlikeAnswer, ...]
    skipped: tuple[Refused, ...]
    unreadable: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnswer:
    """Somebody who is enrolled; the fields are those of `storage.records.IdentityRecord`, times in ISO 8601."""

    id: str
    name: str
    created_at: str
    consent: str | None
    retain_until: str | None
    templates: int
    poses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledFace:
    """A face of somebody as one picture shows it; see `standing.StoredFace`.

    Attributes:
        face: What it is called.
        models: That described it.
        picture: Whether the picture is kept.
    """

    face: int
    pose: str
    yaw_deg: Annotated[float, Rounded(1)]
    pitch_deg: Annotated[float, Rounded(1)]
    quality: Annotated[float, Rounded(3)]
    created_at: str
    models: tuple[str, ...]
    picture: bool
    flagged: bool
    in_doubt: bool
    flagged_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAnswer(PersonAnswer):
    """What there is of somebody: faces, oldest first, and the poses that are missing."""

    missing: tuple[str, ...]
    faces: tuple[EnrolledFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolAnswer(PersonAnswer):
    """What came of enrolling somebody; see `enrol.EnrolReport`."""

    added: tuple[str, ...]
    missing: tuple[str, ...]
    refused: tuple[Refused, ...]
    flagged: tuple[str, ...]
    already_known: AlreadyKnown | None
    notes: tuple[str, ...]


PERSON = Form(PersonAnswer, "closeup gallery: somebody who is enrolled")
STANDING = Form(StandingAnswer, "closeup gallery: what there is of somebody")
ENROLLED = Form(EnrolAnswer, "closeup gallery: what came of enrolling somebody")
PHOTO = Form(PhotoAnswer, "closeup gallery: who is in a photo")
VIDEO = Form(VideoAnswer, "closeup gallery: who is in a video")
CAST = Form(CastFolderAnswer, "closeup gallery: who the people of a cast are")
CAMERA = Form(CameraAnswer, "closeup gallery: who sits before the camera")
PAIR = Form(PairAnswer, "closeup gallery: whether two faces are one person's")
ALIKES = Form(AlikesAnswer, "closeup gallery: who is like a face")


def photo_answer(photo: Path, found: Sequence[Identification]) -> PhotoAnswer:
    """The answer of `identify_photo`."""
    faces = (
        _like(PhotoFace, each.answer, box_xyxy=tuple(each.box_xyxy.tolist()), quality=each.quality) for each in found
    )
    return PhotoAnswer(photo=str(photo), faces=tuple(faces))


def video_answer(video: Path, found: VideoIdentification) -> VideoAnswer:
    """The answer of `identify_video`."""
    people = {name: tuple((each.start_s, each.end_s) for each in seen) for name, seen in found.people().items()}
    sightings = (
        _like(SightingAnswer, each.answer, start_s=each.start_s, end_s=each.end_s, looks=each.looks)
        for each in found.sightings
    )
    return _like(VideoAnswer, found, video=str(video), people=people, sightings=tuple(sightings))


def cast_answer(folder: Path, answers: Sequence[CastAnswer]) -> CastFolderAnswer:
    """The answer of `name_cast`."""
    people = (
        _like(CastPersonAnswer, each.answer, person=each.person, called=each.called, conflict=each.conflict)
        for each in answers
    )
    return CastFolderAnswer(folder=str(folder), people=tuple(people))


def camera_answer(answer: Answer, liveness: str | None) -> CameraAnswer:
    """The answer to who sits before the camera."""
    return _like(CameraAnswer, answer, liveness=liveness)


def pair_answer(result: Verification, a: str, b: str) -> PairAnswer:
    """The answer of `verify`, about the photo `a` and the photo or person `b`."""
    return _like(PairAnswer, result, a=a, b=b)


def alikes_answer(found: LookAlikes) -> AlikesAnswer:
    """The answer of `similar`."""
    return _like(AlikesAnswer, found, found=tuple(_like(AlikeAnswer, each) for each in found.found))


def person_answer(record: IdentityRecord) -> PersonAnswer:
    """Somebody who is enrolled."""
    return _like(PersonAnswer, record, **_dates(record))


def standing_answer(standing: Standing) -> StandingAnswer:
    """The answer of `standing_of`."""
    faces = tuple(map(_enrolled_face, standing.faces))
    record = standing.identity
    return _like(StandingAnswer, record, missing=standing.missing, faces=faces, **_dates(record))


def enrol_answer(report: EnrolReport) -> EnrolAnswer:
    """The answer of enrolling somebody."""
    more = {
        name: getattr(report, name) for name in ("added", "missing", "refused", "flagged", "already_known", "notes")
    }
    return _like(EnrolAnswer, report.identity, **more, **_dates(report.identity))


def _like(kind: type[T], result: object, **given: Any) -> T:
    """A document whose fields are those of `result` of the same names, but for those that are given."""
    names = [item.name for item in fields(kind) if item.name not in given]  # type: ignore[arg-type]
    return kind(**{name: getattr(result, name) for name in names}, **given)


def _dates(record: IdentityRecord) -> dict[str, str | None]:
    retain_until = record.retain_until.isoformat() if record.retain_until else None
    return {"created_at": record.created_at.isoformat(), "retain_until": retain_until}


def _enrolled_face(face: StoredFace) -> EnrolledFace:
    first = face.templates[0]
    return EnrolledFace(
        face=face.number,
        pose=first.pose,
        yaw_deg=first.yaw_deg,
        pitch_deg=first.pitch_deg,
        quality=first.quality,
        created_at=first.created_at.isoformat(),
        models=tuple(template.model for template in face.templates),
        picture=face.has_picture,
        flagged=face.flagged,
        in_doubt=face.in_doubt,
        flagged_by=face.flagged_by,
    )
