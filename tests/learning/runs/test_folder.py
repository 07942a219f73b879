import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.learning.runs.folder import create_run, reopen_run
from closeup.learning.runs.reading import read_run
from learning.runs.made_runs import CORRECTIONS, begun

KILLED = """
import os, signal, sys
from pathlib import Path
from closeup.learning.runs.folder import create_run
writer = create_run(Path(sys.argv[1]), "faces", "name = 'faces'", {})
for step in range(1, 101):
    writer.step({"step": step, "loss": 1 / step})
    if step % 10 == 0:
        writer.epoch({"epoch": step // 10, "val_loss": 1 / step})
    if step == 55:
        writer.flush()
    if step == 77:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_each_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    runs = tmp_path / "some" / "runs"
    writers = [create_run(runs, "My faces/2", "name = 'x'", {}) for _ in range(3)]
    names = {writer.path.name for writer in writers}
    assert len(names) == 3
    assert all(re.fullmatch(r"\d{8}-\d{6}-My-faces-2-[0-9a-f]{4}", name) for name in names)
    assert {path.name for path in runs.iterdir()} == names
    assert (writers[0].path / "recipe.toml").read_text() == "name = 'x'"


@pytest.mark.parametrize(
    ("name", "word"), [("", "run"), ("../..", "run"), ("ü" * 300, "ü" * 60), (".hidden", "hidden")]
)
def test_any_name_makes_a_folder(tmp_path: Path, name: str, word: str) -> None:
    folder = create_run(tmp_path, name, "", {}).path
    assert folder.parent == tmp_path
    assert folder.name[16:-5] == word


def test_a_run_in_the_making_is_running_and_nobody_else_may_write_it(tmp_path: Path) -> None:
    writer = create_run(tmp_path, "faces", "", {"seed": 3})
    assert read_run(writer.path).state == "running"
    with pytest.raises(InputError, match="Another process is writing"):
        reopen_run(writer.path)
    writer.interrupt()
    assert read_run(writer.path).state == "interrupted"


def test_rows_facts_answers_and_corrections(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.note(seed=np.int64(4), notes=["odd"])
    assert writer.facts["seed"] == 4
    writer.predictions("val", "mood", ["a"], [1], [[0.2, 0.8]], ("x", "y"))
    (writer.path / "corrections.csv").write_text(CORRECTIONS)
    writer.finish({"val": {"mood": {"accuracy": float("nan")}}})
    run = read_run(writer.path)
    assert run.state == "finished"
    assert run.facts["notes"] == ["odd"]
    assert run.metrics == {"val": {"mood": {"accuracy": None}}}
    assert run.steps().numbers("step").tolist() == list(range(1, 21))
    assert run.epochs().text("kept") == ["true", "false", "true", "false"]
    assert run.predictions("val", "mood").labels == ("y",)
    assert run.corrections().rows[0]["why"] == "she laughs"
    assert run.corrections().rows[0]["pictures"] == "1"


def test_a_finished_run_stays_as_it_is(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    (writer.path / "checkpoint.pt").write_bytes(b"x")
    writer.finish({})
    assert not (writer.path / "checkpoint.pt").exists()
    writer.fail("too late")
    assert read_run(writer.path).state == "finished"
    with pytest.raises(InputError, match="is finished"):
        reopen_run(writer.path)
    with pytest.raises(InputError, match="is finished"):  # the lock was given back
        reopen_run(writer.path)


def test_a_resumed_run_has_no_row_twice(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.flush()
    writer.interrupt()
    again = reopen_run(writer.path)
    again.rewind(12, 2)
    for step in range(13, 21):
        again.step({"step": step, "loss": 2 / step})
    again.epoch({"epoch": 3})
    run = read_run(writer.path)
    assert run.steps().numbers("step").tolist() == list(range(1, 21))
    assert run.epochs().numbers("epoch").tolist() == [1, 2, 3]
    assert len(run.record.resumed_at) == 1
    assert run.record.ended_at == ""
    again.rewind(0, 0)
    assert len(read_run(writer.path).steps()) == len(read_run(writer.path).epochs()) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_a_killed_run_can_be_taken_up_again(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    (folder,) = tmp_path.iterdir()
    run = read_run(folder)
    assert run.record.state == "running"
    assert run.state == "interrupted"
    assert len(run.steps()) >= 70  # with every epoch the steps are written too
    with (folder / "steps.csv").open("a") as file:
        file.write("71,0.0")  # torn in the middle of a row
    writer = reopen_run(folder)
    writer.rewind(55, 5)
    writer.step({"step": 56, "loss": 1 / 56})
    writer.finish({})
    run = read_run(folder)
    assert run.steps().numbers("loss").tolist() == [1 / step for step in range(1, 57)]
    assert run.epochs().numbers("epoch").tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("error", "standing", "reason"),
    [
        (KeyboardInterrupt(), "interrupted", ""),
        (SystemExit(143), "interrupted", ""),
        (OutputError("There is no space.", "Free some."), "failed", "There is no space."),
        (ValueError("odd"), "failed", "ValueError: odd"),
    ],
)
def test_a_block_that_breaks_gives_the_run_back(
    tmp_path: Path, error: BaseException, standing: str, reason: str
) -> None:
    writer = begun(tmp_path)

    def work() -> None:
        with writer:
            writer.step({"step": 21})
            raise error

    with pytest.raises(type(error)):
        work()
    run = read_run(writer.path)
    assert (run.state, run.record.reason) == (standing, reason)
    assert len(run.steps()) == 21
    reopen_run(writer.path).interrupt()


def test_a_block_that_ends_well(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        writer.finish({"val": {}})
    assert read_run(writer.path).state == "finished"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        create_run(tmp_path / "file" / "runs", "faces", "", {})


def test_what_json_does_not_know_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        create_run(tmp_path, "faces", "", {"odd": object()})
    assert list(tmp_path.iterdir()) == []


def test_run_json_is_for_people_too(tmp_path: Path) -> None:
    writer = create_run(tmp_path, "faces ü", "", {})
    text = (writer.path / "run.json").read_text("utf-8")
    assert "faces ü" in text
    assert json.loads(text)["schema_version"] == 1
