"""An album's people as folders of photos, and the sidecars beside them."""

import csv
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from closeup.core.errors import InputError, OutputError
from closeup.features.cast import operations, together
from closeup.features.cast.export import export_people
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.together import make_album_folder
from features.cast.drawn_photos import write_photo
from features.cast.fake_cast import fake_folder
from features.cast.stand_in_video import BLUE, RED, stand_in_models

RS, AREA, DIM = (
    "{http://www.metadataworkinggroup.com/schemas/regions/}",
    "{http://ns.adobe.com/xmp/sType/Area#}",
    "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}",
)


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Red, called Ada/Eve, in two photos of one file name; blue, without a name, in one; one photo of nobody."""
    monkeypatch.setattr(together, "cast_models", lambda _: stand_in_models())
    photos = tmp_path / "holiday"
    write_photo(photos / "a" / "1.jpg", 1, [(RED, 40), (BLUE, 200)], "2024:05:02 09:30:00")
    write_photo(photos / "b" / "1.jpg", 2, [(RED, 60)])
    write_photo(photos / "c.jpg", 3, [])
    make_album_folder([photos], tmp_path / "h.cast")
    CastFolder(tmp_path / "h.cast").edit(lambda scene: operations.name_person(scene, "p1", "Ada/Eve"))
    return tmp_path / "h.cast"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_each_person_has_a_folder_of_copies(album: Path, tmp_path: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "holiday").rglob("*.jpg")}
    assert export_people(album, tmp_path / "out") == (2, ())
    assert files(tmp_path / "out") == [
        *("Ada_Eve/1 (2).jpg", "Ada_Eve/1 (2).jpg.xmp", "Ada_Eve/1.jpg", "Ada_Eve/1.jpg.xmp"),
        *("p2/1.jpg", "p2/1.jpg.xmp", "people.csv"),
    ]
    assert (tmp_path / "out/p2/1.jpg").read_bytes() == (tmp_path / "holiday/a/1.jpg").read_bytes()
    assert not (tmp_path / "out/p2/1.jpg").is_symlink()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert files(tmp_path / "holiday") == ["a/1.jpg", "b/1.jpg", "c.jpg"]
    with (tmp_path / "out/people.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["person"], row["name"], row["taken"]) for row in rows] == [
        ("Ada_Eve/1.jpg", "p1", "Ada/Eve", "2024-05-02 09:30:00"),
        ("p2/1.jpg", "p2", "", "2024-05-02 09:30:00"),
        ("Ada_Eve/1 (2).jpg", "p1", "Ada/Eve", ""),
    ]


def test_links_lead_to_the_photos(album: Path, tmp_path: Path) -> None:
    export_people(album, tmp_path / "out", link=True)
    assert (tmp_path / "out/p2/1.jpg").is_symlink()
    assert (tmp_path / "out/p2/1.jpg").resolve() == tmp_path / "holiday/a/1.jpg"


def test_sidecars_alone_lie_as_the_photos_do(album: Path, tmp_path: Path) -> None:
    export_people(album, tmp_path / "out", xmp_only=True)
    assert files(tmp_path / "out") == ["a/1.jpg.xmp", "b/1.jpg.xmp", "people.csv"]


def test_a_sidecar_says_who_is_where(album: Path, tmp_path: Path) -> None:
    export_people(album, tmp_path / "out")
    root = ET.fromstring((tmp_path / "out/p2/1.jpg.xmp").read_bytes())
    regions = [each for each in root.iter() if each.get(f"{RS}Type") == "Face"]
    assert [region.get(f"{RS}Name") for region in regions] == ["Ada/Eve", None]
    area = regions[0].find(f"{RS}Area")
    assert area is not None
    x, y, w, h = (float(area.get(f"{AREA}{side}") or "") for side in "xywh")
    assert (x * 320, y * 180) == pytest.approx((40 + 24, 60 + 24), abs=2)
    assert (w * 320, h * 180) == pytest.approx((48, 48), abs=3)
    size = next(each for each in root.iter() if each.tag == f"{RS}AppliedToDimensions")
    assert (size.get(f"{DIM}w"), size.get(f"{DIM}h")) == ("320", "180")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_regions_lie_in_the_photo_as_it_is_stored(
    orientation: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "cast_models", lambda _: stand_in_models())
    path = write_photo(tmp_path / "upright.jpg", 1, [(RED, 40)])
    back = {2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (2,), 7: (6,), 8: (4,)}.get(orientation, ())
    stored = Pillow.open(path)
    for turn in back:
        stored = stored.transpose(Pillow.Transpose(turn))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.jpg", quality=95, exif=exif)
    make_album_folder([tmp_path / "turned.jpg"], tmp_path / "t.cast")
    export_people(tmp_path / "t.cast", tmp_path / "out", xmp_only=True)
    root = ET.fromstring((tmp_path / "out/turned.jpg.xmp").read_bytes())
    area = next(each for each in root.iter() if each.tag == f"{RS}Area")
    x, y, w, h = (float(area.get(f"{AREA}{side}") or "") for side in "xywh")
    pixels = np.asarray(stored.convert("RGB"))
    inside = pixels[round((y - h / 3) * pixels.shape[0]) : round((y + h / 3) * pixels.shape[0])]
    inside = inside[:, round((x - w / 3) * pixels.shape[1]) : round((x + w / 3) * pixels.shape[1])]
    assert (inside[..., 0].astype(int) - inside[..., 2] > 50).all()  # red throughout: the face


def test_photos_of_a_zip_file_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "cast_models", lambda _: stand_in_models())
    photo = write_photo(tmp_path / "one.jpg", 1, [(RED, 40)])
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
        archive.write(photo, "deep/one.jpg")
    make_album_folder([tmp_path / "album.zip"], tmp_path / "z.cast")
    export_people(tmp_path / "z.cast", tmp_path / "out", link=True)
    assert (tmp_path / "out/p1/one.jpg").read_bytes() == photo.read_bytes()


def test_a_photo_that_is_gone_or_changed_is_said(album: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday/b/1.jpg").unlink()
    done, notes = export_people(album, tmp_path / "out")
    assert done == 1
    assert "b/1.jpg does not exist" in notes[0]
    write_photo(tmp_path / "holiday/a/1.jpg", 9, [(RED, 40)])
    with pytest.raises(InputError, match="has changed since it was looked at"):
        export_people(album, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_paths_with_dots_stay_within_the_export(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    write_photo(Path("own.jpg"), 5, [(RED, 40)])
    make_album_folder([Path("../holiday"), Path("own.jpg")], tmp_path / "d.cast")
    export_people(tmp_path / "d.cast", tmp_path / "out", xmp_only=True)
    assert files(tmp_path / "out") == [
        *("elsewhere/own.jpg.xmp", "holiday/a/1.jpg.xmp", "holiday/b/1.jpg.xmp", "people.csv")
    ]


def test_only_an_earlier_export_is_replaced(album: Path, tmp_path: Path) -> None:
    export_people(album, tmp_path / "out")
    with pytest.raises(OutputError, match="exists already"):
        export_people(album, tmp_path / "out")
    export_people(album, tmp_path / "out", overwrite=True, xmp_only=True)
    assert files(tmp_path / "out") == ["a/1.jpg.xmp", "b/1.jpg.xmp", "people.csv"]
    with pytest.raises(OutputError, match="other things in it"):
        export_people(album, tmp_path / "holiday", overwrite=True)
    assert files(tmp_path / "holiday") == ["a/1.jpg", "b/1.jpg", "c.jpg"]


def test_a_video_has_no_photos_to_export(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cast of a video"):
        export_people(fake_folder(tmp_path), tmp_path / "out")
