"""LightGBM, XGBoost and CatBoost behind one face: learn, answer, contributions that sum to the answer, bytes.

The same answer on every processor and for any number of threads: LightGBM is asked for it, CatBoost gives it, and
XGBoost always works with the same number of threads, on one core too.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import DependencyError, FormatError
from closeup.core.settings import wait_asleep

wait_asleep()  # before OpenMP is loaded, which reads it once

try:
    import catboost
    import lightgbm
    import xgboost
except ImportError as error:
    raise DependencyError(
        f"Appraising needs LightGBM, XGBoost and CatBoost ({error}).",
        "Install them.",
        code="package.absent",
        extra="appraise",
    ) from error

Floats = NDArray[np.float64]
Settings = Mapping[str, Any]
Beat = Callable[[], None]
"""Called after each tree: it may raise to stop."""

THREADS = 2
"""Of every fit, whatever the machine has: sums of XGBoost's threads are added in their order."""

PUBLISHED: Mapping[str, Settings] = {
    "lightgbm": {
        "rounds": 3000,
        "learning_rate": 0.04,
        "extra_trees": True,
        "num_leaves": 15,
        "min_data_in_leaf": 10,
        "feature_fraction": 0.3,
        "bagging_fraction": 0.8,
        "lambda_l2": 3.0,
    },
    "xgboost": {
        "rounds": 900,
        "eta": 0.04,
        "max_depth": 5,
        "min_child_weight": 5.0,
        "colsample_bytree": 0.3,
        "subsample": 0.8,
        "reg_lambda": 3.0,
    },
    "catboost": {"rounds": 1600, "learning_rate": 0.05, "depth": 6, "l2_leaf_reg": 3.0, "rsm": 0.3},
}
"""What each learns by where nothing else is said: chosen once, on one fold of house prices."""

SUFFIXES = {"lightgbm": ".txt", "xgboost": ".json", "catboost": ".cbm"}
"""Endings of their own files."""

logging.getLogger("xgboost").setLevel(logging.WARNING)


class Booster:
    """One model of one library.

    Attributes:
        kind: Of `PUBLISHED`.
    """

    def __init__(self, kind: str, model: Any) -> None:
        self.kind, self._model = kind, model

    @classmethod
    def fit(
        cls, kind: str, features: Floats, target: Floats, *, settings: Settings, seed: int, beat: Beat = lambda: None
    ) -> "Booster":
        """Learn a target (N,) from features (N, F), NaN where unknown.

        Args:
            settings: As those of `PUBLISHED`; "rounds" is how many trees.
            beat: Called after each tree.
        """
        chosen = dict(settings)
        rounds = int(chosen.pop("rounds"))
        learn = {"lightgbm": _lightgbm, "xgboost": _xgboost, "catboost": _catboost}[kind]
        return cls(kind, learn(features, target, chosen, rounds, seed, beat))

    def answer(self, features: Floats) -> Floats:
        """Estimates (N,) of features (N, F)."""
        if self.kind == "xgboost":
            found = self._model.predict(xgboost.DMatrix(features, nthread=THREADS))
        elif self.kind == "catboost":
            found = self._model.predict(features, thread_count=THREADS)
        else:
            found = self._model.predict(features, num_threads=THREADS)
        return np.asarray(found, np.float64)

    def contributions(self, features: Floats) -> Floats:
        """What each feature adds to each answer, and last what all answers start from: (N, F + 1).

        Exact for trees (Lundberg et al., From local explanations to global understanding, 2020); the sums are made to
        be the answer to the last bit that float64 has, where a library sums in float32.
        """
        if self.kind == "xgboost":
            found = self._model.predict(xgboost.DMatrix(features, nthread=THREADS), pred_contribs=True)
        elif self.kind == "catboost":
            pool = catboost.Pool(features, thread_count=THREADS)
            found = self._model.get_feature_importance(pool, type="ShapValues", thread_count=THREADS)
        else:
            found = self._model.predict(features, pred_contrib=True, num_threads=THREADS)
        parts = np.asarray(found, np.float64)
        parts[:, -1] += self.answer(features) - parts.sum(axis=1)
        return parts

    def to_bytes(self) -> bytes:
        """The library's own file: text of LightGBM, JSON of XGBoost, CatBoost's binary."""
        if self.kind == "lightgbm":
            return str(self._model.model_to_string()).encode()
        if self.kind == "xgboost":
            return bytes(self._model.save_raw("json"))
        return bytes(self._model._serialize_model())

    @classmethod
    def from_bytes(cls, kind: str, content: bytes) -> "Booster":
        """Read what `to_bytes` gave; nothing in it is run.

        Raises:
            FormatError: If it is no such file.
        """
        try:
            if kind == "lightgbm":
                return cls(kind, lightgbm.Booster(model_str=content.decode()))
            if kind == "xgboost":
                model = xgboost.Booster({"nthread": THREADS})
                model.load_model(bytearray(content))
                return cls(kind, model)
            forest = catboost.CatBoostRegressor()
            forest.load_model(blob=content)
            return cls(kind, forest)
        except (lightgbm.basic.LightGBMError, xgboost.core.XGBoostError, catboost.CatBoostError, ValueError) as error:
            raise FormatError(f"It is no model of {kind}, or a damaged one.") from error


def _lightgbm(features: Floats, target: Floats, chosen: Settings, rounds: int, seed: int, beat: Beat) -> Any:
    fixed = {
        "objective": "regression",
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "bagging_freq": 1,
        "seed": seed,
    }
    # Where there are few rows, a leaf must not need more than there can be in one.
    few = {"min_data_in_leaf": max(1, min(int(chosen.get("min_data_in_leaf", 10)), len(target) // 20))}
    data = lightgbm.Dataset(features, target, params={"min_data_in_bin": 1} if len(target) < 500 else {})
    return lightgbm.train({**fixed, **chosen, **few}, data, rounds, callbacks=[lambda _: beat()])


def _xgboost(features: Floats, target: Floats, chosen: Settings, rounds: int, seed: int, beat: Beat) -> Any:
    class Heart(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            beat()
            return False

    fixed = {
        "objective": "reg:squarederror",
        "tree_method": "hist",
        "nthread": THREADS,
        "seed": seed,
        "base_score": round(float(target.mean()), 6),
        "verbosity": 0,
    }
    data = xgboost.DMatrix(features, label=target, nthread=THREADS)
    return xgboost.train({**fixed, **chosen}, data, rounds, callbacks=[Heart()])


def _catboost(features: Floats, target: Floats, chosen: Settings, rounds: int, seed: int, beat: Beat) -> Any:
    class Pulse:
        def after_iteration(self, info: Any) -> bool:
            beat()
            return True

    model = catboost.CatBoostRegressor(
        loss_function="RMSE",
        iterations=rounds,
        random_seed=seed,
        thread_count=THREADS,
        allow_writing_files=False,
        logging_level="Silent",
        **chosen,
    )
    model.fit(features, target, callbacks=[Pulse()])
    return model
