"""The figures that runs are judged by: their names in tables and their words for people."""

CLASS_FIGURES = ("accuracy", "macro_recall", "macro_f1", "ece")
VALUE_FIGURES = ("mae", "rmse", "bias")
LOWER_IS_BETTER = ("ece", "mae", "rmse", "loss", "log_loss", "median_error")
WORDS = {
    "accuracy": "accuracy",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "ece": "calibration error",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "bias": "bias",
}


def is_error(name: str) -> bool:
    """Whether a figure, "mae" or "val/age/mae", is better the lower it is."""
    last = name.rpartition("/")[2]
    return last.removeprefix("val_").removeprefix("train_") in LOWER_IS_BETTER


def number_words(name: str, value: float, unit: str = "") -> str:
    """A figure's value: shares with three decimals, errors with two and their unit."""
    if name in VALUE_FIGURES:
        return f"{value:.2f}{' ' + unit if unit else ''}"
    return f"{value:.3f}"
