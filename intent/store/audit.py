"""Recounts that every message waits, is decided, is dead or was taken back, exactly once; that
revisions have no gaps; that labels are filed as they were chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from intent.model.decision import DecidedBy
from intent.store.schema import ask_lane, dead_letters, decision_labels, decisions, inbox, messages


@dataclass(frozen=True, slots=True)
class Balance:
    """The equation ``accepted = decided + waiting + dead + retracted``, and what breaks it.

    Attributes:
        decided: messages that are decided and neither wait again, for they were edited, nor were
            taken back.
        retracted: messages that were taken back.
        refused: payloads that were never messages; outside the equation.
        nowhere: messages that are neither waiting, decided, dead nor taken back.
        twice: messages that are more than one of these.
        unknown: decisions, inbox rows, questions or dead letters of messages that were never
            accepted.
        gaps: messages whose revisions are not 0, 1, 2 …
        misfiled: decisions that ``decision_labels`` files under other labels than they chose.
    """

    accepted: int
    decided: int
    waiting: int
    dead: int
    retracted: int
    refused: int
    nowhere: int
    twice: int
    unknown: int
    gaps: int
    misfiled: int

    @property
    def _accounted(self) -> int:
        return self.decided + self.waiting + self.dead + self.retracted

    @property
    def holds(self) -> bool:
        """Whether the books balance."""
        return self.accepted == self._accounted and not (
            self.nowhere or self.twice or self.unknown or self.gaps or self.misfiled
        )

    def equation(self) -> str:
        """Return the equation for people."""
        sign = "=" if self.accepted == self._accounted else "≠"
        return (
            f"{self.accepted:,} accepted {sign} {self.decided:,} decided + {self.waiting:,} "
            f"waiting + {self.dead:,} dead + {self.retracted:,} retracted"
        )


def balance(connection: Connection) -> Balance:
    """Recount, in the reader's one consistent view."""
    first = exists().where(_of_message(decisions), decisions.c.revision == 0)
    taken_back = _taken_back()
    is_waiting = exists().where(_of_message(inbox))
    is_dead = exists().where(_of_message(dead_letters))
    is_decided = and_(first, ~taken_back)
    # An edited message is taken back as it was, and waits as it is.
    is_retracted = and_(first, taken_back, ~is_waiting, ~is_dead)

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.execute(
            select(func.count()).select_from(messages).where(*conditions)
        ).scalar_one()

    tables = (decisions, inbox, ask_lane, dead_letters)
    return Balance(
        accepted=count(),
        decided=count(is_decided),
        waiting=count(is_waiting),
        dead=count(is_dead),
        retracted=count(is_retracted),
        refused=connection.execute(
            select(func.count())
            .select_from(dead_letters)
            .where(dead_letters.c.message_id.is_(None))
        ).scalar_one(),
        nowhere=count(~first, ~is_waiting, ~is_dead),
        twice=count(
            or_(and_(is_decided, is_waiting), and_(is_decided, is_dead), and_(is_waiting, is_dead))
        ),
        unknown=sum(_orphans(connection, table) for table in tables),
        gaps=_gaps(connection),
        misfiled=_misfiled(connection),
    )


def _of_message(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.platform == messages.c.platform, table.c.message_id == messages.c.message_id
    )


def _taken_back() -> ColumnElement[bool]:
    later = decisions.alias("later")
    return exists().where(
        _of_message(decisions),
        decisions.c.decided_by == DecidedBy.PLATFORM.value,
        ~exists().where(
            later.c.platform == decisions.c.platform,
            later.c.message_id == decisions.c.message_id,
            later.c.revision > decisions.c.revision,
            later.c.visible,
        ),
    )


def _orphans(connection: Connection, table: Table) -> int:
    query = (
        select(func.count())
        .select_from(table)
        .where(table.c.message_id.is_not(None), ~exists().where(_of_message(table)))
    )
    return connection.execute(query).scalar_one()


def _gaps(connection: Connection) -> int:
    history = select(decisions.c.platform).group_by(decisions.c.platform, decisions.c.message_id)
    broken = history.having(
        or_(func.min(decisions.c.revision) != 0, func.max(decisions.c.revision) != func.count() - 1)
    )
    return connection.execute(select(func.count()).select_from(broken.subquery())).scalar_one()


def _misfiled(connection: Connection) -> int:
    filed = select(func.count()).where(decision_labels.c.decision_id == decisions.c.id)
    # Every label stands in the list between quotes, and none holds a quote.
    quoted = literal('%"') + decision_labels.c.label + literal('"%')
    chosen = filed.where(cast(decisions.c.labels, Text).like(quoted))
    wrong = or_(
        filed.scalar_subquery() != func.json_array_length(decisions.c.labels),
        filed.scalar_subquery() != chosen.scalar_subquery(),
    )
    return connection.execute(select(func.count()).select_from(decisions).where(wrong)).scalar_one()
