"""What the command line ends with: one table for all commands, with JSON and without (docs/concepts/exit-codes.md)."""

EXIT_DONE = 0
EXIT_UNEXPECTED = 1
"""A fault of closeup's own."""

EXIT_COULD_NOT = 2
"""Nothing was done that was asked for, and the user can mend it: a bad file, a wrong option."""

EXIT_LOSSES = 3
"""Done, but for something that was asked for: some of several files, people or models."""

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""128 and the number of the signal, as shells report it; 143 is a request to stop."""

_losses = 0


def count_losses(number: int = 1) -> None:
    """Note that so much of what was asked for was left out: a command that is done otherwise ends with EXIT_LOSSES."""
    global _losses
    _losses += number


def taken_losses() -> int:
    """How many there were since this was asked last."""
    global _losses
    number, _losses = _losses, 0
    return number


def after_failures(failed: int, of: int) -> int:
    """What a command over several things ends with, of which some failed."""
    return EXIT_DONE if not failed else EXIT_COULD_NOT if failed >= of else EXIT_LOSSES
