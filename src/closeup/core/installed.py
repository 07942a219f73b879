"""How closeup itself was installed, and what to type for more of it; its name alone would find nothing to install."""

import importlib.metadata
import json
import re


def requirements(extra: str = "") -> list[str]:
    """What an extra requires, or with "" closeup itself, as pip writes it; closeup's own name is left out."""
    found = []
    for line in _requires():
        requirement, _, condition = (part.strip() for part in line.partition(";"))
        named = re.search(r"""extra == ["']([^"']+)["']""", condition)
        if (named[1] if named else "") == extra and requirement_name(requirement) != "closeup":
            found.append(requirement)
    return found


def requirement_name(requirement: str) -> str:
    """The package that a requirement names: "torch" of "torch>=2.6"."""
    return re.split(r"[\s\[<>=!~(]", requirement, maxsplit=1)[0]


def install_command(*wanted: str) -> str:
    """What to type to install requirements."""
    return f"pip install {' '.join(f'{chr(34)}{requirement}{chr(34)}' for requirement in wanted)}"


def extra_command(extra: str) -> str:
    """What to do to get an extra of closeup: install the packages that it names, however closeup was installed.

    An installation of a folder keeps the extras that the folder had then; of one that came since, renewing helps.
    """
    wanted = requirements(extra)
    return install_command(*wanted) if wanted else f"{renewal()}, with its extra {extra}"


def renewal() -> str:
    """How to get the latest closeup, by where this one came from: a git address, a folder, or a file."""
    try:
        text = importlib.metadata.distribution("closeup").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        text = None
    origin = json.loads(text or "{}")
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        return f'pip install -U "closeup @ {origin["vcs_info"]["vcs"]}+{url}"'
    if "dir_info" in origin:
        return f"bring its folder up to date, {url.removeprefix('file://')}, and install that again"
    return "install it from where this one came from" + (f", {url}" if url else "")


def _requires() -> list[str]:
    try:
        return importlib.metadata.requires("closeup") or []
    except importlib.metadata.PackageNotFoundError:  # run from its folder, never installed
        return []
