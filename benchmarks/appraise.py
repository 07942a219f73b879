"""House prices of King County: closeup's appraiser beside two recipes of a public kernel, out of fold on the same rows.

    python benchmarks/appraise.py SHARED [FOLDER]

The fold of a row is the MD5 of "kcfold:" and its id, modulo 5, so that a house that was sold twice is on one side. Each
fold's answers are kept in FOLDER, and taken from there when this is run again. The recipes: "seed", five gradient
boosters of XGBoost and LightGBM on the logarithm, voting with equal weights (lr .024 depth 8; goss .015 depth 7 and 13,
gbdt .015 depth 13 and 11), on the table's own numbers; "seed and neighbours", the same with prices nearby (haversine,
5, 10 and 20 nearest, own house left out, training rows only), as the kernel in 11th place added them.
"""

import hashlib
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.regression import amount_figures
from closeup.documents.learners import drawn_metrics
from closeup.features.appraise.boosting import THREADS, lightgbm, xgboost
from closeup.features.appraise.columns import Rows, groups_of, read_rows_table, target_values, typed, understand
from closeup.features.appraise.features import Features, plan_features
from closeup.features.appraise.fit import Fitting, OutOfFold, estimates_of
from tables import Table, table_markdown

Floats = NDArray[np.float64]

SKEWED = ("sqft_living", "sqft_lot", "sqft_above", "sqft_basement", "sqft_living15", "sqft_lot15")
NEIGHBOURS = [f"{count} nearest: mean target by size" for count in (5, 10, 20)]


def folds_of(rows: Rows) -> NDArray[np.intp]:
    """The protocol's fold of each row, (N,)."""
    digests = [hashlib.md5(f"kcfold:{int(each)}".encode(), usedforsecurity=False) for each in rows.words["id"].tolist()]
    return np.array([int(digest.hexdigest(), 16) % 5 for digest in digests], np.intp)


def seed_table(rows: Rows) -> Floats:
    """The features of the seed recipe, (N, 19): skewed sizes as logarithms, the date as year and month."""
    columns = []
    for name in (each.name for each in rows.columns if each.name in rows.numbers):
        values = rows.numbers[name]
        if name == "date":
            month = values.astype("datetime64[D]").astype("datetime64[M]").astype(int)
            values = (1970 + month // 12) * 100 + month % 12 + 1.0
        columns.append(np.log1p(values) if name in SKEWED else values)
    return np.column_stack(columns)


def seed_recipe(train: Floats, target: Floats, asked: Floats) -> Floats:
    """Votes of five boosters on the logarithm, turned back, (N,)."""
    wanted = np.log1p(target)
    model = xgboost.train(
        {"eta": 0.024, "max_depth": 8, "nthread": THREADS, "seed": 2020, "objective": "reg:squarederror"},
        xgboost.DMatrix(train, label=wanted),
        1000,
    )
    votes = [model.predict(xgboost.DMatrix(asked)).astype(np.float64)]
    forests = (("goss", 0.015, 7, 1600), ("gbdt", 0.015, 13, 1400), ("goss", 0.015, 7, 1400), ("gbdt", 0.015, 11, 1400))
    for kind, rate, depth, rounds in forests:
        settings = {"learning_rate": rate, "max_depth": depth, "seed": 2020, "verbosity": -1, "num_threads": THREADS}
        settings |= {"objective": "regression", "boost_from_average": False, "deterministic": True}
        settings |= {"data_sample_strategy": "goss"} if kind == "goss" else {}
        votes.append(lightgbm.train(settings, lightgbm.Dataset(train, wanted), rounds).predict(asked))
    return np.expm1(np.mean(votes, axis=0))


def one_fold(rows: Rows, target: Floats, groups: NDArray[np.int64], mine: NDArray[np.bool_]) -> dict[str, Floats]:
    """Answers of all recipes to the rows `mine` (N,), by models of the others, and their seconds of the processor."""
    begun = time.process_time()
    fitting = Fitting(rows, target, groups)
    made, models = fitting.fit(~mine)
    asked = made.of(rows.take(mine), groups[mine])
    found = {"closeup": estimates_of(fitting.members, models, asked, made.names, fitting.scale(~mine))}
    seconds = [time.process_time() - begun]
    plain = seed_table(rows)
    begun = time.process_time()
    found["seed"] = seed_recipe(plain[~mine], target[~mine], plain[mine])
    seconds.append(time.process_time() - begun)
    train = rows.take(~mine)
    learnt = np.round(np.log(target[~mine]), 6)
    fitted, features = Features.fit(train, learnt, groups[~mine], plan_features(train, learnt))
    near = [fitted.names.index(name) for name in NEIGHBOURS]
    begun = time.process_time()
    found["seed and neighbours"] = seed_recipe(
        np.column_stack([plain[~mine], features[:, near]]),
        target[~mine],
        np.column_stack([plain[mine], asked[:, near]]),
    )
    seconds.append(time.process_time() - begun)
    return found | {"seconds": np.array(seconds)}


def main(shared: Path, folder: Path) -> None:
    """Print the table, and what is better than what for more than chance."""
    table = read_rows_table(shared / "data" / "kc_house" / "kc_house.csv")
    rows, truth = typed(table, understand(table, "price")), target_values(table, "price")
    groups, folds = groups_of(rows)[0], folds_of(rows)
    parts = []
    for fold in range(5):
        kept = folder / f"fold{fold}.npz"
        if not kept.exists():
            np.savez(kept, **one_fold(rows, truth, groups, folds == fold))
        parts.append(np.load(kept))
    estimates = np.empty((len(truth), parts[0]["closeup"].shape[1]))
    answers = {name: np.empty(len(truth)) for name in ("seed", "seed and neighbours")}
    for fold, part in enumerate(parts):
        estimates[folds == fold] = part["closeup"]
        for name in answers:
            answers[name][folds == fold] = part[name]
    means, middles = OutOfFold(np.empty((0, 0)), estimates, folds).mixtures(truth)
    lines = [(name, each, each) for name, each in answers.items()] + [("closeup", means, middles)]
    seconds = np.array([part["seconds"] for part in parts]).mean(axis=0)[[1, 2, 0]]
    dear = truth < np.quantile(truth, 0.99)
    printed = []
    for (name, mean, middle), took in zip(lines, seconds, strict=True):
        ends = drawn_metrics(lambda drawn, m=mean: {"rmse": rmse(m[drawn], truth[drawn])}, len(truth), resamples=400)
        found = amount_figures(mean, middle, truth)
        printed.append(
            (
                name,
                f"{found['rmse']:,.0f} ({ends['rmse'].low:,.0f} to {ends['rmse'].high:,.0f})",
                f"{rmse(mean[dear], truth[dear]):,.0f}",
                f"{found['mae']:,.0f}",
                f"{found['mape']:.2%}",
                f"{found['log_rmse']:.4f}",
                f"{found['r2']:.4f}",
                f"{found['bias']:+.2%}",
                round(took),
            )
        )
    head = ("recipe", "RMSE (95 %)", "without the dearest 1 %", "MAE", "MAPE", "log-RMSE", "R2", "bias", "CPU s a fold")
    print(table_markdown(Table("King County, out of fold", head, tuple(printed))))
    for name, other in answers.items():
        ratio = drawn_metrics(
            lambda drawn, o=other: {"ratio": rmse(means[drawn], truth[drawn]) / rmse(o[drawn], truth[drawn])},
            len(truth),
            resamples=1000,
        )["ratio"]
        print(f"RMSE, closeup by {name}: {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f}), paired")


def rmse(values: Floats, truth: Floats) -> float:
    """The root of the mean square error of (N,)."""
    return float(np.sqrt(((values - truth) ** 2).mean()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as spare:
        main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else spare))
