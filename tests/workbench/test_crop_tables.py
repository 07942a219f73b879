from pathlib import Path

from closeup.tables.strict_csv import parse_table
from closeup.workbench.crop_tables import CropRow, label_columns, write_tables
from workbench.datasets.tiny import made_up


def test_columns_of_all_sources_are_kept_in_order() -> None:
    dataset = made_up([{"age": 3.0}, {"gender": "f", "source": "t"}])
    assert label_columns(dataset) == ("path", "original_path", "age", "gender", "source", "face")
    assert label_columns(made_up([{"a": "x", "split": "val"}])) == ("path", "original_path", "a", "split", "face")


def test_only_crops_are_labelled_and_all_pictures_listed(tmp_path: Path) -> None:
    dataset = made_up([{"a": "x"}, {"a": "y"}, {"a": "z"}])
    rows = (
        CropRow("0.png", "found", "pictures/0.jpg", "", (1.25, 2, 3, 4), tuple(range(10)), 0.75, 2, 20, 10, 900, 300),
        CropRow("1.png", "not found", width=5, height=6, bytes_before=7),
        CropRow("2.png", "unreadable", reason="It is, alas, no picture."),
    )
    write_tables(tmp_path, dataset, rows)
    labels = parse_table((tmp_path / "labels.csv").read_bytes(), "labels.csv")
    assert [row for _, row in labels.rows] == [
        {"path": "pictures/0.jpg", "original_path": "0.png", "a": "x", "face": "found"}
    ]
    listed = [row for _, row in parse_table((tmp_path / "crops.csv").read_bytes(), "crops.csv").rows]
    assert [row["outcome"] for row in listed] == ["found", "not found", "unreadable"]
    assert (listed[0]["x0"], listed[0]["mouth2_y"], listed[0]["score"]) == ("1.25", "9", "0.75")
    assert (listed[1]["x0"], listed[1]["score"], listed[1]["width"]) == ("", "", "5")
    assert listed[2]["reason"] == "It is, alas, no picture."
