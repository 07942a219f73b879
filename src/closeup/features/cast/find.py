"""closeup's main job: from a video to its cast, and to the folder that keeps it."""

import logging
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.errors import FormatError, InputError, ModelError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Cast, CastKind
from closeup.documents.baseline import Baseline, PersonRule
from closeup.documents.edits import Edits, FaceAnchor, read_edits
from closeup.features.cast import operations
from closeup.features.cast.drawing import drawn_again, with_face
from closeup.features.cast.folder import (
    EDITS,
    CarriedOver,
    CastFolder,
    CastResult,
    carry_over,
    check_place,
    write_cast_folder,
)
from closeup.features.cast.grouping import Grouping, group_season, group_tracks, grouping_options
from closeup.features.cast.options import CastOptions
from closeup.features.cast.people import build_people, found_people
from closeup.features.cast.scan import Scan, Sharing, scan_video
from closeup.features.cast.shards import remove_shards
from closeup.jobs.casts import find_video
from closeup.jobs.spread import Spread
from closeup.media.frame_times import FrameTimes, read_frame_times
from closeup.media.video import hash_file
from closeup.perception.analyzer import Analyzer
from closeup.perception.clothing import CARD_NAME as CLOTHING_NAME
from closeup.perception.registry import cast_models
from closeup.weights.cards import ModelCard, card
from closeup.weights.session import device_notes

_ANEW = "Make the cast anew."

_LOG = logging.getLogger("closeup.cast")


def find_cast(
    video: Path | str,
    options: CastOptions | None = None,
    *,
    leads_only: bool = False,
    progress: ProgressCallback = ignore,
) -> Cast:
    """Say who is in a video.

    Nothing is written; `make_cast_folder` keeps the result with pictures and report.

    Args:
        video: Path of a video file.
        options: How to look; the defaults suit most videos.
        leads_only: Where a face is large, small ones beside it are not looked for: a quarter of the time to find faces.
        progress: Told how far the work is; called from this thread.

    Raises:
        InputError: If the file is not a video that can be read.
        ModelError: If a model is not on this machine; says what to type.
    """
    options = options or CastOptions()
    clock = StageTimer()
    with clock.stage("models"):
        analyzer = Analyzer(cast_models(options.models))
    with clock.stage("video"):
        scan = scan_video(Path(video), analyzer, options, progress, leads_only=leads_only)
    models = analyzer.detector_card, analyzer.embedder_card
    return grouped(scan, models, options, CarriedOver(Edits(), None), clock).cast


def make_cast_folder(
    video: Path | str,
    folder: Path | str,
    options: CastOptions | None = None,
    *,
    overwrite: bool = False,
    spread: Spread | None = None,
    progress: ProgressCallback = ignore,
) -> Cast:
    """Find the cast of a video and write its result folder, whole or not at all.

    With `overwrite` a folder that is there is replaced, and the user's edits in it are kept and replayed. With `spread`
    a long video is looked at in shards. Those that are finished lie beside the folder until it is written, and whoever
    begins again, after a crash or an interruption, goes on from them; the result is the same.

    Raises:
        InputError: If the file is not a video that can be read.
        ModelError: If a model is not on this machine; says what to type.
        OutputError: If the folder exists and `overwrite` is off, or it cannot be written. Said before the work where
            that can be known.
    """
    options, video, folder = options or CastOptions(), Path(video), Path(folder).absolute()
    check_place(folder, video, overwrite=overwrite)
    clock = StageTimer()
    edits, sharing = read_edits(folder / EDITS), None if spread is None else (spread, folder)
    scan, (detector, embedder) = _scan(video, options, clock, progress, edits=edits, sharing=sharing)
    carried = carry_over(folder, scan.tracks, scan.video.sha256)
    result = grouped(scan, (detector, embedder), options, carried, clock)
    progress(Progress("Writing", 0, None, ""))
    write_cast_folder(folder, result, overwrite=overwrite)
    if spread is not None:
        remove_shards(folder)
    return result.cast.kept_in(folder)


def is_done(video: Path, folder: Path, options: CastOptions) -> bool:
    """Whether `folder` holds the cast of this very video already, made with these options."""
    try:
        cast = CastFolder(folder).cast()
    except InputError:
        return False
    return (cast.kind, cast.options, cast.video.sha256) == ("video", asdict(options), hash_file(video))


def recluster(folder: Path, changes: Mapping[str, Any] | None = None, *, progress: ProgressCallback = ignore) -> Cast:
    """Group the faces of a result folder anew, from its embeddings, without its video; the user's edits are replayed.

    Args:
        folder: A result folder.
        changes: Options that differ from those the folder was made with: `clothing`, `min_face_px`.
        progress: Told how far the work is.

    Raises:
        InputError: If there is no result folder, or an option would need the video.
        FormatError: If it is damaged.
        OutputError: If it cannot be written.
    """
    clock = StageTimer()
    kept = CastFolder(folder)
    old = kept.cast()
    if needing := sorted(set(changes or {}) - {"clothing", "min_face_px"}):
        raise InputError(
            f"Grouping anew cannot change {needing[0]}: that needs the video.",
            "Cast the video anew.",
            code="cast.absent",
        )
    options = replace(_options_of(old), **(changes or {}))
    detector, embedder = _cards_of(old)
    vectors = kept.vectors(old)
    if vectors.embedder != old.models.get("embedder"):
        raise FormatError(f"{folder} mixes the embeddings of two models.", _ANEW, code="cast.damaged")
    if np.isnan(vectors.face_worth).any():
        problem = f"{folder} was made by an older closeup, which did not keep what each face's vector is worth."
        raise FormatError(
            f"{problem} Its people and edits are read as ever; grouping anew needs the video.",
            _ANEW,
            code="cast.damaged",
        )
    scan = Scan(old.video, old.shots, old.tracks, vectors, kept.pictures(old), old.kind, old.parts)
    carried = carry_over(kept.path, old.tracks, old.video.sha256)
    progress(Progress("Grouping", 0, None, ""))
    result = grouped(scan, (detector, embedder), options, carried, clock)
    write_cast_folder(kept.path, result, overwrite=True)
    return result.cast.kept_in(kept.path)


def draw_face(
    folder: Path,
    at_s: float,
    box: tuple[float, float, float, float],
    person: str = "",
    name: str = "",
    *,
    progress: ProgressCallback = ignore,
) -> dict[str, str]:
    """Give a face that was missed to somebody in a cast: it is looked for where it was drawn, and followed from there.

    Args:
        folder: A result folder, of one video.
        at_s: When the face is seen, in seconds.
        box: Around the face: left, top, right, bottom as shares of the picture, 0 to 1.
        person: The id of whose it is; "" for a new person.
        name: Of a new person.
        progress: Told how far the work is.

    Returns:
        What was done, in a sentence, as "said".

    Raises:
        InputError: If it is no cast of one video, the video is not there any more, or the face cannot be theirs.
        FormatError: If the folder is damaged.
        OutputError: If it cannot be written, or was changed meanwhile.
    """
    kept = CastFolder(folder)
    old = kept.cast()
    if old.kind != "video":
        raise InputError("A face can be drawn in the cast of one video only.", code="cast.draw")
    video = find_video(old, kept.path, progress=progress)
    options, vectors = _options_of(old), kept.vectors(old)
    analyzer = Analyzer(cast_models(options.models))
    if (analyzer.detector_card.name, analyzer.embedder_card.name) != tuple(each.name for each in _cards_of(old)):
        raise InputError("This cast was made with other models than this closeup would use now.", _ANEW)
    progress(Progress("Looking for the face", 0, None, ""))
    scan = Scan(old.video, old.shots, old.tracks, vectors, kept.pictures(old))
    times = read_frame_times(video, old.video)
    drawn = _anchor(old, times, at_s, box)
    scan, track = with_face(scan, video, times, analyzer=analyzer, options=options, drawn=drawn)
    baseline, edits = kept.baseline(old), kept.edits()
    baseline = replace(baseline, tracks={each.id: baseline.tracks.get(each.id) for each in scan.tracks})
    cast, wishes = replace(old, tracks=scan.tracks), operations.drawing(track, drawn[0], person, name)
    wishes[0](operations.Scene(cast, edits, ""))  # what cannot be is said before anything is written
    if len(scan.tracks) > len(old.tracks):
        write_cast_folder(kept.path, CastResult(cast, baseline, edits, scan.vectors, scan.pictures), overwrite=True)
    return {"said": kept.edit(*wishes).sentence}


def _anchor(cast: Cast, times: FrameTimes, at_s: float, box: Sequence[float]) -> FaceAnchor:
    """The frame that is seen at a time, and a box in its pixels."""
    x0, y0, x1, y1 = (share * side for share, side in zip(box, 2 * (cast.video.width, cast.video.height), strict=True))
    if not (0 <= x0 < x1 <= cast.video.width and 0 <= y0 < y1 <= cast.video.height):
        raise InputError("The box must lie in the picture, its right and lower edges behind the others.")
    if not 0 <= at_s <= times.end_s:
        raise InputError(f"The video has no picture at {at_s:g} s.")
    frame = max(bisect_right(times.starts_s, at_s + 1e-3) - 1, 0)  # browsers round what they say of where they stand
    return frame, x0, y0, x1, y1


class StageTimer:
    """Measures the stages of one analysis."""

    def __init__(self) -> None:
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of the block under this name."""
        started = time.perf_counter()
        yield
        self.timings_s[name] = round(time.perf_counter() - started, 3)
        _LOG.info("%s took %.1f s", name, self.timings_s[name])


def _scan(
    video: Path,
    options: CastOptions,
    clock: StageTimer,
    progress: ProgressCallback,
    *,
    edits: Edits | None = None,
    sharing: Sharing | None = None,
) -> tuple[Scan, tuple[ModelCard, ModelCard]]:
    """Load the models and read the video; faces that were drawn before are there again."""
    with clock.stage("models"):
        analyzer = Analyzer(cast_models(options.models))
    with clock.stage("video"):
        scan = scan_video(video, analyzer, options, progress, sharing)
        scan = drawn_again(scan, video, analyzer, options, edits or Edits())
    return scan, (analyzer.detector_card, analyzer.embedder_card)


def grouped(
    scan: Scan, cards: tuple[ModelCard, ModelCard], options: CastOptions, carried: CarriedOver, clock: StageTimer
) -> CastResult:
    """Group the tracks of a scan, replay the edits, and put the result together.

    Args:
        scan: Of a video, or joined of several files.
        cards: Of the detector and the embedder that it was made with.
        options: The options that it was made with.
        carried: What an older result leaves.
        clock: Takes the time.
    """
    detector, embedder = cards
    rule = person_rule(detector, options, scan.kind)
    with clock.stage("grouping"):
        grouping = group(scan, embedder, rule, options)
        baseline: Baseline = found_people(scan.tracks, grouping.labels, rule, carried.earlier, scan.shots)
        members = build_people(scan.tracks, baseline, carried.edits, scan.video.sha256, scan.shots)
    cast = Cast(
        video=scan.video,
        models=model_names(cards, options),
        options=asdict(options),
        shots=scan.shots,
        people=members.people,
        passers_by=members.passers_by,
        hidden=members.hidden,
        tracks=members.tracks,
        timings_s=clock.timings_s,
        notes=tuple(dict.fromkeys((*carried.warnings, *members.warnings, *device_notes()))),
        kind=scan.kind,
        parts=scan.parts,
    )
    return CastResult(cast, baseline, carried.edits, scan.vectors, scan.pictures)


def person_rule(detector: ModelCard, options: CastOptions, kind: CastKind = "video") -> PersonRule:
    """What makes a person, for faces found by `detector`; in an album one good photo does."""
    size_px, score = float(options.min_face_px), detector.thresholds["founding"].value
    if kind == "album":
        return PersonRule(1, size_px, founding_score=score, min_screen_time_s=0.0, min_faces=1)
    # A trailer shows people for less than a second.
    return PersonRule(founding_size_px=size_px, founding_score=score, min_screen_time_s=0.5)


def group(scan: Scan, embedder: ModelCard, rule: PersonRule, options: CastOptions) -> Grouping:
    """Say which tracks of a scan belong to one person."""
    how = grouping_options(embedder, rule, with_clothing=options.clothing)
    if scan.kind != "season":
        return group_tracks(scan.tracks, scan.vectors, how)
    firsts = [track.start_frame for track in scan.tracks]
    return group_season(scan.tracks, scan.vectors, how, [bisect_left(firsts, part.start_frame) for part in scan.parts])


def model_names(cards: tuple[ModelCard, ModelCard], options: CastOptions) -> dict[str, str]:
    """Role to the name of the model's card, as `Cast.models`."""
    names = {"detector": cards[0].name, "embedder": cards[1].name}
    return names | ({"clothing": CLOTHING_NAME} if options.clothing else {})


def _options_of(cast: Cast) -> CastOptions:
    """The options that a cast was made with; what this closeup does not know is left at its default.

    Raises:
        FormatError: If one of them has a value that it cannot have.
    """
    known: dict[str, Any] = {}
    for option in fields(CastOptions):
        value = cast.options.get(option.name, option.default)
        kinds = (int, float) if isinstance(option.default, float) else (type(option.default),)
        if type(value) not in kinds:
            raise FormatError(f"The option {option.name} of the cast is {value!r}.", _ANEW, code="cast.damaged")
        known[option.name] = value
    return CastOptions(**known)


def _cards_of(cast: Cast) -> tuple[ModelCard, ModelCard]:
    """Detector and embedder that a cast was made with.

    Raises:
        FormatError: If it does not say, or this closeup does not know them.
    """
    try:
        return card(cast.models.get("detector", "")), card(cast.models.get("embedder", ""))
    except ModelError as error:
        raise FormatError(
            f"The models of the cast cannot be used. {error.message}", _ANEW, code="cast.damaged"
        ) from error
