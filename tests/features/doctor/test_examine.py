"""What is said of a machine: what is here, what is missing, what is broken."""

import importlib.metadata
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from closeup.core import settings as core_settings
from closeup.core.settings import read_settings
from closeup.features.doctor import examine as doctor
from closeup.features.doctor.examine import Diagnosis, examine
from closeup.weights.cards import card

ROOT = Path(__file__).resolve().parents[3]


def of(findings: tuple[Diagnosis, ...], topic: str, name: str) -> Diagnosis:
    """The one finding of that topic and name."""
    (found,) = (each for each in findings if (each.topic, each.name) == (topic, name))
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


def test_a_machine_with_what_pip_brings_has_nothing_broken(home: Path) -> None:
    findings = examine()
    assert [each for each in findings if each.state == "broken"] == []
    assert of(findings, "models", "yunet-2023mar").state == "fine"
    assert of(findings, "models", "face-reid-0095").state == "missing"
    assert of(findings, "features", "cast").says == "yunet-2023mar, sface-2021dec"
    assert of(findings, "features", "portrait").says == "matte, yunet-2023mar"
    assert of(findings, "features", "act").says == "expression, yunet-2023mar"
    assert of(findings, "inference", "device").says == "networks run on cpu (auto was asked for; here: cpu)"
    assert not any(each.topic == "privacy" for each in findings)


def test_a_missing_extra_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.metadata.version

    def version(name: str) -> str:
        if name in ("psycopg", "pgvector"):
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = of(examine(), "extras", "postgres")
    assert found.state == "missing"
    assert found.says == "a gallery in PostgreSQL: without pgvector, psycopg"
    assert '"psycopg[binary]>=3.2"' in found.hint


def test_all_extras_that_are_for_users_are_known() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(doctor.EXTRAS) == set(declared) - {"dev", "docs"}


def test_a_missing_package_that_closeup_needs_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda requirement: None if "jinja2" in requirement else "1")
    found = of(examine(), "packages", "jinja2")
    assert (found.state, found.hint) == ("broken", 'Install it with: pip install "jinja2>=3.1"')


def test_a_damaged_model_is_broken(tmp_path: Path) -> None:
    settings = replace(read_settings(), models_dir=tmp_path)
    (tmp_path / card("face-reid-0095").file).write_bytes(b"short")
    found = of(examine(settings), "models", "face-reid-0095")
    assert (found.state, found.says) == ("broken", "damaged")


def test_a_feature_whose_models_the_settings_refuse_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.store, "refusal", lambda card, _: "refused" if card.name == "expression" else "")
    findings = examine()
    assert of(findings, "features", "shorts").state == "broken"
    assert "refused by the settings: expression" in of(findings, "features", "shorts").says
    assert of(findings, "features", "cast").state == "fine"


def test_a_gallery_that_cannot_be_reached_is_broken_and_its_password_stays_unsaid() -> None:
    findings = examine(replace(read_settings(), database_url="postgresql://me:secret@127.0.0.1:9/nowhere"))
    assert of(findings, "kept", "gallery").state == "broken"
    assert "secret" not in str(findings)


def test_a_gallery_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "default_gallery_path", lambda: tmp_path / "gallery.db")
    found = of(examine(replace(read_settings(), database_url=None)), "kept", "gallery")
    assert (found.state, found.says) == ("fine", f"{tmp_path / 'gallery.db'}, not there yet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", doctor.LEFTOVERS)
def test_what_older_versions_left_is_named_with_how_to_delete_it(home: Path, place: Path) -> None:
    (home / place).mkdir(parents=True)
    found = of(examine(), "privacy", "leftovers")
    assert found.state == "note"
    assert str(home / place) in found.says
    assert f"rm -r {home / place}" in found.hint


def test_a_device_that_was_asked_for_and_is_not_here_is_broken() -> None:
    found = of(examine(replace(read_settings(), device="cuda")), "inference", "device")
    assert found.state == "broken"
    assert "onnxruntime-gpu" in found.hint


def test_scripts_without_a_font_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda _: "/usr/bin/fc-match")
    monkeypatch.setattr(doctor, "system_font", lambda word: None if word == doctor.SCRIPTS["Thai"] else Path("a.ttf"))
    findings = examine()
    assert of(findings, "fonts", "Thai").state == "missing"
    assert {each.says for each in findings if each.topic == "fonts" and each.state == "fine"} >= {"a.ttf"}


def test_each_setting_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLOSEUP_MODELS_DIR", str(tmp_path))
    monkeypatch.delenv("CLOSEUP_MODELS_MIRROR", raising=False)
    monkeypatch.setenv("CLOSEUP_COMMERCIAL_ONLY", "")
    monkeypatch.setattr(core_settings, "_ORIGINS", {})
    core_settings.use("commercial_only", "1", "--commercial-only")
    findings = examine()
    assert of(findings, "settings", "models_dir").says == f"{tmp_path} (environment; CLOSEUP_MODELS_DIR)"
    assert "(default;" in of(findings, "settings", "models_mirror").says
    assert of(findings, "settings", "commercial_only").says.startswith("True (--commercial-only;")
