"""Reads what was said before conversions, by and to the same people, as it was known on a day: the
sentence, and the decision that stood for it then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, and_, func, select, tuple_

from intent.model.message import AuthorRole
from intent.model.outcomes import Conversion, ConversionLink
from intent.outcomes.crediting import Journey, Touch
from intent.store.identities import Identity, parts
from intent.store.schema import decisions, messages

COMMENT, REPLY = "comment", "reply"
"""Kinds of touches: what a viewer said as a lead, and what the host answered to it."""


@dataclass(frozen=True, slots=True)
class KnownSentence:
    """A message of a viewer with the decision that was known.

    Attributes:
        revision, decided_by, known: number of that decision, who made it, and since when it is
            known; None where there was none yet.
    """

    platform: str
    message_id: str
    user_id: str
    room_id: str
    text: str
    said_at: datetime
    labels: tuple[str, ...] = ()
    is_lead: bool = False
    revision: int | None = None
    decided_by: str | None = None
    known: datetime | None = None

    @property
    def identity(self) -> Identity:
        """(platform, message_id)."""
        return self.platform, self.message_id


def read_sentences(
    connection: Connection, identities: Collection[Identity], as_of: datetime
) -> dict[Identity, KnownSentence]:
    """Return messages with their decisions as known, by identity."""
    found: dict[Identity, KnownSentence] = {}
    for some in parts(sorted(set(identities))):
        here = tuple_(messages.c.platform, messages.c.message_id).in_(some)
        for one in _sentences(connection, _query(as_of).where(here)):
            found[one.identity] = one
    return found


def read_leads_said(
    connection: Connection, since: datetime, as_of: datetime
) -> Iterator[KnownSentence]:
    """Yield what viewers said from ``since`` on that was known to be a lead."""
    query = _query(as_of).where(
        messages.c.sent_at >= since,
        messages.c.sent_at <= as_of,
        messages.c.author_role == AuthorRole.VIEWER.value,
        decisions.c.is_lead,
    )
    return _sentences(connection, query)


def read_replies(
    connection: Connection, identities: Collection[Identity], as_of: datetime
) -> dict[Identity, list[Touch]]:
    """Return what hosts and moderators answered to messages, by the message answered."""
    m = messages.c
    found: dict[Identity, list[Touch]] = defaultdict(list)
    for some in parts(sorted(set(identities))):
        query = (
            select(m.platform, m.message_id, m.reply_to_id, m.sent_at)
            .where(
                tuple_(m.platform, m.reply_to_id).in_(some),
                m.author_role != AuthorRole.VIEWER.value,
                m.accepted_timestamp <= as_of,
            )
            .order_by(m.sent_at, m.message_id)
        )
        for row in connection.execute(query):
            touch = Touch(REPLY, row.platform, row.message_id, row.sent_at)
            found[row.platform, row.reply_to_id].append(touch)
    return found


def bought_journeys(
    conversions: Mapping[str, Conversion],
    links: Iterable[ConversionLink],
    sentences: Mapping[Identity, KnownSentence],
    replies: Mapping[Identity, Sequence[Touch]],
) -> list[Journey]:
    """Return the path of each conversion: the leads that are linked to it, and their answers before
    it.
    """
    said: dict[str, dict[Identity, KnownSentence]] = defaultdict(dict)
    for link in links:
        one = sentences.get((link.platform, link.message_id))
        if one is not None and one.is_lead and link.conversion_id in conversions:
            said[link.conversion_id][one.identity] = one
    return [
        Journey(key, _touches(said[key].values(), replies, conversion.event_timestamp))
        for key, conversion in sorted(conversions.items())
    ]


def left_journeys(
    leads: Iterable[KnownSentence],
    buyers: Collection[tuple[str, str]],
    replies: Mapping[Identity, Sequence[Touch]],
    as_of: datetime,
) -> list[Journey]:
    """Return one path for each person who said something as a lead and bought nothing."""
    said: dict[tuple[str, str], list[KnownSentence]] = defaultdict(list)
    for one in leads:
        if (person := (one.platform, one.user_id)) not in buyers:
            said[person].append(one)
    return [Journey(None, _touches(found, replies, as_of)) for _, found in sorted(said.items())]


def _touches(
    said: Iterable[KnownSentence], replies: Mapping[Identity, Sequence[Touch]], until: datetime
) -> tuple[Touch, ...]:
    touches: list[Touch] = []
    for one in said:
        touches.append(Touch(COMMENT, one.platform, one.message_id, one.said_at))
        touches += [reply for reply in replies.get(one.identity, ()) if reply.at <= until]
    return tuple(touches)


def _query(as_of: datetime) -> Select[tuple[object, ...]]:
    """Return messages with the newest visible decision that was known."""
    m, d = messages.c, decisions.c
    newest = (
        select(d.platform, d.message_id, func.max(d.revision).label("revision"))
        .where(d.visible, d.created_timestamp <= as_of)
        .group_by(d.platform, d.message_id)
        .subquery()
    )
    n = newest.c
    stood = and_(d.platform == n.platform, d.message_id == n.message_id, d.revision == n.revision)
    columns = (m.platform, m.message_id, m.user_id, m.room_id, m.text, m.sent_at)
    return (
        select(*columns, d.labels, d.is_lead, d.revision, d.decided_by, d.created_timestamp)
        .outerjoin_from(
            messages, newest, and_(n.platform == m.platform, n.message_id == m.message_id)
        )
        .outerjoin(decisions, stood)
        .where(m.accepted_timestamp <= as_of)
        .order_by(m.platform, m.message_id)
    )


def _sentences(
    connection: Connection, query: Select[tuple[object, ...]]
) -> Iterator[KnownSentence]:
    for row in connection.execute(query.execution_options(yield_per=1_000)).mappings():
        yield KnownSentence(
            row["platform"],
            row["message_id"],
            row["user_id"],
            row["room_id"],
            row["text"],
            row["sent_at"],
            tuple(row["labels"] or ()),
            bool(row["is_lead"]),
            row["revision"],
            row["decided_by"],
            row["created_timestamp"],
        )
