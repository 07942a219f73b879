import base64

import numpy as np

from closeup.core.types import Image
from closeup.features.gallery.pictures import KEPT_HEIGHT, kept_picture, thumbnail, thumbnail_of_jpeg
from closeup.media.image import decode_jpeg
from stills import FACES_XYXY, astronaut, at_scale

FACE = np.array(FACES_XYXY["astronaut"], np.float32)
LANDMARKS = np.array([[203, 110], [244, 108], [225, 132], [207, 152], [243, 150]], np.float32)


def decoded(uri: str) -> Image:
    assert uri.startswith("data:image/jpeg;base64,")
    return decode_jpeg(base64.b64decode(uri.partition(",")[2]))


def test_what_is_kept_is_head_and_shoulders_small_and_without_notes() -> None:
    jpeg = kept_picture(at_scale(astronaut(), 3), FACE * 3, LANDMARKS * 3)
    picture = decode_jpeg(jpeg)
    assert picture.shape[0] == KEPT_HEIGHT
    assert 0.7 < picture.shape[1] / picture.shape[0] < 0.9
    assert b"Exif" not in jpeg


def test_small_pictures_are_not_enlarged() -> None:
    assert decode_jpeg(kept_picture(at_scale(astronaut(), 0.5), FACE / 2, LANDMARKS / 2)).shape[0] < KEPT_HEIGHT


def test_a_thumbnail_is_square_and_shows_the_face() -> None:
    small = decoded(thumbnail(astronaut(), FACE, 64))
    assert small.shape == (64, 64, 3)
    around = astronaut()[57:191, 158:291]
    assert abs(float(small.mean()) - float(around.mean())) < 6


def test_a_face_at_the_edge_or_as_large_as_the_picture_has_one_too() -> None:
    for box in ([-30, -30, 60, 60], [480, 480, 600, 600], [0, 0, 512, 512], [-100, -100, 700, 700]):
        small = decoded(thumbnail(astronaut(), np.array(box, np.float32), 48))
        assert small.shape == (48, 48, 3)


def test_a_kept_picture_has_a_thumbnail() -> None:
    kept = kept_picture(astronaut(), FACE, LANDMARKS)
    whole, head = (decoded(thumbnail_of_jpeg(kept, 40, head_only=only)) for only in (False, True))
    assert whole.shape == head.shape == (40, 40, 3)
    face = decoded(thumbnail(astronaut(), FACE, 40)).astype(float)
    assert abs(head - face).mean() < 0.8 * abs(whole - face).mean()


def test_a_face_on_its_head_is_kept_upright() -> None:
    kept = decode_jpeg(kept_picture(astronaut(), FACE, LANDMARKS)).astype(int)
    for quarters in (1, 2, 3):
        image, points = astronaut(), np.concatenate([FACE.reshape(2, 2), LANDMARKS])
        for _ in range(quarters):
            points = np.stack([points[:, 1], image.shape[1] - points[:, 0]], axis=1)
            image = np.rot90(image)
        box = np.concatenate([points[:2].min(axis=0), points[:2].max(axis=0)])
        turned = decode_jpeg(kept_picture(np.ascontiguousarray(image), box, points[2:])).astype(int)
        assert turned.shape == kept.shape
        assert np.abs(turned - kept).mean() < 2
