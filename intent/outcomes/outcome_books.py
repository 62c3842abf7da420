"""Recounts that revisions of conversions have no gaps, that links and credits belong to messages
and conversions that are there, that units were shown the arms that they were dealt, and what was
clicked by whom it was shown to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from intent.outcomes.exposures import count_exposures
from intent.store.schema import (
    clicks,
    conversion_credits,
    conversion_links,
    conversions,
    impressions,
    messages,
)


@dataclass(frozen=True, slots=True)
class OutcomeBooks:
    """What was counted.

    Attributes:
        unplaced: conversions of which only changes came so far; what they change may still come.
        gaps: conversions whose revisions are not 0, 1, 2 … in the order in which they changed.
        dangling: links and credits of messages or conversions that are gone.
        misdealt: exposures to another arm than the one that the salt deals.
        unshown: clicks on what nobody said was shown so far; it may still come.
        strange: clicks by somebody else than the one whom it was shown to. A source said so, and
            nothing here is wrong, but no click id of theirs can be trusted.
    """

    conversions: int
    unplaced: int
    gaps: int
    dangling: int
    exposures: int = 0
    misdealt: int = 0
    impressions: int = 0
    clicks: int = 0
    unshown: int = 0
    strange: int = 0

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        return not (self.gaps or self.dangling or self.misdealt)


def outcome_books(connection: Connection, shards: Sequence[Connection] = ()) -> OutcomeBooks:
    """Recount, in the reader's one consistent view.

    Args:
        shards: all of several shards, which have conversions that links of this one refer to.
    """
    c = conversions.c
    each = select(c.conversion_id).group_by(c.conversion_id)
    broken = or_(func.min(c.revision) != 0, func.max(c.revision) != func.count() - 1)
    unplaced = func.count(c.event_timestamp) == 0

    def count(query: Select[tuple[str]]) -> int:
        return connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()

    exposures, misdealt = count_exposures(connection)
    entered, unshown, strange = connection.execute(_entered()).one()
    return OutcomeBooks(
        conversions=count(each),
        unplaced=count(each.having(unplaced)),
        gaps=count(each.having(broken)) + count(_disordered()),
        dangling=(
            sum(count(query) for query in _dangling())
            if not shards
            else len(dangling_over(connection, shards))
        ),
        exposures=exposures,
        misdealt=misdealt,
        impressions=connection.execute(select(func.count()).select_from(impressions)).scalar_one(),
        clicks=entered,
        unshown=unshown,
        strange=strange,
    )


def _entered() -> Select[int, int, int]:
    """Return how many clicks there are, on what was not shown, and by somebody else."""
    i, c = impressions.c, clicks.c
    same = (i.platform == c.platform, i.request_id == c.request_id, i.room_id == c.room_id)
    return select(
        func.count(),
        func.count().filter(i.id.is_(None)),
        func.count().filter(i.user_id != c.user_id),
    ).select_from(clicks.outerjoin(impressions, and_(*same)))


def dangling_over(
    connection: Connection, shards: Sequence[Connection]
) -> list[tuple[str, str, str]]:
    """Return conversion_id, platform and message_id of links and credits of one shard whose message
    is not here, or whose conversion is in none.
    """
    c, found = conversions.c, []
    for table in (conversion_links, conversion_credits):
        t = table.c
        said, done = _there(t)
        query = select(t.conversion_id, t.platform, t.message_id, said.label("said"))
        for row in connection.execute(query.where(or_(~said, ~done))):
            same = select(c.conversion_id).where(c.conversion_id == row.conversion_id).limit(1)
            if not row.said or all(one.execute(same).first() is None for one in shards):
                found.append((row.conversion_id, row.platform, row.message_id))
    return found


def _there(t: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    said = exists().where(messages.c.platform == t.platform, messages.c.message_id == t.message_id)
    return said, exists().where(conversions.c.conversion_id == t.conversion_id)


def _disordered() -> Select[tuple[str]]:
    """Return conversions with a revision that changed before the one that it stands behind."""
    before = conversions.alias("before")
    c, b = conversions.c, before.c
    behind = and_(b.conversion_id == c.conversion_id, b.revision == c.revision - 1)
    return (
        select(c.conversion_id)
        .join_from(conversions, before, behind)
        .where(b.changed_timestamp > c.changed_timestamp)
        .distinct()
    )


def _dangling() -> list[Select[tuple[str]]]:
    found = []
    for table in (conversion_links, conversion_credits):
        said, done = _there(table.c)
        found.append(select(table.c.conversion_id).where(or_(~done, ~said)))
    return found
