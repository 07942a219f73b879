"""What a fit holds back, keeps, says and refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress
from closeup.features.recommend import fit
from closeup.features.recommend.events import read_events
from closeup.features.recommend.fit import fit_recommender, held_back
from closeup.features.recommend.model import open_recommender
from features.recommend.plays import SMALL, rows, write


def test_the_folder_is_the_record_of_the_fit(tmp_path: Path) -> None:
    path, said = write(tmp_path / "plays.csv", rows()), list[Progress]()
    fit_recommender(path, tmp_path / "model", options=SMALL, check=True, progress=said.append)
    header = open_recommender(tmp_path / "model").header
    assert header.data == "plays.csv"
    assert header.rows == len(rows())
    assert header.settings["factors"] == SMALL.factors
    assert header.facts["check"]["baselines"].keys() == {"popularity", "item_cosine"}
    assert 0 < header.metrics["recall_at_20"].low < header.metrics["recall_at_20"].high
    assert [each.stage for each in said if each.done == each.total] == [
        "Reading",
        "Check: Factorising",
        "Check: Weighing items",
        "Check: Measuring",
        "Factorising",
        "Weighing items",
    ]


def test_what_is_there_is_said_before_the_work(tmp_path: Path) -> None:
    path = write(tmp_path / "plays.csv", rows())
    fit_recommender(path, tmp_path / "model", options=SMALL)
    with pytest.raises(OutputError, match="exists already"):
        fit_recommender(tmp_path / "none.csv", tmp_path / "model", options=SMALL)


def test_an_interrupted_fit_leaves_nothing(tmp_path: Path) -> None:
    def stop(each: Progress) -> None:
        if each.stage == "Factorising" and each.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_recommender(write(tmp_path / "p.csv", rows()), tmp_path / "model", options=SMALL, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_the_last_fifth_by_time_is_held_back(tmp_path: Path) -> None:
    events = read_events(write(tmp_path / "plays.csv", rows()))
    back = held_back(events)
    assert events.times is not None
    assert events.times[back].min() > events.times[~back].max()
    assert 0.1 < back.mean() <= 0.2


def test_without_times_a_fifth_is_drawn_by_a_hash_of_the_ids(tmp_path: Path) -> None:
    events = replace(read_events(write(tmp_path / "plays.csv", rows(100))), times=None)
    back = held_back(events)
    assert 0.15 < back.mean() < 0.25
    assert (held_back(replace(events, name="other.csv")) == back).all()


def test_a_table_that_was_kept_by_the_hash_is_parted_by_another(tmp_path: Path) -> None:
    write(tmp_path / "all.csv", [line[:3] for line in rows()], "user,item,plays")
    read = read_events(tmp_path / "all.csv")
    kept = read.kept(~held_back(read))
    back = held_back(kept)
    assert 0.1 < back.mean() < 0.3
    assert (held_back(kept) == back).all()


def test_too_little_to_hold_back(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too few pairs"):
        fit_recommender(write(tmp_path / "p.csv", rows()[:1]), options=SMALL, check=True)


@pytest.mark.parametrize("lines", ["ann,tea,3\n", "ann,tea,3\nann,milk,1\n", "ann,tea,3\nbob,tea,1\n"])
def test_that_one_user_or_one_item_teaches_nothing_is_said(lines: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("user,item,plays\n" + lines)
    assert "teach nothing" in fit_recommender(tmp_path / "p.csv", options=SMALL).header.notes[-1]


def test_of_many_users_and_items_the_large_parts_are_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeup.features.recommend.model.MOST_ROWS", 20)
    monkeypatch.setattr(fit, "MOST_PAIRS", 100)
    model = fit_recommender(write(tmp_path / "plays.csv", rows()), options=SMALL)
    assert "one factorisation was fitted, not 2" in " ".join(model.header.notes)
    assert "Weights from item to item were left out" in " ".join(model.header.notes)
    offered = model.for_user("u01", 1)[0]
    because = model.explain("u01", offered["item"])["because"]
    assert sum(each["adds"] for each in because) == pytest.approx(offered["score"], abs=1e-8)


def test_the_same_seed_gives_the_same_model_and_another_one_another(tmp_path: Path) -> None:
    path = write(tmp_path / "plays.csv", rows())
    a, b, c = (fit_recommender(path, options=replace(SMALL, seed=seed)) for seed in (1, 1, 2))
    assert (a.scores(a.history) == b.scores(b.history)).all()
    assert (a.scores(a.history) != c.scores(c.history)).any()
    assert np.isfinite(a.scores(a.history)).all()
