"""Finished shorts made by hand, for the tests of what the result folder holds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from closeup.core.types import Cast, VideoInfo
from closeup.documents.shorts import SoundRecord
from closeup.features.shorts.finished import FinishedShort, Handover, Poster, RenderedInfo
from closeup.features.shorts.framing import FramedPiece
from closeup.features.shorts.interest import Interest
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.plan import Piece, Plan, Short
from closeup.media.image import encode_jpeg
from closeup.media.subtitles import Cue, Subtitles

from .planned_cast import FPS, planned_cast

SIZE_WH = (72, 128)


def piece(start: int, end: int) -> Piece:
    """Frames of a video at 10 frames a second."""
    return Piece(start, end, start / FPS, end / FPS)


def framed(one: Piece, panels: int = 1) -> FramedPiece:
    """A camera that moves evenly, then rests, then swings."""
    count = one.end_frame - one.start_frame
    t = np.arange(count) / FPS
    x = np.minimum(20 * t, 40.0) + 5 * np.sin(np.maximum(t - 4, 0))
    box = np.stack([x - 3, np.full(count, 10.0), x + 87, np.full(count, 170.0)], axis=1)
    crops = tuple(box + 7 * number for number in range(panels))
    return FramedPiece(one, crops, "split" if panels == 2 else "follow")


def make_handover(
    spans: Sequence[Sequence[tuple[int, int]]] = (((20, 80), (120, 190)), ((300, 360),)),
    *,
    rendered: bool = True,
    captions: bool = True,
    sound: bool = True,
    name: str | None = "유나",
    title: str | None = None,
) -> Handover:
    """Shorts of a video of 40 s in four shots; the first piece of the first short is split."""
    cast: Cast = planned_cast(
        [100, 100, 100, 100], {"p1": [(0, 95), (110, 200), (290, 300), (305, 400)], "p2": [(0, 90)]}
    )
    shorts = tuple(
        Short(
            id=f"s{number}",
            pieces=tuple(piece(*span) for span in each),
            interest=0.7 - 0.1 * number,
            parts={"presence": 0.9, "speech": 0.42, "motion": 0.105},
            reason="Seen large and clearly.",
            title=title,
        )
        for number, each in enumerate(spans, start=1)
    )
    weights = {"presence": 0.5, "speech": 0.375, "motion": 0.125}
    plan = Plan(cast.video, "p1", name, shorts, weights, {"expression": "no model for it is here"}, ("A note.",))
    words = Subtitles((Cue(0.5, 2.0, "Hello 안녕"), Cue(2.5, 4.0, "there"))) if captions else None
    return Handover(
        plan=plan,
        options=ShortsOptions(height=SIZE_WH[1]),
        cast=cast,
        cast_folder=Path("/films/film.cast"),
        video=Path("/films/film.mp4"),
        size_wh=SIZE_WH,
        shorts=tuple(_finished(short, rendered, sound, words) for short in shorts),
        interest=_interest(cast.video, weights),
    )


def _finished(short: Short, rendered: bool, sound: bool, captions: Subtitles | None) -> FinishedShort:
    frames = sum(one.end_frame - one.start_frame for one in short.pieces)
    parts = tuple(framed(one, 2 if number == 0 and short.id == "s1" else 1) for number, one in enumerate(short.pieces))
    file = RenderedInfo(frames, frames / FPS, SoundRecord(-23.456, 9.456) if sound else None)
    grey = np.full((SIZE_WH[1], SIZE_WH[0], 3), 90, dtype=np.uint8)
    poster = Poster(encode_jpeg(grey), short.pieces[0].start_frame + 5, 0.5)
    return FinishedShort(short, parts, poster, captions, file if rendered else None)


def _interest(video: VideoInfo, weights: dict[str, float]) -> Interest:
    times = (np.arange(round(video.duration_s * 10)) + 0.5) / 10
    parts = {
        "presence": (0.5 + 0.5 * np.sin(times / 3)).astype(np.float32),
        "speech": (times % 7 > 3).astype(np.float32),
        "motion": np.where(times < 5, np.nan, 0.3).astype(np.float32),
    }
    known = sum(weights[part] * np.nan_to_num(curve) for part, curve in parts.items())
    return Interest(times, np.asarray(known, np.float32), parts, weights)
