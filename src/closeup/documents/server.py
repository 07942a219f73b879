"""What a server takes and answers: media, casts, keys, receipts."""

from dataclasses import dataclass
from typing import Annotated, Literal

from closeup.core.fields import AtLeast, OneOf, Text, Within
from closeup.core.types import MAX_NAME, CastKind, Count, Line, Person, PersonId, Score, Seconds, Shot, TrackId
from closeup.documents.form import Form, one_line
from closeup.documents.jobs import At, Id
from closeup.documents.shorts import CameraKey, ShortId, TimeSpan

MediaKind = Literal["video", "photo", "archive", "captions", "text", "table"]
SCOPES = ("read", "edit", "enrol", "admin")
"""What a key may be for: look; change media, casts and jobs; change the gallery; all that and the keys."""

Scope = Annotated[str, OneOf(SCOPES)]
CHANGES = ("name", "merge", "split", "move", "not", "hide", "unhide", "different", "portrait")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRecord:
    """A video, a photo, a zip file of photos, captions, a text, or a table.

    Attributes:
        kind: By its content; None while it arrives.
        bytes: Its size, also while it arrives.
        arrived: How many bytes are there.
        ours: Whether it was uploaded, and goes when it is deleted; else it lies in its owner's place, and stays.
        sha256: Of an upload, once it is there.
    """

    id: Id
    name: str
    kind: MediaKind | None
    content_type: str | None
    bytes: Annotated[int, Within(0)]
    arrived: Annotated[int, Within(0)]
    ours: bool
    sha256: str | None
    created_at: At
    expires_at: At | None


@dataclass(frozen=True, slots=True)
class ByPath:
    """A file on the server's own disk, used where it lies."""

    path: Annotated[str, Text(r"/[^\x00]{1,4095}", "an absolute path")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file, by its name within a folder of the server's."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionReceipt:
    """What was deleted.

    Attributes:
        id: Of what was asked to be deleted; `jobs` those of what was made from it.
        files: By their names within the server's folder.
        bytes: Of all files together.
        kept: What is left of it all the same, a sentence each.
    """

    id: str
    jobs: tuple[Id, ...]
    files: tuple[StoredFile, ...]
    bytes: int
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CastSummary:
    """A cast, in a list: the id is that of the job that made it."""

    id: Id
    name: str
    kind: str
    people: int
    named: tuple[str, ...]
    uses: tuple[Id, ...]
    created_at: At


@dataclass(frozen=True, slots=True, kw_only=True)
class CastTrack:
    """The faces of somebody through one shot, without the single faces.

    Attributes:
        person: Whose it is; None where it belongs to nobody.
        at_s: When its best face is seen.
        sureness: How likely it is of its person, by its faces and those of the person's other tracks; None where there
            is nothing to compare.
    """

    id: TrackId
    person: PersonId | None
    shot: Count
    start_s: Seconds
    end_s: Seconds
    at_s: Seconds
    sureness: Score | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CastFile:
    """One file that a cast was made from.

    Attributes:
        media: Its id in the library; None where it lies in a zip file.
        start_s: When it begins, as the cast counts.
    """

    name: str
    media: Id | None
    start_s: Seconds
    duration_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CastEdit:
    """A change that was made, or taken back.

    Attributes:
        number: Its place in its list, from 1; changes that were made together have the same.
        at: When it was made, UTC.
    """

    number: int
    at: str
    kind: Annotated[str, OneOf((*CHANGES, "draw"))]
    people: tuple[PersonId, ...]
    tracks: tuple[TrackId, ...]
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CastView:
    """A cast, without its single faces: those are in cast.json.

    Attributes:
        edits: What was changed, the oldest first.
        undone: What was taken back, and can be done again.
    """

    id: Id
    name: str
    kind: CastKind
    duration_s: Seconds
    files: tuple[CastFile, ...]
    shots: tuple[Shot, ...]
    people: tuple[Person, ...]
    passers_by: tuple[Person, ...]
    hidden: tuple[Person, ...]
    tracks: tuple[CastTrack, ...]
    models: dict[str, str]
    notes: tuple[str, ...]
    edits: tuple[CastEdit, ...]
    undone: tuple[CastEdit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleChange:
    """One change of the people of a cast, as `closeup people` makes it.

    Attributes:
        kind: What is done.
        people: One for name, split, not and portrait, two for different, two for move (from whom and to whom), two or
            more for merge, else one or more.
        tracks: Of split, move and not; one of portrait.
        name: Of name; "" takes it away.
    """

    kind: Annotated[str, OneOf(CHANGES)]
    people: Annotated[tuple[PersonId, ...], AtLeast(1)]
    tracks: tuple[TrackId, ...] = ()
    name: Annotated[str, Text(rf"[^\x00-\x1f\x7f]{{0,{MAX_NAME}}}", "one line of up to 200 characters")] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFace:
    """A face that was missed, as somebody draws it.

    Attributes:
        at_s: When it is seen.
        box: Around it: left, top, right, bottom as shares of the picture.
        person: Whose it is; "" for a new person.
        name: Of a new person.
    """

    at_s: Seconds
    box: tuple[Score, Score, Score, Score]
    person: Annotated[str, Text("(p[1-9][0-9]{0,8})?", "a person's id, or nothing")] = ""
    name: Annotated[str, Text(rf"[^\x00-\x1f\x7f]{{0,{MAX_NAME}}}", "one line of up to 200 characters")] = ""


@dataclass(frozen=True, slots=True)
class PeopleChanges:
    """Changes that are made together, and undone together."""

    changes: Annotated[tuple[PeopleChange, ...], AtLeast(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPieces:
    """Which stretches of the video a planned short shows, in order and not overlapping; where its camera was moved."""

    id: ShortId
    pieces: Annotated[tuple[TimeSpan, ...], AtLeast(1)]
    camera: tuple[CameraKey, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What the shorts of a plan show from now on; those that are not named are left out of it."""

    shorts: Annotated[tuple[ShortPieces, ...], AtLeast(1)]


@dataclass(frozen=True, slots=True)
class Said:
    """What was done, in sentences."""

    said: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A new name of somebody in the gallery."""

    name: Line


@dataclass(frozen=True, slots=True)
class Merge:
    """Somebody in the gallery who becomes part of somebody else."""

    other: Id


@dataclass(frozen=True, slots=True)
class Entry:
    """What lets somebody in: a token, or the code of a link that has not been used."""

    key: Annotated[str, Text(r"clo_[A-Za-z0-9_-]{43}", "a token, clo_ and 43 letters")]


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made; its scopes are among those of who makes it, and never change."""

    name: Line
    scopes: Annotated[tuple[Scope, ...], AtLeast(1)]
    days: Annotated[int, Within(1, 3650)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A token, or the session of a browser; the secret itself is not kept."""

    id: Id
    name: str
    kind: str
    scopes: tuple[Scope, ...]
    created_at: At
    used_at: At | None
    expires_at: At | None


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token that was made: `token` is shown this once."""

    key: KeyRecord
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what with whom: `subject` is an id, so that names are not kept here."""

    number: int
    at: At
    who: str
    action: str
    subject: str


MEDIA = Form(MediaRecord, "closeup server: a medium")
BY_PATH = Form(ByPath, "closeup server: a file to register")
RECEIPT = Form(DeletionReceipt, "closeup server: what was deleted")
STORED_FILE = Form(StoredFile, "closeup server: a file")
CAST_VIEW = Form(CastView, "closeup server: a cast", layout=one_line)
CAST_SUMMARY = Form(CastSummary, "closeup server: a cast in a list")
PEOPLE_CHANGES = Form(PeopleChanges, "closeup server: changes of the people of a cast")
DRAWN_FACE = Form(DrawnFace, "closeup server: a face that was drawn")
PLAN_CHANGE = Form(PlanChange, "closeup server: a change of a plan of shorts")
SAID = Form(Said, "closeup server: what was done")
RENAME = Form(Rename, "closeup server: a new name")
MERGE = Form(Merge, "closeup server: who is merged")
ENTRY = Form(Entry, "closeup server: what lets somebody in")
NEW_TOKEN = Form(NewToken, "closeup server: a token to be made")
MADE_TOKEN = Form(MadeToken, "closeup server: a token that was made")
KEY = Form(KeyRecord, "closeup server: a key")
AUDIT = Form(AuditEntry, "closeup server: who did what")
