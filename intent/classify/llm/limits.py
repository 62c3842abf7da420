"""Keeps requests and tokens a minute within the server's limits: reserved before a call, reconciled
after it, corrected from its headers.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Event

from intent.model.completion import Allowance
from intent.model.errors import LlmUnavailable, Stopping

WINDOW = 60.0
"""Seconds that limits are counted over."""

SLACK = 5.0
"""Seconds that a request may be on its way to the server, and so be counted there later than here;
its answer ends the doubt.
"""

_GLANCE = 0.5
"""Seconds after which a waiting thread looks again whether it is to leave."""


@dataclass(eq=False, slots=True)
class Taken:
    """An amount that counts until it expires, in seconds of the clock."""

    amount: int
    expires: float
    counted: bool = True


@dataclass(slots=True)
class _Window:
    """What was taken lately, first to expire first. It slides: no minute, wherever it begins, holds
    more than the limit.
    """

    configured: int | None
    said: int | None = None
    taken: deque[Taken] = field(default_factory=deque)
    total: int = 0

    @property
    def limit(self) -> int | None:
        """The smaller of what is configured and what the server said; None where there is
        neither.
        """
        known = [limit for limit in (self.configured, self.said) if limit is not None]
        return min(known) if known else None

    def delay(self, amount: int, now: float) -> float:
        """Return the seconds until so much may be taken; what is more than the whole limit may once
        everything else has expired.
        """
        while self.taken and self.taken[0].expires <= now:
            one = self.taken.popleft()
            one.counted = False
            self.total -= one.amount
        if self.limit is None:
            return 0.0
        over, wait = self.total + min(amount, self.limit) - self.limit, 0.0
        for one in self.taken:
            if over <= 0:
                break
            over, wait = over - one.amount, one.expires - now
        return wait

    def take(self, amount: int, expires: float) -> Taken:
        one = Taken(amount, expires)
        self._insert(one)
        self.total += amount
        return one

    def change(self, one: Taken, amount: int, expires: float) -> None:
        """Correct what was taken, and let it expire at another time, if that is earlier."""
        if not one.counted:
            return
        self.total += amount - one.amount
        one.amount = amount
        if expires < one.expires:
            self.taken.remove(one)
            one.expires = expires
            self._insert(one)

    def _insert(self, one: Taken) -> None:
        place = len(self.taken)
        while place and self.taken[place - 1].expires > one.expires:
            place -= 1
        self.taken.insert(place, one)

    def correct(self, said: Allowance, now: float, window: float) -> None:
        """Take what others who share our key have taken: the difference between what the server has
        left and what we thought.
        """
        if said.limit:
            self.said = said.limit
        if said.remaining is None or self.limit is None:
            return
        others = max(self.limit - self.total, 0) - said.remaining
        if others > 0:
            self.take(others, now + min(said.reset or window, window))


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a call was granted: one request, and the most tokens that it may use."""

    request: Taken
    tokens: Taken


class RateLimits:
    """Lets threads through in the order in which they came, as soon as both limits allow it; used
    by several threads at once.
    """

    def __init__(
        self,
        requests: int | None,
        tokens: int | None,
        *,
        window: float = WINDOW,
        slack: float = SLACK,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[Condition, float], object] = Condition.wait,
        stop: Event | None = None,
    ) -> None:
        """Start with nothing taken.

        Args:
            requests: requests a window; None for as many as the server's headers allow.
            tokens: tokens a window, input and output together; None likewise.
            window: seconds.
            slack: seconds that a request may be on its way.
            clock: returns seconds.
            wait: waits on a condition for up to so many seconds.
            stop: set from outside to leave.
        """
        self._requests, self._tokens = _Window(requests), _Window(tokens)
        self._span, self._window, self._clock, self._wait, self._stop = (
            window + slack,
            window,
            clock,
            wait,
            stop,
        )
        self._turn = Condition()
        self._queue: deque[object] = deque()
        self._held_until = 0.0

    def reserve(self, tokens: int, deadline: float) -> Reservation:
        """Wait for our turn and for both limits, and take one request and so many tokens, to be
        reconciled after the call.

        Args:
            tokens: the most that the call may use, input and output.
            deadline: the clock's time until which waiting makes sense.

        Raises:
            LlmUnavailable: it cannot be before the deadline; ``wait`` says how long it would take.
            Stopping: we were asked to leave.
        """
        ticket = object()
        with self._turn:
            self._queue.append(ticket)
            try:
                while (delay := self._delay(ticket, tokens)) > 0:
                    if self._clock() + delay > deadline:
                        raise LlmUnavailable(
                            "the limits of the LLM server allow no further request in time",
                            wait=delay,
                        )
                    if self._stop is not None and self._stop.is_set():
                        raise Stopping(
                            "asked to leave while waiting for the limits of the LLM server"
                        )
                    self._wait(self._turn, min(delay, _GLANCE))
                expires = self._clock() + self._span
                return Reservation(
                    self._requests.take(1, expires), self._tokens.take(tokens, expires)
                )
            finally:
                self._queue.remove(ticket)
                self._turn.notify_all()

    def reconcile(
        self,
        granted: Reservation,
        used: int | None,
        requests: Allowance | None,
        tokens: Allowance | None,
    ) -> None:
        """Replace a reservation by what was used (None: not known, it stays), and take over what
        the server's headers say.
        """
        with self._turn:
            now = self._clock()
            # By now the server has counted the call: a window later, no window can hold it any
            # more.
            self._requests.change(granted.request, 1, now + self._window)
            self._tokens.change(
                granted.tokens, granted.tokens.amount if used is None else used, now + self._window
            )
            for window, said in ((self._requests, requests), (self._tokens, tokens)):
                if said is not None:
                    window.correct(said, now, self._window)
            self._turn.notify_all()

    def hold(self, seconds: float) -> None:
        """Let nobody through for so many seconds: the server asked us to wait."""
        with self._turn:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def _delay(self, ticket: object, tokens: int) -> float:
        now = self._clock()
        delay = max(
            self._held_until - now, self._requests.delay(1, now), self._tokens.delay(tokens, now)
        )
        # Whoever is not first waits for a notice at least, however free the limits are: otherwise
        # small requests would overtake big ones for ever.
        return delay if self._queue[0] is ticket else max(delay, _GLANCE)
