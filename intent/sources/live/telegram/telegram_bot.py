"""Follows a Telegram bot by long polling: what came is stored before the next question confirms
it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from intent.model.batch import Batch, Gap, Position, Refused
from intent.model.errors import OperatorError, SourceLost
from intent.sources.door import Door, refused
from intent.sources.gather import gathered
from intent.sources.live.background import meanwhile
from intent.sources.live.telegram.bot_api import BotApi
from intent.sources.live.telegram.bot_updates import (
    PLATFORM,
    TOKEN,
    Read,
    moved_to,
    read_update,
    telegram_door,
)
from intent.telemetry import logger

KEPT = timedelta(hours=24)
"""How long Telegram keeps an update."""

RENUMBERED = timedelta(days=6)
"""After a week without updates Telegram begins anew with a number of its choice, which may be
lower; from here on we ask for all that was not confirmed.
"""


@checked(frozen=True)
class Confirmed:
    """Where a bot stands: the position that is stored.

    Attributes:
        offset: number of the next update; None asks for all that were not confirmed.
        seen: until when everything was seen, on our clock.
        latest: when the last update came; None if none ever did.
    """

    offset: int | None
    seen: AwareDatetime
    latest: AwareDatetime | None = None


_CONFIRMED = TypeAdapter(Confirmed)


class TelegramBot:
    """Reads what a bot is told, for as long as it is not stopped."""

    def __init__(
        self,
        api: BotApi,
        bot: str,
        name: str,
        *,
        stop: Event,
        position: Position | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        door: Door | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            api: how to ask.
            bot: what the bot is called, with or without @.
            name: under which its position is kept.
            stop: set to leave.
            position: where it stood.
            now: the time of day, aware.
            door: the rules that messages must keep; without it those of Telegram.
        """
        self._api, self._bot, self._name = api, bot.strip().removeprefix("@"), name
        self._stop, self._now, self._door = stop, now, door or telegram_door(now)
        self._stands = _read(position, now())
        self._log = logger("telegram")

    def read(self) -> Iterator[Batch]:
        """Yield what comes, with the position after it; an empty batch while nothing does."""
        try:
            yield from self._check_name()
            while not self._stop.is_set():
                yield from self._gap()
                yield from self._once()
        finally:
            self._api.close()

    def _check_name(self) -> Iterator[Batch]:
        found = yield from meanwhile(self._api.name)
        if found.lower() != self._bot.lower():
            raise OperatorError(
                f"{TOKEN} is the token of @{found}, and not of @{self._bot}; set the other token, "
                f"or listen to telegram:@{found}"
            )

    def _gap(self) -> Iterator[Batch]:
        kept_since = self._now() - KEPT
        if self._stands.seen < kept_since:
            reason = "nobody listened for more than the 24 hours that Telegram keeps updates"
            gap = Gap(PLATFORM, f"@{self._bot}", self._stands.seen, kept_since, reason)
            yield Batch(gaps=[gap])

    def _once(self) -> Iterator[Batch]:
        asked = self._now()
        offset = self._offset(asked)
        updates = yield from meanwhile(lambda: self._api.updates(offset))
        self._stands = replace(self._stands, seen=asked)
        passed = [self._pass(update) for update in updates]
        yield from gathered(self._said(updates))
        # Behind the messages: the next question confirms them, and is asked when this is stored.
        yield Batch(position=Position(self._name, _CONFIRMED.dump_json(self._stands).decode()))
        if passed and not any(passed):
            raise SourceLost("Telegram's updates have no numbers, and so cannot be confirmed")

    def _offset(self, now: datetime) -> int | None:
        latest = self._stands.latest
        return None if latest is None or now - latest > RENUMBERED else self._stands.offset

    def _pass(self, update: Mapping[str, object]) -> bool:
        number = update.get("update_id")
        if not isinstance(number, int):
            return False
        self._stands = replace(self._stands, offset=number + 1, latest=self._now())
        return True

    def _said(self, updates: list[Mapping[str, object]]) -> Iterator[Read | Refused]:
        for update in updates:
            if not isinstance(update.get("update_id"), int):
                payload = json.dumps(update).encode()
                yield refused("update_id: is missing, or no whole number", payload, "update")
                continue
            moved = moved_to(update)
            if moved is not None:
                self._log.info("chat_moved", old=moved[0], new=moved[1])
            yield from read_update(update, self._door, self._now())


def _read(position: Position | None, now: datetime) -> Confirmed:
    if position is None:
        return Confirmed(None, now)
    try:
        return _CONFIRMED.validate_json(position.token)
    except ValidationError:
        raise OperatorError(
            f"{position.source}: its stored position is none of Telegram's; give the source "
            "another name"
        ) from None
