import csv
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.media.image import read_image
from closeup.workbench.crops import crop_faces, crop_names
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_one
from closeup.workbench.options import CropOptions
from stand_ins import put_detector
from workbench.datasets.tiny import made_up
from workbench.faces import RedSquares, photo, save


@pytest.fixture(autouse=True)
def _red_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    put_detector(monkeypatch, RedSquares)


@pytest.fixture
def photos(tmp_path: Path) -> Dataset:
    """Three photos with a face, one without, one that is damaged; with a table."""
    for number in range(3):
        save(tmp_path / f"in/{number}.png", photo((300, 200), (40 + 50 * number, 50, 140 + 50 * number, 150)))
    save(tmp_path / "in/none.png", photo((300, 200), None, shade=77))
    (tmp_path / "in/broken.png").write_bytes(b"no picture")
    rows = [("0.png", "happy", "a,b"), ("1.png", "sad", "c"), ("2.png", "happy", ""), ("none.png", "sad", "d")]
    text = "".join(f'{path},{label},"{note}"\n' for path, label, note in [*rows, ("broken.png", "sad", "e")])
    (tmp_path / "in/labels.csv").write_text("path,emotion,note\n" + text)
    return open_one(tmp_path / "in/labels.csv", fields={"emotion": "emotion"})


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_face_is_cut_and_keeps_its_labels(photos: Dataset, tmp_path: Path) -> None:
    report = crop_faces(photos, tmp_path / "out", CropOptions(size_px=64, threads=2))
    assert report.counts == {"found": 3, "not found": 1, "unreadable": 1}
    rows = table(report.folder / "labels.csv")
    assert [row["original_path"] for row in rows] == ["0.png", "1.png", "2.png"]
    assert [row["emotion"] for row in rows] == ["happy", "sad", "happy"]
    assert rows[0]["note"] == "a,b"
    assert {row["face"] for row in rows} == {"found"}
    for row in rows:
        crop = read_image(report.folder / row["path"])
        assert crop.shape == (64, 64, 3)
        assert np.abs(crop[35, 32].astype(int) - (220, 30, 30)).max() < 12, "the face is in the middle"
    again = open_one(report.folder, fields={"emotion": "emotion"})
    assert again.labels("emotion") == ["happy", "sad", "happy"]


def test_a_table_says_what_was_found_where(photos: Dataset, tmp_path: Path) -> None:
    report = crop_faces(photos, tmp_path / "out", CropOptions(size_px=64))
    rows = {row["key"]: row for row in table(report.folder / "crops.csv")}
    assert list(rows) == [item.key for item in photos.items]
    assert [float(rows["1.png"][name]) for name in ("x0", "y0", "x1", "y1")] == pytest.approx([90, 50, 190, 150], abs=1)
    assert float(rows["1.png"]["nose_x"]) == pytest.approx(140, abs=1)
    assert (rows["1.png"]["width"], rows["1.png"]["height"]) == ("300", "200")
    assert rows["none.png"]["outcome"] == "not found"
    assert rows["none.png"]["x0"] == rows["none.png"]["path"] == ""
    assert rows["broken.png"]["outcome"] == "unreadable"
    assert "no picture" in rows["broken.png"]["reason"]
    crops_made = [int(row["bytes_after"]) for row in rows.values() if row["path"]]
    assert sum(crops_made) == report.bytes_after == sum(p.stat().st_size for p in report.folder.rglob("*.jpg"))
    recipe = json.loads((report.folder / "crops.json").read_text())
    assert recipe["alignment"] == [list(point) for point in report.frame.alignment]
    assert sorted(path.name for path in report.folder.iterdir()) == [
        "crops.csv",
        "crops.json",
        "labels.csv",
        "pictures",
    ]


def test_what_is_missed_can_be_kept_whole(photos: Dataset, tmp_path: Path) -> None:
    report = crop_faces(photos, tmp_path / "out", CropOptions(size_px=48, keep_missed=True))
    kept = [row for row in table(report.folder / "labels.csv") if row["face"] == "not found"]
    assert [row["original_path"] for row in kept] == ["none.png"]
    assert (read_image(report.folder / kept[0]["path"]) == 77).all()
    assert report.counts["not found"] == 1


def test_a_margin_shows_more(photos: Dataset, tmp_path: Path) -> None:
    shares = []
    for margin in (-0.2, 0.0, 0.5):
        report = crop_faces(photos, tmp_path / f"out{margin}", CropOptions(size_px=64, margin=margin))
        red = read_image(report.folder / report.rows[1].path)[..., 0] > 180
        shares.append(float(red.mean()))
    assert shares[0] >= shares[1] > 2 * shares[2] > 0


def test_sides_of_a_split_and_classes_by_folder_go_along(tmp_path: Path) -> None:
    for name in ("train/happy/1", "val/sad/1"):
        save(tmp_path / f"in/{name}.png", photo((120, 120), (20, 20, 100, 100)))
    report = crop_faces(open_one(tmp_path / "in"), tmp_path / "out", CropOptions(size_px=32))
    rows = table(report.folder / "labels.csv")
    assert [(row["class"], row["split"]) for row in rows] == [("happy", "train"), ("sad", "val")]
    assert [item.split for item in open_one(report.folder).items] == ["train", "val"]


def test_crops_of_crops_remember_where_they_are_from(photos: Dataset, tmp_path: Path) -> None:
    first = crop_faces(photos, tmp_path / "first", CropOptions(size_px=200, margin=0.5))
    second = crop_faces(open_one(first.folder), tmp_path / "second", CropOptions(size_px=64))
    assert [row["original_path"] for row in table(second.folder / "labels.csv")] == ["0.png", "1.png", "2.png"]


class Stopped(Exception):
    """Stands for Ctrl-C in the middle of the work."""


def stop_after(count: int) -> object:
    def progress(report: Progress) -> None:
        if report.done >= count:
            raise Stopped

    return progress


def test_stopped_work_goes_on_where_it_was(photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.core.in_order.BATCH", 1)
    whole = crop_faces(photos, tmp_path / "whole", CropOptions(size_px=64, threads=1))
    with pytest.raises(Stopped):
        crop_faces(photos, tmp_path / "out", CropOptions(size_px=64, threads=1), progress=stop_after(2))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
    journal = tmp_path / ".out.crop-faces/journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"key": "torn')
    report = crop_faces(photos, tmp_path / "out", CropOptions(size_px=64, threads=1))
    assert report.resumed == 2
    assert report.rows == whole.rows
    for name in ("labels.csv", "crops.csv", "crops.json", report.rows[2].path):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not journal.parent.exists()


def test_other_options_begin_anew(photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.core.in_order.BATCH", 1)
    with pytest.raises(Stopped):
        crop_faces(photos, tmp_path / "out", CropOptions(size_px=64, threads=1), progress=stop_after(2))  # type: ignore[arg-type]
    report = crop_faces(photos, tmp_path / "out", CropOptions(size_px=32))
    assert report.resumed == 0
    assert {read_image(path).shape for path in report.folder.rglob("*.jpg")} == {(32, 32, 3)}


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from closeup.core import in_order
from closeup.perception.registry import ARCHITECTURES
from closeup.workbench import crops, options
from closeup.workbench.datasets.reading import open_one
from workbench.faces import RedSquares
in_order.BATCH = 1
class Slow(RedSquares):
    def detect(self, image):
        time.sleep(0.05)
        return super().detect(image)
ARCHITECTURES.update(dict.fromkeys(ARCHITECTURES, lambda *_: Slow))
crops.crop_faces(open_one(Path(sys.argv[1])), Path(sys.argv[2]), options.CropOptions(size_px=32, threads=1))
"""


def test_killed_work_goes_on_too(tmp_path: Path) -> None:
    for number in range(40):
        save(tmp_path / f"in/a/{number:02}.png", photo((100, 100), (20 + number % 20, 20, 90, 90)))
    tests = str(Path(__file__).parent.parent)
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "in"), str(tmp_path / "out"), tests])
    journal = tmp_path / ".out.crop-faces/journal.jsonl"
    try:
        until_s = time.monotonic() + 60
        while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 3):
            assert child.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until_s
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()
    report = crop_faces(open_one(tmp_path / "in"), tmp_path / "out", CropOptions(size_px=32))
    assert report.resumed >= 3
    assert report.counts == {"found": 40}
    assert len(table(tmp_path / "out/labels.csv")) == 40


def test_what_cannot_be_made_is_refused(photos: Dataset, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        crop_faces(photos, tmp_path / "there")
    with pytest.raises(InputError, match="no pictures"):
        crop_faces(photos.select([]), tmp_path / "out")
    with pytest.raises(InputError, match="frame"):
        crop_faces(photos, tmp_path / "out", CropOptions(frame="nose"))
    with pytest.raises(OutputError, match="Cannot write"):
        crop_faces(photos, tmp_path / "in/0.png/out")
    for odd in ({"size_px": 8}, {"size_px": 4096}, {"margin": -1.0}, {"margin": float("nan")}):
        with pytest.raises(InputError):
            CropOptions(**odd)


def test_every_crop_has_a_tame_name_of_its_own() -> None:
    dataset = made_up([{"a": "x"}] * 7)
    keys = ["a/b.png", "a/b.jpg", "A/B.webp", "pack.zip!c.png", "../x/./y.png", 'q:"*?.png', "long" * 100 + ".png"]
    items = tuple(replace(item, key=key) for item, key in zip(dataset.items, keys, strict=True))
    names = crop_names(replace(dataset, items=items))
    assert names[:5] == [
        "pictures/a/b.jpg",
        "pictures/a/b-2.jpg",
        "pictures/A/B-3.jpg",
        "pictures/pack.zip/c.jpg",
        "pictures/x/y.jpg",
    ]
    assert names[5] == "pictures/q____.jpg"
    assert len(names[6]) < 200
