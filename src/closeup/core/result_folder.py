"""Folders of results: checked before the work, locked while they change, and replaced as a whole or not at all.

A folder is written beside its place and then renamed into it. One process changes a folder at a time; the lock is a
hidden file beside it, since the folder itself is replaced. What a killed process left beside it is swept away by the
next one, and an old folder that it had moved away and not yet replaced comes back.
"""

import glob
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from closeup.core.errors import OutputError
from closeup.core.file_lock import exclusive
from closeup.core.interrupts import held_back
from closeup.core.whole import output_error, part_prefix

_LOG = logging.getLogger("closeup.core")


class ResultFolder:
    """The place of one result on disk; nothing need be there yet.

    Attributes:
        path: Absolute and without links: what a link points to is meant, and "." has no name to put anything beside.
    """

    def __init__(self, target: Path, marks: Collection[str] = ()) -> None:
        """Name a place; nothing is looked at yet.

        Args:
            marks: Files by which a folder is known as such a result, one of them at least: a folder without them that
                is not empty is never replaced. With none, every folder may be.
        """
        self.path = Path(os.path.realpath(target))
        self._target = target
        self._marks = marks
        self._held = False

    def check(self, *, overwrite: bool, source: Path | None = None) -> None:
        """Say before the work, and not after it, why the result has no place here.

        Args:
            overwrite: Whether an older result may be replaced.
            source: What the result is made from, which must not lie in the folder.

        Raises:
            OutputError: If something is there that must stay, or nothing can be written there.
        """
        target = self._target
        try:
            self.restore()
            there = target.exists() or target.is_symlink()
            if there and not target.is_dir():
                raise _no_place(f"{target} is a file, not a folder.")
            foreign = there and not self.is_marked() and any(target.iterdir())
        except OSError as error:  # a name that is too long, or a folder that may not be looked into
            raise _no_place(f"{target} cannot be used: {error.strerror}.") from error
        if there and source is not None and self.path in Path(os.path.realpath(source)).parents:
            raise _no_place(f"{target} holds {source}, so it cannot become the result folder.")
        if there and not overwrite:
            raise OutputError(f"{target} exists already.", code="result.exists")
        if foreign and self._marks:
            raise _no_place(f"{target} is a folder with other things in it, and closeup will not replace it.")
        self._check_home()

    def is_marked(self) -> bool:
        """Whether an older result is there."""
        return any((self.path / mark).is_file() for mark in self._marks)

    def free_bytes(self) -> int:
        """The space that is left on the disk that the result goes to."""
        return shutil.disk_usage(_nearest(self.path.parent)).free

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from changing the folder, and sweep away what killed ones left beside it.

        Raises:
            OutputError: If another process holds it, or it cannot be written.
        """
        if self._held:
            yield
            return
        busy = OutputError(f"{self._target} is being changed by another closeup.", "Wait until that one is done.")
        with made_folder(self.path.parent), exclusive(self.path.parent / f"{part_prefix(self.path)}lock", busy):
            self._held = True
            try:
                self._sweep()
                yield
            finally:
                self._held = False

    @contextmanager
    def writing(self, *, overwrite: bool, replaced: Callable[[str], bool] = lambda _: True) -> Iterator[Path]:
        """Give a fresh folder; when the block ends well, it takes the place of the old one, else it is removed.

        An interruption (Ctrl-C) counts as a failure: nothing is left, and a folder that was there before stays. Folders
        above it are made.

        Args:
            overwrite: Whether an older result may be replaced.
            replaced: Says of a name in the older result whether it goes with it; all others are in the fresh folder
                already, as hard links where the disk has them.

        Raises:
            OutputError: As `check` and `locked` do, or where the disk is full.
        """
        part = None
        with self.locked():
            self.check(overwrite=overwrite)
            try:
                with held_back():
                    part = Path(tempfile.mkdtemp(prefix=part_prefix(self.path), suffix=".part", dir=self.path.parent))
                part.chmod(0o755)
                if self.path.exists():
                    _carry_over(self.path, part, replaced)
                yield part
                with held_back():
                    self._swap(part)
                _LOG.info("wrote the folder %s", self.path)
            except OSError as error:
                raise output_error(self._target, error) from error
            finally:
                if part is not None:
                    with held_back():
                        shutil.rmtree(part, ignore_errors=True)

    def moved_away(self) -> Path | None:
        """Where the folder is if its process was killed between moving the old one away and the new one in."""
        pattern = f"{glob.escape(part_prefix(self.path))}*.old/{glob.escape(self.path.name)}"
        return min(self.path.parent.glob(pattern), default=None) if self.path.name else None

    def restore(self) -> None:
        """Bring back a folder that a killed process had moved away and not yet replaced.

        Raises:
            OutputError: If another process is changing it.
            OSError: If it cannot be moved.
        """
        if self.path.exists() or self.moved_away() is None:
            return
        with self.locked():
            old = self.moved_away()
            if old is not None and not self.path.exists():
                old.rename(self.path)
                old.parent.rmdir()

    def _check_home(self) -> None:
        home = _nearest(self.path.parent)
        if not home.is_dir():
            raise _no_place(f"{home} is a file, not a folder.")
        if not os.access(home, os.W_OK | os.X_OK):
            raise _no_place(f"You may not write to the folder {home}.")

    def _sweep(self) -> None:
        """Remove what killed processes left beside the folder; under its lock nobody else is at work there."""
        kinds = "part|old" if self.path.exists() else "part"  # an .old without its folder is all there is of the result
        left_behind = re.compile(rf"{re.escape(part_prefix(self.path))}[a-z0-9_]{{8}}\.({kinds})")
        with suppress(OSError):  # it is only tidying
            for entry in self.path.parent.iterdir():
                if left_behind.fullmatch(entry.name):
                    shutil.rmtree(entry, ignore_errors=True)

    def _swap(self, part: Path) -> None:
        """Put `part` into the place; the old folder comes back if the second rename fails."""
        if not self.path.exists():
            part.rename(self.path)
            return
        home = Path(tempfile.mkdtemp(prefix=part_prefix(self.path), suffix=".old", dir=self.path.parent))
        old = home / self.path.name
        try:
            self.path.rename(old)
            part.rename(self.path)
        except OSError:
            if old.exists():
                old.rename(self.path)
            home.rmdir()  # only when it is empty: nothing of the old folder is thrown away on this way
            raise
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make `folder` and those above it where they are missing; those that are still empty at the end go again.

    Raises:
        OutputError: If one cannot be made.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_place(f"Cannot make the folder {folder}: {error.strerror}.") from error
        yield
    finally:
        with suppress(OSError):
            for place in missing:
                place.rmdir()


def _no_place(reason: str) -> OutputError:
    return OutputError(reason, "Choose another place.", code="result.place")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _carry_over(old: Path, new: Path, left_out: Callable[[str], bool]) -> None:
    for entry in sorted(old.iterdir()):
        if left_out(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, new / entry.name, symlinks=True, copy_function=link_or_copy)
        else:
            link_or_copy(entry, new / entry.name)


def link_or_copy(old: str | Path, new: str | Path) -> None:
    """Let a file be in a second place too, as a hard link where the disk has them; neither may be written to then."""
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(old, new, follow_symlinks=False)
