"""Replays recorded messages, one JSON object a line, as fast as possible or at the pace they were
written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event

from intent.model.batch import Batch, Refused
from intent.model.message import Message
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.gather import gathered
from intent.sources.lines import Line
from intent.sources.records import read_records

LONGEST_PAUSE = 86_400.0
"""Seconds that a replay at recorded speed waits at most: longer gaps are leaps of a clock, or the
end of the stream.
"""


class ReplaySource:
    """Reads recorded messages from an open descriptor: JSON lines, or a JSON array."""

    def __init__(
        self,
        descriptor: int,
        name: str,
        *,
        stop: Event | None = None,
        speed: float | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        door: Door | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            descriptor: file descriptor of the JSONL; the caller closes it.
            name: what to call it in dead letters.
            stop: once set, nothing more is read; what was read before is still handed over.
            speed: None reads as fast as possible; 1.0 at the recorded pace, 10.0 ten times as fast.
                Messages that go back in time come at once.
            sleep: how to wait, in seconds.
            clock: monotonic time in seconds.
            door: the rules that lines must keep; without it those of every source.
        """
        self._descriptor, self._speed, self._sleep, self._clock = descriptor, speed, sleep, clock
        self._door = door or Door()
        self._stop = stop
        self.at_end = False
        """Whether the end of the file or stream was read."""
        self._name = name.encode("utf-8", "backslashreplace").decode(
            "utf-8"
        )  # a path may hold any bytes

    def read(self) -> Iterator[Batch]:
        """Yield messages, and what is none with its reason; an empty batch for a pause."""
        return gathered(self._read())

    def _read(self) -> Iterator[Message | Refused | None]:
        started: tuple[float, datetime] | None = None
        for line in read_records(
            self._descriptor, MAX_PAYLOAD_BYTES + 1, stop=self._stop, at_end=self._ended
        ):
            if line is None:
                yield None
                continue
            if not line.payload.strip():
                continue
            read = self._parsed(line)
            if self._speed is not None and isinstance(read, Message):
                started = started or (self._clock(), read.sent_at)
                due = started[0] + (read.sent_at - started[1]).total_seconds() / self._speed
                if due > self._clock():
                    yield None
                    self._sleep(min(due - self._clock(), LONGEST_PAUSE))
            yield read

    def _ended(self) -> None:
        self.at_end = True

    def _parsed(self, line: Line) -> Message | Refused:
        position = f"{self._name} {line.kind} {line.number}"
        if line.size > MAX_PAYLOAD_BYTES:
            reason = f"the {line.kind} is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}"
            return refused(reason, line.payload, position, digest=line.digest)
        return self._door.payload(line.payload, position, digest=line.digest)
