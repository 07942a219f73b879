"""The errors that closeup shows to people: what is wrong, where, and what to do next."""

EXIT_BAD_INPUT = 2
"""Exit code of the command line for every `CloseupError`."""


class CloseupError(Exception):
    """Something that the person at the keyboard can mend.

    Attributes:
        message: What is wrong and where, one sentence.
        hint: What to type or do next; empty where nothing can be done.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message and hint on one line each."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(CloseupError):
    """A file or value that was given cannot be used: missing, unreadable, not a video, out of range."""


class OutputError(CloseupError):
    """A result cannot be written: the place exists already, is full, or may not be written to."""


class ModelError(CloseupError):
    """A model is missing, damaged, or cannot be fetched."""


class FormatError(InputError):
    """A file of closeup's own (cast.json, edits.json, vectors.npz, a card) does not hold what it must."""


class StorageError(CloseupError):
    """The gallery's database cannot be used: locked, unreachable, damaged, full, or made by a newer closeup."""


class DependencyError(CloseupError):
    """An optional package that this command needs is not installed."""
