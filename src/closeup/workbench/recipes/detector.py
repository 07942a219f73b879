"""What a recipe of a detector says, `task = "detection"`: fields are the keys of the TOML file, with their defaults."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from closeup.core.errors import FormatError
from closeup.core.fields import Text, Within
from closeup.learning.options import Line, PartShare, Stage, TrainerOptions
from closeup.workbench.recipes.recipe import Name, Share


@dataclass(frozen=True, slots=True)
class DetectorStage(Stage):
    """One `[[stages]]` table.

    Attributes:
        train: What moves: "answers" (the pyramid and what answers), or "all" but the backbone's early layers.
    """

    batch: Annotated[int, Within(1, 1024)] = 16
    train: Literal["answers", "all"] = "all"


@dataclass(frozen=True, slots=True)
class DetectorTraining(TrainerOptions):
    """The `[training]` table: what holds in every stage.

    Attributes:
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        threads: CPU threads; 0 for all.
    """

    ema: PartShare = 0.99
    clip_norm: Annotated[float, Within(0, 1e6)] = 5.0
    device: Annotated[str, Text("(auto|cpu|mps|cuda(:[0-9]{1,2})?)", '"auto", "cpu", "mps", "cuda" or "cuda:N"')] = (
        "auto"
    )
    threads: Annotated[int, Within(0, 1024)] = 0


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """A whole recipe.

    Attributes:
        name: Of the recipe; runs are named after it.
        annotations: A COCO file, or a folder in Pascal VOC's form; relative to the recipe.
        val_annotations: Another one, to choose by, with the same names of classes; "" cuts pictures off the first.
        val_share: Share of the pictures that is cut off then, drawn by the seed.
        any_class: Learn things whatever they are: one class.
        weights: Where training starts: "imagenet" (the weights that the extra `train` brings), or a run's folder.
        input_px: Side of the square that pictures are fitted into, a multiple of 32.
        horizontal_flip: How likely a picture is mirrored.
        zoom: Largest change of size, 0.4 for 1/1.4 to 1.4; what is moved out of the picture counts no more.
        light: Largest change of brightness and of contrast, as a share.
    """

    name: Name
    task: Literal["detection"]
    annotations: Line
    val_annotations: Line = ""
    val_share: Annotated[float, Within(0.01, 0.9)] = 0.2
    any_class: bool = False
    weights: Line = "imagenet"
    input_px: Annotated[int, Within(64, 1280)] = 320
    horizontal_flip: Share = 0.5
    zoom: Annotated[float, Within(0, 3)] = 0.4
    light: Annotated[float, Within(0, 0.9)] = 0.3
    stages: tuple[DetectorStage, ...] = (
        DetectorStage(name="answers", epochs=1, learning_rate=2e-3, train="answers"),
        DetectorStage(name="all", epochs=12),
    )
    training: DetectorTraining = field(default_factory=DetectorTraining)


def check_detector(recipe: DetectorRecipe) -> None:
    """What the fields of a recipe must be to each other.

    Raises:
        FormatError: They are not.
    """
    if recipe.input_px % 32:
        raise FormatError(f"input_px must be a multiple of 32, not {recipe.input_px}.")
    if not recipe.stages:
        raise FormatError("stages must hold one table at least.")
