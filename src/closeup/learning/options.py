"""What the trainer wants to know of a training; light to import, so that recipes can be read without PyTorch."""

from dataclasses import dataclass
from typing import Annotated, Literal

from closeup.core.fields import Text, Within

Line = Annotated[str, Text(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*", "text in quotes, without control characters")]
PartShare = Annotated[float, Within(0, 1, below=True)]
Seed = Annotated[int, Within(0, 2**32 - 1)]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a training; it starts from the weights of the one before.

    Attributes:
        name: What the tables call it; "1", "2", ... where empty.
        epochs: How often its examples are seen.
        batch: Examples in a step.
        learning_rate: The highest; the schedule moves below it.
        optimizer: "sgd", "adam", "adamw", "rmsprop" or "nadam".
        momentum: sgd and rmsprop: momentum; the others: their first beta.
        weight_decay: On weights of two and more dimensions; biases and norms are spared.
        schedule: "constant", "cosine", "linear" (both fall to a hundredth) or "step" (a tenth at 60 and 85 %).
        warmup: Share of the stage in which the learning rate rises from nothing.
        train_norms: Whether the statistics of frozen batch norms move too.
    """

    name: Line = ""
    epochs: Annotated[int, Within(1, 100_000)] = 5
    batch: Annotated[int, Within(1, 65_536)] = 64
    learning_rate: Annotated[float, Within(0, 100, above=True)] = 1e-3
    optimizer: Literal["sgd", "adam", "adamw", "rmsprop", "nadam"] = "adamw"
    momentum: PartShare = 0.9
    weight_decay: Annotated[float, Within(0, 10)] = 0.02
    schedule: Literal["constant", "cosine", "linear", "step"] = "cosine"
    warmup: PartShare = 0.05
    train_norms: bool = False


@dataclass(frozen=True, slots=True)
class TrainerOptions:
    """What holds in every stage.

    Attributes:
        seed: Of weights, order and chance.
        ema: Decay of the moving average of the weights that is kept and evaluated; 0 for none.
        clip_norm: Largest norm of a step's gradient; 0 for no limit.
        patience: Stop a stage after so many epochs without a better one; 0 never stops.
        checkpoint_s: Seconds between checkpoints, beside the one after each epoch.
    """

    seed: Seed = 0
    ema: PartShare = 0.0
    clip_norm: Annotated[float, Within(0, 1e6)] = 0.0
    patience: Annotated[int, Within(0, 100_000)] = 0
    checkpoint_s: Annotated[float, Within(0, 86_400, above=True)] = 60.0
