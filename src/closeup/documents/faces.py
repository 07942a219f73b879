"""What is found of the faces in a photo or a video, how each of them looks, and its files (docs/concepts/faces.md).

A photo is one JSON document. A video is JSON Lines: a first line about the video, then one for each look.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from closeup.core.fields import OneOf, Rounded, Within
from closeup.core.types import FAR, TIME, Box, Count, FileName, Landmarks, Quality, Score, Seconds, Size
from closeup.documents.form import Form, one_line

ModelRole = Annotated[str, OneOf(("detector", "expression", "attributes"))]
AnswerName = Annotated[str, OneOf(("expression", "age", "gender", "mask"))]

LOOKS_PER_S = 5.0
"""How often a video is looked at."""

MODELS = {"expression": ("expression",), "attributes": ("age", "gender", "mask")}
"""The models of our own that say how a face looks, and what each of them answers."""


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """One answer of a head that tells classes apart.

    Attributes:
        name: The likeliest class.
        probabilities: Of every class, by name; they sum to 1.
    """

    name: str = field(metadata={"alias": "class"})
    probabilities: Mapping[str, Score]

    @property
    def probability(self) -> float:
        """That of the likeliest class, 0 to 1."""
        return self.probabilities[self.name]


@dataclass(frozen=True, slots=True)
class ValueAnswer:
    """One answer of a head that estimates a number.

    Attributes:
        value: The estimate.
        unit: "years", ...
    """

    value: Annotated[float, Within(-FAR, FAR), Rounded(2)]
    unit: str


Answer = ClassAnswer | ValueAnswer
"""How a face or a picture looks, by one head of a network."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """One face at one moment.

    Attributes:
        box_xyxy: Shape (4,), float32, pixels of the upright picture, within it.
        landmarks_xy: Shape (5, 2), float32, pixels, as in `core.types.Face`.
        score: The detector's score, 0 to 1.
        quality: How good the face's picture is, 0 to 1; in a video the mean over about a second.
        answers: "expression", "age", "gender", "mask": how the face looks, and not what the person is. Without those
            whose model is not there, and all of them where the face is too small; in a video means over about a second.
        track: Number, from 1, that the face keeps from look to look of a video; None in a photo.
    """

    box_xyxy: Box = field(metadata={"alias": "box"})
    landmarks_xy: Landmarks = field(metadata={"alias": "landmarks"})
    score: Score
    quality: Quality
    answers: Mapping[AnswerName, Answer]
    track: Size | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One picture that was looked at.

    Attributes:
        frame: Index of the video's frame, from 0; 0 for a photo.
        time_s: Its time in seconds; 0 for a photo.
        faces: From left to right.
    """

    frame: Count
    time_s: Seconds
    faces: tuple[FoundFace, ...]


@dataclass(frozen=True, slots=True)
class VideoSpan:
    """How a video was looked at.

    Attributes:
        duration_s: Of the video.
        looks_per_s: How often it was looked at.
        cuts_s: When another shot begins, in seconds, ascending; no track goes on across one.
    """

    duration_s: float
    looks_per_s: float
    cuts_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FoundFaces:
    """The faces of one photo or video.

    Attributes:
        source: The file as it was given; "" for a picture that came as an array.
        size_wh: Width and height of the upright picture in pixels.
        models: "detector", and "expression" and "attributes" where they are there, to the names of the models.
        absent: "expression" and "attributes" where they are not, to the reason, a sentence.
        looks: One for a photo; by time for a video, at least one.
        video: None for a photo.
        notes: What is odd about the file, or barred by a model's terms, a sentence each.
    """

    source: str
    size_wh: tuple[int, int]
    models: Mapping[str, str]
    absent: Mapping[str, str]
    looks: tuple[Look, ...]
    video: VideoSpan | None = None
    notes: tuple[str, ...] = ()

    @property
    def faces(self) -> tuple[FoundFace, ...]:
        """The faces of all looks."""
        return tuple(face for look in self.looks for face in look.faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesHead:
    """What a photo's document and the first line of a video's have in common.

    Attributes:
        source: The file as it was given; empty for a picture that came as an array.
        width: Of the upright picture, in pixels; `height` likewise.
        models: Names of the models that were used.
        absent: Models that were not there, and why; what they would say is left out.
        notes: What is odd about the file, a sentence each.
    """

    source: FileName
    width: Size
    height: Size
    models: Mapping[ModelRole, str]
    absent: Mapping[ModelRole, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFaces(FacesHead):
    """The faces of a photo, from left to right."""

    faces: tuple[FoundFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoHead(FacesHead):
    """The first line about the faces of a video.

    Attributes:
        looks_per_s: How often it was looked at.
        cuts_s: When another shot begins, ascending; no track goes on across one.
        looks: How many lines follow.
    """

    duration_s: Seconds
    looks_per_s: Annotated[float, Within(0, above=True), TIME]
    cuts_s: tuple[Seconds, ...]
    looks: Count


def encode_faces(found: FoundFaces) -> bytes:
    """Write what was found: a photo as one line, a video as several; the same input gives the same bytes.

    Raises:
        FormatError: If it could not be read back: a number is not finite, or lies where it cannot.
    """
    head: dict[str, Any] = {
        "source": found.source,
        "width": found.size_wh[0],
        "height": found.size_wh[1],
        "models": dict(sorted(found.models.items())),
        "absent": dict(sorted(found.absent.items())),
        "notes": found.notes,
    }
    if found.video is None:
        return PHOTO_JSON.encode(PhotoFaces(**head, faces=found.faces))
    span = found.video
    first = VideoHead(
        **head,
        duration_s=span.duration_s,
        looks_per_s=span.looks_per_s,
        cuts_s=span.cuts_s,
        looks=len(found.looks),
    )
    return b"".join((VIDEO_JSON.encode(first), *map(LOOK_JSON.encode, found.looks)))


def _line(data: dict[str, Any]) -> str:
    """One line, the answers of each face in the order of `MODELS`."""
    if "faces" in data:
        data = {**data, "faces": [_in_order(face) for face in data["faces"]]}
    return one_line(data)


def _in_order(face: dict[str, Any]) -> dict[str, Any]:
    names = [name for model in MODELS.values() for name in model if name in face["answers"]]
    return {"track": face["track"], **face, "answers": {name: face["answers"][name] for name in names}}


PHOTO_JSON = Form(PhotoFaces, "faces.json", version=1, layout=_line, code="faces.damaged", hint="Make it anew.")
VIDEO_JSON = Form(VideoHead, "faces-video.json", version=1, layout=_line, code="faces.damaged", hint="Make it anew.")
LOOK_JSON = Form(Look, "faces-look.json", layout=_line, code="faces.damaged", hint="Make it anew.")
"""The forms of a photo's document, of the first line about a video, and of every further one."""
