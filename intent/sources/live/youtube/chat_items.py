"""Reads the items of YouTube's live chat, which both APIs give in one shape: comments, Super Chats
with words, deletions and bans.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Kind, Message, refusal
from intent.sources.door import Door, refused

PLATFORM = "youtube"

TYPES = {
    1: "textMessageEvent",
    2: "tombstone",
    3: "fanFundingEvent",
    4: "chatEndedEvent",
    5: "sponsorOnlyModeStartedEvent",
    6: "sponsorOnlyModeEndedEvent",
    7: "newSponsorEvent",
    8: "messageDeletedEvent",
    9: "messageRetractedEvent",
    10: "userBannedEvent",
    15: "superChatEvent",
    16: "superStickerEvent",
    17: "memberMilestoneChatEvent",
    18: "membershipGiftingEvent",
    19: "giftMembershipReceivedEvent",
    20: "pollEvent",
    21: "giftEvent",
}
"""Names in the REST API by their numbers in streamList."""

_ENDED = "chatEndedEvent"

_Read = tuple[
    Callable[[Mapping[str, object], str], Message | Retraction | Refused], dict[str, object]
]
"""The way through the door that an item takes, and what it says."""


def _named(value: Any) -> Any:
    return TYPES.get(value, f"type {value}") if isinstance(value, int) else value


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Details(_Shape):
    """What the details of any type hold that is used here; the door looks at the values."""

    message_text: Any = None
    user_comment: Any = None
    deleted_message_id: Any = None
    retracted_message_id: Any = None


class _Author(_Shape):
    channel_id: Any = None
    is_chat_owner: bool = False
    is_chat_moderator: bool = False


class _Banned(_Shape):
    banned_user_details: _Author = _Author()


class _Snippet(_Shape):
    type: Annotated[str, BeforeValidator(_named)]
    published_at: Any = None
    display_message: Any = None
    author_channel_id: Any = None
    text_message_details: _Details = _Details()
    super_chat_details: _Details = _Details()
    member_milestone_chat_details: _Details = _Details()
    message_deleted_details: _Details = _Details()
    message_retracted_details: _Details = _Details()
    user_banned_details: _Banned = _Banned()


class _Item(_Shape):
    id: Any = None
    snippet: _Snippet
    author_details: _Author = _Author()


@dataclass(slots=True)
class ChatItems:
    """What the items of one page are.

    Attributes:
        skipped: how many items of each type hold no words of a person.
        ended: the chat is over.
    """

    messages: list[Message] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    retractions: list[Retraction] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    ended: bool = False

    @property
    def first(self) -> datetime | None:
        """When the earliest message was said; None if there is none."""
        return min((message.sent_at for message in self.messages), default=None)

    @property
    def last(self) -> datetime | None:
        """When the latest message was said; None if there is none."""
        return max((message.sent_at for message in self.messages), default=None)


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Reads the items of one room.

    Attributes:
        room: id of the video.
        creator: id of its channel, if known.
        now: the time of day, aware: a tombstone does not say since when it stands.
        category: id of the video's category, if known.
    """

    room: str
    creator: str | None
    door: Door
    now: Callable[[], datetime]
    category: str | None = None

    def read(self, items: object, page: str) -> ChatItems:
        """Read the items of one page, oldest first; what is none is refused with its reason.

        Args:
            page: what to call it in dead letters.
        """
        found = ChatItems()
        if not isinstance(items, list):
            items = [items]
        for number, item in enumerate(items, 1):
            self._sort(item, f"{page} item {number}", found)
        return found

    def _sort(self, raw: object, position: str, found: ChatItems) -> None:
        try:
            item = _Item.model_validate(raw)
        except ValidationError as error:
            found.refused.append(refused(refusal(error), _shown(raw), position))
            return
        read = self._values(item)
        kind = item.snippet.type
        if read is None:
            if kind == _ENDED:
                found.ended = True
            else:
                found.skipped[kind] = found.skipped.get(kind, 0) + 1
            return
        let_in, values = read
        gone = next((key for key in ("message_id", "user_id") if values.get(key, "") is None), None)
        if gone is not None:
            # A retraction that names nobody would mean the whole room.
            one: Message | Retraction | Refused = refused(
                f"{gone}: is missing", _shown(values), position
            )
        else:
            one = let_in(values, position)
        if isinstance(one, Message):
            found.messages.append(one)
        elif isinstance(one, Retraction):
            found.retractions.append(one)
        else:
            found.refused.append(one)

    def _values(self, item: _Item) -> _Read | None:
        snippet = item.snippet
        if snippet.type == "textMessageEvent":
            text = snippet.text_message_details.message_text
            return self._said(item, snippet.display_message if text is None else text)
        if snippet.type in ("superChatEvent", "memberMilestoneChatEvent"):
            paid = snippet.super_chat_details.user_comment
            text = snippet.member_milestone_chat_details.user_comment if paid is None else paid
            return self._said(item, text) if text not in (None, "") else None
        return self._taken_back(item)

    def _said(self, item: _Item, text: Any) -> _Read:
        author, snippet = item.author_details, item.snippet
        role = AuthorRole.MODERATOR if author.is_chat_moderator else AuthorRole.VIEWER
        return self.door.message, {
            "platform": PLATFORM,
            "room_id": self.room,
            "message_id": item.id,
            "user_id": author.channel_id or snippet.author_channel_id,
            "kind": Kind.COMMENT,
            "text": text,
            "sent_at": snippet.published_at,
            "creator_id": self.creator,
            "category_id": self.category,
            "author_role": AuthorRole.HOST if author.is_chat_owner else role,
        }

    def _taken_back(self, item: _Item) -> _Read | None:
        snippet = item.snippet
        values: dict[str, object]
        if snippet.type == "tombstone":
            values = {"message_id": item.id, "at": self.now(), "by": "platform"}
        elif snippet.type == "messageDeletedEvent":
            values = {"message_id": snippet.message_deleted_details.deleted_message_id}
        elif snippet.type == "messageRetractedEvent":
            gone = snippet.message_retracted_details.retracted_message_id
            values = {"message_id": gone, "by": "author"}
        elif snippet.type == "userBannedEvent":
            banned = snippet.user_banned_details.banned_user_details
            values = {"user_id": banned.channel_id}
        else:
            return None
        whose = {"platform": PLATFORM, "room_id": self.room, "at": snippet.published_at}
        return self.door.retraction, {**whose, **values}


def _shown(raw: object) -> bytes:
    return json.dumps(raw, default=str, ensure_ascii=False).encode("utf-8", "backslashreplace")
