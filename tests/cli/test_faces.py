"""`closeup faces` as it is typed."""

import json
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from closeup.cli import faces
from closeup.cli.exit_codes import EXIT_COULD_NOT, EXIT_LOSSES
from closeup.cli.main import CommandLine
from closeup.core.errors import InputError
from closeup.documents.faces import PHOTO_JSON, FoundFaces, Look
from closeup.features.faces import finder
from closeup.media.encoder import VideoEncoder
from closeup.media.image import encode_png, read_image
from features.faces.made_up import face, film, photo

APP = typer.Typer(cls=CommandLine)
APP.add_typer(faces.app)
APP.command("other")(lambda: None)


class MadeUpFinder:
    """Finds two faces in each photo but "empty.png", and one in every video."""

    absent: ClassVar[dict[str, str]] = {}

    def __init__(self, models: str) -> None:
        self.models = models

    def picture(self, image: Any, source: str) -> FoundFaces:
        assert image.shape == (180, 320, 3)
        here = () if "empty" in source else (face(10), face(200, answers={}))
        return photo(*here, source=source, notes=("It is odd.",))

    def video(self, path: Path, *, progress: Any) -> FoundFaces:
        return film(Look(0, 0.0, (face(track=1),)), Look(1, 0.2, (face(track=1),)), source=str(path), duration_s=0.4)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with photos and a video."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setattr(finder, "FaceFinder", MadeUpFinder)
    grey = np.full((180, 320, 3), 90, np.uint8)
    for name in ("a.png", "empty.png"):
        (tmp_path / name).write_bytes(encode_png(grey))
    with VideoEncoder(tmp_path / "film.mp4", (320, 180), Fraction(5)) as encoder:
        encoder.write(grey)
        encoder.write(grey)
    return tmp_path


def type_in(*words: str) -> Any:
    return CliRunner().invoke(APP, ["faces", *words])


def test_a_photo(place: Path) -> None:
    result = type_in("a.png")
    assert result.exit_code == 0, result.output
    first, second = (line for line in result.stdout.splitlines() if "50 %" in line)
    assert "happy 75 %" in first
    assert "about 31" in first
    assert "too small" in second
    assert "It is odd." in result.stderr
    assert len(PHOTO_JSON.read(place / "a.faces.json").faces) == 2
    assert (np.abs(read_image(place / "a.faces.jpg").astype(int) - 90) > 60).any()


def test_a_video_and_photos_into_a_folder(place: Path) -> None:
    result = type_in("film.mp4", "empty.png", "-o", "out/here", "-q")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert sorted(path.name for path in (place / "out" / "here").iterdir()) == [
        "empty.faces.jpg",
        "empty.faces.json",
        "film.faces.jsonl",
        "film.faces.mp4",
    ]
    told = type_in("film.mp4", "empty.png")
    assert "1 times a face" not in told.stdout
    assert "one face is in view" in told.stdout
    assert "no face was found" in told.stdout


def test_json_is_one_document_a_line() -> None:
    result = type_in("a.png", "film.mp4", "--json")
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document.get("source") for document in documents] == ["a.png", "film.mp4", None, None]
    assert len(documents[0]["faces"]) == 2


def test_what_is_there_stays_unless_it_may_go(place: Path) -> None:
    (place / "a.faces.json").write_text("mine")
    refused = type_in("a.png")
    assert refused.exit_code == EXIT_COULD_NOT
    assert "--overwrite" in refused.stderr
    assert (place / "a.faces.json").read_text() == "mine"
    assert not (place / "a.faces.jpg").exists()
    assert type_in("a.png", "--overwrite").exit_code == 0
    assert PHOTO_JSON.read(place / "a.faces.json").source == "a.png"


def test_what_cannot_be_read_does_not_stop_the_rest(place: Path) -> None:
    (place / "b.png").write_text("no picture")
    result = type_in("b.png", "a.png")
    assert result.exit_code == EXIT_LOSSES
    assert "b.png is no picture" in result.stderr
    assert (place / "a.faces.json").exists()
    alone = type_in("b.png", "-o", "new")
    assert alone.exit_code == EXIT_COULD_NOT
    assert "error:" in alone.stderr
    assert not (place / "new").exists()


def test_where_nothing_can_be_read_each_is_named(place: Path) -> None:
    for number in range(23):
        (place / f"b{number:02}.png").write_text("no picture")
    said = type_in(*(f"b{number:02}.png" for number in range(23)), "-o", "new")
    assert said.exit_code == EXIT_COULD_NOT
    words = " ".join(said.stderr.split())
    assert "23 of 23 files could not be used. b00.png is no picture" in words
    assert "b19.png" in words
    assert "And 3 more." in words
    assert not (place / "new").exists()


def test_two_of_one_name_are_refused(place: Path) -> None:
    (place / "other").mkdir()
    (place / "other" / "a.png").write_bytes((place / "a.png").read_bytes())
    result = type_in("a.png", "other/a.png")
    assert result.exit_code == EXIT_COULD_NOT
    assert "both be written" in result.stderr


def test_folders_and_zip_files_of_pictures(place: Path) -> None:
    content = (place / "a.png").read_bytes()
    for name in ("trip/day 1/a.png", "trip/b.png", "trip/b.jpg", "trip/old.faces.jpg"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (place / "trip" / "broken.png").write_text("no picture")
    with zipfile.ZipFile("more.zip", "w") as archive:
        archive.write("a.png", "deep/c.png")
    result = type_in("trip", "more.zip", "film.mp4", "-o", "out")
    assert result.exit_code == EXIT_LOSSES
    assert sorted(path.relative_to(place / "out").as_posix() for path in (place / "out").rglob("*.json*")) == [
        "b.jpg.faces.json",
        "b.png.faces.json",
        "day 1/a.faces.json",
        "deep/c.faces.json",
        "film.faces.jsonl",
    ]
    assert PHOTO_JSON.read(place / "out" / "deep" / "c.faces.json").source == "more.zip/deep/c.png"
    assert "Left out: trip/broken.png is no picture" in result.stderr
    assert "1 picture of an earlier run passed by (*.faces.jpg)." in result.stderr
    assert "Left out: out holds no pictures but those" in type_in("out", "a.png", "-o", "new").stderr
    alone = type_in("out")
    assert (alone.exit_code, "error: out holds no pictures but" in alone.stderr) == (EXIT_COULD_NOT, True)
    assert type_in("a.png", ".", "-o", "once").exit_code == EXIT_LOSSES, "a.png counts once, the broken one is a loss"


def test_a_model_that_is_not_there_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MadeUpFinder, "absent", {"attributes": "There is no attributes."})
    result = type_in("a.png")
    notes = [line for line in result.stderr.splitlines() if "attributes" in line]
    assert notes == ["note: There is no attributes. Age, gender and mask are left out."]


def test_a_failing_video_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> FoundFaces:
        raise InputError("The video is bad.", "Take another.")

    monkeypatch.setattr(MadeUpFinder, "video", fail)
    result = type_in("film.mp4")
    assert result.exit_code == EXIT_COULD_NOT
    assert "Take another." in result.stderr
    assert not list(place.glob("*.faces.*"))
