"""Makes the figures of a room report out of what was added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from intent.model.taxonomy import Taxonomy
from intent.report.room_figures import (
    HeatColumns,
    HeatRows,
    IntentFigure,
    ItemFigure,
    OpenLead,
    RoomCoverage,
    RoomFunnel,
    RoomMoment,
    RoomReport,
)
from intent.report.room_tally import RoomTally, columns_of
from intent.report.sentences import verdict
from intent.store.room_activity import RoomGap, RoomLead, RoomSpan

COLUMNS = 60
"""Columns of the heat map, at most."""

MAPS = 6
"""Items with a heat map of their own, at most."""

SHOWN_ITEMS, SHOWN_ASKED = 20, 12
"""Lines of the other tables, at most."""

EPOCH = datetime(1970, 1, 1)
MINUTE = timedelta(minutes=1)


def local_minutes(at: datetime) -> int:
    """Return the whole minutes since 1970 of a local time."""
    return (at.replace(tzinfo=None) - EPOCH) // MINUTE


def local_minute(minute: int, local: ZoneInfo) -> datetime:
    """Return the local time that a minute since 1970 begins at."""
    return (EPOCH + minute * MINUTE).replace(tzinfo=local)


@dataclass(frozen=True, slots=True)
class RoomKnown:
    """What is known of the room beside its decisions.

    Attributes:
        told: something tells of answers: a reply in writing, or somebody who handled a lead.
    """

    span: RoomSpan
    gaps: Sequence[RoomGap]
    taken_back: int
    told: bool


class RoomFigures:
    """Makes figures out of what was added up."""

    def __init__(
        self,
        tally: RoomTally,
        known: RoomKnown,
        moments: tuple[RoomMoment, ...],
        taxonomy: Taxonomy,
        local: ZoneInfo,
    ) -> None:
        self._tally, self._known, self._span = tally, known, known.span
        self._moments, self._taxonomy, self._local = moments, taxonomy, local

    def report(self, platform: str, room_id: str) -> RoomReport:
        """Return the report."""
        tally, span = self._tally, self._span
        coverage, funnel = self._coverage(), self._funnel()
        intents, items = self._intents(), self._items()
        lasted = span.last - span.first if span.first and span.last else timedelta()
        columns, heat = self._heat(items)
        return RoomReport(
            platform=platform,
            room_id=room_id,
            offer=span.offer,
            zone=self._local.key,
            first=span.first and span.first.astimezone(self._local),
            last=span.last and span.last.astimezone(self._local),
            people=span.people,
            verdict=verdict(span.people, lasted, coverage, funnel, intents, items, self._moments),
            coverage=coverage,
            funnel=funnel,
            intents=intents,
            items=items[:SHOWN_ITEMS],
            columns=columns,
            heat=heat,
            moments=self._moments,
            unanswered=tally.unanswered,
            open_leads=tuple(map(self._open, tally.open_leads())),
            asked=tuple(tally.wordings.most(SHOWN_ASKED)),
        )

    def _coverage(self) -> RoomCoverage:
        span = self._span
        blind = [
            (max(gap.since, span.first), min(gap.until or span.last, span.last))
            for gap in self._known.gaps
            if span.first and span.last
        ]
        return RoomCoverage(
            seen=span.seen,
            decided=self._tally.decided,
            waiting=span.waiting,
            taken_back=self._known.taken_back,
            unmeasured=self._tally.unmeasured,
            asking=span.asking,
            blind=tuple(
                (
                    gap.since.astimezone(self._local),
                    gap.until and gap.until.astimezone(self._local),
                    gap.reason,
                )
                for gap in self._known.gaps
            ),
            blind_for=_covered(blind),
        )

    def _funnel(self) -> RoomFunnel:
        tally = self._tally
        return RoomFunnel(
            viewers=tally.viewers,
            expected=tally.lead_sum.expected(),
            listed=tally.listed,
            hot=tally.hot,
            answered=tally.answered if self._known.told else None,
            taken=tally.taken,
            orders=None,
        )

    def _intents(self) -> tuple[IntentFigure, ...]:
        return tuple(
            IntentFigure(
                label, self._taxonomy.titles[label], self._tally.intents[label], one.expected()
            )
            for label, one in self._tally.intent_sums.items()
        )

    def _items(self) -> tuple[ItemFigure, ...]:
        by_item: dict[str | None, dict[str, int]] = {item: {} for item in self._tally.items}
        for (item, label, _), count in self._tally.cells.items():
            by_item[item][label] = by_item[item].get(label, 0) + count
        ordered = sorted(self._tally.items.items(), key=lambda one: (-one[1], one[0] or ""))
        return tuple(ItemFigure(item, count, by_item[item]) for item, count in ordered)

    def _heat(self, items: Sequence[ItemFigure]) -> tuple[HeatColumns | None, tuple[HeatRows, ...]]:
        if not self._tally.messages_at:
            return None, ()
        start, step, count = columns_of(list(self._tally.messages_at), COLUMNS)
        every: dict[tuple[str, int], int] = {}
        apart: dict[str | None, dict[tuple[str, int], int]] = {one.item: {} for one in items[:MAPS]}
        for (item, label, minute), leads in self._tally.cells.items():
            column = (minute - start) // step
            for cells in (every, apart.get(item)):
                if cells is not None:
                    cells[label, column] = cells.get((label, column), 0) + leads
        rows = [HeatRows(None, every)]
        if len(items) > 1:
            rows += [HeatRows(item, cells) for item, cells in apart.items() if item is not None]
        return HeatColumns(local_minute(start, self._local), step, count), tuple(rows)

    def _open(self, one: RoomLead) -> OpenLead:
        return OpenLead(
            message_id=one.message_id,
            user_id=one.user_id,
            at=one.said_at.astimezone(self._local),
            titles=tuple(
                self._taxonomy.titles[label]
                for label in one.labels
                if label in self._taxonomy.leads
            ),
            item=one.item,
            text=one.text,
            probability=one.lead_probability / 1_000_000,
        )


def _covered(stretches: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """Return how long stretches are together; what several cover counts once."""
    total, reached = timedelta(), None
    for since, until in sorted(stretches):
        begin = since if reached is None else max(since, reached)
        if until > begin:
            total += until - begin
            reached = until
    return total
