"""Enrolling somebody who sits before a camera, or is in a video: the best frame of each pose, by friendly requests.

Poses are called after the side that the picture shows. A camera's picture is not mirrored here, so that who turns to
their own right is seen turning left.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray, Image
from closeup.features.gallery.enrol import EnrolSample, templates_of
from closeup.features.gallery.liveness import HeadView, LivenessCheck, LivenessReport
from closeup.features.gallery.options import REQUIRED_POSES
from closeup.features.gallery.photos import BY_EVERY_MODEL, DESCRIBED
from closeup.features.gallery.scoring import FELLOW_FAR
from closeup.media.sampling import Sampling
from closeup.media.sources import FrameSource
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.weights.cards import ModelCard
from closeup.weights.far import threshold_for

LOOKS_PER_S = 4.0
"""How often a video is looked at; a camera is looked at as often as the machine can."""

SETTLED = 3
"""Good looks at a pose after which there is hardly a better one to come; a camera goes on to the next pose."""

TIME_S = 90.0
"""How long a camera waits for all poses."""

REQUESTS = {
    "front": "Look straight into the camera.",
    "left": "Turn your head to your right, about a third of the way.",
    "right": "Turn your head to your left, about a third of the way.",
    "down": "Lower your chin, and keep looking ahead.",
    "up": "Raise your chin a little.",
}
"""What to say to somebody who looks into a camera, so that the picture shows the pose."""

Say = Callable[[str], None]


def same_person_threshold(embedder: ModelCard) -> float:
    """Similarity from which on two looks, one after the other, show one person.

    Lenient: poses differ much, and who looks is hardly exchanged within a moment.
    """
    return threshold_for(embedder, FELLOW_FAR).threshold


@dataclass(slots=True)
class _Best:
    """The best look at a pose so far."""

    worth: float
    face: AnalysedFace
    image: Image
    time_s: float
    looks: int = 1


@dataclass(slots=True)
class PoseCollector:
    """Keeps the best frame of each pose out of many looks at one person.

    Attributes:
        analyzer: Judges whether a face is good enough.
        same_threshold: Similarity from which on two looks show one person.
    """

    analyzer: Analyzer
    same_threshold: float
    _best: dict[str, _Best] = field(default_factory=dict, init=False)
    _last: FloatArray | None = field(default=None, init=False)
    reasons: Counter[str] = field(default_factory=Counter, init=False)

    def look(self, time_s: float, image: Image, faces: Sequence[AnalysedFace]) -> str:
        """Take a look at a picture (H, W, 3) with these faces; give what is wrong with it, "" where nothing is."""
        reason = self._take(time_s, image, faces)
        if reason:
            self.reasons[reason] += 1
        return reason

    def _take(self, time_s: float, image: Image, faces: Sequence[AnalysedFace]) -> str:
        if not faces:
            return "no face is in view"
        if len(faces) > 1:
            return "more than one face is in view"
        face = faces[0]
        if not self._is_same(face):
            return "this is somebody else than before"
        if face.faults:
            return _in_passing(face.faults[0].reason)
        self._last = face.embedding
        pose, worth = face.pose.name, _worth(face)
        known = self._best.get(pose)
        if known is None:
            self._best[pose] = _Best(worth, face, image, time_s)
            return ""
        known.looks += 1
        if worth > known.worth:
            known.worth, known.face, known.image, known.time_s = worth, face, image, time_s
        return ""

    def missing(self, looks: int = 1) -> tuple[str, ...]:
        """Poses that were not seen, or in fewer good looks than that; of those that can be told apart."""
        return tuple(pose for pose in REQUIRED_POSES if self.looks(pose) < looks)

    def described(self, pose: str) -> AnalysedFace:
        """The best look at a pose that was seen, described by every model."""
        return self._by_every_model(self._best[pose])

    def looks(self, pose: str) -> int:
        """In how many good looks a pose was seen."""
        return self._best[pose].looks if pose in self._best else 0

    def samples(self, origin: str, source: str | None, *, keep: bool) -> list[EnrolSample]:
        """The best look at each pose, to be enrolled.

        Args:
            origin: Where they are from, for people.
            source: Hash of the video's file; None for a camera.
            keep: Whether to store pictures too.
        """
        return [
            EnrolSample(
                templates_of(
                    best.image,
                    self._by_every_model(best),
                    None if source is None else f"{source}:{best.time_s:.3f}",
                    keep=keep,
                ),
                f"{origin} at {best.time_s:.1f} s",
            )
            for _, best in sorted(self._best.items())
        ]

    def _by_every_model(self, best: _Best) -> AnalysedFace:
        """The same face as all embedders on the machine describe it; looks are described by one, to be quick."""
        if len(self.analyzer.embedder_cards) == 1:
            return best.face
        x0, y0, x1, y1 = best.face.box_xyxy.tolist()
        faces = self.analyzer.faces(best.image, BY_EVERY_MODEL, covering_xy=((x0 + x1) / 2, (y0 + y1) / 2))
        return faces[0] if faces else best.face

    def _is_same(self, face: AnalysedFace) -> bool:
        """Whether it is like the last good look or one that was kept: poses differ, and heads turn step by step."""
        if self._last is None:
            return True
        known = [self._last, *(best.face.embedding for best in self._best.values())]
        return float(cosines(np.stack(known), face.embedding).max()) >= self.same_threshold


def collect_poses(
    analyzer: Analyzer,
    source: FrameSource,
    origin: str,
    *,
    source_hash: str | None = None,
    say: Say | None = None,
    check: LivenessCheck | None = None,
    keep_pictures: bool = False,
    progress: ProgressCallback = ignore,
) -> list[EnrolSample]:
    """Pick the best frame of each pose out of a video of one person, or of somebody whom a camera guides.

    Args:
        source: With one person in view at a time, who turns their head.
        origin: What the source is called: "ann.mp4", "the camera".
        source_hash: Hash of the video's file; None for a camera.
        say: Who is in view hears it: given a sentence whenever they shall do something else. The source is read until
            all poses are there or time is up; without it, to its end, some times a second.
        check: Asks for head turns first; what is collected before it has passed counts only if it passes.
        keep_pictures: Whether to store pictures too.

    Raises:
        InputError: If the check fails, or no frame is of use; says what was wrong with most.
    """
    threshold = same_person_threshold(analyzer.embedder_card)
    collector, views = PoseCollector(analyzer, threshold), HeadViews(threshold)
    prompt = _Prompt(say) if say else None
    looks = 0
    for sample in Sampling(source, None if prompt else LOOKS_PER_S):
        time_s, image = float(sample.frame.time), sample.frame.rgb()
        faces = analyzer.faces(image, DESCRIBED, thorough=False)
        reason = collector.look(time_s, image, faces)
        looks += 1
        progress(Progress("Looking", time_s, source.duration_hint_s, "s"))
        if prompt is None:
            continue
        if check is not None and check.report.state == "running":
            report = check.look(time_s, views.of(time_s, faces))
            require_alive(report)
            prompt.ask(report.wanted, reason)
            continue
        missing = collector.missing(SETTLED)
        if not missing or time_s > TIME_S:
            break
        prompt.ask(missing[0], reason)
    if check is not None and check.report.state != "passed":
        raise InputError("The camera stopped before the check for a living head was done.", "Try again.")
    samples = collector.samples(origin, source_hash, keep=keep_pictures)
    if not samples:
        reasons = collector.reasons.most_common(1)
        most = f": {reasons[0][0]} in {reasons[0][1]} of {looks} looks" if reasons else ""
        raise InputError(
            f"No look at {origin} is of use{most}.", "One person, near, sharp and in good light, is enough."
        )
    return samples


def watch_until_alive(
    analyzer: Analyzer, source: FrameSource, say: Say, check: LivenessCheck | None = None
) -> AnalysedFace:
    """Wait for one good look at a front; with a check, for a living head that has turned as asked.

    Args:
        say: Is given what the person shall do.
        check: Asks for head turns; None does without.

    Returns:
        The best front.

    Raises:
        InputError: If the check fails, or no good front comes in time.
    """
    threshold = same_person_threshold(analyzer.embedder_card)
    collector, prompt, views = PoseCollector(analyzer, threshold), _Prompt(say), HeadViews(threshold)
    for sample in Sampling(source, None):
        time_s, image = float(sample.frame.time), sample.frame.rgb()
        faces = analyzer.faces(image, DESCRIBED, thorough=False)
        reason = collector.look(time_s, image, faces)
        if check is not None and check.report.state == "running":
            require_alive(check.look(time_s, views.of(time_s, faces)))
            prompt.ask(check.report.wanted, reason)
            if check.report.state == "running":
                continue
        if collector.looks("front") >= SETTLED:
            return collector.described("front")
        if time_s > TIME_S:
            break
        prompt.ask("front", reason)
    raise InputError("No good look at a face came.", "Sit before the camera, in good light, and try again.")


class HeadViews:
    """Turns the faces of each look into what the check for a living head wants to know."""

    def __init__(self, same_threshold: float) -> None:
        self._same_threshold = same_threshold
        self._last: FloatArray | None = None

    def of(self, time_s: float, faces: Sequence[AnalysedFace]) -> list[HeadView]:
        """The views of the faces that are seen at `time_s`."""
        views = [self._view(time_s, face) for face in faces]
        if len(faces) == 1:
            self._last = faces[0].embedding
        return views

    def _view(self, time_s: float, face: AnalysedFace) -> HeadView:
        same = self._last is None or float(cosines(self._last, face.embedding)) >= self._same_threshold
        return HeadView(time_s, face.pose.name, face.pose.yaw_deg, face.pose.pitch_deg, face.landmarks_xy, same)


def require_alive(report: LivenessReport) -> None:
    """Stop where the check for a living head has failed.

    Raises:
        InputError: If it has.
    """
    if report.state == "failed":
        raise InputError(
            f"This does not look like a living head before the camera. {report.reason}",
            "Nothing was stored. Try again, alone before the camera and in good light, and follow the requests.",
        )


class _Prompt:
    """Says what to do, and why a look was of no use, each only when it changes."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = ""

    def ask(self, pose: str, reason: str) -> None:
        if not pose:
            return
        request = REQUESTS[pose]
        text = f"{request} ({reason[:1].upper()}{reason[1:]}.)" if reason else request
        if text != self._said:
            self._said = text
            self._say(text)


def _in_passing(reason: str) -> str:
    """A reason as it is said in brackets: "The face is blurred: its ..." is "the face is blurred"."""
    text = reason.partition(":")[0].rstrip(".")
    return text[:1].lower() + text[1:]


def _worth(face: AnalysedFace) -> float:
    """How good a look is, whatever the pose: frontality, which is part of the quality, would favour half turns."""
    quality = face.quality
    return float(
        np.prod([max(part, 1e-6) for part in (quality.size, quality.sharpness, quality.exposure, quality.detection)])
    )
