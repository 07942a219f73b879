import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.hints import hint
from closeup.cli.people import app
from closeup.core.errors import InputError
from closeup.features.cast.folder import CastFolder
from features.cast.fake_cast import fake_folder
from features.cast.test_drawing import at, green
from features.cast.test_drawing import folder as missed  # noqa: F401
from features.cast.test_suggestions import folder as doubtful


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result folder talk.cast in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return fake_folder(tmp_path)


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def refused(*words: str) -> InputError:
    error = type_in(*words).exception
    assert isinstance(error, InputError)
    return error


def people(place: Path) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(p.id, p.name, p.tracks) for p in CastFolder(place).cast().people]


@pytest.mark.parametrize("words", [("talk.cast", "list"), ("talk.cast",), ("talk.cast/", "list")])
def test_list(place: Path, words: tuple[str, ...]) -> None:
    result = type_in(*words)
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["1", "0:10", "3", "t1,", "t3,", "t6", "p1"] in rows
    assert ["4", "0:01", "1", "t7", "passes", "by", "p4"] in rows


def test_list_as_json(place: Path) -> None:
    type_in("talk.cast", "hide", "p2")
    data = json.loads(type_in("talk.cast", "list", "--json").stdout)
    assert [p["id"] for p in data["people"]] == ["p1", "p3"]
    assert [p["id"] for p in data["passers_by"]] == ["p4"]
    assert data["hidden"][0] == {
        "id": "p2",
        "name": None,
        "portrait": "people/p2.jpg",
        "screen_time_s": 7.0,
        "shots": [0, 2],
        "tracks": ["t2", "t4"],
        "quality": 0.8,
    }


def test_markup_in_a_name_is_text(place: Path) -> None:
    type_in("talk.cast", "name", "p1", "[red]Anna[/red]")
    assert "[red]Anna[/red]" in type_in("talk.cast").stdout


def test_every_change_says_what_it_did_and_how_to_take_it_back(place: Path) -> None:
    result = type_in("talk.cast", "name", "p1", "Anna", "Lind")
    assert result.stdout == "p1 is now called Anna Lind.\n"
    assert result.stderr == "hint: Take it back: closeup people talk.cast undo\n"
    assert type_in("talk.cast", "merge", "p1", "p3").stdout == "p3 is part of p1 (Anna Lind) now.\n"
    assert people(place) == [("p1", "Anna Lind", ("t1", "t3", "t5", "t6")), ("p2", None, ("t2", "t4"))]
    type_in("talk.cast", "split", "p1", "--tracks", "t5, t6")
    type_in("talk.cast", "not", "p1", "--tracks", "t3")
    type_in("talk.cast", "hide", "p2")
    type_in("talk.cast", "hide", "p1")
    type_in("talk.cast", "unhide", "p1")
    assert people(place) == [("p5", None, ("t5", "t6")), ("p1", "Anna Lind", ("t1",))]
    result = type_in("talk.cast", "undo")
    assert (result.stdout, result.stderr) == ("Undone: unhide p1. 6 edits left.\n", "")


def test_several_names_in_one_change(place: Path) -> None:
    result = type_in("talk.cast", "name", "p1=Ada Lovelace", "p2=Ben=Bo")
    assert result.stdout == "p1 is now called Ada Lovelace.\np2 is now called Ben=Bo.\n"
    assert [named for _, named, _ in people(place)] == ["Ada Lovelace", "Ben=Bo", None]
    assert type_in("talk.cast", "name", "p1=", "p3", "Cleo").exit_code == 2
    assert type_in("talk.cast", "name", "p3").exit_code == 2
    assert type_in("talk.cast", "name", "p1", "a=b").stdout == "p1 is now called a=b.\n"
    type_in("talk.cast", "undo")
    assert type_in("talk.cast", "undo").stdout == "Undone: name p1, name p2. No edit is left.\n"
    assert [named for _, named, _ in people(place)] == [None, None, None]


def test_what_the_report_collects_is_one_change(place: Path) -> None:
    changes = ["name p1='Ada L' p2=Ben", "same p1 p3", "different p1 p2", "portrait p1 t5", "hide p2 p4", "split p1 t6"]
    result = type_in("talk.cast", "apply", *changes)
    assert result.stdout.splitlines() == [
        "p1 is now called Ada L.",
        "p2 is now called Ben.",
        "p3 is part of p1 (Ada L) now.",
        "p1 (Ada L) and p2 (Ben) are different people.",
        "The portrait of p1 (Ada L) is from t5 now.",
        "p2 (Ben) is hidden now.",
        "p4 is hidden now.",
        "t6 of p1 (Ada L) is a person of their own now: p5.",
    ]
    assert people(place) == [("p1", "Ada L", ("t1", "t3", "t5"))]
    type_in("talk.cast", "apply", "not p1 --tracks t1", "unhide p2", "merge p1 p5")
    assert people(place)[0] == ("p1", "Ada L", ("t3", "t5", "t6"))
    type_in("talk.cast", "undo")
    assert "No edit is left" in type_in("talk.cast", "undo").stdout
    for odd in ("rename p1", "hide", "name", "merge", "same p1 p2 p3", "portrait p1", "name p1='", ""):
        assert type_in("talk.cast", "apply", "hide p1", odd).exit_code == 2
    assert [each[0] for each in people(place)] == ["p1", "p2", "p3"]


@pytest.mark.parametrize("words", [("same", "p3", "p4"), ("merge", "p3", "p4")])
def test_same_is_merge(place: Path, words: tuple[str, ...]) -> None:
    assert type_in("talk.cast", *words).stdout == "p4 is part of p3 now.\n"


def test_suggest_asks_and_says_how_to_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    doubtful(tmp_path, {2: 0.55})
    type_in("talk.cast", "name", "p1", "Ada")
    result = type_in("talk.cast", "suggest")
    assert result.stdout.splitlines()[0] == "p1 (Ada) and p3: perhaps the same? About 50 % likely."
    assert result.stdout.splitlines()[1].startswith("  Their faces are 0.550 apart; up to 0.52 makes one person")
    answers = "closeup people talk.cast same p1 p3, or: closeup people talk.cast different p1 p3"
    assert result.stderr == f"hint: Answer: {answers}\n"
    (found,) = json.loads(type_in("talk.cast", "suggest", "--json").stdout)
    assert (found["people"], found["face_limit"], found["same_shot"]) == (["p1", "p3"], 0.52, False)
    assert type_in("talk.cast", "different", "p1", "p3").stdout == "p1 (Ada) and p3 are different people.\n"
    assert type_in("talk.cast", "suggest").stdout == "Nobody is in doubt.\n"
    assert json.loads(type_in("talk.cast", "suggest", "--json").stdout) == []


def test_many_tracks_are_cut_short(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.cli.people._IDS_SHOWN", 2)
    row = next(line for line in type_in("talk.cast").stdout.splitlines() if " p1 " in line)
    assert "t1, t3, ... (3)" in row


def test_what_cannot_be_is_an_error_with_the_folder_in_its_hint(place: Path) -> None:
    error = refused("talk.cast", "merge", "p1", "p2")
    assert "both are" not in error.message
    assert "both in the picture at 0:00" in error.message
    assert "closeup people talk.cast not p2" in hint(error)
    assert hint(refused("talk.cast", "name", "p9", "Anna")) == "See who there is: closeup people talk.cast list"
    assert "no folder" in refused("missing.cast", "list").message


def test_the_folder_comes_first(place: Path) -> None:
    error = refused("name", "talk.cast", "p1", "Anna Lind")
    assert error.message == "The folder comes first."
    assert error.hint == "closeup people talk.cast name p1 'Anna Lind'"
    assert refused("list").hint == "closeup people DIR list"


def test_a_folder_may_be_called_like_a_command(place: Path) -> None:
    place.rename(place.parent / "list")
    assert type_in("list", "name", "p1", "Anna").stdout == "p1 is now called Anna.\n"


@pytest.mark.parametrize("words", [("--help",), ("merge", "--help"), ("talk.cast", "merge", "--help")])
def test_help_needs_no_folder(words: tuple[str, ...]) -> None:
    result = type_in(*words)
    assert result.exit_code == 0
    assert "DIR" in result.stdout
    assert "merge" in result.stdout


def test_nothing_at_all_shows_the_help() -> None:
    result = type_in()
    assert result.exit_code == 2
    assert "unhide" in result.output


def test_an_unknown_command(place: Path) -> None:
    result = type_in("talk.cast", "rename", "p1")
    assert result.exit_code == 2
    assert "No such command 'rename'" in result.output


def test_an_edit_from_inside_the_folder_says_that_the_shell_is_left_behind(place: Path) -> None:
    os.chdir(place)
    result = type_in(".", "name", "p1", "Anna")
    assert 'cd "$PWD"' in result.stderr
    assert people(place)[0][1] == "Anna"
    lost = refused(".", "list")
    assert "There is no folder" in lost.message


def drawn(frame: int) -> list[str]:
    """Where the missed face of that frame is, in words."""
    box_xyxy = (share * side for share, side in zip(green(frame), 2 * (320, 180), strict=True))
    return ["--at", f"{at(frame)}", "--box", ",".join(f"{side:.2f}" for side in box_xyxy)]


def test_a_missed_face_is_drawn_and_taken_back(missed: Path) -> None:  # noqa: F811
    before = people(missed)
    result = type_in(str(missed), "draw", *drawn(40), "--name", "Mira", "-q")
    assert (result.exit_code, result.exception) == (0, None)
    assert "Mira" in result.stdout
    assert [name for _, name, _ in people(missed)] == [name for _, name, _ in before] + ["Mira"]
    type_in(str(missed), "undo")
    assert people(missed) == before


def test_what_cannot_be_drawn_changes_nothing(missed: Path) -> None:  # noqa: F811
    before = people(missed)
    outside = ["--at", "1", "--box", "300,10,400,90"]
    assert "must lie in the picture" in refused(str(missed), "draw", *outside).message
    assert "no picture at 99" in refused(str(missed), "draw", "--at", "99", *drawn(40)[2:]).message
    assert type_in(str(missed), "draw", "--at", "1", "--box", "300,10,400").exit_code == 2
    assert "Only a new person" in refused(str(missed), "draw", "p1", *drawn(40), "--name", "Mira").message
    assert people(missed) == before
