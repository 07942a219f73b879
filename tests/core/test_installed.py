import importlib.metadata

import pytest

from closeup.core.installed import extra_command, install_command, renewal, requirement_name, requirements


def test_what_an_extra_requires_is_named_as_pip_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        "numpy>=2.0",
        'torch>=2.6; extra == "train"',
        'timm>=1.0; extra == "train"',
        'closeup[demo]; extra == "d"',
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: said)
    assert requirements() == ["numpy>=2.0"]
    assert requirements("train") == ["torch>=2.6", "timm>=1.0"]
    assert requirements("d") == []
    assert extra_command("since") == f"{renewal()}, with its extra since"
    assert extra_command("train") == 'pip install "torch>=2.6" "timm>=1.0"'
    assert install_command("a") == 'pip install "a"'
    assert requirement_name("psycopg[binary]>=3.2") == "psycopg"
