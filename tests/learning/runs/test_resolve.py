from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.learning.runs.folder import create_run
from closeup.learning.runs.resolve import find_run


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
