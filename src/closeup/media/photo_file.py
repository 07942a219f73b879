"""A photo taken in with all that is to go on in its new file: depth, colour profile, and what the camera noted."""

import struct
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from closeup.core.errors import InputError
from closeup.core.whole import write_whole
from closeup.media.files import require_file, unreadable
from closeup.media.image import decode_image, opened_header

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""RGB (H, W, 3), or RGBA (H, W, 4) with straight alpha."""

_ORIENTATION, _GPS, _CAMERA, _MAKER, _SIDES = 0x0112, 0x8825, 0x8769, 0x927C, (0xA002, 0xA003)
"""Tags of EXIF: how the camera was held, where it was, its own table, what its maker hid there, the picture's sides."""

_QUALITY = 95

_JPEG = frozenset(("JPEG", "MPO", "HEIF", "AVIF", "WEBP"))
"""Formats, by Pillow's names, whose pictures are written as JPEG; all others lose nothing and become PNG."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoContent:
    """A photo, upright.

    Attributes:
        pixels: RGB (H, W, 3), uint8, or uint16 where the file has 16 bits.
        suffix: Of the file that it is written to again, ".jpg" or ".png".
        exif: What the camera noted, without orientation, maker's notes and preview; empty where there is nothing.
        profile: ICC colour profile; empty where there is none.
        notes: What was left out, a sentence each, for people.
    """

    pixels: Pixels
    suffix: str
    exif: bytes = b""
    profile: bytes = b""
    notes: tuple[str, ...] = ()


def read_photo(path: Path, *, keep_gps: bool = False) -> PhotoContent:
    """Read a picture file as `media.image.read_image` does, but in its own depth, and with its notes.

    Args:
        keep_gps: Keep where the photo was taken; else that is left out.

    Raises:
        InputError: As `read_image`.
    """
    require_file(path, "a picture")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    image = decode_image(content, str(path))
    header = opened_header(content, str(path))
    if header is None:
        return PhotoContent(image, ".png")
    notes = []
    if getattr(header, "n_frames", 1) > 1 and header.format != "MPO":
        notes.append(f"{path.name} is animated; its first picture is taken.")
    if header.has_transparency_data:
        notes.append(f"{path.name} can be seen through; it is laid over white.")
    profile = header.info.get("icc_profile") or b""
    if profile and (profile[16:20] != b"RGB " or header.mode == "L"):
        profile = b""
        notes.append(f"The colour profile of {path.name} is not one of RGB, and is left out.")
    size_wh = image.shape[1], image.shape[0]
    exif, noted = _exif_of(header, size_wh, keep_gps=keep_gps)
    deep = None if header.has_transparency_data else _deep(content, size_wh)
    suffix = ".jpg" if header.format in _JPEG else ".png"
    found = PhotoContent(image if deep is None else deep, suffix, exif, profile)
    return replace(found, notes=(*notes, *(f"{path.name}: {each}" for each in noted)))


def _exif_of(header: Pillow.Image, size_wh: tuple[int, int], *, keep_gps: bool) -> tuple[bytes, list[str]]:
    """EXIF of an upright picture of (width, height), and what was left out of it."""
    try:
        exif = header.getexif()
        if not exif:
            return b"", []
        exif.pop(_ORIENTATION, None)
        camera: dict[int, Any] = exif.get_ifd(_CAMERA)
        camera.pop(_MAKER, None)
        for tag, side in zip(_SIDES, size_wh, strict=True):
            if tag in camera:
                camera[tag] = side
        where = bool(exif.get_ifd(_GPS))
        if where and not keep_gps:
            exif.pop(_GPS, None)
            exif._ifds.pop(_GPS, None)
        return exif.tobytes(), ["where it was taken is left out."] if where and not keep_gps else []
    except (OSError, ValueError, SyntaxError, struct.error, KeyError, TypeError, AttributeError):
        return b"", ["what the camera noted is damaged, and left out."]


def _deep(content: bytes, size_wh: tuple[int, int]) -> Pixels | None:
    """The picture in 16 bits, where the file has all of them and it lies upright in it."""
    if content[:8] != b"\x89PNG\r\n\x1a\n" and content[:4] not in (b"II*\0", b"MM\0*"):
        return None
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if bgr is None or bgr.dtype != np.uint16 or bgr.shape[1::-1] != size_wh or int(bgr.max(initial=0)) < 1 << 12:
        return None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint16)


def write_photo(path: Path, pixels: Pixels, source: PhotoContent) -> None:
    """Write RGB (H, W, 3) or RGBA (H, W, 4) with the notes of its source, whole: JPEG or PNG by the path's ending.

    JPEG takes 8 bits and no alpha.

    Raises:
        OutputError: If it cannot be written.
        InputError: If it is too large for JPEG.
    """
    if path.suffix == ".png":
        write_whole(path, encode_png_with(pixels, source.exif, source.profile))
        return
    if max(pixels.shape) > 65_500:
        raise InputError(f"{path} cannot be written: JPEG holds up to 65,500 pixels a side.", "Make the photo smaller.")
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    held = BytesIO()
    more = {"exif": source.exif} if source.exif else {}
    picture = Pillow.fromarray(np.ascontiguousarray(pixels))
    picture.save(held, "JPEG", quality=_QUALITY, subsampling=0, icc_profile=source.profile or None, **more)
    write_whole(path, held.getvalue())


def encode_png_with(pixels: Pixels, exif: bytes = b"", profile: bytes = b"") -> bytes:
    """PNG of grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4), 8 or 16 bits, with EXIF and an ICC profile in it."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(pixels), order[pixels.shape[2]])
    done, encoded = cv2.imencode(".png", bgr)
    if not done:
        raise ValueError(f"cannot encode a picture of {pixels.shape}")
    content = encoded.tobytes()
    chunks = b""
    if profile:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    if exif:
        chunks += _chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    return content[:33] + chunks + content[33:]  # behind the header, before the pixels


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
