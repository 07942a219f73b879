"""The frame of closeup's pages: HTML complete in itself, that loads and sends nothing, in one look."""

import base64
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from closeup import __version__

_HOUSE_STYLE, _HOUSE_SCRIPT = "house.css", "house.js"


def render_page(package: str, template: str, *, style: str, script: str = "", **values: Any) -> str:
    """Fill a template that lies in the folder `templates` of a package.

    The template is given `style` and `script` as text with `style_hash` and `script_hash`, by which its security policy
    allows these two and no other, and `version`, beside the values.

    Args:
        package: "closeup.features.cast" and alike.
        template: File name of the template.
        style: File name of the page's own style; the style of the house goes before it.
        script: File name of the page's script, or "" for none; the script of the house goes before it.
        values: What it shows; everything is escaped, and a template that asks for a value that is not there fails.
    """
    look = _text("closeup.pages", _HOUSE_STYLE) + _text(package, "templates", style)
    code = _text("closeup.pages", _HOUSE_SCRIPT) + _text(package, "templates", script) if script else ""
    frame = {"style": look, "style_hash": _csp_hash(look), "script": code, "script_hash": _csp_hash(code)}
    page = _environment(package).get_template(template).render(version=__version__, **frame, **values)
    return page.encode("utf-8", "replace").decode("utf-8")  # a path may hold bytes that are no text


def _environment(package: str) -> Environment:
    return Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _text(package: str, *path: str) -> str:
    """A style or script of our own; the only text that templates do not escape."""
    return resources.files(package).joinpath(*path).read_text("utf-8")


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
