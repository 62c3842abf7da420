"""Says the bundled sample again as if it were said now: its rooms side by side, long pauses cut
short, and ids of its own; implements ``Source``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from intent.model.batch import Batch
from intent.model.message import Message
from intent.sources.gather import gathered
from intent.sources.pace import at_pace

PAUSE_MOST = 5.0
"""Seconds of silence in a room, at most: a shop's inbox is silent for hours."""

SAID_BEFORE = 90.0
"""Seconds of which whoever comes finds all there already, as in a stream that one joins late."""


class LiveSample:
    """Recorded messages of several rooms, said anew."""

    def __init__(
        self,
        recorded: Sequence[Message],
        *,
        now: datetime,
        sleep: Callable[[float], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Date them; nothing is said yet.

        Args:
            recorded: in the order in which each room said them.
            now: the instant, with a zone, at which the first :data:`SAID_BEFORE` seconds are over.
            sleep: how to wait, in seconds.
            clock: monotonic time in seconds.
        """
        self.messages = said_anew(recorded, begun=now - timedelta(seconds=SAID_BEFORE))
        self._sleep, self._clock = sleep, clock

    def read(self) -> Iterator[Batch]:
        """Yield messages when they are due, and an empty batch before a pause."""
        paced = at_pace(self.messages, 1.0, sleep=self._sleep, clock=self._clock, ahead=SAID_BEFORE)
        return gathered(paced)


def said_anew(recorded: Sequence[Message], *, begun: datetime) -> list[Message]:
    """Return the messages as if all rooms had begun at one instant, in the order of their times.

    Ids begin with that instant, so that they are those of no other replay; a message that stands
    twice in the record comes twice.
    """
    before: dict[str, Message] = {}
    at: dict[str, float] = {}
    anew = []
    for message in recorded:
        room = message.room_id
        pause = (message.sent_at - before.get(room, message).sent_at).total_seconds()
        at[room] = at.get(room, 0.0) + min(max(pause, 0.0), PAUSE_MOST)
        before[room] = message
        values = {
            "message_id": f"{begun:%Y%m%dT%H%M%S}-{message.message_id}",
            "sent_at": begun + timedelta(seconds=at[room]),
        }
        anew.append(message.model_copy(update=values))
    return sorted(anew, key=lambda message: message.sent_at)
