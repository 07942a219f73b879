"""kill -9 of the server, its worker, a job's process and the database, in mid upload, cast, shorts and enrolment.

After each kill the work has to end as if nothing had been: whole, once, with nothing else left on the disk.
"""

import base64
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from bench import ROOT, Bench, BenchError
from tables import Claim, Section, Table

sys.path.append(str(ROOT / "tests"))  # where the tests' server, PostgreSQL and portrait are

from closeup.media.image import encode_png
from postgres_server import NoServerError, postgres_server
from server.served import Served
from stills import astronaut

TIMES = 12
"""Kills with each database."""

DOES = {"upload": 1.0, "cast": 9.0, "shorts": 12.0, "enrol": 5.0}
"""What goes on, and within how many seconds of it the kill comes, at a random moment."""

BLOCK_BYTES = 1 << 15
WAIT_S = 400.0
OPTIONS = {"count": 1, "min_length_s": 2, "max_length_s": 4, "height": 320}


def measure(bench: Bench) -> Section:
    """Kill at random moments, with SQLite and with PostgreSQL."""
    rows, faults, times = [], list[str](), 4 if bench.quick else TIMES
    for name in ("SQLite", "PostgreSQL"):
        with _database(name), tempfile.TemporaryDirectory(prefix="closeup-bench-") as folder:
            victims = ["server", "worker", "job's process"] + (["database"] if name == "PostgreSQL" else [])
            for what, victim, kills, found in _rounds(Served(Path(folder) / "data"), bench, victims, times):
                rows.append((name, what, victim, kills, "; ".join(found) or "whole"))
                faults += found
    note = (
        "Each kill (SIGKILL) comes at a random moment; a server is started again, all else has to come back by itself. "
        "The database is killed by one of its processes, upon which PostgreSQL throws all out and recovers."
    )
    columns = ("database", "in the midst of", "killed", "times", "what was found afterwards")
    claim = Claim("all work ends whole, once, and leaves nothing else behind", not faults)
    return Section("Kills", (Table("Killed at random moments", columns, tuple(rows), note),), (claim,))


@contextmanager
def _database(name: str) -> Iterator[None]:
    before = os.environ.pop("CLOSEUP_DATABASE_URL", None)
    try:
        if name == "PostgreSQL":
            with postgres_server(("fsync=on",)) as url:
                os.environ["CLOSEUP_DATABASE_URL"] = url
                yield
        else:
            with tempfile.TemporaryDirectory(prefix="closeup-bench-") as folder:
                os.environ["CLOSEUP_DATABASE_URL"] = f"sqlite:///{folder}/gallery.db"
                yield
    except NoServerError as error:
        raise BenchError(f"there is no PostgreSQL: {error}") from error
    finally:
        os.environ.pop("CLOSEUP_DATABASE_URL", None)
        if before is not None:
            os.environ["CLOSEUP_DATABASE_URL"] = before


def _rounds(server: Served, bench: Bench, victims: list[str], times: int) -> Iterator[tuple[str, str, int, list[str]]]:
    """Kill so often; gives for each kind of work and victim how often, and what was wrong then."""
    rng, done = random.Random(0), dict[tuple[str, str], list[list[str]]]()
    film = bench.clips / "talk_d18.mp4"
    try:
        video = upload(server, film.name, film.read_bytes())
        photo = upload(server, "a.png", encode_png(astronaut()))
        cast = _job(server, "cast", {"video": video})
        _ended(server, cast)
        person = json.loads(server.ask("GET", f"/casts/{cast}")[2])["people"][0]["id"]
        given: Mapping[str, dict[str, Any]] = {
            "cast": {"video": video},
            "shorts": {"cast_folder": cast, "person": person, "options": OPTIONS},
            "enrol": {"name": "Ada", "photos": [photo], "options": {}},
        }
        work_of = [list(DOES)[number % len(DOES)] for number in range(times)]
        order = [(what, victims[(n + n // len(DOES)) % len(victims)]) for n, what in enumerate(work_of)]
        for what, victim in order:
            wait_s = rng.uniform(0, DOES[what])
            if what == "upload":
                found = _while_uploading(server, rng.randbytes(4_000_000), partial(_kill, server, victim, wait_s, rng))
            else:
                work = "gallery.enrol" if what == "enrol" else what
                job = _job(server, work, given[what])
                _kill(server, victim, wait_s, rng)
                found = _ended(server, job) or _judged(server, what, job)
            done.setdefault((what, victim), []).append([*found, *_left_over(server)])
    finally:
        server.end()
    for (what, victim), found in done.items():
        yield what, victim, len(found), [each for one in found for each in one]


def _kill(server: Served, victim: str, wait_s: float, rng: random.Random) -> None:
    """Kill it after a while; start the server again where it was that."""
    time.sleep(wait_s)
    if victim == "server":
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.start()
        return
    marks = {"worker": "closeup\0worker", "job's process": "closeup.jobs.child", "database": "postgres: postgres"}
    until_s = time.monotonic() + 10
    while not (found := _processes(server, marks[victim])) and time.monotonic() < until_s:
        time.sleep(0.02)
    if found:  # a job may have ended by then
        with suppress(ProcessLookupError):
            os.kill(rng.choice(found), signal.SIGKILL)


def _processes(server: Served, mark: str) -> list[int]:
    """Processes by what they were started as: those of this server, and of this run's PostgreSQL."""
    ours = str(server.data) if "postgres" not in mark and "child" not in mark else ""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            said = (path / "cmdline").read_text(errors="replace")
            if mark in said and ours in said and _descends(int(path.name), server):
                found.append(int(path.name))
    return found


def _descends(pid: int, server: Served) -> bool:
    """Whether a process is the server's or this one's child, at any remove."""
    while pid > 1:
        if pid in (server.process.pid, os.getpid()):
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def _patiently(server: Served, method: str, path: str, body: bytes = b"", **heads: str) -> tuple[int, Any, bytes]:
    """An answer, asked for again while the server is not there, or its database is not."""
    until_s = time.monotonic() + WAIT_S
    while True:
        with suppress(OSError, HTTPException):
            answer = server.ask(method, path, body, **heads)
            if answer[0] < 500:
                return answer
        if time.monotonic() > until_s:
            raise BenchError(f"{method} {path} is not answered any more")
        time.sleep(0.3)


def upload(server: Served, name: str, content: bytes) -> str:
    """Bring a file in small blocks, going on wherever a cut has left it; gives its id."""
    about = "filename " + base64.b64encode(name.encode()).decode()
    _, headers, _ = _patiently(server, "POST", "/uploads", upload_length=str(len(content)), upload_metadata=about)
    where, at = headers["location"], 0
    while at < len(content):
        kind = {"upload_offset": str(at), "content_type": "application/offset+octet-stream"}
        _patiently(server, "PATCH", where, content[at : at + BLOCK_BYTES], **kind)
        at = int(_patiently(server, "HEAD", where)[1]["upload-offset"])
    return str(where.rpartition("/")[2])


def _while_uploading(server: Served, noise: bytes, kill: Callable[[], None]) -> list[str]:
    """Upload a picture that is followed by noise, kill, and compare what is there in the end."""
    content, ids = encode_png(astronaut()) + noise, list[str]()
    sender = threading.Thread(target=lambda: ids.append(upload(server, "n.png", content)))
    sender.start()
    kill()
    sender.join(WAIT_S)
    if not ids:
        return ["the upload did not end"]
    same = _patiently(server, "GET", f"/media/{ids[0]}/n.png")[2] == content
    _patiently(server, "DELETE", f"/media/{ids[0]}")
    return [] if same else ["the upload is not what was sent"]


def _job(server: Served, work: str, given: Mapping[str, Any]) -> str:
    status, _, said = _patiently(server, "POST", f"/jobs/{work}", json.dumps(given).encode())
    if status != 201:
        raise BenchError(f"the server takes no {work}: {said!r}")
    return str(json.loads(said)["id"])


def _ended(server: Served, job: str) -> list[str]:
    until_s = time.monotonic() + WAIT_S
    while True:
        record = json.loads(_patiently(server, "GET", f"/jobs/{job}")[2])
        if record["state"] == "done":
            return []
        if record["state"] in ("failed", "cancelled") or time.monotonic() > until_s:
            return [f"{record['work']} {record['state']}: {record['error']}"]
        time.sleep(0.5)


def _judged(server: Served, what: str, job: str) -> list[str]:
    """What is wrong with a job's result, which is deleted thereafter, so that the next one begins alike."""
    found = []
    if what == "enrol":
        people = json.loads(_patiently(server, "GET", "/gallery")[2])["items"]
        if [(each["name"], each["templates"]) for each in people] != [("Ada", 1)]:
            found.append(f"enrolled: {people}")
        for each in people:
            _patiently(server, "DELETE", f"/gallery/{each['id']}")
    else:
        names = {
            each["name"]: each["bytes"] for each in json.loads(_patiently(server, "GET", f"/results/{job}")[2])["items"]
        }
        needed = "cast/cast.json" if what == "cast" else "shorts/plan.json"
        if needed not in names or not all(names.values()):
            found.append(f"the {what} is not whole: {sorted(names)}")
        if what == "shorts" and not any(name.endswith(".mp4") for name in names):
            found.append("there is no short")
    _patiently(server, "DELETE", f"/jobs/{job}")
    return found


def _left_over(server: Served) -> list[str]:
    """Folders of results and media that no row knows."""
    jobs = {each["id"] for each in json.loads(_patiently(server, "GET", "/jobs?limit=500")[2])["items"]}
    media = {each["id"] for each in json.loads(_patiently(server, "GET", "/media?limit=500")[2])["items"]}
    results = {path.name for path in (server.data / "results").glob("*") if any(path.iterdir())}
    strays = (results - jobs) | ({path.name for path in (server.data / "media").glob("*")} - media)
    return [f"{len(strays)} folders that no row knows"] if strays else []
