import re
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.documents.gallery import Alike, LookAlikes
from closeup.features.gallery import similar as module
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.options import EnrolOptions
from closeup.features.gallery.similar import GALLERY, similar, similar_in
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import FakeAnalyzer, Shown, made_up_card, photo


def test_the_gallery_is_ranked_with_distances_and_kept_pictures(
    store: GalleryStore, reader: Any, tmp_path: Path
) -> None:
    for person in range(6):
        options = EnrolOptions(keep_pictures=person == 3)
        enrol(store, reader, f"person {person}", [photo(tmp_path / f"{person}.png", Shown(person))], options)
    found = similar(store, reader, photo(tmp_path / "who.png", Shown(3, 5)), top=4)
    assert [found.found[0].name, len(found.found), found.compared] == ["person 3", 4, 6]
    assert [a.similarity for a in found.found] == sorted((a.similarity for a in found.found), reverse=True)
    assert [a.same for a in found.found] == [True, False, False, False]
    assert found.found[0].distance == pytest.approx(1 - found.found[0].similarity)
    assert [a.picture is None for a in found.found] == [False, True, True, True]
    page = module.sheet(found)
    assert "of 6 people in the gallery" in page
    assert page.count("data:image/jpeg") == 2


def test_a_folder_is_searched_without_the_photo_itself(reader: Any, tmp_path: Path) -> None:
    who = photo(tmp_path / "album" / "who.png", Shown(1))
    photo(tmp_path / "album" / "deep" / "party.png", Shown(2), Shown(1, 1))
    photo(tmp_path / "album" / "other.png", Shown(3))
    photo(tmp_path / "album" / "sea.png")
    (tmp_path / "album" / "broken.jpg").write_text("x")
    (tmp_path / "album" / "notes.txt").write_text("x")
    found = similar_in(tmp_path / "album", reader, who, top=2)
    assert (found.compared, found.among) == (3, "the folder album")
    assert Path(found.found[0].name).name == "party.png"
    assert [a.same for a in found.found] == [True, False]
    assert sorted(Path(item.photo).name for item in found.skipped) == ["broken.jpg", "sea.png"]
    assert module.sheet(found).count("data:image/jpeg") == 3
    assert found.unreadable == 1
    assert found.notes == ("1 file is no picture by its name and was passed by (1 .txt).",)
    assert "of 3 faces in the folder album" in module.sheet(found)
    assert "2 pictures were of no use. The first: " in module.sheet(found)


def test_who_is_not_known_by_the_model_is_counted(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    older = FakeAnalyzer((made_up_card("older"),))
    enrol(store, reader, "Ann", [photo(tmp_path / "ann.png", Shown(1))])
    enrol(store, older, "Bob", [photo(tmp_path / "bob.png", Shown(2))])  # type: ignore[arg-type]
    found = similar(store, reader, photo(tmp_path / "who.png", Shown(1, 2)))
    assert (found.compared, found.notes) == (1, ("1 person of the gallery not known by made-up, and so left out.",))


def test_what_cannot_be_answered(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    who = photo(tmp_path / "who.png", Shown(1))
    with pytest.raises(InputError, match="Nobody is enrolled"):
        similar(store, reader, who)
    with pytest.raises(InputError, match="0 look-alikes"):
        similar(store, reader, who, top=0)
    with pytest.raises(InputError, match="absent does not exist"):
        similar_in(tmp_path / "absent", reader, who)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="There are no photos in"):
        similar_in(tmp_path / "empty", reader, who)


PICTURE = "data:image/jpeg;base64,AAAA"


def sheet(*found: Alike) -> str:
    return module.sheet(
        LookAlikes(
            photo="<me>.jpg", picture=PICTURE, among=GALLERY, compared=1234, found=found, threshold=0.9, far=0.001
        )
    )


def alike(name: str, similarity: float, same: bool = False, picture: str | None = None) -> Alike:
    return Alike(name=name, similarity=similarity, distance=1 - similarity, same=same, picture=picture)


def test_the_sheet_tells_rank_name_similarity_and_distance() -> None:
    text = sheet(alike("Ann <b>", 0.95, True, PICTURE), alike("Émile", 0.4))
    assert "The 2 most alike of 1,234 people in the gallery." in text
    assert "Ann &lt;b&gt;" in text
    assert "<b>" not in text
    assert "&lt;me&gt;.jpg" in text
    assert re.findall(r"<dd>([\d.]+)</dd>", text) == ["0.950", "0.050", "0.400", "0.600"]
    assert text.count('<li class="same">') == 1
    assert ">É</span>" in text
    assert "which 0.1 % of pairs of strangers reach" in text


def test_bars_grow_with_similarity_and_stay_on_the_scale() -> None:
    text = sheet(*(alike("x", value) for value in (1.0, 0.99, 0.85, 0.2, -0.3)))
    bars = [float(width) for width in re.findall(r'class="upto" width="([\d.]+)"', text)]
    assert bars == sorted(bars, reverse=True)
    assert bars[0] == 100
    assert bars[-1] > 0


def test_nobody_is_an_answer() -> None:
    text = sheet()
    assert "The 0 most alike" in text
    assert "It holds pictures of people" in text, "that of who was asked about"


def test_the_page_needs_nothing() -> None:
    text = sheet(alike("x", 0.5, picture=PICTURE))
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "<script" not in text
