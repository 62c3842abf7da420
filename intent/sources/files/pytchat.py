"""Reads YouTube chats as pytchat writes them: JSON arrays or lines, or CSV with flattened names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from intent.sources.files.file_format import AtHand, FileFormat, FileReading, Read, Skipped
from intent.sources.files.head import Head
from intent.sources.files.json_records import deep, read_objects, since_epoch
from intent.sources.files.sheet_rows import nested, read_rows
from intent.sources.files.yt_dlp import WHICH_ROOM

MAPPING = {
    "message_id": "id",
    "user_id": "author.channelId",
    "text": "message",
    "sent_at": "timestamp (milliseconds)",
    "author_role": "author.isChatOwner, author.isChatModerator",
}
_YES = (True, "true", "True", "TRUE", "1", 1)


def _fits(head: Head) -> bool:
    records = head.records
    if head.sheet is not None:
        records = [nested(head.sheet.header, head.sheet.header)]
    return any(
        {"id", "timestamp", "message"} <= record.keys()
        and deep(record, "author", "channelId") is not None
        for record in records
    )


def _prepare(at_hand: AtHand) -> FileReading:
    at_hand.told.need("room_id", WHICH_ROOM)
    sheet = at_hand.head.sheet

    def item(values: dict[str, Any], position: str) -> Iterable[Read]:
        return [_item(values, position, at_hand)]

    def read(chunks: Iterator[bytes | None]) -> Iterator[Read]:
        if sheet is not None:
            return read_rows(chunks, at_hand, sheet, item)
        return read_objects(chunks, at_hand, item)

    return FileReading(read, MAPPING)


def _item(item: dict[str, Any], position: str, at_hand: AtHand) -> Read:
    if not item.get("message"):
        return Skipped(str(item.get("type") or "item without a text"))
    author = item.get("author")
    values = {
        "platform": "youtube",
        "message_id": item.get("id"),
        "user_id": deep(author, "channelId"),
        "kind": "comment",
        "text": item["message"],
        # Beside it stands ``datetime``, which is local time and does not say where.
        "sent_at": since_epoch(item.get("timestamp"), "milliseconds"),
        "author_role": _role(author),
    }
    return at_hand.enter(values, position, str(deep(author, "name") or ""))


def _role(author: object) -> str | None:
    if deep(author, "isChatOwner") in _YES:
        return "host"
    return "moderator" if deep(author, "isChatModerator") in _YES else None


PYTCHAT = FileFormat(
    name="pytchat",
    title="pytchat, JSON or CSV",
    example="intent ingest chat.json --room VIDEO_ID",
    needs="`--room` with the video's id",
    notes=(
        "Times are taken from `timestamp`, never from `datetime`, which is local time without a "
        "zone. Deletions are not in such files.",
    ),
    fits=_fits,
    prepare=_prepare,
)
