"""What every ask lane promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from intent.model.batch import Batch
from intent.model.message import Message
from intent.model.question import Claim, Priority, Question
from intent.ports.asking import Lane
from intent.ports.ingestion import Transactions
from intent.queues.inbox import SqlInbox
from intent.queues.lane import SqlLane
from intent.queues.memory_lane import MemoryLane
from intent.queues.memory_rows import MemoryTransactions
from intent.store.engine import Database
from tests.conftest import MakeMessage

LEASE = 120.0
GATHER = 2.0


@dataclass
class Case:
    """A lane, its transactions, a place for messages, and a way to let time pass."""

    lane: Lane
    transactions: Transactions
    accept: Callable[[Sequence[Message]], object]
    pass_time: Callable[[float], None]

    def put(self, *messages: Message, **values: Any) -> None:
        self.accept(messages)
        with self.transactions.begin() as transaction:
            self.lane.put(transaction, [question(message, **values) for message in messages])

    def take(self, count: int = 20, gather: float = 0.0) -> list[Claim]:
        return self.lane.take(count, gather)

    def finish(self, claims: list[Claim]) -> list[Claim]:
        with self.transactions.begin() as transaction:
            return self.lane.done(transaction, claims)


def question(message: Message, **values: Any) -> Question:
    return Question(
        message.platform,
        message.message_id,
        message.room_id,
        message.sent_at,
        **{"revision": 0, **values},
    )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "memory":
        now, known = [0.0], {}
        lane = MemoryLane(lambda *identity: known[identity], lease=LEASE, clock=lambda: now[0])

        def remember(messages: Sequence[Message]) -> None:
            known.update({message.identity: message for message in messages})

        yield Case(
            lane,
            MemoryTransactions(),
            remember,
            lambda seconds: now.__setitem__(0, now[0] + seconds),
        )
        return
    from intent.bootstrap.application import migrations_dir
    from intent.store.migrate import migrate

    database = Database(
        request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    )
    migrate(database, migrations_dir())
    yield Case(
        SqlLane(database, lease=LEASE),
        database,
        lambda messages: SqlInbox(database).put(Batch(messages)),
        lambda seconds: _age(database, seconds),
    )
    database.close()


def _age(database: Database, seconds: float) -> None:
    # Time passes for the rows: everything was put, and becomes available, earlier.
    with database.begin() as transaction:
        for column in ("available_timestamp", "wanted_timestamp", "written_timestamp"):
            shifted = f"{column} - interval '{seconds} seconds'"
            if database.dialect == "sqlite":
                shifted = (
                    f"strftime('%Y-%m-%d %H:%M:%f', {column}, '{-seconds:+} seconds') || '000'"
                )
            statement = f"UPDATE ask_lane SET {column} = {shifted}"
            transaction.exec_driver_sql(
                statement.replace("%", "%%") if database.dialect == "postgresql" else statement
            )


def texts(claims: list[Claim]) -> list[str]:
    return [claim.message.text for claim in claims]


def test_a_question_comes_with_its_message(case: Case, make_message: MakeMessage) -> None:
    message = make_message("两个 'x' 👍🏽", creator_id="c", context={"offer": "soap"})
    case.put(message, revision=3, run="candidate", priority=Priority.BACKFILL)
    (claim,) = case.take()
    assert claim.message == message
    assert claim.question == question(
        message, revision=3, run="candidate", priority=Priority.BACKFILL
    )
    assert claim.attempts == 1


def test_a_room_waits_until_it_has_gathered_or_is_full(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(*(make_message(str(number)) for number in range(3)))
    assert case.take(count=20, gather=GATHER) == []
    assert len(case.take(count=3, gather=GATHER)) == 3
    case.put(make_message("late"))
    case.pass_time(GATHER)
    assert texts(case.take(count=20, gather=GATHER)) == ["late"]


def test_a_batch_is_of_one_room_and_one_run(case: Case, make_message: MakeMessage) -> None:
    case.put(*(make_message(room_id=room) for room in ("one", "two") for _ in range(2)))
    case.put(make_message(room_id="one"), run="candidate")
    batches = [case.take() for _ in range(3)]
    assert case.take() == []
    assert sorted(len(batch) for batch in batches) == [1, 2, 2]
    assert all(
        len({(claim.question.room_id, claim.question.run) for claim in batch}) == 1
        for batch in batches
    )


def test_the_newest_message_of_a_room_goes_first(case: Case, make_message: MakeMessage) -> None:
    case.put(*(make_message(str(number)) for number in range(5)))
    assert texts(case.take(count=2)) == ["4", "3"]
    assert texts(case.take(count=2)) == ["2", "1"]


def test_what_floods_a_room_comes_along_with_the_batch(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message("how much?", room_id="other"))
    case.put(*(make_message(text) for text in ["is it red?", *["how much?"] * 9, "what size?"]))
    assert texts(case.take(count=3)) == ["what size?", *["how much?"] * 9]
    assert texts(case.take(count=3)) == ["is it red?"]
    assert texts(case.take(count=3)) == ["how much?"]


def test_what_says_the_same_in_another_way_or_at_another_time_waits_for_its_turn(
    case: Case, make_message: MakeMessage
) -> None:
    now = make_message().sent_at + timedelta(hours=1)
    earlier = [
        make_message("how much?", sent_at=now - timedelta(seconds=61)),
        make_message("how much?", sent_at=now, context={"offer": None, "item": "soap"}),
        make_message("how much?", sent_at=now - timedelta(seconds=60)),
    ]
    flood = [make_message("how much?", sent_at=now + timedelta(seconds=9)) for _ in range(2)]
    case.put(*earlier, make_message("how much?", sent_at=now), *flood)
    batch, rest = case.take(count=3), case.take(count=3)
    assert [claim.message.context for claim in batch] == [None] * 4
    assert [claim.message.sent_at for claim in batch][-1] == now - timedelta(seconds=60)
    assert len(rest) == 2


def test_a_dead_askers_flood_comes_again_together(case: Case, make_message: MakeMessage) -> None:
    case.put(*(make_message("how much?") for _ in range(50)))
    first = texts(case.take(count=3))
    case.pass_time(LEASE + 1)
    assert (len(first), texts(case.take(count=3))) == (50, first)


def test_live_goes_before_upgrade_before_backfill(case: Case, make_message: MakeMessage) -> None:
    for priority in (Priority.BACKFILL, Priority.UPGRADE, Priority.LIVE):
        case.put(make_message(priority.name, room_id=priority.name), priority=priority)
    assert [texts(case.take())[0] for _ in range(3)] == ["LIVE", "UPGRADE", "BACKFILL"]


def test_the_live_room_with_the_newest_message_goes_first(
    case: Case, make_message: MakeMessage
) -> None:
    old, middle, new = (make_message(room_id=room) for room in ("old", "middle", "new"))
    for message in (new, old, middle):
        case.put(message)
    assert [case.take()[0].question.room_id for _ in range(3)] == ["new", "middle", "old"]


def test_a_backfill_goes_through_its_rooms_in_the_order_they_were_put(
    case: Case, make_message: MakeMessage
) -> None:
    old, middle, new = (make_message(room_id=room) for room in ("old", "middle", "new"))
    for message in (middle, old, new):
        case.put(message, priority=Priority.BACKFILL)
    assert [case.take()[0].question.room_id for _ in range(3)] == ["middle", "old", "new"]


def test_a_question_waits_once_for_each_run(case: Case, make_message: MakeMessage) -> None:
    message = make_message()
    case.put(message)
    case.put(message, revision=7)
    case.put(message, run="candidate")
    assert case.lane.waiting() == 2
    assert [claim.question.revision for claim in case.take()] == [0]


def test_what_is_claimed_is_not_lent_twice(case: Case, make_message: MakeMessage) -> None:
    case.put(*(make_message() for _ in range(3)))
    assert len(case.take()) == 3
    assert case.take() == []
    assert case.lane.waiting() == 3


def test_done_removes_only_what_is_still_claimed(case: Case, make_message: MakeMessage) -> None:
    case.put(make_message())
    lost = case.take()
    case.pass_time(LEASE + 1)
    held = case.take()
    assert case.finish(lost) == []
    assert case.finish(held) == held
    assert case.lane.waiting() == 0


def test_done_happens_only_when_the_transaction_commits(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message())
    claims = case.take()
    # the block is what is tested
    with pytest.raises(RuntimeError, match="torn"), case.transactions.begin() as transaction:  # noqa: PT012
        case.lane.done(transaction, claims)
        raise RuntimeError("torn")
    assert case.finish(claims) == claims


def test_a_dead_askers_batch_comes_again_as_it_was_and_then_one_by_one(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(*(make_message(str(number)) for number in range(3)))
    first = texts(case.take())
    case.put(make_message("fresh"))
    case.pass_time(LEASE + 1)
    again = case.take()
    assert (texts(again), {claim.attempts for claim in again}) == (first, {2})
    assert texts(case.take()) == ["fresh"]
    case.pass_time(LEASE + 1)
    singles = [case.take() for _ in range(4)]
    assert sorted(len(batch) for batch in singles) == [1, 1, 1, 1]
    assert case.take() == []


def test_a_retried_question_comes_alone_after_its_delay_and_counts(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message("one"), make_message("two"))
    case.lane.retry(case.take(), 30.0)
    assert case.take() == []
    case.pass_time(31)
    assert [[claim.attempts for claim in case.take()] for _ in range(2)] == [[2], [2]]


def test_giving_back_counts_no_attempt_and_keeps_the_batch_together(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message("one"), make_message("two"))
    case.lane.release(case.take(), 5.0)
    assert case.take() == []
    case.pass_time(6)
    assert [(claim.message.text, claim.attempts) for claim in case.take()] == [
        ("two", 1),
        ("one", 1),
    ]


def test_an_overtaken_asker_can_neither_retry_nor_give_back(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message())
    lost = case.take()
    case.pass_time(LEASE + 1)
    held = case.take()
    case.lane.retry(lost, 0.0)
    case.lane.release(lost)
    assert case.take() == []
    assert case.finish(held) == held


def test_live_questions_that_are_too_old_are_dropped_and_counted(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message("old"), make_message("older"))
    case.put(make_message("patient"), priority=Priority.BACKFILL)
    case.pass_time(3600)
    case.put(make_message("fresh"))
    assert case.lane.expire(1800) == 2
    assert case.lane.expire(1800) == 0
    assert sorted(texts(case.take()) + texts(case.take())) == ["fresh", "patient"]


def test_what_is_being_asked_is_not_dropped(case: Case, make_message: MakeMessage) -> None:
    case.put(make_message())
    case.pass_time(3600)
    held = case.take()
    assert case.lane.expire(1800) == 0
    assert case.finish(held) == held


def test_a_clock_that_was_ahead_leaves_no_question_unavailable(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message("claimed"))
    case.lane.take(20, 0.0)
    case.put(make_message("delayed"))
    case.lane.release(case.lane.take(20, 0.0), 3600.0)
    case.put(make_message("fresh"))
    case.pass_time(-86_400)
    taken = [claim.message.text for _ in range(3) for claim in case.lane.take(20, GATHER)]
    assert sorted(taken) == ["claimed", "delayed", "fresh"]


def test_deaths_of_askers_never_use_up_a_questions_attempts(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message())
    attempts = []
    for _ in range(8):
        attempts += [claim.attempts for claim in case.take()]
        case.pass_time(LEASE + 1)
    assert attempts == [1] + 7 * [2]
    case.lane.retry(case.take(), 0.0)
    assert [claim.attempts for claim in case.take()] == [3]


def test_a_paused_lane_takes_questions_in_and_lends_none_until_it_is_resumed(
    case: Case, make_message: MakeMessage
) -> None:
    case.put(make_message("before"))
    held = case.take()
    assert case.lane.paused() is None
    case.lane.pause()
    since = case.lane.paused()
    case.lane.pause()
    assert case.lane.paused() == since is not None
    case.put(make_message("meanwhile"))
    assert (case.take(), case.lane.waiting()) == ([], 2)
    assert case.finish(held) == held
    case.lane.resume()
    assert (case.lane.paused(), texts(case.take())) == (None, ["meanwhile"])
