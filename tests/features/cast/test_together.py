"""Albums and seasons from files to their folder and back, read by stand-in models."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from closeup.core.errors import InputError, OutputError
from closeup.core.parts import part_at, part_cast
from closeup.core.progress import Progress
from closeup.core.types import Cast
from closeup.documents.cast import CAST_JSON
from closeup.features.cast import operations, together
from closeup.features.cast.find import find_cast, recluster
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.portraits import PictureFiles
from closeup.features.cast.together import make_album_folder, make_season_folder, scan_photo
from closeup.perception.analyzer import Analyzer
from closeup.perception.registry import cast_models
from features.cast.drawn_photos import write_photo
from features.cast.stand_in_video import BLUE, GREEN, RED, Drawn, DrawnShot, stand_in_models, write_video

Folder = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "cast_models", lambda _: stand_in_models())
    monkeypatch.setattr("closeup.features.cast.find.cast_models", lambda _: stand_in_models())


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """Five photos: red in three, blue in two of these and one more, nobody in one."""
    folder = tmp_path / "holiday"
    write_photo(folder / "a.jpg", 1, [(RED, 40)], "2024:05:02 09:30:00")
    write_photo(folder / "b.jpg", 2, [(RED, 60), (BLUE, 200)], "2024:05:01 18:00:00")
    write_photo(folder / "beach" / "c.jpg", 3, [(BLUE, 100)])
    write_photo(folder / "beach" / "d.png", 4, [(RED, 120), (BLUE, 220)])
    write_photo(folder / "e.jpg", 5, [])
    return folder


def photos_of(cast: Cast) -> dict[str, list[str]]:
    """Person to the names of the photos that they are in."""
    names: dict[str, list[str]] = {}
    for person in cast.people:
        parts = [part_at(cast, cast.shots[shot].start_frame) for shot in person.shots]
        names[person.id] = [Path(part.video.path).name for part in parts if part]
    return names


def test_everyone_in_an_album_is_one_person_with_all_their_photos(holiday: Path, tmp_path: Path) -> None:
    cast = make_album_folder([holiday], tmp_path / "h.cast")
    assert photos_of(cast) == {"p1": ["a.jpg", "b.jpg", "d.png"], "p2": ["b.jpg", "c.jpg", "d.png"]}
    assert (cast.kind, len(cast.parts), len(cast.shots), len(cast.tracks)) == ("album", 5, 5, 6)
    assert [part.taken for part in cast.parts] == ["2024-05-02 09:30:00", "2024-05-01 18:00:00", None, None, None]
    assert [person.screen_time_s for person in cast.people] == [3.0, 3.0]
    assert cast.options["clothing"] is False
    assert set(cast.models) == {"detector", "embedder"}
    assert CAST_JSON.to_data(CastFolder(tmp_path / "h.cast").cast()) == CAST_JSON.to_data(cast)
    assert sorted(p.name for p in (tmp_path / "h.cast" / "photos").iterdir()) == [f"{n}.jpg" for n in range(5)]


def test_two_faces_in_one_photo_are_two_people_however_alike(tmp_path: Path) -> None:
    write_photo(tmp_path / "twins" / "a.jpg", 1, [(RED, 40), (RED, 200)])
    cast = make_album_folder([tmp_path / "twins"], tmp_path / "t.cast")
    assert len(cast.people) == 2


def test_photos_without_dates_come_by_name(holiday: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (holiday / name).unlink()
    cast = make_album_folder([holiday], tmp_path / "h.cast")
    assert {part.taken for part in cast.parts} == {None}
    page = (tmp_path / "h.cast" / "report.html").read_text(encoding="utf-8")
    assert "Taken" not in page
    assert "Without a date" not in page
    assert page.index("<bdi>c.jpg</bdi>") < page.index("<bdi>d.png</bdi>") < page.index("<bdi>e.jpg</bdi>")


def test_pictures_of_many_photos_wait_on_disk(holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand photos are as much to hold as ten are."""
    held: list[Any] = []
    whole = together.grouped
    monkeypatch.setattr(together, "grouped", lambda scan, *rest: held.append(scan.pictures) or whole(scan, *rest))
    make_album_folder([holiday], tmp_path / "h.cast")
    (pictures,) = held
    assert isinstance(pictures, PictureFiles)
    assert len(pictures) == 6 + 5


@pytest.mark.shared
def test_a_photo_of_eighty_people_has_eighty_faces(shared: Path) -> None:
    people = sorted((shared / "data" / "lfw" / "images").iterdir())[:80]
    whole = np.zeros((8 * 200, 10 * 200, 3), np.uint8)
    for place, person in enumerate(people):
        y, x = 200 * (place // 10), 200 * (place % 10)
        photo = Pillow.open(next(person.glob("*.jpg"))).convert("RGB").crop((45, 45, 205, 205))
        whole[y : y + 200, x : x + 200] = np.asarray(photo.resize((200, 200)))
    scan = scan_photo(whole, "class.jpg", "0" * 64, Analyzer(cast_models("builtin")))
    middles = [face.box_xyxy.reshape(2, 2).mean(axis=0) // 200 for track in scan.tracks for face in track.faces]
    assert len({tuple(middle) for middle in middles}) == 80
    assert len(scan.vectors.face) == len(scan.tracks) <= 84


def test_an_album_in_a_zip_file_is_the_same(holiday: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as archive:
        for path in sorted(holiday.rglob("*.*")):
            archive.write(path, path.relative_to(holiday).as_posix())
    cast = make_album_folder([tmp_path / "holiday.zip"], tmp_path / "z.cast")
    assert photos_of(cast) == photos_of(make_album_folder([holiday], tmp_path / "h.cast"))
    assert cast.parts[0].video.path == f"{(tmp_path / 'holiday.zip').as_posix()}/a.jpg"


def test_what_cannot_be_used_is_counted_and_named(holiday: Path, tmp_path: Path) -> None:
    (holiday / "broken.jpg").write_bytes((holiday / "a.jpg").read_bytes()[:60])
    (holiday / "empty.jpg").write_bytes(b"")
    (holiday / "notes.txt").write_text("packing list")
    shutil.copy(holiday / "a.jpg", holiday / "z-copy-of-a.jpg")
    cast = make_album_folder([holiday], tmp_path / "h.cast")
    assert len(cast.parts) == 5
    notes = list(cast.video.notes)
    assert notes[0] == "1 file is no picture by its name and was passed by (1 .txt)."
    assert notes[1] == "2 of 8 photos could not be used."
    assert "broken.jpg" in notes[2]
    assert "empty.jpg is empty" in notes[3]
    assert notes[4].startswith("1 photo is there twice and counted once: ")
    assert "z-copy-of-a.jpg is " in notes[4]


def test_an_album_needs_a_photo_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no photos in"):
        make_album_folder([tmp_path / "none"], tmp_path / "n.cast")
    (tmp_path / "none" / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="1 of 1 photos could not be used"):
        make_album_folder([tmp_path / "none"], tmp_path / "n.cast")
    assert not (tmp_path / "n.cast").exists()


def test_results_within_an_album_are_no_photos_of_it(holiday: Path, tmp_path: Path) -> None:
    first = make_album_folder([holiday], holiday / "inside.cast")
    again = make_album_folder([holiday], holiday / "inside.cast", overwrite=True)
    assert [part.video.path for part in again.parts] == [part.video.path for part in first.parts]


def test_edits_stay_with_their_faces_when_photos_come_and_go(
    holiday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "h.cast"
    make_album_folder([holiday], place)
    CastFolder(place).edit(lambda scene: operations.name_person(scene, "p2", "Ben"))
    (holiday / "a.jpg").unlink()
    write_photo(holiday / "0-first.jpg", 7, [(GREEN, 50), (BLUE, 200)])
    (holiday / "b.jpg").rename(holiday / "renamed.jpg")
    looked: list[str] = []
    scan = together.scan_photo
    monkeypatch.setattr(together, "scan_photo", lambda *a: looked.append(Path(a[1]).name) or scan(*a))
    cast = make_album_folder([holiday], place, overwrite=True)
    assert looked == ["0-first.jpg"]
    assert {p.name: photos_of(cast)[p.id] for p in cast.people} | {None: []} == {
        "Ben": ["renamed.jpg", "c.jpg", "d.png", "0-first.jpg"],
        None: [],
    }
    assert [part.start_frame for part in cast.parts] == [1, 2, 3, 4, 5]
    assert not [note for note in cast.notes if "edit" in note]
    assert (place / "photos" / "5.jpg").is_file()


def test_what_was_known_is_known_alike(holiday: Path, tmp_path: Path) -> None:
    fresh = make_album_folder([holiday], tmp_path / "a.cast")
    again = make_album_folder([holiday], tmp_path / "a.cast", overwrite=True)
    one, other = (CAST_JSON.to_data(cast) for cast in (fresh, again))
    del one["timings_s"], other["timings_s"]
    assert one == other


def test_an_album_is_grouped_anew_without_its_photos(holiday: Path, tmp_path: Path) -> None:
    make_album_folder([holiday], tmp_path / "h.cast")
    shutil.rmtree(holiday)
    cast = recluster(tmp_path / "h.cast", {"min_face_px": 30})
    assert len(cast.people) == 2
    assert cast.kind == "album"
    assert (tmp_path / "h.cast" / "photos" / "0.jpg").is_file()


def test_a_merge_of_two_in_one_photo_names_the_photo(holiday: Path, tmp_path: Path) -> None:
    make_album_folder([holiday], tmp_path / "h.cast")
    with pytest.raises(InputError, match=r"p1 and p2 are both in the picture in .*b\.jpg, so"):
        CastFolder(tmp_path / "h.cast").edit(lambda scene: operations.merge_people(scene, ["p1", "p2"]))


def test_a_stopped_album_leaves_nothing(holiday: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_album_folder([holiday], tmp_path / "h.cast", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday"]


def test_the_page_of_an_album_shows_people_and_photos(holiday: Path, tmp_path: Path) -> None:
    make_album_folder([holiday], tmp_path / "h.cast")
    page = (tmp_path / "h.cast" / "report.html").read_text(encoding="utf-8")
    assert "Two people in 5 photos." in page
    photos = page.partition('id="photos-title"')[2]
    assert (
        photos.index(">b.jpg<") < photos.index(">a.jpg<") < photos.index(">c.jpg<")
    )  # by date, then those without one
    assert "2024-05-01 to 2024-05-02" in page
    assert "Screen time" not in page


# Seasons


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two videos: red and blue in the first, blue and green in the second."""
    folder = tmp_path_factory.mktemp("season")
    one = write_video(
        folder / "one.mp4", (DrawnShot(45, 1, (Drawn(RED, 60, 90),)), DrawnShot(40, 2, (Drawn(BLUE, 200, 170),)))
    )
    two = write_video(
        folder / "two.mp4", (DrawnShot(50, 3, (Drawn(GREEN, 60, 90),)), DrawnShot(60, 4, (Drawn(BLUE, 90, 60),)))
    )
    return one, two


def by_video(cast: Cast) -> dict[str, list[str]]:
    return {
        Path(part.video.path).name: sorted(person.id for person in part_cast(cast, part).people) for part in cast.parts
    }


def test_a_season_has_each_person_once(episodes: tuple[Path, Path], tmp_path: Path) -> None:
    cast = make_season_folder(episodes, tmp_path / "s.cast")
    assert cast.kind == "season"
    blue = next(person for person in cast.people if len(person.tracks) == 2)
    assert len(cast.people) == 3
    assert [blue.id in there for there in by_video(cast).values()] == [True, True]
    assert CAST_JSON.to_data(CastFolder(tmp_path / "s.cast").cast()) == CAST_JSON.to_data(cast)


def test_one_video_of_a_season_by_itself_is_what_its_own_cast_is(episodes: tuple[Path, Path], tmp_path: Path) -> None:
    cast = make_season_folder(episodes, tmp_path / "s.cast")
    for part, video in zip(cast.parts, episodes, strict=True):
        own, alone = part_cast(cast, part), find_cast(video)
        assert own.video == alone.video
        assert own.shots == alone.shots
        assert [t.faces[0].time_s for t in own.tracks] == [t.faces[0].time_s for t in alone.tracks]
        assert [t.faces[-1].frame for t in own.tracks] == [t.faces[-1].frame for t in alone.tracks]
        assert sorted(p.screen_time_s for p in own.people) == sorted(p.screen_time_s for p in alone.people)


def test_a_damaged_video_is_said_and_the_rest_done(episodes: tuple[Path, Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(episodes[0].read_bytes()[:200])
    cast = make_season_folder([episodes[0], bad, episodes[1]], tmp_path / "s.cast")
    assert [Path(part.video.path).name for part in cast.parts] == ["one.mp4", "two.mp4"]
    assert cast.video.notes[0] == "1 of 3 videos could not be used."
    assert "bad.mp4" in cast.video.notes[1]
    with pytest.raises(InputError, match="1 of 1 videos could not be used"):
        make_season_folder([bad], tmp_path / "b.cast")


def test_a_season_that_grows_keeps_its_names_and_reads_the_new_video_only(
    episodes: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "s.cast"
    first = make_season_folder(episodes[1:], place)
    blue = max(first.people, key=lambda person: person.screen_time_s)
    CastFolder(place).edit(lambda scene: operations.name_person(scene, blue.id, "Ben"))
    read: list[str] = []
    scan = together.scan_video
    monkeypatch.setattr(together, "scan_video", lambda *a: read.append(a[0].name) or scan(*a))
    cast = make_season_folder(episodes, place, overwrite=True)
    assert read == ["one.mp4"]
    assert [Path(part.video.path).name for part in cast.parts] == ["two.mp4", "one.mp4"]
    named = next(person for person in cast.people if person.name == "Ben")
    assert (named.id, len(named.tracks)) == (blue.id, 2)


def test_the_page_of_a_season_tells_each_video(episodes: tuple[Path, Path], tmp_path: Path) -> None:
    make_season_folder(episodes, tmp_path / "s.cast")
    page = (tmp_path / "s.cast" / "report.html").read_text(encoding="utf-8")
    assert "Three people in 2 videos." in page
    assert "in 2 of 2 videos" in page
    assert page.count('class="video"') == 2


def test_the_same_video_twice_counts_once(episodes: tuple[Path, Path], tmp_path: Path) -> None:
    cast = make_season_folder([episodes[0], episodes[0]], tmp_path / "s.cast")
    assert len(cast.parts) == 1
    assert cast.video.notes[0].startswith("1 video is there twice")


def test_a_folder_that_is_there_is_not_replaced_unasked(holiday: Path, tmp_path: Path) -> None:
    make_album_folder([holiday], tmp_path / "h.cast")
    before: dict[str, Any] = json.loads((tmp_path / "h.cast" / "cast.json").read_text())
    with pytest.raises(OutputError, match="exists already"):
        make_album_folder([holiday], tmp_path / "h.cast")
    assert json.loads((tmp_path / "h.cast" / "cast.json").read_text()) == before
