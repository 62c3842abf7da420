"""Runs the audit when somebody asks for it: one at a time, beside the requests, not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from intent.bootstrap.application import Application
from intent.bootstrap.shards import is_sharded, open_shards
from intent.model.errors import IntentError
from intent.operations.audit import Audit, audit
from intent.web.threads import Threads

AUDIT_SECONDS = 600.0
"""Seconds after which an audit is given up: while it reads, an SQLite file's log can only grow."""


@dataclass(frozen=True, slots=True)
class AuditBegun:
    """Who has an audit run, and since when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditEnded:
    """What came of an audit; ``found`` is None where it could not be brought to its end, and
    ``trouble`` says why.
    """

    begun: AuditBegun
    seconds: float
    found: Audit | None
    trouble: str = ""


class AuditRun:
    """The audit that runs in this process, and the one that ended last."""

    def __init__(
        self, app: Application, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._app, self._clock = app, clock
        # A thread of its own, so that it takes none from the requests.
        self._threads = Threads(1)
        self._task: asyncio.Task[None] | None = None
        self.running: AuditBegun | None = None
        self.ended: AuditEnded | None = None

    def begin(self, by: str) -> bool:
        """Begin, unless one runs already; return whether. In the event loop."""
        if self.running is not None:
            return False
        self.running = AuditBegun(by, self._clock())
        self._task = asyncio.ensure_future(self._threads.run(self._recount, self.running))
        self._task.add_done_callback(self._over)
        return True

    def _recount(self, begun: AuditBegun) -> None:
        found, trouble = None, ""
        try:
            app = self._app
            several = is_sharded(app)
            shards = [one.database for one in open_shards(app)] if several else []
            found = audit(app.database, app.taxonomy.members, most=AUDIT_SECONDS, shards=shards)
        except IntentError as error:
            trouble = str(error)
        seconds = (self._clock() - begun.at).total_seconds()
        self.ended = AuditEnded(begun, seconds, found, trouble)

    def _over(self, task: asyncio.Task[None]) -> None:
        begun, self.running = self.running, None
        if begun is not None and not task.cancelled() and (error := task.exception()) is not None:
            said = f"it broke off: {type(error).__name__}"
            self.ended = AuditEnded(begun, 0.0, None, said)
