"""What kind a file is, by its first bytes alone: nothing is decoded, so that no file can hurt the server."""

import re
import unicodedata
from pathlib import Path

from closeup.documents.server import MediaKind

_SUFFIXES: dict[str, tuple[MediaKind, str]] = {
    **dict.fromkeys((".mp4", ".m4v"), ("video", "video/mp4")),
    ".mov": ("video", "video/quicktime"),
    ".webm": ("video", "video/webm"),
    ".mkv": ("video", "video/x-matroska"),
    ".avi": ("video", "video/x-msvideo"),
    **dict.fromkeys((".ts", ".mts", ".m2ts"), ("video", "video/mp2t")),
    **dict.fromkeys((".mpg", ".mpeg"), ("video", "video/mpeg")),
    **dict.fromkeys((".jpg", ".jpeg"), ("photo", "image/jpeg")),
    ".png": ("photo", "image/png"),
    ".webp": ("photo", "image/webp"),
    ".bmp": ("photo", "image/bmp"),
    **dict.fromkeys((".tif", ".tiff"), ("photo", "image/tiff")),
    **dict.fromkeys((".heic", ".heif"), ("photo", "image/heic")),
    ".zip": ("archive", "application/zip"),
    ".srt": ("captions", "text/plain; charset=utf-8"),
    ".vtt": ("captions", "text/vtt; charset=utf-8"),
    **dict.fromkeys((".txt", ".jsonl", ".toml"), ("text", "text/plain")),
    ".csv": ("table", "text/csv"),
}
"""Endings of names to kinds and types; nothing that a browser would run is among them."""

CONTENT_TYPES = sorted({content_type for _, content_type in _SUFFIXES.values()})

_STILL_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif"}
_SRT = re.compile(rb"\s*\d+\s*\r?\n\s*\d+:\d\d:\d\d[,.]\d")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_NAME = 120


def clean_name(given: str) -> str:
    """A name that may be a file's: its last part, of letters, digits and a few signs, not hidden, not long."""
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = re.sub(r"[^\w .()+-]", "_", last).strip(" .").rpartition(".")
    stem = stem.encode()[:_MOST_NAME].decode(errors="ignore").strip(" .-") or "upload"
    return f"{stem}{dot}{suffix[:10]}" if dot else f"{suffix.encode()[:_MOST_NAME].decode(errors='ignore')}" or stem


def kind_of_name(name: str) -> MediaKind | None:
    """The kind that a name promises."""
    found = _SUFFIXES.get(Path(name).suffix.casefold())
    return found[0] if found else None


def content_type_of(path: Path) -> str:
    """The media type that a file is served as, by its name, whose kind was found to be right."""
    return _SUFFIXES[path.suffix.casefold()][1]


def sniffed_kind(path: Path) -> MediaKind | None:
    """The kind of a file by its first bytes, of a text and a table by its name too; None for what is none of ours."""
    with path.open("rb") as file:
        head = file.read(600)
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*")):
        return "photo"
    if head[:4] == b"RIFF":
        return {b"WEBP": "photo", b"AVI ": "video"}.get(head[8:12])  # type: ignore[return-value]
    if head[4:8] == b"ftyp":
        return "photo" if head[8:12] in _STILL_BRANDS else "video"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):  # QuickTime before it had ftyp
        return "video"
    if head.startswith((b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3")):
        return "video"
    if any(
        head[start : start + 1] == b"G" == head[start + size : start + size + 1] for start, size in ((0, 188), (4, 192))
    ):
        return "video"  # MPEG's transport stream: its sync byte again after each packet
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "archive"
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text.startswith(b"WEBVTT") or _SRT.match(text):
        return "captions"
    named = kind_of_name(path.name)  # a text and a table look alike, and are read by who is asked to
    plain = head.startswith((b"\xff\xfe", b"\xfe\xff")) or not _NO_TEXT.search(head)
    return named if named in ("text", "table") and plain and text.strip() else None
