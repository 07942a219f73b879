"""What a model recommends, and what always holds of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.documents.npz import npz_bytes, read_npz
from closeup.features.recommend.events import read_events
from closeup.features.recommend.fit import fit_recommender
from closeup.features.recommend.model import Recommender, open_recommender
from features.recommend.plays import SMALL, fitted, rows, write


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    return fitted(tmp_path_factory.mktemp("plays"))


def test_people_are_recommended_what_people_like_them_take(model: Recommender) -> None:
    taste = {user: [int(each["item"][1:]) % 3 for each in model.for_user(user, 3)] for user in model.users.ids}
    assert sum(found.count(int(user[1:]) % 3) for user, found in taste.items()) > 0.6 * 3 * len(taste)  # by chance: 1/3


def test_similar_items_are_of_one_taste(model: Recommender) -> None:
    found = [int(each["item"][1:]) % 3 for each in model.similar("i04", 4)]
    assert found.count(1) >= 3
    assert all(each["item"] != "i04" for each in model.similar("i04", 40))


@settings(max_examples=40)
@given(st.integers(0, 44))
def test_what_is_known_is_never_recommended_and_nothing_twice(model: Recommender, row: int) -> None:
    user = model.users.ids[row]
    found = [each["item"] for each in model.for_user(user, 100)]
    known = {model.items.ids[k] for k in model.history.columns[model.history.row(row)].tolist()}
    assert not known & set(found)
    assert len(found) == len(set(found)) == len(model.items.ids) - len(known)


@settings(max_examples=40)
@given(st.integers(0, 44), st.integers(0, 26))
def test_explanations_add_up_to_the_score(model: Recommender, row: int, place: int) -> None:
    user = model.users.ids[row]
    offered = model.for_user(user, 27)[place]
    found = model.explain(user, offered["item"])
    assert found["score"] == pytest.approx(offered["score"], abs=1e-8)
    assert sum(each["adds"] for each in found["because"]) == pytest.approx(found["score"], abs=1e-9)
    assert [each["adds"] for each in found["because"]] == sorted((e["adds"] for e in found["because"]), reverse=True)


def test_what_was_taken_is_not_explained(model: Recommender) -> None:
    taken = model.items.ids[int(model.history.columns[0])]
    with pytest.raises(InputError, match="has taken"):
        model.explain("u00", taken)
    with pytest.raises(InputError, match="no user 'nobody'"):
        model.for_user("nobody")


def test_golden_lists(model: Recommender) -> None:
    assert [each["item"] for each in model.for_user("u07", 5)] == GOLDEN["u07"]
    assert [each["item"] for each in model.similar("i10", 5)] == GOLDEN["i10"]


GOLDEN = {"u07": ["i16", "i25", "i01", "i20", "i22"], "i10": ["i25", "i31", "i16", "i28", "i19"]}


def test_other_ids_for_the_same_people_and_items_change_nothing_else(tmp_path: Path) -> None:
    plain = fitted(tmp_path)
    moved = fitted(tmp_path, [(f"v{user}", f"{1000 + int(item[1:])}", plays, day) for user, item, plays, day in rows()])
    for user in plain.users.ids[:9]:
        a = [(f"{1000 + int(each['item'][1:])}", each["score"]) for each in plain.for_user(user, 5)]
        assert a == [(each["item"], each["score"]) for each in moved.for_user(f"v{user}", 5)]


def test_ids_in_another_order_start_the_search_elsewhere_and_it_ends_nearby(tmp_path: Path) -> None:
    plain = fitted(tmp_path)
    names = {f"i{k:02d}": f"j{(7 * k) % 36:02d}" for k in range(36)}
    moved = fitted(tmp_path, [(user, names[item], plays, day) for user, item, plays, day in rows()])
    same = [
        len({names[each["item"]] for each in plain.for_user(user, 5)} & {e["item"] for e in moved.for_user(user, 5)})
        for user in plain.users.ids
    ]
    assert np.mean(same) > 0.65 * 5  # by chance: 5 of 27 would be 0.9


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    lines = rows()
    mixed = [lines[k] for k in np.random.default_rng(1).permutation(len(lines))]
    a, b = fitted(tmp_path, lines), fitted(tmp_path, mixed)
    assert (a.scores(a.history) == b.scores(b.history)).all()


def test_a_model_comes_back_from_its_folder(model: Recommender, tmp_path: Path) -> None:
    again = open_recommender(model.save(tmp_path / "model"))
    assert again.for_user("u03") == model.for_user("u03")
    assert again.similar("i03") == model.similar("i03")
    assert again.explain("u03", model.for_user("u03", 1)[0]["item"]) == model.explain(
        "u03", model.for_user("u03", 1)[0]["item"]
    )
    assert again.header == model.header


@pytest.mark.parametrize("damage", ["ids", "short", "columns"])
def test_parts_that_do_not_fit_are_said(damage: str, model: Recommender, tmp_path: Path) -> None:
    out = model.save(tmp_path / "model")
    ids = json.loads((out / "ids.json").read_text())
    if damage == "ids":
        ids.pop("users")
    else:
        ids["users" if damage == "short" else "items"].pop()
    (out / "ids.json").write_text(json.dumps(ids))
    with pytest.raises(FormatError, match="is damaged"):
        open_recommender(out)


def test_a_new_user_is_folded_in_and_known_ones_learn(model: Recommender, tmp_path: Path) -> None:
    lines = [("new", f"i{k:02d}", 9, "2024-01-01") for k in (0, 3, 6, 9)] + [("u00", "i35", 3, "2024-01-01")]
    lines.append(("new", "never-heard", 2, "2024-01-01"))
    grown, notes = model.with_events(read_events(write(tmp_path / "more.csv", lines)))
    assert notes == ["1 new user, 1 known one.", "1 pair of items that the model does not know were left out."]
    found = [int(each["item"][1:]) % 3 for each in grown.for_user("new", 3)]
    assert found.count(0) >= 2
    assert "i35" not in [each["item"] for each in grown.for_user("u00", 100)]
    assert len({each["item"] for each in grown.for_user("u05", 8)} & {e["item"] for e in model.for_user("u05", 8)}) >= 6
    again = open_recommender(grown.save(tmp_path / "grown"))
    assert again.for_user("new") == grown.for_user("new")
    assert "Added from more.csv" in again.header.notes[-1]
    with pytest.raises(InputError, match="knows none of the items"):
        model.with_events(read_events(write(tmp_path / "none.csv", [("a", "zz", 1, "2024-01-01")])))


def test_a_folder_of_before_events_made_items_learn_still_opens(model: Recommender, tmp_path: Path) -> None:
    new = read_events(write(tmp_path / "more.csv", [("new", f"i{k:02d}", 9, "2024-01-01") for k in (0, 3, 6, 9)]))
    grown, out = model.with_events(new)[0], model.save(tmp_path / "old")
    arrays = read_npz((out / "arrays.npz").read_bytes())
    old = {name.replace("history_", "fitted_"): each for name, each in arrays.items()}
    (out / "arrays.npz").write_bytes(npz_bytes(old))
    assert open_recommender(out).for_user("u03") == model.for_user("u03")
    old |= {f"history_{name}": getattr(grown.history, name) for name in ("starts", "columns", "weights")}
    (out / "arrays.npz").write_bytes(npz_bytes(old))
    ids = json.loads((out / "ids.json").read_text())
    (out / "ids.json").write_text(json.dumps({**ids, "users": [*ids["users"], "new"]}))
    again = open_recommender(out)
    offered = again.for_user("new", 1)[0]
    because = again.explain("new", offered["item"])["because"]
    assert sum(each["adds"] for each in because) == pytest.approx(offered["score"], abs=1e-8)


def test_folding_in_is_near_a_fit_with_the_user(tmp_path: Path) -> None:
    lines = rows()
    without = [line for line in lines if line[0] != "u10"]
    grown, _ = fitted(tmp_path, without).with_events(
        read_events(write(tmp_path / "one.csv", [line for line in lines if line[0] == "u10"]))
    )
    whole = fitted(tmp_path, lines)
    a, b = ([each["item"] for each in one.for_user("u10", 8)] for one in (grown, whole))
    assert len(set(a) & set(b)) >= 6


def test_nobody_takes_it_so_nobody_is_offered_it(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("id,name\ni00,Zero\nghost,Ghost\n")
    model = fit_recommender(write(tmp_path / "plays.csv", rows()), names=tmp_path / "names.csv", options=SMALL)
    assert "ghost" not in [each["item"] for each in model.for_user("u00", 100)]
    assert model.items.find("zero") == model.items.find("i00")
    with pytest.raises(InputError, match="Nobody has taken Ghost"):
        model.similar("ghost")


@pytest.mark.parametrize("lines", [[("a", "x", 1, "2024-01-01")], [("a", "x", 1, ""), ("a", "y", 1, "")]])
def test_one_row_and_one_user(lines: list[tuple[str, str, int, str]], tmp_path: Path) -> None:
    assert fitted(tmp_path, lines).for_user("a") == []


def test_constant_weights_are_binary(tmp_path: Path) -> None:
    lines = [(user, item, 7, day) for user, item, _, day in rows()]
    path = write(tmp_path / "plays.csv", lines)
    a, b = (fit_recommender(path, options=replace(SMALL, weights=each)) for each in ("log", "binary"))
    np.testing.assert_allclose(a.scores(a.history), b.scores(b.history), atol=1e-9)
