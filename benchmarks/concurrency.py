"""Eight processes enrol 200 people at once, one is killed: is anything lost, double, or there by halves?

Run as a program it is one of the eight: python benchmarks/concurrency.py URL NUMBER
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen

from bench import ROOT, Bench, BenchError
from closeup.storage.gallery import open_gallery
from closeup.storage.records import NewTemplate
from synthetic_templates import POSES, People
from tables import Claim, Section, Table

sys.path.append(str(ROOT / "tests"))  # where the tests' PostgreSQL is

from postgres_server import NoServerError, postgres_server

PEOPLE, PROCESSES, VICTIM, KILLED_AFTER = 200, 8, 3, 10
"""How many people and processes; which of these is killed, and after how many enrolments that it has reported."""

MODEL = "synthetic-128"
WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the processes left.

    Attributes:
        took_s: From the first process's start to the last one's end, with the killed one's share done again.
        acknowledged: Enrolments of people that were reported as done before the kill, by the killed process.
        lost: Enrolments that were reported and are not in the gallery.
        halves: People with other than five templates once the killed process is gone.
        people: In the gallery at the end.
        templates: Likewise.
        doubles: Templates from a picture that their person has another one of.
    """

    took_s: float
    acknowledged: int
    lost: int
    halves: int
    people: int
    templates: int
    doubles: int


def measure(bench: Bench) -> Section:
    """Do it in SQLite and in PostgreSQL, several times over."""
    rows, outcomes = [], []
    times = 1 if bench.quick else 5
    for name in ("SQLite", "PostgreSQL"):
        for _ in range(times):
            try:
                with _database(name) as url:
                    outcome = run(url)
            except NoServerError as error:
                raise BenchError(f"there is no PostgreSQL: {error}") from error
            outcomes.append(outcome)
            rows.append(
                (
                    name,
                    round(outcome.took_s, 1),
                    outcome.acknowledged,
                    outcome.lost,
                    outcome.halves,
                    outcome.people,
                    outcome.templates,
                    outcome.doubles,
                )
            )
    columns = ("database", "seconds", "done by the killed", "lost", "halves", "people", "templates", "double")
    note = (
        f"{PROCESSES} processes start at once on a database that is not there yet, and every person is enrolled by two "
        f"of them with the same five pictures. One is killed (SIGKILL) after it has reported {KILLED_AFTER} people; "
        "afterwards a new process does its share once more from the beginning."
    )
    full = all(o.people == PEOPLE and o.templates == PEOPLE * len(POSES) for o in outcomes)
    claims = (
        Claim("nothing that was reported as done is lost", not any(o.lost for o in outcomes)),
        Claim("nobody is there by halves", not any(o.halves for o in outcomes)),
        Claim(
            f"at the end there are {PEOPLE} people, each of whose pictures is there once",
            full and not any(o.doubles for o in outcomes),
        ),
    )
    return Section("Concurrency", (Table("Enrolling at once", columns, tuple(rows), note),), claims)


@contextmanager
def _database(name: str) -> Iterator[str]:
    if name == "PostgreSQL":
        with postgres_server(("fsync=on",)) as url:
            yield url
    else:
        with tempfile.TemporaryDirectory(prefix="closeup-bench-") as folder:
            yield f"sqlite:///{folder}/gallery.db"


def run(url: str) -> Outcome:
    """Let the processes loose on a database, kill one, and look at what is there."""
    started = time.perf_counter()
    reported: list[list[str]] = [[] for _ in range(PROCESSES)]
    processes = [_start(url, number) for number in range(PROCESSES)]
    readers = [
        threading.Thread(target=_listen, args=(process, reported[number], KILLED_AFTER if number == VICTIM else None))
        for number, process in enumerate(processes)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(WAIT_S)
    codes = [process.wait(WAIT_S) for process in processes]
    if any(codes[:VICTIM] + codes[VICTIM + 1 :]):
        raise BenchError(f"a process that was not killed has failed: {codes}")
    with open_gallery(url) as store:
        there = {person.name: person.templates for person in store.identities()}
    lost = sum(name not in there for names in reported for name in names)
    halves = sum(count != len(POSES) for count in there.values())
    again = _start(url, VICTIM)
    _listen(again, [], None)
    if again.wait(WAIT_S):
        raise BenchError("the process that does the killed one's share again has failed")
    took_s = time.perf_counter() - started
    with open_gallery(url) as store:
        people = store.identities()
        pictures = Counter((p.id, face.source) for p in people for face in store.templates_of(p.id))
    doubles = sum(count - 1 for count in pictures.values())
    return Outcome(took_s, len(reported[VICTIM]), lost, halves, len(people), pictures.total(), doubles)


def _start(url: str, number: int) -> "Popen[str]":
    return Popen([sys.executable, __file__, url, str(number)], stdout=PIPE, text=True)


def _listen(process: "Popen[str]", reported: list[str], kill_after: int | None) -> None:
    """Note what the process reports as done; kill it where that is wanted."""
    assert process.stdout is not None
    for line in process.stdout:
        reported.append(line.rstrip("\n"))
        if len(reported) == kill_after:
            process.kill()


def enrol_share(url: str, number: int) -> None:
    """Enrol a quarter of all people: every one is in the share of two processes."""
    vectors = next(iter(People(PEOPLE).batches()))
    with open_gallery(url, wait_s=WAIT_S) as store:
        for person in range(number % (PROCESSES // 2), PEOPLE, PROCESSES // 2):
            name = f"Person {person}"
            store.enrol(name, [_template(vectors[5 * person + i], pose, person, i) for i, pose in enumerate(POSES)])
            sys.stdout.write(f"{name}\n")
            sys.stdout.flush()


def _template(vector: object, pose: str, person: int, index: int) -> NewTemplate:
    source = f"{person:060x}{index:04x}"
    return NewTemplate(MODEL, vector, pose, 0.0, 0.0, 0.0, 0.5, b"\xff\xd8" + bytes(4000), source)  # type: ignore[arg-type]


if __name__ == "__main__":
    enrol_share(sys.argv[1], int(sys.argv[2]))
