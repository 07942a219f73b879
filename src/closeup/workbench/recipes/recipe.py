"""What a recipe says: frozen dataclasses whose fields are the keys of the TOML file, with their defaults.

A recipe is the whole truth about a training run but for the pictures themselves: the same recipe, code, data and
machine give the same losses again. `recipe_file` reads and writes the files; nothing here touches a disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from closeup.core.fields import Text, Within
from closeup.learning.options import Line, PartShare, Seed, Stage, TrainerOptions

LOSSES = {
    "classes": ("cross_entropy", "focal"),
    "bins": ("cross_entropy", "focal"),
    "value": ("smooth_l1", "l1", "mse", "distribution"),
}
"""The losses that fit each kind of head; the first is what a head has that names none."""

Name = Annotated[str, Text("[A-Za-z0-9][A-Za-z0-9._-]{0,59}", "letters, digits, '.', '_' and '-', 60 at most")]
Word = Annotated[str, Text("[A-Za-z][A-Za-z0-9_]{0,39}", "a letter, then letters, digits and '_', 40 at most")]
Architecture = Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9_.]{0,99}", "a name that timm knows, such as resnet18")]
Share = Annotated[float, Within(0, 1)]
Beta = Annotated[float, Within(0, 10)]
Side = Annotated[int, Within(16, 2048)]
Level = Annotated[float, Within(0, 255)]
Spread = Annotated[float, Within(1, 255)]


@dataclass(frozen=True, slots=True)
class DataSource:
    """One `[[data]]` table: where pictures and labels come from.

    Attributes:
        path: A folder with a folder for each class, a CSV file, or a zip file of either; relative to the recipe.
        name: What reports call it; the file's own name where empty.
        path_column: CSV: the column that names the pictures, relative to the table.
        fields: Label fields and the column each is read from, {"expression": "emotion"}; a folder has one column,
            "class". Empty: every field that a head asks for is looked for under its own name.
        rename: By field: names in the file to names in the recipe, {"expression": {"angry": "anger"}}.
        constant: By field: a label that every picture of this source has, {"mask": "no_mask"}.
        group_column: CSV: pictures of one group (a person, a photo) never lie on two sides of a split.
        split_column: CSV: a column that says train, val or test; a folder or zip with folders of these names has it
            already.
        where: CSV: only rows whose columns have these values, kind=real.
        corrections: A corrections file to apply; in a recipe its path is relative to that.
        repeat: How often each picture is seen in one epoch.
        only: Which split these pictures may go to, "train", "val" or "test"; "" for all.
        licence: On which terms the pictures may be used, for the card.
    """

    path: Line
    name: Line = ""
    path_column: Line = "path"
    fields: Mapping[Line, Line] = field(default_factory=dict)
    rename: Mapping[Line, Mapping[Line, Line]] = field(default_factory=dict)
    constant: Mapping[Line, Line] = field(default_factory=dict)
    group_column: Line = ""
    split_column: Line = ""
    where: Mapping[Line, Line] = field(default_factory=dict)
    corrections: Line = ""
    repeat: Annotated[int, Within(1, 1000)] = 1
    only: Literal["", "train", "val", "test"] = ""
    licence: Line = ""


@dataclass(frozen=True, slots=True)
class SplitRecipe:
    """The `[split]` table.

    Attributes:
        val: Share of the groups that are kept apart to choose by; used where the data has no val of its own.
        test: Share of the groups that are kept apart to report on; 0 for none.
        seed: Of the choice; another seed is another split.
        stratify: The label field whose shares are kept on every side; "" for the first head's.
        file: A split saved before (split.csv of a run) to use again, relative to the recipe; "" to make one.
    """

    val: PartShare = 0.15
    test: PartShare = 0.0
    seed: Seed = 0
    stratify: Line = ""
    file: Line = ""


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The `[model]` table.

    Attributes:
        architecture: Any name that timm knows, "tf_efficientnet_b0", "vgg16_bn"; or "plain_s", a small plain network of
            our own that is quick in a browser.
        weights: Where training starts: "" (from scratch), "imagenet" (the weights that the extra `train` brings, for
            the EfficientNets of size B0 and Lite0), a run's folder, or a file of weights.
        input_px: Side of the square that the network sees; a stage may say another.
        mean: Subtracted from each channel of a 0 to 255 picture.
        std: Divided by, after the subtraction.
        grey: Turn every picture grey, so that colour says nothing.
        drop_rate: Share of the features that are dropped before the heads, in training.
        drop_path_rate: Share of the residual blocks that are dropped, in training.
    """

    architecture: Architecture = "tf_efficientnet_b0"
    weights: Line = ""
    input_px: Side = 96
    mean: tuple[Level, Level, Level] = (127.0, 127.0, 127.0)
    std: tuple[Spread, Spread, Spread] = (128.0, 128.0, 128.0)
    grey: bool = False
    drop_rate: PartShare = 0.2
    drop_path_rate: PartShare = 0.0


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """One `[[heads]]` table: one thing that the network answers.

    Attributes:
        name: Of the answer, "expression"; also the name of the ONNX output.
        field: The label field it learns; its own name where empty. A picture without a label there does not count.
        kind: "classes"; "bins" (classes cut out of a number by `edges`); "value" (a number).
        classes: Names in order; empty: those in the data, sorted (for bins: made from the edges).
        edges: bins: where one class ends and the next begins, rising; 30 and 60 make three classes.
        unit: value and bins: "years", "g".
        low: value: smallest number that is learnt and answered; labels below count as it.
        high: value: largest, likewise.
        loss: classes and bins: "cross_entropy" or "focal"; value: "smooth_l1", "l1" or "mse", or "distribution"
            (probabilities of steps between low and high, whose mean is the answer). Where empty, what comes first in
            `LOSSES`.
        label_smoothing: Share of the certainty that is spread over the other classes.
        focal_gamma: How much the focal loss turns away from what is easy.
        class_weights: "none", "balanced" (rarer classes weigh more) or "sqrt" (halfway).
        weight: Of this head's loss in the sum.
        soft_labels: A CSV of probabilities (key, p_CLASS...) from a teacher, relative to the recipe; "" for none.
        soft_weight: Share of the loss that follows the teacher, 0 to 1.
        favour_rare: Share of the logarithm of each class's frequency in val that is taken off its raw number at the end
            of the training (logit adjustment, Menon et al. 2021): more of what is rare is found, and more that is not.
    """

    name: Word
    field: Line = ""
    kind: Literal["classes", "bins", "value"] = "classes"
    classes: tuple[Line, ...] = ()
    edges: tuple[float, ...] = ()
    unit: Line = ""
    low: float = 0.0
    high: float = 1.0
    loss: Literal["", "cross_entropy", "focal", "smooth_l1", "l1", "mse", "distribution"] = ""
    label_smoothing: PartShare = 0.0
    focal_gamma: Annotated[float, Within(0, 20)] = 2.0
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    weight: Annotated[float, Within(0, 1000, above=True)] = 1.0
    soft_labels: Line = ""
    soft_weight: Share = 0.5
    favour_rare: Share = 0.0

    def __post_init__(self) -> None:
        if not self.loss and self.kind in LOSSES:
            object.__setattr__(self, "loss", LOSSES[self.kind][0])


@dataclass(frozen=True, slots=True)
class AugmentRecipe:
    """The `[augment]` table: what may happen to a picture in training; 0 or false leaves a thing out.

    Attributes:
        crop: Smallest share of the picture's area that a random crop keeps; 1 keeps all of it.
        crop_centre: "random", "centre" or "face" (where the head is in a photo of a person: the crop lies around the
            middle of the upper half; faces that `closeup data crop-faces` cut fill the picture, and want "centre").
        shift: Largest move, as a share of the side.
        zoom: Largest change of size, 0.2 for 1/1.2 to 1.2.
        rotation_deg: Largest turn either way.
        horizontal_flip: How likely a picture is mirrored.
        vertical_flip: How likely it stands on its head.
        brightness: Largest change, as a share of the range.
        contrast: Largest change, as a share.
        saturation: Largest change, as a share; 1 reaches grey.
        hue_deg: Largest turn of the colours.
        grey: How likely all colour goes.
        blur: How likely it is blurred.
        sharpen: How likely its edges are raised, as cameras and phones do.
        resolution: How likely it is shrunk and enlarged again, as a far face is.
        jpeg: How likely it is packed as JPEG packs brightness, in blocks of 8 pixels.
        noise: Largest standard deviation of noise, as a share of the range.
        erasing: How likely a rectangle is painted over.
        mixup: Beta parameter of mixup (Zhang et al. 2018); 0 for none.
        cutmix: Beta parameter of CutMix (Yun et al. 2019); 0 for none. With both, each batch takes one of them.
    """

    crop: Annotated[float, Within(0, 1, above=True)] = 1.0
    crop_centre: Literal["random", "centre", "face"] = "random"
    shift: Share = 0.0
    zoom: Annotated[float, Within(0, 4)] = 0.0
    rotation_deg: Annotated[float, Within(0, 180)] = 0.0
    horizontal_flip: Share = 0.0
    vertical_flip: Share = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    saturation: Share = 0.0
    hue_deg: Annotated[float, Within(0, 180)] = 0.0
    grey: Share = 0.0
    blur: Share = 0.0
    sharpen: Share = 0.0
    resolution: Share = 0.0
    jpeg: Share = 0.0
    noise: Share = 0.0
    erasing: Share = 0.0
    mixup: Beta = 0.0
    cutmix: Beta = 0.0


@dataclass(frozen=True, slots=True)
class StageRecipe(Stage):
    """One `[[stages]]` table: what the trainer wants to know of a stage (`learning.options.Stage`), and of pictures.

    Attributes:
        part: Which part of the training pictures: "all", or "2/4" for the second of four equal parts (groups whole).
        input_px: Side of the network's input in this stage; 0 for the model's.
        train: Which weights move: "all", "heads", or "last-N" (the heads and the last N blocks).
    """

    part: Annotated[str, Text("(all|[0-9]{1,4}/[0-9]{1,4})", '"all", or one of several parts such as "2/4"')] = "all"
    input_px: Annotated[int, Within(0, 2048)] = 0
    train: Annotated[str, Text("(all|heads|last-[1-9][0-9]{0,3})", '"all", "heads" or "last-N"')] = "all"


@dataclass(frozen=True, slots=True)
class TrainingRecipe(TrainerOptions):
    """The `[training]` table: what holds in every stage (`learning.options.TrainerOptions`), and more.

    Attributes:
        mode: "fine-tune", or "frozen": the backbone's features are computed once and only the heads learn, in minutes.
        sampler: "shuffle", or "balanced" (every class of the first head equally often).
        monitor: What "better" and the kept weights go by: "loss", "accuracy", "macro_recall" or "macro_f1" of the
            first head (for a value head: "loss" or "mae") on val.
        precision: "auto" (16 bit where a GPU makes it fast), "32", "bf16" or "16".
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        threads: CPU threads; 0 for all.
        flip_test: Judge each picture together with its mirror image, and export the network so.
    """

    mode: Literal["fine-tune", "frozen"] = "fine-tune"
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    monitor: Literal["loss", "accuracy", "macro_recall", "macro_f1", "mae"] = "loss"
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    device: Annotated[str, Text("(auto|cpu|mps|cuda(:[0-9]{1,2})?)", '"auto", "cpu", "mps", "cuda" or "cuda:N"')] = (
        "auto"
    )
    threads: Annotated[int, Within(0, 1024)] = 0
    flip_test: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe.

    Attributes:
        name: Of the recipe; runs are named after it.
        summary: One sentence for the card.
        licence: Licence of the resulting weights, for the card; "" where it is not settled.
        limits: What the model cannot do, a sentence each, for the card.
        alignment: Where the pictures want the five landmarks, as shares of the side, in the order of
            `core.types.Face.landmarks_xy`; empty where pictures are not aligned faces. For the card: what uses the
            model cuts faces this way.
        data: Sources, at least one.
        heads: Answers, at least one.
        stages: At least one.
    """

    name: Name
    data: tuple[DataSource, ...]
    heads: tuple[HeadRecipe, ...]
    summary: Line = ""
    licence: Line = ""
    limits: tuple[Line, ...] = ()
    alignment: tuple[tuple[Share, Share], ...] = ()
    split: SplitRecipe = field(default_factory=SplitRecipe)
    model: ModelRecipe = field(default_factory=ModelRecipe)
    augment: AugmentRecipe = field(default_factory=AugmentRecipe)
    stages: tuple[StageRecipe, ...] = (StageRecipe(),)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
