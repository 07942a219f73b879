from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.types import FloatArray, Image
from closeup.core.words import LeftOut
from closeup.features.checkout.catalogue import new_product, pictures_of, retire
from closeup.features.checkout.read import open_shelf, read_counter, read_photos
from closeup.media.image import encode_png
from closeup.storage.shop import ShopStore, open_shop
from features.checkout.shelf import PlainModels, counter, write_packshot
from perception.test_barcodes import code_picture
from perception.test_barcodes import lay as lay_code

PRICES = {"cola": "1,500", "mint": "800", "sea": "2,000"}


@pytest.fixture
def shop(tmp_path: Path) -> ShopStore:
    store = open_shop(tmp_path / "shop.db")
    for kind, price in PRICES.items():
        store.add([(new_product(store, kind, price), pictures_of([write_packshot(tmp_path, kind, background=128)]))])
    return store


def test_things_are_counted_and_priced_from_left_to_right(shop: ShopStore) -> None:
    models = PlainModels()
    found = read_counter(counter("mint", "cola", "mint"), "a", open_shelf(shop, models), models)
    assert [(each.state, each.product) for each in found.things] == [
        ("sure", "mint"),
        ("sure", "cola"),
        ("sure", "mint"),
    ]
    assert [(each.product, each.count, each.sum_minor) for each in found.lines] == [
        ("cola", 1, 1500),
        ("mint", 2, 1600),
    ]
    assert (found.total_minor, found.currency, found.doubts, found.unknown) == (3100, "KRW", 0, 0)
    assert shop.unseen("plain") == ()


class EagerModels(PlainModels):
    """Also finds a part of each thing."""

    def find(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        boxes, _ = super().find(rgb)
        parts = boxes + np.array([4, 4, -4, -30], np.float32)
        every = np.concatenate([boxes, parts])
        return every, np.linspace(0.9, 0.6, len(every)).astype(np.float32)


def test_a_part_of_a_thing_is_not_sold_again(shop: ShopStore) -> None:
    models = EagerModels()
    found = read_counter(counter("cola", "sea", "cola"), "a", open_shelf(shop, models), models)
    assert [(each.product, each.count) for each in found.lines] == [("cola", 2), ("sea", 1)]
    assert len(found.things) == 3


def test_what_is_not_sold_is_refused_and_costs_nothing(shop: ShopStore) -> None:
    models = PlainModels()
    retire(shop, shop.find("cola"))
    found = read_counter(counter("cola", "sea"), "a", open_shelf(shop, models), models)
    assert [each.state for each in found.things] == ["unknown", "sure"]
    assert (found.things[0].product, found.things[0].choices) == (None, ())
    assert (found.total_minor, found.unknown) == (2000, 1)


def test_two_products_that_look_alike_are_a_doubt_with_both_as_choices(shop: ShopStore, tmp_path: Path) -> None:
    models = PlainModels()
    diet = new_product(shop, "diet cola", "1,400")
    shop.add([(diet, pictures_of([write_packshot(tmp_path, "cola", background=129)]))])
    found = read_counter(counter("cola"), "a", open_shelf(shop, models), models)
    assert found.things[0].state == "doubt"
    assert set(found.things[0].choices) == {"cola", "diet cola"}
    assert (found.things[0].product, found.lines, found.total_minor, found.doubts) == (None, (), 0, 1)


def test_an_empty_shop_and_an_empty_counter(tmp_path: Path, shop: ShopStore) -> None:
    photos = []
    for number, picture in enumerate((counter(), counter("cola"))):
        photos.append(tmp_path / f"counter{number}.png")
        photos[-1].write_bytes(encode_png(picture))
    nothing, cola = read_photos(photos, shop=tmp_path / "shop.db", models=PlainModels()).readings
    assert (nothing.things, nothing.total_minor) == ((), 0)
    assert cola.total_minor == 1500
    empty = read_photos(photos, shop=tmp_path / "empty.db", models=PlainModels())
    assert [each.unknown for each in empty.readings] == [0, 1]
    assert empty.notes == ("Nothing is for sale yet, so that everything is unknown.",)


def test_photos_that_cannot_be_read_are_left_out_and_said(shop: ShopStore, tmp_path: Path) -> None:
    folder = tmp_path / "counters"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no picture")
    (folder / "list.txt").write_text("cola")
    with pytest.raises(InputError, match=r"a\.png"):
        read_photos([folder], shop=tmp_path / "shop.db", models=PlainModels())
    (folder / "b.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"2 of 2 photos could not be used\. .*a\.png.*b\.png"):
        read_photos([folder], shop=tmp_path / "shop.db", models=PlainModels())
    (folder / "c.png").write_bytes(encode_png(counter("cola")))
    found = read_photos([folder], shop=tmp_path / "shop.db", models=PlainModels())
    assert [(Path(each.photo).name, each.total_minor) for each in found.readings] == [("c.png", 1500)]
    assert [Path(each.photo).name for each in found.unreadable] == ["a.png", "b.png"]
    losses = [note for note in found.notes if isinstance(note, LeftOut)]
    assert losses[0] == "2 of 3 photos could not be used."
    assert ["a.png" in losses[1], "b.png" in losses[2]] == [True, True]
    assert any("list.txt" in note or "1 file" in note for note in found.notes if note not in losses)


def test_a_weight_that_nothing_explains_makes_doubts_and_is_said(shop: ShopStore, tmp_path: Path) -> None:
    for name, grams in {"cola": 355, "mint": 100}.items():
        shop.change(shop.find(name).id, weight_g=grams)
    photo = tmp_path / "counter.png"
    photo.write_bytes(encode_png(counter("cola", "mint")))

    def found(weight_g: int | None) -> tuple[int, int, int | None]:
        read = read_photos([photo], shop=tmp_path / "shop.db", weight_g=weight_g, models=PlainModels())
        (each,) = read.readings
        return each.total_minor, each.doubts, each.weight_off_g

    assert found(None) == (2300, 0, None)
    assert found(452) == (2300, 0, 0)
    assert found(810) == (0, 2, 355)  # a second cola lies hidden
    assert found(100) == (0, 2, -355)
    with pytest.raises(InputError, match="of what lies in one photo"):
        read_photos(
            [photo, write_packshot(tmp_path, "sun")], shop=tmp_path / "shop.db", weight_g=1, models=PlainModels()
        )


def test_a_product_is_cut_out_of_its_photo(shop: ShopStore) -> None:
    from closeup.features.checkout.read import product_box

    models = PlainModels()
    picture = counter("cola", "mint", "sea")
    np.testing.assert_allclose(product_box(picture, models), [100, 20, 160, 100], atol=1)
    np.testing.assert_array_equal(product_box(counter(), models), [0, 0, 100, 120])


def test_a_barcode_settles_what_a_thing_is_and_the_same_twice_is_two(tmp_path: Path) -> None:
    store = open_shop(tmp_path / "codes.db")
    store.add([(new_product(store, "still water", "900", barcode="8801043014809"), [])])
    picture = np.full((420, 900, 3), 128, np.uint8)
    code = code_picture("8801043014809")
    for x in (20, 320, 620):  # the last without a thing around it
        if x < 600:
            picture[40:380, x : x + 270] = (200, 20, 30)
        lay_code(picture, code, x + 20, 200)
    found = read_counter(picture, "a", open_shelf(store, PlainModels()), PlainModels())
    assert [(each.product, each.barcode) for each in found.things] == [("still water", "8801043014809")] * 3
    assert [each.score > 0 for each in found.things] == [True, True, False]
    assert (found.total_minor, found.unknown) == (2700, 0)

    retire(store, store.find("still water"))
    found = read_counter(picture, "a", open_shelf(store, PlainModels()), PlainModels())
    assert [each.state for each in found.things] == ["unknown", "unknown"]


def test_a_code_that_is_seen_twice_on_one_thing_is_one_and_another_code_another(tmp_path: Path) -> None:
    store = open_shop(tmp_path / "codes.db")
    for name, digits in (("water", "8801043014809"), ("juice", "12345670")):
        store.add([(new_product(store, name, "900", barcode=digits), [])])
    picture = np.full((700, 400, 3), 128, np.uint8)
    picture[20:680, 20:380] = (200, 20, 30)
    for y in (60, 220):
        lay_code(picture, code_picture("8801043014809"), 60, y)
    shelf = open_shelf(store, PlainModels())
    assert [(each.product, each.count) for each in read_counter(picture, "a", shelf, PlainModels()).lines] == [
        ("water", 1)
    ]
    lay_code(picture, code_picture("12345670", "EAN8"), 60, 400)
    assert [each.product for each in read_counter(picture, "a", shelf, PlainModels()).lines] == ["juice", "water"]
