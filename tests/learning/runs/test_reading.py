from pathlib import Path

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.reading import find_run, list_runs, read_run
from learning.runs.made_runs import begun, finished, split_table


def test_a_finished_run(tmp_path: Path) -> None:
    run = finished(tmp_path)
    assert run.id == run.path.name
    assert run.name == "faces"
    assert run.state == "finished"
    assert run.predicted() == (("test", "age"), ("test", "mood"), ("val", "age"), ("val", "mood"))
    assert [head["name"] for head in run.heads()] == ["mood", "age"]
    assert run.flat_metrics["test/mood/accuracy"] == run.metrics["test"]["mood"]["accuracy"]["value"]
    assert "test/mood/count" not in run.flat_metrics
    assert "test/mood/accuracy/low" not in run.flat_metrics


def test_the_headline_is_of_test_and_in_the_order_of_the_recipe(tmp_path: Path) -> None:
    told = finished(tmp_path, right=1.0).headline()
    assert told[0] == ("mood, accuracy on test", "1.000 (1.000 to 1.000)")
    assert told[4][0] == "age, mean absolute error on test"
    assert told[4][1].partition(" (")[0].endswith(" years")


def test_without_a_test_set_the_headline_is_of_val_and_before_the_end_there_is_none(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    assert read_run(writer.path).headline() == ()
    writer.finish({"val": {"mood": {"accuracy": {"value": 0.75, "low": None, "high": None}}}})
    assert read_run(writer.path).headline() == (("mood, accuracy on val", "0.750"),)


def test_groups_only_where_pictures_belong_together(tmp_path: Path) -> None:
    run = finished(tmp_path)
    assert run.groups()["a/0.jpg"] == run.groups()["a/1.jpg"] != run.groups()["a/2.jpg"]
    (run.path / "split.csv").write_text(split_table(10, 1))
    assert run.groups() == {}
    (run.path / "split.csv").unlink()
    assert run.groups() == {}


def test_answers_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no predictions of mask on test") as caught:
        finished(tmp_path).predictions("test", "mask")
    assert "test/mood" in caught.value.hint


def test_runs_are_listed_by_age_and_damaged_ones_named(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere").runs == ()
    writers = [create_run(tmp_path, name, "", {}) for name in "cab"]
    broken = create_run(tmp_path, "broken", "", {})
    (broken.path / "run.json").write_text("{}")
    (tmp_path / ".x.part").mkdir()
    (tmp_path / "other").mkdir()
    found = list_runs(tmp_path)
    assert [run.path for run in found.runs] == [writer.path for writer in writers]
    assert [path for path, _ in found.damaged] == [broken.path]


def test_a_damaged_recipe(tmp_path: Path) -> None:
    run = read_run(create_run(tmp_path, "faces", "name = ", {}).path)
    with pytest.raises(FormatError, match=r"recipe\.toml cannot be read"):
        run.heads()


def test_a_recipe_without_heads(tmp_path: Path) -> None:
    assert read_run(create_run(tmp_path, "faces", "heads = 3", {}).path).heads() == []


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run"):
        read_run(tmp_path)


def test_units_and_times(tmp_path: Path) -> None:
    assert finished(tmp_path).units == {"age": "years"}
    assert read_run(begun(tmp_path).path).trained() == "2:00"
    assert read_run(create_run(tmp_path, "x", "", {}).path).trained() == "0:00"


@pytest.fixture
def made(tmp_path: Path) -> list[Path]:
    return [create_run(tmp_path / "runs", name, "", {}).path for name in ("faces", "masks", "faces")]


def test_every_way_to_name_a_run(tmp_path: Path, made: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    assert find_run(runs, "last") == made[2]
    assert find_run(runs, "faces") == made[2]
    assert find_run(runs, "masks") == made[1]
    for folder in made:
        assert find_run(runs, folder.name) == folder
        assert find_run(runs, str(folder)) == folder
        assert find_run(tmp_path / "nowhere", str(folder)) == folder
        assert find_run(runs, folder.name[-4:]) == folder or folder.name[-4:] in ("faces", "masks")
    beginning = made[1].name[:-5]
    assert find_run(runs, beginning) == made[1]
    monkeypatch.chdir(runs)
    assert find_run(Path(), made[0].name) == made[0]


def test_several_that_match_are_named(tmp_path: Path, made: list[Path]) -> None:
    with pytest.raises(InputError, match="3 runs match '20'") as caught:
        find_run(tmp_path / "runs", "20")
    assert made[0].name in caught.value.hint


@pytest.mark.parametrize("word", ["fases", "", "/", "..", "last/"])
def test_none_that_matches(tmp_path: Path, made: list[Path], word: str) -> None:
    with pytest.raises(InputError, match="There is no run") as caught:
        find_run(tmp_path / "runs", word)
    assert ("Did you mean faces?" in caught.value.hint) == (word == "fases")


def test_no_runs_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There are no runs"):
        find_run(tmp_path, "last")


def test_only_a_damaged_run(tmp_path: Path) -> None:
    folder = create_run(tmp_path, "faces", "", {}).path
    (folder / "run.json").write_text("[]")
    with pytest.raises(InputError, match="There is no run 'last'"):
        find_run(tmp_path, "last")
    assert find_run(tmp_path, folder.name) == folder
