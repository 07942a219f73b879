from pathlib import Path

import numpy as np
import pytest

from closeup.features.appraise.columns import Rows, groups_of, read_rows_table, target_values, typed, understand
from closeup.features.appraise.features import Features, plan_features
from features.appraise.houses import house_rows, write_rows


@pytest.fixture
def houses(tmp_path: Path) -> tuple[Rows, np.ndarray, np.ndarray]:
    table = read_rows_table(write_rows(tmp_path / "t.csv", house_rows()))
    rows = typed(table, understand(table, "price"))
    return rows, np.log(target_values(table, "price")), groups_of(rows)[0]


def test_the_features_are_those_that_the_columns_allow(houses: tuple[Rows, np.ndarray, np.ndarray]) -> None:
    rows, target, groups = houses
    plan = plan_features(rows, target)
    assert plan.size in ("sqft_living", "sqft_lot")  # one is three times the other
    assert plan.renewed == ("yr_renovated",)
    assert list(plan.categories) == ["kind", "zipcode"]
    made, values = Features.fit(rows, target, groups, plan)
    assert values.shape == (len(rows), len(made.names))
    columns = dict(zip(made.names, values.T, strict=True))
    np.testing.assert_array_equal(columns["age by yr_built"], 2014 - rows.numbers["yr_built"])
    assert {"kind is farm", "zipcode: mean target", "20 nearest: mean error", "km to dear place 1"} <= set(columns)
    assert np.corrcoef(columns["alike nearby: guess"], target)[0, 1] > 0.9


def test_no_row_knows_its_own_target_nor_that_of_its_group(houses: tuple[Rows, np.ndarray, np.ndarray]) -> None:
    """A leak is planted: one thing's price is multiplied by a thousand, and its own features must not see it."""
    rows, target, groups = houses
    plan = plan_features(rows, target)
    made, before = Features.fit(rows, target, groups, plan)
    told = target.copy()
    told[:2] += np.log(1000)  # sold twice: one group
    after = Features.fit(rows, told, groups, plan)[1]
    np.testing.assert_array_equal(before[:2], after[:2])
    assert (before[2:] != after[2:]).any()
    changed = Features.fit(rows, told, groups, plan)[0].of(rows.take(np.arange(2)), groups[:2])
    names = [place for place, name in enumerate(made.names) if "nearest: mean target" in name]
    np.testing.assert_array_equal(changed[:, names], made.of(rows.take(np.arange(2)), groups[:2])[:, names])


def test_flats_at_one_place_and_rows_without_a_place(houses: tuple[Rows, np.ndarray, np.ndarray]) -> None:
    rows, target, groups = houses
    for name, place in (("lat", 47.6), ("long", -122.2)):
        rows.numbers[name][:60] = place
        rows.numbers[name][60:70] = np.nan
    plan = plan_features(rows, target)
    made, values = Features.fit(rows, target, groups, plan)
    columns = dict(zip(made.names, values.T, strict=True))
    assert columns["5 nearest: km"][:60].max() == 0
    assert np.isfinite(columns["alike nearby: mean error"][:60]).all()
    assert np.isnan(columns["5 nearest: km"][60:70]).all()


def test_the_order_of_the_rows_asked_changes_nothing(houses: tuple[Rows, np.ndarray, np.ndarray]) -> None:
    rows, target, groups = houses
    made = Features.fit(rows, target, groups, plan_features(rows, target))[0]
    order = np.random.default_rng(1).permutation(len(rows))
    np.testing.assert_array_equal(made.of(rows, groups)[order], made.of(rows.take(order), groups[order]))
