"""Which model is meant: shipped, a file, or a run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from closeup.core.errors import InputError, ModelError
from closeup.learning.runs.folder import create_run
from closeup.workbench import models as module
from closeup.workbench.models import resolve_model
from tiny_networks import save_tiny, tiny_bytes, tiny_card


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = save_tiny(tmp_path / "mine.onnx")
    found = resolve_model(str(path), runs_dir=tmp_path)
    assert (found.name, found.path, found.run, found.split_file) == ("mine.onnx", path, None, None)
    assert found.card == tiny_card()


def test_a_run_is_found_by_name_place_and_as_the_last(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with create_run(runs, "colours", "", {}) as writer:
        save_tiny(writer.path / "model.onnx")
        folder = writer.path
    (folder / "split.csv").write_text("key,split\na.png,val\n")
    for word in ("last", "colours", folder.name, str(folder)):
        found = resolve_model(word, runs_dir=runs)
        assert (found.name, found.run) == (folder.name, folder)
        assert found.split_file == folder / "split.csv"


def test_an_unfinished_run_has_no_model(tmp_path: Path) -> None:
    with create_run(tmp_path, "colours", "", {}) as writer:
        name = writer.path.name
    with pytest.raises(InputError, match="is not finished") as caught:
        resolve_model("last", runs_dir=tmp_path)
    assert (caught.value.code, caught.value.facts) == ("run.stopped", {"run": name})


def test_what_comes_with_closeup_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = resolve_model(str(save_tiny(tmp_path / "mine.onnx"))).classifier
    monkeypatch.setattr(module, "shipped_names", lambda: ["moods"])
    monkeypatch.setattr(module, "shipped", lambda name, *_, **__: made)
    monkeypatch.chdir(tmp_path)
    shutil.copy("mine.onnx", "moods")
    assert resolve_model("moods").name == "moods"
    with pytest.raises(InputError, match=r"neither a model of closeup's own \(moods\), an ONNX file, nor a run"):
        resolve_model("mood")


@pytest.mark.parametrize("word", ["none.onnx", "photo.jpg", "nothing"])
def test_what_is_no_model_is_told(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(b"a photo")
    with pytest.raises(InputError) as caught:
        resolve_model(word)
    assert word in caught.value.message
    assert caught.value.hint


def test_a_network_without_a_card_is_told(tmp_path: Path) -> None:
    (tmp_path / "bare.onnx").write_bytes(tiny_bytes(tiny_card()))
    with pytest.raises(ModelError, match="has no card"):
        resolve_model(str(tmp_path / "bare.onnx"))


def test_asking_and_measuring_need_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['timm'] = None\n"
        "import closeup.workbench.evaluate, closeup.workbench.predict, closeup.cli.evaluate, closeup.cli.predict"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
