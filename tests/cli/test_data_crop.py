from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.data_crop import size_sentence
from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import app
from closeup.core.types import Image
from closeup.media.image import read_image
from closeup.perception.protocols import Detections
from stand_ins import put_detector
from workbench.faces import RedSquares, photo, save


@pytest.fixture(autouse=True)
def _photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "photos/happy/1.png", photo((300, 200), (100, 50, 200, 150)))
    save(tmp_path / "photos/happy/none.png", photo((300, 200), None))
    (tmp_path / "photos/sad").mkdir()
    (tmp_path / "photos/sad/broken.png").write_bytes(b"no picture")
    put_detector(monkeypatch, RedSquares)
    monkeypatch.chdir(tmp_path)


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, ["data", "crop-faces", *words])


def test_faces_are_cut_and_what_was_missed_is_told() -> None:
    result = type_in("photos", "out", "--size", "64")
    assert result.exit_code == EXIT_LOSSES, result.output
    assert "out: 1 face in 3 pictures (33.33%), by yunet-2023mar." in result.stdout
    assert "No face found in 1 picture: left out." in result.stdout
    assert "Larger by a factor" in result.stdout or "Smaller by a factor" in result.stdout
    assert "1 picture cannot be read" in result.stderr
    assert "sad/broken.png" in result.stderr
    assert "--keep-missed" in result.stderr
    assert read_image(Path("out/pictures/happy/1.jpg")).shape == (64, 64, 3)


def test_options_reach_the_work() -> None:
    result = type_in(
        "photos", "deep/out", "--size", "48", "--margin", "0.5", "--keep-missed", "--frame", "recognition", "-q"
    )
    assert result.exit_code == EXIT_LOSSES, result.output
    assert "as a whole picture" in result.stdout
    assert len(list(Path("deep/out").rglob("*.jpg"))) == 2
    assert "recognition+0.5" in Path("deep/out/crops.json").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["photos", "photos"], "exists already"),
        (["photos", "out", "--size", "3"], "16 to 1024"),
        (["photos", "out", "--frame", "nose"], "expression, recognition"),
        (["photos", "out", "--models", "none"], "'none' is not one of"),
        (["nowhere", "out"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_refused(words: list[str], said: str) -> None:
    result = type_in(*words)
    assert result.exit_code == EXIT_COULD_NOT
    assert said in result.stderr
    assert not Path("out").exists()


def test_ctrl_c_says_that_the_work_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(RedSquares):
        def detect(self, image: Image) -> Detections:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        put_detector(patch, Interrupted)
        result = type_in("photos", "out", "-q")
    assert result.exit_code == 130
    assert "the same command goes on" in result.stderr
    assert not Path("out").exists()
    assert type_in("photos", "out", "-q").exit_code == EXIT_LOSSES


def test_the_change_of_size_is_said() -> None:
    assert size_sentence(100_000_000, 25_000_000) == "Smaller by a factor of 4.0: 100.0 MB before, 25.0 MB now."
    assert size_sentence(1_000_000, 3_000_000) == "Larger by a factor of 3.0: 1.0 MB before, 3.0 MB now."
    assert size_sentence(0, 0) == "0.0 MB before, 0.0 MB now."
