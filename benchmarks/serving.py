"""A full server while it casts: how long 200 answers at once take, what 100 followers are sent, and memory.

Lists, casts, and ranges of a video are asked for over connections of their own, each from its first byte to its last.
"""

import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench import ROOT, Bench, BenchError
from tables import Claim, Section, Table

sys.path.append(str(ROOT / "tests"))  # where the tests' server and their made-up casts are

from closeup.server.premises import Doors, Premises
from server.served import Served
from server.studio_casts import add_cast, add_film, crowd

AT_ONCE, ROUNDS, FOLLOWERS, SESSIONS = 200, 10, 100, 20
CASTS, PEOPLE = 40, 40
PAUSE_S = 2.5
"""Between rounds: a server answers 100 requests a second of one address, and 1000 at once after a pause."""

P99_S = 0.3
"""What 99 of 100 lists have to be given in."""

GROWTH_MB = 20
"""What a process may grow by once it has answered everything once."""


def measure(bench: Bench) -> Section:
    """Fill a server, let it cast, and ask."""
    with tempfile.TemporaryDirectory(prefix="closeup-bench-") as folder:
        film, cast, cookies = _filled(Path(folder))
        server = Served(Path(folder) / "data")
        try:
            return asyncio.run(_measured(bench, server, film, cast, cookies))
        finally:
            server.end()


def _filled(folder: Path) -> tuple[str, str, list[str]]:
    """A folder of a server with casts; gives the address of their film, the id of one cast, and cookies of sessions."""
    place = Premises(folder / "data", Doors(frozenset(), frozenset()))
    media, path = add_film(place, folder / "interview.mp4")
    result = crowd(PEOPLE, path)
    casts = [add_cast(place, result, (media,)) for _ in range(CASTS)]
    secrets = [place.access.make("a browser", "session", ["read"])[1] for _ in range(SESSIONS)]
    place.close()
    return f"/media/{media}/interview.mp4", casts[0], [f"closeup_session={each}" for each in secrets]


async def _measured(bench: Bench, server: Served, film: str, cast: str, cookies: Sequence[str]) -> Section:
    lists, others = ("/media", "/casts", "/jobs"), (f"/casts/{cast}", film)
    paths = [*lists, *others]
    rounds = 2 if bench.quick else ROUNDS
    await _round(server, paths, len(paths), cookies)
    video = _brought(server, bench.clips / "talk_d12.mp4")
    _asked(server, "cast", {"video": video, "options": {"detect_fps": 30.0}})
    resting_mb = _resident_mb(server.process.pid)
    taken: dict[str, list[float]] = {path: [] for path in paths}
    failed, used_s = 0, 0.0
    for _ in range(rounds):
        states = [job["state"] for job in json.loads(server.ask("GET", "/jobs?work=cast&limit=1")[2])["items"]]
        if states not in (["running"], ["waiting"]):
            _asked(server, "cast", {"video": video, "options": {"detect_fps": 30.0}})
        before_s = _processor_s(server.process.pid)
        answers = await _round(server, paths, AT_ONCE, cookies)
        used_s += _processor_s(server.process.pid) - before_s
        for path, status, took_s in answers:
            failed += status not in (200, 206)
            taken[path].append(took_s)
        await asyncio.sleep(PAUSE_S)
    grown_mb = _resident_mb(server.process.pid) - resting_mb
    heard, within_s = await _followed(server, 10 if bench.quick else FOLLOWERS)
    rows = [
        (_called(path, cast), len(each), *(_ms(each, share) for share in (50, 95, 99, 100)))
        for path, each in taken.items()
    ]
    of_lists = [each for path in lists for each in taken[path]]
    note = (
        f"{AT_ONCE} requests at once, {rounds} times, over a connection each, while the server's worker casts a video; "
        f"it and the asking process, which has {len(cookies)} sessions, run on the same cores. The library "
        f"has {CASTS} casts of {PEOPLE} people. "
        f"The server used {1000 * used_s / (AT_ONCE * rounds):.2f} ms of the processor a request. "
        "Milliseconds from the connection to the last byte."
    )
    tables = (
        Table("Answers at once", ("what", "answers", "median", "95 %", "99 %", "longest"), tuple(rows), note),
        Table(
            "Followers and memory",
            ("followers", "that saw the job end", "the last after (s)", "the server grew by (MB)"),
            ((10 if bench.quick else FOLLOWERS, heard, round(within_s, 2), round(grown_mb, 1)),),
        ),
    )
    claims = (
        Claim("no request fails", failed == 0),
        Claim(f"99 of 100 lists take less than {P99_S * 1000:.0f} ms", _ms(of_lists, 99) < P99_S * 1000),
        Claim("every follower sees the job end", heard == (10 if bench.quick else FOLLOWERS)),
        Claim(f"the server grows by less than {GROWTH_MB} MB", grown_mb < GROWTH_MB),
    )
    return Section("A server at work", tables, claims)


def _called(path: str, cast: str) -> str:
    return {f"/casts/{cast}": "a cast"}.get(path, "64 kB of a video" if path.endswith(".mp4") else path)


def _ms(times_s: Sequence[float], share: int) -> int:
    return round(float(np.percentile(times_s, share)) * 1000)


async def _round(
    server: Served, paths: Sequence[str], count: int, cookies: Sequence[str]
) -> list[tuple[str, int, float]]:
    """Ask for so many at once, each session for each path; gives the path, the status and the time of each."""
    asked = [(paths[number % len(paths)], cookies[number // len(paths) % len(cookies)]) for number in range(count)]
    return await asyncio.gather(*(_answer(server, path, cookie) for path, cookie in asked))


async def _answer(server: Served, path: str, cookie: str) -> tuple[str, int, float]:
    began_s = time.perf_counter()
    head = "range: bytes=0-65535\r\n" if path.endswith(".mp4") else ""
    reader, writer = await _opened(server, path, cookie, head)
    content = await reader.read()
    writer.close()
    return path, int(content[9:12]), time.perf_counter() - began_s


async def _opened(
    server: Served, path: str, cookie: str, head: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    heads = f"host: 127.0.0.1:{server.port}\r\ncookie: {cookie}\r\nconnection: close\r\n{head}"
    writer.write(f"GET {path} HTTP/1.1\r\n{heads}\r\n".encode())
    return reader, writer


async def _followed(server: Served, count: int) -> tuple[int, float]:
    """How many of so many followers saw a new job end, and how long after it was asked for the last did."""
    opened = await asyncio.gather(*(_opened(server, "/events", server.cookie) for _ in range(count)))
    for reader, _ in opened:
        await reader.readuntil(b"retry: 2000")
    began_s = time.perf_counter()
    text = await asyncio.to_thread(_brought, server, None)
    job = await asyncio.to_thread(_asked, server, "headline", {"text": text})

    async def saw(reader: asyncio.StreamReader) -> float | None:
        while line := await asyncio.wait_for(reader.readline(), 180):
            if line.startswith(b"data: ") and json.loads(line[6:])["id"] == job and b'"done"' in line:
                return time.perf_counter() - began_s
        return None

    found = await asyncio.gather(*(saw(reader) for reader, _ in opened), return_exceptions=True)
    for _, writer in opened:
        writer.close()
    times_s = [each for each in found if isinstance(each, float)]
    return len(times_s), max(times_s, default=0.0)


def _brought(server: Served, path: Path | None) -> str:
    """Upload a video, or a text where there is none; gives its id."""
    content = (
        path.read_bytes() if path else b"The council met on Monday. It voted to close the old bridge for two years."
    )
    name = "filename " + base64.b64encode((path.name if path else "a.txt").encode()).decode()
    status, headers, said = server.ask("POST", "/uploads", upload_length=str(len(content)), upload_metadata=name)
    if status != 201:
        raise BenchError(f"the server takes no upload: {said!r}")
    kind = {"upload_offset": "0", "content_type": "application/offset+octet-stream"}
    server.ask("PATCH", headers["location"], content, **kind)
    return str(headers["location"].rpartition("/")[2])


def _asked(server: Served, work: str, given: dict[str, object]) -> str:
    status, _, said = server.ask("POST", f"/jobs/{work}", json.dumps(given).encode())
    if status != 201:
        raise BenchError(f"the server takes no {work}: {said!r}")
    return str(json.loads(said)["id"])


def _processor_s(pid: int) -> float:
    used = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000
