"""CARD.md: what a run's model is, what it was made from, how good it is, and what it cannot do."""

from collections.abc import Mapping, Sequence
from typing import Any

from closeup.learning.runs.metrics import HeadMetrics, reported
from closeup.learning.runs.reading import Run
from closeup.learning.runs.words import WORDS, interval_words, is_error, option_words, share_words

FEW = 30
"""With fewer pictures of a class its recall says little."""

WEAK_RECALL = 0.5
_UNREADABLE_SHOWN = 10


def card_markdown(run: Run, measured: Sequence[HeadMetrics]) -> str:
    """The model card of a run as Markdown.

    Args:
        measured: Its metrics, of all sides.

    Raises:
        FormatError: If its recipe is damaged.
    """
    parts = [
        f"# {_inline(run.name)}",
        _inline(str(run.recipe.get("summary", ""))) or "No summary was given in the recipe.",
        _state(run),
        "## What it predicts",
        _heads(run),
        "## How good it is",
        *_metrics(run, measured),
        "## What it was made from",
        _data(run),
        "## How it was trained",
        _training(run),
        "## Limits",
        "\n".join(f"- {line}" for line in limits(run, measured)),
        "## Licence",
        _licence(run),
        "## Made with",
        _bullets(_mapping(run.facts.get("environment"))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def limits(run: Run, measured: Sequence[HeadMetrics]) -> list[str]:
    """What a reader must know before relying on the metrics, a sentence each."""
    lines = []
    if measured and not any(one.side == "test" for one in measured):
        lines.append(
            "There was no test set: the weights were chosen by the pictures that the metrics were read on, "
            "so that they are a little too good."
        )
    for one in reported(measured):
        lines += [f"{_inline(one.head)}: {line}" for line in _weak(one)]
    data = _mapping(run.facts.get("data"))
    if unreadable := data.get("unreadable"):
        lines.append(f"Pictures that could not be read, {len(unreadable)}, are in no metric.")
    if run.recipe.get("alignment"):
        lines.append("It expects faces that are aligned as its card says; other cuts of the face lower its metrics.")
    lines += [_inline(str(limit)) for limit in run.recipe.get("limits", ())]
    lines.append(
        "The metrics hold for pictures like these; on other people, cameras or light they have to be measured."
    )
    return lines


def _weak(one: HeadMetrics) -> list[str]:
    few = [name for name, found in one.per_class.items() if found.count < FEW]
    weak = [
        f"{name} ({found.recall:.2f})"
        for name, found in one.per_class.items()
        if found.recall is not None and found.recall < WEAK_RECALL and found.count >= FEW
    ]
    lines = []
    if few:
        lines.append(f"fewer than {FEW} pictures on {one.side}, so that little can be said of: {', '.join(few)}.")
    if weak:
        lines.append(f"more than half of these are missed (recall): {', '.join(weak)}.")
    if one.groups is not None and one.groups < FEW:
        lines.append(f"the metrics come from {one.groups} groups (people, photos) only.")
    return [_inline(line) for line in lines]


def _state(run: Run) -> str:
    made = f"Run `{run.id}`, begun {run.created:%Y-%m-%d %H:%M %Z}, {run.state}"
    return f"{made}: {_inline(run.record.reason)}" if run.record.reason else f"{made}."


def _heads(run: Run) -> str:
    lines = []
    for head in run.heads():
        classes = ", ".join(str(name) for name in head.get("classes", ()))
        if head.get("kind") == "value":
            unit = f" in {head['unit']}" if head.get("unit") else ""
            what = f"a number{unit}, {head.get('low', 0):g} to {head.get('high', 1):g}"
        else:
            what = f"one of {classes}" if classes else "classes"
        lines.append(f"- **{_inline(str(head.get('name')))}**: {_inline(what)}")
    return "\n".join(lines)


def _metrics(run: Run, measured: Sequence[HeadMetrics]) -> list[str]:
    if not measured:
        return ["It has not been measured: the run is not finished."]
    units = run.units
    parts = ["With 95 % intervals, by bootstrap over the pictures" + _over_groups(measured) + "."]
    rows = [
        [
            one.head,
            one.side,
            f"{one.count:,}",
            WORDS[name],
            interval_words(name, found.value, found.low, found.high, units.get(one.head, "")),
        ]
        for one in measured
        for name, found in one.metrics.items()
    ]
    parts.append(_table(("head", "on", "pictures", "metric", "value"), rows))
    for one in reported(measured):
        if one.per_class:
            per_class = [
                [name, f"{c.count:,}", share_words(c.precision), share_words(c.recall), share_words(c.f1)]
                for name, c in one.per_class.items()
            ]
            parts.append(f"### {_inline(one.head)} on {one.side}, class by class")
            parts.append(_table(("class", "pictures", "precision", "recall", "F1"), per_class))
    lower = [WORDS[name] for one in reported(measured) for name in one.metrics if is_error(name)]
    return [*parts, f"Lower is better for: {', '.join(dict.fromkeys(lower))}; higher for the others." if lower else ""]


def _over_groups(measured: Sequence[HeadMetrics]) -> str:
    return ", whole groups (people, photos) at a time" if any(one.groups is not None for one in measured) else ""


def _data(run: Run) -> str:
    data = _mapping(run.facts.get("data"))
    lines = {
        "sources": data.get("sources") or [str(source.get("name")) for source in _tables(run.recipe.get("data"))],
        "pictures": _mapping(data.get("pictures")),
        "fingerprint": data.get("fingerprint"),
        "corrected labels": sum(int(n) for n in run.corrections().numbers("pictures") if n == n),
        "split": _mapping(run.recipe.get("split")),
    }
    text = _bullets(lines)
    unreadable = _tables(data.get("unreadable"))
    if unreadable:
        text += f"\n- could not be read: {len(unreadable)}\n"
        text += "\n".join(
            f"    - {_inline(str(one.get('key')))}: {_inline(str(one.get('reason')))}"
            for one in unreadable[:_UNREADABLE_SHOWN]
        )
        if len(unreadable) > _UNREADABLE_SHOWN:
            text += f"\n    - and {len(unreadable) - _UNREADABLE_SHOWN} more, in run.json"
    return text


def _training(run: Run) -> str:
    model, training = _mapping(run.recipe.get("model")), _mapping(run.recipe.get("training"))
    lines: dict[str, Any] = {
        "network": model.get("architecture"),
        "started from": run.facts.get("start") or model.get("weights") or "nothing (from scratch)",
        "input": f"{model.get('input_px')} px",
        "mode": training.get("mode"),
        "seed": training.get("seed"),
        "time": run.trained(),
    }
    text = _bullets(lines)
    names = ("name", "part", "epochs", "batch", "learning_rate", "optimizer", "schedule", "train")
    stages = enumerate(_tables(run.recipe.get("stages")), 1)
    rows = [[option_words(stage.get(name)) or str(number) for name in names] for number, stage in stages]
    return f"{text}\n\n{_table(('stage', *names[1:]), rows)}" if rows else text


def _licence(run: Run) -> str:
    licence = str(run.recipe.get("licence", ""))
    weights = f"Weights: {_inline(licence)}." if licence else "The licence of the weights is not settled."
    stated = [
        f"{_inline(str(source.get('name') or source.get('path')))}: {_inline(str(source['licence']))}"
        for source in _tables(run.recipe.get("data"))
        if source.get("licence")
    ]
    rest = "The data keeps its own licences: look at its sources before passing the weights on."
    return "\n\n".join([f"{weights} {rest}", "\n".join(f"- {line}" for line in stated)]).strip()


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_inline(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _bullets(values: Mapping[str, Any]) -> str:
    return "\n".join(f"- {name}: {_inline(option_words(value))}" for name, value in values.items() if value is not None)


def _inline(text: str) -> str:
    """Text on one line, with nothing that a Markdown reader would take for HTML."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [table for table in value if isinstance(table, Mapping)] if isinstance(value, list) else []
