import io
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from closeup.core.errors import InputError
from closeup.media.image import MAX_PIXELS, decode_image, decode_jpeg, encode_jpeg, encode_png, read_image, shrunk
from heic_file import heic_bytes


def ramp(width: int = 64, height: int = 48) -> np.ndarray:
    """Red grows to the right, green downwards."""
    image = np.full((height, width, 3), 60, np.uint8)
    image[..., 0] = np.linspace(0, 255, width).astype(np.uint8)
    image[..., 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    return image


def close(a: np.ndarray, b: np.ndarray, by: int = 12) -> bool:
    return a.shape == b.shape and int(np.abs(a.astype(int) - b).max()) <= by


def with_exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_colours_survive_a_lossless_file(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), ramp()[..., ::-1])
    image = read_image(tmp_path / "a.png")
    assert np.array_equal(image, ramp())
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


# Where the camera says that the top left corner of the upright picture lies.
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda p: p),
        (2, lambda p: p[:, ::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p[::-1]),
        (5, lambda p: p.transpose(1, 0, 2)),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda p: np.rot90(p, 1)),
    ],
)
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, upright: object):
    (tmp_path / "a.jpg").write_bytes(with_exif_orientation(encode_jpeg(ramp(), 98), orientation))
    assert close(read_image(tmp_path / "a.jpg"), upright(ramp()))


@pytest.mark.parametrize("kind", ["grey", "opaque", "16 bit"])
def test_other_depths_become_rgb(tmp_path: Path, kind: str):
    stored = {
        "grey": np.full((8, 8), 100, np.uint8),
        "opaque": np.dstack([np.full((8, 8, 3), 100, np.uint8), np.full((8, 8), 255, np.uint8)]),
        "16 bit": np.full((8, 8, 3), 100 * 257, np.uint16),
    }[kind]
    cv2.imwrite(str(tmp_path / "a.png"), stored)
    assert np.array_equal(read_image(tmp_path / "a.png"), np.full((8, 8, 3), 100, np.uint8))


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0) + bytes(40)


def webp_header(width: int, height: int) -> bytes:
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x30\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + sizes + bytes(40)


def jpeg_header(width: int, height: int) -> bytes:
    jpeg = bytearray(encode_jpeg(ramp()))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(jpeg)


@pytest.mark.parametrize("header", [png_header, jpeg_header, webp_header])
def test_too_many_pixels_are_refused_before_they_are_decoded(header: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    assert MAX_PIXELS < 20_000 * 20_001
    with pytest.raises(InputError, match=r"too large: it has (20000 x 20001|400 million) pixels"):
        decode_jpeg(header(20_000, 20_001))


def test_formats_without_a_known_header_are_checked_after_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cv2.imwrite(str(tmp_path / "a.bmp"), ramp())
    assert read_image(tmp_path / "a.bmp").shape == (48, 64, 3)
    monkeypatch.setattr("closeup.media.image.MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(InputError, match="too large"):
        read_image(tmp_path / "a.bmp")


def test_what_is_no_picture_is_named(tmp_path: Path):
    (tmp_path / "a.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    for path, words in [
        (tmp_path / "a.jpg", "no picture that can be read"),
        (tmp_path / "empty.jpg", "is empty"),
        (tmp_path / "none.jpg", "does not exist"),
        (tmp_path, "is a folder, not a picture"),
    ]:
        with pytest.raises(InputError, match=words) as caught:
            read_image(path)
        assert str(path) in caught.value.message
        assert caught.value.hint


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8X"]))
def test_rubbish_is_an_input_error(content: bytes, head: bytes):
    with pytest.raises(InputError):
        decode_jpeg(head + content)


@given(st.integers(1, 40), st.integers(1, 40))
def test_jpeg_there_and_back(width: int, height: int):
    image = np.full((height, width, 3), (200, 120, 60), np.uint8)
    assert close(decode_jpeg(encode_jpeg(image)), image, by=6)


def test_quality_is_size():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert len(encode_jpeg(noise, 95)) > len(encode_jpeg(noise)) > len(encode_jpeg(noise, 30))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 3), np.float32),
        np.zeros((1, 65_501, 3), np.uint8),
    ],
)
def test_what_jpeg_cannot_hold(image: np.ndarray):
    with pytest.raises(ValueError, match=r"expected uint8|65,500"):
        encode_jpeg(image)


def test_a_view_can_be_encoded():
    assert close(decode_jpeg(encode_jpeg(ramp()[:, ::-1], 98)), ramp()[:, ::-1])


def test_png_loses_nothing() -> None:
    image = ramp()
    assert np.array_equal(decode_image(encode_png(image), "it"), image)
    with pytest.raises(ValueError, match="uint8"):
        encode_png(image[..., 0])


def test_what_can_be_seen_through_lies_over_white(tmp_path: Path) -> None:
    ink = np.zeros((8, 16, 4), np.uint8)
    ink[:, 8:, 3] = 255
    ink[2:4, :8] = (0, 0, 200, 128)
    for ending in ("png", "webp", "tif"):
        Pillow.fromarray(ink[..., [2, 1, 0, 3]]).save(
            tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {})
        )
        image = read_image(tmp_path / f"a.{ending}")
        assert image[6, 2].tolist() == [255, 255, 255], ending
        assert image[6, 12].tolist() == [0, 0, 0]
        assert image[3, 2].astype(int) == pytest.approx([227, 127, 127], abs=3)


def test_a_palette_with_a_clear_colour_lies_over_white(tmp_path: Path) -> None:
    picture = Pillow.new("P", (8, 8), 0)
    picture.putpalette([10, 200, 10, 0, 0, 0])
    picture.save(tmp_path / "a.gif", transparency=0)
    assert read_image(tmp_path / "a.gif")[4, 4].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_an_avif_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(ramp()).save(tmp_path / "a.avif", quality=95, exif=exif)
    turns = {1: 0, 3: 2, 6: -1, 8: 1}
    assert close(read_image(tmp_path / "a.avif"), np.rot90(ramp(), turns[orientation]), 20)


@pytest.mark.parametrize(("bits", "factor"), [(10, 4), (12, 16), (16, 257)])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_deep_pictures_are_as_bright_as_their_bits_say(tmp_path: Path, bits: int, factor: int, ending: str) -> None:
    grey = np.linspace(0, 255, 64).astype(np.uint16)[None].repeat(8, axis=0)
    cv2.imwrite(str(tmp_path / f"a.{ending}"), grey * factor)
    shown = read_image(tmp_path / f"a.{ending}")
    assert np.abs(shown[..., 0].astype(int) - grey).max() <= 1


@pytest.mark.parametrize(("orientation", "quarters"), [(1, 0), (3, 2), (6, -1), (8, 1)])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_deep_pictures_are_turned_upright_too(tmp_path: Path, orientation: int, quarters: int, ending: str) -> None:
    grey = np.linspace(0, 255, 64).astype(np.uint16)[None].repeat(8, axis=0)
    turned = Pillow.Exif()
    turned[0x0112] = orientation
    Pillow.fromarray(grey * 16).save(tmp_path / f"a.{ending}", exif=turned)
    shown = read_image(tmp_path / f"a.{ending}")
    assert close(shown[..., 0], np.rot90(grey, quarters), 1)


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_tiffs_of_other_numbers_are_refused_by_what_they_are(tmp_path: Path, kind: type) -> None:
    Pillow.fromarray(np.arange(64).reshape(8, 8).astype(kind)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="no TIFF of 8 or 16 bits, or it is damaged"):
        read_image(tmp_path / "a.tif")


def test_a_tiff_that_announces_too_much_is_refused_from_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    for side in (14_500, 18_000):
        header = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", 8)
        tags = [
            (256, 4, side),
            (257, 4, side),
            (258, 3, 1),
            (259, 3, 4),
            (262, 3, 0),
            (273, 4, 200),
            (278, 4, side),
            (279, 4, 20),
        ]
        header += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags) + bytes(200)
        (tmp_path / "bomb.tif").write_bytes(header)
        with pytest.raises(InputError, match="too large: it has"):
            read_image(tmp_path / "bomb.tif")


def test_heic_pictures_are_read_as_their_own_turns_say() -> None:
    pytest.importorskip("pi_heif")
    for quarters in (0, 1, 2, 3):
        assert close(decode_image(heic_bytes(ramp(), quarters=quarters), "a"), np.rot90(ramp(), quarters), 24)


def test_heic_pictures_are_named_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(InputError, match="is a HEIC picture, and the package pi-heif") as caught:
        decode_image(heic_bytes(ramp()), "IMG_0001.HEIC")
    assert (caught.value.code, caught.value.facts) == ("package.absent", {"extra": "heif"})


def test_avif_that_calls_itself_no_more_than_heif_is_no_heic() -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(ramp()).save(buffer, "AVIF", quality=95)
    content = buffer.getvalue().replace(b"ftypavif", b"ftypmif1", 1)
    assert close(decode_image(content, "a"), ramp(), 24)


def test_a_png_that_is_cut_off_is_named_so() -> None:
    content = encode_png(ramp())
    with pytest.raises(InputError, match=r"a\.png is cut off: its end is missing"):
        decode_image(content[: len(content) // 2], "a.png")


def test_a_picture_is_made_smaller_by_its_longer_side_and_never_larger() -> None:
    picture = ramp(64, 48)
    assert shrunk(picture, 32).shape == (24, 32, 3)
    assert shrunk(picture, 64) is picture
    assert shrunk(ramp(64, 1), 4).shape == (1, 4, 3)
