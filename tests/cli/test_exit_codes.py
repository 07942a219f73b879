from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from closeup.cli.exit_codes import (
    EXIT_COULD_NOT,
    EXIT_DONE,
    EXIT_LOSSES,
    EXIT_UNEXPECTED,
    after_failures,
    count_losses,
    taken_losses,
)
from closeup.cli.main import app, boundary
from closeup.core.errors import InputError


def test_some_is_neither_all_nor_none() -> None:
    ends = [after_failures(failed, 3) for failed in (0, 1, 2, 3)]
    assert ends == [EXIT_DONE, EXIT_LOSSES, EXIT_LOSSES, EXIT_COULD_NOT]


def ends_with(work: Callable[[], None]) -> int:
    """What the boundary makes of `work`."""
    with pytest.raises(typer.Exit) as caught, boundary(debug=False):
        work()
    return int(caught.value.exit_code)


def test_each_end_has_its_code() -> None:
    def raises(error: Exception) -> None:
        raise error

    with boundary(debug=False):
        pass
    assert ends_with(lambda: count_losses(2)) == EXIT_LOSSES
    assert ends_with(lambda: raises(InputError("No."))) == EXIT_COULD_NOT
    assert ends_with(lambda: raises(ValueError("ours"))) == EXIT_UNEXPECTED


def test_losses_of_one_command_are_none_of_the_next() -> None:
    count_losses()
    with boundary(debug=False):
        pass
    assert taken_losses() == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_a_photo_that_cannot_be_read_among_others_is_a_loss_with_json_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("good.png", np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "bad.png").write_bytes(b"no picture")

    def predict(*photos: str) -> int:
        words = ["predict", "expression", *photos, "--whole", "-q", *(["--json"] if as_json else [])]
        return CliRunner().invoke(app, words).exit_code

    assert predict("good.png") == EXIT_DONE
    assert predict("good.png", "bad.png") == EXIT_LOSSES
    assert predict("bad.png") == EXIT_COULD_NOT


@pytest.mark.parametrize("words", [("look", "set", "-o", "out"), ("crop-faces", "set", "out", "--models", "builtin")])
def test_of_a_folder_some_unreadable_pictures_are_a_loss_and_all_of_them_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)

    def ends(good: bool) -> int:
        Path("set/a").mkdir(parents=True, exist_ok=True)
        Path("set/a/bad.png").write_bytes(b"no picture")
        if good:
            cv2.imwrite("set/a/good.png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
        return CliRunner().invoke(app, ["data", *words, "-q"]).exit_code

    assert ends(good=False) == EXIT_COULD_NOT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
    assert ends(good=True) == EXIT_LOSSES
