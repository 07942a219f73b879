from collections.abc import Iterator
from pathlib import Path

import pytest

from closeup.storage.gallery import GalleryStore, open_gallery


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GalleryStore]:
    """An empty gallery in a file of its own."""
    with open_gallery(f"sqlite:///{tmp_path / 'gallery.db'}") as gallery:
        yield gallery
