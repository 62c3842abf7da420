"""The truth that features are held against: every statistic by its definition, from a plain list of
facts, one value at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intent.features.definitions.definitions import Definitions, Feature
from intent.store.schema import INTENTS, MILLION

SECOND = 1_000_000
NOTHING = float("nan")


@dataclass(frozen=True)
class Fact:
    """One revision of a decision: said at ``at``, known from ``known`` on, in microseconds."""

    message_id: str
    revision: int
    at: int
    known: int
    parts: Mapping[str, str | None]
    labels: frozenset[str]
    probabilities: Mapping[str, int]
    lead: int
    measured: bool = True
    llm: bool = False
    viewer: bool = True
    retracted: bool = False
    stated_price: int | None = None
    price_gap: int | None = None
    answer_seconds: int | None = None


def as_known(facts: Iterable[Fact], at: int, margin: int = 0) -> list[Fact]:
    """Of every message the last revision that a reader at ``at`` could know, of what was said
    before; none of a message that was taken back by then.
    """
    latest: dict[tuple[str | None, str], Fact] = {}
    for fact in facts:
        identity = fact.parts["platform"], fact.message_id
        if (
            fact.at < at
            and fact.known + margin < at
            and (identity not in latest or latest[identity].revision < fact.revision)
        ):
            latest[identity] = fact
    return [fact for fact in latest.values() if not fact.retracted]


class Brute:
    """Computes features from facts."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def value(
        self, feature: Feature, parts: Mapping[str, str | None], known: Sequence[Fact], at: int
    ) -> tuple[object, str]:
        """Return value and status of one feature of one entity."""
        names = self.definitions.views[feature.view].keys
        key = [parts[name] for name in names]
        mine = [fact for fact in known if [fact.parts[name] for name in names] == key]
        missing = None if feature.statistic in {"tags", "sequence_50"} else NOTHING
        if None in key or not mine:
            return missing, "never_seen"
        if max(fact.at for fact in mine) < at - self.definitions.time_to_live:
            return missing, "expired"
        value = getattr(self, feature.statistic)(feature, mine, at)
        empty = not value or (isinstance(value, float) and math.isnan(value))
        return value, "zero" if empty else "present"

    def has(self, fact: Fact, topic: str) -> bool:
        said = fact.labels if fact.viewer else frozenset()
        return (
            topic == "message"
            or topic in said
            or bool(said & self.definitions.groups.get(topic, frozenset()))
        )

    def probability(self, fact: Fact, topic: str) -> int:
        if topic == "lead":
            return fact.lead
        return max(fact.probabilities[name] for name in self.definitions.groups.get(topic, {topic}))

    def inside(
        self, feature: Feature, mine: Sequence[Fact], at: int, topic: str | None = None
    ) -> list[Fact]:
        window = self.definitions.windows[feature.window]
        tile = window.tile * SECOND
        start = (at - window.seconds * SECOND) // tile * tile
        return [
            fact for fact in mine if fact.at >= start and (topic is None or self.has(fact, topic))
        ]

    def count(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        return float(len(self.inside(feature, mine, at, feature.topic)))

    def expected(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        return (
            sum(
                self.probability(fact, feature.topic)
                for fact in self.inside(feature, mine, at)
                if fact.measured and fact.viewer
            )
            / MILLION
        )

    def variance(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        ps = [
            self.probability(fact, feature.topic)
            for fact in self.inside(feature, mine, at)
            if fact.measured and fact.viewer
        ]
        return sum(p * (MILLION - p) for p in ps) / MILLION**2

    def decayed(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        return self.interest(feature.topic, mine, at, self.definitions.half_lives[feature.window])

    def interest(self, topic: str, mine: Sequence[Fact], at: int, half_life: int) -> float:
        total = math.fsum(
            0.5 ** min((at - fact.at) / (half_life * SECOND), 1000)
            for fact in mine
            if self.has(fact, topic)
        )
        return total if total >= 1e-9 else 0.0

    def short_minus_long(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        return (
            self.interest(feature.topic, mine, at, 86_400)
            - self.interest(feature.topic, mine, at, 2_592_000) / 30
        ) * math.log(2)

    def seconds_since_last(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        times = [
            fact.at
            for fact in mine
            if self.has(fact, feature.topic) and fact.at >= at - self.definitions.time_to_live
        ]
        return (at - max(times)) / SECOND if times else NOTHING

    def distinct(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        column = self.definitions.views[feature.view].distinct[feature.what]
        return float(
            len(
                {fact.parts[column] for fact in self.inside(feature, mine, at, feature.topic)}
                - {None}
            )
        )

    def coverage(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        return _share(self.inside(feature, mine, at), lambda fact: fact.measured)

    def share_llm(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        return _share(self.inside(feature, mine, at), lambda fact: fact.llm)

    def rate(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        every = self.inside(feature, mine, at)
        return _smoothed(sum(self.has(fact, feature.topic) for fact in every), len(every), 1, 20)

    def share_of_leads(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        every = self.inside(feature, mine, at, "lead")
        mine_too = self.inside(feature, mine, at, feature.topic)
        return _smoothed(len(mine_too), len(every), 1, 10)

    def priced_share(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        every = self.inside(feature, mine, at, "lead")
        return _smoothed(sum(one.stated_price is not None for one in every), len(every), 1, 10)

    def price_gap(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        gaps = [
            one.price_gap
            for one in self.inside(feature, mine, at, "lead")
            if one.stated_price is not None and one.price_gap is not None
        ]
        return sum(gaps) / MILLION / (len(gaps) + 1) if gaps else NOTHING

    def answered_share(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        soon = sum(one <= 300 for one in self.answers(feature, mine, at))
        leads = len(self.inside(feature, mine, at, "lead"))
        return min(_smoothed(soon, leads, 1, 4), 1.0) if leads else NOTHING

    def answers(self, feature: Feature, mine: Sequence[Fact], at: int) -> list[int]:
        every = (one.answer_seconds for one in self.inside(feature, mine, at))
        return sorted(one for one in every if one is not None and one <= 86_400)

    def answer_seconds(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        found = self.answers(feature, mine, at)
        if not found:
            return NOTHING
        edges = (-1, 15, 30, 60, 120, 300, 900, 3600, 86_400)
        middle = found[(len(found) + 1) // 2 - 1]
        high = next(edge for edge in edges if middle <= edge)
        low = edges[edges.index(high) - 1]
        before, here = sum(one <= low for one in found), sum(low < one <= high for one in found)
        return max(low, 0) + (high - max(low, 0)) * (len(found) / 2 - before) / here

    def burst(self, feature: Feature, mine: Sequence[Fact], at: int) -> float:
        said = [fact.at for fact in mine if self.has(fact, feature.topic)]
        grid = 300 * SECOND
        late = sum(one >= (at - 300 * SECOND) // grid * grid for one in said)
        hour = sum(one >= (at - 3600 * SECOND) // grid * grid for one in said)
        return _smoothed(12 * late, hour, 1, 1)

    def tags(self, feature: Feature, mine: Sequence[Fact], at: int) -> str:
        inside = self.inside(feature, mine, at)
        members = [name for name in INTENTS if name in self.definitions.groups[feature.topic]]
        counts = {name: sum(self.has(fact, name) for fact in inside) for name in members}
        return "|".join(f"{name}:{count}" for name, count in counts.items() if count)

    def sequence_50(
        self, feature: Feature, mine: Sequence[Fact], at: int
    ) -> list[tuple[str, str | None, int]]:
        recent = [fact for fact in mine if fact.at >= at - self.definitions.time_to_live]
        members = [name for name in INTENTS if name in self.definitions.groups[feature.topic]]
        ordered = sorted(recent, key=lambda fact: (-fact.at, fact.message_id))
        return [
            (name, fact.parts["item_id"], fact.at)
            for fact in ordered
            for name in members
            if self.has(fact, name)
        ][:50]


def _share(facts: Sequence[Fact], wanted) -> float:  # type: ignore[no-untyped-def]
    return sum(map(wanted, facts)) / len(facts) if facts else NOTHING


def _smoothed(part: int, whole: int, more: int, most: int) -> float:
    return (part + more) / (whole + most) if whole else NOTHING


def same(one: object, other: object) -> bool:
    """Whether two values are equal, floats up to the last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(
            one, other, rel_tol=1e-9, abs_tol=1e-9
        )
    if isinstance(one, list) and isinstance(other, list):
        return [tuple(entry) for entry in one] == [tuple(entry) for entry in other]
    return one == other
