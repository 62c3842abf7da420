"""Tells how long tries to push a lead took and how they ended. Implements ``Courier`` over another
one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from intent.model.hook import Answered, HookDelivery, Telling
from intent.model.process_instruments import CHANGED_TO_PUSHED, HOOK_CALL
from intent.ports.metering import Meter, Tracer
from intent.ports.pushing import Courier


class MeteredCourier:
    """A courier of which is told; nothing of whom it tells, or what."""

    def __init__(
        self,
        courier: Courier,
        meter: Meter,
        tracer: Tracer,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._courier, self._meter, self._tracer = courier, meter, tracer
        self._clock, self._now = clock, now

    def tell(self, delivery: HookDelivery, telling: Telling) -> Answered:
        """Try once.

        Raises:
            OperatorError: nothing can be signed for it.
        """
        began = self._clock()
        named: dict[str, str | int] = {"lead_intent.event": delivery.event.value}
        with self._tracer.span("push", named, sort="client") as span:
            answered = self._courier.tell(delivery, telling)
            outcome = _outcome(answered)
            span.note({"lead_intent.outcome": outcome})
        self._meter.observe(HOOK_CALL, [self._clock() - began], outcome)
        if answered.accepted:
            lag = (self._now() - delivery.created_timestamp).total_seconds()
            self._meter.observe(CHANGED_TO_PUSHED, [max(lag, 0.0)])
        return answered


def _outcome(answered: Answered) -> str:
    if answered.accepted:
        return "delivered"
    return "unreachable" if answered.status is None else "refused"
