"""HEIC pictures made by hand: one HEVC key frame, as telephones store it, in the boxes of HEIF (ISO/IEC 23008-12)."""

import io
import struct

import av
import numpy as np

from closeup.core.types import Image


def heic_bytes(image: Image, *, quarters: int = 0) -> bytes:
    """An RGB picture (H, W, 3), sides even, as HEIC; `quarters` are turns to the left that a reader makes (irot)."""
    config, frame = _key_frame(image)
    height, width = image.shape[:2]
    properties = [
        _box(b"hvcC", config),
        _box(b"ispe", struct.pack(">III", 0, width, height)),
        *([_box(b"irot", bytes([quarters]))] if quarters else []),
    ]
    places = b"".join(bytes([0x80 | number]) for number in range(1, len(properties) + 1))
    associations = _box(b"ipma", struct.pack(">IIHB", 0, 1, 1, len(properties)) + places)
    head = _box(b"ftyp", b"heic" + struct.pack(">I", 0) + b"mif1heic")

    def meta(offset: int) -> bytes:
        return _box(
            b"meta",
            struct.pack(">I", 0)
            + _box(b"hdlr", struct.pack(">II4s12sx", 0, 0, b"pict", bytes(12)))
            + _box(b"pitm", struct.pack(">IH", 0, 1))
            + _box(b"iloc", struct.pack(">IBBHHHHII", 0, 0x44, 0, 1, 1, 0, 1, offset, len(frame)))
            + _box(b"iinf", struct.pack(">IH", 0, 1) + _box(b"infe", struct.pack(">IHH4sx", 2 << 24, 1, 0, b"hvc1")))
            + _box(b"iprp", _box(b"ipco", b"".join(properties)) + associations),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", frame)


def _key_frame(image: Image) -> tuple[bytes, bytes]:
    """The decoder's configuration (hvcC) and the one frame, coded by x265."""
    raw, file = io.BytesIO(), io.BytesIO()
    with av.open(raw, "w", format="hevc") as container:
        stream = container.add_stream("libx265", rate=1, options={"x265-params": "log-level=none", "crf": "4"})
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image))), *stream.encode(None)):
            container.mux(packet)
    raw.seek(0)
    with av.open(raw, format="hevc") as source, av.open(file, "w", format="mp4") as container:
        copied = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream, packet.pts, packet.dts = copied, 0, 0
                container.mux(packet)
    content = file.getvalue()
    at = content.index(b"hvcC")
    config = content[at + 4 : at - 4 + struct.unpack(">I", content[at - 4 : at])[0]]
    with av.open(io.BytesIO(content)) as container:
        coded = next(bytes(packet) for packet in container.demux(video=0) if packet.size)
    return config, coded


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content
