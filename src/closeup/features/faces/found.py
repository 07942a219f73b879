"""What is found of the faces in a photo or a video, and how each of them looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from closeup.core.types import FloatArray, Quality
from closeup.perception.classifier import Answer

LOOKS_PER_S = 5.0
"""How often a video is looked at."""

MODELS = {"expression": ("expression",), "attributes": ("age", "gender", "mask")}
"""The models of our own that say how a face looks, and what each of them answers."""


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

    box_xyxy: FloatArray
    landmarks_xy: FloatArray
    score: float
    quality: Quality
    answers: Mapping[str, Answer]
    track: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One picture that was looked at.

    Attributes:
        frame: Index of the video's frame, from 0; 0 for a photo.
        time_s: Its time in seconds; 0 for a photo.
        faces: From left to right.
    """

    frame: int
    time_s: float
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
        notes: What is odd about the file, a sentence each.
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
