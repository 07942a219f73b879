import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.features.gallery import mapping
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.mapping import (
    HEIGHT,
    WIDTH,
    Layout,
    MapFace,
    lay_out_pca,
    lay_out_tsne,
    map_folder,
    map_gallery,
    map_page,
    neighbours_kept,
)
from closeup.features.gallery.options import EnrolOptions
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import FakeAnalyzer, Shown, made_up_card, photo
from features.gallery.people import faces_of, labelled


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
    assert drawn.notes[0].startswith("1 of 4 files could not be read as pictures. The first: ")
    assert (len(drawn.notes), drawn.unreadable) == (1, 1)


def test_what_is_left_out_of_a_map_is_counted(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    both = FakeAnalyzer((made_up_card(), made_up_card("older")))
    for person in range(3):
        enrol(store, both, f"person {person}", [photo(tmp_path / f"{person}.png", Shown(person))])  # type: ignore[arg-type]
    older = FakeAnalyzer((made_up_card("older"),))
    enrol(store, older, "somebody", [photo(tmp_path / "other.png", Shown(9))])  # type: ignore[arg-type]
    assert map_gallery(store, reader).notes[0] == "1 person of the gallery not known by made-up, and so left out."
    photo(tmp_path / "sea.png")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("0.png", "1.png", "2.png", "sea.png"):
            archive.write(tmp_path / name, f"friends/{name}")
    drawn = map_folder(tmp_path / "all.zip", reader)
    assert (drawn.faces, drawn.people, drawn.notes) == (3, 1, ("1 of 4 pictures without a face.",))


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


NASTY = '<script>alert("x")</script> & Ünï 名前'


def page(count: int = 3) -> str:
    vectors, names = labelled(range(count), 2)
    faces = [MapFace(NASTY if name == "person 0" else name, "a.jpg", None) for name in names]
    return map_page(NASTY, faces, [lay_out_pca(vectors)], ["One note."])


def test_pca_keeps_what_lies_in_a_plane() -> None:
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(30, 2)) * [3, 1]
    turned = flat @ np.linalg.qr(rng.normal(size=(8, 8)))[0][:2]
    layout = lay_out_pca(turned.astype(np.float32))
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    assert np.linalg.norm(layout.xy[:, None] - layout.xy[None], axis=2) == pytest.approx(distances, abs=1e-4)
    assert layout.kept == 1.0
    assert "hold 100% of all differences" in layout.note


@pytest.mark.parametrize("lay_out", [lay_out_pca, lay_out_tsne])
def test_the_same_faces_give_the_same_map(lay_out: object) -> None:
    assert callable(lay_out)
    vectors, _ = labelled(range(4), 4)
    one, other = lay_out(vectors), lay_out(vectors)
    assert one.xy == pytest.approx(other.xy)
    assert one.xy.shape == (16, 2)


def test_tsne_brings_each_person_together() -> None:
    vectors, names = labelled(range(5), 6)
    xy = lay_out_tsne(vectors).xy
    distances = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    assert sum(names[a] == names[b] for a, b in enumerate(nearest)) >= 27


@pytest.mark.parametrize("count", [3, 4, 5])
def test_few_faces_are_enough_and_two_are_not(count: int) -> None:
    for lay_out in (lay_out_pca, lay_out_tsne):
        assert np.isfinite(lay_out(faces_of(1, count)).xy).all()
        with pytest.raises(InputError, match="needs 3 faces at least, and here are 2"):
            lay_out(faces_of(1, 2))


def test_faces_that_are_all_the_same_can_be_drawn() -> None:
    same = np.repeat(faces_of(1, 1), 4, axis=0)
    text = map_page("same", [MapFace("a", "", None)] * 4, [lay_out_pca(same)])
    assert "nan" not in text.lower()


def test_neighbours_are_counted() -> None:
    points = np.array([[0, 0], [1, 0], [10, 0], [11, 0]], np.float32)
    assert neighbours_kept(points, points.astype(np.float64), count=1) == 1.0
    assert neighbours_kept(points, points[[0, 2, 1, 3]].astype(np.float64), count=1) == 0.0
    assert neighbours_kept(points[:1], points[:1].astype(np.float64)) == 1.0


def test_the_page_needs_nothing_and_obeys_nobody() -> None:
    text = page()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "default-src 'none'" in text
    assert "One note." in text


def test_every_face_is_drawn_inside_and_every_name_listed_once() -> None:
    text = page(5)
    places = re.findall(r'<g class="face c\d+" transform="translate\(([\d.-]+) ([\d.-]+)\)"', text)
    assert len(places) == 10
    assert all(0 < float(x) < WIDTH and 0 < float(y) < HEIGHT for x, y in places)
    assert text.count('aria-pressed="false"') == 5


def test_pictures_are_shown_where_there_are_some() -> None:
    faces = [MapFace("a", "", "data:image/jpeg;base64,AAAA"), MapFace("b", "", None), MapFace("b", "", None)]
    layout = Layout("PCA", np.array([[0, 0], [1, 1], [2, 0.0]]), 1.0, "")
    text = map_page("x", faces, [layout])
    assert text.count("<image ") == 1
    assert "It holds pictures of people" in text


def test_a_map_of_dots_does_not_say_that_it_holds_pictures() -> None:
    text = page()
    assert "<image " not in text
    assert "pictures of people" not in text
    assert "it loads nothing and sends nothing.</p></footer>" in text
