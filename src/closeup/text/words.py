"""Words of a text, and which of them carry no meaning of their own."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_INSIDE = re.compile("['’.,-]")
_DIGITS = re.compile(r"\d+")

SEEN = 100_000
"""So many letters at the front of a text tell its language."""

_FUNCTION = """
a an the and or but nor so yet if than as at by for from in into of off on onto out over per to under up upon with
within without about above across after against along amid among around before behind below beneath beside besides
between beyond despite down during except inside like near outside past since through throughout till toward towards
underneath until unlike versus via that which who whom whose what when where while why how whether because although
though unless is am are was were be been being has have had having do does did will would shall should can could may
might must ought i you he she it we they me him her us them my your his its our their this these those there not no
very also just only
"""

FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""English words that stand for the frame of a sentence and not for what it says."""

_STOP = """
myself ourselves yours yourself yourselves himself hers herself itself theirs themselves doing again further then
once here all any both each few more most other some such own same too s t don now d ll m o re ve y dont doesnt
didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt cant couldnt shouldnt im youre theyre weve theyve ive
youve hes shes theres thats ain aren couldn didn doesn hadn hasn haven isn ma mightn mustn needn shan shouldn wasn
weren won wouldn ours
"""

STOP_WORDS = FUNCTION_WORDS | frozenset(_STOP.split())
"""What is left out where sentences are compared."""


def words(text: str) -> list[str]:
    """Words of any script in small letters; apostrophes, hyphens and points inside stay out: "wellknown", "dont"."""
    return [_INSIDE.sub("", word) for word in _WORD.findall(text.lower())]


def content_words(text: str) -> list[str]:
    """The words of a text that say what it is about: no digits, no single letters, not stemmed."""
    letters = (_DIGITS.sub("", word) for word in words(text))
    return [word for word in letters if len(word) > 1 and word not in STOP_WORDS]


def scripts(text: str) -> dict[str, float]:
    """Shares of the letters of a text that are "korean", "latin" and "other"; empty where it has none."""
    letters = [letter for letter in text[:SEEN] if letter.isalpha()]
    if not letters:
        return {}
    korean = sum("가" <= letter <= "힣" for letter in letters)
    latin = sum(letter < "\u0250" for letter in letters)
    counts = {"korean": korean, "latin": latin, "other": len(letters) - korean - latin}
    return {name: count / len(letters) for name, count in counts.items()}
