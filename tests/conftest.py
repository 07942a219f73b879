"""What every test has: the real data where it is present, its own models folder, and no network."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from closeup.core import settings

# No answer of a test hangs on how busy the machine is: no deadlines.
hypothesis.settings.register_profile(
    "same-every-time", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
settings.switch_telemetry_off()  # here and in all that tests start
settings.stay_offline()

hypothesis.settings.load_profile("same-every-time")  # pytest --hypothesis-profile=default tries other examples

ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}

NUMERIC = (
    "algorithms",
    "features/appraise",
    "features/cast/test_grouping.py",
    "features/gallery/test_evaluate.py",
    "features/gallery/test_roster.py",
    "features/gallery/test_scoring.py",
    "features/recommend/test_model.py",
    "features/shorts/test_choice.py",
    "workbench/audit",
    "workbench/look",
)
"""Tests of what decides by computing, which bear the mark `numeric`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `NUMERIC`."""
    folders = [ROOT / "tests" / name for name in NUMERIC]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.numeric)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the real data: CLOSEUP_SHARED, else ../shared; the test is skipped where neither is there."""
    given = os.environ.get("CLOSEUP_SHARED")
    folder = Path(given) if given else ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the real data: {folder}/data is not there (set CLOSEUP_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_models_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither see nor touch the models that the user has pulled, so every machine gives the same answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOSEUP_MODELS_DIR", str(tmp_path_factory.mktemp("models")))
        patch.delenv("CLOSEUP_MODELS_MIRROR", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor do they touch the user's gallery, whoever forgets to name one."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("gallery") / "gallery.db"
        patch.setenv("CLOSEUP_DATABASE_URL", f"sqlite:///{place.as_posix()}")
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_defaults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor have they the user's defaults."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path_factory.getbasetemp() / "config"))
        patch.delenv("CLOSEUP_DEVICE", raising=False)
        patch.delenv("CLOSEUP_ENCODER", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _heeds_ctrl_c() -> Iterator[None]:
    """Ctrl-C is heard here and in what tests start, also where a shell has started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Only this machine can be reached; anything else fails at once instead of hanging."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOCAL_HOSTS:
            raise OSError(f"tests are offline, and this one wanted {address!r}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
