"""From a video to its folder and back again, over drawn videos that are read by stand-in models."""

import errno
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.core.progress import Progress
from closeup.core.whole import part_prefix
from closeup.documents.cast import CAST_JSON
from closeup.features.cast import find, operations
from closeup.features.cast.find import find_cast, make_cast_folder, recluster
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.options import CastOptions
from features.cast.stand_in_video import BLUE, GREEN, RED, Drawn, DrawnShot, stand_in_models, write_video

SHOTS = (
    DrawnShot(45, 1, (Drawn(RED, 60, 90),)),
    DrawnShot(40, 2, (Drawn(BLUE, 200, 170),)),
    DrawnShot(40, 3, (Drawn(RED, 40, 60), Drawn(BLUE, 220, 200))),
    DrawnShot(30, 4, (Drawn(RED, 130, 150),)),
)
ALL_FILES = ["baseline.json", "cast.json", "edits.json", "people", "report.html", "shots", "tracks", "vectors.npz"]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("drawn") / "drawn.mp4", SHOTS)


@pytest.fixture(scope="module")
def other_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shots = (DrawnShot(50, 5, (Drawn(GREEN, 60, 90),)), DrawnShot(50, 6, (Drawn(GREEN, 160, 190),)))
    return write_video(tmp_path_factory.mktemp("drawn") / "other.mp4", shots)


@pytest.fixture(scope="module")
def made(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder, to copy."""
    folder = tmp_path_factory.mktemp("made") / "drawn.cast"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "cast_models", lambda _: stand_in_models())
        make_cast_folder(video, folder)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of a result folder, alone in its folder."""
    return Path(shutil.copytree(made, tmp_path / "drawn.cast"))


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "cast_models", lambda _: stand_in_models())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def without_timings(folder: Path) -> dict[str, Any]:
    cast: dict[str, Any] = json.loads((folder / "cast.json").read_text(encoding="utf-8"))
    del cast["timings_s"]
    return cast


def content(folder: Path) -> dict[str, Any]:
    """Everything in a result folder but the timings, to compare."""
    files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "cast.json"
    }
    return {**files, "cast.json": without_timings(folder)}


def say(place: Path, wish: Callable[..., Any], *words: Any) -> None:
    CastFolder(place).edit(lambda scene: wish(scene, *words))


def test_a_cast_is_found_and_nothing_is_written(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    beside = names(video.parent)
    cast = find_cast(video)
    assert [(person.id, len(person.tracks)) for person in cast.people] == [("p1", 3), ("p2", 2)]
    assert len(cast.shots) == 4
    assert cast.notes == cast.video.notes == ()
    assert names(tmp_path) == []
    assert names(video.parent) == beside


def test_a_path_may_be_text(video: Path) -> None:
    assert CAST_JSON.to_data(find_cast(str(video)))["people"] == CAST_JSON.to_data(find_cast(video))["people"]


def test_two_runs_give_the_same_but_for_timings(video: Path, made: Path, tmp_path: Path) -> None:
    cast = make_cast_folder(video, tmp_path / "drawn.cast")
    assert content(tmp_path / "drawn.cast") == content(made)
    assert names(made) == ALL_FILES
    assert set(cast.timings_s) == {"models", "video", "grouping"}
    found = CAST_JSON.to_data(find_cast(video))
    del found["timings_s"]
    assert found == without_timings(made)


def test_progress_goes_up_to_the_end(video: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    cast = make_cast_folder(video, tmp_path / "a.cast", progress=told.append)
    assert list(dict.fromkeys(report.stage for report in told)) == ["Finding faces", "Writing"]
    done = [report.done for report in told if report.stage == "Finding faces"]
    assert done == sorted(done)
    assert done[-1] == cast.video.duration_s


def test_a_video_without_people_has_an_empty_cast(tmp_path: Path) -> None:
    empty = write_video(tmp_path / "empty.mp4", (DrawnShot(30, 1),))
    cast = make_cast_folder(empty, tmp_path / "empty.cast")
    assert cast.people == cast.passers_by == cast.tracks == ()
    assert names(tmp_path / "empty.cast") == ALL_FILES
    assert recluster(tmp_path / "empty.cast").people == ()


def test_grouping_anew_gives_what_a_fresh_run_gives_and_again(place: Path, made: Path) -> None:
    before = content(made)
    for _ in range(2):
        recluster(place)
        assert content(place) == before


@pytest.mark.parametrize("changes", [{"clothing": False}, {"min_face_px": 60}, {"min_face_px": 30}])
def test_grouping_anew_with_other_options_is_like_a_fresh_run_with_them(
    changes: dict[str, Any], video: Path, made: Path, tmp_path: Path
) -> None:
    fresh, again = tmp_path / "fresh" / "drawn.cast", tmp_path / "again" / "drawn.cast"
    fresh.parent.mkdir()
    make_cast_folder(video, fresh, CastOptions(**changes))
    shutil.copytree(made, again)
    recluster(again, changes)
    one, other = without_timings(fresh), without_timings(again)
    assert one == other
    assert (len(one["people"]) == 0) == (changes.get("min_face_px") == 60)


def test_grouping_anew_cannot_change_what_was_seen(place: Path) -> None:
    with pytest.raises(InputError, match="detect_fps") as caught:
        recluster(place, {"detect_fps": 2.0})
    assert caught.value.code == "cast.absent"


def test_a_folder_can_be_moved(place: Path, tmp_path: Path) -> None:
    moved = tmp_path / "somewhere else" / "täuschend -- ähnlich.cast"
    moved.parent.mkdir()
    place.rename(moved)
    say(moved, operations.name_person, "p1", "Red")
    assert [person.name for person in recluster(moved).people] == ["Red", None]
    assert names(moved.parent) == [moved.name]


def test_edits_are_replayed_by_every_kind_of_run_and_undone_to_the_byte(place: Path, made: Path, video: Path) -> None:
    say(place, operations.name_person, "p1", "Red")
    say(place, operations.split_person, "p1", [CastFolder(place).cast().people[0].tracks[0]])
    say(place, operations.hide_person, "p2")
    recluster(place)
    edited = content(place)  # the baseline now knows, too, that the split has taken a number
    assert [person["id"] for person in edited["cast.json"]["hidden"]] == ["p2"]
    recluster(place)
    assert content(place) == edited
    make_cast_folder(video, place, overwrite=True)
    assert content(place) == edited
    for _ in range(3):
        CastFolder(place).edit(operations.undo)
    assert without_timings(place) == without_timings(made)


def test_edits_of_another_video_wait_and_notes_do_not_pile_up(place: Path, other_video: Path, video: Path) -> None:
    say(place, operations.name_person, "p1", "Red")
    cast = make_cast_folder(other_video, place, overwrite=True)
    assert [person.name for person in cast.people] == [None]
    assert len(cast.notes) == 1
    assert "another video" in cast.notes[0]
    assert cast.video.notes == ()
    for _ in range(3):
        assert recluster(place).notes == cast.notes
    assert CastFolder(place).cast().notes == cast.notes
    assert make_cast_folder(video, place, overwrite=True).people[0].name == "Red"
    assert CastFolder(place).cast().notes == ()


def test_notes_go_with_the_edits_that_they_are_about(place: Path, other_video: Path) -> None:
    say(place, operations.name_person, "p1", "Red")
    make_cast_folder(other_video, place, overwrite=True)
    CastFolder(place).edit(operations.undo)
    assert CastFolder(place).cast().notes == ()


def test_the_place_is_checked_before_the_work(video: Path, place: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(find, "scan_video", lambda *_: pytest.fail("the video was read"))
    with pytest.raises(OutputError, match="exists already"):
        make_cast_folder(video, place)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="other things in it"):
        make_cast_folder(video, tmp_path / "mine", overwrite=True)
    (place / "edits.json").write_text("{")
    with pytest.raises(FormatError, match="edits"):
        make_cast_folder(video, place, overwrite=True)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="may not write"):
        make_cast_folder(video, tmp_path / "a.cast")


def test_a_link_means_what_it_points_to(video: Path, place: Path, tmp_path: Path, monkeypatch: Any) -> None:
    link = tmp_path / "link"
    link.symlink_to(place.name)
    say(link, operations.name_person, "p1", "Red")
    assert make_cast_folder(video, link, overwrite=True).people[0].name == "Red"
    assert link.is_symlink()
    monkeypatch.chdir(place)
    assert make_cast_folder(video, Path(), overwrite=True).people[0].name == "Red"
    assert names(tmp_path) == ["drawn.cast", "link"]


def test_a_folder_that_a_killed_process_had_moved_away_comes_back(video: Path, place: Path, tmp_path: Path) -> None:
    say(place, operations.name_person, "p1", "Red")
    aside = tmp_path / f"{part_prefix(place)}abcd1234.old"
    aside.mkdir()
    place.rename(aside / place.name)
    (tmp_path / f"{part_prefix(place)}abcd1234.part").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        make_cast_folder(video, place)
    assert make_cast_folder(video, place, overwrite=True).people[0].name == "Red"
    assert names(tmp_path) == [place.name]


@pytest.mark.parametrize("call", ["write_bytes", "write_text", "mkdir", "rename", "open"])
def test_a_full_disk_at_any_moment_leaves_the_old_folder(
    call: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, owner = content(place), os if call == "open" else Path
    original = getattr(owner, call)

    def full_at(limit: int, seen: list[object]) -> Callable[..., Any]:
        def refusing(*args: Any, **kwargs: Any) -> Any:
            if call != "open" or args[1] & os.O_CREAT:
                seen.append(args[0])
                if len(seen) == limit:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return original(*args, **kwargs)

        return refusing

    for limit in range(1, 100):
        seen: list[object] = []
        with monkeypatch.context() as patch:
            patch.setattr(owner, call, full_at(limit, seen))
            full = False
            try:
                recluster(place)
            except OutputError as error:
                full = "No space left" in error.message
        assert full == (len(seen) >= limit)
        assert names(tmp_path) == [place.name]
        assert content(place) == before
        if not full:
            break
    assert limit > 1


@pytest.mark.parametrize("stage", ["Finding faces", "Writing"])
def test_stopping_by_the_callback_leaves_nothing(stage: str, video: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_cast_folder(video, tmp_path / "a.cast", progress=stop)
    assert names(tmp_path) == []


def test_damaged_folders_are_refused_and_stay_as_they_are(place: Path) -> None:
    for name in ("cast.json", "vectors.npz", "edits.json", "tracks/t1.jpg"):
        path = place / name
        kept = path.read_bytes()
        path.write_bytes(kept[: len(kept) // 2])
        damaged = content(place) if name != "cast.json" else None
        if name != "tracks/t1.jpg":
            with pytest.raises(FormatError):
                recluster(place)
            assert damaged is None or content(place) == damaged
        path.unlink()
        with pytest.raises(InputError) if name != "edits.json" else pytest.MonkeyPatch.context():
            recluster(place)
        path.write_bytes(kept)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    "models",
    [
        {},
        {"detector": "yunet-2023mar"},
        {"embedder": "sface-2021dec"},
        {"detector": "x", "embedder": "sface-2021dec"},
    ],
)
def test_a_cast_of_unknown_models_is_refused(models: dict[str, str], place: Path) -> None:
    cast = json.loads((place / "cast.json").read_text())
    cast["models"] = models
    (place / "cast.json").write_text(json.dumps(cast))
    with pytest.raises(FormatError, match="models"):
        recluster(place)


@pytest.mark.parametrize(
    "options", [{"detect_fps": "often"}, {"min_face_px": None}, {"clothing": 1}, {"min_face_px": 0}, {"models": "best"}]
)
def test_a_cast_of_impossible_options_is_refused(options: dict[str, Any], place: Path) -> None:
    cast = json.loads((place / "cast.json").read_text())
    cast["options"] |= options
    (place / "cast.json").write_text(json.dumps(cast))
    with pytest.raises(InputError):
        recluster(place)


def test_what_is_no_result_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        CastFolder(tmp_path / "missing.cast")
    with pytest.raises(InputError, match=r"it has no cast\.json"):
        CastFolder(tmp_path)
    old = tmp_path / ".talk.cast.abc.old" / "talk.cast"
    old.mkdir(parents=True)
    with pytest.raises(InputError) as caught:
        CastFolder(tmp_path / "talk.cast")
    assert caught.value.hint == f"An interrupted change left it here; move it back: mv {old} {tmp_path / 'talk.cast'}"
