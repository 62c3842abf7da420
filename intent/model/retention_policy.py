"""How long what is kept, in days."""

from __future__ import annotations

from dataclasses import dataclass

from intent.model.errors import WrongUse

LONGEST_WINDOW = 31
"""Messages are kept for so many days at least: the longest window of features is 30 days."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Days from which on something is deleted; None is for ever.

    Attributes:
        messages: since they were said, with everything made of them; what waits is never deleted.
        dead_letters: payloads that are no messages, since they were buried.
        replies: kept replies of the LLM.
        attempts: calls of the LLM in the ledger.
        pushes: what was pushed to hooks, since it waits no more.
        accesses: who was shown contact details.
        impressions: rooms that were shown, since then.
        clicks: rooms that were entered, since then.
        conversions: orders and the like with all their revisions, links and credits, since they
            last changed at their source.
        exposures: to arms of experiments, since then.
    """

    messages: int | None = None
    dead_letters: int | None = None
    replies: int | None = None
    attempts: int | None = None
    pushes: int | None = None
    accesses: int | None = None
    impressions: int | None = None
    clicks: int | None = None
    conversions: int | None = None
    exposures: int | None = None

    def __post_init__(self) -> None:
        if self.messages is not None and self.messages < LONGEST_WINDOW:
            raise WrongUse(
                f"messages are kept for {LONGEST_WINDOW} days at least, or features would be wrong "
                "inside their windows"
            )
