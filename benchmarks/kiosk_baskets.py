"""A hundred baskets at `closeup checkout kiosk`, driven in a headless Chromium from the picture to the receipt.

    python benchmarks/kiosk_baskets.py SHARED/data OUT [--baskets 100]

Counters of one to four packs of snacks83 are composed as recipes/counter_views.py does, each pack enrolled from its one
packshot, and left in a folder that is the camera. The shopper touches the page alone: chooses what is right where it is
offered, says where nothing more lies (no thing, or a part of one that is on the list), takes off what the page refuses
or offers wrongly and adds it by hand, mends the list, and pays as a guest; once by face first, so that the face
networks are loaded. Where all is refused, whoever runs the counter names one thing on the page of theirs. Fifteen
products have Korean names. OUT gets the baskets as CSV, and screenshots. Written down are the baskets whose first
reading was right, the touches, what was charged beside what lay there, seconds, and the memory of the whole process.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from urllib.request import HTTPCookieProcessor, Request, build_opener

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "recipes"), str(ROOT / "tests")]

from chromium import Chromium  # noqa: E402
from closeup.documents.checkout import ProductRecord  # noqa: E402
from closeup.features.checkout.catalogue import pictures_of  # noqa: E402
from closeup.media.image import encode_jpeg  # noqa: E402
from closeup.storage.shop import open_shop  # noqa: E402
from counter_views import Photo, counter, laid, packshots, relight  # noqa: E402

SEED = 29
SIZE_WH = 1280, 720
KOREAN = 15
ROUNDS = 8
"""So often things are laid anew at most, until the page refuses none."""

DARK = 45
"""Grey level below which a composed counter is made anew: nobody lights a counter so."""

STATE = "fetch('state/0').then(r => r.json())"
SIZES = {"1280": (1280, 800), "390": (390, 844)}


class Camera:
    """A folder whose newest picture is what the kiosk sees."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self._shown = folder, 0

    def show(self, rgb: np.ndarray) -> None:
        """Let the camera see a picture (H, W, 3)."""
        self._shown += 1
        part = self.folder / ".part"
        part.write_bytes(encode_jpeg(rgb))
        part.rename(self.folder / f"{self._shown:05}.jpg")
        for old in sorted(self.folder.glob("*.jpg"))[:-2]:
            old.unlink()


class Operator:
    """Whoever runs the counter: says on the page of theirs what a thing is that was asked about."""

    def __init__(self, link: str) -> None:
        self._home = link.partition("/?")[0]
        self._visit = build_opener(HTTPCookieProcessor())
        self._visit.open(link)

    def name(self, products: list[str]) -> None:
        """The newest things that were asked about, in their order, are these products."""
        asked = json.load(self._visit.open(f"{self._home}/asked.json"))
        for thing, product in zip(asked[: len(products)][::-1], products, strict=False):
            said = json.dumps({"kind": "answer", "number": thing["number"], "product": product}).encode()
            self._visit.open(Request(f"{self._home}/touch", said, {"Origin": self._home}))


class Shopper:
    """Touches the page until a basket is paid."""

    def __init__(
        self, browser: Chromium, camera: Camera, operator: Operator, shots: list[Photo], names: list[str]
    ) -> None:
        self.browser, self.camera, self.operator, self.shots, self.names = browser, camera, operator, shots, names
        self.chance = np.random.default_rng(SEED)
        self.empty = relight(counter(SIZE_WH, self.chance, []), self.chance)
        self.touches, self.rearranged, self.nothing = 0, 0, 0

    def state(self, *phases: str) -> dict:
        """How the counter stands, once it is in one of those phases."""
        self.browser.wait(f"{STATE}.then(s => {json.dumps(phases)}.includes(s.phase))")
        return self.browser.ask(STATE)

    def touch(self, selector: str) -> None:
        """Touch something, once it may be touched."""
        self.browser.wait(f"!!{selector} && !{selector}.disabled")
        self.browser.ask(f"{selector}.click()")
        self.touches += 1

    def labelled(self, words: str) -> None:
        """Touch what is called so for screen readers."""
        self.touch(f"document.querySelector('[aria-label={json.dumps(words)}]')")

    def says(self, words: str, within: str = "document") -> None:
        """Touch the button that says so."""
        said = f"b.innerText.split('\\n')[0].trim() == {json.dumps(words)}"
        self.touch(f"[...({within}?.querySelectorAll('button') ?? [])].find(b => {said})")

    def add(self, name: str) -> None:
        """Add something by hand."""
        self.says("Add something")
        self.touch(
            f"[...document.querySelectorAll('.shelf button')].find(b => b.children[0].innerText == {json.dumps(name)})"
        )

    def lay(self, things: list[int]) -> dict:
        """Lay things on the counter, and give what the page says of them, with the boxes of what lies there."""
        for size in (0.45, 0.4, 0.35, 0.35, 0.3, 0.3, 0.25, 0.25):
            placed = [Photo(self.shots[each].rgb, self.shots[each].outlines) for each in things]
            view = laid(counter(SIZE_WH, self.chance, []), placed, self.chance, size)
            shows = [cv2.countNonZero(mask) / whole for mask, whole in zip(view.masks, view.whole_px, strict=True)]
            rgb = relight(view, self.chance)
            if len(shows) == len(things) and min(shows) > 0.6 and rgb.mean() > DARK:
                break
        self.camera.show(rgb)
        self.boxes = [cv2.boundingRect(mask) for mask in view.masks]
        time.sleep(0.3)
        return self.state("confirm", "idle")

    def buy(self, things: list[int], *, by_face: bool) -> dict:
        """One basket from the first look to the receipt."""
        self.camera.show(self.empty)
        self.state("idle")
        self.touches, self.nothing, begun_s = 0, 0, time.monotonic()
        said = self.lay(things)
        lines = Counter({each["product"]: each["count"] for each in said["lines"]})
        right = lines == Counter(self.names[each] for each in things) and not said["doubts"] and not said["unknown"]
        first = {"right": right, "doubts": said["doubts"], "unknown": said["unknown"], "charged_unseen": lines.total()}
        there, called = list(things), False
        for _ in range(ROUNDS):
            off = self._answer(said, there)
            if not off and not self.browser.ask(STATE)["unknown"]:
                break
            there = [each for place, each in enumerate(there) if place not in off]
            self.rearranged += 1
            if not there:  # nothing would be left to add to: somebody is called
                there, called = [things[0]], True
                said = self.lay(there)
                owners = [things[0]] * sum(each["state"] != "sure" for each in said["things"])
                self.operator.name([self.names[each] for each in owners])
                if owners:
                    self.says("Look again")
                    self.browser.wait(f"{STATE}.then(s => s.phase != 'confirm')")
                self._answer(self.state("confirm"), there)
                break
            said = self.lay(there)
        now = self.browser.ask(STATE)
        if now["doubts"] or now["unknown"]:
            ended = {"called": called, "nothing": self.nothing, "stuck": True}
            return {**first, **ended, "touches": self.touches, "seconds": 0.0}
        self._mend(Counter(self.names[each] for each in things))
        said = self.browser.ask(STATE)
        shown = said["total_minor"]
        self.says("That is right")
        if by_face:
            self.says("By face and PIN")
            self.browser.wait("document.body.innerText.includes('not recognised')", within_s=120)
        self.says("Pay as a guest")
        receipt = self.state("receipt")["receipt"]
        return {
            **first,
            "called": called,
            "nothing": self.nothing,
            "stuck": False,
            "touches": self.touches,
            "seconds": time.monotonic() - begun_s,
            "shown": shown,
            "charged": receipt["total_minor"],
            "receipt": {each["product"]: each["count"] for each in receipt["lines"]},
        }

    def _answer(self, said: dict, there: list[int]) -> set[int]:
        """Choose for doubts, say where nothing more lies; gives the places of what is refused, or offered wrongly."""
        off, seen = set(), set()
        for thing in said["things"]:
            owner, share = self._owner(thing)
            if thing["state"] == "sure" and share > 0 and thing["product"] == self.names[there[owner]]:
                seen.add(owner)
        for place, thing in enumerate(said["things"]):
            if thing["state"] == "sure":
                continue
            owner, share = self._owner(thing)
            name = self.names[there[owner]]
            starts = f"q.innerText.startsWith('Thing {place + 1}:')"
            question = f"[...document.querySelectorAll('.question')].find(q => {starts})"
            if share == 0 or owner in seen:
                self.nothing += 1
                if thing["state"] == "doubt":
                    self.says("Nothing more is here", within=question)
                else:
                    self.says(f"{place + 1}: nothing more is here")
            elif name in thing["choices"]:
                self.says(name, within=question)
                seen.add(owner)
            else:
                off.add(owner)
        return off

    def _owner(self, thing: dict) -> tuple[int, float]:
        """The place of the pack that a box lies over most, and by how many pixels."""
        left, top, right, bottom = thing["box_xyxy"]
        shares = [
            max(min(right, x + w) - max(left, x), 0) * max(min(bottom, y + h) - max(top, y), 0)
            for x, y, w, h in self.boxes
        ]
        return int(np.argmax(shares)), max(shares)

    def _mend(self, wanted: Counter) -> None:
        """Make the list what lies there."""
        for _ in range(40):
            have = Counter({each["product"]: each["count"] for each in self.browser.ask(STATE)["lines"]})
            more, fewer = wanted - have, have - wanted
            if more:
                self.add(next(iter(more)))
            elif fewer:
                self.labelled(f"One {next(iter(fewer))} less")
            else:
                return
            self.browser.wait(f"{STATE}.then(s => JSON.stringify(s.lines)) != ''")
            time.sleep(0.05)


@contextmanager
def kiosk(home: Path, camera: Path, faces: Path):
    """The program, as somebody starts it; its process, and the links of both pages."""
    command = [sys.executable, "-m", "closeup", "checkout", "kiosk", "--shop", str(home / "shop.db")]
    command += ["--camera", str(camera), "--face-camera", str(faces)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            links = (line.strip() for line in process.stdout if line.startswith("http://"))
            yield process, next(links), next(links)
        finally:
            process.terminate()


def memory_mb(process: int, what: str) -> float:
    """VmRSS or VmHWM of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def processor_s(process: int) -> float:
    """User and system seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def filled(data: Path, home: Path) -> tuple[list[Photo], list[str]]:
    """A shop of the packs, some of them with Korean names; the packshots and the names."""
    shots, names = packshots(data / "snacks83"), []
    with open_shop(home / "shop.db") as shop:
        for number, path in enumerate(sorted((data / "snacks83" / "images").iterdir())):
            names.append(f"과자 {number:02d}번 큰 봉지" if number < KOREAN else f"Snack {number:02d}, {path.stem[:24]}")
            record = ProductRecord(name=names[-1], price_minor=100 + 17 * number, currency="EUR", tax_basis_points=700)
            shop.add([(record, pictures_of([path]))])
    return shots, names


def main() -> int:
    """Drive the baskets, and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--baskets", type=int, default=100)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        os.environ["CLOSEUP_DATABASE_URL"] = f"sqlite:///{home / 'gallery.db'}"
        shots, names = filled(given.data, home)
        faces = Camera(home / "faces")
        face = given.data / "photos" / "human_person-celeste.jpg"
        faces.show(np.ascontiguousarray(cv2.imread(str(face))[..., ::-1]))
        subprocess.run([sys.executable, "-m", "closeup", "gallery", "enrol", "Ada", str(face)], check=True)
        camera = Camera(home / "camera")
        camera.show(np.full((720, 1280, 3), 140, np.uint8))
        with (
            kiosk(home, camera.folder, faces.folder) as (process, link, operators),
            Chromium(home / "profile", "--lang=en-US", size_wh=(1280, 800)) as browser,
        ):
            browser.open(link)
            rows, peak = drive(Shopper(browser, camera, Operator(operators), shots, names), given, process.pid)
            spent, high = processor_s(process.pid), memory_mb(process.pid, "VmHWM")
    report(rows, names, spent=spent, held_mb=peak, high_mb=high, out=given.out)
    return 0


def drive(shopper: Shopper, given: argparse.Namespace, process: int) -> tuple[list[dict], list[float]]:
    """All baskets, a row for each, and the memory held after each."""
    rows, held = [], []
    for number in range(given.baskets):
        things = shopper.chance.choice(len(shopper.shots), shopper.chance.integers(1, 5)).tolist()
        row = shopper.buy(things, by_face=number == 0)
        rows.append({"things": [shopper.names[each] for each in things], **row})
        held.append(memory_mb(process, "VmRSS"))
        print(number, len(things), {k: v for k, v in row.items() if k != "receipt"}, f"{held[-1]:.0f} MB", flush=True)
    shopper.camera.show(shopper.empty)
    shopper.state("idle")
    shopper.lay([3, 20, 30])
    for language in ("en", "ko"):
        for size, size_wh in SIZES.items():
            for dark in (False, True):
                name = f"{language}-{size}-{'dark' if dark else 'light'}.png"
                shopper.browser.look(given.out / name, size_wh, dark=dark)
        if language == "en":
            shopper.browser.ask("document.querySelector('.language').click()")
    return rows, held


def report(
    rows: list[dict], names: list[str], *, spent: float, held_mb: list[float], high_mb: float, out: Path
) -> None:
    """Print the figures, and write a row for each basket."""
    with (out / "baskets.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    paid = [row for row in rows if not row["stuck"]]
    prices = {name: 100 + 17 * number for number, name in enumerate(names)}
    wrong = [
        row
        for row in paid
        if Counter(row["receipt"]) != Counter(row["things"])
        or row["charged"] != row["shown"]
        or row["charged"] != sum(prices[each] for each in row["things"])
    ]
    seconds = sorted(row["seconds"] for row in paid)
    print(f"{len(rows)} baskets, {len(paid)} to a receipt, {len(wrong)} of those charged other than what lay there")
    print(f"first reading right: {sum(row['right'] for row in rows)}")
    for size in range(1, 5):
        here = [row for row in rows if len(row["things"]) == size]
        print(f"  of {size}: {sum(row['right'] for row in here)} of {len(here)}")
    asked, refused = (sum(row[name] > 0 for row in rows) for name in ("doubts", "unknown"))
    print(f"said that nothing more lies there: {sum(row['nothing'] for row in rows)} times")
    print(f"somebody was called to name a thing: {sum(row['called'] for row in rows)}")
    print(f"with something refused: {refused}; in doubt: {asked}")
    print(f"touches a basket: {np.mean([row['touches'] for row in paid]):.1f} (two at least: confirm and pay)")
    print(f"seconds a basket: median {seconds[len(seconds) // 2]:.1f}, most {seconds[-1]:.1f}")
    print(f"processor of the kiosk {spent / len(rows):.2f} s a basket")
    print(f"memory {held_mb[0]:.0f} MB after the first basket, {held_mb[-1]:.0f} after the last, {high_mb:.0f} at most")
    print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f} s of processor, Chromium with it")


if __name__ == "__main__":
    sys.exit(main())
