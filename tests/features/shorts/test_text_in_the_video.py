"""Captions that keep off text which the video has already, in a short that is rendered."""

import json
from pathlib import Path

import numpy as np
import pytest

from closeup.features.shorts.make import make_shorts
from closeup.features.shorts.options import ShortsOptions
from features.shorts.drawn_cast import write_drawn_cast


def plan_notes(folder: Path) -> list[str]:
    notes: list[str] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["notes"]
    return notes


def test_captions_that_keep_off_text_in_the_video_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cast, file = write_drawn_cast(tmp_path), tmp_path / "film.srt"
    file.write_text("1\n00:00:05,500 --> 00:00:07,400\nSome words\n", encoding="utf-8")
    options = ShortsOptions(count=1, min_length_s=2.5, max_length_s=5, height=256, captions=file, burn_captions=True)
    plain = make_shorts(cast, "p1", tmp_path / "plain", options)
    assert not any("burnt" in note for note in plan_notes(tmp_path / "plain"))
    text = np.array([(time_s, 0, 140, 144, 256) for time_s in np.arange(0, 5, 0.1)])
    monkeypatch.setattr("closeup.features.shorts.make.shown_text", lambda *_: text)
    moved = make_shorts(cast, "p1", tmp_path / "moved", options)
    note = "Text is burnt into the video: 1 caption stands elsewhere than usual, to keep off it."
    assert note in moved.notes
    assert note in plan_notes(tmp_path / "moved")
    assert plain.shorts == moved.shorts
