"""Says whether more may come in: while too much waits, or has waited too long, whoever sends is
told to come again later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from threading import Lock

from intent.model.batch import Backlog
from intent.model.errors import Busy


@dataclass(frozen=True, slots=True)
class BackpressurePolicy:
    """When nothing more comes in.

    Attributes:
        waiting: messages that may wait to be decided.
        oldest: seconds that the oldest of them may have waited.
        look_every: seconds between two looks at the inbox; what came in meanwhile is added.
        relief: share of ``waiting`` to which it is to fall before somebody comes again.
        wait_most: longest that anybody is told to stay away, in seconds; as long as nothing is
            decided nobody can say more.
    """

    waiting: int = 100_000
    oldest: float = 900.0
    look_every: float = 1.0
    relief: float = 0.9
    wait_most: float = 30.0


class Backpressure:
    """Knows what waits, as of the last look; used by several threads at once."""

    def __init__(
        self,
        backlog: Callable[[int], Backlog],
        *,
        policy: BackpressurePolicy = BackpressurePolicy(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin; nobody has looked yet.

        Args:
            backlog: says what waits, counted up to a number.
            clock: monotonic time in seconds.
        """
        self._backlog, self._policy, self._clock = backlog, policy, clock
        self._lock = Lock()
        self._looked: float | None = None
        self._waiting, self._oldest = 0, 0.0
        self._came = 0
        self._rate = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time to look again; then :meth:`look`, where waiting is allowed."""
        looked = self._looked
        return looked is None or self._clock() - looked >= self._policy.look_every

    def look(self) -> None:
        """Look at the inbox, if it is time; of many who come at once, one looks.

        Raises:
            StoreUnavailable: the database is away.
        """
        with self._lock:
            if not self.is_due:
                return
            before, self._looked = self._looked, self._clock()
            came, self._came = self._came, 0
        found = self._backlog(self._policy.waiting * 2)
        with self._lock:
            if before is not None:
                decided = max(self._waiting + came - found.waiting, 0)
                rate = decided / max(self._looked - before, self._policy.look_every)
                # A worker stores its batches at once, and nothing between them.
                self._rate = (self._rate + rate) / 2 if self._rate else rate
            self._waiting, self._oldest = found.waiting, found.oldest

    def came(self, messages: int) -> None:
        """Add what came in since the last look."""
        with self._lock:
            self._came += messages

    def check(self, *, room: float = 1.0) -> None:
        """Let somebody in.

        Args:
            room: how many times as much may wait of who cannot come again.

        Raises:
            Busy: too much waits; with the seconds after which there is probably room.
        """
        waiting, most = self._waiting + self._came, self._policy.waiting
        if waiting >= most * room:
            raise Busy(
                f"{waiting:,} messages wait to be decided, the limit is {most:,}",
                wait=self._until(waiting - most * self._policy.relief),
            )
        late = self._oldest - self._policy.oldest * room
        if late > 0:
            raise Busy(
                f"the oldest message has waited {self._oldest:,.0f} seconds to be decided, the "
                f"limit is {self._policy.oldest:,.0f}",
                wait=self._until(waiting if self._rate else late),
            )

    def _until(self, too_many: float) -> float:
        most = self._policy.wait_most
        return float(min(max(ceil(too_many / self._rate), 1), most)) if self._rate else most
