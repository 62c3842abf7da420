"""Checks the keys that programs show, and remembers for a moment which were right."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from intent.bootstrap.application import Application
from intent.model.errors import IntentError
from intent.operations.keys import check_key, digest_of, note_use, was_any_made
from intent.store.access_keys import AccessKey
from intent.telemetry import logger
from intent.web.allowance import TokenBuckets, neighbourhood
from intent.web.problem import Problem
from intent.web.threads import Threads

FRESH_SECONDS = 5.0
"""How long a key that was right is not looked up again: so late a revocation may be noticed."""

TRUSTED_SECONDS = 3_600.0
"""How long a key that was right is still looked at when its address has shown too many wrong ones:
many people may share an address.
"""

_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class _Right:
    key: AccessKey
    at: float


class KnownKeys:
    """Says who shows a key; of one process and its event loop."""

    def __init__(
        self, app: Application, threads: Threads, clock: Callable[[], float] = time.monotonic
    ) -> None:
        wrong = app.settings.serve_wrong_keys_per_minute
        self._app, self._threads, self._clock = app, threads, clock
        self._wrong = TokenBuckets(wrong, wrong, clock)
        self._right: OrderedDict[str, _Right] = OrderedDict()
        self._none_made_at: float | None = None
        self._any_made = False
        self._noting: set[asyncio.Task[None]] = set()

    async def check(self, text: str, address: str) -> AccessKey | None:
        """Return the key that was shown; None if it opens nothing.

        Raises:
            Problem: this address has shown too many wrong ones (429).
            StoreUnavailable: the database is away.
        """
        digest, now = digest_of(text), self._clock()
        known = self._right.get(digest)
        if known is not None and now - known.at < FRESH_SECONDS:
            return known.key
        place = neighbourhood(address)
        wait = self._wrong.wait(place)
        if wait and (known is None or now - known.at > TRUSTED_SECONDS):
            raise Problem(429, "too many wrong keys came from this address", retry_after=wait)
        key = await self._threads.run(self._looked_up, text)
        if key is None:
            self._right.pop(digest, None)
            self._wrong.take(place)
            return None
        self._remember(digest, _Right(key, now))
        return key

    async def is_keyless(self) -> bool:
        """Whether no key was ever made.

        Raises:
            StoreUnavailable: the database is away.
        """
        now = self._clock()
        if self._none_made_at is None or now - self._none_made_at > FRESH_SECONDS:
            # Once there was a key there always was one.
            self._any_made = self._any_made or await self._threads.run(self._look_for_any)
            self._none_made_at = now
        return not self._any_made

    def _look_for_any(self) -> bool:
        return was_any_made(self._app.database)

    def _looked_up(self, text: str) -> AccessKey | None:
        return check_key(self._app.database, text)

    def _remember(self, digest: str, right: _Right) -> None:
        self._right[digest] = right
        self._right.move_to_end(digest)
        if len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)
        if right.key.is_use_due:
            # Beside the request: it must not wait for who writes at the moment.
            task = asyncio.ensure_future(self._threads.run(self._note, right.key))
            self._noting.add(task)
            task.add_done_callback(self._noted)

    def _note(self, key: AccessKey) -> None:
        try:
            note_use(self._app.database, key)
        except IntentError as error:
            logger("web").debug("use not noted", key=key.prefix, error=str(error))

    def _noted(self, task: asyncio.Task[None]) -> None:
        self._noting.discard(task)
        if not task.cancelled():
            task.exception()
