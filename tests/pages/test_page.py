"""What every page keeps: it allows its own style and script and nothing else, and escapes what it shows."""

import base64
import hashlib
import re
from importlib import resources
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from closeup.pages.page import render_page

PACKAGES = {
    "closeup.features.cast": "report.css",
    "closeup.features.gallery": "gallery.css",
    "closeup.features.shorts": "preview.css",
}


def allowed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with one template that shows everything it is given."""
    templates = tmp_path / "made_up_pages" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "__init__.py").touch()
    (templates / "a.html.j2").write_text(
        "{{ style_hash }}|{{ style | safe }}|{{ script_hash }}|{{ script | safe }}|{{ words }}"
    )
    (templates / "a.css").write_text(".a { color: red }")
    (templates / "a.js").write_text("let a = 1 < 2")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "made_up_pages"


def test_the_policy_names_the_very_style_and_script_of_the_page(package: str) -> None:
    style_hash, style, script_hash, script, _ = render_page(
        package, "a.html.j2", style="a.css", script="a.js", words=""
    ).split("|")
    assert style.endswith(".a { color: red }")
    assert (style_hash, script_hash) == (allowed(style), allowed(script))
    assert script.endswith("let a = 1 < 2")
    assert script.startswith('"use strict";\n')


def test_words_are_escaped_and_broken_ones_replaced(package: str) -> None:
    page = render_page(package, "a.html.j2", style="a.css", words="<b>\udcff")
    assert page.endswith("|&lt;b&gt;?")


def test_a_missing_value_is_a_fault(package: str) -> None:
    with pytest.raises(UndefinedError, match="words"):
        render_page(package, "a.html.j2", style="a.css")


@pytest.mark.parametrize(("package_name", "style"), PACKAGES.items())
def test_every_colour_and_font_that_a_style_takes_is_given(package_name: str, style: str) -> None:
    own = resources.files(package_name).joinpath("templates", style).read_text("utf-8")
    look = resources.files("closeup.pages").joinpath("house.css").read_text("utf-8") + own
    given = set(re.findall(r"(--[a-z-]+)\s*:", look))
    assert set(re.findall(r"var\((--[a-z-]+)\)", look)) <= given


def test_what_pages_share_is_written_once() -> None:
    """Copying commands, times and quoting for the shell: in the script of the house and in no other."""
    scripts = [(path.name, path.read_text()) for path in Path(str(resources.files("closeup"))).rglob("*.js")]
    for shared in ("navigator.clipboard", 'replaceAll("\'"', "Math.floor(s / 60) % 60"):
        assert [name for name, text in scripts if shared in text] == ["house.js"], shared
