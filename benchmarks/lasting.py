"""A server that is asked for half an hour, over loopback: whether its memory and its worker's stay flat.

About five requests a second for lists, a cast, ranges of a video and thumbnails; followers come and go; a session is
kept. The loop is bounded: so many rounds, a fixed pause after each.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import Bench, BenchError
from server.served import Served
from serving import _answer, _filled, _opened, _processor_s, _resident_mb
from tables import Claim, Section, Table

MINUTES, A_ROUND_S, EVERY = 30, 1.0, 12
"""How long, how long a round of five requests takes, and after how many rounds a follower comes and goes."""

SETTLED, GROWTH_MB = 3, 8
"""Minutes until everything was asked for often, and what a process may grow by from then to the end."""


def measure(bench: Bench) -> Section:
    """Fill a server and ask it at an even pace."""
    minutes = 2 if bench.quick else MINUTES
    with tempfile.TemporaryDirectory(prefix="closeup-bench-") as folder:
        film, cast, cookies = _filled(Path(folder))
        server = Served(Path(folder) / "data")
        try:
            rows, failed, asked = asyncio.run(_asked(server, [film, f"/casts/{cast}"], cookies[0], minutes))
        finally:
            server.end()
    settled = rows[min(SETTLED, len(rows) - 1)]
    grown = tuple(last - first for last, first in zip(rows[-1][1:3], settled[1:3], strict=True))
    note = f"{asked} requests in {minutes} minutes, {failed} failed. Resident memory in MB of 10^6 bytes."
    shown = [row for row in rows if row[0] % 5 == 0 or row[0] in (1, SETTLED)]
    columns = ("minute", "server (MB)", "worker (MB)", "server's processor (s)")
    claims = (
        Claim("no request fails", failed == 0),
        Claim(f"server and worker grow by less than {GROWTH_MB} MB after minute {SETTLED}", max(grown) < GROWTH_MB),
    )
    return Section("Half an hour", (Table("Memory while it is asked", columns, tuple(shown), note),), claims)


async def _asked(
    server: Served, others: Sequence[str], cookie: str, minutes: int
) -> tuple[list[tuple[int, float, float, float]], int, int]:
    """Ask for so many minutes; gives memory by the minute, and how many answers failed of how many."""
    paths, failed, asked, rows = ["/media", "/casts", "/jobs", *others], 0, 0, [_row(server, 0)]
    for minute in range(1, minutes + 1):
        for number in range(round(60 / A_ROUND_S)):
            began_s = time.perf_counter()
            for path in paths:
                _, status, _ = await _answer(server, path, cookie)
                failed, asked = failed + (status not in (200, 206)), asked + 1
            if number % EVERY == 0:
                reader, writer = await _opened(server, "/events", cookie)
                await reader.readuntil(b"retry: 2000")
                writer.close()
            await asyncio.sleep(max(0.0, A_ROUND_S - (time.perf_counter() - began_s)))
        rows.append(_row(server, minute))
        print(*rows[-1], flush=True)
    return rows, failed, asked


def _row(server: Served, minute: int) -> tuple[int, float, float, float]:
    used_s = round(_processor_s(server.process.pid), 1)
    return minute, round(_resident_mb(server.process.pid), 1), round(_resident_mb(_worker_of(server)), 1), used_s


def _worker_of(server: Served) -> int:
    """The first child process of the server: its worker."""
    until_s = time.monotonic() + 60
    while True:
        tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
        if found := [pid for task in tasks for pid in task.read_text(encoding="ascii").split()]:
            return int(found[0])
        if time.monotonic() > until_s:
            raise BenchError("the server starts no worker")
        time.sleep(0.2)
