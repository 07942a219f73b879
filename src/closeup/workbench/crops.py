"""A dataset of faces from a dataset of pictures: each picture's face found, turned upright, cut out.

The work can be stopped at any time, by Ctrl-C, a power cut or `kill -9`: what is done lies in a folder beside the place
of the result, and the same call goes on from there. The result itself appears whole.
"""

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError, OutputError
from closeup.core.in_order import in_order
from closeup.core.interrupts import held_back
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import made_folder
from closeup.core.settings import Settings, read_settings
from closeup.core.types import Image
from closeup.core.whole import output_error
from closeup.media.image import decode_image, encode_jpeg
from closeup.media.square import square
from closeup.perception.analyzer import Analyzer
from closeup.perception.face_crop import FaceFrame, crop_face, frame_named
from closeup.perception.protocols import Detections
from closeup.workbench.crop_tables import CropRow, Outcome, write_tables
from closeup.workbench.crop_work import CropSettings, CropWork
from closeup.workbench.datasets.items import Dataset, Item
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.options import CropOptions
from closeup.workbench.recipes.recipe import DataSource

PICTURES = "pictures"
"""Folder of the crops in the result."""

JPEG_QUALITY = 93


@dataclass(frozen=True, slots=True)
class CropReport:
    """What came of cutting a dataset.

    Attributes:
        folder: The result.
        counts: Pictures by outcome.
        rows: What became of each picture, in the dataset's order.
        bytes_before: Of all pictures that could be read.
        bytes_after: Of all crops.
        resumed: How many pictures had been done by a call before.
        detector: Name of the detector's card.
        frame: Where the crops have the landmarks.
        notes: What is odd about the old dataset.
    """

    folder: Path
    counts: Counter[Outcome]
    rows: tuple[CropRow, ...]
    bytes_before: int
    bytes_after: int
    resumed: int
    detector: str
    frame: FaceFrame
    notes: tuple[str, ...] = ()


def crop_data(
    source: DataSource, out: Path, options: CropOptions | None = None, *, progress: ProgressCallback = ignore
) -> CropReport:
    """Open a dataset, and cut its faces out into a new one; as `crop_faces`, and `open_dataset`.

    The folder around `out` is made, too.
    """
    dataset = open_dataset([source], base=Path())
    with made_folder(out.parent):
        return crop_faces(dataset, out, options, progress=progress)


def crop_faces(
    dataset: Dataset,
    out: Path,
    options: CropOptions | None = None,
    *,
    settings: Settings | None = None,
    progress: ProgressCallback = ignore,
) -> CropReport:
    """Cut the central face out of every picture of a dataset, into a new dataset.

    The new one is a folder with labels.csv (all columns of the old one, "path" of the crop, "original_path", and
    "face", which says whether one was found), the crops, crops.csv (what was found in each picture, and where) and
    crops.json (how it was made).

    Args:
        out: The folder to make; it must not be there.

    Raises:
        InputError: If there is no picture that can be read.
        ModelError: If the detector is not on this machine.
        OutputError: If `out` is there already, or cannot be written.
    """
    options = options or CropOptions()
    settings = settings or read_settings()
    frame = frame_named(options.frame).widened(options.margin)
    analyzer = Analyzer(options.models, settings)
    out = out.resolve()
    if out.exists():
        raise OutputError(f"{out} exists already.", "Choose another place, or remove it first.")
    if not dataset.items:
        raise InputError(f"{dataset.name} holds no pictures.")
    names = crop_names(dataset)
    cutter = _Cutter(dataset, names, frame, options, analyzer)
    keys = [item.key for item in dataset.items]
    made = CropSettings(
        detector=analyzer.detector_card.name,
        frame=frame.name,
        alignment=frame.alignment,
        size_px=options.size_px,
        keep_missed=options.keep_missed,
        jpeg_quality=JPEG_QUALITY,
    )
    try:
        with CropWork(out, made, keys) as work:
            resumed = len(work.done)
            _cut_all(cutter, work, options.threads or os.cpu_count() or 1, progress)
            rows = tuple(work.done[key] for key in keys)
            if all(row.outcome == "unreadable" for row in rows):
                work.drop()
                raise InputError(f"None of the {len(rows)} pictures of {dataset.name} can be read. {rows[0].reason}")
            write_tables(work.folder, dataset, rows)
            work.finish()
    except OSError as error:
        raise output_error(out, error) from error
    before, after = sum(row.bytes_before for row in rows), sum(row.bytes_after for row in rows)
    counts = Counter(row.outcome for row in rows)
    return CropReport(out, counts, rows, before, after, resumed, analyzer.detector_card.name, frame, dataset.notes)


def crop_names(dataset: Dataset) -> list[str]:
    """Where each picture's crop lies in the result: its key with the ending .jpg, made unlike all others."""
    taken: set[str] = set()
    names = []
    for item in dataset.items:
        parts = [_tame(part) for part in item.key.replace("!", "/").split("/") if part not in ("", ".", "..")]
        stem = "/".join([*parts[:-1], parts[-1].rpartition(".")[0] or parts[-1]]) if parts else "picture"
        name, number = f"{stem}.jpg", 2
        while name.casefold() in taken:
            name, number = f"{stem}-{number}.jpg", number + 1
        taken.add(name.casefold())
        names.append(f"{PICTURES}/{name}")
    return names


def _tame(part: str) -> str:
    """A name that every file system takes: what some do not becomes "_", and it is no longer than they allow."""
    kept = "".join(c if c.isprintable() and c not in '<>:"\\|?*' else "_" for c in part)
    return kept.encode()[:180].decode("utf-8", "ignore").rstrip(". ") or "_"


class _Cutter:
    """Cuts one picture after another, in any thread."""

    def __init__(
        self,
        dataset: Dataset,
        names: list[str],
        frame: FaceFrame,
        options: CropOptions,
        analyzer: Analyzer,
    ) -> None:
        self._dataset = dataset
        self._names = {item.key: name for item, name in zip(dataset.items, names, strict=True)}
        self._frame = frame
        self._options = options
        self._analyzer = analyzer

    @property
    def items(self) -> tuple[Item, ...]:
        """All pictures."""
        return self._dataset.items

    def cut(self, item: Item, folder: Path) -> CropRow:
        """Cut one picture, and write the crop below `folder`."""
        row = CropRow(item.key, "unreadable")
        try:
            content = self._dataset.read_bytes(item)
            image = decode_image(content, item.path)
        except InputError as error:
            return replace(row, reason=error.message)
        row = replace(row, width=image.shape[1], height=image.shape[0], bytes_before=len(content))
        found = self._analyzer.central_first(image)
        crop = self._crop(image, found)
        row = replace(_with_face(row, found), outcome="found") if len(found) else replace(row, outcome="not found")
        if crop is None:
            return row
        encoded = encode_jpeg(crop, JPEG_QUALITY)
        place = folder / self._names[item.key]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded)
        return replace(row, path=self._names[item.key], bytes_after=len(encoded))

    def _crop(self, image: Image, found: Detections) -> Image | None:
        if len(found):
            return crop_face(image, found.landmarks_xy[0], self._frame, self._options.size_px)
        return square(image, self._options.size_px, "cover") if self._options.keep_missed else None


def _with_face(row: CropRow, found: Detections) -> CropRow:
    box, landmarks = np.round(found.boxes_xyxy[0], 2), np.round(found.landmarks_xy[0].ravel(), 2)
    return replace(
        row,
        box_xyxy=tuple(box.tolist()),
        landmarks_xy=tuple(landmarks.tolist()),
        score=round(float(found.scores[0]), 4),
        faces=len(found),
    )


def _cut_all(cutter: _Cutter, work: CropWork, threads: int, progress: ProgressCallback) -> None:
    """Cut what is not done yet; each batch is noted as soon as its crops are written."""
    left = [item for item in cutter.items if item.key not in work.done]
    total = len(cutter.items)
    progress(Progress("Cutting faces", total - len(left), total, "pictures"))
    with closing(in_order(lambda item: cutter.cut(item, work.folder), left, threads)) as finished:
        for rows in finished:
            with held_back():
                work.note(rows)
            progress(Progress("Cutting faces", len(work.done), total, "pictures"))
