"""The network that writes: it learns to copy, says nothing that may not be said, and comes back from its folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError
from closeup.features.headline import pointer
from closeup.features.headline.evaluate import evaluate_headline
from closeup.features.headline.model import Model, open_model, train_headline
from closeup.features.headline.options import HeadlineOptions
from closeup.features.headline.pointer import END, UNKNOWN, PointerNetwork, Vocabulary, Writer, WritingTask
from closeup.features.headline.write import headline
from closeup.text.reading import Reading, read_text

NAMES = ("Rotterdam", "Busan", "Oslo", "Lima", "Cairo", "Quito", "Hanoi", "Accra", "Turin", "Delhi")
NEWS = "Oil prices have risen to $80 a barrel after Iran closed a port. Traders in London said so."


def story(number: int) -> tuple[str, str]:
    one, other = NAMES[number % 10], NAMES[(number // 10 + number + 1) % 10]
    return (
        f"The harbour of {one} was closed by a storm on Monday. Ships went to {other}.",
        f"Storm closes harbour of {one}",
    )


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import json

    folder = tmp_path_factory.mktemp("taught")
    rows = [json.dumps(dict(zip(("text", "headline"), story(n), strict=True))) for n in range(200)]
    (folder / "pairs.jsonl").write_text("\n".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pointer, "STAGE", replace(pointer.STAGE, epochs=8, learning_rate=5e-3))
        patch.setattr("closeup.features.headline.model.FEWEST", 10_000)
        train_headline(folder / "pairs.jsonl", folder / "model", abstractive=True)
    return folder


def test_it_learns_what_to_say_and_whom_to_name(taught: Path) -> None:
    model = open_model(taught / "model")
    found = [model.written(read_text(story(n)[0]), 11)[0] for n in (3, 14, 25)]
    assert found == [story(n)[1] for n in (3, 14, 25)]
    answer = headline(story(3)[0], HeadlineOptions(abstractive=True), model=taught / "model")
    assert (answer.stories[0].headline, answer.stories[0].way) == (story(3)[1], "written")
    few = taught / "few.jsonl"
    few.write_text("\n".join((taught / "pairs.jsonl").read_text().splitlines()[:6]))
    scored = evaluate_headline(taught / "model", few, abstractive=True)
    assert scored.metrics["rouge2"].value > 0.95
    assert "0 headlines could not stand as written; shortened ones were scored." in scored.notes


def test_the_same_text_gives_the_same_words(taught: Path) -> None:
    model = open_model(taught / "model")
    assert model.writer is not None
    assert model.writer.written(read_text(NEWS), 11) == model.writer.written(read_text(NEWS), 11)


class Fake:
    """Writes what it is told to."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def written(self, reading: Reading, words: int) -> list[str]:
        return self.words


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["Oil", "rises", "to", "$90"], "the text does not have $90"),
        (["Iraq", "closes", "port"], "the text does not have Iraq"),
        ([], "no headline came to an end"),
    ],
)
def test_a_name_or_number_that_the_text_has_not_is_not_let_through(
    words: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(writer=Fake(words))  # type: ignore[arg-type]
    monkeypatch.setattr("closeup.features.headline.write.open_model", lambda place: model)
    answer = headline(NEWS, HeadlineOptions(abstractive=True))
    (told,) = answer.stories
    assert (told.headline, told.way) == ("Oil prices risen to $80 barrel after Iran closed port", "rules")
    assert f"The headline was shortened and not written: {why}." in answer.notes


def test_a_model_that_cannot_write_is_said() -> None:
    with pytest.raises(InputError, match="has not learnt to write"):
        headline(NEWS, HeadlineOptions(abstractive=True))


def test_too_few_headlines_teach_no_writing(tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text('{"text": "One two three four five. Six.", "headline": "One two"}\n')
    with pytest.raises(InputError, match="200 are needed"):
        train_headline(tmp_path / "few.jsonl", tmp_path / "model", abstractive=True)
    assert not (tmp_path / "model").exists()


def test_words_that_do_not_fit_the_network_are_said(taught: Path, tmp_path: Path) -> None:
    for name in ("model.json", "arrays.npz"):
        (tmp_path / name).write_bytes((taught / "model" / name).read_bytes())
    (tmp_path / "words.txt").write_text("one\ntwo")
    with pytest.raises(FormatError, match="does not fit its network"):
        open_model(tmp_path)


def test_words_are_numbered_by_the_list_or_by_the_text() -> None:
    vocabulary = Vocabulary.of([["the", "Port", "the", "Port", "the", "Port", "rare"]])
    assert vocabulary.words == ("Port", "the")
    passage = vocabulary.passage(read_text("The port of Busan. Busan waits."))
    the, port, of, busan, again, waits = passage.numbers.tolist()
    assert (the, port) == (vocabulary.number["the"], vocabulary.number["port"])
    assert busan == again
    assert len({of, busan, waits} | set(range(len(vocabulary)))) == 3 + len(vocabulary)
    assert vocabulary.target(["Busan", "port", "missing"], passage).tolist() == [busan, port, UNKNOWN, END]


def test_a_headline_never_hangs_or_repeats() -> None:
    words = ("of", "port", "closed", "Iran", "storm")
    writer = Writer(Vocabulary(words), _arrays(len(words) + 4))
    for text in (NEWS, "Port of Iran closed of Iran.", "Storm."):
        made = writer.written(read_text(text), 6)
        low = [word.lower() for word in made]
        assert len(made) <= 6
        assert all(word in {*map(str.lower, words), *text.lower().replace(".", "").split()} for word in low)
        assert not made or low[-1] != "of"
        assert low.count("port") <= 1


def test_what_is_held_out_is_not_learnt() -> None:
    vocabulary = Vocabulary(["port"])
    passage = vocabulary.passage(read_text("The port of Busan."))
    task = WritingTask(PointerNetwork(5), [(passage, vocabulary.target(["port"], passage))] * 25)
    assert sorted({0, 10, 20} | set(task.epoch_order(0, (1,)).tolist())) == list(range(25))
    assert len(task.epoch_order(0, (1,))) == 22


def _arrays(size: int) -> dict[str, np.ndarray]:
    import torch

    torch.manual_seed(1)
    return {Writer.PREFIX + name: each.numpy() for name, each in PointerNetwork(size).state_dict().items()}
