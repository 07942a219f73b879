"""`closeup checkout ...`: what a shop sells, and what lies on its counter."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from closeup.cli import checkout_kiosk
from closeup.cli.checkout_kiosk import Shop
from closeup.cli.flags import AsJson, Quiet
from closeup.cli.output import one_line, show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.installed import extra_command
from closeup.core.words import counted
from closeup.documents.checkout import PRODUCT, READING, CounterReading, ProductRecord
from closeup.features.checkout.money import amount_text

app = typer.Typer(name="checkout", no_args_is_help=True, help="See what lies on a counter, count it and price it.")
product = typer.Typer(no_args_is_help=True, help="The catalogue: what is sold, for how much, and how it looks.")
app.add_typer(product, name="product")
app.add_typer(checkout_kiosk.shopper, name="shopper")
app.add_typer(checkout_kiosk.app)


class Language(StrEnum):
    """Of receipts."""

    en = "en"
    ko = "ko"


Which = Annotated[str, typer.Argument(metavar="PRODUCT", show_default=False, help="Its name or barcode.")]
Money = Annotated[str | None, typer.Option(metavar="CODE", help="Of the price: KRW, EUR...; else the shop's.")]
Back = Annotated[bool, typer.Option("--back", help="Sell it again.")]


@app.command()
def read(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", show_default=False, help="Of the counter.")],
    shop: Shop = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """See what lies on a counter: products, how many, prices and total; what is in doubt, and what is unknown."""
    from closeup.jobs.work import work
    from closeup.perception.barcodes import reads_barcodes
    from closeup.storage.shop import open_shop

    with progress_bar("Reading", quiet=quiet or as_json) as progress:
        found = work("checkout.read")(photos=photos, shop=shop, progress=progress)
    with open_shop(shop) as store:
        sold = store.products()
    if as_json:
        show_json([READING.to_data(each) for each in found])
    elif not quiet:
        for each in found:
            _show_reading(each)
    if not sold:
        show_note("Nothing is for sale yet, so that everything is unknown.")
    if any(each.barcode for each in sold) and not reads_barcodes():
        show_note(f"Barcodes on products are not read: that needs a package. {extra_command('checkout')}")


@app.command()
def sell(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", show_default=False, help="Of the counter.")],
    choose: Annotated[
        list[str] | None, typer.Option(metavar="N=PRODUCT", help="What doubt N is, from left to right; it is learnt.")
    ] = None,
    add: Annotated[list[str] | None, typer.Option(metavar="PRODUCT", help="Add one by hand.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="PRODUCT", help="Take one out by hand.")] = None,
    who: Annotated[str, typer.Option(metavar="NAME", help="The shopper.")] = "guest",
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Sell what lies on the counter, paid by a sandbox that takes no money, and print the receipt."""
    from closeup.documents.checkout import SALE
    from closeup.features.checkout.receipt import receipt_text
    from closeup.jobs.work import work

    sale = work("checkout.sell")(
        photo=photo, shop=shop, choices=choose or [], added=add or [], removed=remove or [], who=who
    )
    if as_json:
        show_json(SALE.to_data(sale))
    else:
        typer.echo("\n".join(map(one_line, receipt_text(sale).splitlines())))


@app.command()
def receipt(
    sale: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="Its number, or how that begins.", show_default="the newest")
    ] = "",
    pdf: Annotated[Path | None, typer.Option(metavar="FILE.pdf", help="Write it as PDF, 80 mm wide.")] = None,
    language: Annotated[Language, typer.Option(help="What it is written in.")] = Language.en,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Print the receipt of a sale again, or write it as PDF."""
    from closeup.core.whole import write_whole
    from closeup.documents.checkout import SALE
    from closeup.features.checkout.receipt import find_sale, receipt_pdf, receipt_text
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        found = find_sale(store, sale)
    if pdf is not None:
        content, missing = receipt_pdf(found, language.value)
        write_whole(pdf, content)
        if missing:
            show_note(f"Printed as question marks, because no font here has them: {' '.join(missing)}")
    if as_json:
        show_json(SALE.to_data(found))
    elif pdf is None:
        typer.echo("\n".join(map(one_line, receipt_text(found, language.value).splitlines())))
    else:
        typer.echo(f"The receipt {found.id[:8]} is in {one_line(str(pdf))}.")


@app.command()
def forget(shop: Shop = None) -> None:
    """Forget what the last choice has taught."""
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        _show(store.forget_choice(), as_json=False)


@app.command()
def sales(
    events: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write who took what, for closeup recommend fit.")
    ] = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """List what was sold."""
    from closeup.core.whole import write_whole
    from closeup.documents.checkout import SALE
    from closeup.features.checkout.sell import sale_events
    from closeup.storage.shop import open_shop
    from closeup.tables.strict_csv import table_bytes

    with open_shop(shop) as store:
        found = store.sales()
    if events is not None:
        write_whole(events, table_bytes(("user", "item", "quantity", "time"), sale_events(found)))
    if as_json:
        show_json([SALE.to_data(each) for each in found])
        return
    rows = [
        (f"{each.at:%Y-%m-%d %H:%M}", each.id[:8], each.who, amount_text(each.total_minor, each.currency), each.state)
        for each in found
    ]
    show_table(*rows, head=("when", "receipt", "who", ">total", ""))


@app.command()
def evaluate(
    coco: Annotated[Path, typer.Argument(metavar="COCO.json", show_default=False, help="Photos with boxes and names.")],
    exemplars: Annotated[
        Path | None, typer.Option(metavar="COCO.json", help="Products' views from here, not from photos of one thing.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well a counter sees, on photos whose things are known: boxes, names, whole baskets, strangers."""
    from closeup.documents.checkout import COUNTER_EVALUATION
    from closeup.jobs.work import work

    with progress_bar(coco.name, quiet=quiet or as_json) as progress:
        found = work("checkout.evaluate")(coco=coco, exemplars=exemplars, progress=progress)
    if as_json:
        show_json(COUNTER_EVALUATION.to_data(found))
    elif not quiet:
        typer.echo(f"{one_line(found.data)}: {counted(found.photos, 'photo')}, {counted(found.things, 'thing')}.")
        tops = {f"top-1 by {counted(int(views), 'view')}": value for views, value in found.top1.items()}
        strangers = {f"strangers: {name}": value for name, value in found.strangers.items() if name != "things"}
        rows = [(name.replace("_", " "), f"{value:.4f}") for name, value in (found.boxes | tops | strangers).items()]
        show_table(*rows, head=("figure", ">value"))
        baskets = [
            (group, f"{each['baskets']:.0f}", *(f"{each[name]:.4f}" for name in ("cacc", "acd", "mccd", "mciou")))
            for group, each in found.baskets.items()
        ]
        show_table(*baskets, head=("things", ">baskets", ">cAcc", ">ACD", ">mCCD", ">mCIoU"))
    for note in () if quiet else found.notes:
        show_note(note)


@product.command("add")
def add_product(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="What it is called on receipts.")],
    photos: Annotated[
        list[Path] | None, typer.Argument(metavar="PHOTO...", show_default=False, help="Of this product alone.")
    ] = None,
    *,
    price: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Of one, tax included: 1,500.")] = None,
    barcode: Annotated[str | None, typer.Option(metavar="DIGITS", help="EAN-13, EAN-8, UPC-A or GTIN-14.")] = None,
    tax: Annotated[str, typer.Option(metavar="PERCENT", help="Of tax in the price.")] = "0",
    currency: Money = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Add a product; or, without a price, more photos of one that is there."""
    from closeup.core.errors import InputError
    from closeup.features.checkout.catalogue import new_product, pictures_of
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        if price is None:
            if barcode or currency or tax != "0" or not photos:
                raise InputError(f"{name} has no price.", "Give the price that it is sold for.", code="checkout.price")
            found = store.find(name)
            added = store.add_views(found.id, pictures_of(photos))
            more = added.views - found.views
        else:
            new = new_product(store, name, price, barcode=barcode, tax=tax, currency=currency)
            (added,) = store.add([(new, pictures_of(photos) if photos else [])])
            more = added.views
    _show(added, as_json=as_json)
    if not as_json and more < len(photos or ()):
        show_note("Photos that were there already add nothing.")
    if not as_json and not added.views:
        show_note("Without a photo it cannot be seen on the counter, only added by hand.")


@product.command("import")
def import_table(
    table: Annotated[Path, typer.Argument(metavar="TABLE.csv", show_default=False, help="name, price, barcode...")],
    currency: Money = None,
    shop: Shop = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Add all products of a table, or none: name, price, and perhaps barcode, tax, photos (several: a.jpg;b.jpg)."""
    from closeup.jobs.work import work
    from closeup.storage.shop import shop_place

    with progress_bar(table.name, quiet=quiet or as_json) as progress:
        added = work("checkout.import")(table=table, shop=shop, currency=currency, progress=progress)
    if as_json:
        show_json([PRODUCT.to_data(each) for each in added])
    elif not quiet:
        pictured, place = sum(each.views > 0 for each in added), one_line(str(shop_place(shop)))
        typer.echo(f"{counted(len(added), 'product')} added to {place}, {pictured} of them with photos.")


@product.command("list")
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


@product.command("price")
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
    _show(changed, as_json=as_json)


@product.command("retire")
def retire_product(which: Which, back: Back = False, shop: Shop = None, as_json: AsJson = False) -> None:
    """Sell a product no more; what was sold stays on record."""
    from closeup.features.checkout.catalogue import retire
    from closeup.storage.shop import open_shop

    with open_shop(shop) as store:
        changed = retire(store, store.find(which), back=back)
    _show(changed, as_json=as_json)


def _show(found: ProductRecord, *, as_json: bool) -> None:
    if as_json:
        show_json(PRODUCT.to_data(found))
        return
    price, views = amount_text(found.price_minor, found.currency), counted(found.views, "view")
    typer.echo(f"{one_line(found.name)}: {price}, {views}{', not sold any more' if found.retired else ''}.")


def _show_reading(found: CounterReading) -> None:
    """The lines and the total of a counter, and what has to be asked."""
    typer.secho(one_line(found.photo), bold=True)
    rows = [
        (
            str(line.count),
            line.product,
            *(amount_text(each, found.currency) for each in (line.price_minor, line.sum_minor)),
        )
        for line in found.lines
    ]
    rows.append(("", "total of what is sure", "", amount_text(found.total_minor, found.currency)))
    show_table(*rows, head=(">", "product", ">each", ">sum"))
    for thing in found.things:
        place = ", ".join(f"{each:.0f}" for each in thing.box_xyxy)
        if thing.state == "doubt":
            typer.echo(f"In doubt, at {place}: {' or '.join(map(one_line, thing.choices))}?")
        elif thing.state == "unknown":
            typer.echo(f"Unknown, at {place}: like nothing that is for sale.")
