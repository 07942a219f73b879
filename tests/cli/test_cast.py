import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from closeup.cli.cast import result_folders
from closeup.cli.main import app
from closeup.core.errors import InputError
from closeup.core.types import Person
from features.cast.stand_in_video import DrawnShot, write_video


def names(folder: str = ".") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["cast", *words])


@pytest.fixture
def films(find: Any) -> list[str]:
    given = ["a.mp4", "b.mov"]
    for name in given:
        Path(name).touch()
    return given


def test_one_video_goes_to_its_name_here(find: Any, films: list[str]) -> None:
    result = run("a.mp4")
    assert result.exit_code == 0, result.stderr
    assert [call[:2] for call in find.calls] == [(Path("a.mp4"), Path("a.cast"))]
    assert "Abe" in result.stdout
    assert "1:15" in result.stdout
    assert "Report: a.cast/report.html" in result.stdout


def test_output_names_the_folder_of_one_video_and_the_parent_of_several(find: Any, films: list[str]) -> None:
    assert run("a.mp4", "-o", "new/one").exit_code == 0
    assert run(*films, "-o", "many").exit_code == 0
    assert [call[1] for call in find.calls] == [Path("new/one"), Path("many/a.cast"), Path("many/b.cast")]


def test_options_reach_the_work(find: Any, films: list[str]) -> None:
    from closeup.features.cast.options import CastOptions

    run("a.mp4", "--models", "builtin", "--detect-fps", "2.5", "--min-face", "33", "--no-clothing")
    run("b.mov")
    chosen = CastOptions(models="builtin", detect_fps=2.5, min_face_px=33, clothing=False)
    assert [call[2] for call in find.calls] == [chosen, CastOptions()]


def test_all_places_are_checked_before_any_work(find: Any, films: list[str]) -> None:
    Path("b.cast").mkdir()
    result = run(*films)
    assert result.exit_code == 2
    assert "b.cast exists already" in result.stderr
    assert "--overwrite" in result.stderr
    assert find.calls == []


def test_overwrite_is_passed_on(find: Any, films: list[str]) -> None:
    assert run("a.mp4").exit_code == 0
    assert run("a.mp4").exit_code == 2
    assert run("a.mp4", "--overwrite").exit_code == 0
    assert [call[3] for call in find.calls] == [False, True]


def test_one_bad_video_of_many_does_not_stop_the_others(find: Any, films: list[str]) -> None:
    result = run("a.mp4", "missing.mp4", "b.mov")
    assert result.exit_code == 3
    assert [call[0].name for call in find.calls] == ["a.mp4", "missing.mp4", "b.mov"]
    assert "There is no file missing.mp4." in result.stderr
    assert "1 of 3 videos could not be used; the others are done." in result.stderr
    assert "Report: b.cast/report.html" in result.stdout
    assert names() == ["a.cast", "a.mp4", "b.cast", "b.mov"]


def test_bad_videos_only_are_counted(find: Any) -> None:
    result = run("x.mp4", "y.mp4")
    assert result.exit_code == 2
    assert "2 of 2 videos could not be used." in result.stderr


def test_a_bad_option_is_said_once_and_before_any_work(find: Any, films: list[str]) -> None:
    result = run(*films, "--detect-fps", "0")
    assert result.exit_code == 2
    assert result.stderr.count("error: ") == 1
    assert find.calls == []


def test_a_bad_video_leaves_no_folder(find: Any) -> None:
    result = run("missing.mp4", "-o", "new/deep/one")
    assert result.exit_code == 2
    assert names() == []


def test_nobody_found_is_a_sentence_and_success(find: Any, films: list[str]) -> None:
    find.finds(people=())
    result = run("a.mp4")
    assert result.exit_code == 0
    assert "No people were found in a.mp4." in result.stdout


def test_passers_by_are_counted(find: Any, films: list[str]) -> None:
    crowd = (Person("p1", None, "people/p1.jpg", 1.0, (0,), ("t1",), 0.2),)
    find.finds(passers_by=crowd)
    assert "Seen in passing and kept apart: 1." in run("a.mp4").stdout


def test_json_is_one_object_a_video_and_nothing_else(find: Any, films: list[str]) -> None:
    result = run(*films, "--json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["video"] == "a.mp4"
    assert first["folder"] == "a.cast"
    assert first["people_count"] == 2
    assert first["people"][0] == {"id": "p1", "name": "Abe", "screen_time_s": 75.0}
    assert first["duration_s"] == 120.0
    assert first["speed"] > 1
    assert first["models"]["detector"] == "yunet-2023mar"
    assert first["notes"] == []
    assert second["video"] == "b.mov"


def test_json_says_failures_too(find: Any, films: list[str]) -> None:
    result = run("missing.mp4", "--json")
    assert result.exit_code == 2
    said = json.loads(result.stdout)
    assert said == {
        "video": "missing.mp4",
        "error": "There is no file missing.mp4.",
        "hint": "Check the path.",
        "code": "input",
    }


def test_quiet_says_nothing(find: Any, films: list[str]) -> None:
    result = run("a.mp4", "--quiet")
    assert result.output == ""
    assert result.exit_code == 0


def test_notes_of_the_video_are_said(find: Any, films: list[str]) -> None:
    find.finds(notes=("The video ends early.",))
    assert "note: The video ends early.\n" in run("a.mp4").stderr


def test_no_video_is_a_usage_error(find: Any) -> None:
    result = run()
    assert result.exit_code == 2
    assert "VIDEO" in result.stderr


def test_recluster_passes_on_what_needs_no_decoding(find: Any) -> None:
    result = run("--recluster", "a.cast", "--no-clothing", "--min-face", "40")
    assert result.exit_code == 0, result.stderr
    assert find.changes == [(Path("a.cast"), {"clothing": False, "min_face_px": 40})]
    assert "Abe" in result.stdout
    assert "Grouped anew in" in result.stdout
    assert "real time" not in result.stdout
    assert "Report: a.cast/report.html" in result.stdout
    assert json.loads(run("--recluster", "a.cast", "--json").stdout)["speed"] is None


@pytest.mark.parametrize("words", [["a.mp4"], ["-o", "x"], ["--detect-fps", "2"], ["--models", "zoo"]])
def test_recluster_takes_nothing_that_needs_decoding(words: list[str], find: Any, films: list[str]) -> None:
    result = run("--recluster", "a.cast", *words)
    assert result.exit_code == 2
    assert "--recluster" in result.stderr
    assert find.changes == []


def test_folders_of_no_one_and_several_videos() -> None:
    assert result_folders([], None) == []
    assert result_folders([Path("x/a.mp4")], None) == [Path("a.cast")]
    assert result_folders([Path("x/a.mp4")], Path("out")) == [Path("out")]
    assert result_folders([Path("a.b.mp4"), Path("c")], None) == [Path("a.b.cast"), Path("c.cast")]
    assert result_folders([Path("a.mp4"), Path("b.mp4")], Path("out")) == [Path("out/a.cast"), Path("out/b.cast")]


def test_two_videos_never_share_a_folder() -> None:
    with pytest.raises(InputError, match=r"a.mp4 and x/a.mov would both be written to a.cast") as caught:
        result_folders([Path("a.mp4"), Path("b.mp4"), Path("x/a.mov")], None)
    assert "-o" in caught.value.hint


@pytest.fixture
def in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, [DrawnShot(30, 1), DrawnShot(20, 2)])
    (tmp_path / "c.mp4").write_text("no video")
    return ["a.mp4", "b.mp4", "c.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX does")
def test_several_videos_are_shared_and_those_that_are_done_stay(in_shards: list[str]) -> None:
    first = run("a.mp4", "-o", "out/a.cast")
    assert first.exit_code == 0, first.stderr
    made = Path("out/a.cast/cast.json").read_bytes()
    result = run(*in_shards, "-o", "out", "--cluster", "local:2", "--json")
    assert "out/a.cast is there already" in result.stderr
    assert "c.mp4" in result.stderr
    assert "1 of 3 videos could not be used" in result.stderr
    assert result.exit_code == 3
    said = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["video"] for each in said] == ["b.mp4", "c.mp4"]
    assert Path("out/a.cast/cast.json").read_bytes() == made
    assert names("out") == ["a.cast", "b.cast"]


def test_what_is_no_cluster_is_said_before_any_work(find: Any, films: list[str]) -> None:
    result = run(*films, "--cluster", "many")
    assert result.exit_code == 2
    assert "'many' is no cluster" in result.stderr
    assert find.calls == []
    assert run("--recluster", "a.cast", "--cluster", "local:2").exit_code == 2


def test_without_a_cluster_nothing_of_ray_is_loaded(in_shards: list[str]) -> None:
    call = "from closeup.cli.main import app; app(sys.argv[1:], standalone_mode=False)"
    code = f"import sys; {call}; print('ray' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "cast", "a.mp4", "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "False", done.stderr
