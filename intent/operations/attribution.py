"""Reports what conversions are linked to, credited to and caused by, as it stood on any day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intent.model.errors import WrongUse
from intent.model.experiment import Experiment, UnitKind
from intent.model.outcomes import Conversion, ConversionCredit, ConversionLink
from intent.outcomes.crediting import CreditRule, Journey, credit
from intent.outcomes.exposures import read_experiment, read_exposures
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
from intent.store.engine import Database
from intent.store.identities import Identity

SHOWN = 200
"""Sentences of a report, at most."""

_NOTHING_DEALT = (
    "nothing was withheld at random, so nobody can say what was caused; plan it with: intent "
    "experiment plan"
)


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


def link_conversions(database: Database, told: LinkTold) -> tuple[LinkReport, int]:
    """Find links and keep them; return them, and how many are new. Once more it adds nothing."""
    with database.begin() as transaction:
        report = find_links(transaction, told)
        return report, record_links(transaction, report.links)


def keep_by_hand(database: Database, conversion_id: str, identity: Identity) -> None:
    """Keep the link that a person says.

    Raises:
        WrongUse: there is no such conversion or message.
    """
    with database.begin() as transaction:
        record_links(transaction, [link_by_hand(transaction, conversion_id, identity)])


def attribution_report(database: Database, told: AttributionTold) -> AttributionReport:
    """Return the report, in one consistent view; computed from what was known at ``as_of`` alone,
    so that it is the same whenever it is asked for.

    Raises:
        WrongUse: there is no such experiment.
    """
    with database.read() as connection:
        as_of = told.as_of or read_clock(connection)
        known = _Known(connection, told, as_of)
        report = known.report()
    if told.run is not None:
        with database.begin() as transaction:
            record_links(transaction, known.links)
            record_credits(transaction, known.credits)
    return report


class _Known:
    """What was known at one instant, each thing read once."""

    def __init__(self, connection: Transaction, told: AttributionTold, as_of: datetime) -> None:
        self._connection, self._told, self._as_of = connection, told, as_of
        found = list(read_conversions(connection, as_of=as_of))
        self._all = {one.conversion_id: one for one in found}
        self._standing = {key: one for key, one in self._all.items() if one.status.stands}
        linked = LinkTold(told.run or "report", told.window, told.phones_of, as_of)
        self._found = find_links(connection, linked)
        self.links: list[ConversionLink] = self._found.links
        identities = {(one.platform, one.message_id) for one in self.links}
        self._sentences = read_sentences(connection, identities, as_of)
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
            leads = list(read_leads_said(self._connection, since - self._told.window, self._as_of))
        identities = {one.identity for one in leads} | set(self._sentences)
        replies = read_replies(self._connection, identities, self._as_of)
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
            return CausedFigures(None, _NOTHING_DEALT)
        experiment = read_experiment(self._connection, self._told.experiment)
        return _caused(self._connection, experiment, self._orders(), self._told.window, self._as_of)

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


def _caused(
    connection: Transaction,
    experiment: Experiment,
    orders: Iterable[tuple[Conversion, KnownSentence | None]],
    window: timedelta,
    as_of: datetime,
) -> CausedFigures:
    # Needs scipy, which an installation that runs no experiments does without.
    from intent.outcomes.causing import (  # noqa: PLC0415
        FEWEST,
        DealtTouch,
        UnitOrder,
        caused_orders,
    )

    if experiment.unit not in (UnitKind.VIEWER, UnitKind.ROOM):
        raise WrongUse(
            f"{experiment.name} deals units of {experiment.unit}; what an answer or a boost caused "
            "is told of viewers or rooms; for the others: intent experiment analyze"
        )
    control, treated = experiment.arms[0].name, experiment.arms[1].name
    touches = [
        DealtTouch((one.platform, one.unit_id), one.exposed_at, one.arm == treated)
        for one in read_exposures(connection, experiment)
        if one.exposed_at <= as_of and one.arm in (control, treated)
    ]
    kind = "user_id" if experiment.unit is UnitKind.VIEWER else "room_id"
    placed = [
        UnitOrder(unit, order.event_timestamp)
        for order, said in orders
        if (unit := _unit(order, said, kind)) is not None
    ]
    found = caused_orders(touches, placed, window, as_of)
    if found is None:
        return CausedFigures(
            experiment.name,
            f"fewer than {FEWEST} units of an arm were dealt {window.days} days or longer ago",
        )
    return CausedFigures(
        experiment.name,
        None,
        (control, treated),
        (found.withheld, found.given),
        (found.rate_withheld, found.rate_given),
        (found.difference, found.low, found.high),
        found.caused,
        found.p,
        found.maturity,
    )


def _unit(order: Conversion, said: KnownSentence | None, kind: str) -> tuple[str, str] | None:
    named = getattr(order, kind)
    if order.platform is not None and named is not None:
        return order.platform, named
    return None if said is None else (said.platform, getattr(said, kind))


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
