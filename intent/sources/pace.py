"""Hands on recorded messages at the pace in which they were written, or a multiple of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from intent.model.message import Message

LONGEST_PAUSE = 86_400.0
"""Seconds that a replay at recorded speed waits at most: longer gaps are leaps of a clock, or the
end of the stream.
"""

Read = TypeVar("Read")


def at_pace(
    read: Iterable[Read | None],
    speed: float,
    *,
    sleep: Callable[[float], object],
    clock: Callable[[], float],
    ahead: float = 0.0,
) -> Iterator[Read | None]:
    """Yield what was read, each message when it is due, with a None before every wait.

    Args:
        speed: 1.0 for the recorded pace, 10.0 for ten times as fast. Messages that go back in time
            come at once.
        sleep: how to wait, in seconds.
        clock: monotonic time in seconds.
        ahead: seconds of the record that are over when it begins; what was said in them comes at
            once.
    """
    started: tuple[float, datetime] | None = None
    for one in read:
        if isinstance(one, Message):
            started = started or (clock() - ahead, one.sent_at)
            due = started[0] + (one.sent_at - started[1]).total_seconds() / speed
            if due > clock():
                yield None
                sleep(min(due - clock(), LONGEST_PAUSE))
        yield one
