"""Replays recorded messages, one JSON object a line, as fast as possible or at the pace they were
written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event

from intent.model.batch import Batch, Refused
from intent.model.message import Message
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.gather import gathered
from intent.sources.lines import Line
from intent.sources.pace import at_pace
from intent.sources.records import read_records


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
        read = self._read()
        if self._speed is not None:
            read = at_pace(read, self._speed, sleep=self._sleep, clock=self._clock)
        return gathered(read)

    def _read(self) -> Iterator[Message | Refused | None]:
        for line in read_records(
            self._descriptor, MAX_PAYLOAD_BYTES + 1, stop=self._stop, at_end=self._ended
        ):
            if line is None:
                yield None
                continue
            if line.payload.strip():
                yield read_line(line, self._name, self._door)

    def _ended(self) -> None:
        self.at_end = True


def read_line(line: Line, name: str, door: Door) -> Message | Refused:
    """Read one record of the wire shape; ``name`` is what its file or stream is called."""
    position = f"{name} {line.kind} {line.number}"
    too_long = refused_as_too_long(line, position)
    return too_long or door.payload(line.payload, position, digest=line.digest)


def refused_as_too_long(line: Line, position: str) -> Refused | None:
    """Return the refusal of a record beyond the limit; None for one within it."""
    if line.size <= MAX_PAYLOAD_BYTES:
        return None
    reason = f"the {line.kind} is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}"
    return refused(reason, line.payload, position, digest=line.digest)
