"""Runs: a backfill stands beside what readers see until it is promoted, exactly once, whatever
happens meanwhile.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intent.model.decision import DecidedBy, Entry
from intent.model.errors import OperatorError
from intent.model.question import Answer
from intent.operations.runs import AT_ONCE, LongWork, backfill, promote
from intent.store.runs import SqlRuns
from tests.conftest import EPOCH, MakeMessage, rows
from tests.integration.conftest import House

FOREVER = (EPOCH - timedelta(days=1), EPOCH + timedelta(days=1))


class Killed(Exception):
    """Stands for a process that dies in the middle."""


def tools(house: House, **values: Any) -> LongWork:
    return LongWork(SqlRuns(house.database), house.database, threading.Event(), **values)


def start(house: House, name: str = "trial", prompt_version: str = "v2") -> None:
    SqlRuns(house.database).start(
        name, prompt="candidate", prompt_version=prompt_version, description="a trial"
    )


def seen(house: House) -> set[tuple[str, str]]:
    return {
        (row["run"], str(row["labels"]).strip("[]").replace("'", "").replace('"', ""))
        for row in rows(house.database, "current_decisions")
    }


@pytest.fixture
def answered(house: House, make_message: MakeMessage) -> House:
    """A house with decided messages, and a run that has answered all of them."""
    house.work(
        *(
            make_message(user_id=f"u-{number % 9}", room_id=f"room-{number % 3}", item_id="i")
            for number in range(60)
        ),
        unsure=False,
    )
    start(house)
    assert backfill(tools(house), house.lane, "trial", *FOREVER) == 60
    assert house.ask().improved == 60
    return house


def test_a_backfill_stands_beside_what_readers_see(answered: House) -> None:
    assert {run for run, _ in seen(answered)} == {"production"}
    assert answered.holds()
    (trial,) = (run for run in SqlRuns(answered.database).list() if run.name == "trial")
    assert (trial.answered, trial.shown, trial.waiting, trial.promoted_timestamp) == (
        60,
        0,
        0,
        None,
    )


def test_promotion_shows_the_run_and_counts_the_difference(answered: House) -> None:
    assert promote(tools(answered), answered.decisions, answered.features, "trial") == 60
    assert {run for run, _ in seen(answered)} == {"trial"}
    assert answered.holds()
    assert {row["revision"] for row in rows(answered.database, "current_decisions")} == {2}


def test_promoting_again_changes_nothing(answered: House) -> None:
    promote(tools(answered), answered.decisions, answered.features, "trial")
    before = rows(answered.database, "decisions"), rows(answered.database, "runs")
    assert promote(tools(answered), answered.decisions, answered.features, "trial") == 0
    assert (rows(answered.database, "decisions"), rows(answered.database, "runs")) == before


@pytest.mark.parametrize("at", ["promotion_saved", "promotion_finishing", "promotion_committed"])
def test_a_promotion_that_dies_anywhere_balances_and_goes_on(
    house: House, make_message: MakeMessage, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intent.operations.runs.AT_ONCE", 7)
    house.work(*(make_message() for _ in range(30)), unsure=False)
    start(house)
    backfill(tools(house), house.lane, "trial", *FOREVER)
    house.ask()
    passed: list[str] = []

    def die(step: str) -> None:
        passed.append(step)
        if step == at and passed.count(at) == 3:
            raise Killed

    with pytest.raises(Killed):
        promote(tools(house, step=die), house.decisions, house.features, "trial")
    assert house.holds()
    assert {run for run, _ in seen(house)} == {"production", "trial"}
    promote(tools(house), house.decisions, house.features, "trial")
    assert {run for run, _ in seen(house)} == {"trial"}
    assert house.holds()
    assert len(rows(house.database, "decisions")) == 90


def test_promotion_beside_live_work_keeps_features_exact(
    house: House, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intent.operations.runs.AT_ONCE", 5)
    house.work(*(make_message(room_id=f"room-{number % 5}") for number in range(100)))
    start(house)
    backfill(tools(house), house.lane, "trial", *FOREVER)
    # The run answers first, the production questions wait: they are answered while the run is
    # promoted.
    with house.database.begin() as transaction:
        transaction.exec_driver_sql(
            "UPDATE ask_lane SET priority = priority + 1 WHERE run = 'production'"
        )
        transaction.exec_driver_sql("UPDATE ask_lane SET priority = 0 WHERE run = 'trial'")
    while claims := house.lane.take(20, 0.0):
        if claims[0].question.run == "production":
            house.lane.release(claims)
            break
        with house.database.begin() as transaction:
            house.lane.done(transaction, claims)
            house.decisions.save(
                transaction,
                house.decisions.follow(
                    transaction, [Answer(claim, house.by_llm("quote_request")) for claim in claims]
                ),
            )
    asker = threading.Thread(target=lambda: house.ask(threads=2))
    asker.start()
    shown = promote(tools(house), house.decisions, house.features, "trial")
    asker.join(60)
    assert shown == 100
    assert house.holds()
    assert house.lane.waiting() == 0


def test_what_a_person_decided_stays(answered: House) -> None:
    row = rows(answered.database, "current_decisions")[0]
    human = replace(answered.make("customer_support"), decided_by=DecidedBy.HUMAN)
    with answered.database.begin() as transaction:
        from intent.store.decisions import read_standings

        identity = (row["platform"], row["message_id"])
        standing = read_standings(transaction, [identity])[identity]
        from sqlalchemy import select

        from intent.store.rows import message_from
        from intent.store.schema import messages

        stored = (
            transaction.execute(select(messages).where(messages.c.message_id == row["message_id"]))
            .mappings()
            .one()
        )
        entry = Entry(
            message_from(stored), human, standing.newest + 1, "production", standing.decision
        )
        answered.features.add(transaction, answered.decisions.save(transaction, [entry]))
    assert promote(tools(answered), answered.decisions, answered.features, "trial") == 59
    assert ("production", "customer_support") in seen(answered)
    assert answered.holds()


def test_a_run_with_open_questions_is_not_promoted(house: House, make_message: MakeMessage) -> None:
    house.work(make_message(), unsure=False)
    start(house)
    backfill(tools(house), house.lane, "trial", *FOREVER)
    with pytest.raises(OperatorError, match="1 questions of the run 'trial' are still open"):
        promote(tools(house), house.decisions, house.features, "trial")


@pytest.mark.parametrize("name", ["production", "unheard-of"])
def test_a_run_that_is_none_or_that_is_visible_is_not_promoted(house: House, name: str) -> None:
    with pytest.raises(OperatorError, match="intent runs list"):
        promote(tools(house), house.decisions, house.features, name)


def test_a_backfill_takes_its_range_once_and_goes_on_where_it_was(
    house: House, make_message: MakeMessage
) -> None:
    messages = [make_message() for _ in range(2 * AT_ONCE + 10)]
    house.work(*messages, unsure=False)
    start(house)
    first, last = messages[5].sent_at, messages[-5].sent_at
    expected = len(messages) - 10
    assert backfill(tools(house), house.lane, "trial", first, last) == expected
    backfill(tools(house), house.lane, "trial", first, last)
    assert house.lane.waiting() == expected
    house.ask()
    assert backfill(tools(house), house.lane, "trial", first, last) == 0


def test_a_backfill_of_production_asks_again_what_was_left_degraded(
    house: House, make_message: MakeMessage
) -> None:
    house.work(*(make_message() for _ in range(3)))
    house.work(make_message(), unsure=False)
    house.lane.expire(-1)
    assert house.lane.waiting() == 0
    assert backfill(tools(house), house.lane, "production", *FOREVER) == 3
    assert house.ask().improved == 3
    assert house.holds()


def test_a_run_keeps_its_prompt_and_its_name(house: House) -> None:
    start(house)
    start(house)
    with pytest.raises(OperatorError, match="asks with candidate v2, not with candidate v3"):
        start(house, prompt_version="v3")
    promote(tools(house), house.decisions, house.features, "trial")
    with pytest.raises(OperatorError, match="is promoted"):
        start(house)


def test_a_comparison_shows_both_decisions_until_promotion(answered: House) -> None:
    pairs = list(SqlRuns(answered.database).compare("trial"))
    assert len(pairs) == 60
    assert {(pair.now.labels, pair.then.labels) for pair in pairs} == {
        (("chatter",), ("price_inquiry",))
    }
    promote(tools(answered), answered.decisions, answered.features, "trial")
    assert list(SqlRuns(answered.database).compare("trial")) == []
