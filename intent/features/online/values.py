"""Computes features from what was read: all entities of a view at once, one array a feature."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.definitions import (
    BURST,
    LEAD,
    SHORT_LONG,
    Definitions,
    Feature,
)
from intent.features.definitions.events import LLM_CODE, MEASURED_CODE, MESSAGE_CODE, Topics
from intent.features.definitions.status import FADED, SEQUENCE, Status
from intent.features.definitions.told_beside import (
    ANSWER_CODES,
    GAP_CODE,
    PRICED_CODE,
    SOON_CODES,
    median_seconds,
)
from intent.features.online.packed import NEVER
from intent.features.online.read_columns import Column, Records, Rows
from intent.features.online.tally import HALF_LIVES, SECOND, TILE_ORIGIN, TILES
from intent.store.schema import INTENTS, MILLION

CODES = 64
SIZES = {size: number for number, (size, _) in enumerate(TILES)}


class ViewValues:
    """Computes the features of one view for ``size`` entities as of ``at`` microseconds."""

    def __init__(
        self,
        definitions: Definitions,
        topics: Topics,
        size: int,
        at: int,
        *,
        counters: Records,
        counts: Records | None = None,
        sums: Records | None = None,
        rows: Rows | None = None,
    ) -> None:
        self._definitions, self._topics, self._size, self._at = definitions, topics, size, at
        self._counters, self._counts, self._sums, self._rows = counters, counts, sums, rows
        # Each is asked for by many features of the view.
        self._counter = cache(self._counter_of)
        self._tile_counts = cache(self._tile_counts_of)

    def statuses(self) -> NDArray[np.int8]:
        """Return for each entity PRESENT, EXPIRED or NEVER_SEEN."""
        last = self._counter(MESSAGE_CODE)["last"]
        alive = last >= self._at - self._definitions.time_to_live
        return np.where(
            last == NEVER, Status.NEVER_SEEN, np.where(alive, Status.PRESENT, Status.EXPIRED)
        ).astype(np.int8)

    def compute(self, feature: Feature) -> Column:
        """Return the feature of every entity, whatever its status."""
        compute: Callable[[Feature], Column] = getattr(self, f"_{feature.statistic}")
        return compute(feature)

    def _count(self, feature: Feature) -> Column:
        return self._windowed(self._topics.code[feature.topic], feature.window)

    def _windowed(self, code: int, window: str) -> Column:
        if self._rows is not None:
            return self._of_rows(window, code)
        messages: Column = self._tile_counts(window)[0][:, code]
        return messages

    def _expected(self, feature: Feature) -> Column:
        return self._probabilities(feature, "expected", lambda p: p) / MILLION

    def _variance(self, feature: Feature) -> Column:
        return self._probabilities(feature, "variance", lambda p: p * (MILLION - p)) / MILLION**2

    def _probabilities(
        self, feature: Feature, field: str, of_row: Callable[[Column], Column]
    ) -> Column:
        if self._rows is not None:
            return self._added(of_row(self._rows.probabilities[feature.topic]), feature.window)
        return self._lane(field, self._topics.measured.index(feature.topic), feature.window)

    def _added(self, worth: Column, window: str) -> Column:
        """Add up what rows within a window are worth."""
        assert self._rows is not None
        chosen = self._rows.at >= self._definitions.windows[window].start(self._at)
        return np.bincount(self._rows.owners[chosen], worth[chosen], self._size)

    def _lane(self, field: str, place: int, window: str) -> Column:
        """Add up the sums in one place of the tiles within a window."""
        assert self._sums is not None
        chosen = self._in_window(self._sums, window)
        return np.bincount(
            self._sums.owners[chosen], self._sums.records[field][chosen, place], self._size
        )

    def _decayed(self, feature: Feature) -> Column:
        return self._interest(feature.topic, self._definitions.half_lives[feature.window])

    def _interest(self, topic: str, half_life: int) -> Column:
        counter = self._counter(self._topics.code[topic])
        periods = (self._at - counter["at"]) / (half_life * SECOND)
        decayed = counter["decayed"][:, HALF_LIVES.index(half_life)] * np.exp2(
            -np.clip(periods, -1, 1000)  # state may be as of some seconds later
        )
        return np.where(decayed < FADED, 0.0, decayed)

    def _short_minus_long(self, feature: Feature) -> Column:
        day, month = (
            self._interest(feature.topic, self._definitions.half_lives[name]) for name in SHORT_LONG
        )
        rate: Column = (day - month / 30) * math.log(2)
        return rate

    def _seconds_since_last(self, feature: Feature) -> Column:
        last = self._counter(self._topics.code[feature.topic])["last"]
        recent = last >= self._at - self._definitions.time_to_live
        return np.where(recent, (self._at - np.where(recent, last, 0)) / SECOND, np.nan)

    def _distinct(self, feature: Feature) -> Column:
        code = self._topics.code[feature.topic]
        if self._rows is None:
            return self._tile_counts(feature.window)[1][:, code]
        values = self._rows.columns[self._definitions.views[feature.view].distinct[feature.what]]
        chosen = np.flatnonzero(
            (self._rows.at >= self._definitions.windows[feature.window].start(self._at))
            & (self._rows.mask >> code & 1 == 1)
        )
        pairs = {
            (int(self._rows.owners[number]), values[number])
            for number in chosen
            if values[number] is not None
        }
        return np.bincount(
            np.array([owner for owner, _ in pairs], dtype=np.int64), minlength=self._size
        ).astype(np.float64)

    def _coverage(self, feature: Feature) -> Column:
        return self._share(MEASURED_CODE, feature.window)

    def _share_llm(self, feature: Feature) -> Column:
        return self._share(LLM_CODE, feature.window)

    def _share(self, code: int, window: str) -> Column:
        part, all_messages = self._windowed(code, window), self._windowed(MESSAGE_CODE, window)
        share: Column = np.divide(
            part, all_messages, out=np.full(self._size, np.nan), where=all_messages > 0
        )
        return share

    def _rate(self, feature: Feature) -> Column:
        return self._smoothed(feature, MESSAGE_CODE)

    def _share_of_leads(self, feature: Feature) -> Column:
        return self._smoothed(feature, self._topics.code[LEAD])

    def _smoothed(self, feature: Feature, whole_code: int) -> Column:
        part = self._windowed(self._topics.code[feature.topic], feature.window)
        return self._ratio(feature, part, self._windowed(whole_code, feature.window))

    def _priced_share(self, feature: Feature) -> Column:
        part = self._windowed(PRICED_CODE, feature.window)
        return self._ratio(feature, part, self._windowed(self._topics.code[LEAD], feature.window))

    def _price_gap(self, feature: Feature) -> Column:
        window = feature.window
        if self._rows is not None:
            gaps = self._added(self._rows.gaps, window)
        else:
            gaps = self._lane("expected", self._topics.lanes - 1, window)
        return self._ratio(feature, gaps / MILLION, self._windowed(GAP_CODE, window))

    def _answered_share(self, feature: Feature) -> Column:
        soon = sum(self._windowed(code, feature.window) for code in SOON_CODES)
        leads = self._windowed(self._topics.code[LEAD], feature.window)
        return np.minimum(self._ratio(feature, np.asarray(soon), leads), 1.0)

    def _answer_seconds(self, feature: Feature) -> Column:
        classes = [self._windowed(code, feature.window) for code in ANSWER_CODES]
        return median_seconds(np.column_stack(classes))

    def _burst(self, feature: Feature) -> Column:
        code, (short, long) = self._topics.code[feature.topic], BURST
        windows = self._definitions.windows
        times = windows[long].seconds / windows[short].seconds
        late, hour = self._windowed(code, short), self._windowed(code, long)
        return self._ratio(feature, late * times, hour)

    def _ratio(self, feature: Feature, part: Column, whole: Column) -> Column:
        more, most = self._definitions.statistics[feature.statistic].prior or (0.0, 0.0)
        return np.where(whole > 0, (part + more) / (whole + most), np.nan)

    def _tags(self, feature: Feature) -> Column:
        members = [intent for intent in INTENTS if intent in self._topics.groups[feature.topic]]
        counts = [self._windowed(self._topics.code[intent], feature.window) for intent in members]
        texts = [
            "|".join(f"{name}:{int(n)}" for name, n in zip(members, row, strict=True) if n)
            for row in zip(*counts, strict=True)
        ]
        return np.array(texts, dtype=object)

    def _sequence_50(self, feature: Feature) -> Column:
        rows = self._rows
        if rows is None:
            return np.empty(0, dtype=object)
        members = [
            (intent, self._topics.code[intent])
            for intent in INTENTS
            if intent in self._topics.groups[feature.topic]
        ]
        result = np.empty(self._size, dtype=object)
        result[:] = [[] for _ in range(self._size)]
        order = sorted(
            np.flatnonzero(rows.at >= self._at - self._definitions.time_to_live),
            key=lambda n: (-rows.at[n], rows.columns["message_id"][n]),
        )
        for number in order:
            held = result[rows.owners[number]]
            for intent, code in members:
                if rows.mask[number] >> code & 1 and len(held) < SEQUENCE:
                    held.append((intent, rows.columns["item_id"][number], int(rows.at[number])))
        return result

    def _of_rows(self, window: str, code: int) -> Column:
        assert self._rows is not None
        chosen = (self._rows.at >= self._definitions.windows[window].start(self._at)) & (
            self._rows.mask >> code & 1 == 1
        )
        return np.bincount(self._rows.owners[chosen], minlength=self._size).astype(np.float64)

    def _counter_of(self, code: int) -> NDArray[Any]:
        result = np.zeros(self._size, dtype=self._counters.records.dtype)
        result["last"] = result["at"] = NEVER
        chosen = self._counters.records["code"] == code
        result[self._counters.owners[chosen]] = self._counters.records[chosen]
        return result

    def _tile_counts_of(self, window: str) -> tuple[Column, Column]:
        """Return messages and users, each with one row an entity and one column a topic code."""
        assert self._counts is not None
        chosen = self._in_window(self._counts, window)
        records, place = (
            self._counts.records[chosen],
            self._counts.owners[chosen] * CODES + self._counts.records["code"][chosen],
        )
        messages, users = (
            np.bincount(place, records[field], self._size * CODES).reshape(self._size, CODES)
            for field in ("count", "users")
        )
        return messages, users

    def _in_window(self, tiles: Records, window: str) -> NDArray[np.bool_]:
        length = self._definitions.windows[window]
        first = length.start(self._at) // (length.tile * SECOND) + TILE_ORIGIN
        chosen: NDArray[np.bool_] = (tiles.records["size"] == SIZES[length.tile]) & (
            tiles.records["tile"] >= first
        )
        return chosen
