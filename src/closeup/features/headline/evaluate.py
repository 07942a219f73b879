"""How near headlines and summaries come to those that people gave: ROUGE, beside what needs no method at all."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.words import LeftOut, counted
from closeup.documents.learners import LearnerEvaluation, Metrics, mean_metrics
from closeup.features.headline.model import Model, Pair, open_model, read_pairs
from closeup.features.headline.options import SHARE, Of
from closeup.features.headline.pages import measured_page
from closeup.pages.learner import check_evaluation_place, write_evaluation
from closeup.text.korean import content_morphemes, has_kiwi, morphemes_of, syllable_pairs
from closeup.text.ranking import best_first
from closeup.text.reading import Reading, read_text
from closeup.text.rouge import NAMES, rouge, rouge_tokens
from closeup.text.title import title

Maker = Callable[[Reading], str]


def evaluate_headline(
    model: Path | str,
    data: Path,
    *,
    of: Of = "auto",
    words: int = 11,
    share: float = SHARE,
    abstractive: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> LearnerEvaluation:
    """Score a model's headlines or summaries against those of the data, beside the first and the first three sentences.

    ROUGE is that of rouge-score 0.1.2 with stems; of Korean texts it is counted by kiwi's morphemes.

    Args:
        model: A model's folder, or "builtin".
        data: JSON lines with "text", and "headline" or "title", "summary", or both.
        of: What to score; "auto" takes summaries where the data has them.
        words: The most that a headline has.
        share: Of the text's words that a summary takes: sentences by score until it is reached, in the text's order.
        abstractive: Score what the model's network writes, and its shortened sentence where that cannot stand.
        out: Folder to make, of report.html and evaluation.json; None for none.
        overwrite: Replace such a folder that is there.

    Raises:
        InputError: If the data has none of what is asked for.
        FormatError: If the model is damaged or of another version.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    check_evaluation_place(out, overwrite=overwrite)
    opened = open_model(model)
    asked, of, notes = _asked(data, of)
    extracts = list[str]()
    makers = headline_makers(opened, words) if of == "headline" else summary_makers(opened, share)
    if of == "headline" and abstractive:
        makers["model"] = lambda reading: _written(opened, reading, words, extracts)
    said = list[str]()
    makers["model"] = _kept(makers["model"], said)
    scores, counts, more = score_all(asked, of, makers, progress)
    if of == "headline" and abstractive:
        more = (*more, f"{counted(len(extracts), 'headline')} could not stand as written; shortened ones were scored.")
    metrics = {name: mean_metrics({**scores[name], "words": counts[name]}) for name in makers}
    found = LearnerEvaluation(
        "headline",
        data.name,
        len(asked),
        metrics.pop("model"),
        metrics,
        _differences(scores),
        {"model": opened.name, "of": of, **({"words": words} if of == "headline" else {"share": share})},
        notes=(*notes, *more),
    )
    if out is not None:
        wanted = [str(getattr(pair, of)) for pair in asked]
        page = measured_page(found, wanted, said, np.array(scores["model"]["rougeL"]))
        write_evaluation(out, found, page, overwrite=overwrite)
    return found


def _differences(scores: dict[str, dict[str, list[float]]]) -> dict[str, Metrics]:
    """How far the model's figures are from those of each other way, paired by text."""
    own = scores["model"]
    others = {name: found for name, found in scores.items() if name != "model"}
    return {name: mean_metrics({m: np.subtract(own[m], found[m]) for m in NAMES}) for name, found in others.items()}


def _asked(data: Path, of: Of) -> tuple[list[Pair], Literal["headline", "summary"], tuple[str, ...]]:
    """The pairs of some data that have what is scored, which of the two that is, and notes.

    Raises:
        InputError: If there are none.
    """
    pairs, notes, _ = read_pairs(data)
    if of == "auto":
        of = "summary" if any(pair.summary for pair in pairs) else "headline"
    asked = [pair for pair in pairs if getattr(pair, of)]
    if not asked:
        raise InputError(f"{data} has no {of} in any line.", "Score the other: headline or summary.")
    if len(asked) < len(pairs):
        notes = (*notes, LeftOut(f"{counted(len(pairs) - len(asked), 'line')} without a {of} left out."))
    return asked, of, notes


def _kept(maker: Maker, said: list[str]) -> Maker:
    """The same, which adds what it makes to `said`."""

    def made(reading: Reading) -> str:
        said.append(maker(reading))
        return said[-1]

    return made


def headline_makers(model: Model, words: int) -> dict[str, Maker]:
    """The model's headline, by name, and what it is held against."""
    return {
        "model": lambda reading: made_title(model, reading, words),
        "lead_1": lambda reading: reading.sentences[0].text,
        "lead_3": lambda reading: " ".join(each.text for each in reading.sentences[:3]),
        "lead_words": lambda reading: " ".join(reading.sentences[0].text.split()[:words]),
        "rules": lambda reading: title(reading, words=words)[0],
    }


def made_title(model: Model, reading: Reading, words: int, *, characters: int = 30, spoken: bool = False) -> str:
    """The model's headline of a text."""
    line, place = title(reading, words=words, characters=characters, spoken=spoken)
    return line if reading.language == "ko" else model.shortened(reading, place, words)


def _written(model: Model, reading: Reading, words: int, extracts: list[str]) -> str:
    """What the network writes, else the shortened sentence, which is added to `extracts`."""
    line = model.written(reading, words)[0] if reading.language == "en" else ""
    if not line:
        line = made_title(model, reading, words)
        extracts.append(line)
    return line


def summary_makers(model: Model, share: float) -> dict[str, Maker]:
    """The model's summary, by name, and what it is held against, at equal words where it is told so."""
    return {
        "model": lambda reading: up_to_share(reading, best_first(model.scores(reading.tokens)), share),
        "lead_1": lambda reading: reading.sentences[0].text,
        "lead_3": lambda reading: " ".join(each.text for each in reading.sentences[:3]),
        "lead_share": lambda reading: up_to_share(reading, range(len(reading.sentences)), share),
    }


def up_to_share(reading: Reading, order: Sequence[int], share: float) -> str:
    """Sentences in the given order until they have a share of the words; they are put in the text's order."""
    lengths = [len(each.text.split()) for each in reading.sentences]
    wanted, chosen, total = share * sum(lengths), list[int](), 0
    for place in order:
        if total >= wanted:
            break
        chosen.append(place)
        total += lengths[place]
    return " ".join(reading.sentences[place].text for place in sorted(chosen))


def score_all(
    pairs: Sequence[Pair], of: str, makers: dict[str, Maker], progress: ProgressCallback = ignore
) -> tuple[dict[str, dict[str, list[float]]], dict[str, list[int]], tuple[str, ...]]:
    """ROUGE of every pair, by maker and figure; how many words each made; and notes."""
    scores: dict[str, dict[str, list[float]]] = {name: {each: [] for each in NAMES} for name in makers}
    counts: dict[str, list[int]] = {name: [] for name in makers}
    notes = dict[str, None]()
    for number, pair in enumerate(pairs):
        progress(Progress("Scoring", number, len(pairs), "texts"))
        reading = read_text(pair.text)
        notes.update(dict.fromkeys(reading.notes))
        tokens = rouge_tokens
        if reading.language == "ko":
            tokens = _morphemes if has_kiwi() else syllable_pairs
            notes[
                "Korean texts were scored by kiwi's morphemes."
                if has_kiwi()
                else "Korean texts were scored by pairs of syllables."
            ] = None
        wanted = tokens(getattr(pair, of))
        for name, maker in makers.items():
            made = maker(reading)
            counts[name].append(len(made.split()))
            for each, value in rouge(wanted, tokens(made)).items():
                scores[name][each].append(value)
    return scores, counts, tuple(notes)


def _morphemes(text: str) -> list[str]:
    return content_morphemes(morphemes_of(text))
