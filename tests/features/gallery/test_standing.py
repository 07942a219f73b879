import json
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.export import export_json, export_to
from closeup.features.gallery.options import EnrolOptions
from closeup.features.gallery.standing import standing_of
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import NewTemplate
from features.gallery.made_up import Shown, embedding, photo


def test_what_is_missing_and_what_does_not_fit(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    shown = [Shown(1, 0), Shown(1, 1, "left"), Shown(2)]
    enrol(store, reader, "Ann", [photo(tmp_path / f"{n}.png", face) for n, face in enumerate(shown)])
    standing = standing_of(store, "ann")
    assert [t.id in standing.flagged for t in standing.templates] == [False, False, True]
    assert standing.missing == ("right", "down")
    with pytest.raises(InputError, match="Bob"):
        standing_of(store, "Bob")


def test_templates_of_a_model_that_is_not_known_are_left_alone(store: GalleryStore) -> None:
    vectors = [embedding(1, 0), embedding(2, 0)]
    store.enrol("Ann", [NewTemplate("long-gone", vector, "front", 0, 0, 0, 0.5) for vector in vectors])
    assert standing_of(store, "Ann").flagged == frozenset()


def test_all_that_is_stored_is_given_out(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    options = EnrolOptions(consent="asked 王", keep_pictures=True)
    enrol(store, reader, "Ann", [photo(tmp_path / "a.png", Shown(1))], options)
    text = export_json(store, "ann")
    data = json.loads(text)
    assert (data["name"], data["consent"]) == ("Ann", "asked 王")
    assert data["templates"][0]["vector"] == pytest.approx(embedding(1, 0).tolist())
    assert data["templates"][0]["picture_jpeg_base64"]
    target = tmp_path / "out.json"
    export_to(store, "Ann", target)
    assert target.read_text(encoding="utf-8") == text
