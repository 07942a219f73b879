import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from closeup.cli.exit_codes import (
    EXIT_COULD_NOT,
    EXIT_DONE,
    EXIT_LOSSES,
    EXIT_UNEXPECTED,
    after_failures,
    count_losses,
    taken_losses,
)
from closeup.cli.main import app, boundary, command_line
from closeup.cli.output import show_notes
from closeup.core.errors import InputError
from closeup.core.words import LeftOut, about
from closeup.features.appraise import boosting


def test_some_is_neither_all_nor_none() -> None:
    ends = [after_failures(failed, 3) for failed in (0, 1, 2, 3)]
    assert ends == [EXIT_DONE, EXIT_LOSSES, EXIT_LOSSES, EXIT_COULD_NOT]


def ends_with(work: Callable[[], None]) -> int:
    """What the boundary makes of `work`."""
    with pytest.raises(typer.Exit) as caught, boundary(debug=False):
        work()
    return int(caught.value.exit_code)


def test_each_end_has_its_code() -> None:
    def raises(error: Exception) -> None:
        raise error

    with boundary(debug=False):
        pass
    assert ends_with(lambda: count_losses(2)) == EXIT_LOSSES
    assert ends_with(lambda: raises(InputError("No."))) == EXIT_COULD_NOT
    assert ends_with(lambda: raises(ValueError("ours"))) == EXIT_UNEXPECTED


def test_losses_of_one_command_are_none_of_the_next() -> None:
    count_losses()
    with boundary(debug=False):
        pass
    assert taken_losses() == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_a_photo_that_cannot_be_read_among_others_is_a_loss_with_json_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("good.png", np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "bad.png").write_bytes(b"no picture")

    def predict(*photos: str) -> int:
        words = ["predict", "expression", *photos, "--whole", "-q", *(["--json"] if as_json else [])]
        return CliRunner().invoke(app, words).exit_code

    assert predict("good.png") == EXIT_DONE
    assert predict("good.png", "bad.png") == EXIT_LOSSES
    assert predict("bad.png") == EXIT_COULD_NOT


@pytest.mark.parametrize("words", [("look", "set", "-o", "out"), ("crop-faces", "set", "out", "--models", "builtin")])
def test_of_a_folder_some_unreadable_pictures_are_a_loss_and_all_of_them_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)

    def ends(good: bool) -> int:
        Path("set/a").mkdir(parents=True, exist_ok=True)
        Path("set/a/bad.png").write_bytes(b"no picture")
        if good:
            cv2.imwrite("set/a/good.png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
        return CliRunner().invoke(app, ["data", *words, "-q"]).exit_code

    assert ends(good=False) == EXIT_COULD_NOT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
    assert ends(good=True) == EXIT_LOSSES


CAPTIONS = (
    "1\n00:00:01,000 --> 00:00:03,000\nThe council met on Monday to vote.\n\n2\n00:00:xx --> 00:00:05,000\nLost.\n"
)
PAIRS = [
    {"text": "The mayor opened the new bridge on Monday. Crowds came.", "headline": "Mayor opens bridge"},
    {"text": "A text that becomes nothing."},
]
EVENTS = "user,item,weight\n" + "".join(f"u{n % 5},i{n % 4 + n // 10},1\n" for n in range(20))
HOUSES = "price,area\n" + "".join(f"{100 + n},{n}\n" for n in range(30))
LEARNERS = {
    "headline": (("headline", "captions.srt"), "line 6"),
    "headline evaluate": (("headline", "evaluate", "builtin", "pairs.jsonl"), "1 line of pairs.jsonl left out"),
    "recommend look": (("recommend", "look", "events.csv"), "1 row without a user or an item were left out"),
    "recommend fit": (("recommend", "fit", "events.csv", "-o", "m", "--overwrite"), "were left out"),
    "appraise fit": (("appraise", "fit", "houses.csv", "--target", "price", "-o", "a", "--overwrite"), "no price"),
}


@pytest.fixture
def learners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Writes data for the learners, with something in each that cannot be used, or without."""
    monkeypatch.chdir(tmp_path)
    few = {kind: {**each, "rounds": 4} for kind, each in boosting.PUBLISHED.items()}
    monkeypatch.setattr("closeup.features.appraise.tuning.PUBLISHED", few)

    def write(faults: bool) -> None:
        Path("captions.srt").write_text(CAPTIONS if faults else CAPTIONS.partition("\n\n")[0])
        Path("pairs.jsonl").write_text("\n".join(json.dumps(each) for each in PAIRS[: 1 + faults]))
        Path("events.csv").write_text(EVENTS + "u1,,1\n" * faults)
        Path("houses.csv").write_text(HOUSES + ",40\n" * faults)

    return write


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("more", [(), ("-q",), ("--json",)])
def test_what_a_learner_leaves_out_is_a_loss_and_said_under_q_too(
    learners: Callable[[bool], None], name: str, more: tuple[str, ...]
) -> None:
    words, said = LEARNERS[name]
    learners(False)
    assert CliRunner().invoke(app, [*words, *more]).exit_code == EXIT_DONE
    learners(True)
    done = CliRunner().invoke(app, [*words, *more])
    assert done.exit_code == EXIT_LOSSES, done.output
    assert said in (done.stdout if more == ("--json",) else done.stderr)
    if more == ("-q",) and "look" not in words:  # whose findings are its answer
        assert [line for line in done.stderr.splitlines() if said not in line] == []


def test_a_loss_keeps_its_kind_with_words_before_it() -> None:
    show_notes([about("film.mp4", LeftOut("The video ends early.")), about("film.mp4", "It is interlaced.")])
    assert taken_losses() == 1


@pytest.mark.parametrize("name", ["cast", "gallery list", "recommend for", "models list", "appraise fit", "serve run"])
def test_every_command_may_be_quiet_or_say_what_it_does(name: str) -> None:
    command = command_line()
    for word in name.split():
        command = command.commands[word]
    flags = [flag for parameter in command.params for flag in parameter.opts]
    assert sorted(flag for flag in flags if flag in ("-q", "--quiet", "-v", "--verbose")) == [
        "--quiet", "--verbose", "-q", "-v"
    ]  # fmt: skip
