"""Picture files and JPEG bytes to RGB arrays, and back."""

import re
import struct
import warnings
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from closeup.core.boxes import fitted
from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.media.files import require_file, unreadable

MAX_PIXELS = 200_000_000
"""Largest picture that is decoded; 600 MB as RGB, twice what the largest cameras make."""

_ORIENTATION, _EXIF, _TAKEN = 0x0112, 0x8769, 0x9003
"""Tags of EXIF: how the camera was held, the camera's own table, and in that when the photo was taken."""

_SOME_LIGHT = 256
"""A picture of 16 bits whose brightest pixel is below this is black, whatever its bits."""

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Of HEIF files whose pictures are HEVC, as telephones take them; "mif1" and "msf1" say no more than HEIF."""

_FORMAT_HINT = "Save it as JPEG or PNG and give that."

_JPEG_SIZE_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers SOF0 to SOF15; C4, C8 and CC are tables and extensions in the same range."""


def read_image(path: Path) -> Image:
    """Read a picture file as upright RGB uint8 (H, W, 3).

    The camera's EXIF orientation and AVIF's own turns are applied, grey becomes RGB, what can be seen through lies over
    white, deeper colour is brought to 8 bits by the bits that it uses; a colour profile is not applied. Of an animation
    the first picture is taken.

    Raises:
        InputError: If it is missing, a folder, empty, may not be read, is no picture, is damaged, or has more than
            `MAX_PIXELS`.
    """
    require_file(path, "a picture")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return _decode(content, str(path))


def shrunk(image: Image, longer_px: int) -> Image:
    """A picture (H, W, 3) whose longer side is at most `longer_px`; the same where it is no larger."""
    size_wh = fitted((image.shape[1], image.shape[0]), longer_px)
    if size_wh == (image.shape[1], image.shape[0]):
        return image
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def encode_jpeg(image: Image, quality: int = 88) -> bytes:
    """Encode RGB uint8 (H, W, 3) as JPEG; `quality` 0 to 100, higher is better and larger.

    Raises:
        ValueError: If the shape or type is another, or the picture is empty or more than 65,500 pixels a side.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
    if max(image.shape) > 65_500:
        raise ValueError(f"JPEG holds up to 65,500 pixels a side, got {image.shape}")
    bgr = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"cannot encode a picture of {image.shape}")
    return encoded.tobytes()


def encode_png(image: Image) -> bytes:
    """Encode RGB uint8 (H, W, 3) as PNG, which loses nothing.

    Raises:
        ValueError: If the shape or type is another, or the picture is empty.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
    done, encoded = cv2.imencode(".png", cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError(f"cannot encode a picture of {image.shape}")
    return encoded.tobytes()


def decode_jpeg(content: bytes) -> Image:
    """Decode JPEG bytes (or another picture format) to upright RGB uint8 (H, W, 3).

    Raises:
        InputError: If it is no picture, is damaged, or has more than `MAX_PIXELS`.
    """
    return _decode(content, "The picture")


def decode_image(content: bytes, name: str) -> Image:
    """Decode the bytes of a picture file as `read_image` does, to upright RGB uint8 (H, W, 3).

    Args:
        content: What the file holds.
        name: What to call it in a complaint.

    Raises:
        InputError: If it is no picture, is damaged, or has more than `MAX_PIXELS`.
    """
    return _decode(content, name)


def taken_at(content: bytes) -> str | None:
    """When a photo was taken by the camera's clock, "2024-05-01 12:30:00"; None where its EXIF does not say."""
    header = opened_header(content, "The photo")
    try:
        written = "" if header is None else str(header.getexif().get_ifd(_EXIF).get(_TAKEN, ""))
        return str(datetime.strptime(written.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S"))
    except (OSError, ValueError, SyntaxError, RuntimeError, struct.error, KeyError, TypeError):
        return None


def orientation_of(content: bytes) -> int:
    """The EXIF orientation of a photo, 1 to 8; 1, upright as it is stored, where it says none."""
    header = opened_header(content, "The photo")
    try:
        said = 1 if header is None or header.format == "AVIF" else header.getexif().get(_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, RuntimeError, struct.error, KeyError, TypeError):
        return 1
    return said if said in range(1, 9) else 1


def _decode(content: bytes, name: str) -> Image:
    header = None if content[:2] == b"\xff\xd8" else opened_header(content, name)
    size_wh = _announced_size_wh(content) if header is None else header.size
    if size_wh is not None:
        _check_size(size_wh, name)
    if content[:8] == b"\x89PNG\r\n\x1a\n" and b"IEND" not in content:  # libpng would write a line of its own
        raise InputError(f"{name} is cut off: its end is missing.", "Copy or download it again.")
    image = None if header is None else _decode_special(content, header)
    if image is not None:
        return image
    try:
        bgr = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error:
        bgr = None
    if bgr is None:
        kind = "TIFF of 8 or 16 bits" if content[:4] in (b"II*\0", b"MM\0*") else "picture that can be read"
        raise InputError(f"{name} is no {kind}, or it is damaged.", _FORMAT_HINT)
    _check_size((bgr.shape[1], bgr.shape[0]), name)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def opened_header(content: bytes, name: str) -> Pillow.Image | None:
    """A picture file, (W, H), with its header read and nothing decoded, or None where Pillow does not know it."""
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS and b"avif" not in content[:64]:
        opened = _heic_opener(name)
    else:
        opened = Pillow.open
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is too large is said below, and odd headers are no matter
            return opened(BytesIO(content))
    except Pillow.DecompressionBombError as error:
        pixels = int(next(iter(re.findall(r"\d+", str(error))), 0))
        if pixels > MAX_PIXELS:
            raise _too_large(name, f"{pixels / 1e6:.0f} million pixels") from error
        return None
    except (OSError, ValueError, SyntaxError, RuntimeError, struct.error):  # RuntimeError is that of AVIF's library
        return None


def _heic_opener(name: str) -> Callable[[BytesIO], Pillow.Image]:
    """What opens HEIC: the package pi-heif, which decodes only; Pillow's own AVIF is not given into its hands.

    Raises:
        InputError: If it is not installed.
    """
    try:
        from pi_heif import HeifImageFile
    except ImportError as error:
        raise InputError(
            f"{name} is a HEIC picture, and the package pi-heif, which reads them, is not installed.",
            "Install it, or save the picture as JPEG; telephones can be set to take those.",
            code="package.absent",
            extra="heif",
        ) from error
    opened: Callable[[BytesIO], Pillow.Image] = HeifImageFile
    return opened


def _decode_special(content: bytes, header: Pillow.Image) -> Image | None:
    """What OpenCV would not show as it is meant: see-through pictures, AVIF with turns of its own, 12 bits in 16."""
    try:
        if header.has_transparency_data or header.format in ("AVIF", "HEIF"):
            upright = ImageOps.exif_transpose(header).convert("RGBA")
            ground = Pillow.new("RGBA", upright.size, "white")
            return np.array(Pillow.alpha_composite(ground, upright).convert("RGB"), dtype=np.uint8)
        if header.mode.startswith("I;16") or (header.format == "PNG" and content[24:25] == b"\x10"):
            return _from_16_bits(content)
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, struct.error, cv2.error):
        return None
    return None


def _from_16_bits(content: bytes) -> Image | None:
    """A picture of 16 bits, upright, by the bits that it uses: cameras of 12 and 10 bits leave the upper ones empty."""
    deep = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if deep is None or deep.dtype != np.uint16:
        return None
    brightest = int(deep.max(initial=0))
    bits = next((bits for bits in (10, 12) if brightest < 2**bits), 16) if brightest >= _SOME_LIGHT else 16
    eight = np.clip((deep.astype(np.uint32) * 255 + 2 ** (bits - 1)) // (2**bits - 1), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(eight, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _check_size(size_wh: tuple[int, int], name: str) -> None:
    if size_wh[0] * size_wh[1] > MAX_PIXELS:
        raise _too_large(name, f"{size_wh[0]} x {size_wh[1]} pixels")


def _too_large(name: str, has: str) -> InputError:
    return InputError(
        f"{name} is too large: it has {has}.",
        f"Make it smaller; {MAX_PIXELS // 1_000_000} million pixels are the most.",
    )


def _announced_size_wh(content: bytes) -> tuple[int, int] | None:
    """Width and height from the header, before anything is decoded: a few bytes can announce gigabytes.

    PNG, JPEG and WebP; None for other formats, which are checked once they are decoded (OpenCV itself stops at
    2**30 pixels).
    """
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content[:2] == b"\xff\xd8":
        return _jpeg_size_wh(content)
    if content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8X" and len(content) >= 30:
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    return None  # other WebP files hold up to 16,384 pixels a side


def _jpeg_size_wh(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_SIZE_MARKERS:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None
