import json
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.documents.learners import LEARNER_EVALUATION, MODEL_JSON
from closeup.features.appraise.columns import read_rows_table
from closeup.features.appraise.fit import fit_appraiser
from closeup.features.appraise.model import Appraiser, appraise, evaluate_appraiser, explain_row, predict_table
from closeup.tables.strict_csv import parse_table
from features.appraise.houses import house_rows, write_rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 240 houses."""
    folder = tmp_path_factory.mktemp("model")
    fit_appraiser(write_rows(folder / "t.csv", house_rows()), "price", folder / "m")
    return folder / "m"


def test_a_model_is_near_the_truth_on_rows_that_it_did_not_learn(model: Path, tmp_path: Path) -> None:
    new = [{**row, "id": f"8{row['id']}"} for row in house_rows(200, seed=5)]
    found = evaluate_appraiser(model, write_rows(tmp_path / "new.csv", new))
    assert {"rmse", "mae", "mape", "log_rmse", "r2", "bias"} < set(found.metrics)
    assert found.metrics["log_rmse"].value < 0.16  # the noise is 0.1
    assert found.metrics["log_rmse"].low < found.metrics["log_rmse"].value < found.metrics["log_rmse"].high
    assert found.metrics["cover_90"].value > 0.8
    assert found.differences["the middle of the fit for all"]["rmse"].high < 0
    LEARNER_EVALUATION.to_data(found)


def test_rows_that_were_learnt_are_said(model: Path) -> None:
    notes = evaluate_appraiser(model, model.parent / "t.csv").notes
    assert any("flatter" in note for note in notes)


def test_the_parts_of_an_explanation_sum_to_the_price(model: Path) -> None:
    fitted = Appraiser(model)
    rows, groups, _ = fitted.rows(read_rows_table(model.parent / "t.csv"))
    names, parts, values = fitted.explain(rows, groups)
    assert parts.shape == (len(rows), len(names) + 1)
    assert values.shape == (len(rows), len(names))
    np.testing.assert_allclose(parts.sum(axis=1), fitted.answer(rows, groups).price, rtol=6e-6)
    one = explain_row(model, model.parent / "t.csv", 7)
    assert one["start"] + sum(part["adds"] for part in one["parts"]) == pytest.approx(one["price"], rel=6e-6)
    with pytest.raises(InputError, match="no row 1000"):
        explain_row(model, model.parent / "t.csv", 1000)


def test_the_order_of_the_rows_changes_no_answer(model: Path, tmp_path: Path) -> None:
    rows = house_rows(60, seed=3)
    first = appraise(model, write_rows(tmp_path / "a.csv", rows))[1]
    second = appraise(model, write_rows(tmp_path / "b.csv", rows[::-1]))[1]
    np.testing.assert_array_equal(first.price, second.price[::-1])
    np.testing.assert_array_equal(first.high, second.high[::-1])


def test_more_cover_reaches_further(model: Path) -> None:
    narrow, wide = (appraise(model, model.parent / "t.csv", cover)[1] for cover in (0.5, 0.95))
    assert (narrow.low >= wide.low).all()
    assert (narrow.high <= wide.high).all()
    with pytest.raises(InputError, match="above 0 and below 1"):
        appraise(model, model.parent / "t.csv", 1.0)


def test_prices_are_written_whole_and_nothing_is_replaced_unasked(model: Path, tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "price"} for row in house_rows(5, seed=9)]
    out = tmp_path / "prices.csv"
    predict_table(model, write_rows(tmp_path / "t.csv", rows), out)
    table = parse_table(out.read_bytes(), "prices.csv")
    assert table.columns == ("line", "id", "price", "mean", "low", "high")
    assert all(float(row["low"]) < float(row["price"]) < float(row["high"]) for _, row in table.rows)
    with pytest.raises(OutputError):
        predict_table(model, tmp_path / "t.csv", out)


def test_odd_tables_to_answer(model: Path, tmp_path: Path) -> None:
    rows = house_rows(6, seed=4)
    for row in rows:
        row["kind"], row["zipcode"], row["sqft_lot"], row["new"] = "castle", "99999", "", 1
        row["id"] = f"{row['id']}.0"
    rows[1]["date"], rows[2]["sqft_living"] = "13 May", "wide"
    notes = appraise(model, write_rows(tmp_path / "odd.csv", rows, "utf-8-sig"))[2]
    assert any("kind: 1 value that the fit did not have: castle" in note for note in notes)
    assert any("passed over: new" in note for note in notes)
    assert any("date: 1 cell is no date in the form of the fit" in note and "13 May" in note for note in notes)
    assert any("sqft_living: 1 cell is no number" in note and "wide" in note for note in notes)
    less = [{name: value for name, value in row.items() if name not in ("lat", "bedrooms")} for row in rows]
    with pytest.raises(InputError, match=r"lacks 2 columns that the model rests on: bedrooms, lat"):
        appraise(model, write_rows(tmp_path / "less.csv", less))
    without = [{name: value for name, value in row.items() if name != "id"} for row in rows]
    assert any("no column 'id'" in note for note in appraise(model, write_rows(tmp_path / "w.csv", without))[2])


def test_a_model_of_another_version_or_a_damaged_one(model: Path, tmp_path: Path) -> None:
    import shutil

    other = tmp_path / "m"
    shutil.copytree(model, other)
    header = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps({**header, "format": 99}))
    with pytest.raises(FormatError, match="format 99"):
        Appraiser(other)
    (other / "model.json").write_text(json.dumps(header))
    (other / "lightgbm-log-1.txt").write_bytes(b"tree\nnonsense")
    with pytest.raises(FormatError, match="lightgbm"):
        Appraiser(other)
    with pytest.raises(InputError, match="not a model"):
        Appraiser(tmp_path / "nowhere")


def test_a_fit_is_the_same_twice_and_needs_enough(model: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    fit_appraiser(model.parent / "t.csv", "price", again)
    for name in ("lightgbm-log-1.txt", "xgboost-log-beside-1.json", "arrays.npz"):
        assert (model / name).read_bytes() == (again / name).read_bytes(), name
    with pytest.raises(InputError, match="needs 20 at least"):
        fit_appraiser(write_rows(tmp_path / "few.csv", house_rows(19)), "price", tmp_path / "x")
    same = [{**row, "price": 5} for row in house_rows(30)]
    with pytest.raises(InputError, match="is 5 in every row"):
        fit_appraiser(write_rows(tmp_path / "same.csv", same), "price", tmp_path / "x")
    bare = [{"a": 1, "price": number} for number in range(30)]
    with pytest.raises(InputError, match="no column but price"):
        fit_appraiser(write_rows(tmp_path / "bare.csv", bare), "price", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_trials_are_counted_and_kept(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.csv", house_rows(60))
    header = fit_appraiser(table, "price", tmp_path / "m", trials=2)
    assert header.settings == MODEL_JSON.read(tmp_path / "m" / "model.json").settings
    assert header.settings["trials"] == {"lightgbm": 2, "xgboost": 2, "catboost": 2}


def _sklearn_rows(name: str, gaps: bool) -> tuple[list[dict[str, object]], str]:
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    names, target = list(data.feature_names), "outcome"
    draw = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for values, outcome in zip(data.data.tolist(), data.target.tolist(), strict=True):
        row: dict[str, object] = dict(zip(names, values, strict=True))
        if name == "wine":  # categories, and a target below 0
            row |= {"cultivar": f"grape {int(outcome)}"}
            row[target] = row.pop("proline") - 700  # type: ignore[operator]
        else:
            row[target] = outcome
        rows.append({key: "" if gaps and key != target and draw.random() < 0.2 else cell for key, cell in row.items()})
    return rows, target


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(("name", "r2"), [("diabetes", 0.25), ("wine", 0.5)])
def test_a_table_that_is_no_house(tmp_path: Path, name: str, r2: float, gaps: bool) -> None:
    rows, target = _sklearn_rows(name, gaps)
    model = tmp_path / "m"
    metrics = fit_appraiser(write_rows(tmp_path / "t.csv", rows), target, model).metrics
    assert metrics["r2"].value > r2
    assert ("mape" in metrics) == (name == "diabetes")
    fitted = Appraiser(model)
    asked, groups, _ = fitted.rows(read_rows_table(tmp_path / "t.csv"))
    answers = fitted.answer(asked, groups)
    np.testing.assert_allclose(
        fitted.explain(asked, groups)[1].sum(axis=1), answers.price, rtol=1e-5, atol=1e-5 * np.ptp(answers.price)
    )


def test_korean_in_an_old_code_page(tmp_path: Path) -> None:
    rows = [{"구": ("강남구", "서초구", "마포구")[n % 3], "면적": 30 + n, "가격": 100 + 3 * n} for n in range(60)]
    header = fit_appraiser(write_rows(tmp_path / "t.csv", rows, "cp949"), "가격", tmp_path / "m")
    assert any("CP949" in note for note in header.notes)
    assert header.metrics["r2"].value > 0.8
