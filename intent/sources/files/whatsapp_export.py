"""Reads chats that WhatsApp has exported as text, from iPhones and from Android."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from intent.model.errors import Malformed, WrongUse
from intent.sources.door import MAX_PAYLOAD_BYTES
from intent.sources.files.date_order import DateOrder, DateSurvey
from intent.sources.files.file_format import (
    AtHand,
    FileFormat,
    FileReading,
    Read,
    Skipped,
    given_id,
)
from intent.sources.files.head import Head
from intent.sources.files.whatsapp_lines import WhatsAppLine, read_whatsapp_line, typed
from intent.sources.ids import ComputedIds
from intent.sources.lines import Line, split_lines

MAPPING = {
    "message_id": "computed from room, author, time and text",
    "user_id": "the name or number before the colon",
    "text": "what follows the colon, and the lines below",
    "sent_at": "the date and time at the beginning of the line",
}
_BEGINNING = 10
"""Lines among which a message must begin."""

_SHOWN_NAMES = 8


def _fits(head: Head) -> bool:
    if head.is_json:
        return False
    written = [line for line in head.lines if line.strip()]
    return any(read_whatsapp_line(line) is not None for line in written[:_BEGINNING])


def _prepare(at_hand: AtHand) -> FileReading:
    told = at_hand.told
    missing = [] if told.zone is not None else ["--timezone Asia/Jakarta (an IANA name)"]
    missing += [] if "room_id" in told.constants else ["--room with a name for the chat"]
    if told.zone is None or missing:
        raise WrongUse(
            "a WhatsApp export says neither in which time zone its times are nor which chat it is "
            f"of; say {' and '.join(missing)}"
        )
    order = told.date_order or _order(at_hand)
    zone = told.zone

    def read(chunks: Iterator[bytes | None]) -> Iterator[Read]:
        return _Export(at_hand, zone, order).read(chunks)

    mapping = {**MAPPING, "sent_at": f"{MAPPING['sent_at']}, as {order.value} in {zone.key}"}
    return FileReading(read, mapping, _notes(at_hand))


def _order(at_hand: AtHand) -> DateOrder:
    """Return the order of dates, told from the whole file, or from the beginning of a pipe.

    Raises:
        WrongUse: it cannot be told.
    """
    survey = DateSurvey(chronological=True)
    whole = at_hand.opened.chunks() if at_hand.opened.again else iter([at_hand.head.text])
    for line in split_lines(whole, MAX_PAYLOAD_BYTES):
        if line is not None:
            found = read_whatsapp_line(line.payload.decode("utf-8", "replace"))
            if found is not None:
                survey.add(found.written.date)
    return survey.order()


def _notes(at_hand: AtHand) -> list[str]:
    if at_hand.told.hosts:
        return []
    lines = map(read_whatsapp_line, at_hand.head.lines)
    names = dict.fromkeys(line.author for line in lines if line is not None and line.author)
    shown = ", ".join(list(names)[:_SHOWN_NAMES])
    return [f"if one of these is the shop itself, say --host with the name: {shown}"]


@dataclass(slots=True)
class _Begun:
    """A message whose end is not read yet."""

    number: int
    line: WhatsAppLine
    raw: list[bytes]
    lines: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, raw: bytes, text: str) -> None:
        self.size += len(raw) + 1
        if self.size <= MAX_PAYLOAD_BYTES:
            self.raw.append(raw)
            self.lines.append(text)

    def as_line(self) -> Line:
        payload = b"\n".join(self.raw)
        return Line(self.number, payload, hashlib.sha256(payload).hexdigest(), len(payload))


class _Export:
    """Reads one export from top to bottom."""

    def __init__(self, at_hand: AtHand, zone: ZoneInfo, order: DateOrder) -> None:
        self._at_hand, self._zone, self._order = at_hand, zone, order
        self._ids, self._begun = ComputedIds(), None  # type: tuple[ComputedIds, _Begun | None]

    def read(self, chunks: Iterator[bytes | None]) -> Iterator[Read]:
        for line in split_lines(chunks, MAX_PAYLOAD_BYTES):
            if line is None:
                yield None
                continue
            try:
                text = line.payload.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                yield self._at_hand.refuse("is no UTF-8", line)
                continue
            first = read_whatsapp_line(text)
            if first is not None:
                yield from self._ended()
                self._begun = _Begun(line.number, first, [line.payload])
            elif self._begun is not None:
                self._begun.add(line.payload, text)
            elif text.strip():
                yield Skipped("line before the first message")
        yield from self._ended()

    def _ended(self) -> Iterator[Read]:
        if self._begun is not None:
            begun, self._begun = self._begun, None
            yield self._message(begun)

    def _message(self, begun: _Begun) -> Read:
        author = begun.line.author
        if author is None:
            return Skipped("line of the app itself")
        text = typed("\n".join([begun.line.text, *begun.lines]))
        if not text:
            return Skipped("attachment or notice")
        try:
            local = begun.line.written.local(self._order)
        except Malformed as error:
            return self._at_hand.refuse(f"sent_at: {error}", begun.as_line())
        values = {
            "platform": "whatsapp",
            "kind": "chat",
            "user_id": author,
            "text": text,
            "sent_at": local.replace(tzinfo=self._zone),
            **self._at_hand.told.constants,
        }
        return self._at_hand.enter(given_id(values, self._ids), f"line {begun.number}")


WHATSAPP = FileFormat(
    name="whatsapp",
    title="WhatsApp, exported chat (_chat.txt)",
    example="intent ingest _chat.txt --timezone Asia/Jakarta --room toko-mawar --host 'Toko Mawar'",
    needs="`--timezone`, `--room`; `--date-order` where the dates do not tell; `--host` with the "
    "shop's name",
    notes=(
        "iPhone and Android, 12 and 24 hours, the day's halves in many languages, dates in either "
        "order and of the Buddhist calendar. The order is told from all dates of the file; where "
        "two fit, it is asked for.",
        "Ids are computed from room, author, time and text: a second export of the same chat adds "
        "only what is new, if room and zone are said as before.",
        "Deleted messages leave no trace in an export, attachments only their captions. Times have "
        "minutes on Android; the hour that a clock shows twice in autumn is taken for the first.",
    ),
    fits=_fits,
    prepare=_prepare,
)
