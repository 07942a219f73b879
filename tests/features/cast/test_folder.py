import errno
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.core.result_folder import ResultFolder
from closeup.documents.cast import CAST_JSON
from closeup.documents.edits import EDITS_JSON, Edits, read_edits
from closeup.features.cast import folder as folder_module
from closeup.features.cast import operations as say
from closeup.features.cast.folder import CastFolder, CastResult, carry_over, check_place, write_cast_folder
from closeup.features.cast.people import build_people, found_people
from features.cast.fake_cast import LABELS, SHA256, fake_folder, fake_picture, fake_result, fake_tracks

FILES = {
    "cast.json",
    "vectors.npz",
    "edits.json",
    "baseline.json",
    "report.html",
    *(f"tracks/t{n}.jpg" for n in range(1, 9)),
    *(f"people/p{n}{kind}.jpg" for n in range(1, 5) for kind in ("", "-strip")),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return fake_folder(tmp_path)


def name(folder: Path, person: str = "p1", text: str = "Anna") -> str:
    return CastFolder(folder).edit(lambda scene: say.name_person(scene, person, text)).sentence


def test_the_folder_holds_what_is_documented(place: Path) -> None:
    assert set(contents(place)) == FILES
    assert list(place.parent.iterdir()) == [place]
    folder, result = CastFolder(place), fake_result()
    cast = folder.cast()
    assert cast.people == result.cast.people
    assert folder.baseline(cast) == result.baseline
    assert folder.edits() == result.edits
    assert dict(folder.pictures(cast)) == result.pictures
    np.testing.assert_array_equal(folder.vectors(cast).face, result.vectors.face)
    assert "talk.cast" in (place / "report.html").read_text(encoding="utf-8")


def test_the_documented_way_to_read_embeddings_works(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(__file__).parents[3] / "docs" / "concepts" / "cast-folder.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(place.parent)
    exec(code, {})
    assert capsys.readouterr().out == "0.0\n"


def test_every_field_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "concepts" / "cast-folder.md").read_text(encoding="utf-8")
    schema = CAST_JSON.schema()
    objects = [schema, *(part for part in schema["$defs"].values() if part["type"] == "object")]
    missing = {field for part in objects for field in part["properties"] if f"`{field}`" not in page}
    assert missing == set()


def test_pictures_of_shots_are_kept_by_edits_and_shown(tmp_path: Path) -> None:
    shots = {"shot-0": fake_picture(1), "shot-2": fake_picture(3)}
    result = replace(fake_result(), pictures=fake_result().pictures | shots)
    write_cast_folder(tmp_path / "talk.cast", result, overwrite=False)
    place = tmp_path / "talk.cast"
    assert set(contents(place)) == FILES | {"shots/1.jpg", "shots/3.jpg"}
    name(place)
    assert dict(CastFolder(place).pictures(CastFolder(place).cast())) == result.pictures
    page = (place / "report.html").read_text(encoding="utf-8")
    assert 'alt="Shot 1"' in page
    assert 'alt="Shot 2"' not in page
    write_cast_folder(place, fake_result(CastFolder(place).edits()), overwrite=True)
    assert not (place / "shots").exists()


def test_two_runs_write_the_same_bytes(place: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    assert contents(fake_folder(tmp_path / "again")) == contents(place)


def test_an_edit_changes_cast_pictures_and_report(place: Path) -> None:
    before = contents(place)
    assert name(place, "p1", "Anna Lind") == "p1 is now called Anna Lind."
    CastFolder(place).edit(lambda scene: say.merge_people(scene, ["p3", "p1"]))
    cast = CastFolder(place).cast()
    assert [(p.id, p.name, p.screen_time_s) for p in cast.people] == [("p3", "Anna Lind", 14.0), ("p2", None, 7.0)]
    after = contents(place)
    assert set(after) == FILES - {"people/p1.jpg", "people/p1-strip.jpg"}
    assert "Anna Lind" in after["report.html"].decode()
    changed = {file for file in after if after[file] != before[file]}
    assert changed == {"cast.json", "edits.json", "report.html", "people/p3.jpg", "people/p3-strip.jpg"}
    assert list(place.parent.iterdir()) == [place]


def test_undo_gives_back_the_same_bytes(place: Path) -> None:
    stages = [contents(place)]
    wishes: list[Any] = [
        lambda scene: say.name_person(scene, "p2", "Ben"),
        lambda scene: say.merge_people(scene, ["p1", "p3"]),
        lambda scene: say.split_person(scene, "p1", ["t1", "t5"]),
        lambda scene: say.reject_tracks(scene, "p2", ["t2"]),
        lambda scene: say.choose_portrait(scene, "p1", "t3"),
        lambda scene: say.tell_apart(scene, "p1", "p2"),
        lambda scene: say.hide_person(scene, "p5"),
        lambda scene: say.unhide_person(scene, "p5"),
    ]
    for wish in wishes:
        CastFolder(place).edit(wish)
        stages.append(contents(place))
    for then in reversed(stages[:-1]):
        CastFolder(place).edit(say.undo)
        assert {**contents(place), "edits.json": b""} == {**then, "edits.json": b""}
    with pytest.raises(InputError, match="no edit to undo"):
        CastFolder(place).edit(say.undo)
    kept = CastFolder(place).edits()
    assert (kept.operations, kept.next_person, len(kept.undone)) == ((), 6, len(wishes))
    for then in stages[1:]:
        CastFolder(place).edit(say.redo)
        assert {**contents(place), "edits.json": b""} == {**then, "edits.json": b""}


def test_what_would_be_done_is_said_and_nothing_is_written(place: Path) -> None:
    before = contents(place)
    assert (
        CastFolder(place).edit(lambda scene: say.hide_person(scene, "p2"), keep=False).sentence == "p2 is hidden now."
    )
    assert contents(place) == before


def test_wishes_together_are_said_of_what_those_before_them_leave_and_undone_together(place: Path) -> None:
    name(place, "p2", "Ben")
    before = contents(place)
    change = CastFolder(place).edit(
        lambda scene: say.merge_people(scene, ["p1", "p3"]),
        lambda scene: say.choose_portrait(scene, "p1", "t5"),
        lambda scene: say.name_person(scene, "p1", "Anna"),
    )
    assert change.sentence.splitlines() == [
        "p3 is part of p1 now.",
        "The portrait of p1 is from t5 now.",
        "p1 is now called Anna.",
    ]
    anna = CastFolder(place).cast().people[0]
    assert (anna.name, anna.tracks, anna.portrait_track) == ("Anna", ("t1", "t3", "t5", "t6"), "t5")
    assert (place / "people" / "p1.jpg").read_bytes() == (place / "tracks" / "t5.jpg").read_bytes()
    assert [operation.joined for operation in CastFolder(place).edits().operations] == [False, False, True, True]
    CastFolder(place).edit(say.undo)
    before["edits.json"] = EDITS_JSON.encode(CastFolder(place).edits())
    assert contents(place) == before
    with pytest.raises(InputError, match="no person p3"):
        CastFolder(place).edit(
            lambda scene: say.merge_people(scene, ["p1", "p3"]), lambda scene: say.hide_person(scene, "p3")
        )
    assert contents(place) == before


def test_a_split_after_undoing_one_gets_another_id(place: Path) -> None:
    CastFolder(place).edit(lambda scene: say.split_person(scene, "p1", ["t1"]))
    CastFolder(place).edit(say.undo)
    change = CastFolder(place).edit(lambda scene: say.split_person(scene, "p1", ["t1"]))
    assert change.sentence.endswith("p6.")


def test_files_of_the_user_stay(place: Path) -> None:
    (place / "notes").mkdir()
    (place / "notes" / "a.txt").write_text("mine")
    (place / "link").symlink_to("notes")
    name(place)
    write_cast_folder(place, fake_result(CastFolder(place).edits()), overwrite=True)
    assert (place / "notes" / "a.txt").read_text() == "mine"
    assert (place / "link").is_symlink()
    assert set(contents(place)) > FILES


def test_disks_without_hard_links(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", link)
    name(place)
    assert set(contents(place)) == FILES


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_edit_that_breaks_off_leaves_everything_as_it_was(
    place: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(place)

    def fail(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(folder_module, "render_report", fail)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        name(place)
    assert contents(place) == before
    assert list(place.parent.iterdir()) == [place]


def test_writing_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "person_pictures", fail)
    with pytest.raises(KeyboardInterrupt):
        fake_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_wish_changes_nothing(place: Path) -> None:
    before = contents(place)
    with pytest.raises(InputError):
        name(place, "p9")
    assert contents(place) == before


def test_one_edit_at_a_time(place: Path) -> None:
    with ResultFolder(place).locked(), pytest.raises(OutputError, match="being changed by another closeup"):
        name(place)
    with ResultFolder(place).locked(), pytest.raises(OutputError, match="being changed by another closeup"):
        write_cast_folder(place, fake_result(), overwrite=True)


def test_what_killed_processes_left_behind_is_swept_up(place: Path) -> None:
    keep = place.parent / ".talk.cast.mine.part"
    ways: list[Callable[[], object]] = [
        lambda: write_cast_folder(place, fake_result(), overwrite=True),
        lambda: name(place),
    ]
    for way in ways:
        for left in (".talk.cast.abc_1234.part", ".talk.cast.abcd1234.old/talk.cast"):
            (place.parent / left / "tracks").mkdir(parents=True)
        keep.mkdir(exist_ok=True)
        way()
        assert sorted(place.parent.iterdir()) == [keep, place]


def test_an_edit_in_the_meantime_is_not_overwritten(place: Path) -> None:
    name(place)
    with pytest.raises(OutputError, match="was edited by another closeup in the meantime"):
        write_cast_folder(place, fake_result(), overwrite=True)
    assert CastFolder(place).cast().people[0].name == "Anna"


def test_overwriting_needs_the_word_and_a_folder_of_ours(place: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists already"):
        write_cast_folder(place, fake_result(), overwrite=False)
    photos = tmp_path / "photos"
    photos.mkdir()
    check_place(photos, Path("a.mp4"), overwrite=True)
    check_place(tmp_path / "not there", Path("a.mp4"), overwrite=False)
    (photos / "wedding.jpg").write_bytes(b"x")
    with pytest.raises(OutputError, match="closeup will not replace it"):
        write_cast_folder(photos, fake_result(), overwrite=True)
    assert contents(photos) == {"wedding.jpg": b"x"}


def test_parts_that_do_not_fit_are_not_written(tmp_path: Path) -> None:
    result = fake_result()
    pictures = {key: value for key, value in result.pictures.items() if key != "t8"}
    for bad, message in (
        (replace(result, vectors=replace(result.vectors, face_frame=result.vectors.face_frame + 1)), "a face in frame"),
        (replace(result, pictures=pictures), "no picture of t8"),
        (replace(result, cast=replace(result.cast, people=())), "must be null or the id of a person"),
    ):
        with pytest.raises(FormatError, match=message):
            write_cast_folder(tmp_path / "talk.cast", bad, overwrite=False)
        assert list(tmp_path.iterdir()) == []


def test_an_empty_cast(tmp_path: Path) -> None:
    whole = fake_result()
    baseline = found_people([], np.zeros(0, np.int64), whole.baseline.rule)
    cast = replace(whole.cast, people=(), passers_by=(), tracks=())
    none = np.zeros(0, np.int64)
    vectors = replace(
        whole.vectors,
        face=np.zeros((0, 16), np.float32),
        face_track=none,
        face_frame=none,
        face_quality=np.zeros(0, np.float32),
        face_worth=np.zeros(0, np.float32),
        clothing=np.zeros((0, 10), np.float32),
    )
    write_cast_folder(tmp_path / "a.cast", CastResult(cast, baseline, Edits(), vectors, {}), overwrite=False)
    assert CastFolder(tmp_path / "a.cast").cast().people == ()


@pytest.mark.parametrize("file", ["cast.json", "edits.json", "baseline.json"])
def test_damaged_files_are_named_and_nothing_is_changed(place: Path, file: str) -> None:
    (place / file).write_bytes(b"{}")
    before = contents(place)
    with pytest.raises(FormatError, match=file):
        name(place)
    assert contents(place) == before


def test_a_missing_picture_is_named(place: Path) -> None:
    (place / "tracks" / "t3.jpg").unlink()
    with pytest.raises(InputError, match=r"t3\.jpg"):
        dict(CastFolder(place).pictures(CastFolder(place).cast()))
    with pytest.raises(FormatError, match=r"t3\.jpg"):
        name(place)


# Another analysis in the same place


def renumbered() -> tuple[Any, ...]:
    """The same tracks in another order, with other ids."""
    order = [7, 3, 0, 1, 2, 6, 4, 5]
    return tuple(replace(fake_tracks()[old], id=f"t{new}") for new, old in enumerate(order, start=21)), LABELS[order]


def test_edits_and_ids_are_carried_over(place: Path) -> None:
    name(place, "p2", "Ben")
    CastFolder(place).edit(lambda scene: say.split_person(scene, "p1", ["t3"]))
    tracks, labels = renumbered()
    carried = carry_over(place, tracks, SHA256)
    assert carried.warnings == ()
    assert carried.earlier is not None
    assert carried.earlier.next_person == 6
    baseline = found_people(tracks, labels, fake_result().baseline.rule, carried.earlier)
    assert baseline.person_of(tracks) == [None, "p2", "p1", "p2", "p1", "p4", "p3", "p1"]
    members = build_people(tracks, baseline, carried.edits, SHA256)
    assert [(p.id, p.name) for p in members.people] == [("p2", "Ben"), ("p1", None), ("p5", None), ("p3", None)]
    assert members.warnings == ()


def test_nothing_is_carried_over_from_nothing(tmp_path: Path) -> None:
    carried = carry_over(tmp_path / "talk.cast", fake_tracks(), SHA256)
    assert (carried.edits, carried.earlier, carried.warnings) == (Edits(), None, ())


def test_edits_of_another_video_wait_in_the_file(place: Path) -> None:
    name(place)
    carried = carry_over(place, fake_tracks(), "00" * 32)
    assert carried.earlier is None
    assert len(carried.edits.operations) == 1


def test_edits_survive_a_damaged_cast(place: Path) -> None:
    name(place)
    (place / "cast.json").write_bytes(b"{")
    carried = carry_over(place, fake_tracks(), SHA256)
    assert carried.earlier is None
    assert "other ids than before" in carried.warnings[0]
    assert carried.edits == read_edits(place / "edits.json")


def test_damaged_edits_are_not_thrown_away(place: Path) -> None:
    (place / "edits.json").write_bytes(b"{")
    with pytest.raises(FormatError, match=r"edits\.json"):
        check_place(place, Path("a.mp4"), overwrite=True)
    with pytest.raises(FormatError, match=r"edits\.json") as caught:
        carry_over(place, fake_tracks(), SHA256)
    assert "move it away" in caught.value.hint


def test_the_folder_can_be_moved(place: Path, tmp_path: Path) -> None:
    shutil.move(place, tmp_path / "other.cast")
    assert name(tmp_path / "other.cast") == "p1 is now called Anna."


def test_notes_that_are_not_of_edits_outlive_edits(place: Path) -> None:
    """Which device was used stays true; what was said of one edit goes with it."""
    name(place)
    folder = CastFolder(place)
    foreign = tuple(replace(each, video_sha256="0" * 64) for each in folder.edits().operations)
    (place / "edits.json").write_bytes(EDITS_JSON.encode(replace(folder.edits(), operations=foreign)))
    skipped = "1 edit of another video file stayed out of use."
    cast = replace(folder.cast(), notes=("Networks ran on cuda.", skipped))
    (place / "cast.json").write_bytes(CAST_JSON.encode(cast))
    name(place, text="Bea")
    assert CastFolder(place).cast().notes == ("Networks ran on cuda.", skipped)
    CastFolder(place).edit(say.undo)
    CastFolder(place).edit(say.undo)
    assert CastFolder(place).cast().notes == ("Networks ran on cuda.",)
