import tempfile
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.workbench.datasets import pictures
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.datasets.reading import open_one
from workbench.datasets.tiny import folder, picture, zipped

COUNT = 150


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """So many that several batches are under way; the names sort as the numbers."""
    return open_one(zipped(tmp_path_factory.mktemp("pets") / "pets.zip", [f"cat/{n:03}.png" for n in range(COUNT)]))


def expected(numbers: list[int], size_px: int) -> np.ndarray:
    return np.stack([np.broadcast_to(picture(n)[0, 0], (size_px, size_px, 3)) for n in numbers])


def test_pictures_come_in_order_and_progress_is_told(pets: Dataset) -> None:
    told: list[Progress] = []
    found = load_pictures(pets, 5, progress=told.append)
    assert found.pixels.dtype == np.uint8
    assert np.array_equal(found.pixels, expected(list(range(COUNT)), 5))
    assert found.kept.tolist() == list(range(COUNT))
    assert found.unreadable == ()
    assert (told[-1].done, told[-1].total) == (COUNT, COUNT)
    assert [p.done for p in told] == sorted(p.done for p in told)


def test_unreadable_ones_are_listed_and_left_out(tmp_path: Path) -> None:
    folder(tmp_path, ["images/1.png", "images/2.png", "images/3.png", "images/4.png"])
    (tmp_path / "labels.csv").write_text("path,x\n" + "".join(f"images/{n}.png,y\n" for n in (1, 2, 3, 4, 5)))
    (tmp_path / "images" / "2.png").write_bytes(b"no picture")
    (tmp_path / "images" / "4.png").write_bytes(b"")
    found = load_pictures(open_one(tmp_path), 4)
    assert found.kept.tolist() == [0, 2]
    assert np.array_equal(found.pixels, expected([0, 2], 4))
    assert [key for key, _ in found.unreadable] == ["images/2.png", "images/4.png", "images/5.png"]
    assert ["is no picture" in reason for _, reason in found.unreadable] == [True, True, False]
    assert "does not exist" in found.unreadable[2][1]


def test_none_at_all_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, ["cat/1.png"])
    dataset = open_one(tmp_path)
    (tmp_path / "cat" / "1.png").write_bytes(b"x")
    with pytest.raises(InputError, match="None of the 1 pictures"):
        load_pictures(dataset, 4)


def test_grey_and_fit_reach_the_pictures(pets: Dataset) -> None:
    grey = load_pictures(pets.select([5]), 4, grey=True).pixels
    assert (grey == grey[..., :1]).all()
    padded = load_pictures(pets.select([5]), 6, fit="pad").pixels[0]
    assert (padded[0] == 127).all()
    assert (padded[3] == picture(5)[0, 0]).all()


def test_above_the_budget_they_lie_in_a_file_that_nobody_sees(
    pets: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = load_pictures(pets, 5, budget_bytes=1000)
    assert isinstance(found.pixels, np.memmap)
    assert np.array_equal(found.pixels, load_pictures(pets, 5).pixels)
    assert list(tmp_path.iterdir()) == []
    found.pixels[0] = 0  # it is ours to write to


def test_a_full_disk_is_said_before_the_work(pets: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures, "_fill", full)
    monkeypatch.setattr(Dataset, "read_bytes", lambda *_: pytest.fail("work began"))
    with pytest.raises(OutputError, match="No space left"):
        load_pictures(pets, 5, budget_bytes=1000)


def test_a_callback_stops_the_work(pets: Dataset) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_pictures(pets, 5, progress=stop)


@pytest.mark.parametrize("call", [True, False])
def test_room_on_disk_is_really_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: bool) -> None:
    if not call:
        monkeypatch.delattr("os.posix_fallocate", raising=False)
    with (tmp_path / "room").open("wb") as file:
        pictures._fill(file, 3_000_000)
    assert (tmp_path / "room").stat().st_size == 3_000_000
    assert (tmp_path / "room").stat().st_blocks * 512 >= 3_000_000
