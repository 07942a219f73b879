"""A stand-in for the work behind `closeup cast`, so that the command line is tested alone and at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest

from cli.typed_gallery import type_in
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.types import Cast, Person, VideoInfo
from closeup.perception import analyzer
from closeup.weights import cards
from features.gallery.made_up import FakeAnalyzer, Shown, made_up_card, photo

ABE = Person("p1", "Abe", "people/p1.jpg", 75.0, (0, 2), ("t1", "t3"), 0.9)
NOBODY_YET = Person("p2", None, "people/p2.jpg", 4.0, (1,), ("t2",), 0.7)


def some_cast(path: str = "film.mp4", people: tuple[Person, ...] = (ABE, NOBODY_YET), **more: Any) -> Cast:
    """A cast of `people` in two minutes of video."""
    video = VideoInfo(path, "ab" * 32, 120.0, Fraction(25), 3000, 1280, 720, more.pop("notes", ()))
    models = {"detector": "yunet-2023mar", "embedder": "sface-2021dec"}
    return Cast(video, models, {}, (), people, more.pop("passers_by", ()), (), **more)


@dataclass
class FakeFind:
    """Stands where features.cast.find does: notes what it was asked for, writes the folder, gives a cast.

    Attributes:
        calls: (video, folder, options, overwrite) of each run.
        changes: (folder, changes) of each grouping anew.
        result: Makes the cast of a path; it may raise.
    """

    calls: list[tuple[Path, Path, Any, bool]] = field(default_factory=list)
    changes: list[tuple[Path, Any]] = field(default_factory=list)
    result: Callable[..., Cast] = some_cast

    def finds(self, **changes: Any) -> None:
        """From now on give casts with these changes."""
        self.result = partial(some_cast, **changes)

    def make_cast_folder(
        self, video: Path, folder: Path, options: Any, *, overwrite: bool, spread: Any, progress: ProgressCallback
    ) -> Cast:
        """Do as the real one does, without looking at the video."""
        self.calls.append((video, folder, options, overwrite))
        if not video.exists():
            raise InputError(f"There is no file {video}.", "Check the path.")
        progress(Progress("Reading", 60.0, 120.0, "s"))
        cast = self.result(str(video))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cast.json").write_text("{}")
        return cast

    def recluster(self, folder: Path, changes: Any, *, progress: ProgressCallback) -> Cast:
        """Do as the real one does, without looking at the folder."""
        self.changes.append((folder, changes))
        progress(Progress("Grouping", 0, None, ""))
        return self.result()


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeFind:
    """The stand-in, in place and called as the real one can be called; the working folder is an empty one."""
    from closeup.features.cast import find

    fake = FakeFind()
    for name in ("make_cast_folder", "recluster"):
        spec = create_autospec(getattr(find, name), side_effect=getattr(fake, name))
        monkeypatch.setattr(find, name, spec)
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, a gallery of its own, and a made-up reader of made-up photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", f"sqlite:///{tmp_path / 'gallery.db'}")
    monkeypatch.setenv("COLUMNS", "140")
    for name in ("made-up", "older"):
        monkeypatch.setitem(cards._cards(), name, made_up_card(name))
    monkeypatch.setattr(analyzer, "Analyzer", lambda models="auto": FakeAnalyzer())
    for person, name in enumerate(("ann", "bob", "cid")):
        for n, pose in enumerate(("front", "left", "front")):
            photo(tmp_path / f"{name}{n}.png", Shown(person, n, pose))
    photo(tmp_path / "nobody.png")
    photo(tmp_path / "two.png", Shown(0, 9), Shown(7))
    return tmp_path


@pytest.fixture
def people(place: Path) -> None:
    """Ann, Bob and Cid are enrolled."""
    for name in ("ann", "bob", "cid"):
        assert type_in("enrol", name.title(), f"{name}0.png", f"{name}1.png").exit_code == 0
