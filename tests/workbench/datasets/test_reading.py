from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import MOST_CLASSES, open_dataset, open_one
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe
from workbench.datasets.tiny import folder, refusal

PEOPLE = """path,age,gender,kind,who
1.png,31,female,real,p
2.png,4,male,real,p
3.png,,male,drawn,q
"""


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three pictures with a table."""
    folder(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "people.csv").write_text(PEOPLE)
    return tmp_path / "people.csv"


def opened(path: Path, *heads: HeadRecipe, **settings: Any) -> Dataset:
    return open_dataset([DataSource(path.name, **settings)], base=path.parent, heads=heads)


def test_without_heads_columns_of_few_values_are_fields(people: Path) -> None:
    dataset = opened(people)
    assert [field.name for field in dataset.fields] == ["age", "gender", "kind", "who"]
    assert dataset.items[0].columns == {"age": "31", "gender": "female", "kind": "real", "who": "p"}
    assert dataset.items[2].labels == {"gender": "male", "kind": "drawn", "who": "q"}
    assert dataset.items[0].group == "1.png"


def test_many_numbers_are_a_value_and_many_texts_are_no_label(tmp_path: Path) -> None:
    count = MOST_CLASSES + 1
    folder(tmp_path, [f"{n}.png" for n in range(count)])
    rows = "".join(f"{n}.png,{n},name {n},{n % 3}\n" for n in range(count))
    (tmp_path / "a.csv").write_text("path,age,name,level\n" + rows)
    dataset = open_one(tmp_path / "a.csv")
    assert [(field.name, field.kind) for field in dataset.fields] == [("age", "value"), ("level", "classes")]
    assert dataset.items[7].labels == {"age": 7.0, "level": "1"}
    assert any("'name' has 101 different texts" in note for note in dataset.notes)


def test_heads_say_which_fields_and_which_are_numbers(people: Path) -> None:
    heads = (HeadRecipe("age", kind="value", low=0, high=100), HeadRecipe("sex", field="gender"))
    dataset = opened(people, *heads)
    assert [item.labels for item in dataset.items] == [
        {"age": 31.0, "gender": "female"},
        {"age": 4.0, "gender": "male"},
        {"gender": "male"},
    ]
    assert dataset.field("gender").classes == ("female", "male")


def test_fields_read_columns_rename_and_constants_are_for_all(people: Path) -> None:
    dataset = opened(
        people,
        HeadRecipe("mask"),
        HeadRecipe("sex"),
        fields={"sex": "gender"},
        rename={"sex": {"female": "f", "male": "m"}},
        constant={"mask": "no_mask"},
        group_column="who",
    )
    assert [item.labels for item in dataset.items] == [{"sex": s, "mask": "no_mask"} for s in ("f", "m", "m")]
    assert [item.group for item in dataset.items] == ["p", "p", "q"]


def test_a_field_that_is_not_there_is_not_labelled(people: Path) -> None:
    assert opened(people, HeadRecipe("mask")).labels("mask") == [None] * 3


def test_the_only_head_learns_the_classes_of_a_folder(tmp_path: Path) -> None:
    folder(tmp_path / "faces", ["angry/1.png", "happy/2.png"])
    dataset = opened(tmp_path / "faces", HeadRecipe("expression"), rename={"expression": {"angry": "anger"}})
    assert dataset.labels("expression") == ["anger", "happy"]
    two = opened(tmp_path / "faces", HeadRecipe("expression"), HeadRecipe("mask"), fields={"mask": "class"})
    assert two.labels("mask") == ["angry", "happy"]
    assert two.labels("expression") == [None, None]


def test_where_and_only_choose_and_are_counted(people: Path) -> None:
    assert [item.key for item in opened(people, where={"kind": "real", "gender": "male"}).items] == ["2.png"]
    assert {item.split for item in opened(people, only="test").items} == {"test"}


def test_only_leaves_out_what_belongs_elsewhere(tmp_path: Path) -> None:
    folder(tmp_path / "f", ["train/a/1.png", "train/b/2.png", "val/a/3.png"])
    dataset = opened(tmp_path / "f", only="train")
    assert [item.split for item in dataset.items] == ["train", "train"]
    assert dataset.notes == ("Left out: 1 picture of other sides than train.",)
    with pytest.raises(InputError, match="no pictures for 'test'"):
        opened(tmp_path / "f", only="test")


def test_several_sources_are_one_dataset(people: Path) -> None:
    folder(people.parent / "more" / "no_mask", ["1.png"])
    sources = [
        DataSource("people.csv", fields={"sex": "gender"}),
        DataSource("more", fields={"mask": "class"}, repeat=3),
    ]
    dataset = open_dataset(sources, base=people.parent)
    assert [item.key for item in dataset.items] == [*(f"people/{n}.png" for n in (1, 2, 3)), "more/no_mask/1.png"]
    assert [item.group for item in dataset.items] == [item.key for item in dataset.items]
    assert [field.name for field in dataset.fields] == ["sex", "mask"]
    assert [source.recipe.repeat for source in dataset.sources] == [1, 3]
    assert dataset.name == "people + more"


def test_what_is_a_number_in_one_source_and_a_name_in_another_is_a_name(tmp_path: Path) -> None:
    for name, ages in (("many", range(30)), ("few", range(3))):
        folder(tmp_path / name, [f"{age}.png" for age in ages])
        (tmp_path / name / "labels.csv").write_text("path,age\n" + "".join(f"{age}.png,{age}\n" for age in ages))
    both = [DataSource("many"), DataSource("few")]
    dataset = open_dataset(both, base=tmp_path)
    assert dataset.field("age").kind == "classes"
    assert set(dataset.field("age").classes) == {str(age) for age in range(30)}
    assert dataset.items[7].labels == {"age": "7"}
    years = open_dataset(both, base=tmp_path, heads=[HeadRecipe("age", kind="value", high=99)])
    assert [item.labels["age"] for item in years.items[-3:]] == [0.0, 1.0, 2.0]


def test_names_of_sources(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder(tmp_path / name, ["1.png"])
        (tmp_path / name / "labels.csv").write_text("path,x\n1.png,y\n")
    sources = [DataSource("a/labels.csv"), DataSource("b/labels.csv"), DataSource("a", name="again")]
    assert [s.name for s in open_dataset(sources, base=tmp_path).sources] == ["a", "b", "again"]
    with pytest.raises(InputError, match="Two sources are called 'a'"):
        open_dataset([DataSource("a"), DataSource("a/labels.csv")], base=tmp_path)


def test_corrections_come_before_choosing_and_renaming(people: Path) -> None:
    (people.parent / "c.csv").write_text(
        "kind,which,field,old,new\npicture,3.png,kind,drawn,real\npicture,1.png,sex,f,m\n"
    )
    dataset = opened(
        people,
        fields={"sex": "gender"},
        rename={"sex": {"female": "f", "male": "m"}},
        where={"kind": "real"},
        corrections="c.csv",
    )
    assert dataset.labels("sex") == ["m", "m", "m"]
    assert dataset.items[0].columns["gender"] == "m"
    assert [applied.keys for applied in dataset.corrections] == [("3.png",), ("1.png",)]
    assert dataset.field("sex").classes == ("m",)


def test_two_sources_keep_their_own_corrections(people: Path) -> None:
    (people.parent / "c.csv").write_text("kind,which,field,old,new\npicture,1.png,gender,female,male\n")
    sources = [DataSource("people.csv", corrections="c.csv"), DataSource("people.csv", name="as it was")]
    dataset = open_dataset(sources, base=people.parent)
    assert dataset.labels("gender") == ["male", "male", "male", "female", "male", "male"]
    assert [(applied.source, applied.keys) for applied in dataset.corrections] == [("people", ("people/1.png",))]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"fields": {"sex": "gendr"}}, r"no column 'gendr'\. Did you mean 'gender'"),
        ({"where": {"kin": "real"}}, r"no column 'kin'\. Did you mean 'kind'"),
        ({"where": {"kind": "painted"}}, "No row of .* has kind = 'painted'"),
        ({"constant": {"age": "3"}, "fields": {"age": "age"}}, "said to be constant"),
        ({"rename": {"gendr": {"a": "b"}}}, r"rename speaks of 'gendr'.*Did you mean 'gender'"),
        ({"only": "dev"}, "no side of a split"),
        ({"corrections": "none.csv"}, r"none\.csv does not exist"),
    ],
)
def test_what_cannot_be_is_refused(people: Path, settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        opened(people, **settings)


def test_a_number_that_is_none_is_found_by_its_line(people: Path) -> None:
    with pytest.raises(InputError, match=r"people\.csv, line 2: the field 'gender' is a number, and 'female' is no"):
        opened(people, HeadRecipe("gender", kind="value"))


def test_heads_that_contradict_each_other_are_refused(people: Path) -> None:
    with pytest.raises(InputError, match="Two heads learn the field 'age'"):
        opened(people, HeadRecipe("age"), HeadRecipe("old", field="age", kind="bins", edges=(30,)))


def test_a_picture_that_is_named_twice_is_refused_unless_one_is_chosen(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png"])
    (tmp_path / "a.csv").write_text("path,label,by\n1.png,cat,ann\n1.png,dog,bob\n")
    with pytest.raises(InputError, match=r"names 1\.png in the lines 2 and 3"):
        open_one(tmp_path / "a.csv")
    assert open_one(tmp_path / "a.csv", where={"by": "bob"}).labels("label") == ["dog"]


def test_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no data"):
        open_dataset([], base=tmp_path)


@given(
    st.lists(
        st.sampled_from(["path", "file", "label", "group", "split", "1.png", "2.png", "train", "x", "3", "", '"', "\n"])
    ),
    st.sampled_from([(), (HeadRecipe("label"),), (HeadRecipe("label", kind="value"),)]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_table_says_it_is_a_dataset_or_refused(
    people: Path, words: list[str], heads: tuple[HeadRecipe, ...]
) -> None:
    path = people.parent / "fuzzed.csv"
    for text in (
        ",".join(words),
        "path,label\n" + ",".join(words),
        "path,label,group,split\n1.png,x,y," + ",".join(words),
    ):
        path.write_text(text)
        if refusal(lambda: opened(path, *heads)) is None:
            dataset = opened(path, *heads)
            assert dataset.items
            assert len({item.key for item in dataset.items}) == len(dataset)
            assert all(item.split in (None, "train", "val", "test") for item in dataset.items)


@pytest.mark.shared
def test_real_data_is_read(shared: Path) -> None:
    data = shared / "data"
    fer = open_one(data / "fer2013" / "fer2013.zip")
    assert (len(fer), len(fer.fields[0].classes)) == (32298, 7)
    assert {item.split for item in fer.items} == {"train", "val"}
    faces = open_one(data / "utkface" / "labels.csv")
    assert [(f.name, f.kind) for f in faces.fields] == [("age", "value"), ("gender", "classes"), ("race", "classes")]
    assert faces.name == "utkface"
    noisy = open_one(data / "cifar10n" / "labels.csv")
    assert noisy.sources[0].archive == data / "cifar10n" / "train_images.zip"
    for dataset in (fer, faces, noisy):
        assert dataset.read_bytes(dataset.items[-1])


@pytest.mark.parametrize(
    ("rows", "kind", "words"),
    [
        ("".join(f"{n}.png,{n:03}\n" for n in range(25)), "classes", ""),
        ("".join(f"{n}.png,{1000001 + n}\n" for n in range(25)), "value", "is taken for a number"),
        ("1.png,Mask\n2.png,mask\n3.png,no\u200bmask\n4.png,nomask\n", "classes", "differ in letter case"),
    ],
)
def test_labels_that_may_be_others_than_they_seem_are_noted(tmp_path: Path, rows: str, kind: str, words: str) -> None:
    folder(tmp_path, [f"{n}.png" for n in range(25)])
    (tmp_path / "a.csv").write_text("path,label\n" + rows, "utf-8")
    dataset = open_one(tmp_path / "a.csv")
    assert dataset.field("label").kind == kind
    assert words in " ".join(dataset.notes)
    assert bool(words) == bool(dataset.notes)


def test_a_label_in_several_columns_is_told_what_it_is(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png", "2.png"])
    (tmp_path / "a.csv").write_text("path,cat,dog\n1.png,1,0\n2.png,0,1\n", "utf-8")
    assert "cat, dog are one label with a column for each class (one-hot)" in " ".join(
        open_one(tmp_path / "a.csv").notes
    )
