"""`closeup checkout kiosk` and `closeup checkout shopper ...`: the counter at work, and who may pay at it by face."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson
from closeup.cli.output import one_line, show_json, show_note, show_table
from closeup.core.errors import InputError
from closeup.documents.checkout import SHOPPER
from closeup.features.checkout.money import parse_price
from closeup.features.gallery.options import FAR

if TYPE_CHECKING:
    from closeup.server.loopback import LoopbackServer

Shop = Annotated[
    Path | None, typer.Option("--shop", metavar="FILE", help="The shop's database; else the one of this user.")
]
MmPerPx = Annotated[
    float | None, typer.Option(metavar="MM", help="How much of the counter a pixel of its picture shows.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="Of the gallery, or an id.")]

app = typer.Typer()
shopper = typer.Typer(no_args_is_help=True, help="Who may pay at the counter by face and PIN.")


@app.command()
def kiosk(
    camera: Annotated[
        str, typer.Option(metavar="N|VIDEO|FOLDER", help="What looks at the counter; of a folder the newest picture.")
    ] = "0",
    face_camera: Annotated[
        str | None, typer.Option(metavar="N|VIDEO|FOLDER", help="What looks at shoppers; else all are guests.")
    ] = None,
    face_alone: Annotated[
        str, typer.Option(metavar="AMOUNT", help="Totals up to this need no PIN after a face.", show_default="none")
    ] = "",
    far: Annotated[
        float, typer.Option(metavar="RATE", min=0, max=1, help="How often a stranger's face may be taken for another.")
    ] = FAR,
    keep_frames: Annotated[
        float, typer.Option(metavar="DAYS", min=0, max=90, help="Keep the picture of a sale for disputes; 0: not.")
    ] = 3,
    mm_per_px: MmPerPx = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page.", show_default="a free one")
    ] = 0,
    shop: Shop = None,
) -> None:
    """Run a counter: a full-screen page of this machine sees, counts, asks, and sells; Ctrl-C ends it.

    It reads what lies on the counter when nothing moves. Payment is a sandbox that takes no money. Nothing leaves this
    machine, and no other can open the page.
    """
    from closeup.features.checkout.catalogue import CAMERA_WH, FIRST_CURRENCY, LOOKS_HZ
    from closeup.features.checkout.evidence import check_measures
    from closeup.features.checkout.kiosk import Kiosk
    from closeup.features.checkout.payment import sandbox
    from closeup.features.checkout.shopper import ShopperCheck
    from closeup.media.live import live_pictures
    from closeup.perception.products import CounterModels
    from closeup.server.kiosk import OPERATOR_PAGE, GalleryFaces, kiosk_server, operator_server
    from closeup.server.loopback import built_files
    from closeup.storage.shop import open_shop

    if face_alone and face_camera is None:
        raise InputError("Nobody is known by face without a camera for it.", "Give --face-camera too.")
    check_measures(mm_per_px, None)
    built_files(OPERATOR_PAGE)  # before the work
    with open_shop(shop, wait_s=3) as store:
        limit = parse_price(face_alone, store.currency() or FIRST_CURRENCY) if face_alone else 0
        counter = Kiosk(
            store,
            sandbox(store),
            CounterModels(),
            shoppers=ShopperCheck(GalleryFaces(face_camera, far), face_alone_minor=limit) if face_camera else None,
            kept_days=keep_frames,
            mm_per_px=mm_per_px,
        )
        try:
            servers = kiosk_server(counter, port), operator_server(counter)
        except OSError as error:
            raise InputError(f"The page cannot use port {port}: {error.strerror}.", "Leave the port out.") from error
        _serve(*servers, partial(counter.watch, partial(live_pictures, camera, LOOKS_HZ, CAMERA_WH)))


def _serve(server: "LoopbackServer", operators: "LoopbackServer", watch: Callable[[threading.Event], None]) -> None:
    """Say both links, and watch and answer until Ctrl-C."""
    ended = threading.Event()
    watching = threading.Thread(target=watch, args=(ended,), daemon=True)
    with server, operators:
        typer.echo(f"Open in a browser on this machine (each link works once):\n{server.link}")
        typer.echo(f"For whoever runs the counter, in another browser:\n{operators.link}")
        threading.Thread(target=operators.serve_forever, daemon=True).start()
        watching.start()
        with suppress(KeyboardInterrupt):
            server.serve_forever()
        ended.set()
        operators.shutdown()
        watching.join(5)


@shopper.command("add")
def add(
    name: Name,
    pin: Annotated[
        str,
        typer.Option(
            prompt="PIN, four to eight digits",
            hide_input=True,
            confirmation_prompt=True,
            metavar="DIGITS",
            help="Asked for where it is not given.",
        ),
    ],
    consent: Annotated[
        bool, typer.Option("--consent", help="They agreed to be known by face at this counter. Needed.")
    ] = False,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody who is enrolled in the gallery pay by face and PIN; or give them another PIN."""
    from closeup.storage.gallery import open_gallery
    from closeup.storage.shop import open_shop
    from closeup.storage.shoppers import add_shopper

    if not consent:
        raise InputError(f"{name} has not been asked.", code="shopper.consent")
    with open_gallery() as gallery:
        known = gallery.find(name)
    with open_shop(shop) as store:
        added = add_shopper(store, known.id, known.name, pin)
    if as_json:
        show_json(SHOPPER.to_data(added))
    else:
        typer.echo(f"{one_line(added.name)} may pay here by face and PIN.")


@shopper.command("list")
def list_all(shop: Shop = None, as_json: AsJson = False) -> None:
    """List who may pay by face and PIN."""
    from closeup.storage.shop import open_shop
    from closeup.storage.shoppers import list_shoppers

    with open_shop(shop) as store:
        found = list_shoppers(store)
    if as_json:
        show_json([SHOPPER.to_data(each) for each in found])
        return
    rows = [(one_line(each.name), f"{each.consented_at:%Y-%m-%d}", "locked" if each.locked else "") for each in found]
    show_table(*rows, head=("shopper", "consented", ""))


@shopper.command("remove")
def remove(name: Name, shop: Shop = None) -> None:
    """Forget somebody's PIN and consent, and make what they bought a guest's; their faces stay in the gallery."""
    from closeup.storage.shop import open_shop
    from closeup.storage.shoppers import list_shoppers, remove_shopper

    with open_shop(shop) as store:
        found = [each for each in list_shoppers(store) if name in (each.name, each.identity_id)]
        if not found:
            raise InputError(f"{name} is no shopper here.", code="shopper.absent")
        many = remove_shopper(store, found[0].identity_id)
    typer.echo(f"{one_line(found[0].name)} is forgotten here; {many} sales are a guest's now.")
    show_note("Faces stay in the gallery until they are deleted there.")
