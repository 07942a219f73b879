from pathlib import Path

import pytest

from closeup.core.settings import Settings, default_gallery_path, read_settings


def test_the_environment_is_read_anew_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLOSEUP_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("CLOSEUP_MODELS_MIRROR", "")
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", "sqlite:///here.db")
    assert read_settings() == Settings(tmp_path, None, "sqlite:///here.db")
    monkeypatch.delenv("CLOSEUP_DATABASE_URL")
    assert read_settings().database_url is None


def test_a_password_does_not_show() -> None:
    assert "hunter2" not in repr(Settings(Path(), None, "postgresql://me:hunter2@there/db"))


def test_the_gallery_lies_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, **_: str(tmp_path / name))
    assert default_gallery_path() == tmp_path / "closeup" / "gallery.db"
    assert list(tmp_path.iterdir()) == []
