"""Adds up the decided messages of a room: leads one after the other, the rest by minute; what it
keeps grows with minutes and items, and never with messages.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from intent.model.taxonomy import Taxonomy
from intent.report.estimates import ProbabilitySum
from intent.report.wording_groups import WordingGroups
from intent.store.room_activity import QuietMinute, RoomLead

MOST_ITEMS = 200
"""Items that are told apart; those that come later are one."""

OTHER_ITEMS = "other items"
MOST_OPEN = 20
"""Leads without an answer that are listed."""

_MILLION = 1_000_000
_HOT_FROM = 500_000


class RoomTally:
    """The sums behind a room report."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        names = taxonomy.names
        self._leads = [(names.index(name), name) for name in names if name in taxonomy.leads]
        self._hot = taxonomy.members.get("hot", frozenset())
        self.decided = self.viewers = self.unmeasured = self.listed = 0
        self.hot = self.answered = self.taken = self.unanswered = 0
        self.lead_sum = ProbabilitySum()
        self.intent_sums = {name: ProbabilitySum() for _, name in self._leads}
        self.intents: Counter[str] = Counter()
        self.messages_at: Counter[int] = Counter()
        self.leads_at: Counter[int] = Counter()
        self.items: Counter[str | None] = Counter()
        self.cells: Counter[tuple[str | None, str, int]] = Counter()
        self.wordings = WordingGroups()
        self._open: list[tuple[int, datetime, str, RoomLead]] = []

    def add_quiet(self, minute: int, quiet: QuietMinute) -> None:
        """Count what was decided in a minute and is no lead."""
        self.decided += quiet.viewers + quiet.staff
        self.viewers += quiet.viewers
        self.unmeasured += quiet.unmeasured
        self.messages_at[minute] += quiet.viewers
        self.lead_sum.add_many(quiet.viewers, quiet.sums[0], quiet.spreads[0])
        for place, name in self._leads:
            total, spread = quiet.sums[1 + place], quiet.spreads[1 + place]
            self.intent_sums[name].add_many(quiet.viewers, total, spread)

    def add(self, minute: int, one: RoomLead) -> None:
        """Count a lead; what host and moderators say is no demand.

        Args:
            minute: minutes since 1970, in local time.
        """
        self.decided += 1
        if one.staff:
            return
        self.viewers += 1
        self.messages_at[minute] += 1
        self._add_probabilities(one)
        self._add_lead(minute, one)

    def open_leads(self) -> list[RoomLead]:
        """Return the surest hot leads without an answer, the surest first."""
        return [one for *_, one in sorted(self._open, key=lambda held: held[:3], reverse=True)]

    def _add_probabilities(self, one: RoomLead) -> None:
        if one.measured:
            self.lead_sum.add(one.lead_probability)
            for place, name in self._leads:
                self.intent_sums[name].add(one.probabilities[place])
            return
        # Nobody knows what its probabilities are worth: it counts as what it was taken for.
        self.unmeasured += 1
        self.lead_sum.add(_MILLION)
        for _, name in self._leads:
            self.intent_sums[name].add(_MILLION * (name in one.labels))

    def _add_lead(self, minute: int, one: RoomLead) -> None:
        self.listed += 1
        self.leads_at[minute] += 1
        item = one.item if one.item in self.items or len(self.items) < MOST_ITEMS else OTHER_ITEMS
        self.items[item] += 1
        wanted = [(one.probabilities[place], name) for place, name in self._leads]
        chosen = [(sure, name) for sure, name in wanted if name in one.labels]
        for _, name in chosen:
            self.intents[name] += 1
            self.cells[item, name, minute] += 1
        if chosen:
            self.wordings.add(max(chosen)[1], item, one.text)
        if one.lead_probability >= _HOT_FROM and self._hot.intersection(one.labels):
            self._add_hot(one)

    def _add_hot(self, one: RoomLead) -> None:
        self.hot += 1
        if one.answered:
            self.answered += 1
            return
        if one.taken:
            self.taken += 1
            return
        self.unanswered += 1
        held = (one.lead_probability, one.said_at, one.message_id, one)
        if len(self._open) < MOST_OPEN:
            heapq.heappush(self._open, held)
        else:
            heapq.heappushpop(self._open, held)


def columns_of(minutes: Sequence[int], most: int) -> tuple[int, int, int]:
    """Return (first minute, step, count) of at most ``most`` columns that hold all these minutes.

    Args:
        minutes: minutes since 1970, at least one, in local time; columns begin at whole steps.
    """
    first, last = min(minutes), max(minutes)
    for step in _STEPS:
        start = first // step * step
        count = (last - start) // step + 1
        if count <= most:
            return start, step, count
    step = (last - first) // most + 1
    return first, step, (last - first) // step + 1


_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 7 * 1440, 14 * 1440)
