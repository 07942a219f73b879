from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.features.gallery import mapping
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.mapping import map_folder, map_gallery
from closeup.features.gallery.options import EnrolOptions
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import FakeAnalyzer, Shown, made_up_card, photo


def test_everybody_enrolled_is_drawn_with_the_pictures_that_are_kept(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    for person in range(4):
        options = EnrolOptions(keep_pictures=person == 0)
        enrol(store, reader, f"person {person}", [photo(tmp_path / f"{person}.png", Shown(person))], options)
    drawn = map_gallery(store, reader)
    assert (drawn.faces, drawn.people, drawn.notes) == (4, 4, ())
    assert drawn.html.count('<g class="face') == 8
    assert drawn.html.count("<image ") == 2


def test_a_gallery_without_pictures_is_drawn_as_dots_and_says_so(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    for person in range(3):
        enrol(store, reader, f"person {person}", [photo(tmp_path / f"{person}.png", Shown(person))])
    drawn = map_gallery(store, reader)
    assert "No pictures are kept" in drawn.notes[0]
    assert "<image " not in drawn.html


def test_a_kept_picture_serves_the_templates_of_all_models(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    both = FakeAnalyzer((made_up_card(), made_up_card("older")))
    for person in range(3):
        shown = photo(tmp_path / f"{person}.png", Shown(person))
        enrol(store, both, f"person {person}", [shown], EnrolOptions(keep_pictures=True))  # type: ignore[arg-type]
    drawn = map_gallery(store, FakeAnalyzer((made_up_card("older"),)))  # type: ignore[arg-type]
    assert drawn.html.count("<image ") == 6


def test_a_folder_is_drawn_by_its_folders(reader: Any, tmp_path: Path) -> None:
    for person in range(3):
        photo(tmp_path / "all" / f"person {person}" / "a.png", Shown(person), Shown(person, 1))
    (tmp_path / "all" / "broken.jpg").write_text("x")
    drawn = map_folder(tmp_path / "all", reader)
    assert (drawn.faces, drawn.people) == (6, 3)
    assert drawn.notes == ("1 of 4 files could not be read as pictures.",)


def test_too_many_faces_are_sampled_and_too_few_are_told(
    store: GalleryStore, reader: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="Nobody is enrolled"):
        map_gallery(store, reader)
    enrol(store, reader, "Ann", [photo(tmp_path / f"{n}.png", Shown(1, n)) for n in range(6)])
    monkeypatch.setattr(mapping, "MOST_FACES", 4)
    drawn = map_gallery(store, reader)
    assert drawn.faces == 4
    assert "4 of 6 faces are shown, drawn at random." in drawn.notes
    with pytest.raises(InputError, match="needs 3 faces"):
        map_folder(photo(tmp_path / "one" / "a.png", Shown(1)).parent, reader)
