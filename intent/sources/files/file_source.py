"""Reads a file that people have, whatever its format, into batches; implements ``Source``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event

from intent.model.batch import Batch, Refused, Retraction
from intent.model.errors import Malformed, OperatorError
from intent.model.message import Message
from intent.sources.door import Door, refused
from intent.sources.files.file_format import AtHand, FileReading, Skipped
from intent.sources.files.formats import AUTO, fits, recognised
from intent.sources.files.head import Head
from intent.sources.files.opened_file import OpenedFile
from intent.sources.files.told import Told
from intent.sources.gather import gathered
from intent.sources.pace import at_pace

SHOWN = 3
"""Messages that are shown before a file is read."""


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What a file is, before anything of it is stored.

    Attributes:
        format: its name.
        title: what people call it.
        mapping: our key to where its value is taken from.
        notes: what people should know, a sentence each.
        messages: the first few.
    """

    format: str
    title: str
    mapping: dict[str, str]
    notes: list[str]
    messages: list[Message]


class FileSource:
    """Reads one file or pipe."""

    def __init__(
        self,
        descriptor: int,
        name: str,
        *,
        format_name: str = AUTO,
        told: Told | None = None,
        door: Door | None = None,
        stop: Event | None = None,
        speed: float | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at the file and find out what it is; nothing is read yet.

        Args:
            descriptor: of the file; the caller closes it.
            name: what to call it in dead letters.
            format_name: of :data:`~intent.sources.files.formats.NAMES`.
            told: what a person says about it.
            door: the rules that messages must keep; without it those of every source.
            stop: once set, nothing more is read; what was read before is still handed over.
            speed: None reads as fast as possible; 1.0 at the recorded pace.
            sleep: how to wait, in seconds.
            clock: monotonic time in seconds.

        Raises:
            WrongUse: the format, its zone or the like cannot be told; the text says what to say.
            OperatorError: it is broken before it tells what it is.
        """
        self._told = told or Told()
        self._opened = OpenedFile(descriptor, name, stop)
        self._speed, self._sleep, self._clock = speed, sleep, clock
        head = self._opened.look(self._enough)
        if self._opened.broken is not None and format_name == AUTO and not self._enough(head):
            raise OperatorError(f"{self._opened.name} {self._opened.broken}")
        self._format = recognised(head, self._told, format_name)
        self._at_hand = AtHand(self._opened, head, self._told, door or Door())
        self._reading: FileReading = self._format.prepare(self._at_hand)
        self.skipped: Counter[str] = Counter()
        """What was neither a message nor a fault, by kind."""
        self.broken: str | None = None
        """Why the file could not be read to its end, if it is broken."""

    @property
    def format_name(self) -> str:
        """What ``--format`` calls what the file is."""
        return self._format.name

    @property
    def at_end(self) -> bool:
        """Whether the end of the file or stream was read."""
        return self._opened.at_end and self.broken is None

    def preview(self) -> FilePreview:
        """Return what the file is, with its first messages."""
        messages: list[Message] = []
        try:
            for one in self._reading.read(iter([self._at_hand.head.text])):
                if isinstance(one, Message):
                    messages.append(one)
                if len(messages) >= SHOWN:
                    break
        except Malformed:
            pass  # the first bytes end in the middle of something
        reading, form = self._reading, self._format
        mapping, notes = dict(reading.mapping), list(reading.notes)
        mapping.update({key: f"{value!r}, as said" for key, value in self._told.constants.items()})
        return FilePreview(form.name, form.title, mapping, notes, messages)

    def read(self) -> Iterator[Batch]:
        """Yield messages and retractions, and what is none with its reason; an empty batch for a
        pause.
        """
        read: Iterable[Message | Refused | Retraction | None] = self._read()
        if self._speed is not None:
            read = at_pace(read, self._speed, sleep=self._sleep, clock=self._clock)
        return gathered(read)

    def _read(self) -> Iterator[Message | Refused | Retraction | None]:
        try:
            for one in self._reading.read(self._opened.chunks()):
                if isinstance(one, Skipped):
                    self.skipped[one.kind] += 1
                else:
                    yield one
        except Malformed as error:
            # What was read stands; the rest cannot be found in broken bytes.
            self.broken = str(error)
            yield refused(f"the file {error}", b"", f"{self._opened.name} end")

    def _enough(self, head: Head) -> bool:
        return bool(fits(head, self._told))
