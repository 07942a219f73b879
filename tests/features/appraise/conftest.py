from collections.abc import Iterator

import pytest

from closeup.features.appraise import fit, tuning
from closeup.features.appraise.boosting import PUBLISHED


@pytest.fixture(scope="session", autouse=True)
def _few_trees() -> Iterator[None]:
    """Fits take a second or two: of 240 trees a small table gets 60, and they learn fast."""
    few = {kind: {**settings, "rounds": 240} for kind, settings in PUBLISHED.items()}
    for kind, rate in (("lightgbm", "learning_rate"), ("xgboost", "eta"), ("catboost", "learning_rate")):
        few[kind][rate] = 0.08
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "PUBLISHED", few)
        patch.setattr(fit, "SPREAD", {**fit.SPREAD, "rounds": 20})
        yield
