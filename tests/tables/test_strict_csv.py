from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.tables import strict_csv as tables
from closeup.tables.strict_csv import parse_table, table_bytes, table_content
from workbench.datasets.tiny import refusal


def rows_of(text: str, *, comments: bool = False) -> list[tuple[int, dict[str, str]]]:
    return [(line, dict(row)) for line, row in parse_table(text.encode(), "t.csv", comments=comments).rows]


def test_lines_are_counted_from_the_header_past_empty_ones_and_line_breaks_in_values() -> None:
    text = 'path,why\na.png,"one\ntwo"\n\nb.png,x\n'
    assert rows_of(text) == [(3, {"path": "a.png", "why": "one\ntwo"}), (5, {"path": "b.png", "why": "x"})]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_stands_between_columns_is_found(mark: str) -> None:
    assert rows_of(f"path{mark}label\na.png{mark}cat\n") == [(2, {"path": "a.png", "label": "cat"})]


def test_spreadsheets_are_understood() -> None:
    assert rows_of('\ufeffpath, label\r\n"a, b.png", cat\r\n') == [(2, {"path": "a, b.png", "label": "cat"})]


def test_remarks_say_nothing_but_count_and_values_keep_their_signs() -> None:
    text = '# "by" me, "\npath,why\n# more\na.png,"two\n# lines"\n'
    assert rows_of(text, comments=True) == [(5, {"path": "a.png", "why": "two\n# lines"})]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"path,,label\n", "column 2 has no name"),
        (b"path,path\n", "two columns called 'path'"),
        (b"path,label\na.png\n", "line 2, has 1 values, and there are 2"),
        (b"path,label\na.png,b,c\n", "line 2, has 3 values"),
        (b'path,label\na.png,"b\n', "not valid CSV"),
        (b'path,label\n"a"x,b\n', "line 2, is not valid CSV"),
        (b"path,label\na\0.png,b\n", "zero characters"),
        (b"path,label\n\ncaf\xf5.png,cat", "line 3, is not UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(content: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        parse_table(content, "t.csv")
    assert caught.value.message.startswith("t.csv")


def test_a_huge_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(InputError, match="larger than"):
        parse_table(b"path,label\n", "t.csv")


def test_a_missing_column_names_the_nearest() -> None:
    table = parse_table(b"path,emotion\na,b\n", "t.csv")
    table.need("path")
    with pytest.raises(InputError, match=r"no column 'emotoin'. Did you mean 'emotion'\?"):
        table.need("emotoin")


values = st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(str.strip)


@given(st.lists(st.fixed_dictionaries({"a": values.filter(bool), "b": values})))
@settings(max_examples=40)
def test_what_is_written_is_read_back(rows: list[dict[str, str]]) -> None:
    kept = [{k: v.replace("\r\n", "\n").replace("\r", "\n") for k, v in row.items()} for row in rows]
    table = parse_table(table_bytes(("a", "b"), kept), "t.csv")
    assert [dict(row) for _, row in table.rows] == kept


@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet=',;\t"\n\r#ab ', max_size=60).map(str.encode)), st.booleans()
)
def test_whatever_is_in_a_file_it_is_a_table_or_refused(content: bytes, comments: bool) -> None:
    refused = refusal(lambda: parse_table(content, "t.csv", comments=comments))
    if refused is not None:
        assert "t.csv" in refused
        return
    table = parse_table(content, "t.csv", comments=comments)
    assert all(tuple(row) == table.columns for _, row in table.rows)


def test_a_lone_carriage_return_reads_back() -> None:
    written = table_bytes(("path", "why"), [{"path": "a\rb.png", "why": 'he said "no",\nand left'}])
    assert dict(parse_table(written, "t.csv").rows[0][1]) == {"path": "a\rb.png", "why": 'he said "no",\nand left'}


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (b",path,label\n0,1.png,cat\n1,2.png,dog\n", "as pandas writes its index"),
        (b"sep=;\r\npath;label\r\n1.png;cat\r\n2.png;dog\r\n", ""),
        (b"\xef\xbb\xbfpath;label\n1.png;cat\n2.png;dog\n", ""),
        ("path\tlabel\r\n1.png\tcat\r\n2.png\tdog\r\n".encode("utf-16"), ""),
    ],
)
def test_tables_of_pandas_and_excel_are_read(content: bytes, notes: str) -> None:
    table = parse_table(content, "a.csv")
    assert table.columns == ("path", "label")
    assert [row for _, row in table.rows] == [{"path": "1.png", "label": "cat"}, {"path": "2.png", "label": "dog"}]
    assert notes in "".join(table.notes)
    assert bool(notes) == bool(table.notes)


def test_old_code_pages_are_read_and_said() -> None:
    table = parse_table("path,label\n1.png,마스크\n2.png,없음\n".encode("cp949"), "a.csv")
    assert [row["label"] for _, row in table.rows] == ["마스크", "없음"]
    assert table.notes == ("a.csv was read as Korean in the old code page CP949, since it is not UTF-8.",)


def test_decimal_commas_are_numbers_where_semicolons_are_between_columns() -> None:
    table = parse_table(b"path;age;note\na;20,5;1,x\nb;;2\nc;31;3\n", "a.csv")
    assert [row["age"] for _, row in table.rows] == ["20.5", "", "31"]
    assert [row["note"] for _, row in table.rows] == ["1,x", "2", "3"]
    assert table.notes == ("The numbers in 'age' have decimal commas.",)


def test_a_table_too_large_is_named_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    with path.open("wb") as file:
        file.truncate(10 * 10**9)  # sparse: it takes no room
    with pytest.raises(InputError, match=r"events.csv has 10.0 GB, and a table may have 0.27 GB: it was not read"):
        table_content(path)
    for absent in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="Cannot read"):
            table_content(absent)


def test_a_table_in_a_code_page_of_the_west_is_guessed_and_said() -> None:
    table = parse_table("path,label\n1.jpg,Mädchen\n2.jpg,ein größerer Junge\n".encode("cp1252"), "t.csv")
    assert [values["label"] for _, values in table.rows] == ["Mädchen", "ein größerer Junge"]
    assert table.notes == ("t.csv was read as Windows-1252, which is a guess: it is not UTF-8.",)
