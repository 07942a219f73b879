"""What a recipe says: frozen dataclasses whose fields are the keys of the TOML file, with their defaults.

A recipe is the whole truth about a training run but for the pictures themselves: the same recipe, code, data and
machine give the same losses again. `recipe_file` reads and writes the files; nothing here touches a disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class DataSource:
    """One `[[data]]` table: where pictures and labels come from.

    Attributes:
        path: A folder with a folder for each class, a CSV file, or a zip file of either; relative to the recipe.
        name: What reports call it; the file's own name where empty.
        path_column: CSV: the column that names the pictures, relative to the CSV file.
        fields: Label fields and the column each is read from, {"expression": "emotion"}; a folder has one column,
            "class". Empty: every field that a head asks for is looked for under its own name.
        rename: By field: names in the file to names in the recipe, {"expression": {"angry": "anger"}}.
        constant: By field: a label that every picture of this source has, {"mask": "no_mask"}.
        group_column: CSV: pictures of one group (a person, a photo) never lie on two sides of a split.
        split_column: CSV: a column that says train, val or test; a folder or zip with folders of these names has it
            already.
        where: CSV: only rows whose columns have these values, {"kind": "real"}.
        corrections: A corrections file to apply, relative to the recipe; "" for none.
        repeat: How often each picture is seen in one epoch.
        only: Which split these pictures may go to, "train", "val" or "test"; "" for all.
        licence: On which terms the pictures may be used, for the card.
    """

    path: str
    name: str = ""
    path_column: str = "path"
    fields: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constant: Mapping[str, str] = field(default_factory=dict)
    group_column: str = ""
    split_column: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    corrections: str = ""
    repeat: int = 1
    only: str = ""
    licence: str = ""


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

    val: float = 0.15
    test: float = 0.0
    seed: int = 0
    stratify: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The `[model]` table.

    Attributes:
        architecture: Any name that timm knows, "tf_efficientnet_b0", "vgg16_bn".
        weights: Where training starts: "" (from scratch), "imagenet" (the weights that the extra `train` brings, for
            the EfficientNets of size B0 and Lite0), a run's folder, or a file of weights.
        input_px: Side of the square that the network sees; a stage may say another.
        mean: Subtracted from each channel of a 0 to 255 picture.
        std: Divided by, after the subtraction.
        grey: Turn every picture grey, so that colour says nothing.
        drop_rate: Share of the features that are dropped before the heads, in training.
        drop_path_rate: Share of the residual blocks that are dropped, in training.
    """

    architecture: str = "tf_efficientnet_b0"
    weights: str = ""
    input_px: int = 96
    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    std: tuple[float, float, float] = (128.0, 128.0, 128.0)
    grey: bool = False
    drop_rate: float = 0.2
    drop_path_rate: float = 0.0


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
            (probabilities of steps between low and high, whose mean is the answer).
        label_smoothing: Share of the certainty that is spread over the other classes.
        focal_gamma: How much the focal loss turns away from what is easy.
        class_weights: "none", "balanced" (rarer classes weigh more) or "sqrt" (halfway).
        weight: Of this head's loss in the sum.
        soft_labels: A CSV of probabilities (key, p_CLASS...) from a teacher, relative to the recipe; "" for none.
        soft_weight: Share of the loss that follows the teacher, 0 to 1.
    """

    name: str
    field: str = ""
    kind: Literal["classes", "bins", "value"] = "classes"
    classes: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    loss: str = "cross_entropy"
    label_smoothing: float = 0.0
    focal_gamma: float = 2.0
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    weight: float = 1.0
    soft_labels: str = ""
    soft_weight: float = 0.5


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
        resolution: How likely it is shrunk and enlarged again, as a far face is.
        noise: Largest standard deviation of noise, as a share of the range.
        erasing: How likely a rectangle is painted over.
        mixup: Beta parameter of mixup (Zhang et al. 2018); 0 for none.
        cutmix: Beta parameter of CutMix (Yun et al. 2019); 0 for none. With both, each batch takes one of them.
    """

    crop: float = 1.0
    crop_centre: Literal["random", "centre", "face"] = "random"
    shift: float = 0.0
    zoom: float = 0.0
    rotation_deg: float = 0.0
    horizontal_flip: float = 0.0
    vertical_flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue_deg: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    resolution: float = 0.0
    noise: float = 0.0
    erasing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0


@dataclass(frozen=True, slots=True)
class StageRecipe:
    """One `[[stages]]` table; each stage starts from the last one's weights.

    Attributes:
        name: What the tables call it; "1", "2", ... where empty.
        part: Which part of the training pictures: "all", or "2/4" for the second of four equal parts (groups whole).
        epochs: How often the part is seen.
        batch: Pictures in a step.
        learning_rate: The highest; the schedule moves below it.
        optimizer: "sgd", "adam", "adamw", "rmsprop" or "nadam".
        momentum: sgd and rmsprop: momentum; the others: their first beta.
        weight_decay: On weights of two and more dimensions; biases and norms are spared.
        schedule: "constant", "cosine", "linear" (both fall to a hundredth) or "step" (a tenth at 60 and 85 %).
        warmup: Share of the stage in which the learning rate rises from nothing.
        input_px: Side of the network's input in this stage; 0 for the model's.
        train: Which weights move: "all", "heads", or "last-N" (the heads and the last N blocks).
        train_norms: Whether the statistics of frozen batch norms move too.
    """

    name: str = ""
    part: str = "all"
    epochs: int = 5
    batch: int = 64
    learning_rate: float = 1e-3
    optimizer: str = "adamw"
    momentum: float = 0.9
    weight_decay: float = 0.02
    schedule: Literal["constant", "cosine", "linear", "step"] = "cosine"
    warmup: float = 0.05
    input_px: int = 0
    train: str = "all"
    train_norms: bool = False


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """The `[training]` table: what holds in every stage.

    Attributes:
        seed: Of weights, order and augmentation.
        mode: "fine-tune", or "frozen": the backbone's features are computed once and only the heads learn, in minutes.
        sampler: "shuffle", or "balanced" (every class of the first head equally often).
        ema: Decay of the moving average of the weights that is kept and judged; 0 for none.
        clip_norm: Largest norm of a step's gradient; 0 for no limit.
        patience: Stop a stage after so many epochs without a better one; 0 never stops.
        monitor: What "better" and the kept weights go by: "loss", "accuracy", "macro_recall" or "macro_f1" of the
            first head (for a value head: "loss" or "mae") on val.
        precision: "auto" (16 bit where a GPU makes it fast), "32", "bf16" or "16".
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        threads: CPU threads; 0 for all.
        checkpoint_s: Seconds between checkpoints, beside the one after each epoch.
        flip_test: Judge each picture together with its mirror image, and export the network so.
    """

    seed: int = 0
    mode: Literal["fine-tune", "frozen"] = "fine-tune"
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    ema: float = 0.0
    clip_norm: float = 0.0
    patience: int = 0
    monitor: str = "loss"
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    device: str = "auto"
    threads: int = 0
    checkpoint_s: float = 60.0
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

    name: str
    data: tuple[DataSource, ...]
    heads: tuple[HeadRecipe, ...]
    summary: str = ""
    licence: str = ""
    limits: tuple[str, ...] = ()
    alignment: tuple[tuple[float, float], ...] = ()
    split: SplitRecipe = field(default_factory=SplitRecipe)
    model: ModelRecipe = field(default_factory=ModelRecipe)
    augment: AugmentRecipe = field(default_factory=AugmentRecipe)
    stages: tuple[StageRecipe, ...] = (StageRecipe(),)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
