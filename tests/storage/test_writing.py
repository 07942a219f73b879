"""Enrolment by processes that are killed: what was acknowledged is there, nothing is there by halves."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from closeup.storage.gallery import open_gallery
from galleries import sqlite_url, template

FACES = 3


def enrol_on_and_on(url: str, seed: int, told: Connection) -> None:
    """Enrol person after person, and say of each that it is done when it is."""
    with open_gallery(url) as store:
        for number in range(10_000):
            name = f"Person {number} of {seed}"
            store.enrol(name, [template(number * FACES + i, picture_jpeg=b"x" * 5000) for i in range(FACES)])
            told.send(name)


@pytest.mark.parametrize("after_s", [0.0, 0.007])
def test_a_killed_process_loses_nothing_and_leaves_no_half(gallery_url: str, after_s: float) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["test_writing", "closeup.storage.gallery"])
    acknowledged: list[str] = []
    with open_gallery(gallery_url) as store:
        for seed in range(2):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=enrol_on_and_on, args=(gallery_url, seed, theirs))
            process.start()
            theirs.close()
            acknowledged += [ours.recv() for _ in range(4)]
            time.sleep(after_s)
            process.kill()
            process.join()
            while ours.poll():
                try:
                    acknowledged.append(ours.recv())
                except EOFError:
                    break
        assert store.enrol("After", [template(i) for i in range(FACES)]).templates == FACES  # waits for the last one
        people = [person for person in store.identities() if person.name != "After"]
        assert set(acknowledged) <= {person.name for person in people}
        assert len(people) <= len(acknowledged) + 2, "each process had one more in its hands at most"
        assert {person.templates for person in people} == {FACES}
        assert all(face.picture_jpeg for person in people for face in store.templates_of(person.id))
        assert len(store.matrix("a-model").template_ids) == FACES * (len(people) + 1)


def test_an_interrupted_enrolment_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_gallery(sqlite_url(tmp_path / "gallery.db")) as store:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("closeup.storage.writing.identity", interrupt)
            with pytest.raises(KeyboardInterrupt):
                store.enrol("Ada", [template(1)])
        assert store.identities() == ()
        assert store.models() == ()
        assert store.enrol("Ada", [template(1)]).templates == 1
