"""The frame of the gallery's pages: HTML that is complete in itself, loads nothing and sends nothing."""

import base64
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from closeup import __version__


def render_page(template: str, script: str, **values: Any) -> str:
    """Fill a template of this folder.

    Args:
        template: Its name.
        script: Name of its script, or "" for none.
        values: What it shows; everything is escaped.
    """
    style, code = _resource("gallery.css"), _resource(script) if script else ""
    page = (
        _environment()
        .get_template(template)
        .render(
            style=style,
            style_hash=_csp_hash(style),
            script=code,
            script_hash=_csp_hash(code),
            version=__version__,
            **values,
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")  # a path may hold bytes that are no text


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("closeup.features.gallery", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _resource(name: str) -> str:
    """A style or script of our own; the only text that the templates do not escape."""
    return resources.files("closeup.features.gallery").joinpath("templates", name).read_text("utf-8")


def _csp_hash(text: str) -> str:
    """The hash by which a page's security policy allows this style or script, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
