import unicodedata
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.workbench.datasets.places import Place, read_place
from closeup.workbench.recipes.recipe import DataSource
from workbench.datasets.tiny import folder, zipped


def read(path: Path, **settings: str) -> Place:
    return read_place(path, DataSource(path=str(path), **settings))  # type: ignore[arg-type]


def paths(place: Place) -> list[str]:
    return [row.path for row in place.rows]


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_beside_its_pictures(tmp_path: Path) -> None:
    folder(tmp_path, ["images/1.png", "images/2.png"])
    path = table(tmp_path / "a.csv", "path,label,person\nimages/1.png,cat,p\n.\\images\\2.png,dog,\n")
    place = read(path, group_column="person")
    assert paths(place) == ["images/1.png", "images/2.png"]
    assert [row.group for row in place.rows] == ["p", ""]
    assert [row.line for row in place.rows] == [2, 3]
    assert place.columns == ("label", "person")
    assert place.folder == tmp_path
    assert place.archive is None


def test_a_folder_with_a_table_is_that_table(tmp_path: Path) -> None:
    folder(tmp_path, ["images/1.png"])
    table(tmp_path / "labels.csv", "path,label\nimages/1.png,cat\n")
    table(tmp_path / "crops.csv", "path,box\nimages/1.png,1\n")
    assert read(tmp_path).rows[0].columns == {"label": "cat"}


def test_a_table_of_something_else_does_not_hide_the_classes(tmp_path: Path) -> None:
    folder(tmp_path, ["cat/1.png", "dog/2.png"])
    table(tmp_path / "colours.csv", "name,colour\ncat,black\n")
    assert [row.columns["class"] for row in read(tmp_path).rows] == ["cat", "dog"]


def test_a_table_called_labels_must_be_one(tmp_path: Path) -> None:
    folder(tmp_path, ["images/1.png"])
    table(tmp_path / "labels.csv", "where,label\nimages/1.png,cat\n")
    with pytest.raises(InputError, match=r"labels\.csv has no column 'path'"):
        read(tmp_path)


def test_group_and_side_are_found_by_their_names(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png", "2.png"])
    place = read(table(tmp_path / "a.csv", "file,label,group,split\n1.png,cat,p,Valid\n2.png,dog,q,\n"))
    assert [(row.group, row.split) for row in place.rows] == [("p", "val"), ("q", None)]
    assert place.taken == ("group", "split")
    assert [note.split("'")[1] for note in place.notes] == ["file", "group", "split"]


def test_a_column_called_split_may_be_something_else(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png"])
    path = table(tmp_path / "a.csv", "path,split\n1.png,oak\n")
    assert read(path).rows[0].split is None
    with pytest.raises(InputError, match="line 2: 'split' says 'oak'"):
        read(path, split_column="split")


def test_pictures_lie_in_a_zip_file_beside_the_table(tmp_path: Path) -> None:
    zipped(tmp_path / "train.zip", ["pictures/1.png", "pictures/2.png"])
    zipped(tmp_path / "other.zip", ["3.png"])
    place = read(table(tmp_path / "a.csv", "path,label\n1.png,cat\n2.png,dog\n"))
    assert (place.archive, place.inside) == (tmp_path / "train.zip", "pictures/")
    assert paths(place) == ["1.png", "2.png"]


def test_pictures_lie_in_a_folder_beside_the_table(tmp_path: Path) -> None:
    folder(tmp_path / "images", ["1.png", "2.png"])
    folder(tmp_path / "other", ["3.png"])
    path = table(tmp_path / "a.csv", "path,label\n1.png,cat\n2.png,dog\n")
    place = read(path)
    assert place.folder == tmp_path / "images"
    assert any("lie in the folder images" in note for note in place.notes)
    folder(tmp_path / "other", ["1.png"])
    with pytest.raises(InputError, match="are not there"):
        read(path)


def test_which_zip_file_must_be_clear(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", ["1.png"])
    zipped(tmp_path / "b.zip", ["1.png"])
    with pytest.raises(InputError, match="several zip files") as caught:
        read(table(tmp_path / "a.csv", "path,label\n1.png,cat\n"))
    assert "a.zip!1.png" in caught.value.hint
    assert paths(read(table(tmp_path / "a.csv", "path,label\nb.zip!1.png,cat\n"))) == ["b.zip!1.png"]


def test_a_table_whose_pictures_are_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="are not there") as caught:
        read(table(tmp_path / "a.csv", "path,label\n1.png,cat\n"))
    assert "relative to the CSV file" in caught.value.hint


def test_a_zip_file_of_classes_and_one_with_a_table(tmp_path: Path) -> None:
    classes = read(zipped(tmp_path / "a.zip", ["data/train/cat/1.png", "data/val/dog/2.png"]))
    assert [(row.split, row.columns["class"]) for row in classes.rows] == [("train", "cat"), ("val", "dog")]
    with_table = zipped(tmp_path / "b.zip", ["d/images/1.png"], {"d/labels.csv": b"path,label\nimages/1.png,cat\n"})
    place = read(with_table)
    assert (place.inside, paths(place)) == ("d/", ["images/1.png"])
    assert place.name == f"{with_table}!d/labels.csv"


def test_names_in_unicodes_other_spelling_are_found(tmp_path: Path) -> None:
    apart, together = (unicodedata.normalize(form, "고양이.png") for form in ("NFD", "NFC"))
    folder(tmp_path, [apart])
    assert paths(read(table(tmp_path / "a.csv", f"path,label\n{together},cat\n"))) == [apart]
    (tmp_path / apart).unlink()
    zipped(tmp_path / "z.zip", [together])
    assert paths(read(table(tmp_path / "a.csv", f"path,label\n{apart},cat\n"))) == [together]


def test_what_asks_for_a_table_needs_one(tmp_path: Path) -> None:
    folder(tmp_path, ["cat/1.png"])
    with pytest.raises(InputError, match="is no table, so it has no column 'person'"):
        read(tmp_path, group_column="person")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,label\n", "a header and no rows"),
        ("path,label\n1.png,cat\n,dog\n", "line 3, names no picture"),
        ("label\ncat\n", "no column 'path'"),
    ],
)
def test_tables_without_pictures_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read(table(tmp_path / "a.csv", text))


def test_by_the_column_of_paths_every_picture_is_on_its_own(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png", "2.png"])
    path = table(tmp_path / "a.csv", "path,group\n1.png,old\n2.png,old\n")
    assert [row.group for row in read(path).rows] == ["old", "old"]
    place = read(path, group_column="path")
    assert [row.group for row in place.rows] == ["1.png", "2.png"]
    assert place.columns == ("group",)


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="File name too long"):
        read(tmp_path / ("long" * 100))
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nothing")
    folder(tmp_path, ["1.png"])
    with pytest.raises(InputError, match="no dataset by its name"):
        read(tmp_path / "1.png")
    with pytest.raises(InputError, match=r"no column 'persn'\. Did you mean 'person'"):
        read(table(tmp_path / "a.csv", "path,person\n1.png,p\n"), group_column="persn")


def test_one_word_that_is_no_side_is_named_with_its_line(tmp_path: Path) -> None:
    folder(tmp_path, ["1.png", "2.png", "3.png"])
    path = table(tmp_path / "a.csv", "path,label,Split\n1.png,cat,Train\n2.png,dog,holdout\n3.png,cat,Test\n")
    with pytest.raises(InputError, match="line 3: 'Split' says 'holdout'"):
        read(path)


def test_paths_of_another_machine_are_found_by_their_end(tmp_path: Path) -> None:
    folder(tmp_path, ["pics/1.png", "pics/2.png"])
    rows = "C:\\Users\\me\\data\\pics\\1.png,cat\nC:\\Users\\me\\data\\pics\\2.png,dog\n"
    place = read(table(tmp_path / "a.csv", "path,label\n" + rows))
    assert [row.path for row in place.rows] == ["pics/1.png", "pics/2.png"]
    assert place.notes == (f"2 paths of another machine: what follows C:/Users/me/data/ is looked for in {tmp_path}.",)


def test_large_and_small_letters_do_not_matter_where_one_file_is_meant(tmp_path: Path) -> None:
    folder(tmp_path, ["pics/1.png", "pics/2.png"])
    place = read(table(tmp_path / "a.csv", "Path,label\npics/1.PNG,cat\npics/2.png,dog\n"))
    assert [row.path for row in place.rows] == ["pics/1.png", "pics/2.png"]
    assert "1 path of a.csv taken for files whose large and small letters differ." in place.notes


def test_one_picture_has_one_name_however_it_is_spelt(tmp_path: Path) -> None:
    folder(tmp_path, ["pics/1.png"])
    spelt = ("pics//1.png", "pics/../pics/1.png", "./pics/./1.png", str(tmp_path / "pics" / "1.png"))
    place = read(table(tmp_path / "a.csv", "path\n" + "\n".join(spelt) + "\n"))
    assert {row.path for row in place.rows} == {"pics/1.png"}


def test_half_of_the_pictures_may_be_gone(tmp_path: Path) -> None:
    folder(tmp_path, [f"pics/{number}.png" for number in range(40)])
    rows = "".join(f"{'pics' if number % 2 else 'gone'}/{number}.png,x\n" for number in range(40))
    assert len(read(table(tmp_path / "a.csv", "path,label\n" + rows)).rows) == 40


def test_addresses_and_a_missing_header_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names addresses, https://example"):
        read(table(tmp_path / "a.csv", "path,label\nhttps://example.org/1.png,cat\n"))
    with pytest.raises(InputError, match="has no header: its first line names a picture"):
        read(table(tmp_path / "b.csv", "1.png,cat\n2.png,dog\n"))
