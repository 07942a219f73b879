"""`closeup checkout ...`: what a shop sells, and what lies on its counter."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from closeup.cli import checkout_kiosk, checkout_product
from closeup.cli.checkout_kiosk import MmPerPx, Shop
from closeup.cli.checkout_product import show_product
from closeup.cli.flags import AsJson, Quiet
from closeup.cli.output import one_line, show_json, show_note, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.words import counted
from closeup.documents.checkout import READINGS, CounterReading
from closeup.features.checkout.money import amount_text

app = typer.Typer(name="checkout", no_args_is_help=True, help="See what lies on a counter, count it and price it.")
app.add_typer(checkout_product.app, name="product")
app.add_typer(checkout_kiosk.shopper, name="shopper")
app.add_typer(checkout_kiosk.app)


class Language(StrEnum):
    """Of receipts."""

    en = "en"
    ko = "ko"


WeightG = Annotated[int | None, typer.Option(metavar="GRAMS", help="What a scale says of all that lies there.")]


@app.command()
def read(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", show_default=False, help="Of the counter.")],
    mm_per_px: MmPerPx = None,
    weight_g: WeightG = None,
    shop: Shop = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """See what lies on a counter: products, how many, prices and total; what is in doubt, and what is unknown."""
    from closeup.jobs.work import work

    with progress_bar("Reading", quiet=quiet or as_json) as progress:
        found = work("checkout.read")(
            photos=photos, shop=shop, mm_per_px=mm_per_px, weight_g=weight_g, progress=progress
        )
    if as_json:
        show_json(READINGS.to_data(found))
    elif not quiet:
        for each in found.readings:
            _show_reading(each)
    show_notes(found.notes, in_json=as_json)


@app.command()
def sell(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", show_default=False, help="Of the counter.")],
    choose: Annotated[
        list[str] | None, typer.Option(metavar="N=PRODUCT", help="What doubt N is, from left to right; it is learnt.")
    ] = None,
    add: Annotated[list[str] | None, typer.Option(metavar="PRODUCT", help="Add one by hand.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="PRODUCT", help="Take one out by hand.")] = None,
    who: Annotated[str, typer.Option(metavar="NAME", help="The shopper.")] = "guest",
    mm_per_px: MmPerPx = None,
    weight_g: WeightG = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Sell what lies on the counter, paid by a sandbox that takes no money, and print the receipt."""
    from closeup.documents.checkout import SALE
    from closeup.features.checkout.receipt import receipt_text
    from closeup.jobs.work import work

    sale = work("checkout.sell")(
        photo=photo,
        shop=shop,
        choices=choose or [],
        added=add or [],
        removed=remove or [],
        who=who,
        mm_per_px=mm_per_px,
        weight_g=weight_g,
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
        show_product(store.forget_choice(), as_json=False)


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
    show_notes(found.notes)


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
    if found.weight_off_g:
        other = "more" if found.weight_off_g > 0 else "less"
        typer.echo(f"The scale shows {abs(found.weight_off_g)} g {other} than what was seen weighs.")
