"""Asks all shards for whoever serves people, and goes on without those that are away.

Whoever finds a shard away is the last one to wait for it: from then on nobody asks it, until a
thread of its own has seen it answer. With one database every call goes straight to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from intent.bootstrap.application import Application
from intent.bootstrap.shards import place_of, require_place
from intent.model.errors import OperatorError, ShardAway, StoreUnavailable, WrongUse
from intent.model.shard_map import ShardMap
from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.operations.followed_shards import FollowedShards

T = TypeVar("T")

PAUSE_SECONDS = 1.0
"""So often a shard that is away is looked for."""


@dataclass(frozen=True, slots=True)
class ShardAnswers(Generic[T]):
    """What shards have said, by their numbers; those of ``members`` that are not there are away."""

    found: Mapping[int, T]
    members: int

    @property
    def away(self) -> tuple[int, ...]:
        """The numbers of those that are away."""
        return tuple(one for one in range(1, self.members + 1) if one not in self.found)


class AnsweringShards:
    """The shards of one process; used by several threads at once."""

    def __init__(self, app: Application, stop: Event) -> None:
        """Open nothing yet; ``stop`` is set once the process leaves."""
        self._app, self._stop = app, stop
        self._lock = Lock()
        self._away: set[int] = set()
        self._placed: set[int] = set()
        self.members = len(app.settings.database_urls)
        """How many databases there are."""

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return self.members > 1

    def ask(self, read: Callable[[Application], T]) -> ShardAnswers[T]:
        """Return what ``read`` returns for each shard that answers.

        Raises:
            StoreUnavailable: none does.
        """
        if not self.several:
            return ShardAnswers({1: read(self._app)}, 1)
        answers = ShardAnswers(dict(self._each(read)), self.members)
        if not answers.found:
            raise ShardAway(answers.away)
        return answers

    def find(self, look: Callable[[Application], T | None]) -> T | None:
        """Return what the first shard says that knows; None where none does.

        Raises:
            ShardAway: none of those that answer knows, and others are away.
        """
        if not self.several:
            return look(self._app)
        answered = set()
        for number, found in self._each(look):
            if found is not None:
                return found
            answered.add(number)
        if len(answered) < self.members:
            raise ShardAway([one for one in range(1, self.members + 1) if one not in answered])
        return None

    def whole(self, read: Callable[[], T]) -> T:
        """Return what ``read`` returns, which needs all shards.

        Raises:
            ShardAway: one of them is away.
        """
        if not self.several:
            return read()
        if self._away:
            raise ShardAway(sorted(self._away))
        try:
            return read()
        except StoreUnavailable:
            self.all()
            raise

    def all(self) -> list[Application]:
        """Return all shards, each of which has just answered; of one database nothing is asked.

        Raises:
            ShardAway: one of them is away.
        """
        if not self.several:
            return [self._app]
        answers = self.ask(_asked)
        if answers.away:
            raise ShardAway(answers.away)
        return list(answers.found.values())

    def home(self, platform: str, message_id: str) -> Application:
        """Return the shard that a message is in; the first one where it is in none.

        Raises:
            ShardAway: it is in none of those that answer, and others are away.
        """
        from intent.store.shard_places import holds_message

        def look(app: Application) -> Application | None:
            with app.database.read() as connection:
                return app if holds_message(connection, platform, message_id) else None

        if not self.several:
            return self._app
        return self.find(look) or self._app.named_databases[0]

    def home_of_room(self, platform: str, room_id: str) -> int:
        """Return the number of the shard that a room belongs to."""
        return ShardMap(self.members).home(platform, room_id)

    @contextmanager
    def follow(self) -> Iterator[FollowedShards]:
        """Yield one view of what changed in all shards, for everybody who follows the inbox.

        Raises:
            StoreUnavailable: no shard answers, or one has ceased to half way.
        """
        from intent.operations.followed_shards import FollowedShards
        from intent.store.followed_leads import FollowedLeads

        with ExitStack() as opened:

            def look(app: Application) -> FollowedLeads:
                return FollowedLeads(opened.enter_context(app.database.read()))

            answers = self.ask(look)
            yield FollowedShards(answers.found, answers.members)

    def _each(self, read: Callable[[Application], T]) -> Iterator[tuple[int, T]]:
        for number, app in enumerate(self._app.named_databases, 1):
            if number in self._away:
                continue
            try:
                self._require_place(number, app)
                yield number, read(app)
            except WrongUse:
                raise
            except (StoreUnavailable, OperatorError) as error:
                self._lose(number, app, error)

    def _require_place(self, number: int, app: Application) -> None:
        if number not in self._placed:
            require_place(app, number, self.members)
            self._placed.add(number)

    def _lose(self, number: int, app: Application, error: Exception) -> None:
        with self._lock:
            if number in self._away:
                return
            self._away.add(number)
        logger("shards").warning("a shard is away", shard=number, error=str(error))
        # A daemon: a database that does not answer must not keep the process.
        looking = Thread(target=self._wait_for, args=(number, app), daemon=True)
        looking.name = f"shard-{number}"
        looking.start()

    def _wait_for(self, number: int, app: Application) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                require_place(app, number, self.members)
            except (StoreUnavailable, OperatorError):
                continue
            with self._lock:
                self._away.discard(number)
            logger("shards").info("a shard is back", shard=number)
            return


def _asked(app: Application) -> Application:
    place_of(app)
    return app
