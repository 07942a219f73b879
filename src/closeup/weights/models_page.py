"""MODELS.md, made from the cards: what each model is, where it comes from, and who may use it."""

from collections.abc import Iterator

from closeup.weights.cards import PACKS, FarTable, ModelCard, all_cards
from closeup.weights.network_card import Point

MADE = "<!-- Made by `make docs`; do not edit by hand. -->"

_INTRO = """\
closeup's own code is under the MIT licence; the models that it works with have licences of their own, which this page
tells. It is made from the cards in src/closeup/weights/cards, which are what the program goes by."""

_PACK_INTROS = {
    "builtin": "Arrive with closeup and the packages that it needs, and work without a network.",
    "zoo": "Better models, fetched only when you ask for them: `closeup models pull [NAME]`.",
}

_NO_ADDRESS = (
    "none for a file in the format that closeup reads; pulled only from the folder or URL in `CLOSEUP_MODELS_MIRROR`"
)


def models_page() -> str:
    """The text of MODELS.md, Markdown; the same cards always give the same text."""
    cards = list(all_cards().values())
    parts = ["# Models", MADE, _INTRO, _overview(cards)]
    for pack in PACKS:
        parts += [f"## {pack}", _PACK_INTROS[pack]]
        parts += [part for card in cards if card.pack == pack for part in _model(card)]
    return "\n\n".join(parts) + "\n"


def size_text(count: int | None) -> str:
    """A file's length for people, in MB; "-" where there is no file."""
    return "-" if count is None else f"{count / 1e6:.1f} MB"


def licence_text(card: ModelCard) -> str:
    """The licence in a few words; where it keeps out commercial use, that comes before all else."""
    return card.licence if card.commercial_use else "not for commercial use"


def _overview(cards: list[ModelCard]) -> str:
    lines = ["| model | task | pack | size | licence of the weights |", "| --- | --- | --- | --- | --- |"]
    for card in cards:
        size = size_text(card.bytes)
        lines.append(f"| [{card.name}](#{card.name}) | {card.task} | {card.pack} | {size} | {licence_text(card)} |")
    return "\n".join(lines)


def _model(card: ModelCard) -> Iterator[str]:
    """The parts about one model."""
    yield f"### {card.name}"
    yield card.summary
    yield "\n".join(f"- {name}: {text}" for name, text in _facts(card) if text)
    if card.far:
        yield _far_table(card.far)
    if card.thresholds:
        yield _thresholds(card)


def _facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    """Name and text of each fact; an empty text is none."""
    use = "allowed by the makers' terms" if card.commercial_use else "**not allowed** without asking: see the licence"
    yield "Used by", "; ".join(card.used_by)
    yield "Made by", f"<{card.source}>" if card.source.startswith("https://") else f"closeup, by `{card.source}`"
    yield "Licence of the weights", f"{card.licence}. {card.licence_note}".strip()
    yield "Commercial use", use
    yield "Trained on", " ".join(card.data)
    yield "Input", _input(card)
    yield "Five points of the aligned crop, in shares of its side", _points(card.alignment)
    yield "Where those come from", card.alignment_source
    yield "Output", card.output
    yield "Arrives with", f"`{card.requirement}`" if card.requirement else ""
    yield "File", f"`{card.file}`, {card.bytes} bytes" if card.file else ""
    yield "sha256", f"`{card.sha256}`" if card.sha256 else ""
    yield "Official address", f"<{card.url}>" if card.url else _NO_ADDRESS if card.pack == "zoo" else ""
    yield "Made from", card.made_from


def _input(card: ModelCard) -> str:
    if card.task == "voice":
        return "Sound"
    size = f"{card.input_px} x {card.input_px}" if card.input_px else "A picture of any size"
    if not any(card.mean) and not card.input_px:
        return size + (f", {card.colour}, 0 to 255" if card.pack == "zoo" else "")
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (card.mean, card.std))
    return f"{size}, {card.colour}, 0 to 255, minus ({mean}), divided by ({std})"


def _points(points: tuple[Point, ...]) -> str:
    return ", ".join(f"({x:.4g}, {y:.4g})" for x, y in points)


def _far_table(far: FarTable) -> str:
    lines = ["| false-accept rate | cosine similarity, from |", "| ---: | ---: |"]
    lines += [f"| {100 * rate:g} % | {value:g} |" for rate, value in zip(far.rates, far.thresholds, strict=True)]
    return "\n".join([*lines, "", f"Read from {far.pairs:,} pairs. {far.read_from}"])


def _thresholds(card: ModelCard) -> str:
    lines = ["| threshold | value | meaning | error rate | read from |", "| --- | --- | --- | --- | --- |"]
    for name, each in card.thresholds.items():
        lines.append(f"| {name} | {each.value:g} | {each.meaning} | {each.error_rate} | {each.read_from} |")
    return "\n".join(lines)
