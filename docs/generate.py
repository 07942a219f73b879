"""Write what is made from the program itself: MODELS.md, and in docs cli.md, api.md, index.md, licences.md and schemas.

Run it with `make docs`; tests/test_docs.py fails where a page no longer says what the program does.
"""

import inspect
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from closeup.documents.form import Form

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by `make docs`; do not edit by hand. -->"


def pages() -> dict[Path, str]:
    """Every generated page: its path from the repository's root, and what it must say."""
    from closeup.weights.models_page import models_page

    return {
        **licences(),
        Path("docs/index.md"): index_page(),
        Path("docs/cli.md"): cli_page(),
        Path("docs/api.md"): api_page(),
        Path("MODELS.md"): models_page(),
        Path("docs/schemas/openapi.json"): openapi_text(),
        **{
            Path("docs/schemas") / f"{form.title.removesuffix('.json')}.schema.json": schema_text(form)
            for form in forms()
        },
    }


def licences() -> dict[Path, str]:
    """The page of licences, where wheels say which libraries they carry: on Linux."""
    if sys.platform != "linux":
        return {}
    sys.path.insert(0, str(ROOT / "docs"))
    from licences import licences_page

    return {Path("docs/licences.md"): licences_page()}


def forms() -> tuple["Form[Any]", ...]:
    """The forms of files that other programs read."""
    from closeup.documents.act import ACT_JSON, PERFORMANCE_JSON, RANKING_JSON
    from closeup.documents.cast import CAST_JSON
    from closeup.documents.faces import LOOK_JSON, PHOTO_JSON, VIDEO_JSON
    from closeup.documents.portrait import PORTRAIT_JSON
    from closeup.documents.shorts import SHORTS_JSON

    return (
        CAST_JSON,
        SHORTS_JSON,
        PHOTO_JSON,
        VIDEO_JSON,
        LOOK_JSON,
        ACT_JSON,
        PERFORMANCE_JSON,
        RANKING_JSON,
        PORTRAIT_JSON,
    )


def openapi_text() -> str:
    """What the server may be asked for, as OpenAPI 3.1; the studio's types are made from it."""
    from closeup.server.app import openapi_document

    return json.dumps(openapi_document(), indent=1) + "\n"


def schema_text(form: "Form[Any]") -> str:
    """A form's JSON Schema as a file."""
    return json.dumps(form.schema(), indent=1) + "\n"


def index_page() -> str:
    """The first page of the site: what closeup is, and a link to every page there is."""
    concepts = sorted((ROOT / "docs" / "concepts").glob("*.md"))
    return "\n".join(
        [
            "# closeup",
            "",
            MADE,
            "",
            "Finds, follows and films the people in your pictures and video, on your own machine.",
            "",
            "- [Command line](cli.md): every command and option.",
            "- [Python](api.md): the public names, and the types of results.",
            "- [How it is built](how-it-is-built.md): the folders, and what they may import.",
            "- [Licences](licences.md): of every package, and what they mean for who passes closeup on.",
            "- [Benchmarks](benchmarks.md): how right, how fast, how much memory, and how that was measured.",
            "",
            "## Concepts",
            "",
            *[f"- [{title(path)}](concepts/{path.name})" for path in concepts],
            "",
        ]
    )


def title(path: Path) -> str:
    """The first heading of a page."""
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


# The command line


def cli_page() -> str:
    """All commands with their options, as `--help` says them, from the live Typer application."""
    from closeup.cli.main import command_line

    root = command_line()
    intro = (
        "[Exit codes](concepts/exit-codes.md): 0 done, 3 done with losses, 2 could not, 130 interrupted by Ctrl-C,\n"
    )
    intro += (
        "143 asked to stop, 1 a fault of closeup's own. Progress, notes and errors go to stderr, results to stdout."
    )
    parts = [f"{'#' * (len(words) + 2)} closeup {' '.join(words)}".rstrip() for words in commands(root)]
    helps = [f"```text\n{help_text(root, words)}\n```" for words in commands(root)]
    return "\n\n".join(["# Command line", MADE, intro, *chain(*zip(parts, helps, strict=True))]) + "\n"


def commands(command: Any, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of every command and sub-command, without the first, "closeup"; takes their boxes and colours off."""
    command.rich_markup_mode = None
    yield words
    below = getattr(command, "commands", {})
    for word in sorted(below):
        yield from commands(below[word], *words, word)


def help_text(root: Any, words: tuple[str, ...]) -> str:
    """What `closeup WORDS --help` says, 100 columns wide."""
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        root.main(args=[*words, "--help"], prog_name="closeup", max_content_width=100, terminal_width=100)
    return "\n".join(line.rstrip() for line in said.getvalue().strip().splitlines())


# The Python interface


def api_page() -> str:
    """The public names of `closeup` and the types that they give, from their docstrings."""
    import closeup
    from closeup.core import types

    parts = ["# Python", MADE, "Importing closeup loads nothing heavy; each name is loaded when it is first used."]
    for name in sorted(set(closeup.__all__) - {"__version__"}, key=str.lower):
        parts += entry(f"closeup.{name}", getattr(closeup, name))
    own = {n: t for n, t in vars(types).items() if inspect.isclass(t) and t.__module__ == types.__name__}
    for name in sorted(own.keys() - set(closeup.__all__)):
        parts += entry(f"closeup.core.types.{name}", own[name])
    return "\n\n".join(parts) + "\n"


def entry(name: str, thing: Any) -> Iterator[str]:
    """Heading, signature and docstring of a class or function."""
    yield f"## {name}"
    yield f"```python\n{name.rpartition('.')[2]}{signature_text(plain_signature(thing))}\n```"
    yield markdown(inspect.getdoc(thing) or "")


def plain_signature(thing: Any) -> inspect.Signature:
    """The signature of a class or function, its types without what a file may hold of them."""
    signature = inspect.signature(thing)
    plain = get_type_hints(thing)
    return signature.replace(
        parameters=[
            parameter.replace(annotation=plain.get(parameter.name, parameter.annotation))
            for parameter in signature.parameters.values()
        ]
    )


def signature_text(signature: inspect.Signature) -> str:
    """A signature with a line for each parameter, and types by their own names only."""
    lines = [str(parameter) for parameter in signature.parameters.values()]
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    if inspect.Parameter.KEYWORD_ONLY in kinds:
        lines.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    result = "" if signature.return_annotation in (None, inspect.Signature.empty) else signature.return_annotation
    text = "(\n" + "".join(f"    {line},\n" for line in lines) + ")"
    text += f" -> {inspect.formatannotation(result)}" if result else ""
    text = text.replace("numpy.ndarray[tuple[typing.Any, ...], numpy.dtype[numpy.float32]]", "FloatArray")
    text = re.sub(r"<function (\w+) at 0x\w+>", r"\1", text).replace("<factory>", "{}")
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text)
    return re.sub(r"Optional\[([^][]+)\]", r"\1 | None", text)


def markdown(text: str) -> str:
    """A Google-style docstring as Markdown: "Args:" and its kin become headed lists."""
    lines: list[str] = []
    listed = False
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Attributes|Returns|Raises|Yields):", line):
            lines += [f"**{line[:-1]}**", ""]
            listed = True
        elif listed and (item := re.fullmatch(r" {4}(\w+): (.*)", line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        elif listed and line.startswith(" "):
            lines.append(f"  {line.strip()}")
        else:
            lines.append(line)
            listed = listed and not line
    return "\n".join(lines)


def main() -> None:
    """Write each page that has changed, and say so."""
    for path, text in pages().items():
        target = ROOT / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
