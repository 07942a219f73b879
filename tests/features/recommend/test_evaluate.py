"""What counts in an evaluation; and the figures on real plays, by the protocol of their source."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.documents.learners import LEARNER_EVALUATION
from closeup.features.recommend.evaluate import evaluate_recommender, list_figures, popularity
from closeup.features.recommend.events import read_events
from closeup.features.recommend.fit import fit_recommender
from closeup.features.recommend.options import RecommendOptions
from features.recommend.plays import SMALL, rows, write

NAMES = {"recall_at_20", "ndcg_at_10", "ndcg_at_100", "map_at_10", "coverage_at_20"}


def test_who_and_what_counts(tmp_path: Path) -> None:
    lines = rows()
    model = fit_recommender(write(tmp_path / "plays.csv", lines[:-40]), options=SMALL)
    odd = [("stranger", "i00", 1, "2024-01-01"), ("u00", "unheard", 1, "2024-01-01"), lines[0]]
    found = evaluate_recommender(model.save(tmp_path / "model"), write(tmp_path / "held.csv", [*lines[-40:], *odd]))
    assert found.metrics.keys() == found.baselines["popularity"].keys() == NAMES
    assert found.differences["item_cosine"].keys() == NAMES
    data = LEARNER_EVALUATION.to_data(found)
    assert LEARNER_EVALUATION.to_data(LEARNER_EVALUATION.from_data(data)) == data
    said = " ".join(found.notes)
    assert "users that the model knows nothing of" in said  # the last ones of the made-up users, and the stranger
    assert "1 pair that the model was fitted on are not asked for" in said
    assert "1 pair of items that the model does not know count as misses" in said
    assert found.n == 2  # u40, of whom the model knows half; and u00, for the item that nobody has heard
    with pytest.raises(InputError, match=r"No user of none\.csv can be asked about"):
        evaluate_recommender(tmp_path / "model", write(tmp_path / "none.csv", odd[:1]))


def test_coverage_has_an_interval_about_it() -> None:
    rng = np.random.default_rng(0)
    ranked = np.array([rng.permutation(400)[:100] for _ in range(30)])
    figures = list_figures(ranked, [np.array([1])] * 30, 400)["coverage_at_20"]
    assert figures.mean() == pytest.approx(len(np.unique(ranked[:, :20])) / 400)
    assert figures.std() > 0


def test_popularity_is_by_users_and_then_by_weight(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("user,item,plays\na,x,1\nb,x,1\na,y,900\nb,z,2\n")
    assert np.argsort(-popularity(read_events(path).pairs)).tolist() == [0, 1, 2]


@pytest.mark.shared
@pytest.mark.slow
def test_lastfm(shared: Path) -> None:
    """The validation part of last.fm's HetRec 2k: popularity is that of the protocol, the model above tuned peers."""
    folder = shared / "data" / "lastfm_hetrec"
    model = fit_recommender(
        folder / "user_artists.csv",
        names=folder / "artists.csv",
        options=RecommendOptions(factors=64, members=1),
        check=True,
    )
    check = model.header.facts["check"]
    assert check["users"] == 1876
    assert check["baselines"]["popularity"]["recall_at_20"] == pytest.approx(0.0998, abs=5e-5)
    assert check["baselines"]["popularity"]["ndcg_at_100"] == pytest.approx(0.1346, abs=5e-5)
    assert model.header.metrics["recall_at_20"].value > 0.25
    assert model.header.metrics["ndcg_at_100"].value > 0.295
    assert [each["name"] for each in model.similar("radiohead", 5)]
