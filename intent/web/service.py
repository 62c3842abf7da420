"""What all requests of a process share: the application, the threads, and that it is leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from threading import Event, Lock
from typing import Any, TypeVar

from intent.bootstrap.answering_shards import AnsweringShards
from intent.bootstrap.application import Application
from intent.bootstrap.monitoring import build_pages
from intent.bootstrap.receiving import Receiving
from intent.model.instruments import Teller
from intent.model.lead import Handling
from intent.monitoring.exposition import Pages
from intent.operations.lead_handling import HandledLead, LeadDesk
from intent.web.endpoint import Endpoint
from intent.web.entrance import Entrance
from intent.web.known_keys import KnownKeys
from intent.web.lead_tail import LeadTail
from intent.web.openapi import describe
from intent.web.threads import Threads

T = TypeVar("T")


class Service:
    """What an endpoint needs beside its request.

    Attributes:
        app: settings, taxonomy, definitions and database; of several that of keys and sessions.
        shards: all databases.
        threads: where the synchronous core runs.
        keys: who shows a key.
        table: what is answered.
        stopping: set when the process is asked to leave; streams end then. Of the event loop.
        stop: the same, for threads.
        pages: what is told to those who watch the process.
    """

    def __init__(self, app: Application, entrance: Entrance | None = None) -> None:
        self.app, self.entrance = app, entrance or Entrance()
        self.threads = Threads(app.settings.serve_threads)
        self.table: tuple[Endpoint, ...] = ()
        self.keys = KnownKeys(app, self.threads)
        self.stopping, self.stop = asyncio.Event(), Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shared: dict[Callable[[Application], Any], Any] = {}
        self._lock = Lock()
        self._closing = ExitStack()
        self.shards = AnsweringShards(app, self.stop)
        parts = (Teller.WEB, Teller.DOOR, Teller.HOOKS)
        self.pages: Pages = build_pages(app, parts, {"writer": self._writer}, self.stop)

    @cached_property
    def document(self) -> dict[str, Any]:
        """What programs may ask, as OpenAPI 3.1."""
        return describe(self.table)

    @cached_property
    def tail(self) -> LeadTail:
        """Who reads the log of leads for all streams."""
        return LeadTail(self.app, follow=self.shards.follow if self.shards.several else None)

    def handle(self, request: Handling) -> HandledLead:
        """Do something with a lead where it is; open pages are told at once.

        Raises:
            LeadConflict, UnknownLead, WrongUse, StoreUnavailable: as :meth:`LeadDesk.handle`.
        """
        app = self.shards.home(request.platform, request.message_id)
        return LeadDesk(app.database, app.features, app.taxonomy, self.tail.wake).handle(request)

    def shared(self, make: Callable[[Application], T]) -> T:
        """Return what ``make`` builds of the application, built once a process, at first use; what
        has a ``close`` is closed at the end.

        Raises:
            IntentError: it cannot be built now, such as while the database is away; the next call
                tries again.
        """
        if make in self._shared:
            # What is built is found without waiting for what is being built.
            known: T = self._shared[make]
            return known
        with self._lock:
            if make not in self._shared:
                built = self._shared[make] = make(self.app)
                if hasattr(built, "close"):
                    self._closing.callback(built.close)
            found: T = self._shared[make]
            return found

    def _writer(self) -> str | None:
        built: Receiving | None = self._shared.get(Receiving)
        return None if built is None else built.puts.trouble()

    def started(self) -> None:
        """Remember the event loop that we run in."""
        self._loop = asyncio.get_running_loop()

    def leave(self) -> None:
        """Let streams end, and calls of the database that are not answered; from any thread."""
        self.stop.set()
        if self._loop is not None and not self._loop.is_closed():
            # Not here: a signal may come while this very thread holds a lock.
            self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        self.stopping.set()
        self.tail.close()

    def close(self) -> None:
        """Close what was shared, the newest first, and the database."""
        self._closing.close()
        self.app.close()
