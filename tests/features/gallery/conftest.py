from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from closeup.storage.gallery import GalleryStore, open_gallery
from closeup.weights import cards
from features.gallery.made_up import FakeAnalyzer, made_up_card


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GalleryStore]:
    """An empty gallery in a file of its own."""
    with open_gallery(f"sqlite:///{tmp_path / 'gallery.db'}") as gallery:
        yield gallery


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A reader of made-up photos, whose cards are known: "made-up", and "older" for galleries of another model."""
    for name in ("made-up", "older"):
        monkeypatch.setitem(cards._cards(), name, made_up_card(name))
    return FakeAnalyzer()
