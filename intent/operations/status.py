"""How the service is doing: what waits and since when, what is dead, what was spent; and whether
that is healthy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intent.model.errors import OperatorError, StoreUnavailable, WrongUse
from intent.operations.money import Money, read_money
from intent.store.engine import Database
from intent.store.overview import Overview, read_overview


@dataclass(frozen=True, slots=True)
class StatusPolicy:
    """What is healthy, and what may be spent.

    Attributes:
        age: seconds that the oldest message may wait for its first decision.
        hour, day: dollars that the LLM may cost; None for no limit.
    """

    age: float = 60.0
    hour: float | None = None
    day: float | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The state of the service; without counts where the database cannot be read.

    Attributes:
        problems: why it is not healthy, in sentences with the remedy; empty when it is.
    """

    overview: Overview | None
    money: Money | None
    problems: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def oldest_seconds(self) -> float | None:
        """Seconds that the oldest message has waited; None where none waits or nobody knows."""
        found = self.overview
        if found is None or found.waiting_since is None:
            return None
        return max((found.now - found.waiting_since).total_seconds(), 0.0)


def read_status(open_database: Callable[[], Database], policy: StatusPolicy) -> ServiceStatus:
    """Return the state of the service; trouble with the database is part of it.

    Args:
        open_database: opens the database, or raises what is wrong with it.
    """
    try:
        database = open_database()
        overview = read_overview(database)
        money = read_money(database, hour=policy.hour, day=policy.day)
    except WrongUse:
        raise
    except (StoreUnavailable, OperatorError) as error:
        return ServiceStatus(None, None, (str(error),))
    return _judged(ServiceStatus(overview, money, ()), policy)


def _judged(status: ServiceStatus, policy: StatusPolicy) -> ServiceStatus:
    age = status.oldest_seconds
    if age is None or age <= policy.age:
        return status
    waiting = status.overview.waiting if status.overview else 0
    lagging = (
        f"{waiting:,} messages wait, the oldest for {age:,.0f} s (healthy: {policy.age:,.0f} s); "
        "start workers: intent work"
    )
    return ServiceStatus(status.overview, status.money, (lagging,))
