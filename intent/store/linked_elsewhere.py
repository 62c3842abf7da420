"""Finds and deletes links between messages of one shard and conversions of another one."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, tuple_

from intent.model.data_subject import DataSubject, SubjectKind
from intent.store.identities import parts
from intent.store.schema import conversion_credits, conversion_links, conversions, messages


def linked_to(connection: Connection, subject: DataSubject) -> set[str]:
    """Return the conversions that links of this database say are a person's."""
    if subject.kind is not SubjectKind.USER:
        return set()
    k, m = conversion_links.c, messages.c
    theirs = (k.platform == m.platform) & (k.message_id == m.message_id)
    query = select(k.conversion_id).join_from(conversion_links, messages, theirs)
    query = query.where(m.platform == subject.platform, m.user_id == subject.id)
    return set(connection.scalars(query.distinct()))


def as_subjects(connection: Connection, ids: Collection[str]) -> list[DataSubject]:
    """Return those of these conversions that are in this database."""
    c, found = conversions.c, set()
    for some in parts(sorted(ids)):
        query = select(c.source, c.conversion_id).where(c.conversion_id.in_(some))
        found |= {(row.source, row.conversion_id) for row in connection.execute(query.distinct())}
    return [DataSubject(SubjectKind.CONVERSION, *one) for one in sorted(found)]


def delete_links(transaction: Connection, links: Collection[tuple[str, str, str]]) -> None:
    """Delete links and credits, named by conversion_id, platform and message_id."""
    for some in parts(sorted(set(links))):
        for table in (conversion_links, conversion_credits):
            t = table.c
            here = tuple_(t.conversion_id, t.platform, t.message_id).in_(some)
            transaction.execute(delete(table).where(here))
