"""Webhooks: addresses, named when the server is started and by nobody else, that are told when a job has ended.

What is sent holds ids and no names, and is signed as https://www.standardwebhooks.com says: who has the key can tell
that it comes from this server, and when it was sent. Redirections are not followed.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from closeup.core.errors import InputError, StorageError
from closeup.documents.form import ascii_json
from closeup.documents.jobs import ENDED, JobRecord
from closeup.server.premises import Premises, is_loopback

_LOG = logging.getLogger("closeup.server")

KEY_FILE = "webhook.key"
LOOK_S = 1.0
TRIES_S = (0.0, 2.0, 10.0, 60.0)
"""It is sent again after these pauses where the address does not answer with success, and then given up."""

ANSWER_S = 10.0


def checked_address(url: str) -> str:
    """An address of a webhook.

    Raises:
        InputError: If it is none, or others could read on the way what is sent to it.
    """
    parts = urlsplit(url)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or "@" in parts.netloc or not (parts.scheme == "https" or plain):
        raise InputError(f"{url} is no address of a webhook.", "Give https://, or http:// of this machine.")
    return url


def webhook_key(data: Path) -> str:
    """The key of a server's webhooks, "whsec_..."; made at first, in a file that only its owner reads."""
    path = data / KEY_FILE
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return path.read_text(encoding="ascii").strip()


def signature(key: str, number: str, at_s: int, content: bytes) -> str:
    """What `webhook-signature` has to be."""
    signed = f"{number}.{at_s}.".encode() + content
    secret = base64.b64decode(key.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


class Webhooks:
    """Tells addresses of jobs that end while the server runs."""

    def __init__(self, place: Premises, urls: Sequence[str]) -> None:
        self._place, self._urls = place, tuple(map(checked_address, urls))
        self._key = webhook_key(place.data) if urls else ""
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look for jobs that have ended until cancelled."""
        count = await asyncio.to_thread(self._place.jobs.changes)
        while self._urls:
            await asyncio.sleep(LOOK_S)
            with suppress(StorageError):  # it is asked again
                for job in await asyncio.to_thread(self._place.jobs.changed_since, count):
                    count = job.changed
                    if job.state in ENDED and job.work != "media.thumbnail":
                        self._send(job)

    def _send(self, job: JobRecord) -> None:
        for url in self._urls:
            task = asyncio.create_task(self._told(url, job))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _told(self, url: str, job: JobRecord) -> None:
        ended = None if job.ended_at is None else job.ended_at.isoformat()
        code = None if job.error is None else job.error.code
        data = {"id": job.id, "work": job.work, "uses": job.uses, "state": job.state, "ended_at": ended, "code": code}
        content = ascii_json({"type": "job.ended", "data": data}).encode()
        for pause_s in TRIES_S:
            await asyncio.sleep(pause_s)
            if await asyncio.to_thread(send, url, self._key, f"{job.id}.{job.changed}", content):
                return
        _LOG.warning("%s was not told that %s has ended: it does not take it", urlsplit(url).hostname, job.id)


def send(url: str, key: str, number: str, content: bytes) -> bool:
    """Send a signed message once, and say whether it was taken."""
    parts, at_s = urlsplit(url), int(time.time())
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    heads = {
        "content-type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(key, number, at_s, content),
    }
    connection = kind(parts.netloc, timeout=ANSWER_S)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", content, heads)
        return 200 <= connection.getresponse().status < 300
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
