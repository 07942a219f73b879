"""closeup's shorts from end to end: from a cast folder and a person to a folder of finished vertical videos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Cast, Person
from closeup.features.shorts.captioning import CaptionOverlay, cut_captions
from closeup.features.shorts.finished import FinishedShort, FramedPiece, Handover, Poster, PosterSource, make_posters
from closeup.features.shorts.folder import folder_at, is_only_planned, is_ours, movie_name, write_handover
from closeup.features.shorts.framing import FramingOptions, find_area, frame_piece, pieces_by_layout
from closeup.features.shorts.interest import CURVES, Interest, read_curves, reason
from closeup.features.shorts.options import ASPECTS, ShortsOptions
from closeup.features.shorts.plan import Plan, Short
from closeup.features.shorts.plan_json import PlanFile, read_plan
from closeup.features.shorts.planning import Planned, make_plan, mean_interest, read_captions
from closeup.features.shorts.render import Look, RenderedInfo, RenderPiece, render_short
from closeup.features.shorts.source import Source, find_person, find_video, open_cast, open_source
from closeup.media.audio import has_sound
from closeup.media.frame_times import read_frame_times

BITS_A_PIXEL = 0.2
"""What a pixel of a finished frame takes at most, as a rule: 0.05 to 0.18 were measured on talk, TV and film."""

SOUND_BITS_A_SECOND = 160_000

NOT_SPLIT = "No shot shows the person with somebody whom one upright picture could not hold too: nothing is split."

_CHANGED = 0.005
"""A part whose mean differs by more than this from what a plan says is that of other moments."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the result goes, and whether shorts that are there already may be replaced."""

    folder: Path
    overwrite: bool = False


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
        progress: Told how far the work is; called from this thread.

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
        output: The folder to write.
        options: What the shorts shall be like.
        overwrite: Replace a folder of shorts that is there.
        progress: Told how far the work is; called from this thread.

    Raises:
        InputError: As in `plan_shorts`.
        ModelError: If a model is not on this machine.
        OutputError: If the folder exists and `overwrite` is off, it cannot be written, or there is no space for it.
            Said before the work where that can be known.
    """
    options = options or ShortsOptions()
    request = Request(Path(cast_folder), person, output=Path(output), overwrite=overwrite)
    return render_shorts(*prepare(request, options, progress), options, progress)


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for.

    Attributes:
        cast_folder: A result folder of `closeup cast`.
        person: Id or name.
        video: Where the video is now; None to look where it was.
        output: Where the result goes; None for beside the cast folder.
        overwrite: Replace a folder of shorts that is there.
    """

    cast_folder: Path
    person: str
    video: Path | None = None
    output: Path | None = None
    overwrite: bool = False


def prepare(request: Request, options: ShortsOptions, progress: ProgressCallback = ignore) -> tuple[Source, Target]:
    """Check all that can be checked at once, and only then read through the video for its hash.

    Raises:
        InputError: As in `plan_shorts`.
        OutputError: As in `make_shorts`.
    """
    cast = open_cast(request.cast_folder)
    person = find_person(cast, request.person, request.cast_folder)
    target = Target(request.output or default_folder(request.cast_folder, cast, person), request.overwrite)
    folder_at(target.folder).check(overwrite=target.overwrite)
    video = find_video(cast, request.cast_folder, request.video, progress)
    return Source(request.cast_folder, cast, person, video), target


def default_folder(cast_folder: Path, cast: Cast, person: Person) -> Path:
    """Where shorts go if nothing else is said: beside the cast folder, by the names of the video and the person."""
    home = cast_folder if cast_folder.name else cast_folder.resolve()  # "." has no name to put beside
    return home.parent / f"{Path(cast.video.path).stem}-{person.id}.shorts"


def render_shorts(source: Source, target: Target, options: ShortsOptions, progress: ProgressCallback = ignore) -> Plan:
    """Choose and render; arguments and errors as in `make_shorts`."""
    check_space(options.min_length_s, source, options, target.folder)
    job = _Job(source, options, make_plan(source, options, progress))
    return _write(job, target, progress, rendered=True)


def write_plan(source: Source, target: Target, options: ShortsOptions, progress: ProgressCallback = ignore) -> Plan:
    """Choose, and write the plan, its reasons and a page, but no videos; arguments and errors as in `make_shorts`."""
    job = _Job(source, options, make_plan(source, options, progress))
    return _write(job, target, progress, rendered=False)


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
        progress: Told how far the work is; called from this thread.

    Raises:
        FormatError: If the plan, or the cast that it names, is damaged; says what is wrong where.
        InputError: If there is no plan, or the cast or video that it was made from has moved or changed.
        OutputError: As in `make_shorts`.
    """
    plan_file, output = Path(plan_file), Path(output)
    file = read_plan(plan_file)
    target = Target(output, overwrite or (output.resolve() == plan_file.resolve().parent and is_only_planned(output)))
    folder_at(output).check(overwrite=target.overwrite)
    source = open_source(file.cast, file.person, None if video is None else Path(video), progress)
    if source.cast.video.sha256 != file.video.sha256:
        raise InputError(
            f"{plan_file} is of another video than the cast in {file.cast}.",
            f"Plan anew: closeup shorts {file.cast} --person {file.person} --plan",
        )
    job = _Job(source, file.options, _planned(file, plan_file, source))
    return _write(job, target, progress, rendered=True)


def check_space(length_s: float, source: Source, options: ShortsOptions, folder: Path) -> None:
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
            "Free some space, choose another place with -o, or ask for fewer or smaller ones: --count, --height",
        )


def finished_size(options: ShortsOptions) -> tuple[int, int]:
    """Width and height of the finished pictures in pixels, both even."""
    width, height = ASPECTS[options.aspect]
    return 2 * round(options.height * width / height / 2), options.height


def _planned(file: PlanFile, plan_file: Path, source: Source) -> Planned:
    """What an edited plan says, with the figures of its moments as they are now."""
    times = read_frame_times(source.video, source.cast.video)
    captions, notes = read_captions(file.options, source.cast.video.duration_s)
    plan = file.placed(times)
    plan = replace(plan, person_name=source.person.name, notes=tuple(dict.fromkeys((*plan.notes, *notes))))
    curves = None
    if (path := plan_file.parent / CURVES).is_file():
        curves = read_curves(path, plan.weights)
        plan = replace(plan, shorts=tuple(_judged(short, curves) for short in plan.shorts))
    return Planned(plan, curves, times, captions)


def _judged(short: Short, curves: Interest) -> Short:
    """A short of a plan with the figures of its moments, and another reason where they are no longer those planned."""
    spans = [(piece.start_s, piece.end_s) for piece in short.pieces]
    parts = curves.means(spans)
    moved = any(abs(parts.get(name, value) - value) > _CHANGED for name, value in short.parts.items())
    told = reason(curves, spans) if moved else short.reason
    return replace(short, interest=mean_interest(curves, spans), parts=parts, reason=told)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """What is to be made."""

    source: Source
    options: ShortsOptions
    planned: Planned

    @property
    def shorts(self) -> tuple[Short, ...]:
        """The shorts of the plan."""
        return self.planned.plan.shorts


def _write(job: _Job, target: Target, progress: ProgressCallback, *, rendered: bool) -> Plan:
    """Frame the shorts, render them if so wanted, and write the folder; the plan, with what there is to note."""
    if rendered:
        check_space(sum(short.length_s for short in job.shorts), job.source, job.options, target.folder)
    progress(Progress("Framing", 0, None, ""))
    framed = _framed(job)
    job = _noted(job, framed)
    posters = _posters(job, framed)
    with folder_at(target.folder).writing(overwrite=target.overwrite, replaced=is_ours) as part:
        finished = _finished(job, framed, posters)
        if rendered:
            infos = _rendered(job, finished, part, progress)
            finished = tuple(replace(each, rendered=info) for each, info in zip(finished, infos, strict=True))
        progress(Progress("Writing", 0, None, ""))
        write_handover(part, _handover(job, finished), target.folder)
    return job.planned.plan


def _noted(job: _Job, framed: Sequence[Sequence[FramedPiece]]) -> _Job:
    """The job, with a note where a split picture was asked for and there is none."""
    asked = any(short.layout == "split" for short in job.shorts)
    if not asked or any(piece.framing.layout == "split" for short in framed for piece in short):
        return job
    plan = job.planned.plan
    plan = replace(plan, notes=tuple(dict.fromkeys((*plan.notes, NOT_SPLIT))))
    return replace(job, planned=replace(job.planned, plan=plan))


def _framed(job: _Job) -> tuple[tuple[FramedPiece, ...], ...]:
    """The camera's path through each piece of each short."""
    pieces = sorted((piece for short in job.shorts for piece in short.pieces), key=lambda piece: piece.start_frame)
    area = find_area(job.source.video, job.planned.frame_times, pieces)
    return tuple(tuple(_framed_pieces(job, short, area)) for short in job.shorts)


def _framed_pieces(job: _Job, short: Short, area: tuple[float, float, float, float] | None) -> Iterator[FramedPiece]:
    cast, person, starts_s = job.source.cast, job.source.person.id, job.planned.frame_times.starts_s
    options = FramingOptions(finished_size(job.options), short.layout, area)
    for piece in short.pieces:
        times_s = starts_s[piece.start_frame : piece.end_frame]
        for part in pieces_by_layout(cast, person, piece, times_s, options):
            yield FramedPiece(
                part, frame_piece(cast, person, part, starts_s[part.start_frame : part.end_frame], options)
            )


def _posters(job: _Job, framed: Sequence[Sequence[FramedPiece]]) -> tuple[Poster, ...]:
    source = job.source
    size_wh = finished_size(job.options)
    return make_posters(
        PosterSource(source.video, job.planned.frame_times, source.cast, source.person.id, size_wh), framed
    )


def _finished(
    job: _Job, framed: Sequence[tuple[FramedPiece, ...]], posters: Sequence[Poster]
) -> tuple[FinishedShort, ...]:
    captions = job.planned.captions
    return tuple(
        FinishedShort(short, pieces, poster, None if captions is None else cut_captions(captions, short.pieces))
        for short, pieces, poster in zip(job.shorts, framed, posters, strict=True)
    )


def _rendered(
    job: _Job, finished: Sequence[FinishedShort], part: Path, progress: ProgressCallback
) -> Iterator[RenderedInfo]:
    """Render each short into the folder `part`."""
    total_s, before_s = sum(short.length_s for short in job.shorts), 0.0
    size_wh = finished_size(job.options)
    for each in finished:

        def report(told: Progress, before_s: float = before_s) -> None:
            progress(replace(told, done=before_s + told.done, total=total_s))

        burned = each.captions if job.options.burn_captions else None
        overlay = None if burned is None else CaptionOverlay(burned, size_wh)
        pieces = [RenderPiece(framed.piece, framed.framing.panels) for framed in each.framed]
        output = part / movie_name(each.short.id)
        yield render_short(job.source.video, pieces, job.planned.frame_times, output, Look(size_wh, overlay), report)
        before_s += each.short.length_s


def _handover(job: _Job, finished: tuple[FinishedShort, ...]) -> Handover:
    return Handover(
        plan=job.planned.plan,
        options=job.options,
        cast=job.source.cast,
        cast_folder=job.source.folder,
        video=job.source.video,
        size_wh=finished_size(job.options),
        sound=has_sound(job.source.video),
        shorts=finished,
        interest=job.planned.interest,
    )
