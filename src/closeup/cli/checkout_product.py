"""`closeup checkout product ...`: what a shop sells."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.checkout_kiosk import Shop
from closeup.cli.flags import AsJson, Quiet
from closeup.cli.output import one_line, show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.words import counted
from closeup.documents.checkout import PRODUCT, ProductRecord
from closeup.features.checkout.money import amount_text

if TYPE_CHECKING:
    from closeup.storage.shop import Picture

app = typer.Typer(no_args_is_help=True, help="The catalogue: what is sold, for how much, and how it looks.")

Which = Annotated[str, typer.Argument(metavar="PRODUCT", show_default=False, help="Its name or barcode.")]
Money = Annotated[str | None, typer.Option(metavar="CODE", help="Of the price: KRW, EUR...; else the shop's.")]
Back = Annotated[bool, typer.Option("--back", help="Sell it again.")]
Weight = Annotated[str | None, typer.Option(metavar="GRAMS", help="What one weighs, packed.")]
Size = Annotated[str | None, typer.Option(metavar="MM", help="Three edges of the pack: 120x60x30.")]


@app.command("add")
def add_product(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="What it is called on receipts.")],
    photos: Annotated[
        list[Path] | None, typer.Argument(metavar="PHOTO...", show_default=False, help="Of this product alone.")
    ] = None,
    *,
    price: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Of one, tax included: 1,500.")] = None,
    barcode: Annotated[str | None, typer.Option(metavar="DIGITS", help="EAN-13, EAN-8, UPC-A or GTIN-14.")] = None,
    tax: Annotated[str, typer.Option(metavar="PERCENT", help="Of tax in the price.")] = "0",
    weight_g: Weight = None,
    size_mm: Size = None,
    camera: Annotated[
        str | None, typer.Option(metavar="N|VIDEO|FOLDER", help="Take views of it by a camera: turn it between them.")
    ] = None,
    views: Annotated[int, typer.Option(metavar="N", min=1, max=20, help="How many, by a camera.")] = 3,
    currency: Money = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Add a product; or, without a price, more photos or views of one that is there."""
    from closeup.core.errors import InputError
    from closeup.features.checkout.catalogue import new_product
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        if price is None:
            if barcode or currency or weight_g or size_mm or tax != "0" or not (photos or camera):
                raise InputError(f"{name} has no price.", "Give the price that it is sold for.", code="checkout.price")
            found = store.find(name)
            taken = _pictures(photos, camera, views)
            added = store.add_views(found.id, taken)
            more = added.views - found.views
        else:
            new = new_product(
                store, name, price, barcode=barcode, tax=tax, currency=currency, weight_g=weight_g, size_mm=size_mm
            )
            taken = _pictures(photos, camera, views)
            (added,) = store.add([(new, taken)])
            more = added.views
    show_product(added, as_json=as_json)
    if not as_json and more < len(taken):
        show_note("Photos that were there already add nothing.")
    if not as_json and not added.views:
        show_note("Without a photo it cannot be seen on the counter, only added by hand.")


def _pictures(photos: list[Path] | None, camera: str | None, views: int) -> "list[Picture]":
    """Views from photos, and by a camera."""
    from closeup.features.checkout.catalogue import pictures_of, views_by_camera

    by_camera = [] if camera is None else views_by_camera(camera, views, show_note)
    return [*(pictures_of(photos) if photos else []), *by_camera]


@app.command("import")
def import_table(
    table: Annotated[Path, typer.Argument(metavar="TABLE.csv", show_default=False, help="name, price, barcode...")],
    currency: Money = None,
    shop: Shop = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Add all products of a table, or none.

    Its columns: name, price, and perhaps barcode, tax, photos (several: a.jpg;b.jpg), weight_g, size_mm (120x60x30).
    """
    from closeup.jobs.work import work
    from closeup.storage.shop import shop_place

    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        added = work("checkout.import")(table=table, shop=shop, currency=currency, progress=progress)
    if as_json:
        show_json([PRODUCT.to_data(each) for each in added])
    elif not quiet:
        pictured, place = sum(each.views > 0 for each in added), one_line(str(shop_place(shop)))
        typer.echo(f"{counted(len(added), 'product')} added to {place}, {pictured} of them with photos.")


@app.command("list")
def list_products(
    retired: Annotated[bool, typer.Option("--retired", help="Also what is not sold any more.")] = False,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """List what is sold."""
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        found, place = store.products(retired=retired), store.place
    if as_json:
        show_json([PRODUCT.to_data(each) for each in found])
        return
    if not found:
        typer.echo(f"There is nothing for sale in {one_line(place)}.")
        return
    rows = [
        (
            each.name,
            amount_text(each.price_minor, each.currency),
            each.barcode or "",
            f"{each.tax_basis_points / 100:g} %" if each.tax_basis_points else "",
            str(each.views),
            "not sold any more" if each.retired else "",
        )
        for each in found
    ]
    show_table(*rows, head=("product", ">price", "barcode", ">tax", ">views", ""))
    typer.echo(f"{counted(len(found), 'product')} in {one_line(place)}")


@app.command("price")
def set_price(
    which: Which,
    price: Annotated[str, typer.Argument(metavar="AMOUNT", show_default=False, help="Of one, tax included.")],
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Sell a product for another price from now on."""
    from closeup.features.checkout.money import parse_price
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        found = store.find(which)
        changed = store.change(found.id, price_minor=parse_price(price, found.currency))
    show_product(changed, as_json=as_json)


@app.command("measure")
def measure(
    which: Which, weight_g: Weight = None, size_mm: Size = None, shop: Shop = None, as_json: AsJson = False
) -> None:
    """Say what a product weighs and how large it is, which a counter's scale and ruler are held against."""
    from closeup.core.errors import InputError
    from closeup.features.checkout.evidence import parse_size, parse_weight
    from closeup.storage.shop import open_shop

    if not weight_g and not size_mm:
        raise InputError("Neither a weight nor a size is given.", "Give one, or both.")
    weight = {"weight_g": parse_weight(weight_g)} if weight_g else {}
    size = {"size_mm": parse_size(size_mm)} if size_mm else {}
    with open_shop(shop) as store:
        changed = store.change(store.find(which).id, **weight, **size)
    show_product(changed, as_json=as_json)


@app.command("retire")
def retire_product(which: Which, back: Back = False, shop: Shop = None, as_json: AsJson = False) -> None:
    """Sell a product no more; what was sold stays on record."""
    from closeup.features.checkout.catalogue import retire
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        changed = retire(store, store.find(which), back=back)
    show_product(changed, as_json=as_json)


def show_product(found: ProductRecord, *, as_json: bool) -> None:
    """Say how a product stands in the catalogue."""
    if as_json:
        show_json(PRODUCT.to_data(found))
        return
    said = [amount_text(found.price_minor, found.currency), counted(found.views, "view")]
    said += [f"{found.weight_g} g"] * (found.weight_g is not None)
    said += [f"{' x '.join(map(str, found.size_mm))} mm"] if found.size_mm is not None else []
    said += ["not sold any more"] * found.retired
    typer.echo(f"{one_line(found.name)}: {', '.join(said)}.")
