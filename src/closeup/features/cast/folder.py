"""The result folder of a cast: what lies where, written and changed as a whole (docs/concepts/cast-folder.md)."""

import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.core.result_folder import ResultFolder
from closeup.core.types import Cast, Track
from closeup.documents.baseline import BASELINE_JSON, Baseline, read_baseline
from closeup.documents.cast import CAST_JSON
from closeup.documents.edits import EDITS_JSON, Edits, person_number, read_edits
from closeup.documents.suggestions import Suggestion
from closeup.documents.vectors import TrackVectors, check_vectors, encode_vectors, load_vectors
from closeup.features.cast.anchors import TrackFinder, anchor_track
from closeup.features.cast.operations import Change, Scene
from closeup.features.cast.parts_report import render_parts_report
from closeup.features.cast.people import Earlier, build_people
from closeup.features.cast.portraits import PictureFiles, person_pictures, photo_name, shot_name
from closeup.features.cast.report import render_report, shot_picture_path
from closeup.features.cast.suggestions import suggest

CAST, VECTORS, EDITS, BASELINE, REPORT = "cast.json", "vectors.npz", "edits.json", "baseline.json", "report.html"
TRACKS, PEOPLE, PHOTOS, SHOTS = "tracks", "people", "photos", "shots"
_CHANGED_BY_EDITS = frozenset({CAST, EDITS, REPORT, PEOPLE})
_OURS = frozenset({*_CHANGED_BY_EDITS, VECTORS, BASELINE, TRACKS, PHOTOS, SHOTS})


@dataclass(frozen=True, slots=True, eq=False)
class CastResult:
    """All that goes into a result folder.

    Attributes:
        cast: Who is in the video, the edits applied.
        baseline: The people before any edit.
        edits: What the user has said.
        vectors: Embeddings of the cast's tracks.
        pictures: JPEGs by name, as in `Scan.pictures`: of every track of the cast, of an album's photos, of shots.
    """

    cast: Cast
    baseline: Baseline
    edits: Edits
    vectors: TrackVectors
    pictures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """What a folder that is about to be replaced leaves to the new one.

    Attributes:
        edits: What the user has said; empty where there was no folder.
        earlier: Who had which track, for ids that stay; None where that is not known.
        warnings: A sentence for what could not be carried over.
    """

    edits: Edits
    earlier: Earlier | None
    warnings: tuple[str, ...] = ()


def open_cast(folder: Path | str) -> Cast:
    """The cast in a result folder, as it stands, the user's edits applied.

    Raises:
        InputError: If there is no result folder.
        FormatError: If it is damaged.
    """
    return CastFolder(Path(folder)).cast()


class CastFolder:
    """A result folder on disk.

    Attributes:
        path: Absolute.
    """

    def __init__(self, path: Path) -> None:
        """Open a folder; nothing is read yet.

        Raises:
            InputError: If there is no result folder at `path`.
        """
        try:
            self.path = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise _lost(path) from error
        if not (self.path / CAST).is_file():
            raise InputError(f"{path} is not a cast folder: it has no {CAST}.", code="cast.absent")

    def cast(self) -> Cast:
        """The cast as it stands, the edits applied.

        Raises:
            FormatError: If cast.json is damaged.
        """
        return CAST_JSON.read(self.path / CAST).kept_in(self.path)

    def baseline(self, cast: Cast) -> Baseline:
        """The people before any edit.

        Raises:
            FormatError: If baseline.json is damaged, or not of this cast.
        """
        return read_baseline(self.path / BASELINE, cast.tracks)

    def vectors(self, cast: Cast) -> TrackVectors:
        """The embeddings of the cast's tracks.

        Raises:
            FormatError: If vectors.npz is damaged, or not of this cast.
        """
        return load_vectors(self.path / VECTORS, cast)

    def edits(self) -> Edits:
        """What the user has said up to now.

        Raises:
            FormatError: If edits.json is damaged.
        """
        return read_edits(self.path / EDITS)

    def pictures(self, cast: Cast) -> PictureFiles:
        """The pictures of the cast's tracks, of an album's photos, and of shots, by name as in `Scan.pictures`."""
        paths = {track.id: self.path / TRACKS / f"{track.id}.jpg" for track in cast.tracks}
        photos = cast.parts if cast.kind == "album" else ()
        names = {photo_name(part.start_frame): self.path / PHOTOS / f"{part.start_frame}.jpg" for part in photos}
        shots = {shot_name(number): shot_picture_path(self.path, number) for number in range(len(cast.shots))}
        return PictureFiles(paths | names | {name: path for name, path in shots.items() if path.is_file()})

    def edit(self, *wishes: Callable[[Scene], Change], keep: bool = True) -> Change:
        """Change the edits by some wishes, each said of the cast as those before it leave it: all of them or none.

        The edits are replayed, and the changed folder takes the place of the old one as a whole. What is wished
        together is undone together.

        Args:
            keep: Else nothing is written, and only what would be said is given.

        Raises:
            InputError: If a wish does.
            FormatError: If the folder is damaged.
            OutputError: If it cannot be written, or another closeup is changing it.
        """
        place = ResultFolder(self.path, (CAST,))
        with place.locked():
            cast = self.cast()
            baseline = self.baseline(cast)
            edits, sentences, at = _with_free_number(self.edits(), cast, baseline), list[str](), _now()
            before, lasting = len(edits.operations), _lasting_notes(cast, baseline, edits)
            for wish in wishes:
                change = wish(Scene(cast, edits, at))
                edits = change.edits
                sentences.append(change.sentence)
                cast = _replayed(cast, baseline, edits, lasting)
            said = edits.operations
            joined = (replace(said[place], joined=place > before) for place in range(before, len(said)))
            edits = replace(edits, operations=(*said[:before], *joined))
            if not keep:
                return Change(edits, "\n".join(sentences))
            questions = _questions(cast, lambda: self.vectors(cast), baseline, edits)
            with place.writing(overwrite=True, replaced=_CHANGED_BY_EDITS.__contains__) as part:
                _write_readable(part, cast, edits, self.path, questions)
        return Change(edits, "\n".join(sentences))

    def suggestions(self) -> tuple[Suggestion, ...]:
        """Who may be one person after all.

        Raises:
            InputError: If an older closeup made the cast, so that this cannot be said.
            FormatError: If the folder is damaged.
        """
        cast = self.cast()
        return suggest(cast, self.vectors(cast), self.baseline(cast), self.edits())


def write_cast_folder(target: Path, result: CastResult, *, overwrite: bool) -> None:
    """Write a result folder, whole or not at all.

    With `overwrite`, files in the old folder that are not closeup's are kept.

    Raises:
        FormatError: If the parts of the result do not fit together.
        OutputError: If `target` exists and may not be replaced, or is no result folder, or has other edits than those
            that `result` was made with, or it cannot be written, or another closeup is changing it.
    """
    check_vectors(result.vectors, result.cast)
    place = ResultFolder(target, (CAST,))
    with place.writing(overwrite=overwrite, replaced=_OURS.__contains__) as part:
        if target.exists() and read_edits(target / EDITS).operations != result.edits.operations:
            raise OutputError(f"{target} was edited by another closeup in the meantime.", "Run this once more.")
        (part / TRACKS).mkdir()
        for track in result.cast.tracks:
            (part / TRACKS / f"{track.id}.jpg").write_bytes(_picture(result, track.id))
        if result.cast.kind == "album":
            (part / PHOTOS).mkdir()
            for frame in (photo.start_frame for photo in result.cast.parts):
                (part / PHOTOS / f"{frame}.jpg").write_bytes(_picture(result, photo_name(frame)))
        for number in range(len(result.cast.shots)):
            if result.cast.kind == "video" and (picture := result.pictures.get(shot_name(number))) is not None:
                (part / SHOTS).mkdir(exist_ok=True)
                shot_picture_path(part, number).write_bytes(picture)
        (part / VECTORS).write_bytes(encode_vectors(result.vectors))
        (part / BASELINE).write_bytes(BASELINE_JSON.encode(result.baseline))
        questions = _questions(result.cast, lambda: result.vectors, result.baseline, result.edits)
        _write_readable(part, result.cast, result.edits, place.path, questions)


def check_place(target: Path, video: Path, *, overwrite: bool) -> None:
    """Make sure before the work that the cast of `video` can be written to `target`, and what is there taken along.

    Raises:
        FormatError: If an older cast holds edits that are damaged, which `carry_over` could not take along.
        OutputError: If something is there that must stay, or nothing can be written there.
    """
    ResultFolder(target, (CAST,)).check(overwrite=overwrite, source=video)
    read_edits(target / EDITS)


def carry_over(target: Path, tracks: Sequence[Track], video_sha256: str) -> CarriedOver:
    """Read what the next analysis takes over from the folder at `target`, if there is one.

    Args:
        target: Where the new folder will be.
        tracks: All tracks of the new analysis.
        video_sha256: Of the video that was analysed.

    Raises:
        FormatError: If edits.json is damaged: it is the user's work, and not thrown away in silence.
    """
    if not (target / CAST).is_file():
        return CarriedOver(read_edits(target / EDITS), None)
    edits = read_edits(target / EDITS)
    try:
        old = CAST_JSON.read(target / CAST)
        baseline = read_baseline(target / BASELINE, old.tracks)
    except InputError as error:
        return CarriedOver(edits, None, (f"People may have other ids than before. {error.message}",))
    if old.video.sha256 != video_sha256:
        return CarriedOver(edits, None)
    return CarriedOver(edits, _earlier(old, baseline, edits, tracks))


def _earlier(old: Cast, baseline: Baseline, edits: Edits, tracks: Sequence[Track]) -> Earlier:
    finder = TrackFinder(tracks)
    votes: dict[int, Counter[str]] = {}
    for track, person in zip(old.tracks, baseline.person_of(old.tracks), strict=True):
        if person is not None:
            for index, faces in finder.find([anchor_track(track)]).items():
                votes.setdefault(index, Counter())[person] += faces
    before = tuple(
        min(votes[index], key=lambda p: (-votes[index][p], person_number(p))) if index in votes else None
        for index in range(len(tracks))
    )
    return Earlier(before, _with_free_number(edits, old, baseline).next_person)


def _lasting_notes(cast: Cast, baseline: Baseline, edits: Edits) -> tuple[str, ...]:
    """Notes that no edit changes: all but those on the edits that it was made with, such as which device was used."""
    passing = build_people(cast.tracks, baseline, edits, cast.video.sha256, cast.shots).warnings
    return tuple(note for note in cast.notes if note not in passing)


def _replayed(cast: Cast, baseline: Baseline, edits: Edits, notes: tuple[str, ...]) -> Cast:
    """The cast with these edits instead of those that it has; `notes` stay."""
    members = build_people(cast.tracks, baseline, edits, cast.video.sha256, cast.shots)
    return replace(
        cast,
        people=members.people,
        passers_by=members.passers_by,
        hidden=members.hidden,
        tracks=members.tracks,
        notes=(*notes, *members.warnings),
    )


def _with_free_number(edits: Edits, cast: Cast, baseline: Baseline) -> Edits:
    numbers = [person_number(person.id) + 1 for person in (*cast.people, *cast.passers_by, *cast.hidden)]
    return replace(edits, next_person=max([edits.next_person, baseline.next_person, *numbers]))


def _questions(
    cast: Cast, vectors: Callable[[], TrackVectors], baseline: Baseline, edits: Edits
) -> tuple[Suggestion, ...] | None:
    """Who may be one person after all; None where that cannot be said: an older closeup's cast, or vectors deleted."""
    try:
        return suggest(cast, vectors(), baseline, edits)
    except InputError:
        return None


def _write_readable(
    part: Path, cast: Cast, edits: Edits, place: Path, questions: tuple[Suggestion, ...] | None
) -> None:
    """Write what edits change: cast.json, edits.json, the people's pictures and the report."""
    (part / CAST).write_bytes(CAST_JSON.encode(cast))
    (part / EDITS).write_bytes(EDITS_JSON.encode(edits))
    (part / PEOPLE).mkdir()
    person_pictures(cast, part / TRACKS, part / PEOPLE)
    if cast.parts:
        page = render_parts_report(cast, part, folder_name=place.name, questions=questions)
    else:
        page = render_report(cast, part, place=place, questions=questions)
    (part / REPORT).write_text(page, encoding="utf-8", newline="\n")


def _picture(result: CastResult, name: str) -> bytes:
    try:
        return result.pictures[name]
    except KeyError as error:
        raise FormatError(f"There is no picture of {name}.") from error


def _lost(path: Path) -> InputError:
    try:
        old = ResultFolder(path).moved_away()
    except OSError:  # the folder that the shell stands in is gone
        old = None
    if old is not None:
        back = shlex.join(["mv", str(old), str(path)])
        return InputError(f"There is no folder {path}.", f"An interrupted change left it here; move it back: {back}")
    return InputError(f"There is no folder {path}.", code="cast.absent")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
