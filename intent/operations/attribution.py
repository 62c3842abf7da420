"""Reports what conversions are linked to, credited to and caused by, as it stood on any day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intent.model.outcomes import Conversion, ConversionCredit, ConversionLink
from intent.operations.caused_figures import NOTHING_DEALT, caused_figures
from intent.outcomes.crediting import CreditRule, Journey, Touch, credit
from intent.outcomes.exposures import read_experiment
from intent.outcomes.hand_links import link_by_hand
from intent.outcomes.journeys import (
    KnownSentence,
    bought_journeys,
    left_journeys,
    read_leads_said,
    read_replies,
    read_sentences,
)
from intent.outcomes.linking import LinkReport, LinkTold, PhonesOf, find_links
from intent.outcomes.reading import read_clock, read_conversions
from intent.outcomes.recording import record_credits, record_links
from intent.ports.ingestion import Transaction
from intent.report.attribution_figures import (
    AttributionReport,
    CausedFigures,
    CreditedFigures,
    LinkedFigures,
    LinkedSentence,
)
from intent.store.all_shards import reading_all, writing_all
from intent.store.engine import Database
from intent.store.identities import Identity

SHOWN = 200
"""Sentences of a report, at most."""


@dataclass(frozen=True, slots=True)
class AttributionTold:
    """What is asked.

    Attributes:
        window: how long before a conversion a message may have been said, and how long after it was
            dealt an order counts.
        rules: by which it is credited.
        experiment: whose arms say what was caused.
        as_of: what was known then; now if None.
        run: under which name links and credits are kept; None keeps nothing.
    """

    window: timedelta
    phones_of: PhonesOf
    rules: Sequence[CreditRule] = tuple(CreditRule)
    experiment: str | None = None
    as_of: datetime | None = None
    run: str | None = None


def link_conversions(
    database: Database, told: LinkTold, others: Sequence[Database] = ()
) -> tuple[LinkReport, int]:
    """Find links and keep them; return them, and how many are new. Once more it adds nothing.

    Args:
        others: more shards, which have messages and the links to them.
    """
    with writing_all(database, others) as shards:
        report = find_links(shards[0], told, shards)
        return report, record_links(shards[0], report.links, shards)


def keep_by_hand(
    database: Database, conversion_id: str, identity: Identity, others: Sequence[Database] = ()
) -> None:
    """Keep the link that a person says.

    Raises:
        WrongUse: there is no such conversion or message.
    """
    with writing_all(database, others) as shards:
        link = link_by_hand(shards[0], conversion_id, identity, shards)
        record_links(shards[0], [link], shards)


def attribution_report(
    database: Database, told: AttributionTold, others: Sequence[Database] = ()
) -> AttributionReport:
    """Return the report, in one consistent view; computed from what was known at ``as_of`` alone,
    so that it is the same whenever it is asked for.

    Raises:
        WrongUse: there is no such experiment.
    """
    with reading_all(database, others) as shards:
        as_of = told.as_of or read_clock(shards[0])
        known = _Known(shards, told, as_of)
        report = known.report()
    if told.run is not None:
        with writing_all(database, others) as shards:
            record_links(shards[0], known.links, shards)
            record_credits(shards[0], known.credits, shards)
    return report


class _Known:
    """What was known at one instant, each thing read once."""

    def __init__(
        self, shards: Sequence[Transaction], told: AttributionTold, as_of: datetime
    ) -> None:
        connection, *_ = shards
        self._connection, self._told, self._as_of = connection, told, as_of
        self._shards = shards
        found = [one for shard in shards for one in read_conversions(shard, as_of=as_of)]
        self._all = {one.conversion_id: one for one in found}
        self._standing = {key: one for key, one in self._all.items() if one.status.stands}
        linked = LinkTold(told.run or "report", told.window, told.phones_of, as_of)
        self._found = find_links(connection, linked, shards)
        self.links: list[ConversionLink] = self._found.links
        identities = {(one.platform, one.message_id) for one in self.links}
        self._sentences: dict[Identity, KnownSentence] = {}
        for one in shards:
            self._sentences |= read_sentences(one, identities, as_of)
        self.credits: list[ConversionCredit] = []

    def report(self) -> AttributionReport:
        sentences = self._linked_sentences()
        return AttributionReport(
            self._as_of,
            self._told.window,
            len(self._all),
            len(self._standing),
            _values(self._standing.values()),
            self._linked(),
            self._credited(),
            self._caused(),
            sentences[:SHOWN],
            len(sentences[SHOWN:]),
        )

    def _linked(self) -> LinkedFigures:
        by_method: dict[str, set[str]] = defaultdict(set)
        for one in self.links:
            if one.conversion_id in self._standing:
                by_method[one.method.value].add(one.conversion_id)
        linked = {key for found in by_method.values() for key in found}
        return LinkedFigures(
            len(linked),
            len(self._standing),
            {method: len(found) for method, found in sorted(by_method.items())},
            self._found.ambiguous,
            _values(self._standing[key] for key in linked),
        )

    def _credited(self) -> list[CreditedFigures]:
        leads: list[KnownSentence] = []
        if self._standing and CreditRule.MARKOV in self._told.rules:
            since = min(one.event_timestamp for one in self._standing.values())
            since -= self._told.window
            leads = [
                said for one in self._shards for said in read_leads_said(one, since, self._as_of)
            ]
        identities = {one.identity for one in leads} | set(self._sentences)
        replies: dict[Identity, list[Touch]] = {}
        for one in self._shards:
            replies |= read_replies(one, identities, self._as_of)
        buyers = {(one.platform, one.user_id) for one in self._sentences.values()}
        journeys = [
            *bought_journeys(self._standing, self.links, self._sentences, replies),
            *left_journeys(leads, buyers, replies, self._as_of),
        ]
        answered = {
            (touch.platform, touch.message_id): identity
            for identity, touches in replies.items()
            for touch in touches
        }
        return [self._by_rule(rule, journeys, answered) for rule in self._told.rules]

    def _by_rule(
        self,
        rule: CreditRule,
        journeys: Sequence[Journey],
        answered: Mapping[Identity, Identity],
    ) -> CreditedFigures:
        found = credit(journeys, rule, f"{self._told.run or 'report'}/{rule}")
        self.credits += found
        kinds: dict[str, float] = defaultdict(float)
        intents: dict[str, float] = defaultdict(float)
        values: dict[str, float] = defaultdict(float)
        for one in found:
            kinds[one.touch_kind] += one.share
            identity = (one.platform, one.message_id)
            said = self._sentences.get(answered.get(identity, identity))
            intents[said.labels[0] if said and said.labels else "unknown"] += one.share
            order = self._standing[one.conversion_id]
            if order.value_micros is not None and order.currency is not None:
                values[order.currency] += order.value_micros * one.share
        return CreditedFigures(
            rule.value,
            dict(sorted(kinds.items())),
            dict(sorted(intents.items())),
            {currency: round(value) for currency, value in sorted(values.items())},
        )

    def _caused(self) -> CausedFigures:
        if self._told.experiment is None:
            return CausedFigures(None, NOTHING_DEALT)
        experiment = read_experiment(self._connection, self._told.experiment)
        return caused_figures(
            self._connection, experiment, self._orders(), self._told.window, self._as_of
        )

    def _orders(self) -> list[tuple[Conversion, KnownSentence | None]]:
        """Return standing conversions, each with a sentence that says whose it is."""
        said: dict[str, KnownSentence] = {}
        for link in self.links:
            one = self._sentences.get((link.platform, link.message_id))
            if one is not None:
                said.setdefault(link.conversion_id, one)
        return [(one, said.get(key)) for key, one in sorted(self._standing.items())]

    def _linked_sentences(self) -> list[LinkedSentence]:
        found = []
        for link in self.links:
            order = self._all.get(link.conversion_id)
            said = self._sentences.get((link.platform, link.message_id))
            if order is not None and said is not None:
                found.append(_sentence(order, said, link))
        found.sort(key=lambda one: (one.conversion_id, one.said_at, one.message_id))
        found.sort(key=lambda one: one.ordered_at, reverse=True)
        return found


def _sentence(order: Conversion, said: KnownSentence, link: ConversionLink) -> LinkedSentence:
    return LinkedSentence(
        order.conversion_id,
        order.status.value,
        order.event_timestamp,
        said.platform,
        said.message_id,
        said.text,
        said.said_at,
        said.labels,
        said.revision,
        said.decided_by,
        said.known,
        link.method.value,
        link.confidence,
    )


def _values(conversions: Iterable[Conversion]) -> dict[str, int]:
    values: Counter[str] = Counter()
    for one in conversions:
        if one.value_micros is not None and one.currency is not None:
            values[one.currency] += one.value_micros
    return dict(sorted(values.items()))
