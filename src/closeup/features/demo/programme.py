"""A short programme with an exactly known cast, made from two portraits that installed packages bring along.

The portraits are NASA's of the astronaut Eileen Collins, which scikit-image ships, and the US Navy's of Rear Admiral
Grace Hopper, which Matplotlib ships; both are in the public domain. They are read from the packages' folders, so
nothing is fetched and neither package is imported.
"""

import importlib.util
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from closeup.core.errors import DependencyError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.media.encoder import VideoEncoder
from closeup.media.image import read_image

FPS = Fraction(25)
SIZE_WH = (640, 360)

HOPPER = "Grace Hopper"
COLLINS = "Eileen Collins"

_FILES = {
    HOPPER: ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    COLLINS: ("skimage", "data/astronaut.png"),
}

_SMOOTHING = 2
"""Stills that are shrunk are drawn this much larger and averaged down, so that slow moves do not shimmer."""


@dataclass(frozen=True, slots=True)
class View:
    """What of a still is seen: the middle, and how many of its pixels fit across the panel."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Light:
    """How a panel is lit.

    Attributes:
        gain: Contrast, a factor.
        lift: Brightness, levels that are added.
        warmth: Red up and blue down by this part; below 0 the other way round.
    """

    gain: float = 1.0
    lift: float = 0.0
    warmth: float = 0.0


@dataclass(frozen=True, slots=True)
class PersonPanel:
    """One person's part of the picture, moving from one view to another through the shot."""

    person: str
    start: View
    end: View
    light: Light = Light()
    mirror: bool = False


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """A shot of the programme: its frames (`end_frame` is exclusive) and who is in it, from left to right."""

    start_frame: int
    end_frame: int
    panels: tuple[PersonPanel, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Names of who is seen, from left to right."""
        return tuple(panel.person for panel in self.panels)


# Hopper's still is 512 x 600 with the face in (161, 137, 376, 352), Collins's 512 x 512 with (179, 83, 266, 170).
# Neighbouring shots of one still differ in scale, side, mirror and light, so that a cut between them is a cut.
_SHOTS: tuple[tuple[float, tuple[PersonPanel, ...]], ...] = (
    (3.0, (PersonPanel(HOPPER, View(262, 212, 512), View(266, 232, 440)),)),
    (3.0, (PersonPanel(COLLINS, View(256, 168, 512), View(236, 150, 420)),)),
    (2.6, (PersonPanel(HOPPER, View(420, 300, 1040), View(370, 290, 960), Light(0.86, 0, 0.10), mirror=True),)),
    (
        3.4,
        (
            PersonPanel(HOPPER, View(262, 270, 470), View(262, 262, 430)),
            PersonPanel(COLLINS, View(226, 170, 290), View(224, 164, 270), Light(1.05, 4, -0.04)),
        ),
    ),
    (2.8, (PersonPanel(COLLINS, View(232, 142, 330), View(226, 138, 300), Light(0.80, -4, -0.10), mirror=True),)),
    (2.8, (PersonPanel(COLLINS, View(150, 196, 660), View(186, 190, 620), Light(1.10, 8, 0.08)),)),
    (2.6, (PersonPanel(HOPPER, View(280, 237, 420), View(264, 228, 460), Light(0.78, -2, -0.12), mirror=True),)),
    (2.6, (PersonPanel(HOPPER, View(130, 300, 1020), View(180, 300, 1060), Light(1.08, 10, 0.06)),)),
    (
        3.2,
        (
            PersonPanel(COLLINS, View(232, 182, 330), View(228, 172, 300), Light(0.92, 0, 0.08), mirror=True),
            PersonPanel(HOPPER, View(266, 250, 420), View(262, 262, 470), Light(0.90, 0, -0.06), mirror=True),
        ),
    ),
    (2.4, (PersonPanel(COLLINS, View(272, 176, 480), View(240, 160, 440), Light(1.0, 0, -0.05)),)),
)


def plan() -> tuple[PlannedShot, ...]:
    """The exact truth of the programme, in order, without gaps."""
    shots = []
    start = 0
    for seconds, panels in _SHOTS:
        end = start + round(seconds * FPS)
        shots.append(PlannedShot(start, end, panels))
        start = end
    return tuple(shots)


def truth() -> dict[str, Any]:
    """`plan` as plain JSON: {"fps", "frames", "people": [name], "shots": [{"start", "end", "people": [...]}]}.

    A shot's "people" are {"name", "side"}, and "side" is "full", "left" or "right".
    """
    shots = plan()
    sides = {1: ("full",), 2: ("left", "right")}
    return {
        "fps": int(FPS),
        "frames": shots[-1].end_frame,
        "people": sorted({person for shot in shots for person in shot.people}),
        "shots": [
            {
                "start": shot.start_frame,
                "end": shot.end_frame,
                "people": [
                    {"name": name, "side": side}
                    for name, side in zip(shot.people, sides[len(shot.people)], strict=True)
                ],
            }
            for shot in shots
        ],
    }


def make_programme(path: Path, progress: ProgressCallback = ignore) -> None:
    """Write the programme as an MP4, the same pictures every time.

    Raises:
        DependencyError: If Matplotlib or scikit-image is not installed.
        OutputError: If `path` cannot be written.
    """
    stills = {person: _still(person) for person in _FILES}
    shots = plan()
    frames = shots[-1].end_frame
    with VideoEncoder(path, SIZE_WH, FPS) as encoder:
        for shot in shots:
            progress(Progress("Making the programme", shot.start_frame, frames, "frames"))
            for image in _shot_frames(shot, stills):
                encoder.write(image)
    progress(Progress("Making the programme", frames, frames, "frames"))


def _still(person: str) -> Image:
    package, name = _FILES[person]
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        if (Path(folder) / name).is_file():
            return read_image(Path(folder) / name)
    missing = f"it has no {name}" if spec else "it is not installed"
    raise DependencyError(
        f"The demo needs a portrait from the package {package}, and {missing}.",
        "Install it.",
        code="demo.portrait",
    )


def _shot_frames(shot: PlannedShot, stills: dict[str, Image]) -> list[Image]:
    width, height = SIZE_WH[0] // len(shot.panels), SIZE_WH[1]
    count = shot.end_frame - shot.start_frame
    reels = [_panel_frames(panel, stills[panel.person], (width, height), count) for panel in shot.panels]
    frames = [np.hstack(parts) for parts in zip(*reels, strict=True)]
    for frame in frames if len(shot.panels) > 1 else ():
        frame[:, width - 2 : width + 2] = 16
    return frames


def _panel_frames(panel: PersonPanel, still: Image, size_wh: tuple[int, int], count: int) -> list[Image]:
    lit = _relit(still, panel.light)
    factor = _SMOOTHING if max(panel.start.width, panel.end.width) > size_wh[0] else 1
    backdrop = _backdrop(lit, (size_wh[0] * factor, size_wh[1] * factor))
    frames = []
    for index in range(count):
        image = _framed(lit, backdrop, _between(panel.start, panel.end, index / max(1, count - 1)), size_wh)
        frames.append(image[:, ::-1] if panel.mirror else image)
    return frames


def _relit(image: Image, light: Light) -> Image:
    """The picture (H, W, 3) under another light."""
    gains = light.gain * np.array([1 + light.warmth, 1, 1 - light.warmth], dtype=np.float32)
    return np.clip(image * gains + light.lift, 0, 255).astype(np.uint8)


def _backdrop(still: Image, size_wh: tuple[int, int]) -> Image:
    """The still, filling the panel, dim and out of focus, for views that show more than there is: (H, W, 3)."""
    width, height = size_wh
    scale = max(width / still.shape[1], height / still.shape[0])
    x, y = width / 2 / scale, height / 2 / scale
    left, top = round(still.shape[1] / 2 - x), round(still.shape[0] / 2 - y)
    part = still[top : round(top + 2 * y), left : round(left + 2 * x)]
    blurred = cv2.GaussianBlur(part, (0, 0), part.shape[0] / 14)
    filled = cv2.resize(blurred, size_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(filled * np.float32(0.7), dtype=np.uint8)


def _between(start: View, end: View, part: float) -> View:
    """The view at `part`, 0 to 1, of a move that starts and stops gently."""
    eased = part * part * (3 - 2 * part)
    return View(
        start.x + (end.x - start.x) * eased,
        start.y + (end.y - start.y) * eased,
        start.width * (end.width / start.width) ** eased,
    )


def _framed(still: Image, backdrop: Image, view: View, size_wh: tuple[int, int]) -> Image:
    """The view of the still over the backdrop, as a panel of `size_wh` (width, height): (H, W, 3)."""
    height, width = backdrop.shape[:2]
    scale = width / view.width
    matrix = np.array([[scale, 0, width / 2 - view.x * scale], [0, scale, height / 2 - view.y * scale]])
    drawn = cv2.warpAffine(still, matrix, (width, height), backdrop.copy(), cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
    if (width, height) != size_wh:
        drawn = cv2.resize(drawn, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(drawn, dtype=np.uint8)
