"""Waits out an outage of the database."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from intent.model.errors import Later, Stopping

T = TypeVar("T")


def retry_until_available(
    call: Callable[[], T],
    *,
    stop: Event,
    delay: float,
    most: float,
    waiting: Callable[[float, Later], None],
) -> T:
    """Call until the environment lets it through, with growing pauses; give up only when told to
    stop.

    Args:
        call: may be repeated without harm.
        delay: seconds before the second try; doubles up to ``most``.
        waiting: told every pause and its cause.

    Raises:
        Stopping: ``stop`` was set during an outage.
    """
    while True:
        try:
            return call()
        except Later as error:
            waiting(delay, error)
            if stop.wait(delay):
                raise Stopping(
                    "asked to leave during an outage; what was taken comes again when its lease "
                    "ends"
                ) from error
            delay = min(delay * 2, most)
