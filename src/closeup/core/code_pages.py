"""Text of the Far East in old code pages, told by its letters; what leaves a doubt is not read."""

from collections.abc import Callable


def decode_code_page(content: bytes) -> tuple[str, str] | None:
    """The text, and what it was read as, where it is Japanese, Korean or Chinese beyond doubt; else None.

    Nearly every pair of bytes is a letter of each of these code pages, but of the wrong ones letters that nobody
    writes. Japanese begins its pairs below 0xA1, where the others have no common letter; of Korean hardly any syllable
    lies outside the 2350 of KS X 1001, of Chinese hardly any letter outside the first level of GB 2312 or Big5.
    """
    for name, encoding, is_usual in _PAGES:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = [letter for letter in text if letter > "\x7f"]
        if sum(is_usual(letter) for letter in foreign) >= 0.9 * len(foreign):
            return text, name
    return None


def _is_japanese(letter: str) -> bool:
    """Kana, Japanese marks, or a letter of the first level of JIS X 0208."""
    code = letter.encode("cp932")
    return len(code) == 2 and (0x81 <= code[0] <= 0x83 or 0x88 <= code[0] <= 0x97)


def _is_korean(letter: str) -> bool:
    # Python spells syllables that KS X 1001 lacks as their letters, in eight bytes.
    return "가" <= letter <= "힣" and len(letter.encode("euc-kr")) == 2


def _is_simplified(letter: str) -> bool:
    code = letter.encode("gbk")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1


def _is_traditional(letter: str) -> bool:
    return 0xA4 <= letter.encode("big5")[0] <= 0xC6


_PAGES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("Japanese in the old code page CP932", "cp932", _is_japanese),
    ("Korean in the old code page CP949", "cp949", _is_korean),
    ("Chinese in the old code page GBK", "gbk", _is_simplified),
    ("Chinese in the old code page Big5", "big5", _is_traditional),
)
