"""Named runs: what they ask, what they answered beside the decisions that readers see, and how they
become visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    exists,
    func,
    select,
    tuple_,
    update,
)

from intent.model.decision import DecidedBy, Entry
from intent.model.errors import OperatorError
from intent.model.question import Priority, Question
from intent.model.run import Page, Pair, Run
from intent.store.decisions import PRODUCTION, current_decisions, read_standings
from intent.store.engine import Database, insert_for
from intent.store.rows import decision_from, message_from
from intent.store.run_counts import OTHERS, with_counts
from intent.store.schema import ask_lane, database_now, decisions, messages, runs


class SqlRuns:
    """Runs in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self._database.read() as connection:
            return [Run(**row) for row in connection.execute(with_counts()).mappings()]

    def find(self, name: str) -> Run:
        """Return a run; only its own rows are counted.

        Raises:
            OperatorError: there is none of this name.
        """
        with self._database.read() as connection:
            row = connection.execute(with_counts(name)).mappings().one_or_none()
        if row is None:
            raise OperatorError(f"there is no run {name!r}; see: intent runs list")
        return Run(**row)

    def start(self, name: str, *, prompt: str, prompt_version: str, description: str) -> None:
        """Create a run, or go on with it.

        Raises:
            OperatorError: it is promoted already, or asks with another prompt.
        """
        row = {
            "name": name,
            "prompt": prompt,
            "prompt_version": prompt_version,
            "description": description,
        }
        with self._database.begin() as transaction:
            transaction.execute(insert_for(transaction, runs).on_conflict_do_nothing(), row)
            found = locked_run(transaction, name)
            if found["promoted_timestamp"] is not None:
                raise OperatorError(
                    f"the run {name!r} is promoted; begin another one with a name of its own"
                )
            if found["prompt_version"] != prompt_version:
                raise OperatorError(
                    f"the run {name!r} asks with {found['prompt']} {found['prompt_version']}, not "
                    f"with {prompt} {prompt_version}; "
                    "begin another one, so that its decisions can be compared"
                )

    def to_ask(
        self,
        transaction: Connection,
        name: str,
        start: datetime,
        end: datetime,
        after: int,
        count: int,
    ) -> Page:
        """Return the next messages said from ``start`` until before ``end`` that this run has not
        decided; for production, those left degraded.
        """
        c, other = current_decisions.c, decisions.alias("other")
        if name == PRODUCTION:
            wanted: ColumnElement[bool] = and_(c.degraded, c.decided_by == DecidedBy.LOCAL.value)
        else:
            decided = exists().where(
                other.c.platform == c.platform,
                other.c.message_id == c.message_id,
                other.c.run == name,
                ~_taken_back_after(other),
            )
            wanted = and_(~decided, c.decided_by != DecidedBy.PLATFORM.value)
        query = (
            select(c.id, c.platform, c.message_id, c.room_id, c.event_timestamp, c.revision)
            .where(c.event_timestamp >= start, c.event_timestamp < end, c.id > after, wanted)
            .order_by(c.id)
            .limit(count)
        )
        if name != PRODUCTION and locked_run(transaction, name)["promoted_timestamp"] is not None:
            raise OperatorError(
                f"the run {name!r} was promoted meanwhile; begin another one with a name of its own"
            )
        rows = transaction.execute(query).mappings().all()
        priority = Priority.UPGRADE if name == PRODUCTION else Priority.BACKFILL
        questions = [
            Question(**{key: row[key] for key in row if key != "id"}, run=name, priority=priority)
            for row in rows
        ]
        return Page(questions=questions, last=rows[-1]["id"] if rows else None)

    def begin_promotion(self, transaction: Connection, name: str) -> None:
        """Mark a run as promoted, once nothing of it waits any more.

        Raises:
            OperatorError: there is no such run, it is the production run, or questions of it are
                open.
        """
        if name == PRODUCTION:
            raise OperatorError(
                "the production run is visible already; promote another one, see: intent runs list"
            )
        run = locked_run(transaction, name)
        waiting = transaction.execute(
            select(func.count()).select_from(ask_lane).where(ask_lane.c.run == name)
        ).scalar_one()
        if waiting:
            raise OperatorError(
                f"{waiting:,} questions of the run {name!r} are still open; answer them first "
                "with: intent ask --drain"
            )
        if run["promoted_timestamp"] is None:
            transaction.execute(
                update(runs).where(runs.c.name == name).values(promoted_timestamp=database_now())
            )

    def to_show(self, transaction: Connection, name: str, after: int, count: int) -> Page:
        """Return the next decisions of a run as revisions that readers will see; what a person
        decided stays.
        """
        query = _beside(name).where(decisions.c.id > after).order_by(decisions.c.id).limit(count)
        rows = transaction.execute(query).mappings().all()
        standings = read_standings(
            transaction, [(row["platform"], row["message_id"]) for row in rows]
        )
        entries = []
        for row in rows:
            standing = standings.get((row["platform"], row["message_id"]))
            # Looked at again under the lock: another process may promote the same run, or forget
            # the message.
            if (
                standing is None
                or name in standing.shown
                or row["revision"] < standing.retracted
                or (standing.decision and standing.decision.decided_by is DecidedBy.HUMAN)
            ):
                continue
            entries.append(
                Entry(
                    message_from(row),
                    decision_from(row),
                    standing.newest + 1,
                    name,
                    standing.decision,
                )
            )
        return Page(entries=entries, last=rows[-1]["id"] if rows else None)

    def compare(self, name: str) -> Iterator[Pair]:
        """Yield what promotion would change or keep, message by message; nothing for a run that is
        promoted.
        """
        with self._database.read() as connection:
            found = connection.execute(
                _beside(name).order_by(decisions.c.id).execution_options(yield_per=1000)
            ).mappings()
            while page := found.fetchmany(500):
                c = current_decisions.c
                keys = {(row["platform"], row["message_id"]): row for row in page}
                current = select(current_decisions).where(
                    tuple_(c.platform, c.message_id).in_(list(keys))
                )
                for now in connection.execute(current).mappings():
                    row = keys[now["platform"], now["message_id"]]
                    yield Pair(message_from(row), decision_from(now), decision_from(row))


def _beside(name: str) -> Any:
    """Select a run's decisions that stand beside the visible ones and were not shown yet, each with
    its message.
    """
    shown = decisions.alias("shown")
    of_message = [column for column in messages.c if column.name not in decisions.c]
    return (
        select(decisions, *of_message)
        .join(
            messages,
            and_(
                messages.c.platform == decisions.c.platform,
                messages.c.message_id == decisions.c.message_id,
            ),
        )
        .where(OTHERS, decisions.c.run == name, ~decisions.c.visible, ~_taken_back_after(decisions))
        .where(
            ~exists().where(
                shown.c.platform == decisions.c.platform,
                shown.c.message_id == decisions.c.message_id,
                shown.c.run == name,
                shown.c.visible,
            )
        )
    )


def _taken_back_after(decided: Any) -> ColumnElement[bool]:
    """Return *its message was taken back or edited since*: it was decided for a text that is
    gone.
    """
    later = decisions.alias("later")
    return exists().where(
        later.c.platform == decided.c.platform,
        later.c.message_id == decided.c.message_id,
        later.c.revision > decided.c.revision,
        later.c.decided_by == DecidedBy.PLATFORM.value,
    )


def locked_run(transaction: Connection, name: str) -> RowMapping:
    """Lock the row of a run, and return it.

    Raises:
        OperatorError: there is none of this name.
    """
    row = (
        transaction.execute(select(runs).where(runs.c.name == name).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise OperatorError(f"there is no run {name!r}; see: intent runs list")
    return row
