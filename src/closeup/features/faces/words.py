"""What is found of a face in a few plain words: how it looks in the picture, and not what the person is."""

from closeup.documents.faces import Answer, ClassAnswer, FoundFace

_MASKS = {"mask": "mask", "no_mask": "no mask", "incorrect": "mask worn wrongly"}


def share(value: float) -> str:
    """A share, 0 to 1, as a percentage: "93 %"."""
    return f"{value:.0%}".replace("%", " %")


def answer_words(name: str, answer: Answer, *, shares: bool = True) -> str:
    """One answer: "happy 93 %", "no mask 99 %", "about 31"; without `shares` "happy", "no mask"."""
    if not isinstance(answer, ClassAnswer):
        return f"about {answer.value:.0f}" if name == "age" else f"{answer.value:.1f} {answer.unit}".strip()
    word = _MASKS.get(answer.name, answer.name) if name == "mask" else answer.name
    word = word.replace("_", " ")
    return f"{word} {share(answer.probability)}" if shares else word


def label_levels(face: FoundFace, number: int | None) -> tuple[tuple[str, ...], ...]:
    """What may stand beside a face in a picture, line by line: the fullest first, then shorter where room is scarce.

    Args:
        number: By which it is known elsewhere; None where it is the only one.
    """
    first = "" if number is None else f"{number}  "
    full = [first + full_lines(face)[0], *full_lines(face)[1:]]
    brief = [", ".join(parts) for parts in _brief_parts(face) if parts]
    brief[:1] = [first + line for line in brief[:1]]
    last = (str(number),) if number is not None else ()
    levels = (tuple(full), tuple(brief), tuple(brief[:1]), last)
    return tuple(dict.fromkeys(level for level in levels if level))


def full_lines(face: FoundFace) -> list[str]:
    """All that is said of a face, in one to four lines."""
    said = face.answers
    lines = []
    if "expression" in said:
        lines.append("looks " + answer_words("expression", said["expression"]))
    ages = [answer_words(name, said[name]) for name in ("age", "gender") if name in said]
    if ages:
        lines.append("looks " + ", ".join(ages))
    if "mask" in said:
        lines.append(answer_words("mask", said["mask"]))
    return [*lines, f"picture quality {share(face.quality.total)}"]


def _brief_parts(face: FoundFace) -> list[list[str]]:
    said = face.answers
    pairs = (("expression",), ("age", "gender"), ("mask",))
    words = [[answer_words(name, said[name], shares=False) for name in pair if name in said] for pair in pairs]
    if said.get("mask") is not None and words[2] == ["no mask"]:
        words[2] = []
    return words
