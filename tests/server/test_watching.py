"""Watched folders: what is put there is taken once, when it is whole, and never again after its deletion."""

import json
from pathlib import Path

import pytest

from closeup.media.image import encode_png
from closeup.server.media import delete_job
from closeup.server.premises import Doors, Premises
from closeup.server.watching import SEEN_FILE, Watcher
from filmed import scenery, write_film
from stills import astronaut


@pytest.fixture
def place(tmp_path: Path) -> Premises:
    return Premises(tmp_path / "data", Doors(frozenset(), frozenset()))


def names(place: Premises) -> list[str]:
    return [each.name for each in place.media.page(100)]


def test_a_video_is_registered_where_it_lies_and_cast_once(tmp_path: Path, place: Premises) -> None:
    folder = tmp_path / "camera"
    (folder / "2026").mkdir(parents=True)
    film = folder / "2026" / "a.mp4"
    write_film(film, [scenery(0)] * 5, fps=5)
    (folder / ".hidden.png").write_bytes(encode_png(astronaut()))
    (folder / "notes.txt").write_text("not a picture")
    (folder / "link.png").symlink_to(film)
    watcher = Watcher(place, [folder])
    watcher.look()
    assert names(place) == []  # it may still grow
    watcher.look()
    watcher.look()
    assert names(place) == ["a.mp4"]
    (record,) = place.media.page(1)
    assert not record.ours
    (job,) = place.jobs.page(10, works=("cast",))
    assert job.uses == (record.id,)
    assert json.loads(job.arguments)["video"] == f"../../media/{record.id}/a.mp4"

    place.jobs.cancel(job.id)
    delete_job(place, place.job(job.id))
    place.media.forget(record.id)
    Watcher(place, [folder]).look()
    again = Watcher(place, [folder])
    again.look()
    again.look()
    assert names(place) == []
    assert "a.mp4" not in (place.data / SEEN_FILE).read_text("ascii")
    assert film.is_file()
    place.close()


def test_a_file_is_taken_when_it_has_stopped_growing_and_again_when_it_is_another(
    tmp_path: Path, place: Premises
) -> None:
    content, photo = encode_png(astronaut()), tmp_path / "camera" / "p.png"
    photo.parent.mkdir()
    watcher = Watcher(place, [photo.parent])
    for part in (content[:1000], content[:2000], content):
        photo.write_bytes(part)
        watcher.look()
    assert names(place) == []
    watcher.look()
    assert names(place) == ["p.png"]
    photo.write_bytes(encode_png(astronaut()[::2]))
    watcher.look()
    watcher.look()
    assert names(place) == ["p.png", "p.png"]
    assert place.jobs.page(10, works=("cast",)) == ()
    place.close()


def test_what_is_not_what_its_name_says_is_left_out_and_said(
    tmp_path: Path, place: Premises, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / "x.mp4").write_bytes(b"MZ" + bytes(100))
    watcher = Watcher(place, [tmp_path / "camera"])
    for _ in range(3):
        watcher.look()
    assert names(place) == []
    assert [record.message for record in caplog.records if "x.mp4" in record.message] != []
    place.close()
