"""Many people at once: a folder with a folder for each person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.features.gallery.enrol import EnrolReport, enrol
from closeup.features.gallery.options import EnrolOptions
from closeup.media.files import is_litter, no_pictures, pictures_below
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one person's folder.

    Attributes:
        name: Of the folder.
        report: None where nobody was enrolled.
        error: Why nobody was; None otherwise.
    """

    name: str
    report: EnrolReport | None
    error: InputError | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of all folders.

    Attributes:
        people: In the order of the folders.
        ignored: Pictures that lie beside the folders, and so belong to nobody.
        notes: What was left out of the folders, a sentence each.
    """

    people: tuple[Imported, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...] = ()


def person_folders(folder: Path) -> tuple[dict[str, list[Path]], tuple[str, ...], tuple[str, ...]]:
    """The pictures of people by the names of their folders, those that lie beside these, and what was left out.

    Raises:
        InputError: If it is no folder, may not be read, or has no folder with pictures in it.
    """
    everything, notes = pictures_below(folder)
    beside = tuple(str(picture) for picture in everything if picture.parent == folder)
    by_name: dict[str, list[Path]] = {
        each.name: [] for each in sorted(folder.iterdir()) if each.is_dir() and not is_litter(each.name)
    }
    for picture in everything:
        if picture.parent != folder:
            by_name[picture.relative_to(folder).parts[0]].append(picture)
    if not any(by_name.values()):
        raise InputError(
            " ".join([f"{folder} has no folders with pictures in them.", *notes]),
            "Make one for each person, named as they are: people/Anna/1.jpg, people/Anna/2.jpg, people/Ben/1.jpg",
        )
    return by_name, beside, notes


def import_people(
    store: GalleryStore,
    analyzer: Analyzer,
    folder: Path,
    options: EnrolOptions | None = None,
    *,
    progress: ProgressCallback = ignore,
) -> ImportReport:
    """Enrol a folder for each person; one who cannot be enrolled does not stop the others.

    Each person is stored whole before the next one is read, so that an interrupted import can be run again: what is
    there already is not stored twice.

    Raises:
        InputError: As `person_folders`.
        ModelError: If a model is not on this machine.
        StorageError: If the database cannot be used.
    """
    options = options or EnrolOptions()
    folders, beside, notes = person_folders(folder)
    total, done = sum(map(len, folders.values())), 0
    people = []
    for name, photos in folders.items():
        progress(Progress("Enrolling", done, total, "photos"))
        try:
            if not photos:
                raise no_pictures(folder / name, ())
            people.append(Imported(name, enrol(store, analyzer, name, photos, options)))
        except InputError as error:
            people.append(Imported(name, None, error))
        done += len(photos)
    progress(Progress("Enrolling", total, total, "photos"))
    return ImportReport(tuple(people), beside, notes)


def summary(people: Sequence[Imported]) -> str:
    """What came of it, in a sentence."""
    done = [person for person in people if person.report is not None]
    faces = sum(len(person.report.added) for person in done if person.report is not None)
    left = len(people) - len(done)
    sentence = f"{len(done)} {'person' if len(done) == 1 else 'people'} with {faces} new faces"
    return f"{sentence}; {left} could not be enrolled." if left else f"{sentence}."
