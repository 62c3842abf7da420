"""Runs are listed with their counts, and one is found without counting those of others."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy

from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.model.errors import OperatorError
from intent.model.question import Question
from intent.queues.inbox import SqlInbox
from intent.queues.lane import SqlLane
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.runs import SqlRuns
from tests.conftest import MakeDecision, MakeMessage


@pytest.fixture
def kept(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Database:
    """Return a database with three decided messages; the run trial answered one and waits for
    another.
    """
    messages = [make_message() for _ in range(3)]
    SqlInbox(database).put(Batch(messages))
    SqlRuns(database).start("trial", prompt="p", prompt_version="v1", description="a trial")
    asked = Question(
        *messages[1].identity, messages[1].room_id, messages[1].sent_at, revision=0, run="trial"
    )
    with database.begin() as transaction:
        SqlDecisions().save(transaction, [Entry(one, make_decision()) for one in messages])
        beside = Entry(messages[0], make_decision("price_inquiry"), 1, "trial", visible=False)
        SqlDecisions().save(transaction, [beside])
        SqlLane(database).put(transaction, [asked])
    return database


def test_a_run_is_found_with_the_counts_that_the_list_shows(kept: Database) -> None:
    runs = SqlRuns(kept)
    listed = {run.name: run for run in runs.list()}
    assert {name: runs.find(name) for name in listed} == listed
    trial, production = listed["trial"], listed["production"]
    assert (trial.answered, trial.waiting, trial.shown) == (1, 1, 0)
    assert (production.answered, production.waiting, production.shown) == (0, 0, 3)


def test_a_run_that_nobody_began_is_not_found(kept: Database) -> None:
    with pytest.raises(OperatorError, match="there is no run 'other'"):
        SqlRuns(kept).find("other")


def test_finding_a_run_reads_no_table_whole(kept: Database) -> None:
    if kept.dialect != "sqlite":
        pytest.skip("a plan of PostgreSQL depends on its statistics")
    seen: list[tuple[str, Any]] = []

    @sqlalchemy.event.listens_for(kept.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    SqlRuns(kept).find("trial")
    (found,) = [one for one in seen if "decisions" in one[0]]
    with kept.read() as connection:
        plan = [
            row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {found[0]}", found[1])
        ]
    assert any("SEARCH decisions USING" in step for step in plan), plan
    assert not any("SCAN decisions" in step or "SCAN ask_lane" in step for step in plan), plan
