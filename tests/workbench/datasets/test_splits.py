from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.workbench.datasets.items import SIDES, Dataset
from closeup.workbench.datasets.splits import Split, folds, load_split, make_split, parts, save_split
from closeup.workbench.recipes.recipe import SplitRecipe
from workbench.datasets.tiny import made_up, refusal


def pets(count: int = 100, **more: str) -> Dataset:
    """Four cats for every dog."""
    return made_up([{"pet": "dog" if n % 5 == 0 else "cat", **more} for n in range(count)])


def said(*sides: str | None, group: str = "") -> list[dict[str, str]]:
    rows = [{"pet": "cat"} | ({"split": side} if side else {}) for side in sides]
    return [row | ({"group": group} if group else {}) for row in rows]


def sides_of(split: Split) -> list[str]:
    return list(split.sides.values())


# Drawing


def test_shares_are_kept_for_every_class() -> None:
    dataset = pets()
    split = make_split(dataset, SplitRecipe(val=0.2, test=0.1), "pet")
    assert split.counts() == {"train": 70, "val": 20, "test": 10}
    for side, dogs in zip(SIDES, (14, 4, 2), strict=True):
        labels = [dataset.items[index].labels["pet"] for index in split.indices(dataset, side)]
        assert labels.count("dog") == dogs
    assert set(split.origins.values()) == {"seed 0"}
    assert split.notes == ()


def test_the_seed_decides() -> None:
    first, same, other = (make_split(pets(), SplitRecipe(seed=seed), "pet") for seed in (1, 1, 2))
    assert first == same
    assert first.sides != other.sides
    assert first.counts() == other.counts()


def test_the_recipe_says_what_to_stratify_by() -> None:
    dataset = pets(colour="black")
    assert make_split(dataset, SplitRecipe(stratify="pet"), "colour") == make_split(dataset, SplitRecipe(), "pet")
    with pytest.raises(InputError, match="no labels called 'pets'"):
        make_split(dataset, SplitRecipe(stratify="pets"))


rows = st.lists(
    st.fixed_dictionaries({"pet": st.sampled_from(["cat", "dog"]), "group": st.sampled_from("abcdefgh")}),
    min_size=12,
    max_size=40,
)


@given(rows, st.integers(0, 3))
@settings(max_examples=40)
def test_no_group_lies_on_two_sides(made: list[dict[str, str]], seed: int) -> None:
    dataset = made_up(made)
    recipe = SplitRecipe(val=0.25, test=0.2, seed=seed)
    if refusal(lambda: make_split(dataset, recipe, "pet")) is not None:
        return
    split = make_split(dataset, recipe, "pet")
    assert split.sides.keys() == {item.key for item in dataset.items}
    sides = {(item.group, split.sides[item.key]) for item in dataset.items}
    assert len(sides) == len({item.group for item in dataset.items})


def test_absent_classes_are_noted() -> None:
    dataset = made_up([{"pet": "cat"}] * 20 + [{"pet": "emu"}])
    assert make_split(dataset, SplitRecipe(), "pet").notes == ("val has no picture of emu.",)


# What the data says of itself


def test_what_the_data_says_holds() -> None:
    split = make_split(made_up(said("train", "val", "test", "train")), SplitRecipe(val=0.5, test=0.1))
    assert sides_of(split) == ["train", "val", "test", "train"]
    assert set(split.origins.values()) == {"data"}


def test_where_the_data_has_a_val_nothing_is_drawn_for_it() -> None:
    split = make_split(made_up(said("val", None, None, None)), SplitRecipe(val=0.5))
    assert sides_of(split) == ["val", "train", "train", "train"]
    assert list(split.origins.values()) == ["data", "rest", "rest", "rest"]


def test_a_missing_val_is_drawn_from_train_and_not_from_test() -> None:
    split = make_split(made_up(said(*["train"] * 20, *["test"] * 5)), SplitRecipe(val=0.2))
    assert split.counts() == {"train": 16, "val": 4, "test": 5}


def test_what_only_goes_to_train_is_not_drawn() -> None:
    dataset = made_up([*said(*["train"] * 10), *({"pet": "cat", "source": "t"} for _ in range(10))])
    kept = tuple(replace(s, recipe=replace(s.recipe, only="train")) if s.name == "s" else s for s in dataset.sources)
    dataset = replace(dataset, sources=kept)
    split = make_split(dataset, SplitRecipe(val=0.5))
    assert sides_of(split)[:10] == ["train"] * 10
    assert split.counts()["val"] == 5
    assert set(split.origins.values()) == {"only", "seed 0"}


def test_pictures_follow_their_group() -> None:
    dataset = made_up([*said("val", None, None, group="p"), *said(None, None)])
    split = make_split(dataset, SplitRecipe())
    assert sides_of(split) == ["val", "val", "val", "train", "train"]
    assert list(split.origins.values()) == ["data", "group", "group", "rest", "rest"]


def test_a_group_that_the_data_tears_apart_is_refused() -> None:
    dataset = made_up([*said("train", "val", group="p"), *said("train")])
    with pytest.raises(InputError, match="1 groups lie on several sides in the data itself; 'p' is in train and val"):
        make_split(dataset, SplitRecipe())


# What cannot be


@pytest.mark.parametrize(("val", "test"), [(1.0, 0.0), (0.5, 0.5), (-0.1, 0.0), (0.0, -0.5)])
def test_impossible_shares_are_refused(val: float, test: float) -> None:
    with pytest.raises(InputError, match="leave nothing to learn from"):
        make_split(pets(), SplitRecipe(val=val, test=test))


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(InputError, match="No picture of made up is left for val: there are 2 in 2 groups"):
        make_split(pets(2), SplitRecipe(val=0.1))
    with pytest.raises(InputError, match="left for train"):
        make_split(made_up(said("val", "val")), SplitRecipe())
    assert make_split(pets(2), SplitRecipe(val=0)).counts()["train"] == 2


# Kept as a table


def test_a_split_is_read_back(tmp_path: Path) -> None:
    split = make_split(pets(), SplitRecipe(seed=7, test=0.1), "pet")
    save_split(tmp_path / "split.csv", split)
    assert load_split(tmp_path / "split.csv") == split


def test_a_split_is_kept_for_what_it_knows_and_new_pictures_join_their_groups(tmp_path: Path) -> None:
    old = made_up([{"pet": "cat", "group": f"g{n}"} for n in range(20)])
    save_split(tmp_path / "split.csv", make_split(old, SplitRecipe(val=0.3, seed=3)))
    kept = load_split(tmp_path / "split.csv")
    new = [replace(item, key=f"new {item.key}") for item in old.items[:10]]
    stranger = replace(old.items[0], key="stranger", group="stranger")
    dataset = replace(old, items=(*old.items[2:], *new, stranger))
    split = make_split(dataset, SplitRecipe(file="split.csv"), base=tmp_path)
    assert all(split.sides[item.key] == kept.sides[item.key] for item in old.items[2:])
    assert all(split.sides[f"new {item.key}"] == kept.sides[item.key] for item in old.items[:10])
    assert split.sides["stranger"] == "train"
    assert split.notes == (
        "Not in the split file: 11 pictures; each goes where its group is, or to train.",
        "No longer in the data: 2 pictures of the split file.",
    )


def test_a_split_of_other_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("key,split\nelsewhere.png,train\n")
    with pytest.raises(InputError, match="of other data"):
        make_split(pets(), SplitRecipe(file="s.csv"), base=tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("key,side\n", "no column 'split'"),
        ("key,split\na,dev\n", "line 2"),
        ("key,split\n,train\n", "line 2"),
        ("key,split\na,train\na,val\n", "line 3: a is there twice"),
        ("key,group,split\na,p,train\nb,p,val\n", "line 3: the group 'p' is on two sides"),
    ],
)
def test_a_file_that_is_no_split_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(InputError, match=complaint):
        load_split(tmp_path / "s.csv")


@given(st.lists(st.sampled_from(["key", "split", "group", "origin", "train", "val", "a", "seed 1", "\n", '"', ""])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_file_it_is_a_split_or_refused_by_name(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "s.csv"
    for before in ("", "key,split\n", "key,group,split,origin\na,p,train,seed 5\n"):
        path.write_text(before + ",".join(words))
        refused = refusal(lambda: load_split(path))
        assert refused is None or str(path) in refused


def test_a_missing_split_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_split(tmp_path / "s.csv")
    with pytest.raises(InputError, match="cannot be read"):
        load_split(tmp_path)


# Folds and parts


def test_folds_are_even_and_whole() -> None:
    dataset = made_up([{"pet": "dog" if n % 5 == 0 else "cat", "group": f"g{n // 2}"} for n in range(100)])
    found = folds(dataset, 5, 0, "pet")
    assert np.bincount(found).tolist() == [20] * 5
    assert (found[::2] == found[1::2]).all()
    with pytest.raises(InputError, match="50 groups, too few for 51 folds"):
        folds(dataset, 51)


@given(st.integers(1, 6), st.integers(0, 3), rows)
@settings(max_examples=40)
def test_parts_are_disjoint_and_everything(count: int, seed: int, made: list[dict[str, str]]) -> None:
    dataset = made_up(made)
    indices = np.arange(len(dataset))[::-1]
    found: list[int] = []
    for number in range(1, count + 1):
        part = f"{number}/{count}"
        if refusal(lambda part=part: parts(dataset, indices, part, seed, "pet")) is None:
            chosen = parts(dataset, indices, part, seed, "pet").tolist()
            assert chosen == sorted(chosen, reverse=True)
            assert not {dataset.items[i].group for i in chosen} & {dataset.items[i].group for i in found}
            found += chosen
    assert sorted(found) == list(range(len(dataset)))


def test_parts_keep_the_shares_of_what_is_cut() -> None:
    dataset = pets()
    chosen = parts(dataset, range(0, 100, 2), "2/5", field="pet")
    assert len(chosen) == 10
    assert [dataset.items[i].labels["pet"] for i in chosen].count("dog") == 2
    assert parts(dataset, [3, 1], "all").tolist() == [3, 1]


@pytest.mark.parametrize("part", ["", "1", "0/4", "5/4", "1/0", "a/b", "1/4/2", "-1/4", "²/4"])
def test_what_is_no_part_is_refused(part: str) -> None:
    with pytest.raises(InputError, match="no part of the data"):
        parts(pets(), range(100), part)


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(InputError, match="part 3/3 of 2 pictures is empty"):
        parts(pets(), [0, 1], "3/3")
