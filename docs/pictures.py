"""Renew the README's pictures, docs/pictures/*.jpg: pages that `closeup demo` makes, as headless Chromium shows them.

The demo's two portraits, of Eileen Collins and Grace Hopper, are in the public domain.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).resolve().parent / "pictures"

SHOTS = {
    "report": ("demo/demo.cast/report.html", (800, 930)),
    "short": ("demo/demo-p1.shorts/preview.html", (1000, 1010)),
}
"""Name of a picture to its page, and the size of the window in which it is seen."""

MOST_BYTES = 300_000

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def main() -> None:
    """Make the demo in a folder of its own, and write a picture of each page."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.stdout.write("The README's pictures are left as they are: they need Chromium (apt install chromium).\n")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "closeup", "demo"], cwd=folder, check=True, capture_output=True)
        for shot, (page, size_wh) in SHOTS.items():
            take(browser, folder / page, size_wh, PICTURES / f"{shot}.jpg")


def take(browser: str, page: Path, size_wh: tuple[int, int], picture: Path) -> None:
    """Write what a browser shows of a page, as a JPEG."""
    # A film that is still loading hides its poster behind a turning circle.
    still = page.with_name("still.html")
    text = page.read_text(encoding="utf-8")
    still.write_text(text.replace('<video controls playsinline preload="metadata"', '<video preload="none"'), "utf-8")
    shown = page.with_name("still.png")
    with tempfile.TemporaryDirectory() as profile:
        window = f"--window-size={size_wh[0]},{size_wh[1]}"
        command = [browser, *FLAGS, f"--user-data-dir={profile}", window, f"--screenshot={shown}", still.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    picture.parent.mkdir(exist_ok=True)
    Image.open(shown).convert("RGB").save(picture, quality=85, optimize=True)
    if picture.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{picture} has {picture.stat().st_size} bytes, and {MOST_BYTES} are the most")


if __name__ == "__main__":
    main()
