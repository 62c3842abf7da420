"""From an unsure local decision to a better revision, on real databases."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from intent.model.errors import LlmUnavailable
from intent.model.message import Message
from intent.model.question import Answer, Claim
from tests.conftest import MakeMessage, rows
from tests.integration.conftest import House


def labels(house: House) -> dict[str, list[str]]:
    import json

    def read(value: object) -> list[str]:
        return list(json.loads(value)) if isinstance(value, str) else list(value)  # type: ignore[call-overload]

    return {
        row["message_id"]: read(row["labels"]) for row in rows(house.database, "current_decisions")
    }


def test_what_the_local_model_is_unsure_of_gets_a_better_revision(
    house: House, make_message: MakeMessage
) -> None:
    messages = [make_message(str(number), room_id=f"room-{number % 3}") for number in range(70)]
    house.work(*messages)
    assert {row["degraded"] for row in rows(house.database, "current_decisions")} == {True}
    report = house.ask(threads=4)
    assert (report.improved, report.asked, house.lane.waiting()) == (70, 70, 0)
    assert set(map(tuple, labels(house).values())) == {("price_inquiry",)}
    assert sorted(len(call) for call in house.answerer.calls) == [3, 3, 4, 20, 20, 20]
    assert house.holds()


def test_what_it_is_sure_of_is_never_asked(house: House, make_message: MakeMessage) -> None:
    house.work(make_message(), unsure=False)
    assert house.ask().asked == 0


def test_an_outage_leaves_the_local_decisions_and_everything_is_improved_after_it(
    house: House, make_message: MakeMessage
) -> None:
    house.work(*(make_message() for _ in range(5)))
    house.answerer.raises = LlmUnavailable("away")
    with pytest.raises(LlmUnavailable):
        house.ask(outage_delay_most=0.02, drain_patience=0.1)
    assert (house.lane.waiting(), rows(house.database, "dead_letters")) == (5, [])
    assert house.holds()
    house.answerer.raises = None
    assert house.ask().improved == 5
    assert house.holds()


def test_two_askers_on_one_database_improve_everything_once(
    house: House, make_message: MakeMessage
) -> None:
    house.work(*(make_message(room_id=f"room-{number % 7}") for number in range(300)))
    reports = []
    askers = [
        threading.Thread(target=lambda: reports.append(house.ask(threads=3))) for _ in range(2)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    assert sum(report.improved for report in reports) == 300
    assert len(rows(house.database, "decisions")) == 600
    assert house.holds()


def test_a_stopped_asker_that_goes_on_changes_nothing(
    house: House, make_message: MakeMessage
) -> None:
    house.work(make_message("asked"))
    inner = house.answerer

    class Slow:
        def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
            with house.database.begin() as transaction:
                transaction.exec_driver_sql(
                    "UPDATE ask_lane SET available_timestamp = wanted_timestamp"
                )  # the lease ran out
            (held,) = house.lane.take(20, 0.0)
            other = [Answer(held, house.by_llm("spam"))]
            with house.database.begin() as transaction:
                house.lane.done(transaction, [held])
                house.features.add(
                    transaction,
                    house.decisions.save(transaction, house.decisions.follow(transaction, other)),
                )
            return inner.answer(claims, before)

    house.answerer = Slow()  # type: ignore[assignment]
    report = house.ask()
    assert (report.improved, report.overtaken) == (0, 1)
    assert list(labels(house).values()) == [["spam"]]
    assert house.holds()


def test_an_unpromoted_run_stands_beside_and_takes_no_turn_from_production(
    house: House, make_message: MakeMessage
) -> None:
    message = make_message()
    house.work(message)
    with house.database.begin() as transaction:
        transaction.exec_driver_sql("INSERT INTO runs (name) VALUES ('trial')")
    claims = house.lane.take(20, 0.0)
    house.put(message, run="trial")
    (trial,) = house.lane.take(20, 0.0)
    for claim, label in ((trial, "spam"), (claims[0], "quote_request")):
        with house.database.begin() as transaction:
            house.lane.done(transaction, [claim])
            saved = house.decisions.save(
                transaction,
                house.decisions.follow(transaction, [Answer(claim, house.by_llm(label))]),
            )
            house.features.add(transaction, [entry for entry in saved if entry.visible])
    assert [
        (row["revision"], row["run"], bool(row["visible"]))
        for row in rows(house.database, "decisions")
    ] == [
        (0, "production", True),
        (1, "trial", False),
        (2, "production", True),
    ]
    assert list(labels(house).values()) == [["quote_request"]]
    assert house.holds()
