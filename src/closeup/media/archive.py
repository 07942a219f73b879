"""Zip files read in place: by many threads, by processes that share nothing, and never unpacked to disk."""

import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from closeup.core.code_pages import decode_code_page
from closeup.core.errors import InputError
from closeup.core.words import LeftOut, counted, listed
from closeup.media.files import is_litter, require_file, unreadable

MAX_MEMBER_BYTES = 512 * 1024 * 1024
"""A file inside a zip above this is not read: no picture or table is so large, but a trap can be."""

_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_OUTSIDE, _TWICE = "left out: meant to lie outside", "left out: a name that is there already"

_ENCRYPTED, _UTF8 = 0x1, 0x800
"""Flags of a file: it has a password, its name is UTF-8."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The directory of a zip file; holds no open file, so it may go to other threads and processes.

    Attributes:
        path: The zip file.
        members: Its files by name, with "/" between folders; folders and what systems add left out.
        notes: How names were read that do not say it themselves, and what was left out, one sentence each.
    """

    path: Path
    members: dict[str, zipfile.ZipInfo]
    notes: tuple[str, ...] = ()

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises:
            InputError: If there is no such file, or it is damaged, encrypted, or larger than `MAX_MEMBER_BYTES`.
        """
        info = self.members.get(name)
        if info is None:
            raise InputError(f"There is no {name} in {self.path}.", f"To see what is in it: unzip -l '{self.path}'")
        if info.flag_bits & _ENCRYPTED:
            raise InputError(f"{name} in {self.path} is encrypted.", "Make a zip file without a password.")
        if info.file_size > MAX_MEMBER_BYTES:
            raise InputError(f"{name} in {self.path} is larger than {MAX_MEMBER_BYTES // 2**20} MB.")
        try:
            content = self._raw(info)
        except OSError as error:
            raise unreadable(self.path, error) from error
        except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise _damaged(self.path, f"{name} in it cannot be read ({error})") from error
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise _damaged(self.path, f"{name} in it is not what the directory says")
        return content

    def _raw(self, info: zipfile.ZipInfo) -> bytes:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile(self.path) as whole:
                return whole.read(info)
        with self.path.open("rb") as file:  # a fresh one: threads and forked processes would share a position
            file.seek(info.header_offset)
            header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            if header[0] != b"PK\x03\x04":
                raise zipfile.BadZipFile("no file begins where the directory says")
            file.seek(header[9] + header[10], 1)
            packed = file.read(info.compress_size)
        if info.compress_type == zipfile.ZIP_STORED:
            return packed
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, info.file_size + 1)


def left_out(notes: Iterable[str]) -> int:
    """How many notes, read back from a file, say that files of a zip file were left out."""
    return sum(_OUTSIDE in note or _TWICE in note for note in notes)


def open_archive(path: Path) -> Archive:
    """Read the directory of a zip file; a second call is free as long as the file has not changed.

    Raises:
        InputError: If it is missing, may not be read, or is no zip file.
    """
    try:
        state = path.stat()
        return _open(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        require_file(path, "a zip file")
        raise unreadable(path, error) from error


@lru_cache(maxsize=16)
def _open(path: Path, size: int, mtime_ns: int) -> Archive:
    try:
        with zipfile.ZipFile(path) as whole:
            infos = whole.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError) as error:
        raise _damaged(path, "it is no zip file") from error
    return _listed(path, infos)


def _listed(path: Path, infos: Sequence[zipfile.ZipInfo]) -> Archive:
    """The files by their names as they are meant, and notes on what was made of them."""
    names, notes = _names(path, infos)
    members: dict[str, zipfile.ZipInfo] = {}
    outside, twice = [], []
    for name, info in zip(names, infos, strict=True):
        parts = PurePosixPath(name).parts
        if info.is_dir() or name.endswith("/"):
            continue
        if ".." in parts or name.startswith("/") or name[1:3] == ":/":
            outside.append(name)
        elif any(is_litter(part) for part in parts):
            continue
        elif name in members:
            twice.append(name)
        else:
            members[name] = info
    if outside:
        notes.append(LeftOut(f"{counted(len(outside), 'file')} in {path.name} {_OUTSIDE}: {listed(outside)}."))
    if twice:
        which = listed(list(dict.fromkeys(twice)))
        notes.append(LeftOut(f"{counted(len(twice), 'file')} in {path.name} {_TWICE}: {which}."))
    return Archive(path, members, tuple(notes))


def _names(path: Path, infos: Sequence[zipfile.ZipInfo]) -> tuple[list[str], list[str]]:
    """The names with "/" between folders, and as letters of what they are; notes on what was guessed.

    Windows' Explorer writes names in the code page of its country and does not say which; .NET before 4.6.1 writes
    backslashes; others write UTF-8 without saying so. zipfile takes what says nothing for CP437.
    """
    notes = []
    names = [info.filename for info in infos]
    mute = [row for row, info in enumerate(infos) if not info.flag_bits & _UTF8 and not names[row].isascii()]
    if mute:
        raw = [names[row].encode("cp437") for row in mute]
        try:
            decoded = [each.decode("utf-8") for each in raw]
        except UnicodeDecodeError:
            found = decode_code_page(b"\n".join(raw))
            decoded = found[0].split("\n") if found else [names[row] for row in mute]
            read_as = found[1] if found else "letters of old PCs (CP437), and may be wrong"
            notes.append(f"{counted(len(mute), 'name')} in {path.name} read as {read_as}: {listed(decoded, 2)}.")
        for row, name in zip(mute, decoded, strict=True):
            names[row] = name
    slashed = [name.replace("\\", "/") for name in names]
    if slashed != names and not any("/" in name for name in names):
        changed = sum(one != other for one, other in zip(names, slashed, strict=True))
        notes.append(f"{counted(changed, 'name')} in {path.name} with backslashes between folders.")
        names = slashed
    return names, notes


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path} is damaged: {what}.", "Copy or download it again.")
