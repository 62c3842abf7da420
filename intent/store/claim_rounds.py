"""Keeps claim rounds and corrections, and reads what was said in a round, in order of arrival."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Subquery,
    and_,
    case,
    func,
    or_,
    select,
)

from intent.model.claim_round import (
    ClaimCorrection,
    ClaimItems,
    ClaimMessage,
    ClaimRound,
    Ordered,
)
from intent.model.decision import DecidedBy
from intent.model.errors import WrongUse
from intent.model.message import AuthorRole
from intent.store.decisions import current_decisions
from intent.store.schema import (
    MILLION,
    claim_corrections,
    claim_rounds,
    database_now,
    decisions,
    earlier_versions,
    inbox,
    messages,
)
from intent.store.turns import in_turn


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """A round that somebody wants to open; ``since`` is now where it is None."""

    platform: str
    room_id: str
    title: str
    items: ClaimItems
    since: datetime | None
    until: datetime | None
    by: str


def open_round(transaction: Connection, asked: RoundRequest, number: int | None = None) -> int:
    """Store a round and return its number.

    Args:
        number: which it gets; None for the next one of this database.

    Raises:
        WrongUse: it would overlap another round of the room, or end before it begins.
    """
    # Two who open at once do so one after the other.
    in_turn(transaction, alone=True)
    since = asked.since or transaction.execute(select(database_now())).scalar_one()
    if asked.until is not None and asked.until <= since:
        raise WrongUse("a round ends after it begins; give a later end, or none")
    c = claim_rounds.c
    overlapping = select(c.id).where(
        c.platform == asked.platform,
        c.room_id == asked.room_id,
        or_(c.until.is_(None), c.until > since),
        *([c.since < asked.until] if asked.until is not None else []),
    )
    other = transaction.execute(overlapping.limit(1)).scalar_one_or_none()
    if other is not None:
        raise WrongUse(
            f"round {other} of this room covers the same time; close it first: intent claims close "
            f"{other}"
        )
    inserted = transaction.execute(
        claim_rounds.insert()
        .values(
            platform=asked.platform,
            room_id=asked.room_id,
            title=asked.title,
            items=asked.items.model_dump(mode="json")["items"],
            since=since,
            until=asked.until,
            opened_by=asked.by,
            **({} if number is None else {"id": number}),
        )
        .returning(c.id)
    )
    return int(inserted.scalar_one())


def newest_round(connection: Connection) -> int:
    """Return the highest number of a round; 0 where there is none."""
    return connection.execute(select(func.max(claim_rounds.c.id))).scalar_one() or 0


def holds_round(connection: Connection, number: int) -> bool:
    """Say whether a round is in this database."""
    query = select(claim_rounds.c.id).where(claim_rounds.c.id == number)
    return connection.execute(query).first() is not None


def close_round(transaction: Connection, number: int, until: datetime | None, by: str) -> None:
    """End a round; now where ``until`` is None. One that has ended stays as it is.

    Raises:
        WrongUse: there is no such round, it has ended, or it would end before it begins.
    """
    found = read_round(transaction, number)
    now = transaction.execute(select(database_now())).scalar_one()
    if found.until is not None and found.until <= now:
        raise WrongUse(f"round {number} has ended already")
    end = until or now
    if end <= found.since:
        raise WrongUse(
            f"round {number} begins at {found.since:%Y-%m-%d %H:%M:%S} UTC; end it later"
        )
    transaction.execute(
        claim_rounds.update().where(claim_rounds.c.id == number).values(until=end, closed_by=by)
    )


def read_round(connection: Connection, number: int) -> ClaimRound:
    """Return a round.

    Raises:
        WrongUse: there is none of this number.
    """
    row = connection.execute(select(claim_rounds).where(claim_rounds.c.id == number)).mappings()
    found = row.one_or_none()
    if found is None:
        raise WrongUse(f"there is no claim round {number}; see: intent claims list")
    return _round(found)


def read_rounds(
    connection: Connection, *, room: str | None = None, limit: int = 100
) -> list[ClaimRound]:
    """Return rounds, the newest first."""
    query = select(claim_rounds).order_by(claim_rounds.c.id.desc()).limit(limit)
    if room is not None:
        query = query.where(claim_rounds.c.room_id == room)
    return [_round(row) for row in connection.execute(query).mappings()]


def save_correction(
    transaction: Connection, held: ClaimRound, message_id: str, ordered: Sequence[Ordered], by: str
) -> None:
    """Add what a person says that a message of the round's room orders.

    Raises:
        WrongUse: there is no such message in the room.
    """
    m = messages.c
    known = select(m.message_id).where(
        m.platform == held.platform, m.message_id == message_id, m.room_id == held.room_id
    )
    # Locked, so that an erasure beside it finds the correction, or this finds no message.
    if transaction.execute(known.with_for_update()).first() is None:
        raise WrongUse(f"there is no message {message_id!r} in the room of round {held.number}")
    transaction.execute(
        claim_corrections.insert().values(
            round_id=held.number,
            platform=held.platform,
            message_id=message_id,
            ordered=[[one.code, one.variant, one.quantity] for one in ordered],
            corrected_by=by,
        )
    )


def read_corrections(connection: Connection, number: int) -> dict[str, ClaimCorrection]:
    """Return the newest correction of each message of a round, by message_id."""
    c = claim_corrections.c
    query = select(claim_corrections).where(c.round_id == number).order_by(c.id)
    return {
        row["message_id"]: ClaimCorrection(
            row["message_id"],
            tuple(Ordered(*one) for one in row["ordered"]),
            row["corrected_by"],
            row["created_timestamp"],
        )
        for row in connection.execute(query).mappings()
    }


def read_claim_messages(connection: Connection, held: ClaimRound) -> Iterator[ClaimMessage]:
    """Yield what stands of the round's room in its time, in order of arrival: when it was said,
    then when it was taken in, then when it was decided first.

    An edited message is said anew when it is edited. What was taken back is left out.
    """
    d, m, first = current_decisions.c, messages.c, decisions.alias("first").c
    edits = _edits()
    e = edits.c
    said_at: ColumnElement[datetime] = case((e.edited_at > m.sent_at, e.edited_at), else_=m.sent_at)
    query = (
        select(
            m.message_id,
            m.user_id,
            m.author_role,
            m.text,
            said_at.label("said_at"),
            m.item_id,
            m.item,
            m.reply_to_text,
            d.p_purchase_intent,
            d.p_customer_support,
            d.decided_by,
            d.labels,
        )
        .join_from(
            messages,
            current_decisions,
            and_(d.platform == m.platform, d.message_id == m.message_id),
        )
        .join(
            decisions.alias("first"),
            and_(
                first.platform == m.platform,
                first.message_id == m.message_id,
                first.revision == 0,
            ),
        )
        .outerjoin(edits, and_(e.platform == m.platform, e.message_id == m.message_id))
        .where(*_within(held), d.decided_by != DecidedBy.PLATFORM.value)
        .order_by(said_at, m.accepted_timestamp, first.id)
    )
    for row in connection.execute(query.execution_options(yield_per=1000)).mappings():
        yield _message(row)


def _edits() -> Subquery:
    """Return when messages were edited last."""
    c = earlier_versions.c
    query = select(c.platform, c.message_id, func.max(c.replaced_timestamp).label("edited_at"))
    return query.group_by(c.platform, c.message_id).subquery()


def count_waiting(connection: Connection, held: ClaimRound) -> int:
    """Return how many messages of the round wait for their decision, and so are not read yet."""
    m = messages.c
    query = (
        select(func.count())
        .select_from(inbox)
        .join(messages, and_(m.platform == inbox.c.platform, m.message_id == inbox.c.message_id))
        .where(*_within(held))
    )
    return int(connection.execute(query).scalar_one())


def _within(held: ClaimRound) -> list[ColumnElement[bool]]:
    m = messages.c
    ends = [] if held.until is None else [m.sent_at < held.until]
    here = [m.platform == held.platform, m.room_id == held.room_id, m.sent_at >= held.since]
    return [*here, *ends]


def _round(row: RowMapping) -> ClaimRound:
    return ClaimRound(
        number=row["id"],
        platform=row["platform"],
        room_id=row["room_id"],
        title=row["title"],
        items=ClaimItems.model_validate({"items": row["items"]}),
        since=row["since"],
        until=row["until"],
        opened_by=row["opened_by"],
        closed_by=row["closed_by"],
    )


def _message(row: RowMapping) -> ClaimMessage:
    return ClaimMessage(
        message_id=row["message_id"],
        user_id=row["user_id"],
        author_role=AuthorRole(row["author_role"]),
        text=row["text"],
        said_at=row["said_at"],
        item=tuple(one for one in (row["item_id"], row["item"]) if one),
        answered=row["reply_to_text"],
        purchase=row["p_purchase_intent"] / MILLION,
        support=row["p_customer_support"] / MILLION,
        by_human=row["decided_by"] == DecidedBy.HUMAN.value,
        labels=tuple(row["labels"]),
    )
