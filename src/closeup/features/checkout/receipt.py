"""Receipts for people, as text and as PDF, in English and Korean."""

import unicodedata
from functools import cache
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING

from closeup.core.errors import DependencyError, InputError
from closeup.core.installed import extra_command
from closeup.documents.checkout import SaleRecord
from closeup.features.checkout.money import amount_text
from closeup.features.checkout.till import GUEST
from closeup.media.typeface import missing_letters, seen, system_font, truetype
from closeup.storage.shop import ShopStore

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

WORDS = {
    "en": {
        "receipt": "Receipt {}",
        "guest": "guest",
        "total": "Total",
        "tax": "of it tax",
        "paid": "Paid: {}",
        "void": "Not paid: {}",
        "open": "Not paid yet",
        "sandbox": "A trial: no money was taken.",
    },
    "ko": {
        "receipt": "영수증 {}",
        "guest": "비회원",
        "total": "합계",
        "tax": "부가세 포함",
        "paid": "결제 완료: {}",
        "void": "결제되지 않음: {}",
        "open": "아직 결제되지 않음",
        "sandbox": "시험용: 실제로 돈이 나가지 않았습니다.",
    },
}
"""What receipts say, by language."""

MM = 72 / 25.4
WIDE_MM, EDGE_MM = 80.0, 5.0
"""A roll of a receipt printer, and what is left free at its sides."""

_UNKNOWN = "?"

Line = tuple[float, str, str]
"""Size in points, what stands at the left, and what at the right; size 0 is a rule."""


def receipt_text(sale: SaleRecord, language: str = "en") -> str:
    """A receipt as text: a line for each product, the total, the tax in it, and how it was paid.

    Raises:
        InputError: There is no receipt in that language.
    """
    head, rows, ended = _said(sale, language)
    wide = max(_width(name) for name, _ in rows) + 2 + max(len(amount) for _, amount in rows)
    lines = [f"{name}{' ' * (wide - _width(name) - len(amount))}{amount}" for name, amount in rows]
    return "\n".join([head, "-" * max(wide, _width(head)), *lines, *ended, ""])


def receipt_pdf(sale: SaleRecord, language: str = "en") -> tuple[bytes, str]:
    """A receipt as PDF, 80 mm wide, its text to be selected and searched; and the letters that no font here has.

    Those are printed as question marks.

    Raises:
        InputError: There is no receipt in that language.
        DependencyError: A package that writes PDF is not installed.
    """
    try:
        from reportlab.pdfgen.canvas import Canvas

        _registered("closeup", None)
    except ImportError as error:
        raise DependencyError("Receipts as PDF need a package.", extra_command("checkout")) from error
    head, rows, ended = _said(sale, language)
    lines: list[Line] = [(8, head, ""), (0, "", "")]
    lines += [(10, *row) for row in rows[: len(sale.lines)]] + [(0, "", ""), (15, *rows[len(sale.lines)])]
    lines += [(8, *row) for row in rows[len(sale.lines) + 1 :]] + [(0, "", ""), *((8, each, "") for each in ended)]
    fonts, missing = _fonts("".join(f"{left}{right}" for _, left, right in lines))
    room = (WIDE_MM - 2 * EDGE_MM) * MM
    broken = [part for line in lines for part in _broken(line, fonts, room)]
    height = 2 * EDGE_MM * MM + sum(_leading(size) for size, _, _ in broken)
    made = BytesIO()
    canvas = Canvas(made, pagesize=(WIDE_MM * MM, height), invariant=True, pageCompression=1, lang=language)
    canvas.setTitle(WORDS[language]["receipt"].format(sale.id[:8]))
    canvas.setCreator("closeup")
    y = height - EDGE_MM * MM
    for size, left, right in broken:
        y -= _leading(size)
        if not size:
            canvas.setLineWidth(0.5)
            canvas.line(EDGE_MM * MM, y + 4, EDGE_MM * MM + room, y + 4)
        else:
            _draw(canvas, EDGE_MM * MM, y, left, size, fonts)
            _draw(canvas, EDGE_MM * MM + room - _length(right, size, fonts), y, right, size, fonts)
    canvas.save()
    return made.getvalue(), missing


def find_sale(shop: ShopStore, wanted: str = "") -> SaleRecord:
    """The sale whose id begins so; the newest of all for "".

    Raises:
        InputError: There is none, or there are several.
    """
    found = [each for each in shop.sales() if each.id.startswith(wanted)]
    if not found:
        raise InputError(f"There is no sale {wanted!r}." if wanted else "Nothing was sold yet.", code="checkout.sale")
    if wanted and len(found) > 1:
        raise InputError(f"There are {len(found)} sales whose number begins with {wanted!r}.", "Give more of it.")
    return found[-1]


def _said(sale: SaleRecord, language: str) -> tuple[str, list[tuple[str, str]], list[str]]:
    """The head, the rows with their amounts, the total and the tax last, and how it ended."""
    if language not in WORDS:
        raise InputError(f"There are no receipts in {language!r}.", f"There are: {', '.join(WORDS)}.")
    words = WORDS[language]
    rows = [(f"{line.count} x {line.product}", amount_text(line.sum_minor, sale.currency)) for line in sale.lines]
    rows.append((words["total"], amount_text(sale.total_minor, sale.currency)))
    if sale.tax_minor:
        rows.append((words["tax"], amount_text(sale.tax_minor, sale.currency)))
    who = words["guest"] if sale.who == GUEST else sale.who
    head = f"{words['receipt'].format(sale.id[:8])}, {sale.at:%Y-%m-%d %H:%M}, {who}"
    ended = [words[sale.state].format(sale.payment)]
    return head, rows, ended + [words["sandbox"]] * sale.payment.startswith("sandbox ")


def _width(text: str) -> int:
    """Columns that a text takes in a terminal: Hangul takes two a letter."""
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


# The page


@cache
def _registered(name: str, path: str | None) -> str | None:
    """The name by which reportlab has a font; None where it cannot embed it (outlines of PostScript's kind)."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        registerFont(TTFont(name, BytesIO(truetype()) if path is None else path))
    except TTFError:
        return None
    return name


def _fonts(text: str) -> tuple[dict[str, str], str]:
    """The font of each letter of a text, ours or one of this machine, and the letters that neither has."""
    ours = str(_registered("closeup", None))
    missing = missing_letters(text)
    path = system_font(missing)
    other = None if path is None else _registered(f"closeup-{path.stem}", str(path))
    fonts = {each: other if each in missing else ours for each in (*text, _UNKNOWN)}
    return {letter: font for letter, font in fonts.items() if font is not None}, "" if other else missing


def _runs(text: str, fonts: dict[str, str]) -> list[tuple[str, str]]:
    """Parts of a text with their fonts; what none has is a question mark."""
    shown = "".join(each if each in fonts else _UNKNOWN for each in seen(text))
    return [("".join(part), font) for font, part in groupby(shown, fonts.__getitem__)]


def _length(text: str, size: float, fonts: dict[str, str]) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(sum(stringWidth(part, font, size) for part, font in _runs(text, fonts)))


def _draw(canvas: "Canvas", x: float, y: float, text: str, size: float, fonts: dict[str, str]) -> None:
    for part, font in _runs(text, fonts):
        canvas.setFont(font, size)
        canvas.drawString(x, y, part)
        x += _length(part, size, fonts)


def _broken(line: Line, fonts: dict[str, str], room: float) -> list[Line]:
    """A line as several where its left part is too long: at spaces, or within a word that is too long by itself."""
    size, left, right = line
    free = room - (_length(right, size, fonts) + size if right else 0)
    parts = [""]
    for word in left.split(" "):
        longer = f"{parts[-1]} {word}".lstrip(" ")
        if _length(longer, size, fonts) <= free:
            parts[-1] = longer
            continue
        parts += [""] * bool(parts[-1])
        for letter in word:
            if _length(parts[-1] + letter, size, fonts) > free:
                parts.append("")
            parts[-1] += letter
    return [(size, part, right if place == len(parts) - 1 else "") for place, part in enumerate(parts)]


def _leading(size: float) -> float:
    """From one line to the next, in points."""
    return 1.5 * size if size else 8.0
