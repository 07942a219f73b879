import io
import sys

import pytest

from closeup.cli.progress_bar import Lines, amount_text, progress_bar, shortened, speed_text
from closeup.core.progress import Progress


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("a.mp4", quiet=True) as report:
        report(Progress("Reading", 1, 2, "s"))
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_each_stage_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("a.mp4", quiet=False) as report:
        report(Progress("Reading", 0, 100, "s"))
        report(Progress("Reading", 100, 100, "s"))
        report(Progress("Grouping", 0, None, "faces"))
    assert capsys.readouterr() == ("", "a.mp4: Reading\na.mp4: Grouping\n")


def test_a_long_stage_speaks_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    report = Lines("a.mp4", clock=lambda: now)
    for second in range(26):
        now = float(second)
        report(Progress("Reading", 4.0 * second, 200, "s"))
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "a.mp4: Reading",
        "a.mp4: Reading 20% 4.0x real time",
        "a.mp4: Reading 40% 4.0x real time",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_has_stage_speed_and_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("[b]a.mp4", quiet=False) as report:
        for done in (0, 50, 100):
            report(Progress("Reading", done, 100, "s"))
        report(Progress("Grouping", 0, None, "faces"))
    said = terminal.getvalue()
    assert "[b]a.mp4: Reading" in said
    assert "100%" in said
    assert "x real time" in said
    assert "Grouping" in said


def test_speed_is_said_in_the_unit_of_the_work() -> None:
    assert speed_text(0, 1, "s") == ""
    assert speed_text(1, 0, "s") == ""
    assert speed_text(50, 10, "s") == "5.0x real time"
    assert speed_text(3_000_000, 2, "bytes") == "1.5 MB/s"
    assert speed_text(3000, 2, "faces") == "1,500 faces/s"


def test_amount_is_a_percentage_where_the_end_is_known() -> None:
    assert amount_text(Progress("Reading", 25, 100, "s")) == "25%"
    assert amount_text(Progress("Reading", 130, 100, "s")) == "100%"
    assert amount_text(Progress("Reading", 1300, None, "s")) == "1,300 s"
    assert amount_text(Progress("Writing", 0, None, "")) == ""


def test_a_long_title_is_shortened_in_its_middle() -> None:
    assert shortened("holiday.mp4") == "holiday.mp4"
    assert shortened("My holiday with everyone 2024.mp4") == "My holiday… 2024.mp4"


def test_slow_work_is_never_told_as_none() -> None:
    assert speed_text(3, 10, "steps") == "0.3 steps/s"
    assert speed_text(1, 400, "steps") == "0.0025 steps/s"
    assert speed_text(45, 10, "steps") == "4.5 steps/s"


def test_a_line_that_stays_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("tiny", quiet=False) as report:
        report(Progress("training", 1, 8, "steps"))
        report(Progress("epoch 1 of 2", 1, 2, "epochs", "epoch 1 of 2: loss 0.4"))
        report(Progress("epoch 2 of 2", 2, 2, "epochs", "epoch 2 of 2: loss 0.3"))
    assert capsys.readouterr().err.splitlines()[1:] == ["tiny: epoch 1 of 2: loss 0.4", "tiny: epoch 2 of 2: loss 0.3"]
