"""Finds the messages that are the same person's as a conversion, by keys that both have: one
function of what was known on a day, so that the same day gives the same links.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, tuple_

from intent.model.message import AuthorRole
from intent.model.outcomes import Conversion, ConversionLink, LinkMethod
from intent.outcomes.hand_links import BY_HAND
from intent.outcomes.linked_keys import SaidBefore, by_key, lead_of, said_of
from intent.outcomes.reading import read_conversions, read_links
from intent.store.identities import Identity, parts
from intent.store.outcome_erasure import COMMENT_SOURCE
from intent.store.schema import clicks, messages

CLICK_KEYS = ("click_id", "request_id", "gclid", "gbraid", "wbraid", "fbclid", "ttclid")
"""Keys that may name the request whose list was clicked."""

SHORTEST_CODE = 4
"""Shorter codes name an item, and are said by many."""

SAID_CODE, SAID_PHONE = 0.95, 0.99
"""How sure it is that who said a code, or a phone number, used it; on real streams not measured."""

PhonesOf = Callable[[Connection, Sequence[Identity]], dict[Identity, Sequence[str]]]
"""Returns the keys of the phone numbers that messages hold, for those that hold any."""


@dataclass(frozen=True, slots=True)
class LinkTold:
    """How links are found.

    Attributes:
        run: their name.
        window: how long before the conversion a message may have been said.
        phones_of: reads keys of phone numbers from messages.
        as_of: what was known then; now if None.
    """

    run: str
    window: timedelta
    phones_of: PhonesOf
    as_of: datetime | None = None


@dataclass(slots=True)
class LinkReport:
    """What was found.

    Attributes:
        links: in one order.
        methods: links by method.
        ambiguous: conversions whose code or phone number several people said; they are not linked
            by it.
        linked, conversions: how many have a link, and how many there are.
        stale: links that the run holds and that are not found now; they stay.
    """

    links: list[ConversionLink] = field(default_factory=list)
    methods: Counter[str] = field(default_factory=Counter)
    ambiguous: int = 0
    linked: int = 0
    conversions: int = 0
    stale: int = 0


def find_links(
    connection: Connection, told: LinkTold, shards: Sequence[Connection] = ()
) -> LinkReport:
    """Return all links between what was known of conversions and messages.

    Args:
        shards: where messages are, with their links and with orders that comments are; if not
            there alone where conversions are.

    A message that was said after the conversion, or longer before it than the window, is none. Of
    a code or a phone number that several people said nobody can say whose it is.
    """
    shards = shards or (connection,)
    found = [one for shard in shards for one in read_conversions(shard, as_of=told.as_of)]
    report = LinkReport(conversions=len(found))
    finder = _Finder(connection, shards, told, report)
    hands = (read_links(one, as_of=told.as_of, run=BY_HAND) for one in shards)
    links: dict[tuple[str, str, str, str], ConversionLink] = {}
    for one in chain(finder.found(found), *hands):
        links.setdefault(_key(one), one)
    report.links = [links[key] for key in sorted(links)]
    report.methods.update(one.method.value for one in report.links)
    report.linked = len({one.conversion_id for one in report.links})
    held = chain(*(read_links(one, as_of=told.as_of, run=told.run) for one in shards))
    report.stale = sum(_key(one) not in links for one in held)
    return report


def _key(link: ConversionLink) -> tuple[str, str, str, str]:
    return link.conversion_id, link.platform, link.message_id, link.method.value


class _Finder:
    """Looks for messages, by one key after the other."""

    def __init__(
        self,
        connection: Connection,
        shards: Sequence[Connection],
        told: LinkTold,
        report: LinkReport,
    ) -> None:
        self._connection, self._shards = connection, shards
        self._told, self._report = told, report

    def found(self, conversions: Sequence[Conversion]) -> Iterator[ConversionLink]:
        yield from self._by_person(
            LinkMethod.PLATFORM_USER,
            [
                (one, (one.platform, one.user_id))
                for one in conversions
                if one.platform is not None and one.user_id is not None
            ],
        )
        yield from self._by_person(LinkMethod.CLICK_ID, self._clickers(conversions))
        yield from self._named(conversions)
        yield from self._spoken(
            LinkMethod.PHONE, SAID_PHONE, by_key(conversions, "phone"), self._phones
        )
        codes = {
            key: found
            for key, found in by_key(conversions, "code").items()
            if len(key) >= SHORTEST_CODE
        }
        yield from self._spoken(LinkMethod.CODE, SAID_CODE, codes, self._codes)

    def _by_person(
        self, method: LinkMethod, people: Sequence[tuple[Conversion, tuple[str, str]]]
    ) -> Iterator[ConversionLink]:
        m = messages.c
        said: dict[tuple[str, str], list[SaidBefore]] = defaultdict(list)
        for some in parts(sorted({person for _, person in people})):
            query = self._viewers().where(tuple_(m.platform, m.user_id).in_(some))
            for one in self._read(query):
                said[one.person].append(one)
        for conversion, person in people:
            for one in said[person]:
                if self._in_time(conversion, one):
                    yield self._link(conversion, one.platform, one.message_id, method, 1.0)

    def _clickers(
        self, conversions: Sequence[Conversion]
    ) -> list[tuple[Conversion, tuple[str, str]]]:
        asked: dict[str, list[Conversion]] = defaultdict(list)
        for one in conversions:
            for name in CLICK_KEYS:
                if name in one.keys:
                    asked[one.keys[name]].append(one)
        c = clicks.c
        found: list[tuple[Conversion, tuple[str, str]]] = []
        for some in parts(sorted(asked)):
            query = select(c.request_id, c.platform, c.user_id).where(c.request_id.in_(some))
            if self._told.as_of is not None:
                query = query.where(c.created_timestamp <= self._told.as_of)
            for row in self._connection.execute(query.distinct()):
                person = (row.platform, row.user_id)
                found += [(one, person) for one in asked[row.request_id]]
        return found

    def _named(self, conversions: Sequence[Conversion]) -> Iterator[ConversionLink]:
        """Yield links to messages that are named outright: by our id of a lead, by the message_id,
        or because the order is nothing but the comment.
        """
        named: dict[Identity, list[tuple[Conversion, LinkMethod]]] = defaultdict(list)
        for one in conversions:
            if (identity := lead_of(one)) is not None:
                method = LinkMethod.CODE if one.source == COMMENT_SOURCE else LinkMethod.LEAD_ID
                named[identity].append((one, method))
        m = messages.c
        for some in parts(sorted(named)):
            query = self._viewers().where(tuple_(m.platform, m.message_id).in_(some))
            for said in self._read(query):
                for conversion, method in named[said.platform, said.message_id]:
                    if said.said_at <= conversion.event_timestamp:
                        key = (said.platform, said.message_id)
                        yield self._link(conversion, *key, method, 1.0)

    def _spoken(
        self,
        method: LinkMethod,
        confidence: float,
        keyed: dict[str, list[Conversion]],
        read: Callable[[dict[str, list[Conversion]]], Iterable[tuple[str, SaidBefore]]],
    ) -> Iterator[ConversionLink]:
        """Yield links to messages that hold a key which one person alone has said."""
        said: dict[str, list[SaidBefore]] = defaultdict(list)
        for key, one in read(keyed) if keyed else ():
            said[key].append(one)
        for key, conversions in keyed.items():
            for conversion in conversions:
                near = [one for one in said[key] if self._in_time(conversion, one)]
                if len({one.person for one in near}) > 1:
                    self._report.ambiguous += 1
                    continue
                for one in near:
                    yield self._link(conversion, one.platform, one.message_id, method, confidence)

    def _phones(self, keyed: dict[str, list[Conversion]]) -> Iterator[tuple[str, SaidBefore]]:
        for connection, some in self._near(keyed):
            phones = self._told.phones_of(
                connection, [(one.platform, one.message_id) for one in some]
            )
            for one in some:
                for key in phones.get((one.platform, one.message_id), ()):
                    yield key, one

    def _codes(self, keyed: dict[str, list[Conversion]]) -> Iterator[tuple[str, SaidBefore]]:
        for code in keyed:
            # The database finds what holds it somewhere; as a word of its own is looked at here.
            query = self._viewers().add_columns(messages.c.text)
            query = query.where(func.lower(messages.c.text).contains(code, autoescape=True))
            word = re.compile(rf"(?<!\w){re.escape(code)}(?!\w)", re.IGNORECASE)
            for row in self._rows(query):
                if word.search(row.text):
                    yield code, said_of(row)

    def _near(
        self, keyed: dict[str, list[Conversion]]
    ) -> Iterator[tuple[Connection, list[SaidBefore]]]:
        """Yield the messages that lie in the window of any of these conversions, in parts, each
        with where they are.
        """
        times = [one.event_timestamp for found in keyed.values() for one in found]
        m = messages.c
        query = self._viewers().where(
            m.sent_at >= min(times) - self._told.window, m.sent_at <= max(times)
        )
        for connection in self._shards:
            rows = connection.execute(query.execution_options(yield_per=500))
            for some in rows.partitions(500):
                yield connection, [said_of(row) for row in some]

    def _viewers(self) -> Select[tuple[str, str, str, datetime]]:
        m = messages.c
        query = select(m.platform, m.message_id, m.user_id, m.sent_at)
        known = [] if self._told.as_of is None else [m.accepted_timestamp <= self._told.as_of]
        return query.where(m.author_role == AuthorRole.VIEWER.value, *known).order_by(
            m.platform, m.message_id
        )

    def _read(self, query: Select[tuple[str, str, str, datetime]]) -> Iterator[SaidBefore]:
        return (said_of(row) for row in self._rows(query))

    def _rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        return chain.from_iterable(one.execute(query) for one in self._shards)

    def _in_time(self, conversion: Conversion, said: SaidBefore) -> bool:
        before = conversion.event_timestamp - said.said_at
        return timedelta(0) <= before <= self._told.window

    def _link(
        self,
        conversion: Conversion,
        platform: str,
        message_id: str,
        method: LinkMethod,
        confidence: float,
    ) -> ConversionLink:
        return ConversionLink(
            conversion.conversion_id,
            platform,
            message_id,
            method,
            confidence,
            int(self._told.window.total_seconds()),
            self._told.run,
        )
