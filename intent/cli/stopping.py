"""Leaves when asked: SIGTERM and Ctrl-C become an event that loops look at."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any


@contextmanager
def stopping() -> Iterator[Event]:
    """Yield an event that SIGTERM or the first SIGINT sets; a second SIGINT interrupts at once.

    A thread sets the event. A handler runs in the middle of whatever the main thread does; where
    that holds the event's lock, at the beginning of a wait or while the signal before is handled, a
    handler that sets the event waits for itself for ever. The queue may be put to at any moment.
    """
    stop, told = Event(), SimpleQueue[bool]()

    def leave(number: int, _frame: Any) -> None:
        told.put(True)
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def pass_on() -> None:
        while told.get():
            stop.set()

    passing = Thread(target=pass_on, name="stopping", daemon=True)
    passing.start()
    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        told.put(False)
        passing.join()
