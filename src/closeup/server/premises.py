"""What a server has: its folder, its rows, and the gallery."""

import ipaddress
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from closeup.core.errors import InputError
from closeup.documents.jobs import JobRecord
from closeup.documents.server import MediaRecord
from closeup.storage.access import AccessStore
from closeup.storage.gallery import GalleryStore, open_gallery
from closeup.storage.jobs import JobStore
from closeup.storage.media import MediaStore
from closeup.storage.server import open_server

RESULTS = "results"

SPARE_BYTES = 500_000_000
"""So much of the disk is left free by uploads: work needs room too."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may knock, and how.

    Attributes:
        hosts: What requests may be addressed to, host and port as browsers write them.
        origins: Whose pages may change something, "http://127.0.0.1:8460".
        secure: Whether browsers reach the server by https, so that they keep the cookie to that.
        quota_bytes: How much may be uploaded in all.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    secure: bool = False
    quota_bytes: int = 100_000_000_000


class Premises:
    """The folder of a server and all that it keeps; threads may share it."""

    def __init__(self, data: Path, doors: Doors, runs: Path | None = None) -> None:
        """Open the folder, and make it and its tables where they are missing.

        Args:
            runs: Folder of the workbench's runs and audits that may be looked at; None for none.

        Raises:
            CloseupError: If it cannot be written, or its database cannot be used.
        """
        self.data, self.doors = data.absolute(), doors
        self.runs = None if runs is None else runs.absolute()
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = open_server(self.data)
        self.jobs, self.access = JobStore(database), AccessStore(database)
        self.media = MediaStore(database, self.data / "media")
        self._database = database

    @cached_property
    def gallery(self) -> GalleryStore:
        """The gallery that the settings name: the same as that of the command line."""
        return open_gallery()

    def close(self) -> None:
        """Let go of the databases."""
        self._database.engine.dispose()
        if "gallery" in self.__dict__:
            self.gallery.close()

    def results_of(self, job: JobRecord) -> Path:
        """The folder that a job ran in."""
        return self.data / RESULTS / job.id

    def submit(
        self, work: str, arguments: Mapping[str, Any], uses: Collection[str], *, asked_by: str | None, priority: int = 0
    ) -> JobRecord:
        """Ask for work, in a folder of its own; paths in `arguments` are read from there (`to_medium`, `to_result`)."""
        number = uuid4().hex
        how: dict[str, Any] = {"job_id": number, "folder": f"{RESULTS}/{number}", "priority": priority}
        return self.jobs.submit(work, arguments, uses=uses, asked_by=asked_by, **how)

    def medium(self, media_id: str, kinds: Collection[str] = ()) -> tuple[MediaRecord, Path]:
        """A medium that is there, and its file.

        Raises:
            InputError: If there is none of that id, or it has not arrived yet, or is of none of these kinds.
        """
        found = self.media.find(media_id)
        if found is None or found[0].kind is None:
            raise absent("There is no such medium.")
        if kinds and found[0].kind not in kinds:
            raise InputError(f"{found[0].name} is not {' or '.join(sorted(kinds))}, but {found[0].kind}.")
        return found

    def job(self, job_id: str, works: Collection[str] = ()) -> JobRecord:
        """A job; with `works` one of these that is done.

        Raises:
            InputError: If there is none.
        """
        job = self.jobs.find(job_id)
        if job is None or (works and (job.work not in works or job.state != "done")):
            raise absent("There is no such job." if not works else "There is no such result.")
        return job

    def free_bytes(self) -> int:
        """What may still be uploaded, by quota and by disk."""
        left = self.doors.quota_bytes - self.media.taken_bytes()
        return min(left, shutil.disk_usage(self.data).free - SPARE_BYTES)


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def to_medium(record: MediaRecord) -> str:
    """The path of a medium, from the folder of a job: results name their sources by it, and no folder of this disk."""
    return f"../../media/{record.id}/{record.name}"


def to_result(job: JobRecord, name: str) -> str:
    """The path of a job's result, from the folder of another."""
    return f"../{job.id}/{name}"


def absent(message: str) -> InputError:
    """The error of what is not there, or not for whom asks: guessing ids tells nothing."""
    return InputError(message, code="server.absent", status=404)
