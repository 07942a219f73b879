"""A photo taken in with what is to go on in its new file."""

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from closeup.media.photo_file import read_photo, write_photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def camera_photo(path, **more):
    picture = Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8))
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8769).update({0x9003: "2024:05:01 12:30:00", 0x927C: b"secret"})
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0)})
    picture.save(path, exif=exif, **more)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("keep_gps", [False, True])
def test_notes_go_on_without_turns_and_where_it_was(tmp_path, suffix, keep_gps):
    source = read_photo(camera_photo(tmp_path / f"a{suffix}", icc_profile=SRGB), keep_gps=keep_gps)
    assert source.pixels.shape == (30, 20, 3)  # upright
    assert any("where it was taken" in note for note in source.notes) != keep_gps
    out = tmp_path / f"b{suffix}"
    write_photo(out, source.pixels, source)
    with Pillow.open(out) as written:
        exif = written.getexif()
        assert written.info["icc_profile"] == SRGB
        assert written.size == (20, 30)
        assert exif[0x010F] == "Maker"
        assert 0x0112 not in exif
        assert exif.get_ifd(0x8769)[0x9003] == "2024:05:01 12:30:00"
        assert 0x927C not in exif.get_ifd(0x8769)
        assert bool(exif.get_ifd(0x8825)) == keep_gps
    assert b"secret" not in out.read_bytes()
    again = read_photo(out, keep_gps=keep_gps)
    assert again.pixels.shape == (30, 20, 3)
    if suffix == ".png":
        assert np.array_equal(again.pixels, source.pixels)


def test_16_bits_go_through_png(tmp_path):
    deep = np.random.default_rng(1).integers(0, 65535, (8, 9, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    source = read_photo(tmp_path / "a.png")
    assert source.pixels.dtype == np.uint16
    write_photo(tmp_path / "b.png", source.pixels, source)
    assert np.array_equal(read_photo(tmp_path / "b.png").pixels, deep)


def test_what_is_left_out_is_said(tmp_path):
    frames = [Pillow.new("RGB", (6, 6), (80 * n, 0, 200)) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert any("animated" in note for note in read_photo(tmp_path / "a.gif").notes)
    Pillow.new("RGBA", (6, 6), (1, 2, 3, 0)).save(tmp_path / "b.png")
    source = read_photo(tmp_path / "b.png")
    assert "laid over white" in source.notes[0]
    assert (source.pixels == 255).all()
    Pillow.new("L", (6, 6), 77).save(tmp_path / "c.jpg", icc_profile=SRGB)
    source = read_photo(tmp_path / "c.jpg")
    assert source.profile == b""
    assert "colour profile" in source.notes[0]
    assert source.pixels.shape == (6, 6, 3)
