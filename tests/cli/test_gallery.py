import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cli.typed_gallery import answer, refused, type_in
from closeup.cli import gallery_people
from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from closeup.features.gallery import liveness
from closeup.media import webcam
from closeup.perception import analyzer
from closeup.storage import database
from features.gallery.made_up import FakeAnalyzer, Shown, made_up_card, photo
from features.gallery.test_cast_people import folder_of
from features.gallery.test_guide import Actor
from stand_ins import PictureSource

pytestmark = pytest.mark.usefixtures("place")


def test_enrol_tells_what_is_there_and_what_is_missing() -> None:
    result = type_in("enrol", "Ann", "ann0.png", "ann1.png")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Ann is enrolled: 2 new faces (front, left); 2 templates in all.",
        "Poses still missing: right, down.",
    ]
    again = type_in("enrol", "Ann", "ann0.png")
    assert "with these pictures already; nothing was added" in again.stdout


def test_enrol_as_json_with_notes() -> None:
    words = ("enrol", "Ann", "ann0.png", "nobody.png", "--consent", "yes", "--retain-until", "2031-01-02", "--json")
    result = type_in(*words)
    assert result.exit_code == EXIT_LOSSES
    data = json.loads(result.stdout)
    assert (data["name"], data["added"], data["templates"]) == ("Ann", ["front"], 1)
    assert (data["consent"], data["retain_until"]) == ("yes", "2031-01-02")
    assert data["missing"] == ["left", "right", "down"]
    assert [item["photo"] for item in data["refused"]] == ["nobody.png"]
    assert (data["flagged"], data["already_known"]) == ([], None)


def test_enrol_refuses_a_face_with_another_name(people: None) -> None:
    said = refused("enrol", "Anna", "ann2.png")
    assert "error: ann2.png shows a face that is enrolled as Ann already: similarity" in said
    assert "--force" in said
    assert [one["name"] for one in answer("list")] == ["Ann", "Bob", "Cid"]
    data = answer("enrol", "Anna", "ann2.png", "--force")
    assert data["already_known"]["name"] == "Ann"


def test_two_faces_under_one_name_are_flagged(people: None) -> None:
    result = type_in("enrol", "Ann", "bob2.png", "--force")
    assert "note: bob2.png shows a face that is not like the others of Ann" in result.stderr
    data = answer("show", "ann")
    assert [face["flagged"] for face in data["faces"]] == [False, False, True]
    assert "A flagged face is not like the others" in type_in("show", "ann").stdout


def test_what_cannot_be_enrolled() -> None:
    assert "No face was found in nobody.png" in refused("enrol", "Ann", "nobody.png")
    assert "two.png is in doubt. It shows 2 faces" in refused("enrol", "Ann", "two.png")
    assert "absent.png does not exist" in refused("enrol", "Ann", "absent.png")
    assert "give photos, or --camera" in refused("enrol", "Ann")
    assert "give photos, or --camera" in refused("enrol", "Ann", "ann0.png", "--camera")
    assert "goes with --camera only" in refused("enrol", "Ann", "ann0.png", "--liveness")
    assert "The name is empty" in refused("enrol", " ", "ann0.png")
    assert answer("list") == []
    assert "Nobody is enrolled in" in type_in("list").stdout


def before(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sit somebody before the camera who listens."""

    @contextmanager
    def opened(index: int) -> Iterator[PictureSource]:
        yield PictureSource(actor.pictures())

    from closeup.cli import gallery_enrol

    monkeypatch.setattr(webcam, "open_camera", opened)
    monkeypatch.setattr(gallery_enrol, "say", actor.say)
    monkeypatch.setattr(analyzer, "Analyzer", lambda models="auto": actor.reader)
    monkeypatch.setattr(liveness, "random_turns", lambda: ("left", "down", "left", "up"))


def test_a_camera_enrols_and_identifies_a_living_head(monkeypatch: pytest.MonkeyPatch) -> None:
    actor = Actor()
    before(actor, monkeypatch)
    # What is said at the end is no request.
    monkeypatch.setattr(actor, "say", lambda text: actor.said.append(text) if "living head" not in text else None)
    before(actor, monkeypatch)
    data = answer("enrol", "Bob", "--camera", "--liveness")
    assert data["missing"] == []
    actor.said.clear()
    found = answer("identify", "--camera", "--liveness")
    assert (found["name"], found["liveness"]) == ("Bob", "passed")
    actor.said.clear()
    assert answer("identify", "--camera")["liveness"] is None


def test_who_does_not_turn_is_not_enrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    before(Actor(obeys=False), monkeypatch)
    assert "does not look like a living head" in refused("enrol", "Bob", "--camera", "--liveness")
    assert answer("list") == []


def test_no_camera_is_told() -> None:
    assert "There is no camera 93" in refused("enrol", "Ann", "--camera", "--camera-index", "93")


def test_a_folder_is_imported_and_problems_are_told(place: Path) -> None:
    for person, name in enumerate(("Ann", "Bob")):
        photo(place / "people" / name / "1.png", Shown(person))
    photo(place / "people" / "Nil" / "1.png")
    result = type_in("import", "people")
    assert result.exit_code == EXIT_LOSSES
    assert "Enrolled: 2 people with 2 new faces; 1 could not be enrolled." in result.stdout
    assert "error: Nil: No face was found in people/Nil/1.png." in result.stderr
    data = json.loads(type_in("import", "people", "--json", "--quiet").stdout)
    assert [one.get("error", "") != "" for one in data["people"]] == [False, False, True]


def test_a_cast_goes_into_the_gallery_and_gets_its_names_back(place: Path) -> None:
    folder_of(place, {"p1": "Ann", "p2": "Bob"})
    data = answer("import-cast", "talk.cast")
    assert [one["name"] for one in data["people"]] == ["Ann", "Bob"]
    (place / "talk.cast").rename(place / "old.cast")
    folder_of(place)
    shown = answer("identify", "talk.cast")
    assert {one["person"]: one["name"] for one in shown["people"]} == {"p1": "Ann", "p2": "Bob", "p3": None, "p4": None}
    assert "most like" in type_in("identify", "talk.cast").stdout
    named = CliRunner().invoke(app, ["people", "talk.cast", "name", "--from-gallery"])
    assert named.exit_code == 0
    assert "p1 is now called Ann. (similarity" in named.stdout
    assert "p3 is unknown; most like" in named.stdout
    listed = CliRunner().invoke(app, ["people", "talk.cast", "list", "--json"])
    assert [one["name"] for one in json.loads(listed.stdout)["people"]] == ["Ann", "Bob", None]
    again = CliRunner().invoke(app, ["people", "talk.cast", "name", "--from-gallery"])
    assert "Nobody was named." in again.stdout
    undone = CliRunner().invoke(app, ["people", "talk.cast", "undo"])
    assert undone.stdout.startswith("Undone: name p1, name p2. No edit is left.")


def test_one_person_of_a_cast_can_be_named_from_the_gallery(place: Path, people: None) -> None:
    folder_of(place)
    result = CliRunner().invoke(app, ["people", "talk.cast", "name", "p2", "--from-gallery", "--far", "0.01"])
    assert result.stdout.startswith("p2 is now called Bob.")
    for words, problem in [
        (("name", "p9", "--from-gallery"), "no person p9"),
        (("name", "p1", "Ann", "--from-gallery"), "leave NAME out"),
        (("name",), "give an id and a name"),
        (("name", "p1"), "give an id and a name"),
    ]:
        wrong = CliRunner().invoke(app, ["people", "talk.cast", *words])
        assert wrong.exit_code == EXIT_COULD_NOT
        assert problem in wrong.stderr


def test_verify_two_photos_and_somebody_enrolled(people: None) -> None:
    data = answer("verify", "ann0.png", "ann2.png", "--far", "0.0001")
    assert (data["same"], data["threshold"], data["far"]) == (True, 0.6, 0.0001)
    assert "Two different people: similarity" in type_in("verify", "ann0.png", "bob0.png").stdout
    assert "which 0.1 % of pairs of strangers reach" in type_in("verify", "ann0.png", "ann2.png").stdout
    assert answer("verify", "bob2.png", "--as", "bob")["same"]
    assert not answer("verify", "bob2.png", "--as", "ann")["same"]
    assert "give another photo, or --as NAME" in refused("verify", "ann0.png")
    assert "give another photo, or --as NAME" in refused("verify", "ann0.png", "bob0.png", "--as", "ann")
    assert "false-accept rate of 0.7" in refused("verify", "ann0.png", "ann1.png", "--far", "0.7")


def test_a_crowded_gallery_says_how_often_strangers_pass(people: None) -> None:
    assert "of strangers would be taken for one of them" not in type_in("identify", "ann2.png").stderr
    said = type_in("identify", "ann2.png", "--far", "0.1").stderr
    assert "With 3 people enrolled, up to 27.1 % of strangers would be taken for one of them" in said
    assert "--far 0.01" in said


def test_look_alikes_with_a_sheet(place: Path, people: None) -> None:
    data = answer("similar", "ann2.png", "--top", "2", "--sheet", "sheet.html")
    assert data["found"][0]["name"] == "Ann"
    assert len(data["found"]) == 2
    assert data["found"][0]["distance"] == pytest.approx(1 - data["found"][0]["similarity"])
    assert "<!doctype html>" in (place / "sheet.html").read_text()
    assert "sheet.html exists already" in refused("similar", "ann2.png", "--sheet", "sheet.html")
    found = type_in("similar", "ann2.png", "--in", ".", "--sheet", "sheet.html", "--overwrite")
    assert found.exit_code == 0
    assert "ann0.png" in found.stdout
    assert "1 picture was of no use" in found.stderr
    (place / "bad.png").write_bytes(b"no picture")
    lossy = type_in("similar", "ann2.png", "--in", ".", "--json")
    assert (lossy.exit_code, json.loads(lossy.stdout)["unreadable"]) == (EXIT_LOSSES, 1)
    assert type_in("map", "--in", ".").exit_code == EXIT_LOSSES


def test_the_map(place: Path, people: None) -> None:
    result = type_in("map")
    assert result.exit_code == 0
    assert "6 faces of 3 people: map.html" in result.stdout
    assert "note: No pictures are kept" in result.stderr
    assert "map.html exists already" in refused("map")
    assert type_in("map", "--in", ".", "-o", "faces.html").exit_code == 0
    assert (place / "faces.html").exists()


def test_list_show_rename_merge(people: None) -> None:
    assert [one["name"] for one in answer("list")] == ["Ann", "Bob", "Cid"]
    assert "3 people in" in type_in("list").stdout
    shown = type_in("show", "BOB").stdout
    assert "Consent: nothing is noted" in shown
    assert "Poses that would help: right, down." in shown
    assert type_in("rename", "Bob", "Robert").stdout == "Bob is now called Robert.\n"
    assert "Ann" in refused("rename", "Robert", "ann")
    assert type_in("merge", "Ann", "Robert").stdout == "Robert is part of Ann now, who has 4 templates.\n"
    assert "Robert" in refused("show", "Robert")


def test_one_wrong_face_is_taken_out(people: None) -> None:
    type_in("enrol", "Ann", "bob2.png", "--force", "--keep-pictures")
    faces = answer("show", "ann")["faces"]
    assert [(face["pose"], face["flagged"], face["picture"]) for face in faces] == [
        ("front", False, False),
        ("left", False, False),
        ("front", True, True),
    ]
    shown = type_in("show", "ann").stdout
    (row,) = [line.split() for line in shown.splitlines() if "flagged " in f"{line.rstrip()} " and "made-up" in line]
    day = datetime.fromisoformat(faces[2]["created_at"]).astimezone()
    face = ["front", "0°,", "0°", "0.78", f"{day:%Y-%m-%d}", f"{day:%H:%M}", "made-up", "kept", "flagged"]
    assert row == [str(faces[2]["face"]), *face]
    assert "To remove such faces: closeup gallery remove Ann --flagged" in shown
    number = str(faces[2]["face"])
    assert type_in("remove", "ann", number).stdout == f"Removed: face {number} (front) of Ann. 2 faces are left.\n"
    assert [face["flagged"] for face in answer("show", "Ann")["faces"]] == [False, False]
    assert f"Ann has no face {number}" in refused("remove", "Ann", number)
    assert "is enrolled: 1 new face" in type_in("enrol", "Ann", "bob2.png", "--force").stdout


def test_flagged_faces_are_taken_out_together(people: None) -> None:
    assert "No face of Ann is flagged." in type_in("remove", "Ann", "--flagged").stderr
    type_in("enrol", "Ann", "bob2.png", "cid2.png", "--force")
    numbers = [face["face"] for face in answer("show", "Ann")["faces"]]
    said = type_in("remove", "Ann", "--flagged", "--yes").stdout
    assert said == f"Removed: faces {numbers[2]} (front), {numbers[3]} (front) of Ann. 2 faces are left.\n"
    assert [face["face"] for face in answer("show", "Ann")["faces"]] == numbers[:2]


def test_what_cannot_be_removed(people: None) -> None:
    numbers = [str(face["face"]) for face in answer("show", "Ann")["faces"]]
    said = refused("remove", "Ann", *numbers)
    assert "No face of Ann would be left" in said
    assert "closeup gallery delete Ann" in said
    assert "give the numbers of faces, or --flagged" in refused("remove", "Ann")
    assert "give the numbers of faces, or --flagged" in refused("remove", "Ann", "1", "--flagged")
    assert "Ann has no face 99" in refused("remove", "Ann", numbers[0], "99")
    assert "FACE" in refused("remove", "Ann", "one")
    assert len(answer("show", "Ann")["faces"]) == 2


def test_faces_in_doubt_are_said_and_not_guessed_at() -> None:
    type_in("enrol", "Ann O'Neil", "ann0.png", "bob0.png")
    shown = type_in("show", "Ann O'Neil").stdout
    assert "in doubt" in shown
    assert "it is not clear which are right" in shown
    assert "not clear which faces of Ann O'Neil are wrong" in refused("remove", "Ann O'Neil", "--flagged", "--yes")
    (first, _) = answer("show", "Ann O'Neil")["faces"]
    assert "1 face is left" in type_in("remove", "Ann O'Neil", str(first["face"])).stdout


def test_remove_asks_where_somebody_can_answer(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_people, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    first, second = (str(face["face"]) for face in answer("show", "Ann")["faces"])
    kept = CliRunner().invoke(app, ["gallery", "remove", "Ann", first], input="n\n")
    assert f"Remove face {first} (front) of Ann, for good?" in kept.stdout
    assert kept.stdout.endswith("Nothing was removed.\n")
    assert len(answer("show", "Ann")["faces"]) == 2
    assert CliRunner().invoke(app, ["gallery", "remove", "Ann", first], input="y\n").exit_code == 0
    assert [str(face["face"]) for face in answer("show", "Ann")["faces"]] == [second]


def test_a_gallery_that_may_only_be_read_says_so_once(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_made_writable", lambda path: False)
    for words in (("identify", "ann2.png"), ("verify", "bob2.png", "--as", "bob"), ("list",), ("similar", "ann2.png")):
        result = type_in(*words)
        assert result.exit_code == 0, result.output
        assert result.stderr.count("may not be written to; it is only read.") == 1
    assert "gallery.db may not be written to." in refused("enrol", "Ann", "ann2.png")
    assert len(answer("show", "Ann")["faces"]) == 2


def test_delete_asks_where_somebody_can_answer(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert type_in("delete", "Ann").stdout == "Ann is deleted, with 2 templates.\n"
    monkeypatch.setattr(gallery_people, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    kept = CliRunner().invoke(app, ["gallery", "delete", "Bob"], input="n\n")
    assert "Nothing was deleted." in kept.stdout
    assert type_in("delete", "Bob", "--yes").exit_code == 0
    assert [one["name"] for one in answer("list")] == ["Cid"]
    assert "Zoe" in refused("delete", "Zoe")


def test_export_and_purge(place: Path, people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    result = type_in("export", "ann")
    data = json.loads(result.stdout)
    assert (data["name"], len(data["templates"])) == ("Ann", 2)
    assert type_in("export", "ann", "-o", "ann.json").exit_code == 0
    assert json.loads((place / "ann.json").read_text()) == data
    day = date(2030, 5, 1)
    assert type_in("enrol", "Ann", "ann2.png", "--retain-until", str(day)).exit_code == 0
    monkeypatch.setattr(gallery_people, "today", lambda: day)
    assert "Nobody's last day has passed" in type_in("purge").stderr
    monkeypatch.setattr(gallery_people, "today", lambda: day + timedelta(days=1))
    assert type_in("purge").stdout == "Ann is deleted: to be kept until 2030-05-01.\n"
    assert answer("purge") == []


def test_names_of_any_script_and_control_characters(people: None) -> None:
    assert "Ölaf 王 is enrolled" in type_in("enrol", "Ölaf 王", "ann0.png", "--force").stdout
    assert "control character" in refused("enrol", "A\x1b[31m", "bob0.png")


def test_a_database_that_cannot_be_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "gallery.db").write_bytes(b"this is no database" * 100)
    assert "error:" in refused("list")
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "error:" in refused("enrol", "Ann", "ann0.png")


def test_templates_of_a_model_that_is_not_here(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyzer, "Analyzer", lambda models="auto": FakeAnalyzer((made_up_card("older"),)))
    said = refused("identify", "ann2.png")
    assert "The templates in the gallery are of made-up, and faces are read with older here" in said
    assert "closeup models pull made-up" in said


def test_the_readers_models_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def reader(models: str = "auto") -> FakeAnalyzer:
        asked.append(models)
        return replace(FakeAnalyzer())

    monkeypatch.setattr(analyzer, "Analyzer", reader)
    type_in("enrol", "Ann", "ann0.png", "--models", "builtin")
    type_in("identify", "ann0.png", "--models", "zoo")
    type_in("verify", "ann0.png", "ann1.png")
    assert asked == ["builtin", "zoo", "auto"]
    assert "wrong" in refused("identify", "ann0.png", "--models", "wrong")
