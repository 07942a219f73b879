"""The command line of shorts alone: what it hands on, and what it says."""

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from typer.testing import CliRunner, Result

from closeup.cli.main import app
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import Person, VideoInfo
from closeup.features.shorts import make
from closeup.features.shorts.make import default_folder
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.plan import Piece, Plan, Short
from closeup.jobs import casts

from .conftest import some_cast

NO_SOUND = "the video has no sound"

PLAN = Plan(
    video=VideoInfo("film.mp4", "ab" * 32, 120.0, Fraction(25), 3000, 1280, 720),
    person="p1",
    person_name="Abe",
    shorts=(
        Short("s1", (Piece(0, 250, 0, 10), Piece(1500, 1625, 60, 65)), 0.71, {"presence": 0.9}, "Much movement."),
        Short("s2", (Piece(2000, 2500, 80, 100),), 0.5, {"presence": 0.6}, "Others in the picture."),
    ),
    weights={"presence": 1.0},
    absent={"speech": NO_SOUND, "expression": "A model is missing.", "bursts": NO_SOUND},
    notes=("There are 2 of 3 shorts.",),
)


@dataclass
class FakeWork:
    """Stands where features.shorts.make does: notes what it was asked for.

    Attributes:
        runs: What each run was asked for.
        error: What every run raises, if anything.
    """

    runs: list[tuple[Any, ...]] = field(default_factory=list)
    plan: Plan = PLAN
    error: Exception | None = None

    def make_folder(
        self,
        cast_folder: Path,
        person: str,
        options: ShortsOptions,
        *,
        video: Path | None,
        output: Path | None,
        overwrite: bool,
        plan_only: bool,
        progress: ProgressCallback,
    ) -> tuple[Path, Plan]:
        self.runs.append((cast_folder, person, options, video, output, overwrite, plan_only))
        progress(Progress("Rendering", 1.0, 2.0, "s"))
        if self.error:
            raise self.error
        cast = some_cast()
        return output or default_folder(cast_folder, cast, cast.people[0]), self.plan

    def render_plan(self, plan_file: Path, output: Path, *, video: Path | None, overwrite: bool, progress: Any) -> Plan:
        self.runs.append(("render_plan", plan_file, output, video, overwrite))
        return self.plan


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeWork:
    fake = FakeWork()
    monkeypatch.setattr(make, "render_plan", create_autospec(make.render_plan, side_effect=fake.render_plan))
    monkeypatch.setattr(make, "make_folder", create_autospec(make.make_folder, side_effect=fake.make_folder))
    monkeypatch.setattr(casts, "open_cast", create_autospec(casts.open_cast, side_effect=lambda _: some_cast()))
    monkeypatch.chdir(tmp_path)
    return fake


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["shorts", *words])


def test_shorts_go_beside_the_cast_under_the_names_of_video_and_person(work: FakeWork) -> None:
    result = run("deep/film.cast", "--person", "Abe")
    assert result.exit_code == 0, result.stderr
    assert work.runs == [(Path("deep/film.cast"), "Abe", ShortsOptions(), None, None, False, False)]
    assert "deep/film-p1.shorts" in result.stdout


def test_options_reach_the_work(work: FakeWork) -> None:
    words = "--count 2 --min-length 5 --max-length 9.5 --aspect 4:5 --height 1350 --layout split --captions a.srt"
    more = "--burn-captions --titles --weight speech=0.5 --weight motion=0 --video new.mp4 -o there --overwrite"
    result = run("film.cast", "--person", "p1", *words.split(), *more.split())
    assert result.exit_code == 0, result.stderr
    weights = {"speech": 0.5, "motion": 0.0}
    chosen = ShortsOptions(
        2, 5.0, 9.5, "4:5", 1350, "split", Path("a.srt"), burn_captions=True, weights=weights, titles=True
    )
    assert work.runs == [(Path("film.cast"), "p1", chosen, Path("new.mp4"), Path("there"), True, False)]


def test_a_run_says_what_why_and_where(work: FakeWork) -> None:
    result = run("film.cast", "--person", "p1")
    for words in ("s1", "15.0 s", "0:00", "0.71", "Much movement.", "s2", "20.0 s", "1:20"):
        assert words in result.stdout
    assert "35 s of shorts" in result.stdout
    assert "Preview: film-p1.shorts/preview.html" in result.stdout
    assert "note: There are 2 of 3 shorts.\n" in result.stderr
    assert "note: Not judged: speech, bursts. The video has no sound.\n" in result.stderr
    assert "note: Not judged: expression. A model is missing.\n" in result.stderr


def test_a_plan_is_chosen_and_not_rendered(work: FakeWork) -> None:
    result = run("film.cast", "--person", "p1", "--plan")
    assert [call[-1] for call in work.runs] == [True]
    assert "Chosen in" in result.stdout
    assert "closeup shorts --from-plan film-p1.shorts/plan.json" in result.stderr


def test_a_plan_is_rendered_where_it_lies_or_elsewhere(work: FakeWork) -> None:
    assert run("--from-plan", "film-p1.shorts/plan.json").exit_code == 0
    assert run("--from-plan", "my.json", "-o", "there", "--video", "new.mp4", "--overwrite").exit_code == 0
    assert work.runs == [
        ("render_plan", Path("film-p1.shorts/plan.json"), Path("film-p1.shorts"), None, False),
        ("render_plan", Path("my.json"), Path("there"), Path("new.mp4"), True),
    ]


@pytest.mark.parametrize(
    "words", [["film.cast"], ["--person", "p1"], ["--count", "2"], ["--plan"], ["--burn-captions"]]
)
def test_a_plan_says_itself_what_to_render(words: list[str], work: FakeWork) -> None:
    result = run("--from-plan", "plan.json", *words)
    assert result.exit_code == 2
    assert "--from-plan" in result.stderr
    assert work.runs == []


def test_json_is_one_object_and_nothing_else(work: FakeWork) -> None:
    said = json.loads(run("film.cast", "--person", "p1", "--json").stdout)
    assert said["folder"] == "film-p1.shorts"
    assert said["person"] == {"id": "p1", "name": "Abe"}
    assert said["rendered"] is True
    assert said["shorts"][0]["file"] == "film-p1.shorts/s1.mp4"
    assert said["shorts"][0]["pieces"] == [[0, 10], [60, 65]]
    assert said["shorts"][0]["reason"] == "Much movement."
    assert said["absent"]["speech"] == NO_SOUND
    planned = json.loads(run("film.cast", "--person", "p1", "--json", "--plan").stdout)
    assert planned["rendered"] is False
    assert [short["file"] for short in planned["shorts"]] == [None, None]


def test_quiet_says_nothing(work: FakeWork) -> None:
    assert run("film.cast", "--person", "p1", "--quiet").output == ""


def test_without_a_person_it_says_who_is_there(work: FakeWork) -> None:
    result = run("film.cast")
    assert result.exit_code == 2
    assert "--person ID" in result.stderr
    assert "There are: p1 (Abe), p2." in result.stderr


def test_without_a_cast_it_is_a_usage_error(work: FakeWork) -> None:
    result = run("--person", "p1")
    assert result.exit_code == 2
    assert "CASTDIR" in result.stderr


@pytest.mark.parametrize("weight", ["speech", "speech=", "speech=much", "=", ""])
def test_weights_that_are_no_weights_are_refused(weight: str, work: FakeWork) -> None:
    result = run("film.cast", "--person", "p1", "--weight", weight)
    assert result.exit_code == 2
    assert "is not a name and a number" in result.stderr
    assert "--weight speech=0.3" in result.stderr


def test_a_failure_is_an_error_a_hint_and_no_folder(work: FakeWork) -> None:
    work.error = InputError("p1 is on screen too little.", "Ask for shorter ones: --min-length 3")
    result = run("film.cast", "--person", "p1", "-o", "new/place")
    assert result.exit_code == 2
    assert "error: p1 is on screen too little." in result.stderr
    assert "hint: Ask for shorter ones: --min-length 3" in result.stderr
    assert list(Path().iterdir()) == []


def test_control_characters_in_names_are_not_obeyed(work: FakeWork) -> None:
    work.plan = replace(PLAN, notes=("A note\x1b[31m.",))
    result = run("film.cast", "--person", "p1", "-o", "a\x1b[31mb")
    assert "\x1b[31m" not in result.output


def test_passers_by_have_shorts_too(work: FakeWork, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = (Person("p9", None, "people/p9.jpg", 1.0, (0,), ("t1",), 0.2),)
    monkeypatch.setattr(casts, "open_cast", lambda _: some_cast(people=(), passers_by=crowd))
    assert "There are: p9." in run("film.cast").stderr
