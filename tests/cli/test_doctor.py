"""`closeup doctor`: its list, its JSON, and its exit code."""

import json

import pytest
from typer.testing import CliRunner

from closeup.cli.main import app
from closeup.features.doctor import examine as doctor
from closeup.features.doctor.examine import Diagnosis

FINE = Diagnosis("system", "closeup", "fine", "0.1.0")
MISSING = Diagnosis("extras", "demo", "missing", "the demo's two portraits", "pip install matplotlib")
BROKEN = Diagnosis("packages", "av", "broken", "not installed", "pip install av")


@pytest.mark.parametrize(("findings", "code"), [((FINE, MISSING), 0), ((FINE, MISSING, BROKEN), 2)])
def test_only_what_is_broken_is_a_failure(
    findings: tuple[Diagnosis, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == code
    assert "  missing demo: the demo's two portraits\n          pip install matplotlib" in done.stdout
    assert f"{len(findings) - 2} things broken" in done.stdout or "1 thing broken" in done.stdout
    said = CliRunner().invoke(app, ["doctor", "--json"])
    assert said.exit_code == code
    assert json.loads(said.stdout)["fine"] == (code == 0)
    assert json.loads(said.stdout)["findings"][1] == {
        "topic": "extras",
        "name": "demo",
        "state": "missing",
        "says": "the demo's two portraits",
        "hint": "pip install matplotlib",
    }
