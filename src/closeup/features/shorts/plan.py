"""What shall be cut: the nouns between choosing moments, framing them and rendering them."""

from collections.abc import Mapping
from dataclasses import dataclass

from closeup.core.types import VideoInfo


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the video that a short shows without a break.

    Frames count from 0 in decoding order, as in cast.json; ends are exclusive. Times are seconds from the first frame;
    `end_s` is when the last frame shown ends.
    """

    start_frame: int
    end_frame: int
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds from the first frame's start to the last one's end."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Short:
    """One vertical cut around the person.

    Attributes:
        id: "s1", "s2", ... most interesting first.
        pieces: In the order of the video, not touching; at least one. Between two of them the cut jumps.
        interest: Mean over its frames, 0 to 1.
        parts: Part of the interest to its mean over the short, 0 to 1; only parts that could be judged.
        reason: A sentence for people: what speaks for this moment.
        layout: "follow" or "split".
        title: What it is called in files and pages, or None.
    """

    id: str
    pieces: tuple[Piece, ...]
    interest: float
    parts: Mapping[str, float]
    reason: str
    layout: str = "follow"
    title: str | None = None

    @property
    def length_s(self) -> float:
        """Seconds that it lasts."""
        return sum(piece.length_s for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Plan:
    """The shorts of one person of one video, before anything is rendered.

    Attributes:
        video: The video that the cast was made from.
        person: Id in the cast; `person_name` is what the user calls them, or None.
        shorts: Most interesting first.
        weights: Part of the interest to what it weighed; they sum to 1.
        absent: Part that could not be judged to the reason, a few words for people.
        notes: What could not be done as it was asked, a sentence each.
    """

    video: VideoInfo
    person: str
    person_name: str | None
    shorts: tuple[Short, ...]
    weights: Mapping[str, float]
    absent: Mapping[str, str]
    notes: tuple[str, ...] = ()
