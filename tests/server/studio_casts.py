"""Casts of any number of made-up people in a server's folder, with tracks that are sure and unsure, and questions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from socket import socket
from threading import Thread
from time import sleep

import numpy as np
import pytest
import uvicorn

from closeup.core.types import Cast, Shot
from closeup.documents.baseline import PersonRule
from closeup.documents.edits import Edits, Operation
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.anchors import anchor_person
from closeup.features.cast.folder import CastResult, write_cast_folder
from closeup.features.cast.people import build_people, found_people
from closeup.server.app import make_app
from closeup.server.premises import Doors, Premises, to_medium
from closeup.server.protocol import LimitedProtocol
from features.cast.fake_cast import SHA256, STEP, fake_picture, fake_track, fake_video
from filmed import scenery, write_film
from galleries import sqlite_url

LIKE, UNSURE, SIZE = 0.47, 0.3, 1024
SHOTS, SEEN = 16, (0, 4, 9)
"""A person is seen in these shots from their own on; neighbours are never in one picture, p1 and p5 are."""


def crowd(count: int, path: str = "talk show.mp4") -> CastResult:
    """A cast of so many people, each in three shots of four seconds; the third appearance of every other is unsure.

    Each second person is so much like the one before that closeup asks.
    """
    shots = max(SHOTS, count)
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((SIZE, SIZE)))[0][:, : 2 * count + 2].T.astype(np.float32)
    placed = sorted(
        (shot % shots, person, look)
        for person in range(count)
        for look, shot in enumerate(person + after for after in SEEN)
    )
    tracks, faces, labels = [], [], []
    for number, (shot, person, look) in enumerate(placed, start=1):
        frames = range(shot * 100 + 10 * look, shot * 100 + 100 - 5 * (person % 7), STEP)
        tracks.append(fake_track(number, frames, 20 + 90.0 * (person % 6), quality=0.5 + 0.1 * look))
        before, own = basis[2 * (person - person % 2)], basis[2 * person]
        base = own if person % 2 == 0 else LIKE * before + np.sqrt(1 - LIKE**2) * own
        apart = look == 2 and person % 2 == 0
        faces.append(UNSURE * base + np.sqrt(1 - UNSURE**2) * basis[2 * person + 1] if apart else base)
        labels.append(person)
    baseline = found_people(tracks, np.array(labels, np.int64), PersonRule())
    members = build_people(tracks, baseline, Edits(), SHA256)
    cast = Cast(
        video=replace(fake_video(path=path), duration_s=shots * 4.0, frames=shots * 100),
        models={"detector": "yunet-2023mar", "embedder": "sface-2021dec"},
        options={},
        shots=tuple(Shot(n * 100, n * 100 + 100, n * 4.0, n * 4.0 + 4.0) for n in range(shots)),
        people=members.people,
        passers_by=members.passers_by,
        hidden=members.hidden,
        tracks=members.tracks,
    )
    vectors = TrackVectors(
        face=np.array(faces, np.float32).reshape(len(tracks), SIZE),
        face_track=np.arange(len(tracks)),
        face_frame=np.array([track.faces[0].frame for track in tracks], np.int64),
        face_quality=np.full(len(tracks), 0.8, np.float32),
        face_worth=np.full(len(tracks), 12.0, np.float32),
        clothing=np.full((len(tracks), 8), np.nan, np.float32),
        embedder="sface-2021dec",
    )
    pictures = {track.id: fake_picture(label % 8) for track, label in zip(tracks, labels, strict=True)}
    return CastResult(cast, baseline, Edits(), vectors, pictures)


LONG_NAMES = (
    "황보하늘별빛나래가온누리",
    "Ada Lovelace",
    "남궁아름다운세상에서온사람",
    "선우진",
    "Maximiliane von Hohenburg-Ratibor",
)


def named(result: CastResult) -> CastResult:
    """The same cast with everybody named, by names that are long, Korean, or both."""
    cast = result.cast
    said = (
        Operation(
            "name", "2026-01-31T12:00:00Z", SHA256, (anchor_person(cast, person),), name=f"{name} {person.id[1:]}"
        )
        for person, name in zip(cast.people, cycle(LONG_NAMES))
    )
    edits = Edits(tuple(said), next_person=len(cast.people) + 1)
    members = build_people(cast.tracks, result.baseline, edits, SHA256)
    return replace(result, cast=replace(cast, people=members.people, tracks=members.tracks), edits=edits)


def add_cast(place: Premises, result: CastResult, uses: tuple[str, ...] = ()) -> str:
    """Put a cast into the server's folder, as its worker would; gives its id."""
    asked = place.submit("cast", {}, uses, asked_by=None, priority=10)
    while (job := place.jobs.claim("w")) is not None and job.id != asked.id:
        place.jobs.end(job, "cancelled")
    assert job is not None
    home = place.results_of(job)
    home.mkdir(parents=True)
    write_cast_folder(home / "cast", result, overwrite=False)
    place.jobs.end(job, "done")
    return job.id


def add_film(place: Premises, path: Path) -> tuple[str, str]:
    """Register a small film of 64 s where it lies; gives its id, and the path that casts name it by."""
    write_film(path, [scenery(second // 4) for second in range(4 * SHOTS) for _ in range(5)], fps=5)
    record = place.media.register(path, path.name, "video", "video/mp4", added_by=None)
    return record.id, to_medium(record)


@contextmanager
def listening(folder: Path) -> Iterator[tuple[Premises, str, str]]:
    """A server without a worker that listens; gives its place, its address, and a link that lets one browser in."""
    with pytest.MonkeyPatch.context() as patch, socket() as bound:
        patch.setenv("CLOSEUP_DATABASE_URL", sqlite_url(folder / "gallery.db"))
        bound.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        place = Premises(folder / "data", Doors(frozenset({host}), frozenset({f"http://{host}"})), folder / "runs")
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(place), http=LimitedProtocol, log_config=None, ws="none", timeout_graceful_shutdown=1
            )
        )
        thread = Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            sleep(0.02)
        _, code = place.access.make("a test", "link", ["admin"])
        try:
            yield place, f"http://{host}", f"http://{host}/enter#{code}"
        finally:
            server.should_exit = True
            thread.join()
            place.close()
