"""A server as Python sees it: the same documents that its endpoints take and give, over the standard library's HTTP."""

import base64
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from closeup.core.errors import CloseupError, FormatError, InputError
from closeup.core.whole import output_error, part_prefix
from closeup.documents.form import Form, one_line, parse_json
from closeup.documents.gallery import PERSON, STANDING, IdentityRecord, Standing
from closeup.documents.jobs import ENDED, JOB, JobRecord
from closeup.documents.server import (
    CAST_SUMMARY,
    CAST_VIEW,
    MEDIA,
    PEOPLE_CHANGES,
    RECEIPT,
    SAID,
    STORED_FILE,
    CastSummary,
    CastView,
    DeletionReceipt,
    MediaRecord,
    PeopleChange,
    PeopleChanges,
    StoredFile,
)
from closeup.documents.suggestions import SUGGESTION, Suggestion

BLOCK_BYTES = 8 << 20
"""An upload goes in requests of this size: after a cut no more than one of them is sent again."""

TRIES = 5
"""An upload that is cut goes on so often."""

LOOK_S = 0.5

T = TypeVar("T")


class Client:
    """A server that is spoken to by a token; what it refuses is raised in its own words."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 60.0) -> None:
        """Make a client; nothing is asked yet.

        Args:
            url: As the server is reached, "http://127.0.0.1:8460".
            token: As the server gave it, "clo_...".
            timeout_s: For so long an answer may be waited for.

        Raises:
            InputError: If the address is none of a server.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"{url} is no address of a server.", "Give http:// or https://, a name and perhaps a port."
            )
        self.url = url.rstrip("/")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._place, self._prefix, self._timeout_s = parts.netloc, parts.path.rstrip("/"), timeout_s
        self._token = token

    # Media

    def upload(self, path: Path | str, *, sent: Callable[[int, int], None] | None = None) -> MediaRecord:
        """Upload a video, a photo, a zip file of photos, or captions; goes on where a cut connection ended.

        Args:
            sent: Is called with the bytes that have arrived, and all.

        Raises:
            InputError: If the file cannot be read, or the server refuses it.
        """
        path = Path(path)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
        name = "filename " + base64.b64encode(path.name.encode("utf-8", "replace")).decode()
        with self._asked("POST", "/uploads", headers={"Upload-Length": str(size), "Upload-Metadata": name}) as begun:
            where = str(begun.headers["location"])
        at, tries = 0, 0
        while at < size:
            try:
                at = self._send(path, where, at)
            except ConnectionError:
                tries += 1
                if tries >= TRIES:
                    raise _unreached(self.url) from None
                time.sleep(LOOK_S * tries)
                with self._asked("HEAD", where) as answer:
                    at = int(answer.headers["upload-offset"])
            if sent is not None:
                sent(at, size)
        return self.medium(where.rpartition("/")[2])

    def _send(self, path: Path, where: str, at: int) -> int:
        try:
            with path.open("rb") as file:
                file.seek(at)
                block = file.read(BLOCK_BYTES)
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
        heads = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        with self._asked("PATCH", where, block, heads) as answer:
            return int(answer.headers["upload-offset"])

    def medium(self, media_id: str) -> MediaRecord:
        """What is known of a medium, also while it arrives."""
        return self._one(MEDIA, "GET", f"/media/{media_id}")

    def media(self) -> tuple[MediaRecord, ...]:
        """All media, newest first."""
        found = list[MediaRecord]()
        while True:
            page = self._items(MEDIA, "/media", limit=500, before=found[-1].id if found else None)
            found += page
            if len(page) < 500:
                return tuple(found)

    def delete_medium(self, media_id: str) -> DeletionReceipt:
        """Delete a medium and all that was made from it."""
        return self._one(RECEIPT, "DELETE", f"/media/{media_id}")

    # Jobs

    def submit(self, work: str, *, priority: int = 0, **given: Any) -> JobRecord:
        """Ask for work: `submit("cast", video=medium.id, options={"detect_fps": 3.0})`.

        Args:
            work: As the server's page /docs lists them after /jobs/.
            priority: Higher ones are done first, -10 to 10.
            given: What the work takes: ids of media and results, and options.
        """
        return self._one(JOB, "POST", f"/jobs/{quote(work)}?priority={priority}", given)

    def job(self, job_id: str) -> JobRecord:
        """How a job stands."""
        return self._one(JOB, "GET", f"/jobs/{job_id}")

    def jobs(self, *, limit: int = 100) -> tuple[JobRecord, ...]:
        """The newest jobs."""
        return self._items(JOB, "/jobs", limit=limit)

    def wait(
        self, job: JobRecord, *, progress: Callable[[JobRecord], None] | None = None, timeout_s: float | None = None
    ) -> JobRecord:
        """Wait until a job has ended, and give it.

        Args:
            progress: Is called with the job each time that it has changed.

        Raises:
            InputError: If it failed, in its own words, or was cancelled, or did not end in time.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while job.state not in ENDED:
            if until_s is not None and time.monotonic() > until_s:
                raise InputError(f"{job.work} {job.id} has not ended after {timeout_s:g} s.", code="job.slow")
            time.sleep(LOOK_S)
            last, job = job, self.job(job.id)
            if progress is not None and job.changed != last.changed:
                progress(job)
        if job.error is not None:
            raise InputError(job.error.error, job.error.hint, code=job.error.code)
        if job.state == "cancelled":
            raise InputError(f"{job.work} {job.id} was cancelled.", code="job.cancelled")
        return job

    def cancel(self, job_id: str) -> JobRecord:
        """Ask a job to stop."""
        return self._one(JOB, "POST", f"/jobs/{job_id}/cancel")

    def retry(self, job_id: str) -> JobRecord:
        """Ask for the same as a job that has ended, as a new job."""
        return self._one(JOB, "POST", f"/jobs/{job_id}/retry")

    def delete_job(self, job_id: str) -> DeletionReceipt:
        """Delete a job that has ended, with its results and what was made from them."""
        return self._one(RECEIPT, "DELETE", f"/jobs/{job_id}")

    # Casts

    def casts(self) -> tuple[CastSummary, ...]:
        """The newest casts."""
        return self._items(CAST_SUMMARY, "/casts", limit=500)

    def cast(self, cast_id: str) -> CastView:
        """Who is in a cast; its id is that of the job that made it."""
        return self._one(CAST_VIEW, "GET", f"/casts/{cast_id}")

    def questions(self, cast_id: str) -> tuple[Suggestion, ...]:
        """Who may be one person after all."""
        return self._items(SUGGESTION, f"/casts/{cast_id}/questions")

    def change(self, cast_id: str, *changes: PeopleChange, preview: bool = False) -> str:
        """Correct a cast, all of it or nothing; gives what was done in sentences.

        Args:
            preview: Only say what would be done.
        """
        data = PEOPLE_CHANGES.to_data(PeopleChanges(changes))
        return self._one(SAID, "POST", f"/casts/{cast_id}/changes?preview={str(preview).lower()}", data).said

    def undo(self, cast_id: str, number: int | None = None) -> str:
        """Take back a change, by its number in `CastView.edits` or the last one."""
        return self._one(SAID, "POST", f"/casts/{cast_id}/undo{_query(number=number)}").said

    def redo(self, cast_id: str, number: int | None = None) -> str:
        """Make a change again, by its number in `CastView.undone` or the last one."""
        return self._one(SAID, "POST", f"/casts/{cast_id}/redo{_query(number=number)}").said

    # Results and the gallery

    def results(self, job_id: str) -> tuple[StoredFile, ...]:
        """The files of a job's results."""
        return self._items(STORED_FILE, f"/results/{job_id}")

    def download(self, job_id: str, name: str, target: Path | str) -> Path:
        """Write a file of a job's results to `target`, whole or not at all.

        Raises:
            OutputError: If it cannot be written.
        """
        target = Path(target)
        part = target.with_name(f"{part_prefix(target)}{uuid4().hex[:8]}.part")
        with self._asked("GET", f"/results/{job_id}/{quote(name)}") as answer:
            try:
                with part.open("xb") as file:
                    shutil.copyfileobj(answer, file, 1 << 20)
                part.replace(target)
            except HTTPException as error:
                raise _unreached(self.url) from error
            except OSError as error:
                raise output_error(target, error) from error
            finally:
                part.unlink(missing_ok=True)
        return target

    def people(self) -> tuple[IdentityRecord, ...]:
        """Who is enrolled, by name."""
        return self._items(PERSON, "/gallery")

    def standing(self, person_id: str) -> Standing:
        """What there is of somebody who is enrolled."""
        return self._one(STANDING, "GET", f"/gallery/{person_id}")

    def delete_person(self, person_id: str) -> IdentityRecord:
        """Remove every trace of somebody from the gallery."""
        return self._one(PERSON, "DELETE", f"/gallery/{person_id}")

    # The wire

    def _one(self, form: Form[T], method: str, path: str, given: Mapping[str, Any] | None = None) -> T:
        body = b"" if given is None else one_line(given).encode()
        with self._asked(method, path, body, {"Content-Type": "application/json"}) as answer:
            return form.decode(answer.read(), "The answer")

    def _items(self, form: Form[T], path: str, **query: Any) -> tuple[T, ...]:
        with self._asked("GET", path + _query(**query)) as answer:
            items = parse_json(answer.read()).get("items")
        if not isinstance(items, list):
            raise FormatError("The answer has no items.")
        return tuple(form.from_data(each) for each in items)

    @contextmanager
    def _asked(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Iterator[HTTPResponse]:
        """An answer that is not a refusal; a connection that is cut raises ConnectionError in uploads alone."""
        connection = self._connect(self._place, timeout=self._timeout_s)
        try:
            heads = {"Authorization": f"Bearer {self._token}", "Tus-Resumable": "1.0.0", **(headers or {})}
            try:
                connection.request(method, self._prefix + path, body, heads)
                answer = connection.getresponse()
            except (OSError, HTTPException) as error:
                if method == "PATCH":
                    raise ConnectionError from error
                raise _unreached(self.url) from error
            if answer.status >= 400:
                raise _refused(answer)
            yield answer
        finally:
            connection.close()


def _query(**values: Any) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _unreached(url: str) -> CloseupError:
    return InputError(f"No server answers at {url}.", "Start it, or give its address.", code="server.unreached")


def _refused(answer: HTTPResponse) -> CloseupError:
    try:
        said = parse_json(answer.read())
        return InputError(said["error"], said["hint"], code=said["code"], status=answer.status)
    except (CloseupError, KeyError, TypeError):
        return InputError(f"The server answers {answer.status}.", code="server.http", status=answer.status)
