"""Searching a million templates: the gallery's exact search against a plain numpy product, half precision, and HNSW."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench import ROOT, Bench, BenchError, run_process
from closeup.storage.gallery import open_gallery
from synthetic_templates import DIMENSIONS, MODEL, People, fill_postgresql, fill_sqlite
from tables import Cell, Claim, Section, Table, spread

sys.path.append(str(ROOT / "tests"))  # where the tests' PostgreSQL is

from postgres_server import NoServerError, postgres_server

TEMPLATES, QUICK_TEMPLATES = 1_000_000, 50_000
HNSW_TEMPLATES = 200_000
"""A smaller gallery too, to see how the index grows; of a million it takes minutes to build."""

BATCH, NEIGHBOURS, REPEATS = 100, 10, 9
CANDIDATES = (100, 200, 400, 800)
SERVER = ("shared_buffers=4GB", "max_wal_size=8GB", "maintenance_work_mem=1GB")


@dataclass(frozen=True, slots=True)
class Ran:
    """One way to search, in a process of its own.

    Attributes:
        start_s: Until it can search, after Python has started.
        alone_s: Of queries one at a time.
        batch_s: Of all queries at once.
        peak_mb: The most memory that the process held.
        found: Ids of templates for each query, best first.
    """

    start_s: float
    alone_s: tuple[float, ...]
    batch_s: tuple[float, ...]
    peak_mb: float
    found: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What is searched: a folder with the vectors and the queries as .npy files, and how many there are."""

    bench: Bench
    folder: Path
    templates: int

    def run(self, way: str, **more: Any) -> Ran:
        """Run a way to search; the memory is that of its whole process."""
        given = {
            "way": way,
            "queries": str(self.folder / "queries.npy"),
            "vectors": str(self.folder / "vectors.npy"),
            "model": MODEL,
            "k": NEIGHBOURS,
            "repeats": REPEATS,
        }
        command = [sys.executable, str(Path(__file__).parent / "search_worker.py"), json.dumps(given | more)]
        done = run_process(command, self.bench.environment())
        if done.code:
            raise BenchError(f"searching by {way} failed:\n{done.errors}")
        told = json.loads(done.output)
        found = tuple(tuple(rows) for rows in told["found"])
        return Ran(told["start_s"], tuple(told["alone_s"]), tuple(told["batch_s"]), told["peak_mb"], found)


def measure(bench: Bench) -> Section:
    """Store synthetic templates, and search them in every way."""
    count = QUICK_TEMPLATES if bench.quick else TEMPLATES
    with _made(bench, count) as given:
        sqlite = f"sqlite:///{given.folder / 'gallery.db'}"
        stored = _stored("SQLite", lambda: _fill_sqlite(given, sqlite), given.folder / "gallery.db")
        # In turns, so that a busy moment of the machine meets both.
        runs = [(given.run("numpy"), given.run("store", url=sqlite)) for _ in range(1 if bench.quick else 3)]
        half = given.run("half")
        deleting = _deleting(sqlite)
    numpy, exact = _together([r for r, _ in runs]), _together([r for _, r in runs])
    postgres_rows, hnsw, claims = _postgresql(bench, count)
    ways = Table(
        f"{count:,} templates of {DIMENSIONS} values, the {NEIGHBOURS} nearest",
        ("way", "start s", "alone ms", "alone, range", f"batch of {BATCH} ms", "batch, range", "peak MB"),
        tuple(_row(*row) for row in (("numpy", numpy), ("gallery, SQLite", exact), ("half precision", half))),
        "numpy is `vectors @ queries.T`, argpartition and a sort. Start is reading all templates (numpy: the file). "
        "Half precision keeps float16 and scores the best again in float32.",
    )
    same = exact.found == numpy.found
    faster = median(exact.alone_s) <= 1.2 * median(numpy.alone_s) and median(exact.batch_s) <= median(numpy.batch_s)
    claims = (Claim("the gallery finds what the plain product finds, all of it and in its order", same), *claims)
    if not bench.quick:  # of few templates, the rest of the process weighs more than they do
        text = "alone no slower than 1.2 times the plain product, in batches no slower, and in less memory"
        claims = (*claims, Claim(text, faster and exact.peak_mb < numpy.peak_mb))
    notes = (f"Half precision finds the same: {'yes' if half.found == numpy.found else 'no'}.", deleting)
    return Section("Search", (_storing((stored, *postgres_rows)), ways, *hnsw), claims, remarks=notes)


@contextmanager
def _made(bench: Bench, count: int) -> Iterator[Given]:
    """A folder with the vectors and the queries, removed afterwards: they are large."""
    folder = Path(tempfile.mkdtemp(prefix="search-", dir=bench.out))
    try:
        people = People(count // 5)
        np.save(folder / "vectors.npy", np.concatenate(list(people.batches())))
        np.save(folder / "queries.npy", people.queries(BATCH))
        yield Given(bench, folder, count)
    finally:
        shutil.rmtree(folder)


def _fill_sqlite(given: Given, url: str) -> None:
    open_gallery(url).close()
    fill_sqlite(given.folder / "gallery.db", People(given.templates // 5))


def _stored(name: str, fill: Callable[[], None], path: Path | None) -> tuple[Cell, ...]:
    started = time.perf_counter()
    fill()
    took = time.perf_counter() - started
    return (name, round(took, 1), round(path.stat().st_size / 1e6) if path else None)


def _storing(rows: Sequence[tuple[Cell, ...]]) -> Table:
    return Table("Storing them in bulk", ("database", "seconds", "file MB"), tuple(rows))


def _deleting(url: str) -> str:
    with open_gallery(url) as store:
        someone = store.find("Person " + "0" * 32)
        started = time.perf_counter()
        store.delete(someone.id)
        return f"Deleting one person, the file rewritten: {time.perf_counter() - started:.1f} s."


def _postgresql(bench: Bench, count: int) -> tuple[list[tuple[Cell, ...]], list[Table], tuple[Claim, ...]]:
    """The same in PostgreSQL: exactly, and by the index."""
    stored: list[tuple[Cell, ...]] = []
    rows: list[tuple[Cell, ...]] = []
    recalls = []
    try:
        for size in (count,) if bench.quick else (HNSW_TEMPLATES, count):
            with _made(bench, size) as given, postgres_server(SERVER) as url:
                open_gallery(url).close()
                stored.append(_stored(f"PostgreSQL, {size:,}", lambda u=url, s=size: _fill_postgresql(u, s), None))
                found, recall = _by_index(given, url)
                rows += found
                recalls.append(recall)
    except NoServerError as error:
        return [], [Table("PostgreSQL", ("not measured",), ((str(error),),))], ()
    columns = ("templates", "way", "start s", "alone ms", f"batch of {BATCH} ms", "peak MB", "recall of 10", "first")
    note = (
        "Recall: how many of the ten truly nearest are found, and how often the very nearest. Start of the index is "
        "the time to build it, once. Memory is that of the process that asks; the server's comes on top."
    )
    claim = Claim(f"HNSW finds at least 0.95 of the ten nearest as it is set: {min(recalls):.3f}", min(recalls) >= 0.95)
    return stored, [Table("PostgreSQL with pgvector", columns, tuple(rows), note)], (claim,)


def _fill_postgresql(url: str, count: int) -> None:
    fill_postgresql(url, People(count // 5))


def _by_index(given: Given, url: str) -> tuple[list[tuple[Cell, ...]], float]:
    from closeup.storage import hnsw

    exact = given.run("store", url=url)
    rows = [_index_row(given, "exact", exact, exact)]
    with open_gallery(url) as store:
        started = time.perf_counter()
        store.nearest(MODEL, np.load(given.folder / "queries.npy")[:1], NEIGHBOURS, search="hnsw")
        building = (f"{given.templates:,}", "HNSW, building", round(time.perf_counter() - started), *[None] * 5)
    rows.append(building)
    recall = 0.0
    for candidates in CANDIDATES:
        ran = given.run("hnsw", url=url, candidates=candidates)
        rows.append(_index_row(given, f"HNSW, {candidates} candidates", ran, exact))
        if candidates == hnsw.CANDIDATES:
            recall = _recall(ran, exact)
    return rows, recall


def _index_row(given: Given, name: str, ran: Ran, exact: Ran) -> tuple[Cell, ...]:
    first = np.mean([mine[0] == theirs[0] for mine, theirs in zip(ran.found, exact.found, strict=True)])
    return (
        f"{given.templates:,}",
        name,
        round(ran.start_s, 2),
        round(1000 * median(ran.alone_s), 1),
        round(1000 * median(ran.batch_s)),
        round(ran.peak_mb),
        round(_recall(ran, exact), 3),
        round(float(first), 3),
    )


def _recall(ran: Ran, exact: Ran) -> float:
    pairs = zip(ran.found, exact.found, strict=True)
    return float(np.mean([len(set(mine) & set(theirs)) / NEIGHBOURS for mine, theirs in pairs]))


def _together(runs: Sequence[Ran]) -> Ran:
    """Several runs of one way: all their times, and the median of the rest."""
    return Ran(
        median(run.start_s for run in runs),
        tuple(s for run in runs for s in run.alone_s),
        tuple(s for run in runs for s in run.batch_s),
        median(run.peak_mb for run in runs),
        runs[0].found,
    )


def _row(name: str, ran: Ran) -> tuple[Cell, ...]:
    alone, batch = [1000 * s for s in ran.alone_s], [1000 * s for s in ran.batch_s]
    return (
        name,
        round(ran.start_s, 2),
        round(median(alone), 1),
        spread(alone),
        round(median(batch)),
        spread(batch, 0),
        round(ran.peak_mb),
    )
