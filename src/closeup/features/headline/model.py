"""What headline has learnt: which words to keep, which sentences to pick; a model is a folder without pickle."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError, InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.words import LeftOut, counted, listed
from closeup.documents.form import file_bytes, parse_json
from closeup.documents.learners import (
    ModelHeader,
    check_model_place,
    read_model,
    write_model,
)
from closeup.features.headline.deletion import Deletion, Example, later_stems, learn
from closeup.features.headline.pages import training_page
from closeup.features.headline.source import decode_text, text_bytes
from closeup.learning.runs.fits import finish_fit, kept_fit
from closeup.pages.learner import REPORT_FILE
from closeup.tables.strict_csv import MAX_BYTES
from closeup.text.compression import compress, join, unfounded
from closeup.text.ranking import Scores, lead, lexrank, textrank
from closeup.text.reading import Reading, read_text
from closeup.text.rouge import rouge_tokens
from closeup.text.tagging import tag

if TYPE_CHECKING:
    from closeup.features.headline.pointer import Writer

FORMAT = 1
BUILTIN = "builtin"
FEATURES_FILE = "features.txt"
WORDS_FILE = "words.txt"

FEWEST = 20
"""Pairs below which nothing is learnt."""

FEWEST_TO_WRITE = 200
"""English pairs below which no network is taught to write."""

HEADLINES = ("headline", "title")
"""Fields that a headline stands in."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of training or test data.

    Attributes:
        text: The article.
        headline: What people called it; "" where that is not said.
        summary: What people, or a program, summed it up as; "" where that is not said.
    """

    text: str
    headline: str
    summary: str


class Model:
    """What is known beside the rules.

    Attributes:
        deletion: Which words to keep; None where that was not learnt.
        picker: Weights of the features of a sentence, (8,), its means and its spreads; None where not learnt.
        writer: A network that writes headlines freely; None where not learnt.
        name: Folder, or "builtin".
        header: Of model.json; None for the builtin one.
    """

    def __init__(
        self,
        deletion: Deletion | None = None,
        picker: NDArray[np.float64] | None = None,
        *,
        writer: "Writer | None" = None,
        name: str = BUILTIN,
        header: ModelHeader | None = None,
    ) -> None:
        self.deletion, self.picker, self.writer, self.name, self.header = deletion, picker, writer, name, header

    def shortened(self, reading: Reading, place: int, words: int) -> str:
        """A sentence of an English reading as a headline, by what was learnt, else by rules."""
        sentence = reading.sentences[place].text
        tokens = tag(sentence)
        if self.deletion is None or not 3 < len(tokens) <= 120:
            return compress(sentence, words)
        later = later_stems([each.text for each in reading.sentences[place + 1 : place + 6]])
        return join(tokens, self.deletion.keep(tokens, later, words))

    def written(self, reading: Reading, words: int) -> tuple[str, str]:
        """What the network calls an English reading, and why that cannot stand: one of the two is "".

        Raises:
            InputError: If the model has no such network.
        """
        if self.writer is None:
            raise InputError(f"The model {self.name} has not learnt to write.", "Train one that does, or do without.")
        made = self.writer.written(reading, words)
        if not made:
            return "", "no headline came to an end"
        if strange := unfounded(made, " ".join(each.text for each in reading.sentences)):
            return "", f"the text does not have {listed(strange)}"
        line = " ".join(made)
        return line[:1].upper() + line[1:], ""

    def scores(self, tokens: Sequence[Sequence[str]]) -> Scores:
        """How much each sentence belongs in a summary, (N,)."""
        if self.picker is None or not len(tokens):
            return textrank(tokens)
        weights, means, spreads = self.picker
        return np.asarray(((sentence_features(tokens) - means) / spreads) @ weights)


def open_model(place: Path | str) -> Model:
    """The model of a folder; "builtin" is the rules alone.

    Raises:
        InputError: If there is no model, or another learner's.
        FormatError: If it is damaged, or of another version.
    """
    if str(place) == BUILTIN:
        return Model()
    folder = Path(place)
    header, arrays = read_model(folder, "headline", FORMAT)
    deletion = None
    if "deletion" in arrays:
        names = file_bytes(folder / FEATURES_FILE).decode("utf-8", "replace").splitlines()
        if arrays["deletion"].shape != (len(names),):
            raise FormatError(f"{folder}: {FEATURES_FILE} does not fit its weights.", code="learner.damaged")
        deletion = Deletion(names, arrays["deletion"].astype(np.float64))
    picker = arrays.get("picker")
    if picker is not None and picker.shape != (3, 8):
        raise FormatError(f"{folder}: the weights of the picker have the shape {picker.shape}.", code="learner.damaged")
    return Model(deletion, picker, writer=_open_writer(folder, arrays), name=str(folder), header=header)


def _open_writer(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> "Writer | None":
    if not any(name.startswith("writer.") for name in arrays):
        return None
    from closeup.features.headline.pointer import Vocabulary, Writer

    try:
        words = file_bytes(folder / WORDS_FILE).decode("utf-8").split("\n")
        return Writer(Vocabulary(words), arrays)
    except (RuntimeError, IndexError, UnicodeDecodeError) as error:
        raise FormatError(f"{folder}: {WORDS_FILE} does not fit its network.", code="learner.damaged") from error


def read_pairs(path: Path) -> tuple[list[Pair], tuple[str, ...], str]:
    """Read a file of JSON lines: "text", with "headline" or "title", "summary", or both; other fields are let be.

    Returns:
        The pairs, notes on what was left out, and the SHA-256 of the file.

    Raises:
        InputError: If it cannot be read, a line is no JSON object, or no line can be used.
    """
    content = text_bytes(path, MAX_BYTES)
    text, notes = decode_text(content, str(path))
    pairs, without = [], list[int]()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = parse_json(line.encode())
        except FormatError as error:
            raise error.within(f"{path}, line {number}") from error
        if not isinstance(found, dict):
            raise InputError(f"{path}, line {number}: it is no JSON object.", 'Write {"text": ..., "headline": ...}.')
        text, summary = _words(found, "text"), _words(found, "summary")
        headline = next((value for name in HEADLINES if (value := _words(found, name))), "")
        if text and (headline or summary):
            pairs.append(Pair(text, headline, summary))
        else:
            without.append(number)
    if not pairs:
        raise InputError(
            f"{path} has no line with a text and what it should become.",
            'Write one JSON object a line: {"text": ..., "headline": ..., "summary": ...}.',
        )
    left = f"{counted(len(without), 'line')} of {path} left out, without a text or what it should become: lines "
    if without:
        notes = (*notes, LeftOut(f"{left}{listed([str(each) for each in without])}."))
    return pairs, notes, hashlib.sha256(content).hexdigest()


def _words(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    return value if isinstance(value, str) and any(letter.isalpha() for letter in value) else ""


def train_headline(
    data: Path,
    out: Path,
    *,
    abstractive: bool = False,
    overwrite: bool = False,
    runs_dir: Path | None = None,
    progress: ProgressCallback = ignore,
) -> ModelHeader:
    """Learn from pairs which words of a sentence make its headline, and which sentences make a summary.

    Args:
        data: JSON lines, as `read_pairs` reads them.
        out: Folder of the model.
        abstractive: Teach a network to write headlines freely, too; it needs PyTorch.
        runs_dir: Folder of runs that the training is kept in; None keeps it in none.

    Raises:
        InputError: If the data cannot be read, or there are fewer than `FEWEST` pairs, `FEWEST_TO_WRITE` for a network.
        DependencyError: If a network is asked for, and PyTorch is missing.
        OutputError: If the model cannot be written.
    """
    check_model_place(out, overwrite=overwrite)
    pairs, notes, digest = read_pairs(data)
    with kept_fit(runs_dir, "headline", {"abstractive": abstractive}, data=data.name) as run:
        model = fit(pairs, abstractive=abstractive, progress=progress)
        learnt = _learnt(model, data, len(pairs), abstractive)
        header = ModelHeader("headline", FORMAT, learnt, 0, data.name, len(pairs), digest, notes=notes)
        arrays, files = _parts(model)
        files[REPORT_FILE] = training_page(header, model.deletion, model.picker).encode()
        write_model(out, header, arrays, files=files, overwrite=overwrite)
        finish_fit(run, out)
    return header


def _learnt(model: Model, data: Path, count: int, abstractive: bool) -> dict[str, bool]:
    """What a model has learnt.

    Raises:
        InputError: If that is nothing, or not the writing that was asked for.
    """
    learnt = {name: getattr(model, name) is not None for name in ("deletion", "picker", "writer")}
    if abstractive and model.writer is None:
        raise InputError(
            f"{data} has too few English headlines to learn writing from: {FEWEST_TO_WRITE} are needed.",
            "Shortening can be learnt from fewer.",
        )
    if not any(learnt.values()):
        raise InputError(
            f"{data} has {counted(count, 'pair')}, and at least {FEWEST} English ones are needed.",
            "With fewer, the rules that are built in do better.",
        )
    return learnt


def _parts(model: Model) -> tuple[dict[str, NDArray[Any]], dict[str, bytes]]:
    """A model as arrays, (N,), (N, M) and so on, and files."""
    arrays: dict[str, NDArray[Any]] = {} if model.deletion is None else {"deletion": model.deletion.weights}
    if model.picker is not None:
        arrays["picker"] = model.picker
    files = {} if model.deletion is None else {FEATURES_FILE: "\n".join(model.deletion.names).encode()}
    if model.writer is not None:
        arrays |= model.writer.arrays()
        files[WORDS_FILE] = "\n".join(model.writer.vocabulary.words).encode()
    return arrays, files


def fit(pairs: Sequence[Pair], *, abstractive: bool = False, progress: ProgressCallback = ignore) -> Model:
    """The model that pairs teach; what there are fewer than `FEWEST` examples for is not learnt."""
    examples: list[Example] = []
    titled: list[tuple[Reading, str]] = []
    readings: list[Reading] = []
    summaries: list[str] = []
    for pair in pairs:
        reading = read_text(pair.text)
        if reading.language != "en":
            continue
        if pair.headline:
            titled.append((reading, pair.headline))
            texts = [each.text for each in reading.sentences]
            tokens = tag(texts[0])
            if 3 < len(tokens) <= 120:
                examples.append(Example(tokens, later_stems(texts[1:6]), pair.headline))
        if pair.summary and len(reading.sentences) > 1:
            readings.append(reading)
            summaries.append(pair.summary)
    deletion = learn(examples, progress=progress) if len(examples) >= FEWEST else None
    picker = _fit_picker(readings, summaries) if len(readings) >= FEWEST else None
    writer = None
    if abstractive and len(titled) >= FEWEST_TO_WRITE:
        from closeup.features.headline.pointer import Writer

        writer = Writer.learn([each for each, _ in titled], [line for _, line in titled], progress=progress)
    return Model(deletion, picker, writer=writer)


def _fit_picker(readings: Sequence[Reading], summaries: Sequence[str]) -> NDArray[np.float64] | None:
    """Logistic regression of "this sentence is in the summary", (3, 8): weights, means, spreads."""
    from sklearn.linear_model import LogisticRegression

    features = np.vstack([sentence_features(reading.tokens) for reading in readings])
    copied = np.concatenate([_copied(*each) for each in zip(readings, summaries, strict=True)])
    if copied.all() or not copied.any():
        return None
    means, spreads = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    fitted = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit((features - means) / spreads, copied)
    return np.stack([fitted.coef_[0], means, spreads])


def _copied(reading: Reading, summary: str) -> list[bool]:
    """Which sentences a summary has, by their letters alone: some are glued together."""
    letters = "".join(rouge_tokens(summary))
    return ["".join(rouge_tokens(each.text)) in letters for each in reading.sentences]


def sentence_features(tokens: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """What the picker knows of each sentence, (N, 8): rank and order by TextRank and LexRank, place, length."""
    count = len(tokens)
    ranks, others = textrank(tokens) * count, lexrank(tokens) * count
    lengths = np.array([len(each) for each in tokens], float)
    columns = [ranks, np.log(ranks + 1e-9), _order(ranks), others, _order(others), lead(count), np.log1p(lengths)]
    return np.column_stack([*columns, _order(lengths)])


def _order(values: Scores) -> Scores:
    """Each value's place among all, from 0 for the highest to 1."""
    places = np.empty(len(values))
    places[np.argsort(-np.round(values, 10), kind="stable")] = np.arange(len(values))
    return places / max(len(values) - 1, 1)
