"""Conversions are linked to messages of the same person by keys that both have, and by nothing
else.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intent.model.batch import Batch
from intent.model.errors import WrongUse
from intent.model.lead import lead_id
from intent.model.message import Message
from intent.model.outcomes import Click, ConversionEvent, ConversionKind, LinkMethod
from intent.outcomes.hand_links import link_by_hand
from intent.outcomes.linking import LinkReport, LinkTold, find_links
from intent.outcomes.outcome_books import outcome_books
from intent.outcomes.reading import read_clock
from intent.outcomes.recording import OutcomeRecorder, record_links
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.identities import Identity
from intent.store.tombstones import Tombstones
from tests.conftest import EPOCH, MakeMessage

DAY = timedelta(days=1)


def phones_of(connection: Any, identities: Sequence[Identity]) -> dict[Identity, Sequence[str]]:
    """Stand for the vault: the message m-N holds the phone number with the key N."""
    return {one: [one[1].removeprefix("m-")] for one in identities}


def told(**values: Any) -> LinkTold:
    return LinkTold(**{"run": "r", "window": DAY, "phones_of": phones_of, **values})


def put(database: Database, *said: Message) -> None:
    SqlInbox(database).put(Batch(list(said)))


def order(number: int, *, after: timedelta = timedelta(hours=1), **values: Any) -> ConversionEvent:
    return ConversionEvent(
        source="shop",
        source_event_id=str(number),
        conversion_id=f"shop:{number}",
        kind=ConversionKind.ORDER,
        changed_timestamp=EPOCH + after,
        event_timestamp=EPOCH + after,
        **values,
    )


def record(database: Database, *events: ConversionEvent) -> None:
    with database.begin() as transaction:
        OutcomeRecorder(Tombstones()).conversions(transaction, events)


def find(database: Database, **values: Any) -> LinkReport:
    with database.read() as connection:
        return find_links(connection, told(**values))


def found(report: LinkReport) -> set[tuple[str, str, str]]:
    return {(one.conversion_id, one.message_id, one.method.value) for one in report.links}


def test_links_that_a_run_holds_and_that_are_not_found_now_are_counted(
    database: Database, make_message: MakeMessage
) -> None:
    put(database, make_message(user_id="ann"))
    record(database, order(1, platform="tiktok", user_id="ann"))
    with database.begin() as transaction:
        assert record_links(transaction, find(database).links) == 1
    assert find(database).stale == 0
    narrow = find(database, window=timedelta(minutes=1))
    assert (narrow.links, narrow.stale) == ([], 1)
    assert find(database, window=timedelta(minutes=1), run="other").stale == 0


def test_each_key_links_and_says_which_it_was(
    database: Database, make_message: MakeMessage
) -> None:
    said = [
        make_message("mine", user_id="ann"),
        make_message("call me", user_id="ben"),
        make_message("my code is SAVE77, right?", user_id="cat"),
        make_message("how much", user_id="dan"),
        make_message("book me", user_id="eve"),
        make_message("SAVE771", user_id="fay"),
        make_message("mine", user_id="ann", author_role="host"),
    ]
    put(database, *said)
    with database.begin() as transaction:
        clicked = Click("q-4", "tiktok", "dan", "room-1", EPOCH)
        OutcomeRecorder(Tombstones()).clicks(transaction, [clicked])
    record(
        database,
        order(1, platform="tiktok", user_id="ann"),
        order(2, keys={"phone": "2"}),
        order(3, keys={"code": "save77"}),
        order(4, keys={"click_id": "q-4"}),
        order(5, keys={"lead_id": lead_id("tiktok", "m-5")}),
        order(6, keys={"lead_id": "1234567890123456"}),
    )
    report = find(database)
    assert found(report) == {
        ("shop:1", "m-1", "platform_user"),
        ("shop:2", "m-2", "phone"),
        ("shop:3", "m-3", "code"),
        ("shop:4", "m-4", "click_id"),
        ("shop:5", "m-5", "lead_id"),
    }
    assert (report.linked, report.conversions) == (5, 6)
    for new in (5, 0):
        with database.begin() as transaction:
            assert record_links(transaction, report.links) == new


def test_what_was_said_later_or_long_before_is_not_linked(
    database: Database, make_message: MakeMessage
) -> None:
    put(database, make_message(user_id="ann"))
    record(
        database,
        order(1, platform="tiktok", user_id="ann", after=timedelta()),
        order(2, platform="tiktok", user_id="ann", after=timedelta(days=2)),
        order(3, platform="youtube", user_id="ann"),
    )
    assert found(find(database)) == set()
    assert found(find(database, window=3 * DAY)) == {("shop:2", "m-1", "platform_user")}


def test_a_code_that_two_people_said_is_nobodys(
    database: Database, make_message: MakeMessage
) -> None:
    put(database, *[make_message("code GLOW22 please", user_id=user) for user in ("ann", "ben")])
    record(database, order(1, keys={"code": "GLOW22"}), order(2, keys={"code": "A1"}))
    report = find(database)
    assert (found(report), report.ambiguous) == (set(), 1)


def test_a_day_sees_what_was_known_then(database: Database, make_message: MakeMessage) -> None:
    put(database, make_message(user_id="ann"))
    with database.read() as connection:
        before = read_clock(connection)
    record(database, order(1, platform="tiktok", user_id="ann"))
    assert find(database, as_of=before).links == []
    assert len(find(database).links) == 1


def test_what_a_person_links_belongs_to_every_run(
    database: Database, make_message: MakeMessage
) -> None:
    put(database, make_message(user_id="ann"))
    record(database, order(1))
    with database.begin() as transaction:
        link = link_by_hand(transaction, "shop:1", ("tiktok", "m-1"))
        assert record_links(transaction, [link]) == 1
        for wrong in (("shop:9", ("tiktok", "m-1")), ("shop:1", ("tiktok", "m-9"))):
            with pytest.raises(WrongUse, match="there is no"):
                link_by_hand(transaction, *wrong)
    assert found(find(database)) == {("shop:1", "m-1", "by_hand")}


def test_links_by_exact_keys_are_right(database: Database, make_message: MakeMessage) -> None:
    """Of 400 orders that say who it was by one of four keys, all links but one in a hundred are to
    a message of the buyer's; some keys are shared, and most people have no order.
    """
    chance = random.Random(5)
    people = [f"u-{number}" for number in range(300)]
    said = []
    for _ in range(900):
        who = chance.choice(people)
        text = f"hi, code VIP{who[2:]}X" if chance.random() < 0.3 else "how much?"
        if chance.random() < 0.02:
            text = f"what is VIP{chance.randrange(300)}X"
        said.append(make_message(text, user_id=who))
    put(database, *said)
    author = {one.message_id: one.user_id for one in said}
    buyers, events = {}, []
    for number in range(400):
        who = chance.choice(people)
        theirs = [one.message_id for one in said if one.user_id == who]
        keys = [{"code": f"VIP{who[2:]}X"}]
        if theirs:
            keys += [
                {"phone": theirs[0].removeprefix("m-")},
                {"lead_id": lead_id("tiktok", theirs[-1])},
            ]
        events.append(order(number, keys=chance.choice(keys)))
        if chance.random() < 0.5:
            events[-1] = replace(events[-1], keys={}, platform="tiktok", user_id=who)
        buyers[f"shop:{number}"] = who
    record(database, *events)
    links = find(database).links
    right = sum(author[one.message_id] == buyers[one.conversion_id] for one in links)
    assert right / len(links) >= 0.99
    assert len({one.conversion_id for one in links}) / len(buyers) > 0.5
    assert {one.method for one in links} >= {LinkMethod.PHONE, LinkMethod.CODE}
    with database.begin() as transaction:
        record_links(transaction, links)
    with database.read() as connection:
        assert outcome_books(connection).holds
