"""Seams of telling others of leads: what is on its way, and who brings it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from intent.model.hook import Answered, Hook, HookDelivery, HookWork, Telling


class HookDeliveries(Protocol):
    """What is on its way to receivers: at least once, with the same id at every try."""

    def work(self) -> Sequence[HookWork]:
        """Return what there is to do now for each hook that is active."""

    def fan_out(self, hook: Hook) -> int:
        """Read the log of changes on for one hook, and put what it asks for on its way; return how
        many lines were read. Whoever does so at the same time does nothing.
        """

    def take(self, hook: Hook, count: int) -> Sequence[HookDelivery]:
        """Claim up to ``count`` deliveries of a hook that are ready; those of one lead go out one
        after the other.
        """

    def look_up(self, delivery: HookDelivery) -> Telling | None:
        """Return its hook and its lead, as they stand; None where there is nothing to send."""

    def untrue(self, delivery: HookDelivery) -> HookDelivery | None:
        """Tell that the lead is gone instead of what has become untrue; None where nothing is to be
        sent.
        """

    def delivered(self, delivery: HookDelivery, answered: Answered) -> bool:
        """Write down that its receiver has it; False where the claim was lost."""

    def failed(self, delivery: HookDelivery, answered: Answered, pause: float | None) -> bool:
        """Write down that a try failed, and let it come again in ``pause`` seconds, or never."""

    def ended(self, delivery: HookDelivery, answered: Answered) -> None:
        """Send nothing more to a receiver that wants nothing more; what waits goes on to wait."""

    def release(self, delivery: HookDelivery, pause: float = 0.0) -> None:
        """Let it come again in ``pause`` seconds, as if it had never been taken."""


class Courier(Protocol):
    """Brings one event to one receiver."""

    def tell(self, delivery: HookDelivery, telling: Telling) -> Answered:
        """Try once, in bounded time; what the receiver does is no exception.

        Raises:
            OperatorError: nothing can be signed for it.
        """
