"""Recounts that every message waits, is decided or is dead, exactly once; that revisions have no
gaps; that labels are filed as they were chosen.
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

from intent.store.schema import ask_lane, dead_letters, decision_labels, decisions, inbox, messages


@dataclass(frozen=True, slots=True)
class Balance:
    """The equation ``accepted = decided + waiting + dead``, and what breaks it.

    Attributes:
        refused: payloads that were never messages; outside the equation.
        nowhere: messages that are neither waiting, decided nor dead.
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
    refused: int
    nowhere: int
    twice: int
    unknown: int
    gaps: int
    misfiled: int

    @property
    def holds(self) -> bool:
        """Whether the books balance."""
        return self.accepted == self.decided + self.waiting + self.dead and not (
            self.nowhere or self.twice or self.unknown or self.gaps or self.misfiled
        )

    def equation(self) -> str:
        """Return the equation for people."""
        sign = "=" if self.accepted == self.decided + self.waiting + self.dead else "≠"
        return (
            f"{self.accepted:,} accepted {sign} {self.decided:,} decided + {self.waiting:,} "
            f"waiting + {self.dead:,} dead"
        )


def balance(connection: Connection) -> Balance:
    """Recount, in the reader's one consistent view."""

    def of(table: Table) -> ColumnElement[bool]:
        return and_(
            table.c.platform == messages.c.platform, table.c.message_id == messages.c.message_id
        )

    first = and_(of(decisions), decisions.c.revision == 0)
    is_decided, is_waiting, is_dead = (
        exists().where(first),
        exists().where(of(inbox)),
        exists().where(of(dead_letters)),
    )

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.execute(
            select(func.count()).select_from(messages).where(*conditions)
        ).scalar_one()

    def orphans(table: Table) -> int:
        query = (
            select(func.count())
            .select_from(table)
            .where(table.c.message_id.is_not(None), ~exists().where(of(table)))
        )
        return connection.execute(query).scalar_one()

    history = select(decisions.c.platform).group_by(decisions.c.platform, decisions.c.message_id)
    broken = history.having(
        or_(func.min(decisions.c.revision) != 0, func.max(decisions.c.revision) != func.count() - 1)
    )
    return Balance(
        accepted=count(),
        decided=count(is_decided),
        waiting=count(is_waiting),
        dead=count(is_dead),
        refused=connection.execute(
            select(func.count())
            .select_from(dead_letters)
            .where(dead_letters.c.message_id.is_(None))
        ).scalar_one(),
        nowhere=count(~is_decided, ~is_waiting, ~is_dead),
        twice=count(
            or_(and_(is_decided, is_waiting), and_(is_decided, is_dead), and_(is_waiting, is_dead))
        ),
        unknown=sum(map(orphans, (decisions, inbox, ask_lane, dead_letters))),
        gaps=connection.execute(select(func.count()).select_from(broken.subquery())).scalar_one(),
        misfiled=_misfiled(connection),
    )


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
