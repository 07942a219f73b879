"""Looking for settings of the libraries with Optuna: seeded, counted, on one fold that is not learnt."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.features.appraise.boosting import PUBLISHED, Booster, Settings
from closeup.features.appraise.columns import Rows
from closeup.features.appraise.features import DIGITS, Features, plan_features

Floats = NDArray[np.float64]

_RANGES: Mapping[str, Mapping[str, tuple[float, float, str]]] = {
    "lightgbm": {
        "learning_rate": (0.02, 0.08, "log"),
        "num_leaves": (7, 63, "whole"),
        "min_data_in_leaf": (3, 40, "whole"),
        "feature_fraction": (0.15, 0.7, ""),
        "bagging_fraction": (0.5, 1.0, ""),
        "lambda_l2": (0.1, 30.0, "log"),
    },
    "xgboost": {
        "eta": (0.02, 0.08, "log"),
        "max_depth": (3, 8, "whole"),
        "min_child_weight": (1.0, 30.0, "log"),
        "colsample_bytree": (0.15, 0.7, ""),
        "subsample": (0.5, 1.0, ""),
        "reg_lambda": (0.1, 30.0, "log"),
    },
    "catboost": {
        "learning_rate": (0.03, 0.12, "log"),
        "depth": (4, 8, "whole"),
        "l2_leaf_reg": (1.0, 20.0, "log"),
    },
}
"""What is looked for, and between which ends."""


def tuned(
    rows: Rows,
    target: Floats,
    groups: NDArray[np.int64],
    *,
    folds: NDArray[np.intp],
    budget_s: float | None = None,
    trials: int | None = None,
    progress: ProgressCallback = ignore,
) -> tuple[Mapping[str, Settings], dict[str, int]]:
    """Settings for each library, and how many were tried: the published ones without a budget or a number of trials.

    The published ones are tried first, so that what is found is no worse on the first fold. A third of the budget goes
    to each library. Where the clock ends the search, the count says how far it came: the same count gives the same
    settings on any machine.

    Args:
        target: Shape (N,).
        groups: Shape (N,).
        folds: Shape (N,): the first is what settings are judged on.
    """
    base = {kind: _sized(settings, len(rows)) for kind, settings in PUBLISHED.items()}
    if budget_s is None and trials is None:
        return base, {}
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    mine = folds == folds.min()
    learnt = np.round(np.log(target) if (target > 0).all() else target / target.std(), DIGITS)
    train = rows.take(~mine)
    made, features = Features.fit(train, learnt[~mine], groups[~mine], plan_features(train, learnt[~mine]))
    judged = made.of(rows.take(mine), groups[mine])
    found: dict[str, Settings] = {}
    tried: dict[str, int] = {}
    for kind, published in base.items():
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, multivariate=False))
        study.enqueue_trial({name: published.get(name, low) for name, (low, _, _) in _RANGES[kind].items()})
        begun, stage = time.monotonic(), f"Looking for settings of {kind}"

        def beat(begun: float = begun, stage: str = stage) -> None:
            progress(Progress(stage, time.monotonic() - begun, (budget_s or 0) / 3 or None, "seconds"))

        def loss(trial: Any, kind: str = kind, beat: Callable[[], None] = beat) -> float:
            settings = {**base[kind], **_drawn(trial, kind)}
            model = Booster.fit(kind, features, learnt[~mine], settings=settings, seed=1, beat=beat)
            return round(float(np.sqrt(((model.answer(judged) - learnt[mine]) ** 2).mean())), DIGITS)

        study.optimize(loss, n_trials=trials, timeout=None if budget_s is None else budget_s / 3)
        found[kind] = {**published, **study.best_params}
        tried[kind] = len(study.trials)
    return found, tried


def _sized(settings: Settings, rows: int) -> Settings:
    """Settings with fewer trees for a table of few rows, which are learnt sooner: a quarter of them at the least."""
    return {**settings, "rounds": round(settings["rounds"] * min(1.0, max(0.25, rows / 4000)))}


def _drawn(trial: Any, kind: str) -> dict[str, float]:
    drawn: dict[str, float] = {}
    for name, (low, high, how) in _RANGES[kind].items():
        if how == "whole":
            drawn[name] = trial.suggest_int(name, int(low), int(high))
        else:
            drawn[name] = trial.suggest_float(name, low, high, log=how == "log")
    return drawn
