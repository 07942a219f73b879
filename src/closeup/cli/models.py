"""`closeup models`: what models there are, fetching them, and checking them."""

from typing import Annotated

import typer

from closeup.cli.exit_codes import EXIT_COULD_NOT, after_failures
from closeup.cli.flags import Quiet
from closeup.cli.output import show_error, show_hint, show_json, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import CloseupError, ModelError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.settings import Settings, read_settings
from closeup.weights import store
from closeup.weights.cards import ModelCard, all_cards, card
from closeup.weights.models_page import licence_text, size_text

app = typer.Typer(name="models", no_args_is_help=True, help="List, fetch and check the models.")

_ABSENT = {"builtin": "not installed", "zoo": "not pulled"}
_MIRROR_ONLY = "mirror only"
"""What the table says instead of "not pulled" where there is no official address, and no mirror is named."""

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False)]


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON, with all that is known.")] = False,
) -> None:
    """Say which models closeup knows, and which are on this machine. Uses no network."""
    settings = read_settings()
    rows = [store.stored_model(each, settings) for each in all_cards().values()]
    if as_json:
        show_json([store.STORED_MODEL.to_data(row) for row in rows])
        return
    cells = []
    for each, row in zip(all_cards().values(), rows, strict=True):
        state = _MIRROR_ONLY if _is_out_of_reach(each, row.state, settings) else row.state
        uses = "; ".join(each.used_by)
        cells.append((each.name, each.pack, size_text(each.bytes), state, licence_text(each), uses))
    show_table(*cells, head=("model", "pack", "size", "state", "licence", "used by"), unbroken=(0,))
    show_how_to_get(rows, settings)


@app.command()
def pull(
    names: Names = None,
    quiet: Quiet = False,
) -> None:
    """Fetch models from their official addresses, or from CLOSEUP_MODELS_MIRROR; without NAME, the whole zoo.

    What is there already, and right, is not fetched again. A model without an official address is had from a mirror
    only: without one, it is left out of the whole zoo, and that is said.
    """
    settings = read_settings()
    failed = 0
    cards = [card(name) for name in names] if names else _whole_zoo(settings)
    for each in cards:
        try:
            _pull_one(each, settings, quiet=quiet)
        except ModelError as error:
            if len(cards) == 1:
                raise
            show_error(error)
            failed += 1
    if failed:
        raise typer.Exit(after_failures(failed, len(cards)))


def _whole_zoo(settings: Settings) -> list[ModelCard]:
    """The zoo without what cannot be had here; says what is left out."""
    zoo = [each for each in all_cards().values() if each.pack == "zoo"]
    for each in zoo:
        if _is_out_of_reach(each, store.stored_model(each, settings).state, settings):
            show_hint(f"{each.name} is left out: it is had only from a mirror, a folder or URL that has {each.file}.")
    return [each for each in zoo if not _is_out_of_reach(each, store.stored_model(each, settings).state, settings)]


def _is_out_of_reach(each: ModelCard, state: str, settings: Settings) -> bool:
    """Whether the model is neither here nor to be had: it has no official address, and no mirror is named."""
    return state == _ABSENT["zoo"] and store.mirror_only(each) and settings.models_mirror is None


def show_how_to_get(rows: list[store.StoredModel], settings: Settings) -> None:
    """Say what to type for the models that are not here."""
    absent = [all_cards()[row.name] for row in rows if row.state == _ABSENT["zoo"]]
    beyond = [each.name for each in absent if _is_out_of_reach(each, _ABSENT["zoo"], settings)]
    if len(absent) > len(beyond):
        show_hint("Fetch what is not pulled with: closeup models pull")
    if beyond:
        show_hint(f"Not published in our format: CLOSEUP_MODELS_MIRROR=FOLDER closeup models pull {' '.join(beyond)}")


@app.command()
def verify() -> None:
    """Read every model file that is on this machine, and compare it with what it has to be.

    The exit code is 2 where one is damaged, or where one is missing that is installed with closeup.
    """
    settings = read_settings()
    wrong = 0
    for each in all_cards().values():
        result = store.verify(each, settings)
        state = _ABSENT[each.pack] if result.state == store.ABSENT else result.state
        typer.echo(f"{each.name}: {state}{f', {result.path}' if result.path else ''}")
        if result.error is not None:
            show_error(result.error)
            wrong += 1
        elif result.state == store.ABSENT and each.pack == "builtin":
            show_error(CloseupError(f"{each.name} is missing.", f"Install it with: pip install {each.requirement}"))
            wrong += 1
    if wrong:
        raise typer.Exit(EXIT_COULD_NOT)


def _pull_one(each: ModelCard, settings: Settings, *, quiet: bool) -> None:
    with progress_bar(each.name, quiet=quiet) as progress:
        noted = _Noted(progress)
        path = store.pull(each, settings, noted)
    if not quiet:
        size = size_text(each.bytes)
        outcome = f"pulled, {size}, licence {licence_text(each)}" if noted.called else "is here already"
        typer.echo(f"{each.name}: {outcome}: {path}")


class _Noted:
    """Passes progress on, and notes whether there was any: a pull that fetches nothing tells nothing."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self.called = False

    def __call__(self, progress: Progress) -> None:
        self.called = True
        self._progress(progress)
