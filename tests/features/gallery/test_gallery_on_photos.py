"""The gallery with the models that come with pip, on two real portraits: once through everything."""

from pathlib import Path

import numpy as np

from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.identify import identify
from closeup.features.gallery.similar import similar_in
from closeup.features.gallery.verify import verify
from closeup.media.image import encode_jpeg
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore
from stills import astronaut, at_scale, hopper, mirrored


def test_two_people_are_enrolled_told_apart_and_found_in_one_picture(store: GalleryStore, tmp_path: Path) -> None:
    reader = Analyzer("builtin")
    pictures = {"Eileen": astronaut(), "Grace": at_scale(hopper(), 0.8)}
    for name, image in pictures.items():
        (tmp_path / f"{name}.jpg").write_bytes(encode_jpeg(image))
        (tmp_path / f"{name}-mirrored.jpg").write_bytes(encode_jpeg(mirrored(at_scale(image, 0.9)), 60))
    eileen = enrol(store, reader, "Eileen", [tmp_path / "Eileen.jpg"])
    assert eileen.templates == 1
    enrol(store, reader, "Grace", [tmp_path / "Grace.jpg"])
    assert verify(reader, tmp_path / "Eileen.jpg", tmp_path / "Eileen-mirrored.jpg").same
    assert not verify(reader, tmp_path / "Eileen.jpg", tmp_path / "Grace.jpg").same
    left, right = mirrored(pictures["Grace"])[:400], mirrored(pictures["Eileen"])[:400]
    found = identify(store, reader, np.ascontiguousarray(np.hstack([left, right])))
    assert [face.name for face in found] == ["Grace", "Eileen"]
    alike = similar_in(tmp_path, reader, tmp_path / "Grace.jpg", top=1)
    assert Path(alike.found[0].name).name == "Grace-mirrored.jpg"
