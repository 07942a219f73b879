"""Label corrections as data: a table beside the pictures, applied when they are read, undone by removing a line."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from closeup.core.errors import InputError
from closeup.core.whole import write_whole
from closeup.media.files import unreadable
from closeup.workbench.datasets.items import Correction
from closeup.workbench.datasets.tables import parse_table, table_bytes

COLUMNS = ("kind", "which", "field", "old", "new", "who", "when", "why")
"""Of a corrections file; the first five must be there."""

KINDS: tuple[str, ...] = get_args(Correction.__annotations__["kind"])
HASH_MARK = "sha256:"
_HASH = re.compile(r"sha256:[0-9a-f]{12,64}")


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read a corrections file: CSV with the columns `COLUMNS`; lines that begin with "#" are remarks.

    Raises:
        InputError: If it cannot be read, or a line is none that could be applied or says what one before it says; the
            message has the number of the line.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", "Check the spelling and the folder that you are in.") from error
    except OSError as error:
        raise unreadable(path, error) from error
    return parse_corrections(content, str(path))


def parse_corrections(content: bytes, name: str) -> tuple[Correction, ...]:
    """Read the bytes of a corrections file, which complaints call `name`.

    Raises:
        InputError: As `read_corrections`.
    """
    table = parse_table(content, name, comments=True)
    for column in COLUMNS[:5]:
        table.need(column, f"A corrections file begins with: {','.join(COLUMNS)}")
    for column in table.columns:
        if column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{name} has a column that is not known: {column!r}.{meant}", f"{','.join(COLUMNS)}")
    lines = tuple(_correction(values, line, name) for line, values in table.rows)
    _check_twins(lines, name)
    return lines


def _correction(values: Mapping[str, str], line: int, name: str) -> Correction:
    where = f"{name}, line {line}"
    if values["kind"] not in KINDS:
        near = get_close_matches(values["kind"], KINDS, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"{where}: a correction of the kind {values['kind']!r} is not known.{meant}", _KIND_HINT)
    correction = Correction(**dict(values), line=line)  # type: ignore[arg-type] # the kind has been looked at
    check_correction(correction, where)
    return correction


_KIND_HINT = 'Write "picture" for one picture, "group" for all of one group, "swap" to exchange two labels in a group.'


def check_correction(correction: Correction, where: str) -> None:
    """Make sure that a correction could be applied to some data.

    Raises:
        InputError: If something in it is missing or contradicts itself; it begins with `where`.
    """
    for column in ("which", "field"):
        if not getattr(correction, column):
            raise InputError(f"{where}: {column!r} is empty.", f"A line says: {','.join(COLUMNS)}")
    if correction.old == correction.new:
        raise InputError(f"{where}: old and new are the same, {correction.old!r}.", "Remove the line.")
    if correction.kind == "swap" and not (correction.old and correction.new):
        raise InputError(f"{where}: to swap, both old and new must be labels.")
    if (
        correction.kind == "picture"
        and correction.which.startswith(HASH_MARK)
        and not _HASH.fullmatch(correction.which)
    ):
        raise InputError(f"{where}: {correction.which!r} is no hash.", "Write sha256: and 12 to 64 digits 0-9a-f.")
    if correction.when:
        try:
            datetime.fromisoformat(correction.when)
        except ValueError:
            raise InputError(f"{where}: {correction.when!r} is no date.", "Write it as 2026-11-21.") from None


def _said(correction: Correction) -> tuple[str, ...]:
    """What a correction does, whoever said it; a swap is the same both ways round."""
    labels = (correction.old, correction.new)
    if correction.kind == "swap":
        labels = (min(labels), max(labels))
    return (correction.kind, correction.which, correction.field, *labels)


def _check_twins(lines: Iterable[Correction], name: str) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for correction in lines:
        said = _said(correction)
        if said in seen:
            raise InputError(
                f"{name}, line {correction.line}, says the same as line {seen[said]}.", "Remove one of the two."
            )
        seen[said] = correction.line


def corrections_bytes(corrections: Iterable[Correction]) -> bytes:
    """A corrections file that holds these lines."""
    return table_bytes(COLUMNS, ({name: getattr(line, name) for name in COLUMNS} for line in corrections))


def append_corrections(path: Path, corrections: Sequence[Correction]) -> None:
    """Add lines at the end of a corrections file, all or none of them; the file is made where it is missing.

    What is there already stays as it is, byte for byte, remarks too.

    Raises:
        InputError: If the file is no corrections file, a line could not be applied, or says what is there already.
        OutputError: If it cannot be written.
    """
    old = b""
    if path.exists():
        read_corrections(path)
        old = path.read_bytes()
        if not old.endswith(b"\n"):
            old += b"\n"
    for number, correction in enumerate(corrections, start=1):
        check_correction(correction, f"correction {number}")
    header = parse_table(old, str(path), comments=True).columns if old else COLUMNS
    rows = [{name: getattr(line, name) for name in COLUMNS} for line in corrections]
    lost = [name for name in COLUMNS if name not in header and any(row[name] for row in rows)]
    if lost:
        raise InputError(f"{path} has no column {lost[0]!r}.", f"Make its first line: {','.join(COLUMNS)}")
    added = table_bytes(header, ({name: row[name] for name in header} for row in rows))
    new = old + (added.split(b"\n", 1)[1] if old else added)
    parse_corrections(new, str(path))  # the twins
    write_whole(path, new)
