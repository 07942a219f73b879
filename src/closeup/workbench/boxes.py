"""Pictures with boxes, written as a COCO file or in Pascal VOC's form, with the pictures beside it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.words import LeftOut, counted, left_out, listed
from closeup.documents.boxes import FOLDERS, BoxedPicture, BoxedPictures, coco_bytes, read_boxes, voc_bytes
from closeup.documents.form import file_bytes
from closeup.media.image import decode_image

Form = Literal["coco", "voc"]


@dataclass(frozen=True, slots=True)
class WrittenBoxes:
    """What was written.

    Attributes:
        folder: That was made.
        names: Of the classes.
        pictures: How many; `boxes` on them.
        notes: What was left out or changed, a sentence each.
    """

    folder: Path
    names: tuple[str, ...]
    pictures: int
    boxes: int
    notes: tuple[str, ...]


def write_boxes(source: Path, out: Path, form: Form, *, progress: ProgressCallback = ignore) -> WrittenBoxes:
    """Write pictures with boxes into a new folder that stands alone: the pictures, byte for byte, and their boxes.

    Args:
        source: A COCO file, or a folder in Pascal VOC's form.
        out: The folder to make: "coco" writes coco.json beside images/, "voc" Annotations/ beside JPEGImages/.

    Raises:
        InputError: The source is neither, no picture can be read, or two would have one name.
        OutputError: The folder is there already, or there is no space.
    """
    place = ResultFolder(out)
    place.check(overwrite=False, source=source)
    boxed = read_boxes(source)
    require_names([each.file for each in boxed.pictures], form)
    with place.writing(overwrite=False) as folder:
        pictures = folder / FOLDERS[form == "voc"]
        pictures.mkdir()
        kept, sizes, notes = _copied(boxed.pictures, pictures, progress)
        if form == "coco":
            (folder / "coco.json").write_bytes(coco_bytes(BoxedPictures(boxed.names, tuple(kept)), sizes))
        else:
            (folder / "Annotations").mkdir()
            for each, size_wh in zip(kept, sizes, strict=True):
                content = voc_bytes(each, boxed.names, size_wh)
                (folder / "Annotations" / f"{each.file.stem}.xml").write_bytes(content)
            notes += _lost_in_voc(boxed.names, kept)
    return WrittenBoxes(out, boxed.names, len(kept), sum(len(each.classes) for each in kept), tuple(notes))


def require_names(files: Sequence[Path], form: Form) -> None:
    """Refuse pictures that would have the same name in one folder, or in Pascal VOC's form the same annotation.

    Raises:
        InputError: There are some.
    """
    many = Counter(each.stem if form == "voc" else each.name for each in files)
    twice = sorted(name for name, count in many.items() if count > 1)
    if twice:
        raise InputError(f"Several pictures are called {listed(twice)}.", "Give each a name of its own.")


def _copied(
    pictures: Sequence[BoxedPicture], folder: Path, progress: ProgressCallback
) -> tuple[list[BoxedPicture], list[tuple[int, int]], list[str]]:
    """Copy pictures; gives those that can be read, their sizes and notes on the others."""
    kept, sizes, unread = list[BoxedPicture](), list[tuple[int, int]](), list[str]()
    for number, each in enumerate(pictures):
        progress(Progress("Writing", number, len(pictures), "pictures"))
        try:
            content = file_bytes(each.file)
            height, width = decode_image(content, str(each.file)).shape[:2]
        except InputError as error:
            unread.append(error.message)
            continue
        (folder / each.file.name).write_bytes(content)
        kept.append(replace(each, file=folder / each.file.name))
        sizes.append((width, height))
    notes = left_out(unread, len(pictures), "pictures")
    if not kept:
        raise InputError(" ".join(notes) or "There are no pictures.")
    crowds = sum(each.crowds for each in kept)
    return kept, sizes, [*notes, *[LeftOut(f"{counted(crowds, 'crowd')} left out.")] * bool(crowds)]


def _lost_in_voc(names: Sequence[str], pictures: Sequence[BoxedPicture]) -> list[str]:
    """What Pascal VOC's form does not hold: parts of pixels, and classes of which there is no box."""
    rounded = sum(int((each.boxes_xyxy.round() != each.boxes_xyxy).any(1).sum()) for each in pictures)
    used = {int(kind) for each in pictures for kind in each.classes}
    bare = [name for number, name in enumerate(names) if number not in used]
    notes = [f"{counted(rounded, 'box', 'boxes')} moved to whole pixels."] * bool(rounded)
    return [*notes, *[LeftOut(f"Without a box, and so not written: {listed(bare)}.")] * bool(bare)]
