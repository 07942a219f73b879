from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.features.gallery.photos import only_face


def test_a_decompression_bomb_is_refused_before_it_is_decoded(reader: Any, tmp_path: Path) -> None:
    from zlib import compress, crc32

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + crc32(kind + content).to_bytes(4, "big")

    side = 60_000
    header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = tmp_path / "bomb.png"
    content = chunk(b"IHDR", header) + chunk(b"IDAT", compress(bytes(1000))) + chunk(b"IEND", b"")
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    with pytest.raises(InputError, match="is too large: it has 3600 million pixels"):
        only_face(reader, bomb)
    assert reader.reads == 0


def test_a_photo_that_the_camera_turned_is_read_upright(reader: Any, tmp_path: Path) -> None:
    image = np.zeros((40, 80, 3), np.uint8)
    image[:20] = 255
    done, jpeg = cv2.imencode(".jpg", image)
    assert done
    turned = tmp_path / "turned.jpg"
    exif = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + bytes(4)
    marker = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    turned.write_bytes(jpeg.tobytes()[:2] + marker + jpeg.tobytes()[2:])
    seen: list[Any] = []
    reader.faces = lambda image, _: seen.append(image) or ()
    with pytest.raises(InputError, match="No face"):
        only_face(reader, turned)
    assert seen[0].shape == (80, 40, 3)
    assert seen[0][40, 35].mean() > 200 > 50 > seen[0][40, 5].mean()


@pytest.mark.parametrize("kind", ["cmyk.jpg", "moving.gif", "moving.webp", "sixteen.png", "grey.png", "clear.png"])
def test_unusual_pictures_are_read(kind: str, reader: Any, tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    path = tmp_path / kind
    size = (64, 48)
    if kind == "cmyk.jpg":
        image_module.new("CMYK", size, (10, 20, 30, 0)).save(path)
    elif kind.startswith("moving"):
        frames = [image_module.new("RGB", size, colour) for colour in ("red", "blue")]
        frames[0].save(path, save_all=True, append_images=frames[1:])
    elif kind == "sixteen.png":
        assert cv2.imwrite(str(path), np.full((48, 64, 3), 40_000, np.uint16))
    else:
        image_module.new("L" if kind == "grey.png" else "RGBA", size).save(path)
    seen: list[Any] = []
    reader.faces = lambda image, _: seen.append(image) or ()
    with pytest.raises(InputError, match="No face"):
        only_face(reader, path)
    assert (seen[0].shape, seen[0].dtype) == ((48, 64, 3), np.uint8)
