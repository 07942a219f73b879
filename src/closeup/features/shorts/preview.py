"""preview.html: the shorts with their reasons, as one page that needs nothing but the videos beside it."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from closeup.core.data_uri import data_uri
from closeup.core.timebase import clock
from closeup.core.types import Cast
from closeup.features.shorts.finished import FinishedShort, Handover, scaled
from closeup.features.shorts.plan import Piece, Short
from closeup.media.image import decode_jpeg, encode_jpeg
from closeup.media.subtitles import encode_vtt
from closeup.pages.commands import for_shorts
from closeup.pages.curves import curve_area
from closeup.pages.page import render_page
from closeup.pages.timeline import bar, cut_marks, exact_time, label, number_word, percent, ticks

COLOURS = 12
"""Parts beyond the twelfth take the colours anew; every bar stands beside a name, so colour is never alone."""

STILL_HEIGHT = 960
"""Pixels of the posters on the page."""

_MEANINGS = {
    "presence": "how large and clearly they are seen",
    "expression": "how strong the expression of their face is",
    "speech": "somebody speaks",
    "bursts": "what sounds like laughter or applause",
    "loudness": "louder than the rest of the video",
    "motion": "how much moves in the picture",
    "company": "who else is in the picture",
    "novelty": "a picture unlike the rest of the video",
    "rhythm": "how quickly shots follow each other",
}


def render_preview(handover: Handover, *, folder_name: str, notes: Sequence[str] = ()) -> str:
    """Write the page: HTML with stills, style and script inside, the same text for the same shorts.

    Where the shorts are rendered, it plays ID.mp4 beside it; where they are only planned, it shows their posters and
    says how to render them.

    Args:
        handover: What to tell.
        folder_name: How the commands on the page call the result folder.
        notes: What there is to say beside the plan's own notes.
    """
    length_s = max(handover.plan.video.duration_s, 0.001)
    return render_page(
        "closeup.features.shorts",
        "preview.html.j2",
        style="preview.css",
        script="preview.js",
        rendered=handover.rendered,
        person=_person(handover),
        video_name=PurePath(handover.plan.video.path).name or handover.plan.video.path,
        headline=_headline(handover),
        facts=_facts(handover),
        notes=(*handover.plan.notes, *notes),
        cards=[_card(handover, finished) for finished in handover.shorts],
        width=handover.size_wh[0],
        height=handover.size_wh[1],
        length_s=f"{length_s:.3f}",
        ticks=ticks(length_s),
        cuts=cut_marks([shot.start_s for shot in handover.cast.shots[1:]], length_s),
        seen=_seen(handover.cast, handover.plan.person, length_s),
        total=_total_area(handover, length_s),
        curves=_curves(handover, length_s),
        absent=_absent(handover),
        files=_files(handover),
        commands=for_shorts(str(PurePath(folder_name) / "plan.json"), rendered=handover.rendered),
        options=_options(handover),
        source=handover.plan.video,
    )


def _person(handover: Handover) -> str:
    return handover.plan.person_name or handover.plan.person


def _headline(handover: Handover) -> str:
    """How many shorts, and how long they are together, as a sentence."""
    many = len(handover.shorts)
    count = number_word(many)
    total_s = sum(finished.short.length_s for finished in handover.shorts)
    noun = "short" if many == 1 else "shorts"
    long = "long" if many == 1 else "in all"
    if handover.rendered:
        return f"{count} {noun}, {clock(total_s)} {long}."
    return f"{count} {noun} planned, {clock(total_s)} {long}. Nothing is rendered yet."


def _facts(handover: Handover) -> list[tuple[str, str]]:
    """The figures under the headline."""
    facts = [
        ("Shorts", str(len(handover.shorts))),
        ("Picture", f"{handover.size_wh[0]} × {handover.size_wh[1]}"),  # noqa: RUF001
        ("Taken from", f"{clock(handover.plan.video.duration_s)} of video"),
    ]
    if any(finished.captions is not None for finished in handover.shorts):
        facts.append(("Captions", "in the picture" if handover.options.burn_captions else "alongside"))
    return facts


def _card(handover: Handover, finished: FinishedShort) -> dict[str, Any]:
    """All that the page says of a short."""
    short = finished.short
    length_s = max(handover.plan.video.duration_s, 0.001)
    video = f"{short.id}.mp4" if finished.rendered is not None else ""
    return {
        "id": short.id,
        "name": short.title or f"Short {short.id.removeprefix('s')}",
        "layout": _layout(finished),
        "still": _still(finished.poster.jpeg),
        "still_at": f"{finished.poster.time_s:.3f}",
        "video": video,
        "track": _track(handover, finished) if video else "",
        "length": clock(short.length_s),
        "interest": f"{short.interest:.2f}" if short.parts else "",
        "reason": short.reason,
        "parts": _part_rows(handover, short),
        "bars": [bar(piece.start_s, piece.end_s, length_s) for piece in short.pieces],
        "pieces": [f"{exact_time(piece.start_s)} – {exact_time(piece.end_s)}" for piece in short.pieces],  # noqa: RUF001
        "spans": _spans(short.pieces),
        "sound": _sound(finished),
        "files": _short_files(finished),
    }


def _layout(finished: FinishedShort) -> str:
    split = [framed.layout == "split" for framed in finished.framed]
    if not any(split):
        return ""
    return "Two people, one above the other" if all(split) else "In parts two people, one above the other"


def _still(jpeg: bytes) -> str:
    """The poster as a data: URI, small enough for a page."""
    image = decode_jpeg(jpeg)
    height = min(STILL_HEIGHT, image.shape[0])
    small = scaled(image, (max(1, round(image.shape[1] * height / image.shape[0])), height))
    return data_uri(encode_jpeg(small, 82))


def _track(handover: Handover, finished: FinishedShort) -> str:
    """Captions as a data: URI where the picture has none; a page on disk may not read the file beside it."""
    if finished.captions is None or handover.options.burn_captions or not finished.captions.cues:
        return ""
    return data_uri(encode_vtt(finished.captions), "text/vtt")


def _part_rows(handover: Handover, short: Short) -> list[dict[str, Any]]:
    """The parts that could be judged in this short, in the order of their weights; shares add up to the interest."""
    weights = handover.plan.weights
    known = sum(weights.get(name, 0.0) for name in short.parts) or 1.0
    order = _colours(handover)
    return [
        {
            "name": label(name),
            "colour": order.index(name) % COLOURS,
            "value": f"{100 * short.parts[name]:.1f}%",
            "told": f"{short.parts[name]:.2f}",
            "weight": percent(weights.get(name, 0.0)),
            "share": f"{100 * short.parts[name] * weights.get(name, 0.0) / known:.2f}",
        }
        for name in order
        if name in short.parts
    ]


def _colours(handover: Handover) -> list[str]:
    """All parts, heaviest first: a part has the same colour everywhere on the page."""
    weights = handover.plan.weights
    others = {name for finished in handover.shorts for name in finished.short.parts} - set(weights)
    return sorted(weights, key=lambda name: (-weights[name], name)) + sorted(others)


def _spans(pieces: Sequence[Piece]) -> str:
    """The pieces for the script that follows playing: "start:end start:end" in seconds of the source."""
    return " ".join(f"{piece.start_s:.3f}:{piece.end_s:.3f}" for piece in pieces)


def _sound(finished: FinishedShort) -> str:
    if finished.rendered is None:
        return ""
    if finished.rendered.sound is None:
        return "No sound"
    gain_db = finished.rendered.sound.gain_db
    if abs(gain_db) < 0.05:
        return "Sound as it was"
    return f"Sound {abs(gain_db):.1f} dB {'louder' if gain_db > 0 else 'softer'}"


def _short_files(finished: FinishedShort) -> list[tuple[str, str]]:
    """Label and name of each file of a short."""
    name = finished.short.id
    files = [("Video", f"{name}.mp4")] if finished.rendered is not None else []
    files.append(("Poster", f"{name}.jpg"))
    if finished.captions is not None and finished.rendered is not None:
        files += [("SRT", f"{name}.srt"), ("WebVTT", f"{name}.vtt")]
    return files


def _seen(cast: Cast, person: str, length_s: float) -> list[dict[str, Any]]:
    return [bar(track.start_s, track.end_s, length_s) for track in cast.tracks if track.person == person]


def _total_area(handover: Handover, length_s: float) -> str:
    if handover.interest is None:
        return ""
    return curve_area(handover.interest.times_s, handover.interest.total, length_s)


def _curves(handover: Handover, length_s: float) -> list[dict[str, Any]]:
    """Each part through the video, heaviest first."""
    interest = handover.interest
    if interest is None:
        return []
    order = _colours(handover)
    return [
        {
            "name": label(name),
            "meaning": _MEANINGS.get(name, ""),
            "colour": order.index(name) % COLOURS,
            "weight": percent(handover.plan.weights[name]),
            "area": curve_area(interest.times_s, interest.parts[name], length_s),
        }
        for name in order
        if name in interest.parts and name in handover.plan.weights
    ]


def _absent(handover: Handover) -> list[tuple[str, str]]:
    """The parts that could not be judged, those with one reason together, and the reason as a sentence."""
    by_reason: dict[str, list[str]] = {}
    for name, why in sorted(handover.plan.absent.items()):
        by_reason.setdefault(why.rstrip("."), []).append(label(name))
    return [(", ".join(names), f"{why[:1].upper()}{why[1:]}.") for why, names in by_reason.items()]


def _files(handover: Handover) -> list[tuple[str, str]]:
    """The folder's other files and what they are for."""
    files = [("plan.json", "what is cut, to edit and render again")]
    if handover.rendered:
        files = [
            ("timeline.otio", "for editing programmes that read OpenTimelineIO"),
            ("timeline.edl", "for all others, as a CMX 3600 list"),
            ("shorts.json", "source times, reasons and the camera's path, for programmes"),
            *files,
        ]
    if handover.interest is not None:
        files.append(("interest.csv", "the curves above, ten moments a second"))
    return files


def _options(handover: Handover) -> list[tuple[str, str]]:
    options = handover.options
    return [
        ("Asked for", f"{options.count}, {options.min_length_s:g} to {options.max_length_s:g} s each"),
        ("Aspect", options.aspect),
        ("Layout", options.layout),
        ("Captions", "none" if options.captions is None else options.captions.name),
        ("Weights", ", ".join(f"{n} {w:g}" for n, w in sorted(options.weights.items())) or "as they come"),
    ]
