"""Hands the facts of one view to its requests, and adds up: what ``sql/view.sql`` says of
``entered``, ``left``, ``running``, ``faded`` and ``passing``, with arrays in place of as-of joins
and windows. All sums are of integers, so that both ways give the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intent.features.definitions.definitions import SECOND
from intent.features.definitions.file import Window
from intent.features.offline.plan import Distinct, Sum, ViewPlan
from intent.features.offline.request_axis import (
    Integers,
    RequestAxis,
    Stretches,
    highest_over,
    sorting,
)
from intent.features.offline.templates import BLOCK, FOREVER
from intent.store.schema import MILLION

LIMB = 32
"""Bits of each part of a weight, of which there are three: sums of a part fit 64 bits for two
thousand million facts.
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Facts that count in a window, by their numbers in :class:`HandedFacts`.

    Attributes:
        first: the place from which each counts.
        last: the place from which it does so no more; the size of the axis where there is none.
    """

    facts: Integers
    first: Integers
    last: Integers


class HandedFacts:
    """The facts that some request sees, in the order of entity and time, each with the place of the
    first request that sees it.
    """

    def __init__(self, plan: ViewPlan, axis: RequestAxis, known: pa.Table) -> None:
        """Place facts.

        Args:
            known: table ``{view}_known`` (``sql/here.sql``).
        """
        self._plan, self._axis, self._known = plan, axis, known
        k, since, until = (self._whole(name) for name in ("k", "since", "until"))
        ranked = axis.ranked(k, since)
        order = sorting(ranked)
        first = axis.place(k[order], ranked[order])
        seen = until[order] > np.append(axis.time, FOREVER)[first]
        self._chosen: Integers = order[seen]
        self._first: Integers = first[seen]
        self._k, self._until = k[self._chosen], until[self._chosen]
        self._event, self._mask = self._column("event"), self._column("mask")

    def columns(self) -> Iterator[tuple[str, pa.Array]]:
        """Yield what ``sql/here.sql`` makes features of: a column with a value a request each."""
        for topic in self._plan.lasts:
            yield f"l_{topic}", self._last_said(topic)
        for name, window in self._plan.windows.items():
            sums = [one for one in self._plan.sums if one.window == name]
            distincts = [one for one in self._plan.distincts if one.window is window]
            counted = self._counted(window, sums, distincts)
            for total in sums:
                yield total.name, pa.array(self._axis.running(self._summed(total, counted)))
            for distinct in distincts:
                yield distinct.name, pa.array(self._distinct(distinct, counted))
        for life, topic in self._plan.interests:
            for back, sums_of_weights in enumerate(self._weights(life, topic)):
                yield f"i{life}_{topic}_{back}", sums_of_weights

    def _whole(self, name: str) -> Integers:
        values: Integers = self._known[name].to_numpy()
        return values

    def _column(self, name: str) -> Integers:
        return self._whole(name)[self._chosen]

    def _has(self, topic: str) -> Integers:
        return np.flatnonzero(self._mask & self._plan.bits[topic])

    def _counted(self, window: Window, sums: list[Sum], distincts: list[Distinct]) -> Counted:
        """Return the facts that are ever in a window, of those that a sum over it needs."""
        tile = window.tile * SECOND
        ends = self._event // tile * tile + tile + window.seconds * SECOND
        inside = self._axis.time[self._first] < ends
        if all(one.kind in "cg" for one in sums):
            topics = {one.topic for one in sums} | {one.topic for one in distincts}
            inside &= (self._mask & self._plan.bits_of(topics)) != 0
        facts = np.flatnonzero(inside)
        ends = np.minimum(ends[facts], self._until[facts])
        return Counted(facts, self._first[facts], self._place(facts, ends))

    def _place(self, facts: Integers, at: Integers) -> Integers:
        k = self._k[facts]
        return self._axis.place(k, self._axis.ranked(k, at))

    def _summed(self, total: Sum, counted: Counted) -> Integers:
        """Return by how much a sum changes at each place."""
        if total.kind == "c":
            mine = np.flatnonzero(self._mask[counted.facts] & self._plan.bits[total.topic])
            return self._changes(counted.first[mine], counted.last[mine])
        added = self._added(total, counted)
        changes = np.zeros(self._axis.size + 1, dtype=np.int64)
        np.add.at(changes, counted.first, added)
        np.subtract.at(changes, counted.last, added)
        return changes[:-1]

    def _added(self, total: Sum, counted: Counted) -> Integers:
        """Return what each fact adds to a sum: ``added`` of ``sql/formulas.sql``."""
        rows = self._chosen[counted.facts]
        if total.kind == "g":
            mine = (self._mask[counted.facts] & self._plan.bits[total.topic]) != 0
            return np.where(mine, self._whole("price_gap")[rows], 0)
        p = self._whole(f"p_{total.topic}")[rows].astype(np.int64)
        return p if total.kind == "e" else p * (MILLION - p)

    def _changes(self, first: Integers, last: Integers) -> Integers:
        places = self._axis.size + 1
        changes: Integers = np.bincount(first, minlength=places) - np.bincount(
            last, minlength=places
        )
        return changes[:-1]

    def _distinct(self, distinct: Distinct, counted: Counted) -> Integers:
        """Return how many values of a column count at each place: of the messages of one value, and
        of one entity, the stretches of places that they cover together are handed on.
        """
        mine = np.flatnonzero(self._mask[counted.facts] & self._plan.bits[distinct.topic])
        texts = self._known[distinct.column].take(pa.array(self._chosen[counted.facts[mine]]))
        codes = pc.fill_null(texts.combine_chunks().dictionary_encode().indices, -1).to_numpy()
        named = np.flatnonzero(codes >= 0)
        who, first = codes[named].astype(np.int64), counted.first[mine][named]
        last = self._axis.ended(counted.last[mine][named], first)
        # Of one value, places grow with the entities; so one pass goes through all of them.
        above = who * (self._axis.size + 1)
        order = sorting(above + first)
        begin, reach = (above + first)[order], np.maximum.accumulate((above + last)[order])
        opens = np.ones(len(order), dtype=bool)
        opens[1:] = begin[1:] >= reach[:-1]
        closes = np.append(opens[1:], True)[: len(order)]
        first, above = first[order], above[order]
        end = (reach - above)[closes]
        beyond = end == self._axis.ended(np.full_like(end, self._axis.size), first[closes])
        end[beyond] = self._axis.size
        return self._axis.running(self._changes(first[opens], end))

    def _last_said(self, topic: str) -> pa.Array:
        """Return when a topic was last said at each place, null where it was not."""
        bit = self._plan.bits[topic]
        stays = self._column("stays") & bit
        lowest = int(self._event.min(initial=0)) - 1
        entered = np.full(self._axis.size, -1, dtype=np.int64)
        good = np.flatnonzero(stays)
        np.maximum.at(entered, self._first[good], self._event[good] - lowest)
        latest = self._axis.running_max(entered)
        passing = np.flatnonzero((self._mask & bit).astype(bool) & (stays == 0))
        if len(passing):
            first = self._first[passing]
            end = self._axis.ended(self._place(passing, self._until[passing]), first)
            values = self._event[passing] - lowest
            np.maximum(latest, highest_over(self._axis.size, first, end, values), out=latest)
        return pa.array(latest + lowest, mask=latest < 0)

    def _weights(self, life: str, topic: str) -> tuple[pa.Array, pa.Array]:
        """Return the sums of the weights of a request's own block, and of the block before."""
        size = BLOCK * self._plan.half_lives[life]
        block, stretches = self._axis.blocks(size)
        facts = self._has(topic)
        of = self._event[facts] // size * size
        gone = np.flatnonzero(self._until[facts] < FOREVER)
        left = self._place(facts[gone], self._until[facts[gone]])
        begins = np.append(block, FOREVER)
        back_in = begins[self._first[facts]] - of
        back_out = begins[left] - of[gone]
        own_sums, before_sums = [], []
        for limb in _limbs(self._known[f"weight_{life}"], self._chosen[facts]):
            changes = []
            for back in (0, size):
                change = np.zeros(self._axis.size + 1, dtype=np.int64)
                entering = back_in == back
                leaving = back_out == back
                np.add.at(change, self._first[facts[entering]], limb[entering])
                np.subtract.at(change, left[leaving], limb[gone[leaving]])
                changes.append(change[:-1])
            own_sums.append(stretches.running(changes[0]))
            before_sums.append(
                stretches.running(changes[1])
                + self._of_block_before(stretches.totals(changes[0]), block, size, stretches)
            )
        return _decimals(own_sums), _decimals(before_sums)

    def _of_block_before(
        self, totals: Integers, block: Integers, size: int, stretches: Stretches
    ) -> Integers:
        """Return, for each place, the total of the stretch before, if it is the block before of the
        same entity.
        """
        k, begin = stretches.first(self._axis.k), stretches.first(block)
        follows = (np.diff(k, prepend=-1) == 0) & (begin - np.roll(begin, 1) == size)
        before: Integers = np.where(follows, np.roll(totals, 1), 0)[stretches.number]
        return before


def _limbs(weights: pa.ChunkedArray, rows: Integers) -> list[Integers]:
    """Return weights of 128 bits in three parts, the lowest first."""
    column = weights.combine_chunks()
    words = np.frombuffer(column.buffers()[1], dtype=np.uint64).reshape(-1, 2)
    low, high = words[column.offset :][rows].T
    return [
        (low & _LOW).astype(np.int64),
        (low >> LIMB).astype(np.int64),
        high.astype(np.int64),
    ]


def _decimals(limbs: list[Integers]) -> pa.Array:
    """Put sums of parts together again; none is below 0."""
    lowest, middle, highest = limbs
    middle = middle + (lowest >> LIMB)
    words = np.empty((len(lowest), 2), dtype=np.uint64)
    words[:, 0] = (lowest & _LOW) | ((middle & _LOW) << LIMB)
    words[:, 1] = highest + (middle >> LIMB)
    kind = pa.decimal128(38, 0)
    return pa.Array.from_buffers(kind, len(words), [None, pa.py_buffer(words)])


_LOW = (1 << LIMB) - 1
