"""One cast over many files: the photos of an album, or the videos of a season.

A photo is a shot of one second in which every face is a track. So what groups, edits and tells the cast of a video does
so for an album; what differs is said here. Nobody is followed from photo to photo, clothes say nothing, since nobody
knows how much time lies between two photos, and one good face is enough to be somebody.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from closeup.core.boxes import clip, fitted
from closeup.core.errors import InputError
from closeup.core.in_order import in_order
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Cast, CastKind, Face, Image, Shot, Track, VideoInfo
from closeup.core.words import NAMED, left_out
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.find import StageTimer, grouped, model_names
from closeup.features.cast.folder import carry_over, check_place, write_cast_folder
from closeup.features.cast.joining import EarlierParts, Joiner
from closeup.features.cast.looking import SMALLEST_FACE_PX
from closeup.features.cast.options import CastOptions
from closeup.features.cast.portraits import head_and_shoulders, photo_name, track_picture
from closeup.features.cast.scan import Scan, scan_video, worker_count
from closeup.features.cast.shards import remove_shards
from closeup.jobs.spread import Spread
from closeup.media.image import decode_image, encode_jpeg, taken_at
from closeup.media.photos import PhotoFile, find_photos
from closeup.media.sources import StillFrame
from closeup.media.video import hash_file
from closeup.perception.analyzer import Analyzer
from closeup.perception.clothing import DIM as CLOTHING_DIM
from closeup.perception.drawn import are_drawn
from closeup.perception.registry import cast_models

LOOK_PX = 1920
"""Longer side of the picture that faces are looked for in: 80 people in three rows are still found. They are judged and
cut out in the photo's own pixels."""

THUMBNAIL_PX = 320
"""Longer side of the small pictures of the photos in the result."""


def make_album_folder(
    photos: Sequence[Path],
    folder: Path,
    options: CastOptions | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> Cast:
    """Say who is in photos, each person once, and write the result folder, whole or not at all.

    Photos that an older result in the folder knows already are not looked at anew. Those that cannot be read are left
    out, and named in the notes; the same photo twice counts once.

    Args:
        photos: Files, folders and zip files.
        folder: The result folder.
        options: How to look; clothing is never compared.
        overwrite: Replace a result that is there, with its edits kept.
        progress: Told how many photos are done.

    Raises:
        InputError: If there is no photo, or none that can be read.
        ModelError: If a model is not on this machine; says what to type.
        OutputError: If the folder exists and `overwrite` is off, or it cannot be written.
    """
    options = replace(options or CastOptions(), clothing=False)
    files, notes = find_photos(photos)

    def look(analyzer: Analyzer, earlier: EarlierParts, joiner: Joiner) -> list[str]:
        batches = in_order(partial(_try_photo, analyzer, earlier), files, worker_count(), 1)
        refused: list[InputError] = []
        first: dict[str, str] = {}
        twice: list[str] = []
        for done, (scan, taken) in enumerate((each for batch in batches for each in batch), 1):
            progress(Progress("Finding faces", done, len(files), "photos"))
            if isinstance(scan, InputError):
                refused.append(scan)
            elif first.setdefault(scan.video.sha256, scan.video.path) != scan.video.path:
                twice.append(f"{scan.video.path} is {first[scan.video.sha256]}")
            else:
                joiner.add(scan, taken)
        return [*notes, *left_out([each.message for each in refused], len(files), "photos"), *_twice(twice, "photo")]

    return _make("album", photos, folder, options=options, look=look, overwrite=overwrite, progress=progress)


def make_season_folder(
    videos: Sequence[Path],
    folder: Path,
    options: CastOptions | None = None,
    *,
    overwrite: bool = False,
    spread: Spread | None = None,
    progress: ProgressCallback = ignore,
) -> Cast:
    """Say who is in several videos, each person once, and write one result folder for all, whole or not at all.

    Videos that an older result in the folder knows already are not looked at anew. One that cannot be read is left out,
    and named in the notes. With `spread` long ones are looked at in shards, as `find.make_cast_folder` does it.

    Args:
        videos: Video files.
        folder: The result folder.
        options: How to look.
        overwrite: Replace a result that is there, with its edits kept.
        progress: Told how far each video is.

    Raises:
        InputError: If none of them can be read.
        ModelError: If a model is not on this machine; says what to type.
        OutputError: If the folder exists and `overwrite` is off, or it cannot be written.
    """
    options = options or CastOptions()
    sharing = None if spread is None else (spread, folder.absolute())

    def look(analyzer: Analyzer, earlier: EarlierParts, joiner: Joiner) -> list[str]:
        refused: list[InputError] = []
        first: dict[str, str] = {}
        twice: list[str] = []
        for number, video in enumerate(videos, 1):

            def report(told: Progress, which: str = f"{number} of {len(videos)}") -> None:
                progress(replace(told, stage=f"Finding faces, {which}"))

            try:
                digest = hash_file(video)
                if digest in first:
                    twice.append(f"{video} is {first[digest]}")
                    continue
                first[digest] = str(video)
                known = earlier.scan(digest)
                found = known and replace(known, video=replace(known.video, path=str(video)))
                joiner.add(found or scan_video(video, analyzer, options, report, sharing))
            except InputError as error:
                refused.append(error)
        return [*left_out([each.message for each in refused], len(videos), "videos"), *_twice(twice, "video")]

    cast = _make("season", videos, folder, options=options, look=look, overwrite=overwrite, progress=progress)
    if spread is not None:
        remove_shards(folder.absolute())
    return cast


Look = Callable[[Analyzer, EarlierParts, Joiner], list[str]]
"""Looks at all files, hands their scans on, and gives notes on those that were left out."""


def _make(
    kind: CastKind,
    places: Sequence[Path],
    folder: Path,
    *,
    options: CastOptions,
    look: Look,
    overwrite: bool,
    progress: ProgressCallback,
) -> Cast:
    """Look, group and write."""
    for place in places:
        check_place(folder, place, overwrite=overwrite)
    clock = StageTimer()
    with clock.stage("models"):
        analyzer = Analyzer(cast_models(options.models))
    cards = analyzer.detector_card, analyzer.embedder_card
    with TemporaryDirectory(prefix="closeup-") as pictures:
        earlier = EarlierParts(folder, kind, model_names(cards, options), asdict(options))
        joiner = Joiner(earlier, Path(pictures))
        with clock.stage("looking"):
            notes = look(analyzer, earlier, joiner)
            if not len(joiner):
                raise InputError(" ".join(notes) or "There is nothing to look at.")
            scan = joiner.joined(kind, _named(places), (cards[1].name, analyzer.embedder.dim), notes)
        carried = carry_over(folder, scan.tracks, scan.video.sha256)
        progress(Progress("Grouping", 0, None, ""))
        result = grouped(scan, cards, options, carried, clock)
        progress(Progress("Writing", 0, None, ""))
        write_cast_folder(folder, result, overwrite=overwrite)
    return result.cast


def _try_photo(
    analyzer: Analyzer, earlier: EarlierParts, photo: PhotoFile
) -> tuple[Scan, str | None] | tuple[InputError, None]:
    """A photo's scan and when it was taken, or why it cannot be used."""
    try:
        content = photo.read()
        digest = sha256(content).hexdigest()
        if known := earlier.scan(digest):
            moved = replace(known, video=replace(known.video, path=photo.name))
            return moved, earlier.places[digest].taken
        return scan_photo(decode_image(content, photo.name), photo.name, digest, analyzer), taken_at(content)
    except InputError as error:
        return error, None


def scan_photo(image: Image, name: str, digest: str, analyzer: Analyzer) -> Scan:
    """Find and describe the faces of a photo, RGB (H, W, 3), as the scan of a video of one frame and one second.

    Args:
        image: The photo.
        name: Its path.
        digest: SHA-256 of its file.
        analyzer: Finds and describes faces.
    """
    frame = StillFrame(0, Fraction(0), image)
    whole_px = max(frame.size_wh)
    found, _, _ = analyzer.look(
        frame, smallest_px=SMALLEST_FACE_PX, thorough=True, detect_px=LOOK_PX, detail_px=whole_px
    )
    brief = analyzer.detector_card.thresholds.get("brief")
    faces = [
        Face(0, 0.0, clip(face.box_xyxy[None], frame.size_wh)[0], face.landmarks_xy, face.score, face.quality).rounded()
        for face in sorted(found, key=lambda face: float(face.box_xyxy[0]))
        if face.score >= (brief.value if brief else 0.0)
    ]
    crops = [analyzer.embedder.crop(image, face.landmarks_xy) for face in faces]
    vectors, worths = analyzer.embedder.embed_with_worth(np.stack(crops)) if crops else (None, None)
    tracks = tuple(
        Track(f"t{n}", 0, None, 0, 1, 0.0, 1.0, (face,), are_drawn([crop], analyzer.embedder_card))
        for n, (face, crop) in enumerate(zip(faces, crops, strict=True), 1)
    )
    thumbnail = frame.rgb(fitted(frame.size_wh, THUMBNAIL_PX))
    pictures = {track.id: track_picture(head_and_shoulders(image, track.faces[0])) for track in tracks}
    return Scan(
        VideoInfo(name, digest, 1.0, Fraction(1), 1, *frame.size_wh),
        (Shot(0, 1, 0.0, 1.0),),
        tracks,
        TrackVectors(
            face=np.empty((0, analyzer.embedder.dim), np.float32) if vectors is None else vectors,
            face_track=np.arange(len(faces)),
            face_frame=np.zeros(len(faces), np.int64),
            face_quality=np.array([face.quality_total for face in faces], np.float32),
            face_worth=np.empty(0, np.float32) if worths is None else worths,
            clothing=np.full((len(faces), CLOTHING_DIM), np.nan, np.float32),
            embedder=analyzer.embedder_card.name,
        ),
        pictures | {photo_name(0): encode_jpeg(thumbnail, 80)},
    )


def _named(places: Sequence[Path]) -> str:
    """What several files are called together."""
    first = str(places[0].resolve() if not places[0].name else places[0])
    return first if len(places) == 1 else f"{first} and {len(places) - 1} more"


def _twice(same: Sequence[str], what: str) -> list[str]:
    """Which files are there more than once."""
    if not same:
        return []
    shown = "; ".join(same[:NAMED]) + (f"; and {len(same) - NAMED} more" if len(same) > NAMED else "")
    count = len(same)
    return [f"{count} {what}{'s are' if count > 1 else ' is'} there twice and counted once: {shown}."]
