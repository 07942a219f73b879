"""The catalogue: products with prices, barcodes and pictures, one by one or from a table."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.documents.checkout import ProductRecord
from closeup.features.checkout.evidence import parse_size, parse_weight
from closeup.features.checkout.money import parse_price
from closeup.features.checkout.scene import CounterScene
from closeup.features.checkout.till import STILL_LOOKS
from closeup.media.image import decode_image, encode_jpeg, shrunk
from closeup.media.live import live_pictures
from closeup.media.photos import find_photos
from closeup.storage.shop import Picture, ShopStore, open_shop
from closeup.tables.strict_csv import parse_table, table_content

LOOKS_HZ = 10.0
"""So often a second a counter is looked at: what lies there counts as still after 0.3 s without movement."""

CAMERA_WH = 1280, 720

WAIT_S = 60.0
"""For so long the next view of a product is waited for."""

FIRST_CURRENCY = "KRW"
"""Of a shop that nobody has named another one for."""

VIEW_PX = 480
"""Longer side of a picture that is kept."""

COLUMNS = ("name", "price", "barcode", "photos", "tax", "weight_g", "size_mm")
"""Of a table of products; only the first two have to be there. Several photos are parted by semicolons."""


def clean_barcode(text: str) -> str:
    """A barcode as it is stored: 8, 13 or 14 digits; a UPC-A (12) is an EAN-13 that begins with 0 (GS1).

    Raises:
        InputError: It has another length, other characters, or its check digit is wrong.
    """
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", digits):
        raise InputError(f"{text!r} is no barcode of a product.", "EAN-8, UPC-A, EAN-13 and GTIN-14 are digits only.")
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits[-2::-1]))
    if (total + int(digits[-1])) % 10:
        raise InputError(f"The barcode {digits} is mistyped: its last digit should be {-total % 10}.", "Look again.")
    return f"0{digits}" if len(digits) == 12 else digits


def tax_basis_points(percent: str) -> int:
    """Hundredths of a percent: "10" and "10%" are 1000.

    Raises:
        InputError: It is no share from 0 to 100.
    """
    found = re.fullmatch(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?", percent.strip(), re.ASCII)
    points = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
    if not 0 <= points <= 10_000:
        raise InputError(f"{percent!r} is no tax in percent.", "Give 0 to 100, with two decimals at most.")
    return points


def new_product(
    shop: ShopStore,
    name: str,
    price: str,
    *,
    barcode: str | None = None,
    tax: str = "0",
    currency: str | None = None,
    weight_g: str | None = None,
    size_mm: str | None = None,
) -> ProductRecord:
    """A product as it is said, not stored yet; without a currency in the shop's.

    Raises:
        InputError: Price, barcode, tax, currency, weight or size cannot be.
    """
    known = currency.upper() if currency else shop.currency() or FIRST_CURRENCY
    return ProductRecord(
        name=name,
        price_minor=parse_price(price, known),
        currency=known,
        tax_basis_points=tax_basis_points(tax),
        barcode=clean_barcode(barcode) if barcode else None,
        weight_g=parse_weight(weight_g) if weight_g else None,
        size_mm=parse_size(size_mm) if size_mm else None,
    )


def pictures_of(photos: Sequence[Path]) -> list[Picture]:
    """The views of a product from photos, folders or zip files of them, made small.

    Raises:
        InputError: One of them is no photo.
    """
    made = []
    for photo in find_photos(photos)[0]:
        content = photo.read()
        made.append(view_of(decode_image(content, photo.name), content))
    return made


def view_of(image: Image, content: bytes | None = None) -> Picture:
    """A view of a product from a picture (H, W, 3), made small; `content` is the file that it comes from."""
    small = encode_jpeg(shrunk(image, VIEW_PX))
    return small, hashlib.sha256(small if content is None else content).hexdigest()


def views_by_camera(camera: str, wanted: int, say: Callable[[str], None]) -> list[Picture]:
    """Views of one product before a camera: one each time that it lies still after it was moved.

    Args:
        camera: Number of a camera, a video, or a folder with pictures.
        wanted: How many.
        say: Is given what to do next.

    Raises:
        InputError: There is no such camera, or nothing ever lay still there.
    """
    scene, made, moved = CounterScene(), list[Picture](), True
    until_s = time.monotonic() + WAIT_S
    say("Lay the product alone before the camera.")
    with closing(live_pictures(camera, LOOKS_HZ, CAMERA_WH)) as pictures:
        for rgb in pictures:
            scene.look(rgb)
            moved = moved or scene.still == 0
            if moved and scene.still >= STILL_LOOKS:
                made.append(view_of(rgb))
                moved, until_s = False, time.monotonic() + WAIT_S
                say(f"View {len(made)} of {wanted}." + " Turn the product." * (len(made) < wanted))
            if len(made) == wanted or time.monotonic() > until_s:
                break
    if not made:
        raise InputError("Nothing lay still before the camera.", "Give more light, and take your hands away.")
    return made


def import_products(
    table: Path, *, shop: Path | None = None, currency: str | None = None, progress: ProgressCallback = ignore
) -> tuple[ProductRecord, ...]:
    """Add all products of a table (`COLUMNS`), or none: photos are found from where the table is.

    Args:
        table: CSV with a header.
        shop: Database that they are added to; None for the one of this user.
        currency: Of the prices; the shop's where it is not said.
        progress: Is called as it goes.

    Raises:
        InputError: A column is missing, or a row cannot be; it says which line.
        StorageError: The shop cannot be used.
    """
    parsed = parse_table(table_content(table), str(table))
    for column in COLUMNS[:2]:
        parsed.need(column)
    unknown = [column for column in parsed.columns if column not in COLUMNS]
    if unknown:
        raise InputError(
            f"{table} has a column {unknown[0]!r}, which says nothing here.", f"Known are: {', '.join(COLUMNS)}."
        )
    if not parsed.rows:
        raise InputError(f"{table} has no product.")
    with open_shop(shop) as store:
        new = []
        for number, (line, row) in enumerate(parsed.rows):
            progress(Progress("Reading", number, len(parsed.rows), "products"))
            try:
                new.append(_row_product(store, row, table.parent, currency))
            except InputError as error:
                raise error.within(f"{table}, line {line}") from error
        added = store.add(new)
    progress(Progress("Reading", len(parsed.rows), len(parsed.rows), "products"))
    return added


def _row_product(
    shop: ShopStore, row: Mapping[str, str], folder: Path, currency: str | None
) -> tuple[ProductRecord, list[Picture]]:
    product = new_product(
        shop,
        row["name"],
        row["price"],
        barcode=row.get("barcode") or None,
        tax=row.get("tax") or "0",
        currency=currency,
        weight_g=row.get("weight_g"),
        size_mm=row.get("size_mm"),
    )
    places = [folder / each.strip() for each in row.get("photos", "").split(";") if each.strip()]
    return product, pictures_of(places) if places else []


def retire(shop: ShopStore, product: ProductRecord, *, back: bool = False) -> ProductRecord:
    """Sell a product no more; or again."""
    return shop.change(product.id, retired_at=None if back else datetime.now(UTC))
