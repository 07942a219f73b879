"""closeup's shorts from end to end: from a cast folder and a person to a folder of finished vertical videos."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.settings import read_settings
from closeup.core.types import Cast, Person
from closeup.features.shorts.captioning import CaptionOverlay, cut_captions
from closeup.features.shorts.correcting import corrected
from closeup.features.shorts.finished import FinishedShort, Handover, make_posters
from closeup.features.shorts.focus import PersonFocus
from closeup.features.shorts.folder import folder_at, is_only_planned, is_ours, movie_name, write_handover
from closeup.features.shorts.framing import (
    Area,
    FramedPiece,
    FramingOptions,
    find_area,
    frame_piece,
    pieces_by_layout,
    shown_faces,
    shown_text,
)
from closeup.features.shorts.interest import CURVES, Interest, read_curves, reason
from closeup.features.shorts.options import ASPECTS, ShortsOptions
from closeup.features.shorts.plan import Plan, PlanFile, Short, read_plan
from closeup.features.shorts.planning import Planned, make_plan, mean_interest, read_captions
from closeup.features.shorts.render import render_short
from closeup.features.shorts.source import ShortsSource, open_source
from closeup.jobs.casts import find_person, find_video, open_cast
from closeup.media.caption_style import caption_style
from closeup.media.container import time_code
from closeup.media.frame_times import read_frame_times
from closeup.media.subtitles import Subtitles
from closeup.media.video_codec import choose_encoder, encoder_notes

BITS_A_PIXEL = 0.2
"""What a pixel of a finished frame takes at most, as a rule: 0.05 to 0.18 were measured on talk, TV and film."""

SOUND_BITS_A_SECOND = 160_000

NOT_SPLIT = "No shot shows the person with somebody whom one upright picture could not hold too: nothing is split."

_CHANGED = 0.005
"""A part whose mean differs by more than this from what a plan says is that of other moments."""


def plan_shorts(
    cast_folder: Path | str,
    person: str,
    options: ShortsOptions | None = None,
    *,
    video: Path | str | None = None,
    progress: ProgressCallback = ignore,
) -> Plan:
    """Choose the moments of a person that are most worth watching; nothing is written.

    Args:
        cast_folder: A result folder of `closeup cast`.
        person: The person's id or name in it.
        options: What the shorts shall be like.
        video: Where the video is now, if it has moved.

    Raises:
        InputError: If there is no cast or nobody of that name, the video has moved or changed, the captions cannot be
            used, or the person is on screen too little; says what to type.
        ModelError: If a model is not on this machine.
    """
    options = options or ShortsOptions()
    source = open_source(Path(cast_folder), person, None if video is None else Path(video), progress)
    return make_plan(source, options, progress).plan


def make_shorts(
    cast_folder: Path | str,
    person: str,
    output: Path | str,
    options: ShortsOptions | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> Plan:
    """Make the shorts of a person, and write their folder, whole or not at all.

    The video is looked for where it was when the cast was made, and beside the cast folder.

    Args:
        cast_folder: A result folder of `closeup cast`.
        person: The person's id or name in it.
        options: What the shorts shall be like.
        overwrite: Replace a folder of shorts that is there.

    Raises:
        InputError: As in `plan_shorts`.
        ModelError: If a model is not on this machine.
        OutputError: If the folder exists and `overwrite` is off, it cannot be written, or there is no space for it.
            Said before the work where that can be known.
    """
    options = options or ShortsOptions()
    where = Path(output)
    _, plan = make_folder(Path(cast_folder), person, options, output=where, overwrite=overwrite, progress=progress)
    return plan


def make_folder(
    cast_folder: Path,
    person: str,
    options: ShortsOptions,
    *,
    video: Path | None = None,
    output: Path | None = None,
    overwrite: bool = False,
    plan_only: bool = False,
    progress: ProgressCallback = ignore,
) -> tuple[Path, Plan]:
    """Choose, and write the folder of the shorts, or with `plan_only` the plan, its reasons and a page but no videos.

    All that can be checked at once is checked before the video is read through for its hash.

    Args:
        cast_folder: A result folder of `closeup cast`.
        person: The person's id or name in it.
        options: What the shorts shall be like.
        video: Where the video is now; None to look where it was.
        output: The folder to write; None for beside the cast folder.
        overwrite: Replace a folder of shorts that is there.

    Returns:
        The folder, and the plan.

    Raises:
        InputError: As in `plan_shorts`.
        ModelError: As in `plan_shorts`.
        OutputError: As in `make_shorts`.
    """
    cast = open_cast(cast_folder)
    whom = find_person(cast, person, cast_folder)
    folder = output or default_folder(cast_folder, cast, whom)
    folder_at(folder).check(overwrite=overwrite)
    source = ShortsSource(cast_folder, cast, whom, find_video(cast, cast_folder, video, progress))
    if not plan_only:
        choose_encoder(read_settings().encoder)
        check_space(options.min_length_s, source, options, folder)
    planned = make_plan(source, options, progress)
    job = _Job(source, replace(options, audio_track=planned.sound_track or 0), planned)
    return folder, job.write(folder, progress, overwrite=overwrite, rendered=not plan_only)


def default_folder(cast_folder: Path, cast: Cast, person: Person) -> Path:
    """Where shorts go if nothing else is said: beside the cast folder, by the names of the video and the person."""
    home = cast_folder if cast_folder.name else cast_folder.resolve()  # "." has no name to put beside
    return home.parent / f"{Path(cast.video.path).stem}-{person.id}.shorts"


def render_plan(
    plan_file: Path | str,
    output: Path | str,
    *,
    video: Path | str | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> Plan:
    """Render what a plan.json says, edited or not, and write its folder, whole or not at all.

    Args:
        plan_file: Written by `closeup shorts --plan`, or with any shorts.
        output: The folder to write; the plan's own is replaced without `overwrite` if nothing was rendered there.
        video: Where the video is now, if it has moved.
        overwrite: Replace a folder of shorts that is there.

    Raises:
        FormatError: If the plan, or the cast that it names, is damaged; says what is wrong where.
        InputError: If there is no plan, or the cast or video that it was made from has moved or changed.
        OutputError: As in `make_shorts`.
    """
    plan_file, output = Path(plan_file), Path(output)
    file = read_plan(plan_file)
    overwrite = overwrite or (output.resolve() == plan_file.resolve().parent and is_only_planned(output))
    folder_at(output).check(overwrite=overwrite)
    choose_encoder(read_settings().encoder)
    source = open_source(file.cast, file.person.id, None if video is None else Path(video), progress)
    if source.cast.video.sha256 != file.video.sha256:
        raise InputError(
            f"{plan_file} is of another video than the cast in {file.cast}.",
            "Plan anew.",
            code="shorts.plan-anew",
            cast=file.cast,
            person=file.person.id,
        )
    job = _Job(source, file.options, _planned(file, plan_file, source))
    return job.write(output, progress, overwrite=overwrite, rendered=True)


def check_space(length_s: float, source: ShortsSource, options: ShortsOptions, folder: Path) -> None:
    """Make sure that rendered shorts of `length_s` seconds in all will find space, as far as that can be told before.

    Raises:
        OutputError: If they will hardly.
    """
    width, height = finished_size(options)
    bits = BITS_A_PIXEL * width * height * float(source.cast.video.fps) + SOUND_BITS_A_SECOND
    needed = length_s * bits / 8
    free = folder_at(folder).free_bytes()
    if needed > free:
        raise OutputError(
            f"The shorts need about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free in {folder.parent}.",
            "Free some space, choose another place, or ask for fewer or smaller ones.",
            code="shorts.space",
        )


def finished_size(options: ShortsOptions) -> tuple[int, int]:
    """Width and height of the finished pictures in pixels, both even."""
    width, height = ASPECTS[options.aspect]
    return 2 * round(options.height * width / height / 2), options.height


def _planned(file: PlanFile, plan_file: Path, source: ShortsSource) -> Planned:
    """What an edited plan says, with the figures of its moments as they are now."""
    times = read_frame_times(source.video, source.cast.video)
    captions, notes = read_captions(file.options, source)
    plan = file.placed(times)
    plan = replace(plan, person_name=source.person.name, notes=tuple(dict.fromkeys((*plan.notes, *notes))))
    curves = None
    if (path := plan_file.parent / CURVES).is_file():
        curves = read_curves(path, plan.weights)
        plan = replace(plan, shorts=tuple(_judged(short, curves) for short in plan.shorts))
    return Planned(plan, curves, times, captions, file.options.audio_track or None)


def _judged(short: Short, curves: Interest) -> Short:
    """A short of a plan with the figures of its moments, and another reason where they are no longer those planned."""
    spans = [(piece.start_s, piece.end_s) for piece in short.pieces]
    parts = curves.means(spans)
    moved = any(abs(parts.get(name, value) - value) > _CHANGED for name, value in short.parts.items())
    told = reason(curves, spans) if moved else short.reason
    return replace(short, interest=mean_interest(curves, spans), parts=parts, reason=told)


class _Job:
    """The shorts of one plan on their way into a folder."""

    def __init__(self, source: ShortsSource, options: ShortsOptions, planned: Planned) -> None:
        self._source, self._options, self._planned = source, options, planned
        self._shorts = planned.plan.shorts
        self._size_wh = finished_size(options)
        self._style = caption_style(options.caption_style)
        self._focus = PersonFocus(source.cast, source.person) if options.portrait else None
        self._off_text = 0

    def write(self, folder: Path, progress: ProgressCallback, *, overwrite: bool, rendered: bool) -> Plan:
        """Frame, render if so wanted, and write the folder; gives the plan, with what there is to note."""
        source, planned = self._source, self._planned
        if rendered:
            check_space(sum(short.length_s for short in self._shorts), source, self._options, folder)
        progress(Progress("Framing", 0, None, ""))
        framed = self._framed()
        plan = _noted(planned.plan, framed)
        posters = make_posters(
            framed,
            video=source.video,
            times=planned.frame_times,
            cast=source.cast,
            person=source.person.id,
            size_wh=self._size_wh,
            focus=self._focus,
        )
        with folder_at(folder).writing(overwrite=overwrite, replaced=is_ours) as part:
            finished = tuple(
                FinishedShort(short, pieces, poster, self._captions_of(short))
                for short, pieces, poster in zip(self._shorts, framed, posters, strict=True)
            )
            if rendered:
                finished = tuple(self._rendered(finished, part, progress))
                noted = (*self._moved(), *encoder_notes(), *(self._focus.notes if self._focus else ()))
                plan = replace(plan, notes=tuple(dict.fromkeys((*plan.notes, *noted))))
            progress(Progress("Writing", 0, None, ""))
            handover = Handover(
                plan=plan,
                options=self._options,
                cast=source.cast,
                cast_folder=source.folder,
                video=source.video,
                size_wh=self._size_wh,
                shorts=finished,
                interest=planned.interest,
                time_code=time_code(source.video, source.cast.video.track),
            )
            write_handover(part, handover, folder)
        return plan

    def _framed(self) -> tuple[tuple[FramedPiece, ...], ...]:
        """The camera's path through each piece of each short."""
        pieces = sorted((piece for short in self._shorts for piece in short.pieces), key=lambda each: each.start_frame)
        area = find_area(self._source.video, self._planned.frame_times, pieces)
        return tuple(tuple(self._framed_pieces(short, area)) for short in self._shorts)

    def _framed_pieces(self, short: Short, area: Area | None) -> Iterator[FramedPiece]:
        cast, person, starts_s = self._source.cast, self._source.person.id, self._planned.frame_times.starts_s
        options = FramingOptions(self._size_wh, short.layout, area)
        for piece in short.pieces:
            times_s = starts_s[piece.start_frame : piece.end_frame]
            for part in pieces_by_layout(cast, person, piece, times_s, options):
                own_s = starts_s[part.start_frame : part.end_frame]
                framed = frame_piece(cast, person, part, own_s, options)
                yield corrected(framed, short.camera, cast, own_s)

    def _captions_of(self, short: Short) -> Subtitles | None:
        captions = self._planned.captions
        return None if captions is None else cut_captions(captions, short.pieces)

    def _rendered(
        self, shorts: Sequence[FinishedShort], part: Path, progress: ProgressCallback
    ) -> Iterator[FinishedShort]:
        """Render each short into the folder `part`."""
        total_s, before_s = sum(short.length_s for short in self._shorts), 0.0
        for each in shorts:

            def report(told: Progress, before_s: float = before_s) -> None:
                progress(replace(told, done=before_s + told.done, total=total_s))

            burned = each.captions if self._options.burn_captions else None
            overlay = None if burned is None else self._overlay(burned, each)
            info = render_short(
                self._source.video,
                each.framed,
                part / movie_name(each.short.id),
                frame_times=self._planned.frame_times,
                size_wh=self._size_wh,
                overlay=overlay,
                sound_track=self._options.audio_track or None,
                most_fps=self._options.fps,
                focus=self._focus,
                progress=report,
            )
            yield replace(each, rendered=info)
            before_s += each.short.length_s

    def _overlay(self, burned: Subtitles, short: FinishedShort) -> CaptionOverlay:
        """The captions, off all faces that the cast knows of, and off text that is in the video already."""
        times = self._planned.frame_times
        faces = shown_faces(self._source.cast, short.framed, times, self._size_wh)
        text = shown_text(self._source.video, short.framed, times, self._size_wh)
        overlay = CaptionOverlay(burned, self._size_wh, faces, self._options.font, self._style, text=text)
        self._off_text += overlay.off_text
        return overlay

    def _moved(self) -> tuple[str, ...]:
        """A sentence where captions had to keep off text in the video."""
        if not self._off_text:
            return ()
        captions = "1 caption stands" if self._off_text == 1 else f"{self._off_text} captions stand"
        return (f"Text is burnt into the video: {captions} elsewhere than usual, to keep off it.",)


def _noted(plan: Plan, framed: Sequence[Sequence[FramedPiece]]) -> Plan:
    """The plan, with a note where a split picture was asked for and there is none."""
    asked = any(short.layout == "split" for short in plan.shorts)
    if not asked or any(piece.layout == "split" for short in framed for piece in short):
        return plan
    return replace(plan, notes=tuple(dict.fromkeys((*plan.notes, NOT_SPLIT))))
