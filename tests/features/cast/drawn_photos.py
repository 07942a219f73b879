"""Photos of the drawn faces of `stand_in_video`, that the same stand-in models read."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pillow

from features.cast.stand_in_video import background, draw_face


def write_photo(path: Path, number: int, faces: Sequence[tuple[int, float]], taken: str | None = None) -> Path:
    """Write a JPEG with a background of its own and faces: who, and the left edge in pixels; with or without a date."""
    image = background(number)
    for who, x in faces:
        draw_face(image, who, x)
    exif = Pillow.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(image).save(path, quality=95, exif=exif)
    return path
