import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.settings import (
    SWITCHES,
    Settings,
    default_gallery_path,
    read_settings,
    switch_telemetry_off,
    use,
)


def test_the_environment_is_read_anew_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLOSEUP_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("CLOSEUP_MODELS_MIRROR", "")
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", "sqlite:///here.db")
    assert read_settings() == Settings(tmp_path, None, "sqlite:///here.db")
    monkeypatch.delenv("CLOSEUP_DATABASE_URL")
    assert read_settings().database_url is None


@pytest.mark.parametrize(("given", "refuses"), [("1", True), ("yes", True), ("0", False), ("", False), ("No", False)])
def test_models_that_bar_commercial_use_are_refused_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, given: str, refuses: bool
) -> None:
    monkeypatch.setenv("CLOSEUP_COMMERCIAL_ONLY", given)
    assert read_settings().commercial_only is refuses
    use("commercial_only", "1", "a flag")
    assert read_settings().commercial_only


def test_a_password_does_not_show() -> None:
    assert "hunter2" not in repr(Settings(Path(), None, "postgresql://me:hunter2@there/db"))


def test_the_gallery_lies_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, **_: str(tmp_path / name))
    assert default_gallery_path() == tmp_path / "closeup" / "gallery.db"
    assert list(tmp_path.iterdir()) == []


def test_telemetry_is_off_whatever_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SWITCHES:
        monkeypatch.setenv(name, "odd")
    switch_telemetry_off()
    assert {name: os.environ[name] for name in SWITCHES} == SWITCHES


def test_importing_closeup_switches_telemetry_off() -> None:
    code = "import os, closeup; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    variables = {name: value for name, value in os.environ.items() if name not in SWITCHES}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_the_page_on_privacy_names_every_switch() -> None:
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "privacy.md").read_text(encoding="utf-8")
    assert [name for name, value in SWITCHES.items() if f"`{name}={value}`" not in page] == []


def test_commands_keep_opencv_from_writing_lines_of_its_own(tmp_path: Path) -> None:
    whole = bytes(cv2.imencode(".tif", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    words = [sys.executable, "-m", "closeup", "predict", "expression", "cut.tif", "--whole", "-q"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error"]


def test_the_names_of_the_package_are_listed() -> None:
    import closeup

    assert {"find_cast", "identify", "train", "__version__"} <= set(dir(closeup))
    assert not {"Any", "TYPE_CHECKING"} & set(dir(closeup))
