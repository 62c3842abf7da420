"""Leaves when asked: SIGTERM and Ctrl-C become an event that loops look at."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any


@contextmanager
def stopping() -> Iterator[Event]:
    """Yield an event that SIGTERM or the first SIGINT sets; a second SIGINT interrupts at once."""
    stop = Event()

    def leave(number: int, _frame: Any) -> None:
        stop.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
