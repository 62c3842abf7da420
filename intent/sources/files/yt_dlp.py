"""Reads YouTube chats as yt-dlp saves them (``.live_chat.json``): one action of the chat a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from intent.model.errors import Malformed
from intent.sources.files.file_format import AtHand, FileFormat, FileReading, Read, Skipped
from intent.sources.files.head import Head
from intent.sources.files.json_records import deep, listed, read_objects, since_epoch

WHICH_ROOM = "the file does not say which video it is of; say --room with the video's id"

MAPPING = {
    "message_id": "…Renderer.id",
    "user_id": "…Renderer.authorExternalChannelId",
    "text": "…Renderer.message.runs[]",
    "sent_at": "…Renderer.timestampUsec",
    "author_role": "…Renderer.authorBadges[]",
}
_TEXTS = frozenset(
    {
        "liveChatTextMessageRenderer",
        "liveChatPaidMessageRenderer",
        "liveChatMembershipItemRenderer",
        "liveChatDonationAnnouncementRenderer",
    }
)
_ROLES = {"OWNER": "host", "MODERATOR": "moderator"}


def _fits(head: Head) -> bool:
    return any(listed(deep(record, "replayChatItemAction", "actions")) for record in head.records)


def _prepare(at_hand: AtHand) -> FileReading:
    at_hand.told.need("room_id", WHICH_ROOM)
    return FileReading(lambda chunks: _Chat(at_hand).read(chunks), MAPPING)


class _Chat:
    """Reads one chat; remembers when the last message was said, for deletions, which do not say."""

    def __init__(self, at_hand: AtHand) -> None:
        self._at_hand = at_hand
        self._said: tuple[datetime, int] | None = None
        self._paid: set[str] = set()
        self._actions: dict[str, Callable[[dict[str, Any], str, int], Read]] = {
            "addChatItemAction": self._added,
            "replaceChatItemAction": self._added,
            "addLiveChatTickerItemAction": self._ticker,
            "removeChatItemAction": self._taken_back,
            "markChatItemAsDeletedAction": self._taken_back,
            "removeChatItemByAuthorAction": self._taken_back,
            "markChatItemsByAuthorAsDeletedAction": self._taken_back,
        }

    def read(self, chunks: Iterator[bytes | None]) -> Iterator[Read]:
        return read_objects(chunks, self._at_hand, self._line)

    def _line(self, line: dict[str, Any], position: str) -> Iterable[Read]:
        replayed = line.get("replayChatItemAction")
        offset = _milliseconds(
            deep(replayed, "videoOffsetTimeMsec") or line.get("videoOffsetTimeMsec")
        )
        actions = listed(deep(replayed, "actions"))
        if not actions:
            raise Malformed("holds no action of a chat")
        for action in actions:
            yield self._action(action if isinstance(action, dict) else {}, position, offset)

    def _action(self, action: dict[str, Any], position: str, offset: int) -> Read:
        for name, value in action.items():
            if name in self._actions and isinstance(value, dict):
                return self._actions[name](value, position, offset)
        names = [name for name in action if name != "clickTrackingParams"]
        return Skipped(names[0] if names else "empty action")

    def _added(self, action: dict[str, Any], position: str, offset: int) -> Read:
        item = action.get("item") or action.get("replacementItem")
        for name, renderer in item.items() if isinstance(item, dict) else ():
            if name in _TEXTS and isinstance(renderer, dict):
                return self._message(renderer, position, offset)
            return Skipped(name)
        return Skipped("empty item")

    def _ticker(self, action: dict[str, Any], position: str, offset: int) -> Read:
        # A super chat stands in the chat and once more in the strip above it, under one id.
        for shown in (action.get("item") or {}).values():
            path = ("showItemEndpoint", "showLiveChatItemEndpoint", "renderer")
            paid = deep(shown, *path, "liveChatPaidMessageRenderer")
            if isinstance(paid, dict) and paid.get("id") not in self._paid:
                return self._message(paid, position, offset)
        return Skipped("said again in the strip above the chat")

    def _message(self, renderer: dict[str, Any], position: str, offset: int) -> Read:
        if "purchaseAmountText" in renderer:
            if renderer.get("id") in self._paid:
                return Skipped("said again in the strip above the chat")
            self._paid.add(str(renderer.get("id")))
        text = text_of(renderer.get("message"))
        if not text:
            return Skipped("notice without a text")
        at = since_epoch(renderer.get("timestampUsec"), "microseconds")
        self._said = (at, offset)
        values = {
            "platform": "youtube",
            "message_id": renderer.get("id"),
            "user_id": renderer.get("authorExternalChannelId"),
            "kind": "comment",
            "text": text,
            "sent_at": at,
            "author_role": _role(renderer),
        }
        return self._at_hand.enter(values, position, text_of(renderer.get("authorName")))

    def _taken_back(self, action: dict[str, Any], position: str, offset: int) -> Read:
        if self._said is None:
            return Skipped("deletion before the first message")
        at, then = self._said
        values = {
            "platform": "youtube",
            "at": at + timedelta(milliseconds=max(offset - then, 0)),
            "message_id": action.get("targetItemId"),
            "user_id": action.get("externalChannelId"),
        }
        if values["message_id"] is None and values["user_id"] is None:
            raise Malformed("is a deletion that names neither message nor author")
        return self._at_hand.take_back(values, position)


def text_of(value: object) -> str:
    """Return what YouTube's ``runs`` say: texts, and emoji as their sign or their short name."""
    simple = deep(value, "simpleText")
    if isinstance(simple, str):
        return simple
    return "".join(_run(run) for run in listed(deep(value, "runs")))


def _run(run: object) -> str:
    emoji = deep(run, "emoji")
    if emoji is None:
        return str(deep(run, "text") or "")
    shortcuts = listed(deep(emoji, "shortcuts"))
    own = bool(deep(emoji, "isCustomEmoji"))
    sign = deep(emoji, "emojiId")
    return str(shortcuts[0] if shortcuts and (own or not sign) else sign or "")


def _role(renderer: dict[str, Any]) -> str | None:
    path = ("liveChatAuthorBadgeRenderer", "icon", "iconType")
    badges = [deep(badge, *path) for badge in listed(renderer.get("authorBadges"))]
    return next((role for badge, role in _ROLES.items() if badge in badges), None)


def _milliseconds(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


YT_DLP = FileFormat(
    name="yt-dlp",
    title="yt-dlp, .live_chat.json",
    example="intent ingest video.live_chat.json --room VIDEO_ID",
    needs="`--room` with the video's id",
    notes=(
        "Deleted messages and banned authors are taken back, from about the moment at which it "
        "happened: the file gives it as an offset into the video.",
        "A super chat stands twice in the file and is read once.",
        "A replay may lack a fifth of what was said live: what YouTube held back is not in the "
        "file.",
    ),
    fits=_fits,
    prepare=_prepare,
)
