import pytest

from closeup.core.settings import Settings
from stills import settings_with_zoo


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a machine on which the zoo's detector has been pulled."""
    return settings_with_zoo(tmp_path_factory.mktemp("zoo"))
