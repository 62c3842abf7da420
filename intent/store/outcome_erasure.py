"""Deletes what is known of outcomes of a person, a message, a room or one conversion."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    literal,
    select,
    tuple_,
    union,
)

from intent.model.data_subject import DataSubject, SubjectKind
from intent.store.identities import parts
from intent.store.schema import (
    clicks,
    conversion_credits,
    conversion_links,
    conversions,
    exposures,
    impressions,
    messages,
)

COMMENT_SOURCE = "comment"
"""Source of orders that are nothing but the comment that they were claimed with."""


def knows_outcomes(transaction: Connection, subject: DataSubject) -> bool:
    """Whether anything of a subject is stored as an outcome."""
    return any(
        transaction.execute(query.limit(1)).first() is not None for query in _naming(subject)
    )


def stored_in_outcomes(
    kind: SubjectKind, after: DataSubject | None, count: int, *beside: Table
) -> Select[Any]:
    """Return the query for the next subjects of a kind that outcomes, or tables beside, name."""
    if kind is SubjectKind.CONVERSION:
        named = [select(conversions.c.source.label("platform"), conversions.c.conversion_id)]
    else:
        key = f"{kind}_id"
        named = [
            select(table.c.platform, table.c[key]).where(table.c[key].is_not(None))
            for table in (*beside, impressions, clicks, exposures, conversions)
            if key in table.c
        ]
    found = union(*named).subquery() if len(named) > 1 else named[0].distinct().subquery()
    platform, key_column = found.c
    query = select(platform, key_column).order_by(platform, key_column).limit(count)
    if after is not None:
        query = query.where(tuple_(platform, key_column) > tuple_(after.platform, after.id))
    return query


def erase_outcomes(
    transaction: Connection, subject: DataSubject, count: int
) -> tuple[int, list[DataSubject]]:
    """Delete the next rows of a subject; return how many, and which conversions are gone.

    A conversion goes with all its revisions when any of them names the subject, or when a link
    says that it is the same person's as a message of theirs.
    """
    erased = 0
    for table in (impressions, clicks, exposures):
        if f"{subject.kind}_id" in table.c:
            mine = select(table.c.id).where(*_means(table, subject)).limit(count)
            erased += transaction.execute(delete(table).where(table.c.id.in_(mine))).rowcount
    gone: dict[str, str] = {}
    for query in _conversions_of(subject):
        for row in transaction.execute(query.distinct().limit(count)):
            gone[row.conversion_id] = row.source
    erased += delete_conversions(transaction, gone)
    return erased, [
        DataSubject(SubjectKind.CONVERSION, source, one) for one, source in sorted(gone.items())
    ]


def delete_conversions(transaction: Connection, ids: Collection[str]) -> int:
    """Delete conversions with their links and credits; return how many revisions."""
    erased = 0
    for some in parts(sorted(ids)):
        for table in (conversion_credits, conversion_links, conversions):
            removed = transaction.execute(delete(table).where(table.c.conversion_id.in_(some)))
            erased += removed.rowcount if table is conversions else 0
    return erased


def _naming(subject: DataSubject) -> list[Select[tuple[object]]]:
    key = f"{subject.kind}_id"
    shown = [
        select(literal(1)).select_from(table).where(*_means(table, subject))
        for table in (impressions, clicks, exposures)
        if key in table.c
    ]
    return [*shown, *(select(query.subquery().c[0]) for query in _conversions_of(subject))]


def _conversions_of(subject: DataSubject) -> Sequence[Select[tuple[str, str]]]:
    """Return queries for (conversion_id, source) of a subject's conversions."""
    c, k, m = conversions.c, conversion_links.c, messages.c
    pair = select(c.conversion_id, c.source)
    if subject.kind is SubjectKind.CONVERSION:
        return [pair.where(c.source == subject.platform, c.conversion_id == subject.id)]
    linked = pair.join_from(conversion_links, conversions, k.conversion_id == c.conversion_id)
    if subject.kind is SubjectKind.MESSAGE:
        itself = (k.platform == subject.platform, k.message_id == subject.id)
        return [linked.where(*itself, c.source == COMMENT_SOURCE)]
    named = pair.where(*_means(conversions, subject))
    if subject.kind is SubjectKind.ROOM:
        return [named]
    theirs = (k.platform == m.platform) & (k.message_id == m.message_id)
    return [named, linked.join(messages, theirs).where(*_means(messages, subject))]


def _means(table: Table, subject: DataSubject) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.platform == subject.platform, table.c[f"{subject.kind}_id"] == subject.id
