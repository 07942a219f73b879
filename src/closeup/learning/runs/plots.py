"""Plots of a run as SVG: curves of the training, confusion of classes, estimates beside the truth."""

import io
import itertools
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import DependencyError
from closeup.tables.growing import GrownTable

INK, SOFT, LINE, LANE = "#1d1b18", "#666058", "#e5e1da", "#f0ede7"
HUES = ("#387ec1", "#b65f35", "#2b8f58", "#b2587e", "#8667b9", "#9c7300", "#009091", "#b9585b")
"""The colours of the pages (pages/house.css)."""

_DARK = {
    INK: "#f1ede6",
    SOFT: "#a8a197",
    LINE: "#34312c",
    LANE: "#2a2723",
    **dict(
        zip(HUES, ("#76b3f1", "#e89772", "#71c38f", "#e590b1", "#b99ee9", "#cea856", "#43c3c3", "#eb9191"), strict=True)
    ),
}
_FONT = "DejaVu Sans"
_FONTS = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_MOST_STEPS = 2000
_SHARES = ("accuracy", "macro_recall", "macro_f1")


def curves_svg(steps: GrownTable, epochs: GrownTable) -> bytes:
    """Losses, figures and learning rate over the epochs.

    Args:
        steps: steps.csv of a run.
        epochs: epochs.csv; may be empty for a run that was stopped early.

    Raises:
        DependencyError: If Matplotlib is not installed.
    """
    figures = [name for name in epochs.columns if name.endswith(_SHARES)]
    errors = [name for name in epochs.columns if name.endswith("_mae")]
    panels = [kind for kind, there in (("loss", True), ("share", figures), ("error", errors), ("rate", True)) if there]
    with _style() as (figure_class, _):
        columns, rows = min(2, len(panels)), (len(panels) + 1) // 2
        width, height = 4.4 * columns, 2.9 * rows
        figure = figure_class(figsize=(width, height))
        figure.subplots_adjust(0.5 / width, 0.5 / height, 1 - 0.1 / width, 1 - 0.3 / height, 0.16, 0.36)
        for number, kind in enumerate(panels, 1):
            axes = figure.add_subplot(rows, columns, number)
            if kind == "loss":
                _losses(axes, steps, epochs)
            elif kind == "rate":
                _rates(axes, steps)
            else:
                _figures(axes, epochs, figures if kind == "share" else errors, kind)
            _stages(axes, epochs)
            axes.set(xlabel="epoch", xlim=(0, _length(steps, epochs)))
        return _svg(figure)


def confusion_svg(confusion: NDArray[np.int64], classes: Sequence[str]) -> bytes:
    """How often each class was taken for each: counts, shaded by the share of the row.

    Args:
        confusion: (K, K), row by label, column by prediction.
        classes: K names.

    Raises:
        DependencyError: If Matplotlib is not installed.
    """
    size = min(11.0, 2.4 + 0.62 * len(classes))
    with _style() as (figure_class, colours):
        figure = figure_class(figsize=(size + 0.4, size), layout="constrained")
        axes = figure.add_subplot()
        share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
        axes.pcolormesh(share, cmap=_shade(colours), vmin=0, vmax=1, edgecolors=LINE, linewidth=0.6)
        places = np.arange(len(classes)) + 0.5
        names = [_literal(name) for name in classes]
        axes.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set(xlabel="prediction", ylabel="label", aspect="equal")
        axes.tick_params(length=0)
        axes.grid(visible=False)
        if len(classes) <= 30:
            for (row, column), count in np.ndenumerate(confusion):
                if count:
                    axes.text(column + 0.5, row + 0.5, f"{count}", ha="center", va="center", size=8)
        return _svg(figure)


def estimates_svg(values: NDArray[np.float64], labels: NDArray[np.float64], unit: str) -> bytes:
    """Estimates beside the truth: where they lie, and the middle of the estimates for each part of the truth.

    Args:
        values: (N,).
        labels: (N,).
        unit: "years", or "".

    Raises:
        DependencyError: If Matplotlib is not installed.
    """
    low, high = float(min(values.min(), labels.min())), float(max(values.max(), labels.max()))
    margin = 0.03 * (high - low) or 1.0
    with _style() as (figure_class, colours):
        figure = figure_class(figsize=(4.8, 4.4), layout="constrained")
        axes = figure.add_subplot()
        counts, across, up = np.histogram2d(labels, values, bins=40, range=[[low, high + 1e-9]] * 2)
        column, row = np.nonzero(counts)
        shades = _shade(colours)(np.sqrt(counts[column, row] / counts.max()))
        side = across[1] - across[0]
        axes.bar(across[column], side, side, up[row], align="edge", color=shades, edgecolor="none")
        axes.plot([low, high], [low, high], color=SOFT, lw=0.8, ls=(0, (4, 3)))
        middle_x, middle_y = _middles(labels, values)
        axes.plot(middle_x, middle_y, color=HUES[1], lw=1.6, label="median estimate")
        axes.legend()
        tail = f" ({_literal(unit)})" if unit else ""
        axes.set(xlabel=f"label{tail}", ylabel=f"estimate{tail}", aspect="equal")
        axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
        return _svg(figure)


def for_page(svg: bytes) -> bytes:
    """The same plot for a page of ours, that turns dark where the page does."""
    text = svg.decode()
    light = {colour: f"--c{number}" for number, colour in enumerate(_DARK)}
    for colour, name in light.items():
        text = text.replace(colour, f"var({name})")
    bright = "".join(f"{name}:{colour};" for colour, name in light.items())
    dark = "".join(f"{light[colour]}:{other};" for colour, other in _DARK.items())
    rule = f"<style>svg{{{bright}}}@media (prefers-color-scheme: dark){{svg{{{dark}}}}}</style>"
    start = text.index(">", text.index("<svg")) + 1
    return (text[:start] + rule + text[start:]).encode()


def _shade(colours: Any) -> Any:
    """From nothing to three quarters of a hue: text is legible on all of it, on a light page and a dark one."""
    red, green, blue = colours.to_rgb(HUES[0])
    return colours.LinearSegmentedColormap.from_list("house", [(red, green, blue, 0), (red, green, blue, 0.75)])


def _losses(axes: Any, steps: GrownTable, epochs: GrownTable) -> None:
    axes.set_title("loss")
    x, y = epochs_done(steps), steps.numbers("loss")
    if len(y):
        keep = np.linspace(0, len(y) - 1, min(len(y), _MOST_STEPS)).astype(np.intp)
        axes.plot(x[keep], y[keep], color=HUES[0], alpha=0.22, lw=0.7)
    at = epochs.numbers("epoch")
    for column, words, hue in (("train_loss", "train", HUES[0]), ("val_loss", "val", HUES[1])):
        if np.isfinite(epochs.numbers(column)).any():
            axes.plot(at, epochs.numbers(column), color=hue, marker="o", ms=2.5, label=words)
    if len(epochs):
        axes.legend()
    _mark_kept(axes, epochs, "val_loss")
    together = np.concatenate([epochs.numbers("train_loss"), epochs.numbers("val_loss"), y])
    together = together[np.isfinite(together)]
    if len(together):
        low, high = np.percentile(together, [0, 99.5])
        axes.set_ylim(low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1))


def _figures(axes: Any, epochs: GrownTable, names: Sequence[str], kind: str) -> None:
    axes.set_title("on val" if kind == "share" else "mean absolute error on val")
    for number, name in enumerate(names):
        words = _literal(name).replace("macro_f1", "macro F1").replace("_", " ")
        style = {"color": HUES[number % len(HUES)], "marker": "o", "ms": 2.5, "label": words.removesuffix(" mae")}
        axes.plot(epochs.numbers("epoch"), epochs.numbers(name), **style)
    axes.legend()


def _rates(axes: Any, steps: GrownTable) -> None:
    axes.set_title("learning rate")
    rates = steps.numbers("learning_rate")
    keep = np.linspace(0, max(len(rates) - 1, 0), min(len(rates), _MOST_STEPS)).astype(np.intp)
    axes.plot(epochs_done(steps)[keep], rates[keep], color=HUES[2])
    if len(rates) and np.nanmin(rates) > 0 and np.nanmax(rates) / np.nanmin(rates) > 30:
        axes.set_yscale("log")
        axes.minorticks_off()
    else:
        axes.set_ylim(bottom=0)


def _mark_kept(axes: Any, epochs: GrownTable, column: str) -> None:
    """A ring around the last epoch whose weights were kept."""
    kept = np.flatnonzero(epochs.numbers("kept") == 1)
    if len(kept):
        x, y = epochs.numbers("epoch")[kept[-1]], epochs.numbers(column)[kept[-1]]
        axes.plot([x], [y], marker="o", ms=7, mfc="none", mec=INK, mew=1, ls="none")


def _stages(axes: Any, epochs: GrownTable) -> None:
    """A line where one stage ends and the next begins."""
    stages = epochs.text("stage")
    for index in range(1, len(stages)):
        if stages[index] != stages[index - 1]:
            axes.axvline(epochs.numbers("epoch")[index - 1], color=SOFT, lw=0.8, ls=(0, (2, 3)))


def epochs_done(steps: GrownTable) -> NDArray[np.float64]:
    """How many epochs were done after each step, (N,): 2.5 in the middle of the third."""
    epoch = steps.numbers("epoch")
    done = np.empty(len(epoch))
    lengths = {number: int((epoch == number).sum()) for number in np.unique(epoch[np.isfinite(epoch)])}
    longest = max(lengths.values(), default=1)
    last = max(lengths, default=0)
    for number, length in lengths.items():
        # The last epoch may not be over yet; it is taken to be as long as the longest.
        whole = longest if number == last and len(lengths) > 1 else length
        done[epoch == number] = number - 1 + np.arange(1, length + 1) / max(whole, 1)
    done[~np.isfinite(epoch)] = np.nan
    return done


def _length(steps: GrownTable, epochs: GrownTable) -> float:
    """Where the axis of the epochs ends."""
    both = np.concatenate([epochs_done(steps), epochs.numbers("epoch")])
    return float(np.nanmax(both, initial=1.0)) * 1.02


def _literal(text: str) -> str:
    """Text that Matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


def _middles(labels: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    edges = np.unique(np.quantile(labels, np.linspace(0, 1, 13)))
    x, y = [], []
    for low, high in itertools.pairwise(edges):
        inside = (labels >= low) & (labels <= high if high == edges[-1] else labels < high)
        if inside.any():
            x.append(float(labels[inside].mean()))
            y.append(float(np.median(values[inside])))
    return x, y


@contextmanager
def _style() -> Iterator[tuple[Any, Any]]:
    """Matplotlib in the look of our pages, and nothing of it left behind: its Figure, and its colours."""
    try:
        import matplotlib as mpl
        from matplotlib import colors
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError(
            "Plots need Matplotlib, which is not installed.", "Install it.", code="package.absent", extra="train"
        ) from error
    with mpl.rc_context(_RC):
        yield Figure, colors


_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "closeup",
    "font.family": _FONT,
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def _svg(figure: Any) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # names of classes may be in any script
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "closeup"})
    return buffer.getvalue().replace(f"'{_FONT}'".encode(), _FONTS.encode())
