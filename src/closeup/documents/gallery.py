"""What the gallery answers and gives out: who somebody is, who is enrolled, and what came of enrolling them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.fields import Array, Rounded, Text, Within
from closeup.core.types import FloatArray
from closeup.documents.form import Form

Share = Annotated[float, Within(0, 1)]
Degrees = Annotated[float, Rounded(1)]
Moment = Annotated[
    datetime, Text(r"\d{4}-\d\d-\d\dT.+", "a time (ISO 8601)", datetime.fromisoformat, datetime.isoformat)
]
Day = Annotated[date, Text(r"\d{4}-\d\d-\d\d", "a day (ISO 8601)", date.fromisoformat, date.isoformat)]
UNWRITTEN = {"exclude": True}
"""Metadata of a field that is for the program alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAnswer:
    """Whether a face is somebody's who is enrolled.

    Attributes:
        name: Who it is; None for nobody who is enrolled.
        identity_id: Of the same.
        nearest: Who is most like it, whether it is them or not.
        similarity: Cosine similarity to the nearest, -1 to 1.
        threshold: Similarity from which on it is them.
        far: False-accept rate that the threshold was read at: how often one stranger passes for one person.
        read_from: The data that it was read from.
        model: Name of the embedder's card.
        candidates: How many people the face was compared with.
        stranger_rate: About how often a stranger is taken for one of all these, if each comparison errs by itself.
        flagged: Whether the nearest has a face that is far from their others and does not count.
    """

    name: str | None
    identity_id: str | None
    nearest: str
    similarity: float
    threshold: float
    far: float
    read_from: str
    model: str
    candidates: int
    stranger_rate: Share
    flagged: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhotoFace(FaceAnswer):
    """One face of a photo.

    Attributes:
        box_xyxy: Shape (4,), float32, pixels.
        quality: Of the face's picture, 0 to 1.
    """

    box_xyxy: Annotated[FloatArray, Array((4,), digits=1)]
    quality: Annotated[float, Within(0, 1), Rounded(4)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoAnswer:
    """Who is in a photo, from left to right."""

    photo: str
    faces: tuple[PhotoFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSighting(FaceAnswer):
    """One person for as long as they stay in view of a video; the answer is by the mean over so many `looks`.

    Attributes:
        start_s: When they are first seen, in seconds from the video's start; `end_s` when last.
    """

    start_s: float
    end_s: float
    looks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoAnswer:
    """Who is in a video, and when.

    Attributes:
        looks: How many frames were looked at; `looks_per_s` how often.
        people: Name to the spans in view, seconds, who is seen longest first; strangers are left out.
        sightings: By start.
        notes: What is odd about the file, a sentence each.
    """

    video: str
    duration_s: Annotated[float, Rounded(3)]
    looks: int
    looks_per_s: float
    people: Mapping[str, tuple[tuple[float, float], ...]]
    sightings: tuple[VideoSighting, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CastPersonAnswer(FaceAnswer):
    """Who a person of a cast is.

    Attributes:
        person: Their id in the cast.
        called: What they are called there, or None.
        conflict: Why the name is not given all the same, a sentence; empty otherwise.
    """

    person: str
    called: str | None
    conflict: str = ""


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
class Verification:
    """Whether the photo `a`, and the photo or person `b`, show one person.

    Attributes:
        similarity: Cosine, -1 to 1; higher is more alike.
        threshold: From which on they are taken for one.
        far: False-accept rate that the threshold was read at: the share of pairs of strangers that reach it.
        read_from: The data that it was read from.
        model: Name of the embedder's card.
    """

    a: str
    b: str
    same: bool
    similarity: float
    threshold: float
    far: float
    read_from: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Somebody, or a face in a picture, that is like the one asked about.

    Attributes:
        name: The identity's name, or the picture's path.
        similarity: Cosine, -1 to 1; the `distance` is 1 less that.
        same: Whether the similarity reaches the threshold.
        picture: A small picture as data: URI; None where none is kept.
    """

    name: str
    similarity: float
    distance: float
    same: bool
    picture: str | None = field(default=None, metadata=UNWRITTEN)


@dataclass(frozen=True, slots=True)
class Refused:
    """A photo that was not used, as it was given, and why, in a sentence."""

    photo: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlikes:
    """The nearest to a face.

    Attributes:
        photo: Which was asked about; `picture` its face as data: URI.
        among: What was searched, a few words.
        compared: How many people, or faces in pictures, those were.
        threshold: Similarity from which on two faces are taken for one person's, read at the false-accept rate `far`.
        found: Best first.
        skipped: Pictures of the folder that were of no use; of them `unreadable` could not be read, the others show
            no face.
        notes: What else was left out, a sentence each.
    """

    photo: str
    among: str
    compared: int
    threshold: float
    far: float
    found: tuple[Alike, ...]
    skipped: tuple[Refused, ...] = ()
    unreadable: int = 0
    notes: tuple[str, ...] = ()
    picture: str = field(default="", metadata=UNWRITTEN)


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """Someone who is enrolled.

    Attributes:
        id: 32 hexadecimal digits, made at random; it never changes and is never given to somebody else.
        name: As `storage.names.clean_name` gives it; no two identities differ in upper and lower case only.
        created_at: When they were enrolled first, UTC.
        consent: What is noted about their consent, or None.
        retain_until: Last day on which they may be kept, or None for no limit.
        templates: How many templates there are of them, of all models.
        poses: The poses of those.
    """

    id: str
    name: str
    created_at: Moment
    consent: str | None
    retain_until: Day | None
    templates: int
    poses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledFace:
    """A face of somebody as one picture shows it.

    Attributes:
        number: What it is called: the id of its first template, which no other face gets when it is gone.
        models: That described it.
        picture: Whether the picture is kept.
        flagged: All models that can say so say that it is far from the others: it is the wrong one, most likely.
        in_doubt: Whether it does not count by some model, and may be right all the same.
        flagged_by: Models by which it is far from the others, so that it does not count.
    """

    number: int = field(metadata={"alias": "face"})
    pose: str
    yaw_deg: Degrees
    pitch_deg: Degrees
    quality: Annotated[float, Rounded(3)]
    created_at: Moment
    models: tuple[str, ...]
    picture: bool
    flagged: bool
    in_doubt: bool
    flagged_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(IdentityRecord):
    """What there is of somebody: faces, oldest first, and the poses that are missing, flagged faces aside."""

    missing: tuple[str, ...]
    faces: tuple[EnrolledFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyKnown:
    """A face that is enrolled under another name, that `name`, and the photo that shows it.

    Attributes:
        similarity: Cosine, at or above the `threshold`, which was read at the false-accept rate `far`.
    """

    name: str
    photo: str
    similarity: float
    threshold: float
    far: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolReport(IdentityRecord):
    """Somebody as they are stored now, and what came of enrolling them.

    Attributes:
        added: Poses of the faces that were added, in the order of the photos; a photo that was there adds nothing.
        missing: Poses that should be there and are not yet, of those that the models can tell.
        refused: Photos that were not used.
        flagged: Where the faces are from that are not like the others of this person; they are stored and do not count.
        already_known: The face is enrolled under another name too, and that was wanted; else None.
        notes: What lies beside the photos in folders and zip files, and was passed by, a sentence each.
    """

    added: tuple[str, ...]
    missing: tuple[str, ...]
    refused: tuple[Refused, ...] = ()
    flagged: tuple[str, ...] = ()
    already_known: AlreadyKnown | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnrolled:
    """Somebody who could not be enrolled: why, what to do about it, and the error's code and facts."""

    name: str
    error: str
    hint: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict, metadata=UNWRITTEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came of enrolling many.

    Attributes:
        people: In the order of their folders, or of the cast.
        ignored: Pictures that lie beside the folders, and so belong to nobody.
        notes: What was left out of the folders, a sentence each.
    """

    people: tuple[EnrolReport | NotEnrolled, ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """95 % bootstrap intervals of figures, each (low, high); of the accuracy, the thresholds staying what they are."""

    accuracy: tuple[float, float]
    tar_at_far: Mapping[str, tuple[float, float]]
    eer: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairsEvaluation:
    """How well people are told apart on a list of pairs.

    Attributes:
        models: Role ("detector", "embedder") to the name of the card.
        pairs: How many pairs; `photos` how many photos, each read once; `folds` how many folds.
        accuracy: Share of pairs judged rightly, the mean over folds, each judged with the threshold that is best on the
            others; `accuracy_deviation` the standard deviation over the folds.
        accuracies: Fold by fold; `thresholds` likewise, cosine similarities.
        tar_at_far: False-accept rate ("0.01") to the share of the pairs of one person that are accepted at it.
        eer: Equal error rate, 0 to 1.
        not_found: In how many photos no face was found; `missing` names them, "NAME_0001".
        second_looks: How many photos had their face found by test-time augmentation only.
        lost_pairs: How many pairs of one person have a photo without a face, and so count as wrong.
        accuracy_where_found: As `accuracy`, over the pairs whose two faces were found; None where too few are left.
        seconds_per_photo: Reading, finding and describing, on average.
        intervals: "by_pair" (pairs are drawn) and "by_person" (people are drawn, and their pairs with them; wider, and
            the honest one where people are in several pairs).
        similarities: Shape (N,), cosine of each pair in the list's order, -1 where a face was not found.
    """

    models: Mapping[str, str]
    pairs: int
    photos: int
    folds: int
    accuracy: Share
    accuracy_deviation: float
    accuracies: tuple[Share, ...]
    thresholds: tuple[float, ...]
    tar_at_far: Mapping[str, float]
    eer: Share
    not_found: int
    missing: tuple[str, ...]
    second_looks: int
    lost_pairs: int
    accuracy_where_found: Share | None
    seconds_per_photo: float
    intervals: Mapping[str, Intervals]
    similarities: Annotated[NDArray[np.float64], Array((None,))] = field(
        default_factory=lambda: np.empty(0), metadata=UNWRITTEN
    )


PERSON = Form(IdentityRecord, "closeup gallery: somebody who is enrolled")
STANDING = Form(Standing, "closeup gallery: what there is of somebody")
ENROLLED = Form(EnrolReport, "closeup gallery: what came of enrolling somebody")
IMPORTED = Form(ImportReport, "closeup gallery: what came of enrolling many")
PHOTO = Form(PhotoAnswer, "closeup gallery: who is in a photo")
VIDEO = Form(VideoAnswer, "closeup gallery: who is in a video")
CAST = Form(CastFolderAnswer, "closeup gallery: who the people of a cast are")
CAMERA = Form(CameraAnswer, "closeup gallery: who sits before the camera")
PAIR = Form(Verification, "closeup gallery: whether two faces are one person's")
ALIKES = Form(LookAlikes, "closeup gallery: who is like a face")
EVALUATION = Form(PairsEvaluation, "closeup gallery: how well people are told apart")
