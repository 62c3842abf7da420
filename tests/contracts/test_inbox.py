"""What every inbox promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from intent.model.batch import Backlog, Batch, Delivery, Refused
from intent.ports.ingestion import Inbox, Transactions
from intent.queues.inbox import SqlInbox
from intent.queues.memory import MemoryInbox
from intent.queues.memory_rows import MemoryTransactions
from intent.store.engine import Database
from tests.conftest import MakeMessage

LEASE = 60.0


@dataclass
class Case:
    """An inbox, its transactions, and a way to let time pass."""

    inbox: Inbox
    transactions: Transactions
    pass_time: Callable[[float], None]
    dead_letters: Callable[[], int]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "memory":
        now = [0.0]

        def pass_time(seconds: float) -> None:
            now[0] += seconds

        memory = MemoryInbox(lease=LEASE, clock=lambda: now[0])
        yield Case(
            memory,
            MemoryTransactions(),
            lambda seconds: now.__setitem__(0, now[0] + seconds),
            lambda: len(memory.dead_letters) + len(memory.refused),
        )
        return
    from intent.bootstrap.application import migrations_dir
    from intent.store.migrate import migrate

    database = Database(
        request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    )
    migrate(database, migrations_dir())
    yield Case(
        SqlInbox(database, lease=LEASE),
        database,
        lambda seconds: _age(database, seconds),
        lambda: _count(database, "dead_letters"),
    )
    database.close()


def _age(database: Database, seconds: float) -> None:
    # Time passes for the rows: everything was written, and becomes available, earlier.
    with database.begin() as transaction:
        for column in ("available_timestamp", "written_timestamp"):
            shifted = f"{column} - interval '{seconds} seconds'"
            if database.dialect == "sqlite":
                shifted = (
                    f"strftime('%Y-%m-%d %H:%M:%f', {column}, '{-seconds:+} seconds') || '000'"
                )
            transaction.exec_driver_sql(f"UPDATE inbox SET {column} = {shifted}")


def _count(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def take(case: Case, count: int = 100, size: int = 1_000_000) -> list[Delivery]:
    return case.inbox.take(count, size)


def finish(case: Case, deliveries: list[Delivery]) -> list[Delivery]:
    with case.transactions.begin() as transaction:
        return case.inbox.done(transaction, deliveries)


def texts(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.text for delivery in deliveries]


def test_a_message_comes_out_as_it_went_in(case: Case, make_message: MakeMessage) -> None:
    message = make_message(
        "два 两个 👍🏽 'quoted' \\ % \u202e",
        creator_id="c",
        item_id="i",
        category_id="k",
        lang="zh",
        context={"offer": "soap", "item": None},
        reply_to={"text": "which one?", "message_id": "m-0"},
        author_role="host",
    )
    case.inbox.put(Batch([message]))
    assert [delivery.message for delivery in take(case)] == [message]


def test_a_delivery_says_how_long_it_waited_and_which_trace_it_belongs_to(
    case: Case, make_message: MakeMessage
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    case.inbox.put(Batch([make_message(traceparent=trace), make_message()]))
    traced, other = take(case)
    assert (traced.traceparent, other.traceparent) == (trace, None)
    assert traced.waited is not None
    assert 0 <= traced.waited < LEASE


def test_messages_come_out_in_the_order_they_were_put(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message(str(number)) for number in range(50)]))
    case.inbox.put(Batch([make_message(str(number)) for number in range(50, 70)]))
    assert texts(take(case)) == [str(number) for number in range(70)]


def test_a_quiet_room_waits_for_one_message_of_a_hot_one_and_not_for_all(
    case: Case, make_message: MakeMessage
) -> None:
    hot = [make_message(f"hot {number}", room_id="hot") for number in range(300)]
    case.inbox.put(Batch(hot[:250]))
    case.inbox.put(Batch([make_message(f"quiet {number}", room_id="quiet") for number in (0, 1)]))
    case.inbox.put(Batch(hot[250:]))
    assert texts(take(case, 4)) == ["hot 0", "quiet 0", "hot 1", "quiet 1"]
    # What comes while the hot room's round is being lent stands in that round.
    case.inbox.put(Batch([make_message("late", room_id="late")]))
    assert sorted(texts(take(case, 2))) == ["hot 2", "late"]
    assert texts(take(case, 400)) == [message.text for message in hot[3:]]


def test_a_hot_room_owes_nothing_once_nothing_waits(case: Case, make_message: MakeMessage) -> None:
    case.inbox.put(Batch([make_message(room_id="hot") for _ in range(100)]))
    finish(case, take(case))
    rooms = ("quiet", "hot") * 3
    case.inbox.put(Batch([make_message(room_id=room) for room in rooms]))
    assert [one.message.room_id for one in take(case)] == list(rooms)


def test_a_message_is_accepted_once(case: Case, make_message: MakeMessage) -> None:
    one, two = make_message(message_id="same"), make_message(message_id="same")
    first, second = case.inbox.put(Batch([one, two])), case.inbox.put(Batch([one]))
    assert (first.new, first.repeated, second.new, second.repeated) == (1, 1, 0, 1)
    assert case.inbox.waiting() == 1


def test_a_decided_message_is_not_accepted_again(case: Case, make_message: MakeMessage) -> None:
    message = make_message()
    case.inbox.put(Batch([message]))
    finish(case, take(case))
    assert case.inbox.put(Batch([message])).new == 0
    assert case.inbox.waiting() == 0


def test_a_decided_message_that_comes_beside_a_new_one_does_not_wait_again(
    case: Case, make_message: MakeMessage
) -> None:
    message, other = make_message(), make_message()
    case.inbox.put(Batch([message]))
    finish(case, take(case))
    accepted = case.inbox.put(Batch([message, other]))
    assert (accepted.new, accepted.repeated, texts(take(case))) == (1, 1, [other.text])


def test_what_is_claimed_is_not_lent_twice(case: Case, make_message: MakeMessage) -> None:
    case.inbox.put(Batch([make_message() for _ in range(3)]))
    assert len(take(case, count=2)) == 2
    assert len(take(case)) == 1
    assert take(case) == []


def test_a_batch_is_bounded_by_bytes_but_one_message_always_fits(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(
        Batch([make_message("x" * 100), make_message("y" * 100), make_message("z" * 100)])
    )
    assert len(take(case, size=10)) == 1
    assert len(take(case, size=250)) == 2


def test_done_removes_only_what_is_still_claimed(case: Case, make_message: MakeMessage) -> None:
    case.inbox.put(Batch([make_message("only")]))
    lost = take(case)
    case.pass_time(LEASE + 1)
    again = take(case)
    assert finish(case, lost) == []
    assert case.inbox.waiting() == 1
    assert finish(case, again) == again
    assert case.inbox.waiting() == 0


def test_done_happens_only_when_the_transaction_commits(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message()]))
    deliveries = take(case)
    # the block is what is tested
    with pytest.raises(RuntimeError, match="torn"), case.transactions.begin() as transaction:  # noqa: PT012
        case.inbox.done(transaction, deliveries)
        raise RuntimeError("torn")
    assert finish(case, deliveries) == deliveries


def test_a_claim_whose_lease_ran_out_comes_again_and_counts(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message()]))
    assert take(case)[0].attempts == 1
    case.pass_time(LEASE + 1)
    assert take(case)[0].attempts == 2


def test_what_a_worker_died_of_comes_again_in_halves_and_what_is_fresh_in_between(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message(str(number)) for number in range(8)]))
    assert len(take(case)) == 8
    case.pass_time(LEASE + 1)
    case.inbox.put(Batch([make_message("fresh"), make_message("too")]))
    batches = [take(case) for _ in range(6)]
    assert sorted(texts(batch) for batch in batches[:2]) == [["0", "1", "2", "3"], ["fresh", "too"]]
    assert [texts(batch) for batch in batches[2:]] == [["4", "5"], ["6"], ["7"], []]
    assert {one.suspect for batch in batches for one in batch if len(one.message.text) == 1} == {
        True
    }


def test_dying_in_company_counts_for_nobody_and_dying_alone_counts(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message("a"), make_message("b"), make_message("c")]))
    for size, attempts in ((3, 1), (1, 1), (1, 1), (1, 1)):
        batch = take(case)
        assert (len(batch), {one.attempts for one in batch}) == (size, {attempts})
        if size == 3:
            case.pass_time(LEASE + 1)
    case.pass_time(LEASE + 1)
    assert [take(case)[0].attempts for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("counted", [True, False])
def test_a_claim_in_company_ends_as_a_claim_alone_does(
    counted: bool, case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message("a"), make_message("b")]))
    batch = take(case)
    if counted:
        case.inbox.retry(batch, 0.0)
    else:
        case.inbox.release(batch)
    again = [one for _ in range(2) for one in take(case)]
    assert {one.attempts for one in again} == {2 if counted else 1}


def test_a_clock_that_was_ahead_leaves_nothing_unavailable(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message("claimed")]))
    lost = take(case)
    case.inbox.put(Batch([make_message("delayed")]))
    case.inbox.retry(take(case), 30.0)
    case.inbox.put(Batch([make_message("fresh")]))
    case.pass_time(-86_400)
    assert case.inbox.due() == 0.0
    taken = [text for _ in range(3) for text in texts(take(case))]
    assert sorted(taken) == ["claimed", "delayed", "fresh"]
    assert finish(case, lost) == []


def test_a_lease_that_begins_at_a_clock_that_is_right_lasts(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message()]))
    case.pass_time(-86_400)
    assert len(take(case)) == 1
    assert take(case) == []


def test_it_says_when_the_next_message_may_be_claimed(
    case: Case, make_message: MakeMessage
) -> None:
    assert case.inbox.due() is None
    case.inbox.put(Batch([make_message()]))
    assert case.inbox.due() == 0.0
    take(case)
    due = case.inbox.due()
    assert due is not None
    assert LEASE - 30 < due <= LEASE


def test_giving_back_does_not_count_as_an_attempt(case: Case, make_message: MakeMessage) -> None:
    case.inbox.put(Batch([make_message("first"), make_message("second")]))
    case.inbox.release(take(case))
    assert [(delivery.message.text, delivery.attempts) for delivery in take(case)] == [
        ("first", 1),
        ("second", 1),
    ]


def test_retry_comes_again_after_its_delay_and_counts(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message()]))
    case.inbox.retry(take(case), 30.0)
    assert take(case) == []
    case.pass_time(31)
    assert take(case)[0].attempts == 2


def test_somebody_who_was_overtaken_can_neither_retry_nor_give_back_nor_bury(
    case: Case, make_message: MakeMessage
) -> None:
    case.inbox.put(Batch([make_message()]))
    lost = take(case)
    case.pass_time(LEASE + 1)
    held = take(case)
    case.inbox.retry(lost, 0.0)
    case.inbox.release(lost)
    assert not case.inbox.dead_letter(lost[0], "no")
    assert take(case) == []
    assert finish(case, held) == held


def test_burying_moves_the_message_to_the_dead_letters(
    case: Case, make_message: MakeMessage
) -> None:
    message = make_message()
    case.inbox.put(Batch([message]))
    assert case.inbox.dead_letter(take(case)[0], "cannot be decided")
    assert (case.inbox.waiting(), case.dead_letters()) == (0, 1)
    assert case.inbox.put(Batch([message])).new == 0


def test_a_refused_payload_is_kept_once(case: Case) -> None:
    refused = Refused("is no JSON", b"{", "0" * 64, "line 1")
    assert case.inbox.put(Batch([], [refused, refused])).refused == 1
    assert case.inbox.put(Batch([], [refused])).refused == 0
    assert case.dead_letters() == 1


def test_a_reply_finds_the_text_it_replies_to(
    database: Database, make_message: MakeMessage
) -> None:
    inbox = SqlInbox(database)
    question = make_message("is the red one left?", message_id="asked")
    reply: Any = {"message_id": "asked"}
    inbox.put(Batch([question, make_message("me too", reply_to=reply)]))
    taken = inbox.take(10, 1000)[1].message
    assert taken.reply_to is not None
    assert taken.reply_to.text == "is the red one left?"


def test_the_backlog_is_what_waits_and_for_how_long(case: Case, make_message: MakeMessage) -> None:
    assert case.inbox.backlog(10) == Backlog(0, 0.0)
    case.inbox.put(Batch([make_message() for _ in range(3)]))
    found = case.inbox.backlog(10)
    assert (found.waiting, case.inbox.backlog(2).waiting) == (3, 2)
    assert 0 <= found.oldest < 30
    finish(case, take(case))
    assert case.inbox.backlog(10) == Backlog(0, 0.0)
