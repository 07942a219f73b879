"""Steps that a request to stop must not tear apart: Ctrl-C and SIGTERM wait until they are done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

REQUESTS = (signal.SIGINT, signal.SIGTERM)
"""Signals by which a person or a system asks a process to stop."""


@contextmanager
def held_back() -> Iterator[None]:
    """Let requests to stop that arrive inside the block take effect at its end.

    Keep the block short, since nobody can stop it. Signals that are ignored stay ignored. Python runs handlers of
    signals in the main thread only, so that in any other thread there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        arrived.append(number)

    with ExitStack() as stack:
        stack.callback(_send_again, arrived)
        for number in REQUESTS:
            # None: a handler that Python did not install, and could not put back.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                stack.callback(signal.signal, number, signal.signal(number, note))
        yield


def _send_again(arrived: list[int]) -> None:
    for number in arrived:
        signal.raise_signal(number)
