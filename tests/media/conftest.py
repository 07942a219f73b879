from collections.abc import Callable
from pathlib import Path

import pytest

from media import odd_video


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """`write_video(path, images, **odd)` writes RGB pictures as a video (see `Odd`) and gives the path back."""
    return odd_video.write_video
