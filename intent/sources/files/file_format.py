"""What every format of files says of itself, and what its reader yields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from intent.model.batch import Refused, Retraction
from intent.model.errors import Malformed
from intent.model.message import Message
from intent.sources.door import MAX_PAYLOAD_BYTES, Door
from intent.sources.files.head import Head
from intent.sources.files.opened_file import OpenedFile
from intent.sources.files.told import Told
from intent.sources.ids import ComputedIds
from intent.sources.lines import Line
from intent.sources.records import refused_as_too_long


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a file that is neither a message nor a fault; ``kind`` says what it is."""

    kind: str


Read: TypeAlias = Message | Refused | Retraction | Skipped | None
"""What a reader yields: None is *nothing right now*."""


@dataclass(frozen=True, slots=True)
class FileReading:
    """How one file is read, once its format is known.

    Attributes:
        read: yields what stands in all the bytes of the file, in UTF-8; raises Malformed where
            bytes are broken beyond reading.
        mapping: our key to where its value is taken from, for people.
        notes: what people should know before it is read, a sentence each.
    """

    read: Callable[[Iterator[bytes | None]], Iterator[Read]]
    mapping: Mapping[str, str]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AtHand:
    """A file that is to be read, with what was said about it.

    Attributes:
        opened: its bytes, and its name.
        head: its first bytes.
        told: what a person said about it.
        door: the rules that its messages must keep.
    """

    opened: OpenedFile
    head: Head
    told: Told
    door: Door

    def enter(self, values: Mapping[str, object], position: str, name: str = "") -> Read:
        """Let one message in; ``name`` is its author's, where that is no id."""
        return self.door.message(
            self.told.completed(values, name), f"{self.opened.name} {position}"
        )

    def take_back(self, values: Mapping[str, object], position: str) -> Read:
        """Let one retraction in."""
        constants = {
            key: value
            for key, value in self.told.constants.items()
            if key in {"platform", "room_id"}
        }
        return self.door.retraction({**values, **constants}, f"{self.opened.name} {position}")

    def refuse(self, reason: str, line: Line) -> Refused:
        """Refuse a record as it stands in the file."""
        position = f"{self.opened.name} {line.kind} {line.number}"
        too_long = refused_as_too_long(line, position)
        return too_long or Refused(reason, line.payload, line.digest, position)

    def each(
        self, lines: Iterable[Line | None], read: Callable[[Line], Iterable[Read]]
    ) -> Iterator[Read]:
        """Yield what ``read`` makes of every record; what is too long, or raises Malformed, is
        refused, and the others go on.
        """
        for line in lines:
            if line is None:
                yield None
            elif line.size > MAX_PAYLOAD_BYTES:
                yield self.refuse("", line)
            elif line.payload.strip():
                try:
                    yield from read(line)
                except Malformed as error:
                    yield self.refuse(str(error), line)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format of files.

    Attributes:
        name: what ``--format`` calls it.
        title: what people call it.
        example: a command that reads such a file.
        needs: what must be said beside the file, for people.
        notes: what it keeps and what it cannot, for people.
        fits: whether a file begins like this.
        prepare: finds out how a file is read; raises WrongUse, with what to say, where that cannot
            be told from the file alone.
    """

    name: str
    title: str
    example: str
    needs: str
    notes: Sequence[str]
    fits: Callable[[Head], bool]
    prepare: Callable[[AtHand], FileReading]


def given_id(values: dict[str, Any], ids: ComputedIds) -> dict[str, Any]:
    """Return the values of a message with an id: its own, or one that is computed from room,
    author, instant and text, the same each time that the file is read.

    Args:
        values: with ``sent_at`` as an aware datetime.
    """
    if values.get("message_id") in (None, ""):
        said = (str(values.get(key) or "") for key in ("room_id", "user_id"))
        room, author = said
        computed = ids.next(room, author, values["sent_at"], str(values.get("text") or ""))
        return {**values, "message_id": computed}
    return values
