import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cli.typed_gallery import answer, refused, type_in
from closeup.cli.exit_codes import EXIT_LOSSES
from features.gallery.test_cast_people import folder_of

pytestmark = pytest.mark.usefixtures("place")


def test_identify_photos_with_known_and_unknown_faces(people: None) -> None:
    data = answer("identify", "two.png")
    assert [face["name"] for face in data["faces"]] == ["Ann", None]
    for face in data["faces"]:
        assert {"similarity", "threshold", "far", "nearest", "read_from", "model", "candidates"} <= face.keys()
        assert len(face["box_xyxy"]) == 4
    lines = type_in("identify", "two.png").stdout.splitlines()
    assert lines[0].startswith("1 (from the left): Ann, similarity")
    assert lines[1].startswith("2 (from the left): unknown; most like")
    assert "No face was found" in refused("identify", "nobody.png")
    assert "give a photo, a video or a cast folder" in refused("identify")


def lines_of(*words: str) -> list[Any]:
    """What a command prints as JSON lines, whatever it exits with."""
    return [json.loads(line) for line in type_in(*words, "--json").stdout.splitlines()]


def test_identify_many_photos_a_json_line_each(people: None, place: Path) -> None:
    found = lines_of("identify", "two.png", "bob2.png", "nobody.png")
    assert [(one["photo"], [face["name"] for face in one["faces"]]) for one in found] == [
        ("two.png", ["Ann", None]),
        ("bob2.png", ["Bob"]),
        ("nobody.png", []),
    ]
    said = type_in("identify", "two.png", "nobody.png").stdout.splitlines()
    assert said[0].startswith("two.png: Ann, similarity")
    assert "; unknown; most like" in said[0]
    assert said[1] == "nobody.png: no face was found"


def test_identify_a_folder_and_a_zip_file_of_photos(people: None, place: Path) -> None:
    (place / "trip" / "day 1").mkdir(parents=True)
    for name in ("ann2.png", "bob2.png"):
        (place / name).rename(place / "trip" / "day 1" / name)
    (place / "trip" / "notes.txt").write_text("packing list")
    names = [[face["name"] for face in one["faces"]] for one in lines_of("identify", "trip")]
    assert names == [["Ann"], ["Bob"]]
    assert "1 file is no picture by its name and was passed by (1 .txt)." in type_in("identify", "trip").stderr
    with zipfile.ZipFile("trip.zip", "w") as archive:
        archive.write("trip/day 1/ann2.png", "a.png")
    assert lines_of("identify", "trip.zip")[0]["photo"] == "trip.zip/a.png"


def test_identify_goes_on_after_what_cannot_be_used(people: None, place: Path) -> None:
    (place / "bad.png").write_bytes(b"no picture")
    result = type_in("identify", "bad.png", "missing.png", "bob2.png", "--json")
    assert result.exit_code == EXIT_LOSSES
    bad, missing, good = (json.loads(line) for line in result.stdout.splitlines())
    assert bad["source"] == "bad.png"
    assert "missing.png does not exist" in missing["error"]
    assert good["faces"][0]["name"] == "Bob"
    assert "2 files could not be used; the others are done." in result.stderr


def test_identify_photos_and_casts_together(people: None, place: Path) -> None:
    folder_of(place)
    photo, cast = lines_of("identify", "bob2.png", "talk.cast")
    assert photo["faces"][0]["name"] == "Bob"
    assert cast["people"][0]["person"] == "p1"
