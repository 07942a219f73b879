"""`closeup.Client` against a real server with its worker: from a film to a short of somebody with a name, and away."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from closeup import Client
from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.documents.server import CastView, PeopleChange
from filmed import write_film
from galleries import sqlite_url
from server.served import Served
from stills import astronaut, hopper


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOSEUP_DATABASE_URL", sqlite_url(folder / "gallery.db"))
        server = Served(folder / "data")
        yield server
        server.end()


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.url, served.token("read", "edit", "enrol"))


def pictures() -> list[Image]:
    """Two people side by side, who move a little, for three seconds, and after a cut the other way round."""
    height = 480
    one, other = (
        cv2.resize(each, (round(each.shape[1] * height / each.shape[0]) // 2 * 2, height))
        for each in (astronaut(), hopper())
    )
    sides = [np.hstack([one, other]), np.hstack([other, one])]
    return [np.roll(side, step, axis=1) for side in sides for step in range(30)]


def name(person: str, text: str) -> PeopleChange:
    return PeopleChange(kind="name", people=(person,), name=text)


def test_an_address_that_is_none_and_one_where_nobody_answers() -> None:
    with pytest.raises(InputError, match="no address of a server"):
        Client("file:///etc", "clo_")
    with pytest.raises(InputError, match=r"No server answers at http://127\.0\.0\.1:9"):
        Client("http://127.0.0.1:9", "clo_").casts()


@pytest.mark.slow
def test_refusals_are_raised_in_the_servers_words(served: Served, client: Client, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="You are not known here") as caught:
        Client(served.url, "clo_" + "A" * 43).casts()
    assert caught.value.facts["status"] == 401
    with pytest.raises(InputError, match="This needs the scope edit"):
        Client(served.url, served.token("read")).submit("cast", video="0" * 32)
    (tmp_path / "film.mp4").write_bytes(b"no film at all")
    with pytest.raises(InputError, match=r"film\.mp4 is not what its name says"):
        client.upload(tmp_path / "film.mp4")
    assert client.media() == ()


@pytest.mark.slow
def test_from_a_film_to_a_short_of_somebody_and_away(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeup.server.client.BLOCK_BYTES", 200_000)
    film = tmp_path / "A film.mp4"
    write_film(film, pictures(), fps=10)
    sent = list[tuple[int, int]]()
    medium = client.upload(film, sent=lambda at, of: sent.append((at, of)))
    assert len(sent) > 1
    assert sent[-1] == (medium.bytes, medium.bytes)
    assert (medium.kind, medium.name) == ("video", "A film.mp4")

    seen = list[str]()
    job = client.submit("cast", video=medium.id, options={})
    job = client.wait(job, progress=lambda each: seen.append(each.state), timeout_s=300)
    assert "running" in seen
    (summary,) = client.casts()
    assert (summary.id, summary.people, summary.uses) == (job.id, 2, (medium.id,))
    cast = client.cast(job.id)
    assert [person.name for person in cast.people] == [None, None]
    assert cast.files[0].media == medium.id
    assert all(0 <= track.start_s <= track.at_s <= track.end_s <= cast.duration_s for track in cast.tracks)
    assert min(track.sureness for track in cast.tracks if track.sureness is not None) > 0.9
    correct(client, cast)

    options = {"count": 1, "min_length_s": 2, "max_length_s": 4, "height": 320}
    made = client.wait(client.submit("shorts", cast_folder=cast.id, person="Ada", options=options), timeout_s=300)
    (short,) = (each.name for each in client.results(made.id) if each.name.endswith(".mp4"))
    with av.open(str(client.download(made.id, short, tmp_path / "short.mp4"))) as container:
        assert container.streams.video[0].height == 320
    assert client.wait(client.retry(made.id), timeout_s=300).work == "shorts"

    receipt = client.delete_medium(medium.id)
    assert len(receipt.jobs) == 4  # the small picture, the cast, and both shorts
    assert client.media() == client.casts() == client.jobs() == ()
    with pytest.raises(InputError, match="no such result"):
        client.cast(cast.id)


def correct(client: Client, cast: CastView) -> None:
    """Names are given, taken back out of order, and given again; what cannot be is not done."""
    first, second = (person.id for person in cast.people)
    assert client.change(cast.id, name(first, "Ada"), preview=True) == f"{first} is now called Ada."
    assert client.cast(cast.id).edits == ()
    client.change(cast.id, name(first, "Ada"))
    client.change(cast.id, name(second, "Grace"))
    with pytest.raises(InputError, match="cannot be one person") as caught:
        client.change(cast.id, PeopleChange(kind="merge", people=(first, second)), preview=True)
    assert caught.value.facts["status"] == 409
    assert [(edit.number, edit.name) for edit in client.cast(cast.id).edits] == [(1, "Ada"), (2, "Grace")]
    client.undo(cast.id, 1)
    now = client.cast(cast.id)
    assert [person.name for person in now.people] == [None, "Grace"]
    assert [edit.name for edit in now.undone] == ["Ada"]
    client.redo(cast.id)
    assert [person.name for person in client.cast(cast.id).people] == ["Ada", "Grace"]
    assert client.questions(cast.id) == ()
