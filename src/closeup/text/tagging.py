"""Words of an English sentence with their places and coarse kinds, by closed lists and endings; no model, no download.

A kind is a guess good enough to shorten a sentence by: lists name the words that frame a sentence, capitals name the
names, endings name most verb forms. What none of them knows is a "word", most likely a noun or an adjective.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\S+")
_OPEN, _CLOSE = "\"'“‘«([{", "\"'”’»)]}.,;:!?…"


def _each(kind: str, listed: str) -> dict[str, str]:
    return dict.fromkeys(listed.split(), kind)


_LISTED = {
    **_each("article", "a an the"),
    **_each("of", "of"),
    **_each("to", "to"),
    **_each(
        "preposition",
        "at by for from in into off on onto out over per under up upon with within without about "
        "above across after against along amid among amongst around as before behind below beneath beside besides "
        "between beyond despite down during except inside like near outside past since through throughout till "
        "toward towards until unlike versus via than",
    ),
    **_each("and", "and or but nor & so yet plus"),
    **_each(
        "that", "that which who whom whose what when where while why how whether if because although though unless"
    ),
    **_each(
        "auxiliary",
        "is are was were be been being has have had having do does did it's he's she's they're he'd "
        "she'd they'd i've they've we've i'm we're isn't aren't wasn't weren't hasn't haven't hadn't there's that's",
    ),
    **_each(
        "modal",
        "will would shall should can could may might must won't wouldn't can't couldn't shouldn't it'll "
        "don't doesn't didn't he'll she'll they'll cannot",
    ),
    **_each("not", "not no never"),
    **_each(
        "pronoun",
        "i you he she it we they me him us them himself herself itself themselves one someone anyone "
        "everyone nobody there those these this",
    ),
    **_each("possessive", "my your his her its our their"),
    **_each(
        "adverb",
        "also just only even still already now then too very more most so however further later earlier "
        "ago again together almost nearly around over currently recently today yesterday tomorrow tonight here "
        "once ever soon well",
    ),
    **_each(
        "say",
        "said says saying say added adds adding told tells claimed claims claiming revealed reveals stated "
        "stating tweeted wrote writes announced announces reported reportedly reports according alleged accused "
        "asked replied explained insisted believes thinks admitted argued noted confirmed warned",
    ),
    **_each(
        "day",
        "monday tuesday wednesday thursday friday saturday sunday january february march april june july "
        "august september october november december week month year morning evening night",
    ),
    **_each(
        "rank",
        "mr mrs ms dr sir president minister prime chief ceo chairman director actor actress former ex "
        "singer captain cricketer senior founder leader spokesman spokesperson spokeswoman manager coach secretary "
        "co-founder filmmaker congress bjp boss owner",
    ),
    **_each(
        "verb",
        "won wins win beat beats made makes make take takes took taken gave gives give given got gets get "
        "went goes go gone came comes come become becomes became found finds find held holds hold kept keep keeps "
        "left leave leaves lost loses lose paid pay pays sold sells sell sent sends send set sets shot shows show "
        "shown spent spends spend begins began begin begun bought buys buy brought bring brings built builds build "
        "cut cuts died dies die fell falls fall rose rises rise hit hits led leads lead let lets met meets meet "
        "put puts ran runs run saw sees see seen sought seeks seek thought think took help helps face faces plans "
        "wants want needs need expects hopes hope aims "
        "calls call slams slam urges urge launches launch unveils unveil joins join backs quit quits",
    ),
}

_NUMBER = re.compile(r"[$£€₹₩¥]?\d[\d,.:/-]*(?:st|nd|rd|th|s|%|bn|m|k|cr|p)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a sentence.

    Attributes:
        text: Without what opens before it or closes behind it, as quotation marks and points; never empty.
        start: Where `text` begins in the sentence; `end` is exclusive.
        before: What opens right before it, "(" or a quotation mark, or "".
        after: What stands right behind it, as "," or ".", or "".
        kind: As this module's lists say, or "name", "number", "-ed", "-ing", "-ly", "-s" or "word".
    """

    text: str
    start: int
    end: int
    before: str
    after: str
    kind: str


def tag(sentence: str) -> list[Token]:
    """The words of a sentence; marks that stand alone, as dashes, are behind the word before them."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(sentence):
        bare = found[0].strip("\u200b\u200e\ufeff")
        left = bare.lstrip(_OPEN)
        right = left.rstrip(_CLOSE)
        if re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]?", left.rstrip(",;:!?\"'”’)]")):  # U.S., J.
            right = left.rstrip(",;:!?\"'”’)]")
        if not any(letter.isalnum() for letter in right):
            if tokens:
                last = tokens[-1]
                tokens[-1] = Token(last.text, last.start, last.end, last.before, last.after + bare, last.kind)
            continue
        start = found.start() + found[0].index(right)
        before, after = bare[: len(bare) - len(left)], left[len(right) :]
        tokens.append(Token(right, start, start + len(right), before, after, _kind(right, first=not tokens)))
    return tokens


def _kind(text: str, *, first: bool) -> str:
    low = text.lower().replace("’", "'")
    listed = _LISTED.get(low)
    if _NUMBER.fullmatch(text):
        return "number"
    if text[0].isupper() and listed not in (None, "rank", "day") and not first and low not in ("us", "it"):
        return listed or "name"
    if listed is not None and not (low == "us" and text.isupper()):
        return listed
    if any(letter.isupper() for letter in text) and not (first and _is_common(low)):
        return "name"
    return _by_ending(low)


def _is_common(low: str) -> bool:
    """Whether a word at the front is likely no name, though it has a capital there."""
    return low.endswith(("ing", "ly", "ed", "ions", "ers", "ments"))


def _by_ending(low: str) -> str:
    for ending, shortest in (("ed", 4), ("ing", 5), ("ly", 4)):
        if low.endswith(ending) and len(low) > shortest:
            return f"-{ending}"
    if low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")) and len(low) > 3:
        return "-s"
    return "word"


_OPENING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|evening|afternoon)|welcome|thank|thanks|so today|in this (?:video|lecture)|"
    r"okay|all right|let's|please subscribe|i'm|i am|my name is)\b",
    re.IGNORECASE,
)


def is_opening(sentence: str) -> bool:
    """Whether a sentence greets, thanks or leads over, as speakers do, and says nothing itself."""
    return bool(_OPENING.match(sentence.lstrip("\"'“‘-–—> ").replace("’", "'")))
