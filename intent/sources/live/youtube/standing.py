"""Where a source stands in a chat: each page is handed over with the position after it, and with
the gap before it, if there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from intent.model.batch import Batch, Gap, Position
from intent.sources.door import Door
from intent.sources.live.youtube.chat_items import PLATFORM, TYPES, ChatItems, ItemReader
from intent.sources.live.youtube.chat_page import ChatPage
from intent.telemetry import logger

SPENT = "the day's units of YouTube were spent"
AGAIN = "YouTube did not know the place any more; reading began again with recent messages"
ENDED = "the chat ended while nothing was read"

HEARTBEAT = timedelta(seconds=10)
"""How often a source that hears nothing says that it still listens."""


@dataclass(frozen=True)
class Place:
    """The position that is stored.

    Attributes:
        chat: id of the live chat; None until it is known.
        creator: id of the channel that streams, if known.
        category: id of the video's category, if known.
        page: token of the page that comes next; None asks for the recent messages.
        seen: until when we listened, on our clock; None if we never did.
        said: when the latest message that was handed over was said.
        gap: why we have not listened since ``seen``; None if we have.
        over: the chat was seen to end.
    """

    chat: str | None = None
    creator: str | None = None
    category: str | None = None
    page: str | None = None
    seen: AwareDatetime | None = None
    said: AwareDatetime | None = None
    gap: str | None = None
    over: bool = False


_PLACES = TypeAdapter(Place)


def written_place(place: Place) -> str:
    """Return the token of a position."""
    return _PLACES.dump_json(place, exclude_defaults=True).decode()


def read_place(token: str) -> Place:
    """Return what :func:`written_place` wrote; the place before all if it is something else."""
    try:
        return _PLACES.validate_json(token)
    except ValidationError:
        return Place()


class ChatStanding:
    """What a source has handed over of one room's chat."""

    def __init__(
        self,
        source: str,
        room: str,
        place: Place,
        *,
        now: Callable[[], datetime],
        door: Door | None = None,
    ) -> None:
        """Stand where a position says.

        Args:
            source: name of the source.
            room: id of the video.
            now: the time of day, aware.
        """
        self._source, self._room, self._now = source, room, now
        self._door = door or Door(now=now)
        self.place = place
        self.skipped: Counter[str] = Counter()
        """How many items of each type held no words of a person."""

    def found(self, chat: str, creator: str | None, category: str | None = None) -> None:
        """Read a chat from its recent messages on: it is new, or our place in it is not known."""
        place = replace(self.place, chat=chat, creator=creator, category=category)
        place = replace(place, page=None, over=False)
        self.place = replace(place, gap=place.gap or AGAIN) if place.seen else place

    def page(self, page: ChatPage) -> Batch:
        """Hand over a page that has come."""
        at, old = self._now(), self.place
        reader = ItemReader(self._room, old.creator, self._door, self._now, old.category)
        items = reader.read(page.items, f"youtube:{self._room} page of {at:%Y-%m-%dT%H:%M:%SZ}")
        self._count(items)
        self.place = replace(
            old,
            page=page.following or old.page,
            seen=at,
            said=max(filter(None, (old.said, items.last)), default=None),
            gap=None,
            over=page.over or items.ended,
        )
        gaps = self._missed(old, items, at)
        return Batch(items.messages, items.refused, items.retractions, gaps, self._position())

    def idle(self) -> Batch:
        """Hand over that nothing was said, every ten seconds; an empty batch before."""
        at = self._now()
        if self.place.seen is not None and at < self.place.seen + HEARTBEAT:
            return Batch()
        self.place = replace(self.place, seen=at)
        return Batch(position=self._position())

    def blind(self, reason: str) -> Batch:
        """Hand over that we do not listen from here on."""
        seen = self.place.seen or self._now()
        self.place = replace(self.place, seen=seen, gap=reason)
        return Batch(gaps=[self._gap(seen, None, reason)], position=self._position())

    def ended(self, at: datetime) -> Batch:
        """Hand over that the chat ended without us."""
        old = self.place
        self.place = replace(old, over=True, gap=None)
        missed = old.seen is not None and old.seen < at
        gaps = [self._gap(old.seen, at, old.gap or ENDED)] if missed and old.seen else []
        return Batch(gaps=gaps, position=self._position())

    def _missed(self, old: Place, items: ChatItems, at: datetime) -> list[Gap]:
        if old.gap is None or old.seen is None:
            return []
        until = at
        if old.gap == AGAIN and items.first is not None:
            if old.said is not None and items.first <= old.said:
                return []  # the recent messages begin with what we have
            until = items.first
        return [self._gap(old.seen, max(until, old.seen), old.gap)]

    def _gap(self, since: datetime, until: datetime | None, reason: str) -> Gap:
        return Gap(PLATFORM, self._room, since, until, reason)

    def _position(self) -> Position:
        return Position(self._source, written_place(self.place))

    def _count(self, items: ChatItems) -> None:
        for kind in items.skipped.keys() - self.skipped.keys() - set(TYPES.values()):
            logger("youtube").warning("items of an unknown type are left out", type=kind[:100])
        self.skipped.update(items.skipped)
