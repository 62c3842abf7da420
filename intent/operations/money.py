"""What the LLM has cost in this hour and on this day, told without what asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from intent.model.attempt import NANO
from intent.store.engine import Database
from intent.store.ledger import SqlLedger


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars spent in this calendar hour and on this day (UTC), and what may be spent; None for no
    limit.
    """

    hour: float
    day: float
    hour_limit: float | None
    day_limit: float | None


def read_money(database: Database, *, hour: float | None, day: float | None) -> Money:
    """Return what was spent against these limits, in dollars."""
    ledger, now = SqlLedger(database), datetime.now(UTC)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    today = this_hour.replace(hour=0)
    return Money(ledger.spent(this_hour) / NANO, ledger.spent(today) / NANO, hour, day)
