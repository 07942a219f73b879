"""Zip files read in place: by many threads, by processes that share nothing, and never unpacked to disk."""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from closeup.core.errors import InputError
from closeup.media.files import require_file, unreadable

MAX_MEMBER_BYTES = 512 * 1024 * 1024
"""A file inside a zip above this is not read: no picture or table is so large, but a trap can be."""

_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Archive:
    """The directory of a zip file; holds no open file, so it may go to other threads and processes.

    Attributes:
        path: The zip file.
        members: Its files by name, folders and what macOS adds left out.
    """

    path: Path
    members: dict[str, zipfile.ZipInfo]

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
            members = {info.filename: info for info in whole.infolist() if not _is_litter(info)}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError) as error:
        raise _damaged(path, "it is no zip file") from error
    return Archive(path, members)


def _is_litter(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or any(part == "__MACOSX" or part.startswith(".") for part in parts)


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path} is damaged: {what}.", "Copy or download it again.")
