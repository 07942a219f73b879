"""`closeup shorts --portrait`: all but the chosen person out of focus, in what the camera shows of each shot."""

from collections.abc import Generator, Iterable, Sequence

import numpy as np

from closeup.core.read_ahead import read_ahead
from closeup.core.types import Cast, Person
from closeup.core.words import counted
from closeup.features.shorts.framing import FramedPiece
from closeup.media.planes import Planes
from closeup.media.video import DecodedFrame
from closeup.perception.focus_in_time import CutOutFrame, FocusInTime, Region, focused_planes
from closeup.perception.kept_faces import NOBODY, FacesInTime
from closeup.perception.matte import PersonMatte
from closeup.perception.shallow_focus import Lens

_AHEAD = 3


class PersonFocus:
    """Frames of a video with one person in focus, as the shorts of a plan show them.

    Where two people are shown one above the other, everybody in the picture stays in focus: both are meant.
    """

    def __init__(self, cast: Cast, person: Person) -> None:
        """Load the network of mattes.

        Raises:
            ModelError: If it is missing or damaged.
        """
        self._faces, self._shots = FacesInTime(cast, person.tracks), cast.shots
        self._network, self._look = PersonMatte(), Lens()
        self._frames = self._left = 0

    def planes(self, frames: Iterable[DecodedFrame], pieces: Sequence[FramedPiece]) -> Generator[Planes, None, None]:
        """Frames of a short, in its order, out of focus but for the person.

        Args:
            frames: Of the short's pieces; some may be left out.
            pieces: The short, with the camera.
        """
        with read_ahead(self._cut_out(frames, pieces), _AHEAD) as cuts:
            for frame, cut in cuts:
                self._frames += 1
                self._left += cut is None
                yield focused_planes(cut, self._look) if cut else frame.planes()

    @property
    def notes(self) -> tuple[str, ...]:
        """How many of the frames so far stayed as they were, and why, if any."""
        if not self._left:
            return ()
        return (
            f"{self._left} of {counted(self._frames, 'picture')} stay sharp all over: the face of the person is not "
            "seen in their shot.",
        )

    def _cut_out(
        self, frames: Iterable[DecodedFrame], pieces: Sequence[FramedPiece]
    ) -> Generator[tuple[DecodedFrame, CutOutFrame | None], None, None]:
        focus, regions = FocusInTime(self._network, by_depth=True), dict[tuple[int, int], Region]()
        for frame in frames:
            number, framed = next((n, each) for n, each in enumerate(pieces) if frame.index < each.piece.end_frame)
            shot = self._faces.shot(frame.index)
            if (number, shot) not in regions:
                regions[number, shot] = self._seen(framed, shot, frame.size_wh)
            region = regions[number, shot]
            faces = NOBODY if framed.layout == "split" else self._faces.at(frame.index, float(frame.time))
            if faces is not None and faces is not NOBODY:
                faces = faces.part(*region, frame.size_wh)
                faces = faces if faces.kept.any() else None
            yield frame, None if faces is None else focus.cut_out(frame, faces, shot, region)

    def _seen(self, framed: FramedPiece, shot: int, size_wh: tuple[int, int]) -> Region:
        """What the camera shows of a shot in a piece: rows and columns of the picture, from even numbers on."""
        first = framed.piece.start_frame
        own = self._shots[shot] if shot >= 0 else None
        start = max(own.start_frame - first, 0) if own else 0
        end = own.end_frame - first if own else None
        crops = np.concatenate([panel[start:end] for panel in framed.panels])
        low = np.maximum(np.floor(crops[:, :2].min(axis=0) / 2).astype(int) * 2, 0)
        high = np.minimum(np.ceil(crops[:, 2:].max(axis=0) / 2).astype(int) * 2, size_wh)
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
