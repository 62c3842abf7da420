"""Reads chats as chat-downloader saves them: JSON, JSON lines, or CSV with flattened names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from intent.model.errors import Malformed, WrongUse
from intent.sources.files.file_format import (
    AtHand,
    FileFormat,
    FileReading,
    Read,
    Skipped,
    given_id,
)
from intent.sources.files.head import Head
from intent.sources.files.json_records import deep, listed, read_objects, since_epoch
from intent.sources.files.sheet_rows import nested, read_rows
from intent.sources.ids import ComputedIds

MAPPING = {
    "message_id": "message_id",
    "user_id": "author.id",
    "text": "message",
    "sent_at": "timestamp (microseconds)",
    "author_role": "author.badges",
}
_DELETED = frozenset({"deleted_message", "delete_message", "clear_message", "remove_chat_item"})
_BANNED = frozenset({"ban_user", "clear_chat"})
_ROLES = {
    "owner": "host",
    "broadcaster": "host",
    "moderator": "moderator",
}
_YOUTUBE_AUTHOR = re.compile(r"UC[\w-]{22}")
_TWITCH_AUTHOR = re.compile(r"\d{1,12}")
_TWITCH_MESSAGE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _fits(head: Head) -> bool:
    if head.sheet is not None:
        names = set(head.sheet.header)
        authors = any(name.startswith("author.") for name in names)
        return authors and {"message_id", "message_type", "message"} <= names
    return any(_is_one(record) for record in head.records)


def _is_one(record: dict[str, Any]) -> bool:
    known = {"message_id", "action_type", "author"} & record.keys()
    return "message_type" in record and bool(known)


def _prepare(at_hand: AtHand) -> FileReading:
    sheet = at_hand.head.sheet
    records = at_hand.head.records
    if sheet is not None:
        records = [nested(sheet.header, row) for row in sheet.rows]
    platform = at_hand.told.constants.get("platform") or _platform(records)
    at_hand.told.need(
        "room_id", "the file does not say which room it is of; say --room with its id"
    )

    def read(chunks: Iterator[bytes | None]) -> Iterator[Read]:
        chat = _Chat(at_hand, platform)
        if sheet is not None:
            return read_rows(chunks, at_hand, sheet, chat.item)
        return read_objects(chunks, at_hand, chat.item)

    return FileReading(read, {"platform": f"{platform}, told by the ids", **MAPPING})


def _platform(records: Iterable[dict[str, Any]]) -> str:
    for record in records:
        author, message = (
            str(deep(record, *path) or "") for path in (("author", "id"), ("message_id",))
        )
        if _YOUTUBE_AUTHOR.fullmatch(author):
            return "youtube"
        if _TWITCH_AUTHOR.fullmatch(author) and _TWITCH_MESSAGE.fullmatch(message):
            return "twitch"
    raise WrongUse(
        "the ids do not tell which platform it is; say --const platform=…, such as twitch"
    )


class _Chat:
    """Reads one chat; every field may be missing."""

    def __init__(self, at_hand: AtHand, platform: str) -> None:
        self._at_hand, self._platform, self._ids = at_hand, platform, ComputedIds()
        self._last: datetime | None = None

    def item(self, item: dict[str, Any], position: str) -> Iterable[Read]:
        kind = str(item.get("message_type") or "")
        if item.get("timestamp") not in (None, ""):
            self._last = since_epoch(item["timestamp"], "microseconds")
        if kind in _DELETED | _BANNED:
            return [self._taken_back(item, position)]
        if kind.startswith("ticker_"):
            return [Skipped("said again in the strip above the chat")]
        if not item.get("message"):
            return [Skipped(kind or "item without a text")]
        return [self._message(item, position)]

    def _message(self, item: dict[str, Any], position: str) -> Read:
        if item.get("timestamp") in (None, ""):
            raise Malformed("sent_at: the item has no timestamp")
        values = {
            "platform": self._platform,
            "room_id": self._at_hand.told.constants["room_id"],
            "message_id": item.get("message_id"),
            "user_id": deep(item, "author", "id"),
            "kind": "comment",
            "text": item["message"],
            "sent_at": self._last,
            "author_role": _role(item),
            "reply_to": deep(item, "in_reply_to", "message_id"),
        }
        name = str(deep(item, "author", "name") or "")
        return self._at_hand.enter(given_id(values, self._ids), position, name)

    def _taken_back(self, item: dict[str, Any], position: str) -> Read:
        message = item.get("target_message_id") or None
        author = deep(item, "target_author_id") or deep(item, "author", "id") or None
        if self._last is None:
            return Skipped("deletion before the first message")
        if message is None and author is None:
            # A moderator has cleared the whole chat, which is tidying and says nothing of anybody.
            return Skipped("chat cleared")
        values = {
            "platform": self._platform,
            "at": self._last,
            "message_id": message,
            "user_id": None if message else author,
        }
        return self._at_hand.take_back(values, position)


def _role(item: dict[str, Any]) -> str | None:
    badges = deep(item, "author", "badges")
    shown = listed(badges) or (list(badges.values()) if isinstance(badges, dict) else [])
    names = {
        str(deep(badge, key) or "").lower()
        for badge in shown
        for key in ("name", "title", "icon_name")
    }
    return next((role for name, role in _ROLES.items() if name in names), None)


CHAT_DOWNLOADER = FileFormat(
    name="chat-downloader",
    title="chat-downloader, JSON, JSON lines or CSV",
    example="intent ingest chat.json --room VIDEO_ID",
    needs="`--room`; `--const platform=…` where the ids do not tell",
    notes=(
        "Items without a text (gifts, memberships) are counted and passed over; deletions and bans "
        "are taken back.",
        "Items without an author or a time are refused.",
    ),
    fits=_fits,
    prepare=_prepare,
)
