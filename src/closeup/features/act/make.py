"""`closeup.compare_performances`: an attempt held against the original it plays, as a result and as a folder."""

from collections.abc import Sequence
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.documents.act import ACT_JSON, PERFORMANCE_JSON, RANKING_JSON, ActRanking, ActResult, RankedAttempt
from closeup.features.act.comparing import ActComparison, compare
from closeup.features.act.performing import ReadPerformance, read_performance
from closeup.features.act.report import render_ranking, render_report
from closeup.features.act.side_by_side import write_side_by_side

ACT, REPORT, MOVIE = "act.json", "report.html", "side_by_side.mp4"
RANKING, BOARD = "ranking.json", "ranking.html"
ORIGINAL, ATTEMPT = "original.performance.json", "attempt.performance.json"


def compare_performances(
    original: Path | str,
    attempt: Path | str,
    folder: Path | str | None = None,
    *,
    person: str | None = None,
    attempt_person: str | None = None,
    video: bool = False,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> ActResult:
    """Say how near an attempt comes to a performance, and where, by what the faces express.

    Args:
        original: A video, or the cast folder of one.
        attempt: Likewise.
        folder: Where the result folder is written, whole or not at all; None writes nothing.
        person: Id or name of who plays in the original; None takes the one who is in view longest.
        attempt_person: Likewise in the attempt.
        video: The folder gets an MP4 of both, side by side.
        overwrite: A folder of that name is replaced.
        progress: Told how far the work is; called from this thread.

    Raises:
        InputError: If a video or cast cannot be read, is a single picture, or nobody of that name is in it.
        ModelError: If the network is not there.
        OutputError: If the folder exists and `overwrite` is off, or it cannot be written. Said before the work where
            that can be known.
    """
    place = None if folder is None else ResultFolder(Path(folder), (ACT,))
    if place is not None:
        place.check(overwrite=overwrite, source=Path(original))
    first = read_performance(Path(original), person, progress, side="original")
    second = read_performance(Path(attempt), attempt_person, progress, side="attempt")
    progress(Progress("Comparing", 0, None, ""))
    found = compare(first.performance, second.performance)
    if place is not None:
        with place.writing(overwrite=overwrite, replaced=_is_ours) as part:
            write_comparison(part, place.path, found, (first, second), movie=video, progress=progress)
    return found.result


def score_performances(original: Path, attempt: Path) -> ActResult:
    """Compare two kept performances, files that a result folder holds, without their videos.

    Raises:
        InputError: If one cannot be read, or they were not judged by the same model.
    """
    return compare(PERFORMANCE_JSON.read(original), PERFORMANCE_JSON.read(attempt)).result


def rank_attempts(
    original: Path,
    attempts: Sequence[Path],
    folder: Path,
    *,
    person: str | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> ActRanking:
    """Compare many attempts with one original, and write a leader board with a result folder of each.

    An attempt that cannot be compared stands at the end of the board, with the reason.

    Raises:
        InputError: If the original cannot be read, or none of the attempts can.
        ModelError: If the network is not there.
        OutputError: As `compare_performances`.
    """
    place = ResultFolder(folder, (RANKING,))
    place.check(overwrite=overwrite, source=original)
    first = read_performance(original, person, progress, side="original")
    rows: list[RankedAttempt] = []
    with place.writing(overwrite=overwrite) as part:
        for number, attempt in enumerate(attempts, 1):
            try:
                second = read_performance(attempt, None, progress, side="attempt")
            except InputError as error:
                rows.append(RankedAttempt(str(attempt), None, None, None, error.message))
                continue
            found = compare(first.performance, second.performance)
            name = str(number)
            (part / name).mkdir()
            write_comparison(part / name, place.path / name, found, (first, second))
            result = found.result
            rows.append(RankedAttempt(str(attempt), name, result.score, result.interval, result.unscored))
        if all(row.folder is None for row in rows):
            raise InputError(f"None of the attempts can be compared. {rows[0].unscored}")
        return write_board(part, str(original), rows)


def write_board(part: Path, original: str, rows: Sequence[RankedAttempt]) -> ActRanking:
    """Write the leader board of attempts at an original into a fresh folder; the folder of each lies in it."""
    order = sorted(rows, key=lambda row: (row.folder is None, row.score is None, -(row.score or 0)))
    ranking = ActRanking(original, tuple(order))
    (part / RANKING).write_bytes(RANKING_JSON.encode(ranking))
    (part / BOARD).write_text(render_ranking(ranking), encoding="utf-8", newline="\n")
    return ranking


def write_comparison(
    part: Path,
    target: Path,
    found: ActComparison,
    sides: tuple[ReadPerformance, ReadPerformance],
    *,
    movie: bool = False,
    progress: ProgressCallback = ignore,
) -> None:
    """Write everything into a fresh folder that will be at `target`."""
    first, second = sides
    if movie:
        write_side_by_side(first.path, second.path, part / MOVIE, (found.lag_s, found.rate), progress)
    (part / ACT).write_bytes(ACT_JSON.encode(found.result))
    (part / ORIGINAL).write_bytes(PERFORMANCE_JSON.encode(first.performance))
    (part / ATTEMPT).write_bytes(PERFORMANCE_JSON.encode(second.performance))
    page = render_report(found, sides, target, movie=MOVIE if movie else "")
    (part / REPORT).write_text(page, encoding="utf-8", newline="\n")


def _is_ours(name: str) -> bool:
    return name in (ACT, REPORT, MOVIE, ORIGINAL, ATTEMPT)
