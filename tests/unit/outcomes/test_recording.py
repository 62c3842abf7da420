"""Outcomes are written once, whatever comes twice, late or mixed up."""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intent.model.batch import Batch
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.outcomes import (
    Click,
    ConversionEvent,
    ConversionKind,
    ConversionLink,
    ConversionStatus,
    Impression,
    LinkMethod,
)
from intent.outcomes.outcome_books import OutcomeBooks, outcome_books
from intent.outcomes.reading import read_conversion, read_conversions, read_links
from intent.outcomes.recording import OutcomeRecorder, Recorded, record_links
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.tombstones import Tombstones
from tests.conftest import EPOCH, MakeMessage, rows

RECORDER = OutcomeRecorder(Tombstones(lambda make: b"k" * 32))
PLACED, REFUNDED = ConversionStatus.PLACED, ConversionStatus.REFUNDED


def said(order: str, number: int, **values: Any) -> ConversionEvent:
    given: dict[str, Any] = {
        "source": "shop",
        "source_event_id": f"{order}-{number}",
        "conversion_id": f"shop:{order}",
        "kind": ConversionKind.ORDER,
        "changed_timestamp": EPOCH + timedelta(minutes=number),
    }
    return ConversionEvent(**{**given, **values})


def history(order: str = "1") -> list[ConversionEvent]:
    """An order, its payment, a new price, and a refund: each says what changed alone."""
    return [
        said(
            order,
            0,
            status=PLACED,
            value_micros=39_000_000,
            currency="SGD",
            platform="tiktok",
            user_id="u-1",
            event_timestamp=EPOCH,
            keys={"gclid": "g"},
        ),
        said(order, 1, status=ConversionStatus.PAID, stage="captured"),
        said(order, 2, value_micros=29_000_000, currency="SGD"),
        said(order, 3, status=REFUNDED, keys={"reason": "size"}),
    ]


def record(database: Database, *events: ConversionEvent) -> Recorded:
    with database.begin() as transaction:
        return RECORDER.conversions(transaction, events)


def table(database: Database) -> list[tuple[Any, ...]]:
    """The conversions but for when we knew and in which order they were written."""
    left_out = {"id", "created_timestamp"}
    return sorted(
        tuple(str(value) for name, value in row.items() if name not in left_out)
        for row in rows(database, "conversions")
    )


def books(database: Database) -> OutcomeBooks:
    with database.read() as connection:
        return outcome_books(connection)


def test_every_order_of_arrival_twice_over_gives_the_same_table(database: Database) -> None:
    record(database, *history())
    expected = table(database)
    for order in itertools.permutations(history()):
        with database.begin() as transaction:
            transaction.exec_driver_sql("DELETE FROM conversions")
        for event in (*order, *order[::-1]):
            record(database, event)
        assert table(database) == expected
        assert books(database).holds


def test_mixed_orders_in_batches_of_any_size_give_the_same_table(database: Database) -> None:
    events = [one for order in range(20) for one in history(str(order))]
    record(database, *events)
    expected = table(database)
    chance = random.Random(7)
    with database.begin() as transaction:
        transaction.exec_driver_sql("DELETE FROM conversions")
    mixed = events * 2
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, 9)
        record(database, *mixed[:size])
        del mixed[:size]
    assert table(database) == expected
    assert books(database) == OutcomeBooks(conversions=20, unplaced=0, gaps=0, dangling=0)


def test_what_is_known_and_what_contradicts_it_are_counted_apart(database: Database) -> None:
    first, *rest = history()
    assert record(database, first, *rest) == Recorded(new=4)
    other = replace(first, value_micros=1)
    assert record(database, first, other) == Recorded(known=1, conflicts=1, ids=("1-0",))
    assert rows(database, "conversions")[0]["value_micros"] == 39_000_000


def test_a_conversion_is_what_its_revisions_say_together(database: Database) -> None:
    record(database, *history())
    with database.read() as connection:
        found = read_conversion(connection, "shop:1")
    assert found is not None
    assert (found.revision, found.status, found.stage) == (3, REFUNDED, "captured")
    assert (found.value_micros, found.currency, found.user_id) == (29_000_000, "SGD", "u-1")
    assert found.keys == {"gclid": "g", "reason": "size"}
    assert found.event_timestamp == EPOCH


def test_a_day_sees_the_last_revision_known_then(database: Database) -> None:
    first, paid, cheaper, refunded = history()
    record(database, first, refunded)
    with database.read() as connection:
        (then,) = read_conversions(connection)
    record(database, paid, cheaper)
    with database.read() as connection:
        (seen,) = read_conversions(connection, as_of=then.changed_known)
        (now,) = read_conversions(connection)
        assert list(read_conversions(connection, as_of=EPOCH - timedelta(days=9000))) == []
    assert (seen.revision, seen.value_micros) == (3, 39_000_000)
    assert (now.revision, now.value_micros) == (3, 29_000_000)
    assert seen.status == now.status == REFUNDED


def test_what_changes_an_order_that_never_came_is_no_order_yet(database: Database) -> None:
    first, *_, refunded = history()
    record(database, refunded)
    with database.read() as connection:
        assert list(read_conversions(connection)) == []
    assert books(database) == OutcomeBooks(conversions=1, unplaced=1, gaps=0, dangling=0)
    record(database, first)
    with database.read() as connection:
        assert [one.status for one in read_conversions(connection)] == [REFUNDED]


def test_impressions_and_clicks_are_written_once(database: Database) -> None:
    shown = [
        Impression("r", "tiktok", "u", f"room-{place}", place, EPOCH, "p1", propensity=0.5)
        for place in (1, 2, 3)
    ]
    clicked = Click("r", "tiktok", "u", "room-1", EPOCH)
    stayed = replace(clicked, watch_seconds=9.5)
    for new in (1, 0):
        with database.begin() as transaction:
            assert RECORDER.impressions(transaction, shown) == Recorded(3 * new, 3 - 3 * new)
            assert RECORDER.clicks(transaction, [clicked, stayed]) == Recorded(2 * new, 2 - 2 * new)
    assert len(rows(database, "impressions")) == 3


def test_what_was_shown_otherwise_before_is_counted_and_named(database: Database) -> None:
    first = Impression("r", "tiktok", "u", "room-1", 1, EPOCH, "p1", propensity=0.5)
    clicked = Click("r", "tiktok", "u", "room-1", EPOCH, 9.5)
    against = [
        replace(first, propensity=0.9),
        replace(first, position=2),
        replace(first, room_id="room-2"),
    ]
    other = replace(clicked, user_id="somebody else")
    with database.begin() as transaction:
        shown = RECORDER.impressions(transaction, [first, *against])
        entered = RECORDER.clicks(transaction, [clicked, other])
        assert (shown.new, shown.known, shown.conflicts) == (1, 0, 3)
        assert shown.ids == ("r at 1", "r at 2", "r at 1")
        assert entered == Recorded(new=1, conflicts=1, ids=("r into room-1",))
        later = RECORDER.impressions(transaction, [first, against[1]])
        assert (later.known, later.ids) == (1, ("r at 2",))
    assert [row["propensity"] for row in rows(database, "impressions")] == [0.5]


def test_clicks_are_held_against_what_was_shown(database: Database) -> None:
    shown = Impression("r", "tiktok", "u", "room-1", 1, EPOCH, "p1")
    clicks = [
        Click("r", "tiktok", user, room, EPOCH + timedelta(seconds=second))
        for second, (user, room) in enumerate([("u", "room-1"), ("u", "room-2"), ("v", "room-1")])
    ]
    with database.begin() as transaction:
        RECORDER.impressions(transaction, [shown])
        RECORDER.clicks(transaction, clicks)
    found = books(database)
    assert (found.impressions, found.clicks, found.unshown, found.strange) == (1, 3, 1, 1)
    assert found.holds


def test_two_who_record_at_once_number_one_conversion_without_gaps(database: Database) -> None:
    events, failures = history(), []

    def one(event: ConversionEvent) -> None:
        try:
            record(database, event)
        except Exception as error:  # noqa: BLE001  the thread hands it to the test
            failures.append(error)

    threads = [threading.Thread(target=one, args=(event,)) for event in events * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert books(database).holds
    assert len(rows(database, "conversions")) == 4


def test_a_link_needs_both_its_ends(database: Database, make_message: MakeMessage) -> None:
    message = make_message()
    SqlInbox(database).put(Batch([message]))
    record(database, *history())
    link = ConversionLink(
        "shop:1", "tiktok", message.message_id, LinkMethod.PLATFORM_USER, 1.0, 3600, "r"
    )
    nowhere = [replace(link, message_id="gone"), replace(link, conversion_id="gone")]
    for new in (1, 0):
        with database.begin() as transaction:
            assert record_links(transaction, [link, *nowhere]) == new
    with database.read() as connection:
        assert list(read_links(connection)) == [link]
    assert books(database).holds
    with database.begin() as transaction:
        transaction.exec_driver_sql("DELETE FROM messages")
    assert books(database).dangling == 1


@pytest.mark.parametrize("kind", ["user", "room", "conversion"])
def test_what_is_of_erased_people_is_not_stored(database: Database, kind: str) -> None:
    keys = {"user": ("tiktok", "u-1"), "room": ("tiktok", "r-1"), "conversion": ("shop", "shop:1")}
    with database.begin() as transaction:
        RECORDER._tombstones.bury(transaction, [DataSubject(SubjectKind(kind), *keys[kind])])
    first, *rest = history()
    first = replace(first, room_id="r-1")
    assert record(database, rest[0]) in (Recorded(new=1), Recorded(forgotten=1))
    assert record(database, first).forgotten == 1
    assert record(database, *rest).forgotten == 3
    assert rows(database, "conversions") == []
