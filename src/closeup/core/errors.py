"""The errors that closeup shows to people: what is wrong, where, and what to do next.

An error's words are those of its subject: files, faces, models. What to type next is for each surface to say: the
command line finds its words by the error's code, in `cli.hints`.
"""

from typing import Self


class CloseupError(Exception):
    """Something that the user can mend.

    Attributes:
        message: What is wrong and where, one sentence.
        hint: What to do next, without naming a command or a flag; empty where the message says it all.
        code: A stable name of what is wrong, "result.exists"; that of the class where none is given.
        facts: What the words for the code are filled with: paths, names, numbers.
    """

    code = "error"

    def __init__(self, message: str, hint: str = "", /, *, code: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.facts = facts

    def within(self, place: object, hint: str = "", *, code: str = "", **facts: object) -> Self:
        """The same error, said of `place`; hint, code and facts are for an error that has no code of its own."""
        return self.reworded(f"{place}: {self.message}", hint, code=code, **facts)

    def reworded(self, message: str, hint: str = "", *, code: str = "", **facts: object) -> Self:
        """The same error in other words; hint, code and facts are for an error that has no code of its own."""
        if self.code != type(self).code:
            return type(self)(message, self.hint, code=self.code, **self.facts)
        return type(self)(message, self.hint or hint, code=code, **facts)

    def __str__(self) -> str:
        """Message and hint on one line each."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(CloseupError):
    """A file or value that was given cannot be used: missing, unreadable, not a video, out of range."""

    code = "input"


class OutputError(CloseupError):
    """A result cannot be written: the place exists already, is full, or may not be written to."""

    code = "output"


class ModelError(CloseupError):
    """A model is missing, damaged, or cannot be fetched."""

    code = "model"


class FormatError(InputError):
    """A file of closeup's own (cast.json, edits.json, vectors.npz, a card) does not hold what it must."""

    code = "format"


class StorageError(CloseupError):
    """The gallery's database cannot be used: locked, unreachable, damaged, full, or made by a newer closeup."""

    code = "storage"


class DependencyError(CloseupError):
    """A package that this work needs is not installed, or not in a version that can be used."""

    code = "dependency"
