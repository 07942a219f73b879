from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError, OutputError
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.datasets.corrections import (
    COLUMNS,
    append_corrections,
    apply_corrections,
    parse_corrections,
    read_corrections,
    record_bytes,
    remove_correction,
)
from closeup.workbench.datasets.items import Correction, Dataset
from closeup.workbench.datasets.reading import open_dataset, open_one
from closeup.workbench.recipes.recipe import DataSource
from workbench.datasets.tiny import folder, made_up, refusal

HEADER = ",".join(COLUMNS) + "\n"


def people() -> Dataset:
    """Two persons with several pictures each, and ages."""
    return made_up(
        [
            {"gender": "female", "mask": "normal", "age": 31.0, "group": "p"},
            {"gender": "female", "mask": "incorrect", "age": 31.0, "group": "p"},
            {"gender": "female", "mask": "mask", "age": 31.0, "group": "p"},
            {"gender": "male", "mask": "mask", "age": 4.0, "group": "q"},
            {"mask": "mask", "group": "q"},
        ]
    )


def corrected(dataset: Dataset, *lines: Correction) -> Dataset:
    return apply_corrections(dataset, lines)[0]


# What a line does


def test_one_picture() -> None:
    before = people()
    after, applied = apply_corrections(before, [Correction("picture", "3.png", "gender", "male", "female", line=2)])
    assert after.labels("gender") == ["female"] * 4 + [None]
    assert after.items[3].columns["gender"] == "female"
    assert [(a.correction.line, a.source, a.keys) for a in applied] == [(2, "s", ("3.png",))]
    assert after.corrections == applied
    assert after.field("gender").classes == ("female",)
    assert before.labels("gender")[3] == "male"


def test_a_whole_group() -> None:
    after = corrected(people(), Correction("group", "p", "gender", "female", "male"))
    assert after.labels("gender") == ["male"] * 4 + [None]


def test_two_states_of_one_person_are_swapped() -> None:
    after, applied = apply_corrections(people(), [Correction("swap", "p", "mask", "normal", "incorrect")])
    assert after.labels("mask") == ["incorrect", "normal", "mask", "mask", "mask"]
    assert applied[0].keys == ("0.png", "1.png")


def test_a_label_is_taken_away_and_put_where_there_was_none() -> None:
    after = corrected(
        people(),
        Correction("picture", "3.png", "gender", "male", ""),
        Correction("picture", "4.png", "gender", "", "female"),
    )
    assert after.labels("gender")[3:] == [None, "female"]


def test_numbers_are_numbers_however_they_are_written() -> None:
    after = corrected(people(), Correction("picture", "3.png", "age", "4", "40"))
    assert after.labels("age")[3] == 40.0
    with pytest.raises(InputError, match="'old' is no number"):
        corrected(people(), Correction("picture", "3.png", "age", "4", "old"))


def test_a_line_sees_what_the_ones_before_it_left() -> None:
    first, second = (Correction("picture", "3.png", "mask", *change) for change in (("mask", "a"), ("a", "b")))
    assert corrected(people(), first, second).labels("mask")[3] == "b"
    with pytest.raises(InputError, match="is 'mask', not 'a'"):
        corrected(people(), second, first)


def test_a_group_may_be_partly_right_already() -> None:
    after = corrected(
        people(),
        Correction("picture", "0.png", "gender", "female", "male"),
        Correction("group", "p", "gender", "female", "male"),
    )
    assert after.labels("gender")[:3] == ["male"] * 3


def test_a_hash_means_the_picture_wherever_it_lies(tmp_path: Path) -> None:
    folder(tmp_path / "pets", ["cat/1.png", "dog/2.png"])
    (tmp_path / "pets" / "dog" / "copy.png").write_bytes((tmp_path / "pets" / "cat" / "1.png").read_bytes())
    dataset = open_one(tmp_path / "pets")
    digest = dataset.hashes()[0]
    after, applied = apply_corrections(dataset, [Correction("picture", f"sha256:{digest[:16]}", "class", "dog", "cat")])
    assert after.labels("class") == ["cat", "dog", "cat"]
    assert applied[0].keys == ("dog/copy.png",)
    with pytest.raises(InputError, match="no picture of this hash"):
        corrected(dataset, Correction("picture", "sha256:" + "0" * 12, "class", "dog", "cat"))


def test_names_of_the_data_and_of_the_recipe_both_fit(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png", "2.png"])
    (tmp_path / "a.csv").write_text("path,emotion,level\n1.png,angry,1\n2.png,angry,2\n")
    source = DataSource(
        "a.csv",
        fields={"expression": "emotion"},
        rename={"expression": {"angry": "anger", "sad": "sadness"}},
        constant={"mask": "no_mask"},
    )
    dataset = open_dataset([source], base=tmp_path)
    for field, old, new in (("expression", "anger", "sadness"), ("emotion", "angry", "sad")):
        after = corrected(dataset, Correction("picture", "1.png", field, old, new))
        assert after.labels("expression") == ["sadness", "anger"]
    after = corrected(dataset, Correction("picture", "2.png", "mask", "no_mask", "mask"))
    assert after.labels("mask") == ["no_mask", "mask"]
    after = corrected(dataset, Correction("picture", "2.png", "level", "2", "3"))  # no field here, yet in the table
    assert after.items[1].columns["level"] == "3"
    assert after.items[1].labels == dataset.items[1].labels


def test_in_several_sources_a_path_must_be_clear(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder(tmp_path / name, ["cat/1.png"])
    dataset = open_dataset([DataSource("a"), DataSource("b")], base=tmp_path)
    after = corrected(dataset, Correction("picture", "b/cat/1.png", "class", "cat", "dog"))
    assert after.labels("class") == ["cat", "dog"]
    with pytest.raises(InputError, match="in several sources"):
        corrected(dataset, Correction("picture", "cat/1.png", "class", "cat", "dog"))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (Correction("picture", "9.png", "mask", "a", "b"), "there is no picture '9.png'"),
        (Correction("group", "z", "mask", "a", "b"), "there is no group 'z'"),
        (Correction("picture", "0.png", "maks", "a", "b"), "s has no field 'maks'"),
        (Correction("picture", "0.png", "mask", "a", "b"), "mask of 0.png is 'normal', not 'a'"),
        (Correction("picture", "0.png", "mask", "a", "normal"), "mask of 0.png is 'normal' already"),
        (Correction("picture", "4.png", "gender", "male", "female"), "gender of 4.png has no label, not 'male'"),
        (Correction("group", "p", "mask", "normal", "mask"), "mask of 1.png is 'incorrect', not 'normal'"),
        (Correction("swap", "q", "mask", "mask", "normal"), "no picture of the group 'q' is 'normal'"),
        (Correction("swap", "q", "mask", "normal", "mask"), "no picture of the group 'q' is 'normal'"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_line(line: Correction, complaint: str) -> None:
    numbered = Correction(line.kind, line.which, line.field, line.old, line.new, line=7)
    refused = refusal(lambda: apply_corrections(people(), [numbered], "c.csv"))
    assert refused is not None
    assert refused.startswith(f"c.csv, line 7: {complaint}")
    assert "\n" in refused, "a hint says what to do"


# The file


def corrections_bytes(corrections: Iterable[Correction]) -> bytes:
    return table_bytes(COLUMNS, ({name: getattr(line, name) for name in COLUMNS} for line in corrections))


def lines() -> list[Correction]:
    return [
        Correction("picture", "a b.png", "mask", "mask", "normal", "ann", "2026-11-21", 'looked, "twice"', 2),
        Correction("group", "006359", "gender", "female", "male", "bob", "2026-11-21T10:00:00+09:00", "", 3),
    ]


def test_lines_are_appended_whole_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    append_corrections(path, lines()[:1])
    append_corrections(path, lines()[1:])
    assert list(read_corrections(path)) == lines()
    assert path.read_bytes() == corrections_bytes(lines())


def test_what_is_there_stays_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    old = b"# looked at by two people\r\nkind;which;field;old;new\r\npicture;a.png;mask;x;y"
    path.write_bytes(old.replace(b";", b","))
    append_corrections(path, [Correction("picture", "b.png", "mask", "x", "y")])
    assert path.read_bytes() == old.replace(b";", b",") + b"\npicture,b.png,mask,x,y\n"
    with pytest.raises(InputError, match="no column 'who'"):
        append_corrections(path, [Correction("picture", "c.png", "mask", "x", "y", who="ann")])


def test_the_same_line_twice_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    append_corrections(path, lines())
    before = path.read_bytes()
    again = Correction("group", "006359", "gender", "female", "male", "somebody else")
    with pytest.raises(InputError, match="line 5, says the same as line 3"):
        append_corrections(path, [Correction("picture", "c.png", "mask", "x", "y"), again])
    assert path.read_bytes() == before
    path.write_text(HEADER + "swap,p,mask,a,b,,,\nswap,p,mask,b,a,,,\n")
    with pytest.raises(InputError, match="line 3, says the same as line 2"):
        read_corrections(path)


def test_a_line_is_taken_out_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("# one\n" + HEADER + "picture,a.png,m,x,y,,,\n# two\npicture,b.png,m,x,y,,,\n")
    assert remove_correction(path, 3).which == "a.png"
    assert path.read_text() == "# one\n" + HEADER + "# two\npicture,b.png,m,x,y,,,\n"
    with pytest.raises(InputError, match="no correction in line 3") as caught:
        remove_correction(path, 3)
    assert caught.value.hint == "There are some in the lines 4."


def test_a_line_over_several_lines_is_not_torn(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    content = HEADER + 'picture,a.png,m,x,y,,,"\n"\npicture,b.png,m,x,y,,,\n'
    path.write_text(content)
    with pytest.raises(InputError):
        remove_correction(path, 3)
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no header"),
        ("which,field,old,new\n", "no column 'kind'"),
        ("kind,which,field,old,new,whoo\n", "'whoo'. Did you mean 'who'?"),
        (
            HEADER + "pictur,a,m,x,y,,,\n",
            "line 2: a correction of the kind 'pictur' is not known. Did you mean 'picture'?",
        ),
        (HEADER + "picture,,m,x,y,,,\n", "line 2: 'which' is empty"),
        (HEADER + "picture,a,,x,y,,,\n", "line 2: 'field' is empty"),
        (HEADER + "picture,a,m,x,x,,,\n", "line 2: old and new are the same"),
        (HEADER + "picture,a,m,,,,,\n", "line 2: old and new are the same"),
        (HEADER + "swap,a,m,x,,,,\n", "line 2: to swap, both"),
        (HEADER + "picture,sha256:xyz,m,x,y,,,\n", "line 2: 'sha256:xyz' is no hash"),
        (HEADER + "picture,a,m,x,y,,yesterday,\n", "line 2: 'yesterday' is no date"),
        (HEADER + "\npicture,a,m,x\n", "line 3, has 4 values"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text)
    refused = refusal(lambda: read_corrections(path))
    assert refused is not None
    assert complaint in refused
    assert str(path) in refused


def test_a_missing_file_or_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_corrections(tmp_path / "c.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_corrections(tmp_path)
    with pytest.raises(OutputError):
        append_corrections(tmp_path / "nowhere" / "c.csv", lines())


# Fuzzed

words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=6)
some_lines = st.builds(
    Correction,
    kind=st.sampled_from(["picture", "group", "swap"]),
    which=words.filter(lambda word: not word.startswith("sha256:")),
    field=words,
    old=words,
    new=words,
    who=st.one_of(st.just(""), words),
    when=st.one_of(st.just(""), st.dates().map(lambda day: day.isoformat())),
    why=st.one_of(st.just(""), words),
).filter(lambda line: line.old != line.new)


@given(st.lists(some_lines, max_size=6))
@settings(max_examples=40)
def test_whatever_lines_say_they_are_read_back_or_refused(many: list[Correction]) -> None:
    refused = refusal(lambda: parse_corrections(corrections_bytes(many), "c.csv"))
    if refused is None:
        read = parse_corrections(corrections_bytes(many), "c.csv")
        assert [Correction(**{n: getattr(c, n) for n in COLUMNS}) for c in read] == many  # type: ignore[arg-type]
        assert [c.line for c in read] == list(range(2, len(many) + 2))
    else:
        assert "says the same as" in refused


@given(st.one_of(st.binary(max_size=80), st.text(alphabet='picturegoswa,"\n#:; ', max_size=80).map(str.encode)))
def test_whatever_is_in_a_file_it_is_read_or_refused_by_name(content: bytes) -> None:
    for before in (b"", HEADER.encode()):
        refused = refusal(lambda before=before: parse_corrections(before + content, "c.csv"))
        assert refused is None or refused.startswith("c.csv")


labels = st.sampled_from(["a", "b", "c"])
rows = st.lists(st.fixed_dictionaries({"m": labels, "group": st.sampled_from(["p", "q"])}), min_size=1, max_size=6)
changes = st.builds(
    Correction, kind=st.sampled_from(["picture", "group", "swap"]), which=st.sampled_from(["0.png", "1.png", "p", "q"]),
    field=st.just("m"), old=labels, new=labels,
)  # fmt: skip


@given(rows, st.lists(changes, max_size=4))
@settings(max_examples=100)
def test_applied_lines_change_only_what_they_say_from_old_to_new(
    made: list[dict[str, str]], many: list[Correction]
) -> None:
    dataset = made_up(made)
    if refusal(lambda: apply_corrections(dataset, many)) is not None:
        return
    after, applied = apply_corrections(dataset, many)
    now = dict(zip([item.key for item in dataset.items], dataset.labels("m"), strict=True))
    for done in applied:
        line = done.correction
        assert done.keys
        for key in done.keys:
            assert now[key] in ((line.old, line.new) if line.kind == "swap" else (line.old,))
            now[key] = line.new if now[key] == line.old else line.old
    assert after.labels("m") == [now[item.key] for item in dataset.items]
    assert [item.group for item in after.items] == [item.group for item in dataset.items]


def test_a_run_keeps_what_each_line_changed() -> None:
    _, applied = apply_corrections(
        people(), [Correction("picture", "3.png", "gender", "male", "female", "Anna", line=2)]
    )
    assert record_bytes(applied).decode().splitlines() == [
        "source,pictures,kind,which,field,old,new,who,when,why,line",
        "s,1,picture,3.png,gender,male,female,Anna,,,2",
    ]
