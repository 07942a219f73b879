"""Takes that are played into a camera, after an original, while a page watches: scored as videos are, and kept.

The page judges the camera's pictures with the same networks on the same crops, so that its curves are a performance as
one that is read from a video; all else, from timing to score, is `compare`, and a take's folder is an attempt's.
"""

import threading
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.settings import read_settings
from closeup.core.types import VideoInfo
from closeup.documents.act import RANKING_JSON, ActRanking, ActResult, LiveTake, Performance, RankedAttempt
from closeup.documents.shorts import PersonRef
from closeup.features.act.comparing import compare
from closeup.features.act.make import BOARD, RANKING, write_board, write_comparison
from closeup.features.act.performing import (
    RATE_HZ,
    ReadPerformance,
    face_picture,
    is_pictured,
    loudness_of,
    read_performance,
)
from closeup.media.recording import rewrapped
from closeup.media.sampling import Sampling
from closeup.media.video import hash_file, open_video
from closeup.perception.expression import expression_model
from closeup.perception.registry import DETECTOR
from closeup.weights.cards import MODEL_CARD, card
from closeup.weights.network_card import NETWORK_CARD
from closeup.weights.store import require

PLAYER = PersonRef("p1", "you")
"""Who plays in front of the camera."""

NEAR_S = 0.15
"""A face's picture is cut by the box that is no farther away."""


class LiveStage:
    """An original to play after, and the takes of it. Serves several threads.

    Attributes:
        original: What is played after.
        folder: Where the takes are kept: a leader board, and a result folder for each, named by its number.
    """

    def __init__(
        self, original: Path, folder: Path, *, person: str | None = None, progress: ProgressCallback = ignore
    ) -> None:
        """Read the original; takes that the folder holds of it already stay.

        Args:
            original: A video, or the cast folder of one.
            folder: Made with the first take.
            person: Id or name of who plays in the original; None takes the one who is in view longest.
            progress: Told how far the work is.

        Raises:
            InputError: If the original cannot be read, or nobody of that name is in it.
            ModelError: If a network is not there.
            OutputError: If the folder holds something else, or cannot be written.
        """
        self._place = ResultFolder(folder, (RANKING,))
        self.folder = self._place.path
        self._place.check(overwrite=True, source=original)
        self._given = str(original)
        ranking = self.ranking()
        if ranking is not None and ranking.original != self._given:
            raise InputError(
                f"{folder} holds attempts at {ranking.original}.", "Choose another place.", code="result.place"
            )
        self.original = read_performance(original, person, progress, side="original")
        self._lock = threading.Lock()

    def ranking(self) -> ActRanking | None:
        """All takes so far, the best first; None before the first."""
        board = self.folder / RANKING
        return RANKING_JSON.read(board) if board.is_file() else None

    def keep(self, take: LiveTake, recording: Path) -> ActResult:
        """Score a take and keep it, its recording, its report and its place on the board.

        Args:
            recording: What the browser recorded; its time 0 is that of the take.

        Returns:
            What comparing it gives.

        Raises:
            InputError: If the recording cannot be read, or the take was judged by another model.
            OutputError: If it cannot be written.
        """
        if take.expressions != self.original.performance.expressions:
            raise InputError("The take was judged by another model than the original.", "Load the page again.")
        with self._lock, self._place.writing(overwrite=True, replaced=lambda name: name in (RANKING, BOARD)) as part:
            numbers = [int(entry.name) for entry in part.iterdir() if entry.name.isdecimal()]
            number = max(numbers, default=0) + 1
            folder, target = part / str(number), self.folder / str(number)
            folder.mkdir()
            video = rewrapped(recording, folder / f"take-{number}")
            played = _read_take(take, video, target / video.name, self.original.performance.model)
            found = compare(self.original.performance, played.performance)
            write_comparison(folder, target, found, (self.original, played))
            result = found.result
            row = RankedAttempt(f"{number}/{video.name}", str(number), result.score, result.interval, result.unscored)
            before = self.ranking()
            write_board(part, self._given, (*(before.attempts if before else ()), row))
        return result


def _read_take(take: LiveTake, video: Path, target: Path, model: str) -> ReadPerformance:
    """A take as if it had been read from its recording, which lies at `video` now and will be at `target`."""
    pictures: dict[float, bytes] = {}
    with open_video(video) as reader:
        for frame in (sample.frame for sample in Sampling(reader, RATE_HZ)):
            apart = np.abs(take.times_s - float(frame.time))
            if len(apart) and apart.min() <= NEAR_S and not is_pictured(pictures, frame.time):
                pictures[float(frame.time)] = face_picture(frame.rgb(), take.boxes_xyxy[int(apart.argmin())])
        seen: VideoInfo = reader.info(hash_file(video))
    performance = Performance(
        video=VideoInfo(str(target), seen.sha256, seen.duration_s, seen.fps, seen.frames, seen.width, seen.height),
        person=PLAYER,
        model=model,
        expressions=take.expressions,
        times_s=take.times_s,
        probabilities=take.probabilities,
        boxes_xyxy=take.boxes_xyxy,
        loudness_lufs=loudness_of(video, ignore),
        notes=(),
    )
    return ReadPerformance(performance, target, pictures)


def page_models() -> dict[str, tuple[bytes, Path]]:
    """The networks that the page runs, by its names for them: card as JSON, and file.

    Raises:
        ModelError: If one is not there.
    """
    detector, judge = card(DETECTOR), expression_model()
    return {
        "detector": (MODEL_CARD.encode(detector), require(detector, read_settings())),
        "expression": (NETWORK_CARD.encode(judge.card), judge.path),
    }
