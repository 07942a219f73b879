"""What the user can choose about the workbench's commands, declared once; light to import, for the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from closeup.algorithms.metrics.classification import RESAMPLES
from closeup.core.errors import InputError
from closeup.core.fields import OneOf, Within
from closeup.weights.cards import CHOICES


@dataclass(frozen=True, slots=True)
class CropOptions:
    """How faces are cut.

    Attributes:
        size_px: Side of the crops, 16 to 1024.
        frame: How much of the head a crop shows: expression or recognition.
        margin: More around the face on every side, as a share of the frame's side; below 0 for less.
        keep_missed: Where no face is found, put the whole picture in, square.
        models: The detector.
        threads: Pictures at a time; 0 for as many as there are cores.
    """

    size_px: int = 112
    frame: str = "expression"
    margin: float = 0.0
    keep_missed: bool = False
    models: Annotated[str, OneOf(CHOICES)] = "auto"
    threads: Annotated[int, Within(0)] = 0

    def __post_init__(self) -> None:
        if not 16 <= self.size_px <= 1024:
            raise InputError(
                f"A crop has 16 to 1024 pixels a side, not {self.size_px}.",
                code="option",
                option="size_px",
                example=112,
            )
        if not -0.4 <= self.margin <= 4:
            raise InputError(
                f"A margin lies between -0.4 and 4, not {self.margin:g}.", code="option", option="margin", example=0.2
            )


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How frozen features are learnt from, to find wrong labels.

    Attributes:
        folds: Into how many parts the pictures are cut; each is predicted from the others.
        seed: Of the cut; another number cuts other parts.
        input_px: Side at which the network looks at the pictures.
        rounds: 1 learns from all labels; 2 learns once more, without those that looked wrong the first time.
    """

    folds: Annotated[int, Within(2)] = 5
    seed: int = 0
    input_px: int = 128
    rounds: int = 2


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """How a model is evaluated, and how the labels of the data are read.

    Attributes:
        heads: Only this head of the model; without it all that the data has labels for.
        fields: A head, and the column that holds its labels; not needed where they have the names of the heads' fields,
            or there is one column of classes. Where one is named, all that are wanted have to be.
        rename: A head, a label in the data, and what the model calls it; nothing after = leaves its pictures out.
        where: Only rows whose columns have these values.
        group_column: Pictures of one group are right or wrong together, which widens the intervals.
        split: Only this side: train, val or test.
        split_file: The table that says the sides; without it the run's own, or else what the data says itself.
        faces: Find the face nearest to the middle of each picture and show the model that, instead of the whole.
        models: Which detector finds them.
        resamples: Draws behind each interval.
        seed: Of the draws.
    """

    heads: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    group_column: str = ""
    split: str = ""
    split_file: Path | None = None
    faces: bool = False
    models: Annotated[str, OneOf(CHOICES)] = "auto"
    resamples: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is made of a run's network beside the full one, and when it is worth keeping.

    Attributes:
        half: Also half the size: weights of 16 bits, sums of 32.
        int8: Also in 8-bit integers, with a scale for each channel.
        fp16: Also all in 16 bits, for GPUs and browsers.
        calibrate: Pictures that int8 is fitted to; without it those that the run learnt from.
        budget: How much accuracy a form may lose, 0.005 for half a point; of a number, the share by which the mean
            absolute error may grow.
        want: What a form has to be to be kept: smaller, or measured to be faster on this machine.
        threads: Threads to measure with.
    """

    half: bool = False
    int8: bool = False
    fp16: bool = False
    calibrate: Path | None = None
    budget: Annotated[float, Within(0, 1)] = 0.005
    want: Annotated[str, OneOf(("smaller", "faster"))] = "smaller"
    threads: Annotated[int, Within(1, 256)] = 1

    @property
    def forms(self) -> tuple[str, ...]:
        """Names of the forms that are to be made."""
        return tuple(name for name in ("half", "int8", "fp16") if getattr(self, name))
